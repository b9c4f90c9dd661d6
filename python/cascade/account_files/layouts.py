"""Find the columns of a file of accounts: those of its layout, or those that the options name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from cascade.account_files.lookalikes import SETTLED_BY_NULL, refuse_lookalikes
from cascade.errors import ScenarioError, unknown_name

__all__ = ["LAYOUTS", "Columns", "FileLayout", "WideColumn", "columns_of", "refuse_other_exports", "wide_columns_of"]

FileLayout = Literal["long", "subgraph", "query", "wide"]
LAYOUTS: tuple[str, ...] = get_args(FileLayout)

_FIELDS: Mapping[str, tuple[str, ...]] = {
    "account": ("account",),
    "asset": ("asset",),
    "supplied": ("supplied",),
    "supplied_raw": ("supplied_raw",),
    "borrowed": ("borrowed",),
    "borrowed_raw": ("borrowed_raw",),
    "used_as_collateral": ("used_as_collateral",),
    "emode": ("emode",),
    "decimals": ("decimals",),
}
"""Columns of the long form, which are also the names that `columns` maps from."""

_SUBGRAPH: Mapping[str, tuple[str, ...]] = {
    "account": ("user.id",),
    "asset": ("reserve.underlyingAsset", "reserve.symbol"),
    "supplied_raw": ("currentATokenBalance",),
    "borrowed_raw": ("currentTotalDebt", "currentVariableDebt"),
    "used_as_collateral": ("usageAsCollateralEnabledOnUser",),
    "emode": ("user.eModeCategoryId.id",),
    "decimals": ("reserve.decimals",),
}
"""Keys of the protocol's subgraph, and the columns of the same rows flattened; of several, the first that is there."""

_SUPPLIED = (
    "supplied",
    "supply",
    "supplied_amount",
    "supply_amount",
    "supply_balance",
    "supplied_balance",
    "atoken_balance",
)
_BORROWED = ("borrowed", "borrow", "debt", "borrowed_amount", "borrow_amount", "debt_amount", "borrow_balance",
             "debt_balance", "borrowed_balance", "variable_debt", "variable_debt_balance")  # fmt: skip
_QUERY: Mapping[str, tuple[str, ...]] = {
    "account": ("account", "user", "user_address", "borrower", "address", "wallet", "wallet_address",
                "account_address"),
    "asset": ("asset", "symbol", "asset_symbol", "token_symbol", "token", "reserve", "reserve_symbol", "asset_address",
              "token_address", "underlying_asset", "reserve_address"),
    "supplied": _SUPPLIED,
    "supplied_raw": tuple(f"{name}_raw" for name in _SUPPLIED),
    "borrowed": _BORROWED,
    "borrowed_raw": tuple(f"{name}_raw" for name in _BORROWED),
    "used_as_collateral": ("used_as_collateral", "usage_as_collateral", "usage_as_collateral_enabled",
                           "usage_as_collateral_enabled_on_user", "as_collateral", "is_collateral",
                           "collateral_enabled"),
    "emode": ("emode", "e_mode", "emode_category", "emode_category_id", "e_mode_category", "e_mode_category_id"),
    "decimals": ("decimals", "asset_decimals", "token_decimals"),
}  # fmt: skip
"""Names that results of queries have for the columns; letters of any case, and camel case too."""

_MAPS: Mapping[str, Mapping[str, tuple[str, ...]]] = {"long": _FIELDS, "subgraph": _SUBGRAPH, "query": _QUERY}

_EVENT_COLUMNS = {
    "txhash",
    "transactionhash",
    "evttxhash",
    "evtindex",
    "logindex",
    "transactiontype",
    "eventname",
    "repayer",
}
_ACCOUNT_DATA = {"totalcollateralbase", "totaldebtbase", "totalcollateraleth", "totaldebteth", "availableborrowsbase"}
_SUMMARY_COLUMNS = {"collateralusd", "debtusd"}
_TOTALS = ("total", "all", "net", "usd")
"""What stands for an asset in a column of totals."""
_SCALED = {"scaledatokenbalance", "scaledvariabledebt"}


@dataclass(frozen=True)
class Columns:
    """Columns of a file, by field of the long form.

    Attributes
    ----------
    names : mapping of str to str
        The column of each field but the asset; fields that the file lacks have none.
    assets : tuple of str
        Columns that name the asset, the surest first: its address before its symbol.
    """

    names: Mapping[str, str]
    assets: tuple[str, ...]


@dataclass(frozen=True)
class WideColumn:
    """A column of a wide file: one field of one asset."""

    name: str
    asset: str
    field: str


