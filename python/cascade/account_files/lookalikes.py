"""Columns that look like one of the long form's and are not read: an unread flag or debt would be a wrong figure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from cascade.errors import ScenarioError

__all__ = ["SETTLED_BY_NULL", "refuse_lookalikes"]

SETTLED_BY_NULL = ("used_as_collateral", "emode", "decimals", "supplied", "borrowed")
"""Fields that `columns` may set to null: no further column of the file is meant by them."""

_WORDS: Mapping[str, tuple[str, ...]] = {
    "used_as_collateral": ("collateral",),
    "borrowed": ("debt", "borrow", "owed", "owes", "loan"),
    "supplied": ("suppl", "deposit", "balance", "atoken"),
    "emode": ("emode", "efficiencymode"),
}
"""What a column's name contains, by field; of several, the first counts."""

_OTHER_FIGURES = frozenset(
    ("usd", "dollar", "dollars", "value", "price", "share", "ratio", "pct", "percent", "bps", "factor", "threshold",
     "ltv", "cap", "rate", "apr", "apy", "index", "scaled", "time", "timestamp", "date", "block", "count", "number",
     "available", "address", "type", "bonus", "label", "name", "symbol", "token", "ceiling")
)  # fmt: skip
"""Words of names that hold another figure of it than the amount or the flag."""


def refuse_lookalikes(
    header: Iterable[str],
    *,
    read: Iterable[str],
    settled: Iterable[str],
    file: str,
    assets: Iterable[str] = (),
    is_wide: bool = False,
) -> None:
    """Refuse a column that is not read, and whose name says that it holds a field of the long form.

    Parameters
    ----------
    read : iterable of str
        Columns of the file that are read.
    settled : iterable of str
        Fields that the options state, raw or with decimals: columns that look like them are meant to be ignored.
    assets : iterable of str
        Names of assets: of a wide file, only columns that contain one are judged.
    is_wide : bool
        Whether the file has one row per account.

    Raises
    ------
    ScenarioError
        Naming the column, and the lines that read it or leave it out.
    """
    known = set(read)
    stated = {field.removesuffix("_raw") for field in settled}
    names = [asset.lower() for asset in assets]
    for column in header:
        field = _field_of(column)
        if column in known or field is None or field in stated:
            continue
        if is_wide:
            if not any(name in column.lower() for name in names) or "total" in _words(column):
                continue
            suffix = "used_as_collateral" if field == "used_as_collateral" else f"{field} or ASSET_{field}_raw"
            reading = f"name it ASSET_{suffix} to have it read"
        else:
            reading = f"columns: {{{field}: {_key(column)}}} reads it"
            if field in ("supplied", "borrowed"):
                reading += f" ({field}_raw for smallest units)"
        raise ScenarioError(
            file=file,
            key="line 1" if file.lower().endswith(".csv") else "columns",
            value=column,
            expected=f"looks like {field} and would not be read: {reading}, {_ignoring(field, is_wide=is_wide)}",
        )


def _ignoring(field: str, *, is_wide: bool) -> str:
    if not is_wide and field in ("supplied", "borrowed"):
        return f"columns: {{{field}: NAME}} with the column that holds the balance ignores this one"
    means = {"used_as_collateral": ", and every supply counts as collateral", "emode": ", and no account has a mode"}
    return f"columns: {{{field}: null}} ignores it{'' if is_wide else means.get(field, '')}"


def _field_of(column: str) -> str | None:
    """Return the field that a name speaks of; None for another figure, or none."""
    words = _words(column)
    if words & _OTHER_FIGURES:
        return None
    joined = re.sub(r"[^a-z]", "", column.lower())
    if joined in ("mode", "category"):
        return "emode"
    return next((field for field, parts in _WORDS.items() if any(part in joined for part in parts)), None)


def _words(column: str) -> set[str]:
    one = re.sub(r"a[_ ]?Token", "atoken", column)
    parted = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", one)
    return {word.lower() for word in re.split(r"[^A-Za-z0-9]+", parted) if word}


def _key(column: str) -> str:
    return column if re.fullmatch(r"[A-Za-z_][\w.]*", column) else f'"{column}"'
