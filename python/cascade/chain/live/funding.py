"""Give the actors of a run the ether that their transactions need, from one account."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from cascade.chain.live.heads import Heads
from cascade.chain.live.journal import Journal
from cascade.chain.live.outbox import Order, Outbox
from cascade.chain.live.patient import PatientRpc
from cascade.errors import ChainError

__all__ = ["Funding", "NotEnoughEther"]

_TRANSFER_GAS = 21_000
_USUAL_GAS = 1_000_000
"""Gas that an account can pay for which has not said yet what it will send."""
_IN_FLIGHT = 48
"""Transfers that are under way at a time: nodes hold back more of one sender."""

_MILLIONTH = 10**12
"""Wei per millionth of the network's coin, to which amounts are shown."""


class NotEnoughEther(ChainError):
    """Raised when the paying account has too little, before anything is sent.

    Attributes
    ----------
    missing_wei : int
        What is missing.
    """

    def __init__(self, account: str, *, has_wei: int, needs_wei: int) -> None:
        self.missing_wei = needs_wei - has_wei
        # Rounded so that an account which is given what is said to be missing has enough.
        has, needed, missing = has_wei // _MILLIONTH, -(-needs_wei // _MILLIONTH), -(-self.missing_wei // _MILLIONTH)
        super().__init__(
            f"account {account} has {has / 1e6:.6f}, and {needed / 1e6:.6f} are needed: {missing / 1e6:.6f} are missing"
        )


class Funding:
    """Transfers from the paying account to actors.

    Parameters
    ----------
    account : str
        Address that pays.
    outbox : Outbox
        Sends; transfers and other transactions are never under way at the same time.
    """

    def __init__(self, rpc: PatientRpc, *, account: str, outbox: Outbox, journal: Journal, heads: Heads) -> None:
        self.account = account
        self._rpc, self._outbox, self._journal, self._heads = rpc, outbox, journal, heads
        self._has_finished_earlier = False

    def balance_wei(self, address: str) -> int:
        """Return the ether of an address."""
        return int(self._rpc.call_as(str, "eth_getBalance", address, "latest"), 16)

    def cover(self, needs_wei: Mapping[str, int], *, also: Collection[str] = (), ahead: int = 2) -> bool:
        """Give each address at least what it needs; return whether any transfer was made.

        Parameters
        ----------
        also : collection of str
            Addresses that will send later: where a transfer is needed at all, they get what a usual transaction needs.
        ahead : int
            How many times what it needs an address gets that has less than it needs.

        Raises
        ------
        NotEnoughEther
            When the paying account cannot.
        """
        self._finish_earlier()
        addresses = list(needs_wei)
        found = self._rpc.batch_as(str, [("eth_getBalance", (address, "latest")) for address in addresses])
        short = {
            address: ahead * needs_wei[address] - int(balance, 16)
            for address, balance in zip(addresses, found, strict=True)
            if int(balance, 16) < needs_wei[address]
        }
        if not short:
            return False
        max_fee_wei, _ = self._outbox.fees(self._heads.latest())
        short |= {address: _USUAL_GAS * max_fee_wei for address in also if address not in needs_wei}
        needs = sum(short.values()) + len(short) * _TRANSFER_GAS * max_fee_wei
        has = self.balance_wei(self.account)
        if has < needs:
            raise NotEnoughEther(self.account, has_wei=has, needs_wei=needs)
        entries = list(short.items())
        for start in range(0, len(entries), _IN_FLIGHT):
            nonce = self._next_nonce()
            chunk = entries[start : start + _IN_FLIGHT]
            self._transfer([self._order(nonce + i, to, wei) for i, (to, wei) in enumerate(chunk)])
        return True

    def give_back(self, addresses: Iterable[str]) -> int:
        """Send what is left on accounts back to the paying account; returns the wei that came back."""
        addresses, orders = list(addresses), []
        max_fee_wei, _ = self._outbox.fees(self._heads.latest())
        balances = self._rpc.batch_as(str, [("eth_getBalance", (one, "latest")) for one in addresses])
        counts = self._rpc.batch_as(str, [("eth_getTransactionCount", (one, "latest")) for one in addresses])
        for address, balance, count in zip(addresses, balances, counts, strict=True):
            earlier = self._journal.sent_as(address, int(count, 16))
            left = int(balance, 16) - _TRANSFER_GAS * max_fee_wei
            wei = earlier[-1].transfer[1] if earlier and earlier[-1].transfer is not None else left
            if wei > 0:
                what = "a transfer of what is left"
                orders.append(
                    Order(address, int(count, 16), self.account, "0x", _TRANSFER_GAS, value_wei=wei, what=what)
                )
        for start in range(0, len(orders), _IN_FLIGHT):
            self._transfer(orders[start : start + _IN_FLIGHT])
        return sum(order.value_wei for order in orders)

    def _finish_earlier(self) -> None:
        """See the transfers mined that an earlier process wrote down: they may be sent, or not."""
        if self._has_finished_earlier:
            return
        self._has_finished_earlier = True
        left = []
        for (sender, nonce), attempts in self._journal.sent.items():
            transfer = attempts[-1].transfer
            is_paid = any(sent.tx_hash in self._journal.paid for sent in attempts)
            if sender == self.account and transfer is not None and not is_paid:
                left.append(self._order(nonce, *transfer))
        if left:
            self._transfer(left)

    def _next_nonce(self) -> int:
        counted = int(self._rpc.call_as(str, "eth_getTransactionCount", self.account, "latest"), 16)
        # A node that lags counts less than what this run has seen mined.
        return max([counted, *(nonce + 1 for sender, nonce in self._journal.sent if sender == self.account)])

    def _order(self, nonce: int, to: str, wei: int) -> Order:
        return Order(self.account, nonce, to, "0x", _TRANSFER_GAS, value_wei=wei, what=f"a transfer of ether to {to}")

    def _transfer(self, orders: list[Order]) -> None:
        self._outbox.post(orders, self._heads.latest())
        receipts = self._heads.wait_for(self._outbox).receipts
        for receipt in receipts:
            self._journal.note_paid(receipt.tx_hash, receipt.fee_wei)
        self._outbox.settle(receipts)