def columns_of(layout: str, header: Iterable[str], *, given: Mapping[str, str | None], file: str) -> Columns:
    """Find the columns of a file with one row per account and asset.

    Parameters
    ----------
    layout : str
        `long`, `subgraph` or `query`.
    given : mapping of str to str or None
        Column of the file by field, where it has another name than the layout's; None for a field that no column holds.

    Raises
    ------
    ScenarioError
        For a field that is not known, a column that is not there, a column that a position needs and the file lacks,
        amounts that are there both raw and with decimals, and a column that looks like a field and is not read.
    """
    present = list(header)
    _check_given(given, present, file=file)
    found: dict[str, list[str]] = {}
    for field, names in _MAPS[layout].items():
        column = given.get(field)
        found[field] = [column] if column is not None else [] if field in given else _present(layout, names, present)
    for field in ("supplied", "borrowed"):
        # A given column settles which of the two is meant.
        if given.get(field) is not None:
            found[f"{field}_raw"] = []
        elif f"{field}_raw" in given:
            found[field] = []
        both = [*found.get(field, ()), *found[f"{field}_raw"]]
        if layout == "query" and len(both) > 1:
            raise _refusal(
                file,
                "columns",
                ", ".join(both),
                f"state which one holds the balances: columns.{field} or columns.{field}_raw",
            )
        if found.get(field) and found[f"{field}_raw"]:
            raise _refusal(file, "columns", ", ".join(both), "expected one of the two, raw or with decimals")
    for field in ("account", "asset"):
        if not found[field]:
            raise _missing(layout, file, field, present)
    if not any(found.get(field) for field in ("supplied", "supplied_raw")) or not any(
        found.get(field) for field in ("borrowed", "borrowed_raw")
    ):
        raise _missing(layout, file, "supplied and borrowed", present)
    chosen = {field: columns[0] for field, columns in found.items() if columns and field != "asset"}
    if layout == "subgraph":
        # Its other columns have names of their own; an account's flag is the one figure that a query may have left out.
        if not found["used_as_collateral"] and "used_as_collateral" not in given:
            raise _refusal(
                file, "columns", None,
                "has no column usageAsCollateralEnabledOnUser: add it to the query, or state columns: "
                "{used_as_collateral: null}, and every supply counts as collateral",
            )  # fmt: skip
    else:
        refuse_lookalikes(present, read=[*chosen.values(), *found["asset"]], settled=given, file=file)
    return Columns(chosen, tuple(found["asset"]))


def wide_columns_of(
    header: Iterable[str], *, given: Mapping[str, str | None], assets: Iterable[str], file: str
) -> tuple[Columns, tuple[WideColumn, ...]]:
    """Find the columns of a file with one row per account, and a column per asset and field: `USDe_supplied`.

    Parameters
    ----------
    assets : iterable of str
        Names of assets in the file, as far as they are known.

    Raises
    ------
    ScenarioError
        When the account's column or every column of an asset is missing, and for a column that names an asset, looks
        like a field of it, and is not read.
    """
    present = list(header)
    for field, column in given.items():
        if column is not None and field not in ("account", "emode"):
            raise _refusal(
                file,
                f"columns.{field}",
                column,
                "a wide file takes account and emode: its other columns are named ASSET_supplied and so on",
            )
    _check_given(given, present, file=file)
    names = {}
    for field in ("account", "emode"):
        column = given.get(field)
        if column is not None:
            columns = [column]
        else:
            columns = [] if field in given else _present("query", _QUERY[field], present)
        if columns:
            names[field] = columns[0]
    if "account" not in names:
        raise _missing("wide", file, "account", present)
    of_assets = [found for column in present if column not in names.values() for found in _wide(column)]
    if not any(column.field in ("supplied", "supplied_raw", "borrowed", "borrowed_raw") for column in of_assets):
        raise _missing("wide", file, "ASSET_supplied or ASSET_borrowed", present)
    read = [*names.values(), *(column.name for column in of_assets)]
    refuse_lookalikes(present, read=read, settled=given, file=file, assets=assets, is_wide=True)
    return Columns(names, ()), tuple(of_assets)


