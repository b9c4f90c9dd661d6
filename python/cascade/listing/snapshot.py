"""Read the configuration snapshot of an Aave market: one JSON object with reserves, rate strategies and modes.

Numbers come as numbers or as text, whatever their size. Old files have no bitmaps: there a reserve names its one mode,
and counts as its collateral and its debt. Rate strategies are keyed by the asset in new files, by the strategy in old.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Annotated, TypeVar

import pydantic
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from cascade.errors import ScenarioError
from cascade.toolchain.text_files import read_text

__all__ = ["Json", "ModeListing", "RateListing", "ReserveListing", "Snapshot", "parse_json", "read_json", "snapshot_of"]

Json = dict[str, object]
"""An object of a JSON file; numbers are exact, as int or Decimal."""

_MOST_BYTES = 64_000_000
_PARTS = ("reserves", "strategies", "eModes")


def _integer(value: object) -> int:
    """Return an integer that is written as a number or as text."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal, str)):
        raise ValueError("expected an integer, as a number or as text")
    if isinstance(value, str):
        if not value.removeprefix("-").isdecimal():
            raise ValueError("expected an integer, as a number or as text")
        return int(value)
    if value != int(value):
        raise ValueError("expected an integer")
    return int(value)


_Integer = Annotated[int, BeforeValidator(_integer)]
_Bps = Annotated[int, BeforeValidator(_integer), Field(ge=0, le=10_000)]
_Bonus = Annotated[int, BeforeValidator(_integer), Field(ge=0, le=20_000)]
_Whole = Annotated[int, BeforeValidator(_integer), Field(ge=0)]


