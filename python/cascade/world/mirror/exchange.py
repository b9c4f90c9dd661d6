"""Rows of the exchange's accounts, read again only for accounts that an event has named since.

Every change of a balance, an order, a position or a loan has an event that names its account. What was read of an
account holds until then. `observation.checks` reads everything again at intervals and compares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from cascade.chain.receipt import Block

__all__ = ["ExchangeMirror"]

_ADDRESS_AT = 26
"""Where an address begins in a topic: after `0x` and the 24 zeros of its padding."""

Row = tuple[int, ...]
Read = Callable[[Sequence[str]], list[int]]
"""Asks the contracts for the rows of some accounts, as one list of words."""


@dataclass(frozen=True)
class _Question:
    contracts: Sequence[str]
    accounts: Sequence[str]
    read: Read
    always: Sequence[str]


class ExchangeMirror:
    """Rows by question and account, and the accounts that events have named."""

    def __init__(self) -> None:
        self._contracts: dict[str, dict[str, int]] = {}
        self._blocks = 0
        self._rows: dict[object, dict[str, Row]] = {}
        self._read_at: dict[object, int] = {}
        self._questions: dict[object, _Question] = {}

    def watch(self, contracts: Iterable[str]) -> None:
        """Take note of the accounts that events of some contracts name from now on.

        Parameters
        ----------
        contracts : iterable of str
            Addresses.
        """
        for contract in contracts:
            self._contracts.setdefault(contract.lower(), {})

    def follow(self, block: Block) -> None:
        """Take the names in the events of a mined block."""
        self._blocks += 1
        for receipt in block.receipts:
            for raw in receipt.raw_logs:
                named = self._contracts.get(raw.address)
                if named is not None:
                    for topic in raw.topics[1:]:
                        named["0x" + topic[_ADDRESS_AT:]] = self._blocks

    def save(self) -> Callable[[], None]:
        """Return a function that forgets everything that was read: what holds then is read anew."""

        def restore() -> None:
            self._rows, self._read_at = {}, {}

        return restore

    def ever_named(self, contract: str, accounts: Sequence[str]) -> list[str]:
        """Return those accounts that an event of a contract has ever named, in their order."""
        named = self._contracts.get(contract.lower(), {})
        return [account for account in accounts if account.lower() in named]

    def rows(
        self,
        question: object,
        contracts: Sequence[str],
        accounts: Sequence[str],
        read: Read,
        *,
        always: Sequence[str] = (),
    ) -> dict[str, Row]:
        """Return the row of every account, asking only for those that changed.

        Parameters
        ----------
        question : hashable
            Names what is asked; the same question has the same answer until an event names the account.
        contracts : sequence of str
            Addresses of the contracts whose events name accounts that change.
        accounts : sequence of str
            Addresses.
        read : callable
            Asks for the rows of some accounts; each row has as many words as any other.
        always : sequence of str
            Accounts that change without being named, as the one that receives the fees of trades.
        """
        known = self._rows.setdefault(question, {})
        since = self._read_at.get(question, -1)
        named = [self._contracts.get(contract.lower(), {}) for contract in contracts]
        changed = [
            account
            for account in accounts
            if account not in known
            or account in always
            or any(names.get(account.lower(), -1) > since for names in named)
        ]
        if changed:
            known.update(_by_account(changed, read(changed)))
        self._read_at[question] = self._blocks
        self._questions[question] = _Question(contracts, accounts, read, always)
        return known

    def compare(self, same: Callable[[str, Sequence[int], Sequence[int]], None]) -> None:
        """Ask every question again for every account, and hand over what was kept and what the contracts say.

        Parameters
        ----------
        same : callable
            Takes what is compared, the words that were kept, and those of the contracts; raises where they differ.
        """
        for question, of in list(self._questions.items()):
            # Nobody may have asked since an event named an account: what would be answered now is compared.
            known = self.rows(question, of.contracts, of.accounts, of.read, always=of.always)
            for account, row in _by_account(of.accounts, of.read(of.accounts)).items():
                same(f"{question} of {account}", known[account], row)


def _by_account(accounts: Sequence[str], words: Sequence[int]) -> dict[str, Row]:
    width = len(words) // len(accounts) if accounts else 0
    return {account: tuple(words[width * i : width * (i + 1)]) for i, account in enumerate(accounts)}
