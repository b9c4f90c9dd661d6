"""Send signed transactions: write them down first, repeat lost ones, and replace those that the base fee has passed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from cascade.chain.live.journal import Journal, Sent, digest_of
from cascade.chain.live.messages import LiveHeader, LiveReceipt
from cascade.chain.live.patient import PatientRpc
from cascade.chain.live.wallet import Fields, Signed
from cascade.chain.rpc import RpcFailure
from cascade.errors import ChainError, CostCeiling

__all__ = ["Budget", "Order", "Outbox", "Terms"]

_RESEND_AFTER_BLOCKS = 3
"""Blocks after which a transaction that is in none of them is sent again, and then with a higher fee."""
_GIVE_UP_AFTER_BLOCKS = 100
_KNOWN = ("already known", "already imported", "known transaction", "already_exists", "alreadyexists")
"""Words by which nodes say that they have a transaction already."""
_TOO_CHEAP = ("underpriced", "less than block base fee", "fee cap", "feetoolow", "fee too low", "max fee per gas")
_USED = ("nonce too low", "nonce is too low", "invalid nonce", "old nonce")


@dataclass(frozen=True)
class Terms:
    """What a run may cost, and what it waits for.

    Attributes
    ----------
    max_cost_wei : int
        Most that all transactions of a run may cost together, those of earlier processes included.
    confirmations : int
        Blocks after which a block counts, itself included: 1 takes the latest block for granted.
    least_tip_wei : int
        Priority fee per unit of gas that every transaction pays at least.
    most_tip_wei : int
        Priority fee that no transaction passes, whatever an agent bids: agents bid shares of profits in play money.
    poll_seconds : float
        Time between two questions for a new block.
    """

    max_cost_wei: int
    confirmations: int = 2
    least_tip_wei: int = 10**7
    most_tip_wei: int = 2 * 10**9
    poll_seconds: float = 0.5


@dataclass
class Budget:
    """What was spent on gas, and what is allowed."""

    max_cost_wei: int
    spent_wei: int = 0
    open_orders: list[Order] = field(default_factory=list)
    """Orders that may still cost something."""

    def require(self, costs_wei: int, *, besides: Sequence[Order]) -> None:
        """Refuse costs that might pass the ceiling.

        Raises
        ------
        CostCeiling
            When they might.
        """
        others = sum(order.worst_cost_wei for order in self.open_orders if not any(order is one for one in besides))
        if self.spent_wei + others + costs_wei > self.max_cost_wei:
            raise CostCeiling(spent_wei=self.spent_wei, next_wei=others + costs_wei, ceiling_wei=self.max_cost_wei)


@dataclass
class Order:
    """Something to be mined under one nonce of one sender, however often it is sent."""

    sender: str
    nonce: int
    to: str | None
    data: str
    gas: int
    tip_wei: int = 0
    value_wei: int = 0
    what: str = ""
    attempts: list[tuple[Sent, str]] = field(default_factory=list, repr=False)
    """Every transaction that was signed for it, with its encoding."""
    touched_at: int = 0
    """Number of the latest block when it was last sent."""
    sent_at: int = 0
    """The same, when it was first sent by this process."""
    was_repeated: bool = False
    refusal: str = ""
    """What the node said when it did not take the latest attempt."""

    @property
    def call(self) -> str:
        """Digest of what it does."""
        return digest_of(self.to, self.data, self.value_wei)

    @property
    def worst_cost_wei(self) -> int:
        """Most that it can cost."""
        return max((sent.gas * sent.max_fee_wei for sent, _ in self.attempts), default=0)


class Outbox:
    """Transactions that were sent and are not known to be mined.

    Parameters
    ----------
    sign : callable
        Signs the fields of a transaction as a sender's address.

    Attributes
    ----------
    open : list of Order
        In the order in which they were posted.
    """

    def __init__(
        self,
        rpc: PatientRpc,
        *,
        journal: Journal,
        sign: Callable[[str, Fields], Signed],
        chain_id: int,
        terms: Terms,
        budget: Budget,
    ) -> None:
        self._rpc, self._journal, self._sign, self._chain_id = rpc, journal, sign, chain_id
        self._terms, self._budget = terms, budget
        self.open: list[Order] = []

    def post(self, orders: Iterable[Order], head: LiveHeader) -> None:
        """Sign orders, write them down, and send them; what an earlier process sent is sent again as it was.

        Raises
        ------
        CostCeiling
            Before anything is sent, when the orders might cost more than what is left.
        ChainError
            When the node refuses one for good.
        """
        new = list(orders)
        max_fee_wei, tip_wei = self.fees(head)
        for order in new:
            for sent in self._journal.sent_as(order.sender, order.nonce):
                if sent.call != order.call:
                    raise ChainError(
                        f"{self._journal.file}: nonce {sent.nonce} of {order.sender} was used for something else"
                    )
                order.attempts.append((sent, self._signed(order, sent).raw))
        costs = (order.worst_cost_wei or order.gas * (max_fee_wei + max(order.tip_wei - tip_wei, 0)) for order in new)
        self._budget.require(sum(costs), besides=new)
        for order in new:
            if not order.attempts:
                tip = max(order.tip_wei, tip_wei)
                self._attempt(order, max_fee_wei=max_fee_wei - tip_wei + tip, tip_wei=tip)
            order.sent_at = order.touched_at = head.height
        self.open += new
        self._budget.open_orders += new
        self._send(new)

    def nurse(self, head: LiveHeader, mined: set[str]) -> None:
        """Send again what is in no block for some time, and replace what the base fee has passed.

        Parameters
        ----------
        head : LiveHeader
            The latest block.
        mined : set of str
            Hashes of those that are in a block already.

        Raises
        ------
        ChainError
            When something is in no block for very long.
        """
        again: list[Order] = []
        max_fee_wei, tip_wei = self.fees(head)
        for order in self.open:
            latest = order.attempts[-1][0]
            if any(sent.tx_hash in mined for sent, _ in order.attempts) or head.height <= order.touched_at:
                continue
            if head.height - order.sent_at > _GIVE_UP_AFTER_BLOCKS:
                said = f" ({order.refusal})" if order.refusal else ""
                raise ChainError(
                    f"{order.what} is in none of {_GIVE_UP_AFTER_BLOCKS} blocks: nonce {order.nonce} of "
                    f"{order.sender}, {latest.tx_hash}{said}; the same command goes on with it"
                )
            is_passed = int(head.base_fee, 16) > latest.max_fee_wei or bool(order.refusal)
            is_late = head.height - order.touched_at >= _RESEND_AFTER_BLOCKS
            if not (is_passed or is_late):
                continue
            if is_passed or order.was_repeated:
                # Nodes take another transaction of a nonce for an eighth more at the least.
                tip = max(tip_wei, latest.tip_wei + latest.tip_wei // 8 + 1)
                max_fee = max(max_fee_wei - tip_wei + tip, latest.max_fee_wei + latest.max_fee_wei // 8 + 1)
                self._budget.require(order.gas * max_fee, besides=[order])
                self._attempt(order, max_fee_wei=max_fee, tip_wei=tip)
            order.was_repeated = not is_passed
            order.touched_at = head.height
            again.append(order)
        self._send(again)

    def receipts(self) -> dict[str, LiveReceipt]:
        """Return the receipts of the open orders that are in a block now, by hash."""
        hashes = [sent.tx_hash for order in self.open for sent, _ in order.attempts]
        found = self._rpc.batch_as(LiveReceipt | None, [("eth_getTransactionReceipt", (one,)) for one in hashes])  # type: ignore[arg-type]
        return {receipt.tx_hash: receipt for receipt in found if receipt is not None}

    def settle(self, receipts: Iterable[LiveReceipt]) -> None:
        """Take receipts as final: their orders are done, and paid for."""
        done = {receipt.tx_hash: receipt for receipt in receipts}
        self._budget.spent_wei += sum(receipt.fee_wei for receipt in done.values())
        finished = [order for order in self.open if any(sent.tx_hash in done for sent, _ in order.attempts)]
        for orders in (self.open, self._budget.open_orders):
            orders[:] = [order for order in orders if not any(order is one for one in finished)]

    def fees(self, head: LiveHeader) -> tuple[int, int]:
        """Return the fee cap and the tip of what is sent now: a cap that five full blocks do not pass."""
        tip_wei = self._terms.least_tip_wei
        return 2 * int(head.base_fee, 16) + tip_wei, tip_wei

    def _attempt(self, order: Order, *, max_fee_wei: int, tip_wei: int) -> None:
        transfer = (order.to, order.value_wei) if order.to is not None and order.value_wei else None
        draft = Sent(order.sender, order.nonce, "", order.call, order.gas, max_fee_wei, tip_wei, transfer)
        signed = self._signed(order, draft)
        sent = replace(draft, tx_hash=signed.tx_hash)
        # Before it is sent: whoever goes on after this process must know of it.
        self._journal.note_sent(sent)
        order.attempts.append((sent, signed.raw))
        order.refusal = ""

    def _signed(self, order: Order, sent: Sent) -> Signed:
        fields: dict[str, object] = {
            "type": 2,
            "chainId": self._chain_id,
            "nonce": order.nonce,
            "gas": sent.gas,
            "maxFeePerGas": sent.max_fee_wei,
            "maxPriorityFeePerGas": sent.tip_wei,
            "value": order.value_wei,
            "data": order.data,
        }
        if order.to is not None:
            fields["to"] = order.to
        return self._sign(order.sender, fields)

    def _send(self, orders: Sequence[Order]) -> None:
        answers = self._rpc.attempts([("eth_sendRawTransaction", (order.attempts[-1][1],)) for order in orders])
        for order, answer in zip(orders, answers, strict=True):
            if not isinstance(answer, RpcFailure):
                continue
            said = answer.message.lower()
            if any(words in said for words in _KNOWN):
                continue
            if any(words in said for words in _TOO_CHEAP):
                order.refusal = answer.message
            # A nonce that is used is used by an attempt of this order, whose receipt will come; or `nurse` gives up.
            elif not any(words in said for words in _USED):
                raise ChainError(f"{order.what} of {order.sender} is refused by the node: {answer.message}")