class _Part(BaseModel):
    """A part of a snapshot: keys that this project does not need are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, alias_generator=to_camel)


_P = TypeVar("_P", bound=_Part)


class ReserveListing(_Part):
    """A reserve, with the names of the file in snake case."""

    symbol: Annotated[str, Field(min_length=1)]
    underlying: str = ""
    decimals: Annotated[int, BeforeValidator(_integer), Field(ge=0, le=36)]
    id: Annotated[int, BeforeValidator(_integer), Field(ge=0, le=127)] | None = None
    is_active: bool = True
    is_frozen: bool = False
    is_paused: bool = False
    is_siloed: bool = False
    is_flashloanable: bool = True
    is_borrowable_in_isolation: bool = False
    borrowing_enabled: bool
    ltv: _Bps
    liquidation_threshold: _Bps
    liquidation_bonus: _Bonus
    liquidation_protocol_fee: _Bps = 0
    reserve_factor: _Bps
    supply_cap: _Whole = 0
    borrow_cap: _Whole = 0
    debt_ceiling: _Whole = 0
    interest_rate_strategy: str = ""
    e_mode_category: _Whole = 0


class RateListing(_Part):
    """A rate strategy, in ray: 1e27 is 100 %."""

    base_variable_borrow_rate: _Whole
    optimal_usage_ratio: _Whole
    variable_rate_slope1: _Whole
    variable_rate_slope2: _Whole


class _RawMode(_Part):
    label: str = ""
    ltv: _Bps
    liquidation_threshold: _Bps
    liquidation_bonus: _Bonus
    collateral_bitmap: _Whole | None = None
    borrowable_bitmap: _Whole | None = None


@dataclass(frozen=True)
class ModeListing:
    """An efficiency mode.

    Attributes
    ----------
    label : str
        Its name.
    ltv, threshold, bonus : int
        In 1e-4; the bonus with the principal, as 10100 for 1 %.
    collateral, borrowable : tuple of str
        Addresses of reserves, in lower case, by their ids.
    """

    label: str
    ltv: int
    threshold: int
    bonus: int
    collateral: tuple[str, ...]
    borrowable: tuple[str, ...]


@dataclass(frozen=True)
class Snapshot:
    """A configuration snapshot.

    Attributes
    ----------
    file : str
        Name of the file, for messages.
    reserves : mapping of str to ReserveListing
        Reserves by the address of the asset, in lower case, in the order of the file.
    rates : mapping of str to RateListing
        Rate strategies of these reserves; a reserve whose strategy the file lacks is left out.
    modes : mapping of int to ModeListing
        Efficiency modes by number; those without a liquidation threshold are not in use and left out.
    tree : dict
        The JSON as it stands.
    """

    file: str
    reserves: Mapping[str, ReserveListing]
    rates: Mapping[str, RateListing]
    modes: Mapping[int, ModeListing]
    tree: Json = field(repr=False)

    def symbol(self, address: str) -> str:
        """Return the symbol of a reserve."""
        return self.reserves[address].symbol


def read_json(file: Path) -> Json:
    """Return the object that a JSON file holds.

    Raises
    ------
    ScenarioError
        When it cannot be read, is not JSON, holds a key twice, or holds no object.
    """
    return parse_json(read_text(file, name=file.name, most_bytes=_MOST_BYTES), file=file.name)


def parse_json(text: str, *, file: str) -> Json:
    """Return the object of a JSON text; numbers stay exact.

    Raises
    ------
    ScenarioError
        When the text is not JSON, holds a key twice, or holds no object.
    """

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for place, name in enumerate(names) if name in names[:place])
            raise ScenarioError(file=file, key=twice, value=None, expected="is given twice")
        return found

    try:
        tree = json.loads(text, parse_float=Decimal, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        raise ScenarioError(
            file=file, key=f"line {error.lineno}", value=None, expected=f"expected JSON: {error.msg}"
        ) from error
    except (RecursionError, ValueError) as error:
        # ValueError: an integer of more digits than Python converts.
        if isinstance(error, ScenarioError):
            raise
        raise ScenarioError(file=file, key="", value=None, expected=f"expected JSON: {error}") from error
    if not isinstance(tree, dict):
        raise ScenarioError(file=file, key="", value=None, expected="expected one JSON object")
    return tree


def snapshot_of(tree: Json, *, file: str) -> Snapshot:
    """Return the snapshot that a JSON object holds.

    Parameters
    ----------
    tree : dict
        The object.
    file : str
        Name of its file, for messages.

    Raises
    ------
    ScenarioError
        For an object that is no snapshot, a value of the wrong type or out of range, an id or an address that two
        reserves have, and a bitmap that names no reserve; the error names the key.
    """
    for part in _PARTS:
        if not isinstance(tree.get(part), dict):
            expected = f"is no configuration snapshot of an Aave market: it needs the object {part}"
            raise ScenarioError(file=file, key=part if part in tree else "", value=None, expected=expected)
    reserves: dict[str, ReserveListing] = {}
    for key, value in _entries(tree, "reserves"):
        reserve = _parsed(ReserveListing, value, file=file, key=f"reserves.{key}")
        address = _address(key, reserve, file=file)
        if address in reserves:
            raise ScenarioError(file=file, key=f"reserves.{key}", value=address, expected="a reserve has this address")
        reserves[address] = reserve
        _check_reserve(reserve, file=file, key=f"reserves.{key}")
    ids = _ids(reserves, file=file)
    rates = {key.lower(): value for key, value in _entries(tree, "strategies")}
    found: dict[str, RateListing] = {}
    for address, reserve in reserves.items():
        for key in (address, reserve.interest_rate_strategy.lower()):
            if key in rates:
                found[address] = _parsed(RateListing, rates[key], file=file, key=f"strategies.{key}")
                break
    modes = {
        number: mode
        for key, value in _entries(tree, "eModes")
        for number, mode in [_mode(key, value, reserves, ids, file=file)]
        if mode.threshold
    }
    return Snapshot(file, reserves, found, dict(sorted(modes.items())), tree)


def _address(key: str, reserve: ReserveListing, *, file: str) -> str:
    """Return the address of a reserve's asset, which is its key, and stands in it once more."""
    address = key.lower()
    if not re.fullmatch(r"0x[0-9a-f]{40}", address):
        raise ScenarioError(
            file=file, key="reserves", value=key, expected="expected the asset's address: 0x and 40 hexadecimal digits"
        )
    if reserve.underlying and reserve.underlying.lower() != address:
        expected = "expected the address that the reserve is keyed by"
        raise ScenarioError(file=file, key=f"reserves.{key}.underlying", value=reserve.underlying, expected=expected)
    return address


