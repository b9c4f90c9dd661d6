"""Word the values of a snapshot as proposals do: per cent with the raw value in brackets, caps in tokens."""

from __future__ import annotations

from decimal import Decimal

from cascade.listing.changes import Change
from cascade.listing.snapshot import Snapshot

__all__ = ["group_of", "value_of"]

_BPS = frozenset({"ltv", "liquidationThreshold", "liquidationProtocolFee", "reserveFactor"})
_BITMAPS = frozenset({"collateralBitmap", "borrowableBitmap", "ltvzeroBitmap"})
_RAY = Decimal(10) ** 27


def group_of(change: Change, before: Snapshot, after: Snapshot) -> str:
    """Return the heading of a change: its reserve, its mode, or the pool."""
    if change.part in ("reserves", "strategies"):
        return f"Reserve {_symbol(change.entry, before, after)}"
    if change.part == "eModes":
        mode = after.modes.get(int(change.entry)) or before.modes.get(int(change.entry))
        return f"eMode {change.entry}" + (f" {mode.label}" if mode is not None and mode.label else "")
    return "Pool"


def _symbol(address: str, before: Snapshot, after: Snapshot) -> str:
    reserve = after.reserves.get(address) or before.reserves.get(address)
    return reserve.symbol if reserve is not None else address


def value_of(change: Change, value: object, snapshot: Snapshot) -> str:
    """Return one side of a change in words.

    Parameters
    ----------
    value : object
        The side's value.
    snapshot : Snapshot
        The side's snapshot, whose ids a bitmap refers to.
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    number = _number(value)
    if number is None:
        return str(value)
    if change.key == "liquidationBonus":
        # 0 stands for an asset that is no collateral.
        return f"{_pct(number - 10_000)} [{number}]" if number else "0"
    if change.key in _BPS:
        return f"{_pct(number)} [{number}]"
    if change.part == "strategies":
        return f"{(Decimal(number) * 100 / _RAY).normalize():f} %"
    if change.key in ("supplyCap", "borrowCap"):
        return f"{number:,} {_symbol(change.entry, snapshot, snapshot)}" if number else "none"
    if change.key == "debtCeiling":
        return f"{Decimal(number).scaleb(-2):,.2f} $ [{number}]" if number else "none"
    if change.key in _BITMAPS:
        names = {reserve.id: reserve.symbol for reserve in snapshot.reserves.values()}
        members = [names.get(bit, f"bit {bit}") for bit in range(number.bit_length()) if number >> bit & 1]
        return ", ".join(members) or "none"
    return str(value)


def _number(value: object) -> int | None:
    if isinstance(value, str):
        return int(value) if value.removeprefix("-").isdecimal() else None
    return int(value) if isinstance(value, (int, Decimal)) and value == int(value) else None


def _pct(bps: int) -> str:
    return f"{Decimal(bps).scaleb(-2).normalize():f} %"
