"""Read the accounts of a file: one function, from a file and its options to typed accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from cascade.account_files.accounts import Account, AccountFile, Holding
from cascade.account_files.cells import (
    CellRefused,
    address_of_cell,
    amount_of_cell,
    flag_of_cell,
    holds_something,
    is_blank,
    mode_of_cell,
    text_of_cell,
)
from cascade.account_files.layouts import (
    Columns,
    FileLayout,
    columns_of,
    refuse_other_exports,
    wide_columns_of,
)
from cascade.account_files.tables import Sheet, SheetRow, read_sheet, sheet_of_csv
from cascade.errors import ScenarioError, unknown_name

__all__ = ["ReadOptions", "parse_canonical", "read_accounts"]

T = TypeVar("T")


@dataclass(frozen=True)
class ReadOptions:
    """How a file of accounts is read.

    Attributes
    ----------
    layout : str
        `long`: one row per account and asset with the columns of docs/POSITIONS.md; `subgraph`: `userReserves`, as
        JSON or flattened to CSV; `query`: rows per account and asset under the names that queries give them; `wide`:
        one row per account, a column per asset and field.
    columns : mapping of str to str or None
        Column of the file by field of the long form, where its name is another; None states that no column holds it,
        so that those whose names look like it are ignored.
    assets : mapping of str to str or None
        Symbol of the scenario by the file's name or address of an asset; None leaves the asset out, and with it
        every account that holds it.
    """

    layout: FileLayout = "long"
    columns: Mapping[str, str | None] = field(default_factory=dict)
    assets: Mapping[str, str | None] = field(default_factory=dict)


def read_accounts(file: Path, *, decimals: Mapping[str, int], options: ReadOptions | None = None) -> AccountFile:
    """Read a file of accounts.

    Parameters
    ----------
    file : Path
        CSV, Parquet (`.parquet`) or JSON (`.json`).
    decimals : mapping of str to int
        Decimals of each listed asset by its symbol: every other asset is unknown.
    options : ReadOptions, optional
        Layout and names of the file; None reads the long form.

    Returns
    -------
    AccountFile
        The accounts in the order of their first rows. Rows without any balance are passed over.

    Raises
    ------
    ScenarioError
        Naming the file, the line, the column and the value: for an address that is none, an amount that is none, an
        asset that is not listed, an account with the same asset or two modes; and for a file that holds no balances.
    """
    return _read(read_sheet(file, name=file.name), file.name, decimals, options or ReadOptions())


def parse_canonical(
    text: str, *, file: str, decimals: Mapping[str, int], assets: Mapping[str, str | None]
) -> AccountFile:
    """Return the accounts of a text that `canonical_text` wrote."""
    # Names that the options gave another symbol are the scenario's own in this text.
    left_out = {label: symbol for label, symbol in assets.items() if symbol is None}
    return _read(sheet_of_csv(text, name=file), file, decimals, ReadOptions(assets=left_out))


@dataclass(frozen=True)
class _Entry:
    """One account and asset of a file, its cells not yet read."""

    row: SheetRow
    labels: tuple[object, ...]
    """Names of the asset, the surest first."""
    columns: Mapping[str, str]
    """Column by field."""


def _read(sheet: Sheet, file: str, decimals: Mapping[str, int], options: ReadOptions) -> AccountFile:
    if not sheet.rows:
        raise ScenarioError(file=file, key="", value=None, expected="has no rows: expected one per account and asset")
    refuse_other_exports(sheet.columns, file=file)
    return _Reader(file, decimals, options).read(_entries(sheet, file, decimals, options))


def _entries(sheet: Sheet, file: str, decimals: Mapping[str, int], options: ReadOptions) -> Iterator[_Entry]:
    if options.layout == "wide":
        assets = [*decimals, *options.assets]
        common, of_assets = wide_columns_of(sheet.columns, given=options.columns, assets=assets, file=file)
        fields: dict[str, dict[str, str]] = {}
        for column in of_assets:
            of_asset = fields.setdefault(column.asset, dict(common.names))
            other = column.field.removesuffix("_raw") if column.field.endswith("_raw") else f"{column.field}_raw"
            taken = next((of_asset[name] for name in (column.field, other) if name in of_asset), None)
            if taken is not None:
                raise ScenarioError(
                    file=file,
                    key="columns",
                    value=f"{taken}, {column.name}",
                    expected="hold the same figure of the same asset: expected one of them",
                )
            of_asset[column.field] = column.name
        for row in sheet.rows:
            for asset, names in fields.items():
                yield _Entry(row, (asset,), names)
        return
    columns = columns_of(options.layout, sheet.columns, given=options.columns, file=file)
    for row in sheet.rows:
        if options.layout == "subgraph":
            _check_keys(row, columns, file=file)
        yield _Entry(row, tuple(row.cells.get(name) for name in columns.assets), columns.names)


def _check_keys(row: SheetRow, columns: Columns, *, file: str) -> None:
    """Refuse a row of a subgraph without a key that others have: its balance would count as 0, its flag as true."""
    for field_name, column in columns.names.items():
        # The mode of an account that is in none is null, and has nothing below it.
        if field_name not in ("emode", "decimals") and column not in row.cells:
            raise ScenarioError(
                file=file,
                key=row.where,
                value=None,
                expected=f"has no {column}, which other entries have: expected the same query for every page",
            )


@dataclass
class _Open:
    """An account while its rows are read."""

    where: str
    mode: int | None = None
    mode_where: str = ""
    holdings: dict[str, Holding] = field(default_factory=dict)
    left_out: dict[str, None] = field(default_factory=dict)


class _Reader:
    """Reads entries into accounts, and counts what it passes over."""

    def __init__(self, file: str, decimals: Mapping[str, int], options: ReadOptions) -> None:
        self._file, self._decimals, self._options = file, decimals, options
        # Addresses of assets are matched whatever their case.
        self._symbols = {_label(name): symbol for name, symbol in options.assets.items()}
        for name, symbol in options.assets.items():
            if symbol is not None and symbol not in decimals:
                raise ScenarioError(
                    file=file,
                    key=f"assets.{name}",
                    value=symbol,
                    expected=unknown_name("reserve", symbol, decimals, holder="lending.reserves"),
                )
        self._found: dict[str, _Open] = {}
        self._empty = self._rounded = 0

    def read(self, entries: Iterator[_Entry]) -> AccountFile:
        """Read every entry."""
        for entry in entries:
            self._take(entry)
        accounts = tuple(
            Account(address, known.mode or 0, tuple(known.holdings.values()), tuple(known.left_out), known.where)
            for address, known in self._found.items()
            if known.holdings or known.left_out
        )
        if not accounts:
            raise ScenarioError(file=self._file, key="", value=None, expected="no row has a balance")
        return AccountFile(self._file, accounts, empty_rows=self._empty, rounded_amounts=self._rounded)

    def _take(self, entry: _Entry) -> None:
        address = self._cell(entry, "account", address_of_cell)
        known = self._found.setdefault(address, _Open(entry.row.where))
        if self._options.layout == "wide" and known.where != entry.row.where:
            raise self._refusal(
                entry, "account", address, f"stands at {known.where} already: expected one row per account"
            )
        self._take_mode(entry, address, known)
        columns = (f"{side}{suffix}" for side in ("supplied", "borrowed") for suffix in ("", "_raw"))
        if not any(holds_something(entry.row.cells.get(entry.columns.get(column, ""))) for column in columns):
            # Exports keep rows of what was repaid and withdrawn, of assets that the scenario does not list too.
            self._empty += 1
            return
        label, asset = self._asset(entry)
        if asset is None:
            known.left_out[label] = None
            return
        self._check_decimals(entry, asset)
        supplied = self._amount(entry, "supplied", asset, round_up=False)
        borrowed = self._amount(entry, "borrowed", asset, round_up=True)
        is_collateral = self._cell(entry, "used_as_collateral", flag_of_cell)
        if not supplied and not borrowed:
            # Less than the smallest unit of the asset.
            self._empty += 1
            return
        before = known.holdings.get(asset)
        if before is not None:
            raise self._refusal(
                entry,
                "asset",
                label,
                f"{address} holds it already at {before.where}: expected one row per account and asset",
            )
        known.holdings[asset] = Holding(asset, supplied, borrowed, is_collateral is not False, entry.row.where)

    def _take_mode(self, entry: _Entry, address: str, known: _Open) -> None:
        mode = self._cell(entry, "emode", mode_of_cell)
        if mode is None:
            return
        if known.mode is not None and known.mode != mode:
            raise self._refusal(
                entry, "emode", mode, f"{address} is in mode {known.mode} at {known.mode_where}: an account has one"
            )
        if known.mode is None:
            known.mode, known.mode_where = mode, entry.row.where

    def _asset(self, entry: _Entry) -> tuple[str, str | None]:
        """Return an asset as the file and as the scenario name it; None for one that the options leave out."""
        labels = [text_of_cell(label) for label in entry.labels if not is_blank(label)]
        for label in labels:
            if _label(label) in self._symbols:
                return label, self._symbols[_label(label)]
        for label in labels:
            if label in self._decimals:
                return label, label
        expected = unknown_name("reserve", labels[-1] if labels else "", self._decimals, holder="lending.reserves")
        hint = "; assets: {NAME: SYMBOL} renames an asset, and {NAME: null} leaves it out"
        raise self._refusal(entry, "asset", " or ".join(labels) or None, expected + hint)

    def _check_decimals(self, entry: _Entry, asset: str) -> None:
        stated = entry.row.cells.get(entry.columns.get("decimals", ""))
        if not is_blank(stated) and text_of_cell(stated).removesuffix(".0") != str(self._decimals[asset]):
            raise self._refusal(
                entry, "decimals", stated, f"{asset} has {self._decimals[asset]} decimals in the scenario"
            )

    def _amount(self, entry: _Entry, side: str, asset: str, *, round_up: bool) -> int:
        name = f"{side}_raw" if f"{side}_raw" in entry.columns else side
        decimals = self._decimals[asset]
        raw, is_rounded = self._cell(
            entry,
            name,
            lambda cell: amount_of_cell(cell, decimals=decimals, is_raw=name != side, round_up=round_up),
        )
        self._rounded += is_rounded
        return raw

    def _cell(self, entry: _Entry, name: str, read: Callable[[object], T]) -> T:
        cell = entry.row.cells.get(entry.columns.get(name, ""))
        try:
            return read(cell)
        except CellRefused as error:
            raise self._refusal(entry, name, cell, str(error)) from error

    def _refusal(self, entry: _Entry, name: str, value: object, expected: str) -> ScenarioError:
        key = f"{entry.row.where}: {entry.columns.get(name, name)}"
        # A missing address is an empty text in a CSV, and nothing in other files.
        shown = value if isinstance(value, (str, int, bool)) or value is None else str(value)
        return ScenarioError(file=self._file, key=key, value=shown, expected=expected)


def _label(name: str) -> str:
    r"""Return a name of an asset to be matched: an address in lower case with 0x, everything else as it is."""
    plain = name.replace("\\x", "0x", 1) if name.startswith("\\x") else name
    return plain.lower() if plain.lower().startswith("0x") else plain
