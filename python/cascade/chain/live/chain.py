"""A chain that everybody uses: what the harness sends is signed and paid for, and mined when the chain mines it.

Set-up transactions are sent on without waiting, as long as the same accounts send them: nonces keep each account's own
order. Whatever reads the chain waits first until everything sent is mined, and then reads the state of one block.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import msgspec
from eth_utils import keccak, to_canonical_address, to_checksum_address
from rlp.codec import encode_raw

from cascade.chain.artifacts import Artifact
from cascade.chain.chain import BlockObserver, Chain, ViewReverted, base_fee_after
from cascade.chain.live.funding import Funding
from cascade.chain.live.heads import Heads, is_missing_block
from cascade.chain.live.journal import Journal, digest_of
from cascade.chain.live.messages import LiveHeader, LiveReceipt, SeenBlock, SeenLog, SeenTransaction
from cascade.chain.live.outbox import Budget, Order, Outbox, Terms
from cascade.chain.live.patient import PatientRpc
from cascade.chain.live.wallet import Fields, Signed, Signer, Wallet
from cascade.chain.receipt import Block, Receipt
from cascade.chain.rpc import RpcFailure
from cascade.chain.trace import CallFrame
from cascade.chain.transaction import Contract, Transaction
from cascade.errors import ChainError, RevertedCall
from cascade.vocabulary import Intent

__all__ = ["GasKey", "LiveChain", "gas_key"]

_MOST_GAS = 2**24
"""Most gas of one transaction since the hard fork Osaka (EIP-7825)."""
_IN_FLIGHT = 48
"""Transactions of one sender that are under way at a time: nodes hold back 64 of each account where they can."""
_AHEAD, _AHEAD_IN_CRASH = 2, 20
"""How many times what it needs an account gets: in the crash the same ones send again and again, and give back what
they have left."""
_VIEW_GAS = 2**50
_SETTLE_SECONDS = 60
"""Time ahead for which amounts are computed that must hold when they are mined: of five blocks of Ethereum."""
_LAG_SECONDS = 60.0
_LOG_RANGE = 1_000
"""Blocks whose events are asked for at a time: nodes limit the range."""

_T = TypeVar("_T")

GasKey = tuple[str, str]
"""Name of the contract that is called or created, and the selector of the call."""


def gas_key(kind: str, transaction: Transaction) -> GasKey:
    """Return by what the gas of a transaction is estimated."""
    return (transaction.creates, "") if transaction.to is None else (kind, transaction.data[:10])


class _Waited(msgspec.Struct, frozen=True):
    """What a wait brought, as the journal keeps it."""

    blocks: list[SeenBlock]
    head: LiveHeader


@dataclass
class _Pending:
    """A transaction of the harness that is sent and not reported yet."""

    transaction: Transaction
    nonce: int
    must_succeed: bool


class LiveChain(Chain):
    """A chain that is not the harness's own.

    Parameters
    ----------
    rpc : PatientRpc
        A node of the chain.
    wallet : Wallet
        The keys of all actors.
    payer : Signer
        The account that gives them ether.
    journal : Journal
        What earlier processes did, and what this one does; it is opened and belongs to this chain.
    chain_id : int
        As the node says.
    terms : Terms
        What it may cost, and what it waits for.
    gas : mapping of GasKey to int
        Gas that transactions are known to use; others get the limit that they ask for.
    pace_seconds : float or None
        Least time between two steps of the crash; None takes a step per block.
    on_block : callable, optional
        Called with every block that holds something of the run, and every block of the crash.
    """

    keeps_own_time = True

    has_traces = False

    def __init__(
        self,
        rpc: PatientRpc,
        *,
        wallet: Wallet,
        payer: Signer,
        journal: Journal,
        chain_id: int,
        terms: Terms,
        gas: Mapping[GasKey, int],
        pace_seconds: float | None = None,
        on_block: BlockObserver | None = None,
    ) -> None:
        super().__init__(on_block=on_block)
        self._rpc, self._wallet, self._payer, self._journal = rpc, wallet, payer, journal
        self._gas, self._pace, self.terms = gas, pace_seconds, terms
        self.budget = Budget(terms.max_cost_wei, sum(journal.paid.values()))
        self._heads = Heads(rpc, terms)

        def outbox() -> Outbox:
            return Outbox(rpc, journal=journal, sign=self._sign, chain_id=chain_id, terms=terms, budget=self.budget)

        self._outbox = outbox()
        self._funding = Funding(rpc, account=payer.address, outbox=outbox(), journal=journal, heads=self._heads)
        self._pending: list[_Pending] = []
        self._announced: dict[str, None] = {}
        self._is_playing = False
        self._last_step = 0.0
        self._head = self._remembered(
            "first block", LiveHeader, lambda: self._heads.at(self._heads.counting(self._heads.latest()))
        )
        self._take_head(self._head)
        self._intervals = [1]

    @property
    def waited_seconds(self) -> float:
        """Time spent waiting for the node, pauses between questions left out."""
        return self._rpc.waited_seconds

    # --- Time, fees and space are the chain's

    def expected_time(self, planned: int) -> int:  # noqa: ARG002
        """Return the time of the next block, if it takes as long as the latest one did."""
        return self.timestamp + self._intervals[-1]

    @property
    def latest_next_time(self) -> int:
        """Time by which set-up transactions that are sent now are mined at the latest."""
        self.settle()
        return self.timestamp + _SETTLE_SECONDS

    def next_base_fee_wei(self) -> int:
        """Return the base fee of the block after the latest that was read."""
        head = self._head
        return base_fee_after(int(head.base_fee, 16), int(head.gas_used, 16), int(head.gas_limit, 16))

    def set_base_fee_wei(self, base_fee_wei: int) -> None:
        """Do nothing: the chain's base fee is what it is."""

    def set_block_gas_limit(self, gas_limit: int) -> None:
        """Do nothing: the chain's blocks are as large as they are."""

    def fund(self, addresses: Iterable[str]) -> None:
        """Take note of accounts that will send: they get ether when the next transfers are made."""
        self._announced |= dict.fromkeys(addresses)

    def trace(self, tx_hash: str) -> CallFrame:
        """Refuse: public nodes do not trace.

        Raises
        ------
        ChainError
            Always.
        """
        raise ChainError(
            f"{tx_hash}: a liquidation at the pool itself, without the run's Liquidator, is read from a trace, which a "
            "public node does not give"
        )

    def _checkpoint(self) -> Callable[[], None]:
        raise ChainError("a chain of others cannot be taken back to an earlier state")

    def built(self) -> None:
        """Take note that the world is built: from now on every block of the chain is reported."""
        self.settle()
        self._is_playing = True

    def address_of(self, name: str) -> str:
        """Return the address of a named actor on this chain."""
        return self._wallet.address(name)

    def codes_at(self, addresses: Sequence[str]) -> list[str]:
        """Return the code at each address, 0x-hex."""
        return self._rpc.batch_as(str, [("eth_getCode", (address, "latest")) for address in addresses])

    def give_back(self) -> int:
        """Return the ether that the actors have left to the account that paid; returns the wei that came back."""
        self.settle()
        return self._funding.give_back(address for address in self._nonces if self._wallet.can_sign(address))

    # --- Sending

    def deploy(self, artifact: Artifact, *arguments: object, sender: str, gas_limit: int = 30_000_000) -> Contract:
        """Send the creation of a contract, whose address follows from sender and nonce; `settle` waits for it."""
        data = artifact.bytecode + artifact.interface.constructor.encode_arguments(arguments)
        creation = Transaction(
            sender, None, data, gas_limit, intent=Intent.DEPLOY, reason=artifact.name, creates=artifact.name
        )
        (nonce,) = self._post([creation], must_succeed=True)
        contract = Contract(_created(sender, nonce), artifact.interface)
        self.know(contract)
        return contract

    def execute(self, transactions: Sequence[Transaction], *, timestamp: int) -> Block:  # noqa: ARG002
        """Send set-up transactions; they are mined in order where one account sends them, and `settle` waits for them.

        The block that is returned is the latest that was read, and holds none of them.
        """
        self._post(transactions, must_succeed=True)
        return self._latest_block([])

    def submit(self, transactions: Sequence[Transaction], *, timestamp: int) -> None:
        """Send set-up transactions of accounts that act for themselves; `settle` waits for them."""
        self.execute(transactions, timestamp=timestamp)

    def settle(self) -> None:
        """Wait until everything that was sent is mined and reported.

        Raises
        ------
        RevertedCall
            For the first set-up transaction that failed.
        ChainError
            When the chain does not mine them, or has replaced a block that was reported.
        """
        if self._pending:
            self._drain(next_block=False)

    def _mined(self, transactions: Sequence[Transaction], timestamp: int) -> Block:  # noqa: ARG002
        self._post(transactions, must_succeed=False)
        return self._latest_block(self._drain(next_block=True))

    def _post(self, transactions: Sequence[Transaction], *, must_succeed: bool) -> list[int]:
        """Send transactions, and return their nonces."""
        if not transactions:
            return []
        self._make_room(transactions)
        self._learn_nonces(transactions)
        new = [_Pending(one, self._next_nonce(one.sender), must_succeed) for one in transactions]
        self._pending += new
        # What an earlier process saw mined is in the journal, and needs no sending.
        if self._journal.at_end:
            orders = [self._order(one) for one in new]
            needs: dict[str, int] = {}
            head = self._heads.latest()
            max_fee_wei, _ = self._outbox.fees(head)
            # What is under way already counts too: nodes ask for the most that all of it may cost.
            for order in (*self._outbox.open, *orders):
                cost = order.worst_cost_wei or order.gas * (max_fee_wei + order.tip_wei)
                needs[order.sender] = needs.get(order.sender, 0) + cost
            needed = {order.sender: needs[order.sender] for order in orders}
            ahead = _AHEAD_IN_CRASH if self._is_playing else _AHEAD
            if self._funding.cover(needed, also=self._announced, ahead=ahead):
                self._announced.clear()
            self._outbox.post(orders, self._heads.latest())
        return [one.nonce for one in new]

    def _make_room(self, transactions: Sequence[Transaction]) -> None:
        """Wait for what is under way, where the new ones could otherwise be mined before it."""
        under_way: dict[str, int] = {}
        for one in self._pending:
            under_way[one.transaction.sender] = under_way.get(one.transaction.sender, 0) + 1
        if not under_way:
            return
        is_in_order = all(one.sender in under_way for one in transactions)
        if not is_in_order or max(under_way.values()) + 1 > _IN_FLIGHT:
            self.settle()

    def _learn_nonces(self, transactions: Sequence[Transaction]) -> None:
        """Ask for the first nonces of senders that have sent nothing in this run."""
        new = [one for one in dict.fromkeys(t.sender for t in transactions) if one not in self._nonces]
        if not new:
            return

        def ask() -> list[str]:
            return self._rpc.batch_as(str, [("eth_getTransactionCount", (address, "latest")) for address in new])

        counts = self._remembered(digest_of("nonces", new), list[str], ask)
        self._nonces.update((address, int(count, 16)) for address, count in zip(new, counts, strict=True))

    def _order(self, pending: _Pending) -> Order:
        transaction = pending.transaction
        kind = self.kind_at(transaction.to or "")
        # In the crash an agent states its own limit, for a state that nothing has tried out.
        known = None if self._is_playing else self._gas.get(gas_key(kind, transaction))
        limit = min(transaction.gas_limit, _MOST_GAS)
        return Order(
            transaction.sender,
            pending.nonce,
            transaction.to,
            transaction.data,
            limit if known is None else min(limit, known),
            tip_wei=min(transaction.tip_wei, self.terms.most_tip_wei),
            what=transaction.creates or self._describe(transaction),
        )

    def _sign(self, address: str, fields: Fields) -> Signed:
        if address == self._payer.address:
            return self._payer.sign(fields)
        if not self._wallet.can_sign(address):
            raise ChainError(f"{address}: the run has no key of this account, and cannot act for it")
        return self._wallet.sign(address, fields)

    # --- Reading

    def _drain(self, *, next_block: bool) -> list[Receipt]:
        """Wait for everything that was sent, report the blocks since the latest one, and return the receipts."""
        pending, self._pending = self._pending, []
        question = digest_of(next_block, [(p.transaction.sender, p.nonce, p.transaction.data) for p in pending])
        is_repeated = not self._journal.at_end
        waited = self._remembered(question, _Waited, lambda: self._wait(next_block=next_block))
        own = {(p.transaction.sender, p.nonce): p for p in pending}
        receipts: dict[tuple[str, int], Receipt] = {}
        for seen in waited.blocks:
            mined = self._report_seen(seen, own)
            receipts.update(mined)
            if is_repeated:
                self.budget.spent_wei += sum(
                    raw.fee_wei for raw in seen.receipts if raw.tx_hash in self._journal.by_hash
                )
        self._take_head(waited.head)
        self._last_step = time.monotonic()
        for key, one in own.items():
            if one.must_succeed and not receipts[key].ok:
                raise RevertedCall(what=self._describe_any(one.transaction), reason=receipts[key].revert_reason)
        return [receipts[p.transaction.sender, p.nonce] for p in pending]

    def _wait(self, *, next_block: bool) -> _Waited:
        def is_time() -> bool:
            return not next_block or self._pace is None or time.monotonic() - self._last_step >= self._pace

        waited = self._heads.wait_for(
            self._outbox, least_height=self._head.height + 1 if next_block else 0, is_time=is_time
        )
        head = waited.head if waited.head.height > self._head.height else self._head
        blocks = self._seen(waited.receipts, head)
        self._outbox.settle(waited.receipts)
        return _Waited(blocks, head)

    def _seen(self, own: Sequence[LiveReceipt], head: LiveHeader) -> list[SeenBlock]:
        """Read the blocks after the latest one: all of them in the crash, those with something of the run before."""
        first = self._head.height + 1
        self._require_still_there(self._head)
        if first > head.height:
            return []
        others = self._of_others(first, head.height, {receipt.tx_hash for receipt in own})
        receipts = sorted([*own, *(receipt for receipt, _ in others)], key=lambda one: int(one.transaction_index, 16))
        heights = {receipt.height for receipt in receipts}
        if self._is_playing:
            heights = set(range(first, head.height + 1))
        blocks, previous = [], self._head
        for height in sorted(heights):
            header = head if height == head.height else self._heads.at(height)
            if header.height == previous.height + 1 and header.parent_hash != previous.hash:
                self._require_still_there(previous)
            inside = [receipt for receipt in receipts if receipt.height == height]
            if any(receipt.block_hash != header.hash for receipt in inside):
                raise _replaced(height, self.terms.confirmations)
            failed = [receipt.tx_hash for receipt in inside if not receipt.ok]
            blocks.append(
                SeenBlock(
                    header,
                    inside,
                    {receipt.tx_hash: sent for receipt, sent in others if receipt.height == height},
                    {tx_hash: self._revert_data(tx_hash, height) for tx_hash in failed},
                )
            )
            previous = header
        return blocks

    def _of_others(self, first: int, last: int, own: set[str]) -> list[tuple[LiveReceipt, SeenTransaction]]:
        """Return the transactions of somebody else that made contracts of the run emit events."""
        addresses = list(self._interfaces)
        if not addresses:
            return []
        logs: list[SeenLog] = []
        for start in range(first, last + 1, _LOG_RANGE):
            until = min(start + _LOG_RANGE - 1, last)
            query = {"fromBlock": hex(start), "toBlock": hex(until), "address": addresses}
            logs += self._rpc.call_as(list[SeenLog], "eth_getLogs", query)
        hashes = [one for one in dict.fromkeys(log.tx_hash for log in logs) if one not in own]
        receipts = self._rpc.batch_as(LiveReceipt, [("eth_getTransactionReceipt", (one,)) for one in hashes])
        sent = self._rpc.batch_as(SeenTransaction, [("eth_getTransactionByHash", (one,)) for one in hashes])
        return list(zip(receipts, sent, strict=True))

    def _require_still_there(self, header: LiveHeader) -> None:
        if self._heads.at(header.height).hash != header.hash:
            raise _replaced(header.height, self.terms.confirmations)

    def _revert_data(self, tx_hash: str, height: int) -> str:
        """Return what a failed transaction reverts with on the state before its block, or else on that after it.

        No node says what it reverted with in its place in the block, without a trace.
        """
        sent = self._rpc.call_as(SeenTransaction, "eth_getTransactionByHash", tx_hash)
        call = {"from": sent.sender, "data": sent.data, "gas": sent.gas}
        if sent.to is not None:
            call["to"] = sent.to
        for state in (height - 1, height):
            try:
                self._rpc.call("eth_call", call, hex(state))
            except RpcFailure as error:
                return error.data
        return ""

    def _report_seen(self, seen: SeenBlock, own: Mapping[tuple[str, int], _Pending]) -> dict[tuple[str, int], Receipt]:
        """Report a block, and return the receipts of the run's own transactions."""
        header, found = seen.header, {}
        receipts, transactions = [], []
        for raw in seen.receipts:
            output = seen.reasons.get(raw.tx_hash, "")
            receipt = Receipt.of(raw, revert_reason="" if raw.ok else self._reason(output, ""), decode=self.decode_log)
            sent = self._journal.by_hash.get(raw.tx_hash)
            mine = own.get((sent.sender, sent.nonce)) if sent is not None else None
            if sent is not None and mine is not None:
                found[mine.transaction.sender, mine.nonce] = receipt
                # As it was sent: its own limit and tip may be others.
                transactions.append(replace(mine.transaction, gas_limit=sent.gas, tip_wei=sent.tip_wei))
            else:
                transactions.append(_transaction_of(seen.of_others[raw.tx_hash]))
            receipts.append(receipt)
        block = Block(
            number=header.height,
            timestamp=int(header.timestamp, 16),
            base_fee_wei=int(header.base_fee, 16),
            gas_used=int(header.gas_used, 16),
            gas_limit=int(header.gas_limit, 16),
            receipts=tuple(receipts),
        )
        self._take_head(header)
        self._report(block, transactions)
        return found

    def _take_head(self, head: LiveHeader) -> None:
        timestamp = int(head.timestamp, 16)
        if self._is_playing and head.height == self.block_number + 1:
            self._intervals.append(max(timestamp - self.timestamp, 1))
        self._head, self.block_number, self.timestamp = head, head.height, timestamp

    def _latest_block(self, receipts: Sequence[Receipt]) -> Block:
        head = self._head
        return Block(
            number=head.height,
            timestamp=self.timestamp,
            base_fee_wei=int(head.base_fee, 16),
            gas_used=int(head.gas_used, 16),
            gas_limit=int(head.gas_limit, 16),
            receipts=tuple(receipts),
        )

    def _viewed(self, contract: Contract, function: str, calls: Sequence[str], timestamp: int | None) -> list[str]:
        # Before the time of the latest block is taken as the view's.
        self.settle()
        return super()._viewed(contract, function, calls, timestamp)

    def _answers(self, contract: Contract, calls: Sequence[str], timestamp: int) -> list[str]:
        self.settle()
        question = digest_of("view", contract.address, calls, timestamp, self.block_number)

        def ask() -> list[str]:
            requests = [
                (
                    "eth_call",
                    [
                        {"to": contract.address, "data": data, "gas": hex(_VIEW_GAS)},
                        hex(self.block_number),
                        {},
                        {"time": hex(timestamp)},
                    ],
                )
                for data in calls
            ]
            began = time.monotonic()
            while True:
                try:
                    return self._rpc.batch_as(str, requests)
                except RpcFailure as error:
                    if not is_missing_block(error) or time.monotonic() - began > _LAG_SECONDS:
                        raise ViewReverted(data=error.data, message=error.message) from error
                time.sleep(self.terms.poll_seconds)

        return self._remembered(question, list[str], ask)

    def _remembered(self, question: str, kind: type[_T], ask: Callable[[], _T]) -> _T:
        """Answer from the journal where an earlier process was answered, and write the answer down otherwise."""
        known = self._journal.known(question, kind)
        if known is not None:
            return known
        answer = ask()
        self._journal.note(question, answer)
        return answer

    def _describe_any(self, transaction: Transaction) -> str:
        return f"deploying {transaction.creates}" if transaction.to is None else self._describe(transaction)


def _created(sender: str, nonce: int) -> str:
    """Return the address of the contract that a sender creates with a nonce."""
    number = nonce.to_bytes((nonce.bit_length() + 7) // 8, "big")
    return str(to_checksum_address(keccak(encode_raw([to_canonical_address(sender), number]))[12:]))


def _transaction_of(sent: SeenTransaction) -> Transaction:
    """Return a transaction of somebody else as the tables have it."""
    to = None if sent.to is None else to_checksum_address(sent.to)
    return Transaction(to_checksum_address(sent.sender), to, sent.data, int(sent.gas, 16), intent=Intent.OF_OTHERS)


def _replaced(height: int, confirmations: int) -> ChainError:
    return ChainError(
        f"block {height} was read and recorded, and the chain has replaced it since: this run cannot go on; deploy "
        f"anew with --anew, and with more than --confirmations {confirmations}"
    )