def refuse_other_exports(header: Iterable[str], *, file: str) -> None:
    """Refuse exports that hold no balances of assets, and say what to export instead.

    Raises
    ------
    ScenarioError
        For events, dumps of `getUserAccountData`, summaries in dollars, and positions of a Messari-style subgraph.
    """
    plain = {_plain(column): column for column in header}
    has_assets = bool(
        plain.keys() & {"asset", "symbol", "token", "reserve", "reserve.symbol", "reserve.underlyingasset"}
    )
    events = sorted(plain[name] for name in plain.keys() & _EVENT_COLUMNS)
    if events:
        raise _refusal(
            file, "", None,
            f"is an export of events (it has the column {events[0]}): deposits and borrows are flows and no balances. "
            "Export the balances of one moment, as the subgraph's userReserves, or sum the events with interest first",
        )  # fmt: skip
    if not has_assets and (plain.keys() & _ACCOUNT_DATA or plain.keys() >= _SUMMARY_COLUMNS):
        raise _refusal(
            file, "", None,
            "holds totals of accounts in dollars (as getUserAccountData answers) and no assets: a position needs the "
            "amount of each. Map the totals to assets first, one row per account and asset, or export userReserves",
        )  # fmt: skip
    if any(name.rpartition(".")[2] in ("positions", "accounts", "side") for name in plain):
        raise _refusal(
            file, "", None,
            "is an export of a Messari-style subgraph, whose positions end at 5,000 and keep closed accounts: export "
            "userReserves of the protocol's own subgraph instead",
        )  # fmt: skip


def _check_given(given: Mapping[str, str | None], present: list[str], *, file: str) -> None:
    """Refuse a field that is not known, a column that is not there, and a null for a field that every file holds."""
    for field, column in given.items():
        if field not in _FIELDS:
            raise _refusal(file, f"columns.{field}", column, unknown_name("column", field, _FIELDS))
        if column is None and field not in SETTLED_BY_NULL:
            raise _refusal(
                file, f"columns.{field}", None, f"expected a column: null is for {', '.join(SETTLED_BY_NULL)}"
            )
        if column is not None and column not in present:
            raise _refusal(file, f"columns.{field}", column, unknown_name("column of the file", column, present))


def _wide(column: str) -> list[WideColumn]:
    """Return the field of an asset that a column of a wide file holds; empty for any other column."""
    for field in ("supplied", "borrowed", "used_as_collateral"):
        names = _QUERY[field]
        for name in sorted(names, key=len, reverse=True):
            for suffix in ("_raw", "") if field != "used_as_collateral" else ("",):
                # The suffix ends the column either way: USDe_supplied_raw, supplied_USDe_raw.
                match = re.fullmatch(rf"(?i:(?P<a>.+)_{name}{suffix}|{name}_(?P<b>.+){suffix})", column)
                asset = (match["a"] or match["b"]) if match else ""
                if asset and asset.lower() not in _TOTALS:
                    return [WideColumn(column, asset, f"{field}{suffix}")]
    return []


def _present(layout: str, names: Iterable[str], header: list[str]) -> list[str]:
    if layout != "query":
        return [name for name in names if name in header]
    wanted = [_plain(name) for name in names]
    return sorted((c for c in header if _plain(c) in wanted), key=lambda column: wanted.index(_plain(column)))


def _plain(column: str) -> str:
    return column.strip().lower().replace("_", "").replace(" ", "")


def _missing(layout: str, file: str, field: str, header: list[str]) -> ScenarioError:
    plain = {_plain(column) for column in header}
    fields = _MAPS.get(layout, _QUERY)
    hint = f"columns.{field}: NAME says which one it is" if field in _FIELDS else "columns: says which ones they are"
    if plain & _SCALED and not plain & {"currentatokenbalance"}:
        hint = "scaled balances need the indexes of their block: export currentATokenBalance and currentTotalDebt"
    elif layout != "subgraph" and "user.id" in plain:
        hint = "these are the subgraph's columns: set format: subgraph"
    elif (
        layout == "long"
        and plain & {_plain(name) for name in _QUERY["account"]}
        and plain & {_plain(n) for n in _QUERY["asset"]}
    ):
        hint += ", or set format: query"
    elif layout == "long" and any(_wide(column) for column in header):
        hint += ", or set format: wide"
    if layout == "wide" and field not in _FIELDS:
        hint = "name each column by asset and field: USDe_supplied, USDC_borrowed, USDC_borrowed_raw"
    mark = next((mark for mark in (";", "\t", "|") if len(header) == 1 and mark in header[0]), None)
    if mark is not None:
        hint = f"its cells are parted by {mark!r}: export it with commas"
    wanted = ", ".join(fields[field][:3]) if field in fields else field
    return _refusal(file, "columns", ", ".join(header) or None, f"has no column {wanted} ({hint})")


def _refusal(file: str, key: str, value: object, expected: str) -> ScenarioError:
    return ScenarioError(file=file, key=key, value=value, expected=expected)
