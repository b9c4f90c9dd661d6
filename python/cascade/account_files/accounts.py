"""Accounts of a lending pool as a file states them, and the one text that every layout is reduced to."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field

__all__ = ["CANONICAL_COLUMNS", "Account", "AccountFile", "Holding", "canonical_text"]

CANONICAL_COLUMNS = ("account", "asset", "supplied_raw", "borrowed_raw", "used_as_collateral", "emode")
"""Columns of the text that a run keeps."""

_PAGE = 1000
"""Rows that a subgraph answers at once, at most."""

_UNKNOWN = "unknown"
"""Amount of an asset that is left out: its decimals are not known."""


@dataclass(frozen=True)
class Holding:
    """What an account has supplied and borrowed of one reserve, in smallest units of the asset.

    Attributes
    ----------
    asset : str
        Symbol of the scenario.
    is_collateral : bool
        Whether the account lets its supply secure its debt. A file without that column means yes.
    where : str
        Place in the file, as `line 17`, for messages.
    """

    asset: str
    supplied_raw: int
    borrowed_raw: int
    is_collateral: bool = True
    where: str = field(default="", compare=False)


@dataclass(frozen=True)
class Account:
    """One account, with a holding for each reserve that it is in.

    Attributes
    ----------
    address : str
        Checksummed address, which is also its name in every table.
    emode : int
        Efficiency mode; 0 for none.
    holdings : tuple of Holding
        In the order of the file; no reserve twice.
    left_out : tuple of str
        Names of assets that it holds and that the options leave out: such an account cannot stand in a run.
    where : str
        Place of its first row.
    """

    address: str
    emode: int
    holdings: tuple[Holding, ...]
    left_out: tuple[str, ...] = ()
    where: str = field(default="", compare=False)

    @property
    def has_debt(self) -> bool:
        """Whether it has borrowed anything."""
        return any(holding.borrowed_raw for holding in self.holdings)


@dataclass(frozen=True)
class AccountFile:
    """The accounts of a file, in its order.

    Attributes
    ----------
    file : str
        Name of the file, for messages.
    empty_rows : int
        Rows without any balance, which were passed over.
    rounded_amounts : int
        Amounts with more decimals than their asset has: supplies were rounded down and debts up.
    """

    file: str
    accounts: tuple[Account, ...]
    empty_rows: int = field(default=0, compare=False)
    rounded_amounts: int = field(default=0, compare=False)

    def notes(self) -> list[str]:
        """Return what a reader of the file should know of how it was read, a sentence each."""
        notes = []
        if self.empty_rows:
            notes.append(f"{self.file}: rows without a balance, which were passed over: {self.empty_rows:,}")
        if self.rounded_amounts:
            notes.append(
                f"{self.file}: amounts with more decimals than their asset has, supplies rounded down and debts up: "
                f"{self.rounded_amounts:,}"
            )
        rows = sum(len(account.holdings) + len(account.left_out) for account in self.accounts) + self.empty_rows
        if rows % _PAGE == 0 and self.file.endswith(".json"):
            notes.append(f"{self.file}: has {rows:,} rows, whole pages of {_PAGE:,}: is a page of the export missing?")
        return notes


def canonical_text(found: AccountFile) -> str:
    """Return the accounts as a CSV in long form with raw amounts, which is what a run keeps of a file.

    Two files with the same accounts in the same order have the same text, whatever their layout.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CANONICAL_COLUMNS)
    for account in found.accounts:
        for holding in account.holdings:
            flag = "true" if holding.is_collateral else "false"
            amounts = holding.supplied_raw, holding.borrowed_raw
            writer.writerow((account.address, holding.asset, *amounts, flag, account.emode))
        for label in account.left_out:
            writer.writerow((account.address, label, _UNKNOWN, _UNKNOWN, "", account.emode))
    return text.getvalue()