def _entries(tree: Json, part: str) -> list[tuple[str, object]]:
    section = tree[part]
    return list(section.items()) if isinstance(section, dict) else []


def _parsed(model: type[_P], value: object, *, file: str, key: str) -> _P:
    try:
        return model.model_validate(value)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ".".join([key, *map(str, first["loc"])])
        shown = None if first["type"] == "missing" or isinstance(first["input"], dict) else first["input"]
        message = first["msg"].removeprefix("Value error, ")
        raise ScenarioError(file=file, key=where, value=shown, expected=message) from error


def _check_reserve(reserve: ReserveListing, *, file: str, key: str) -> None:
    if reserve.liquidation_threshold and reserve.liquidation_bonus <= 10_000:
        expected = "expected 10000 and the bonus, as 10850 for 8.5 %: the asset is collateral"
        raise ScenarioError(
            file=file, key=f"{key}.liquidationBonus", value=reserve.liquidation_bonus, expected=expected
        )


def _ids(reserves: Mapping[str, ReserveListing], *, file: str) -> dict[int, str]:
    """Return the addresses of reserves by their ids, in the order of ids."""
    found: dict[int, str] = {}
    for address, reserve in reserves.items():
        if reserve.id is None:
            continue
        if reserve.id in found:
            expected = f"{reserves[found[reserve.id]].symbol} has this id too"
            raise ScenarioError(file=file, key=f"reserves.{address}.id", value=reserve.id, expected=expected)
        found[reserve.id] = address
    return dict(sorted(found.items()))


def _mode(
    key: str, value: object, reserves: Mapping[str, ReserveListing], ids: Mapping[int, str], *, file: str
) -> tuple[int, ModeListing]:
    where = f"eModes.{key}"
    if not key.isdecimal() or int(key) > 255:
        raise ScenarioError(file=file, key="eModes", value=key, expected="expected the number of a mode, 1 to 255")
    mode = _parsed(_RawMode, value, file=file, key=where)
    if mode.liquidation_threshold and mode.liquidation_bonus <= 10_000:
        expected = "expected 10000 and the bonus, as 10100 for 1 %"
        raise ScenarioError(file=file, key=f"{where}.liquidationBonus", value=mode.liquidation_bonus, expected=expected)
    members = {}
    for side, bitmap in (("collateralBitmap", mode.collateral_bitmap), ("borrowableBitmap", mode.borrowable_bitmap)):
        if bitmap is None:
            in_mode = [address for address, reserve in reserves.items() if reserve.e_mode_category == int(key)]
            members[side] = tuple(
                address
                for address in in_mode
                if (
                    reserves[address].liquidation_threshold
                    if side == "collateralBitmap"
                    else reserves[address].borrowing_enabled
                )
            )
            continue
        unknown = [bit for bit in range(bitmap.bit_length()) if bitmap >> bit & 1 and bit not in ids]
        if unknown:
            expected = f"bit {unknown[0]} names no reserve: no reserve has this id"
            raise ScenarioError(file=file, key=f"{where}.{side}", value=str(bitmap), expected=expected)
        members[side] = tuple(address for bit, address in ids.items() if bitmap >> bit & 1)
    return int(key), ModeListing(
        mode.label,
        mode.ltv,
        mode.liquidation_threshold,
        mode.liquidation_bonus,
        members["collateralBitmap"],
        members["borrowableBitmap"],
    )
