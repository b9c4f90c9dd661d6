"""Turn the configuration snapshot of an Aave market into the lending lines of a scenario.

`lending.listing` names a snapshot in a scenario's file. The lines that it gives stand where it is named: they replace
those of the file that is extended, and keys beside the listing win over them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from cascade.errors import ScenarioError, unknown_name
from cascade.listing.snapshot import Snapshot, read_json, snapshot_of
from cascade.scenario.provenance import add_claim, drop_claims
from cascade.scenario.tree import Key, Tree, merge, set_value
from cascade.units import BPS

__all__ = [
    "MODELLED_KEYS",
    "Listed",
    "listed_as_before",
    "mapped_reserves",
    "merge_layer",
    "put_listing",
    "reserve_lines",
    "set_values",
]

_RAY_PER_BPS = 10**27 // BPS
_KEY = "lending.listing"
_STATED = ("file", "reserves", "emodes")
"""Keys of a listing that a scenario states; the others are written when it is read."""

MODELLED_KEYS = frozenset(
    {
        *("ltv", "liquidationThreshold", "liquidationBonus", "liquidationProtocolFee", "reserveFactor", "label"),
        *("supplyCap", "borrowCap", "borrowingEnabled", "usageAsCollateralEnabled"),
        *("baseVariableBorrowRate", "optimalUsageRatio", "variableRateSlope1", "variableRateSlope2"),
        *("collateralBitmap", "borrowableBitmap", "debtCeiling", "isBorrowableInIsolation", "isSiloed"),
    }
)
"""Keys of a snapshot that become lending lines."""


@dataclass(frozen=True)
class Listed:
    """A snapshot that gives the lines of a scenario, in place of one that the scenario names.

    Attributes
    ----------
    snapshot : Snapshot
        The snapshot.
    reserves : mapping of str to str
        Symbol or address of the reserve of each asset; empty goes by the symbols.
    emodes : mapping of int to int
        Mode of the snapshot by its number in the scenario; empty takes each under its own number.
    """

    snapshot: Snapshot
    reserves: Mapping[str, str] = field(default_factory=dict)
    emodes: Mapping[int, int] = field(default_factory=dict)


def listed_as_before(listed: Listed, tree: Tree) -> Listed:
    """Return a snapshot with the maps that a scenario states for its own listing, where it is given none.

    A map whose reserves or modes the snapshot lacks is one of another market, and is not taken.
    """
    own = _section(_section(tree, "lending"), "listing")
    reserves = {str(asset): str(reserve) for asset, reserve in _section(own, "reserves").items()}
    emodes = {number: mode for number, mode in _section(own, "emodes").items() if type(mode) is int}
    if listed.reserves or not set(reserves.values()) <= set(listed.snapshot.reserves):
        reserves = dict(listed.reserves)
    if listed.emodes or not set(emodes.values()) <= set(listed.snapshot.modes):
        return replace(listed, reserves=reserves)
    return replace(listed, reserves=reserves, emodes={int(number): mode for number, mode in emodes.items()})


def set_values(tree: Tree, given: Iterable[tuple[str, object]], *, folder: Path, file: str) -> None:
    """Change keys of a scenario by their dotted paths; of these, a listing is read first, so that all others win.

    Parameters
    ----------
    tree : Tree
        The scenario, which is modified.
    given : iterable
        Dotted paths and values.
    folder : Path
        Folder that a listing's file is relative to.
    file : str
        Name of the scenario's file, for messages.
    """
    changes = list(given)
    listed = [(dotted, value) for dotted, value in changes if dotted == _KEY or dotted.startswith(f"{_KEY}.")]
    if listed:
        current = _section(_section(tree, "lending"), "listing")
        layer: Tree = {"lending": {"listing": {key: current[key] for key in _STATED if key in current}}}
        for dotted, value in listed:
            set_value(layer, dotted, value)
        merge_layer(tree, layer, folder=folder, file=file)
    for dotted, value in changes:
        if (dotted, value) not in listed:
            set_value(tree, dotted, value)


def merge_layer(below: Tree, layer: Tree, *, folder: Path, file: str) -> None:
    """Change the keys of a scenario by those of another file, and by the lines of the listing that this file names.

    Parameters
    ----------
    below : Tree
        The scenario, which is modified. Its assets and its oracle say what can be listed.
    layer : Tree
        Keys of the file.
    folder : Path
        Folder that the listing's file is relative to.
    file : str
        Name of the file, for messages.

    Raises
    ------
    ScenarioError
        For a listing that cannot be read, or that does not fit the assets of the scenario.
    """
    listing = _section(layer, "lending").get("listing") if isinstance(layer.get("lending"), dict) else None
    if listing is None:
        merge(below, layer)
        return
    if not isinstance(listing, dict) or not isinstance(listing.get("file"), str):
        expected = "expected a section with the key file, the configuration snapshot of an Aave market"
        raise ScenarioError(file=file, key=_KEY, value=listing, expected=expected)
    name = str(listing["file"])
    snapshot = snapshot_of(read_json(folder / name), file=Path(name).name)
    stated = listing.get("reserves") or {}
    if not isinstance(stated, dict):
        expected = "expected a map of assets to symbols or addresses of reserves"
        raise ScenarioError(file=file, key=f"{_KEY}.reserves", value=stated, expected=expected)
    modes = listing.get("emodes") or {}
    if not isinstance(modes, dict) or not all(type(number) is int for pair in modes.items() for number in pair):
        expected = "expected a map of numbers of modes in the scenario to numbers in the snapshot"
        raise ScenarioError(file=file, key=f"{_KEY}.emodes", value=modes, expected=expected)
    reserves = {str(asset): str(reserve) for asset, reserve in stated.items()}
    emodes = {int(number): int(str(mode)) for number, mode in modes.items()}
    put_listing(below, Listed(snapshot, reserves, emodes), named=name, file=file, layer=layer)


def put_listing(below: Tree, listed: Listed, *, named: str, file: str, layer: Tree | None = None) -> None:
    """Replace the lending lines of a scenario by those of a snapshot.

    Parameters
    ----------
    below : Tree
        The scenario, which is modified.
    listed : Listed
        The snapshot.
    named : str
        Path of its file, for the record in the scenario.
    file : str
        Name of the scenario's file, for messages.
    layer : Tree, optional
        Keys that win over the lines of the snapshot.

    Raises
    ------
    ScenarioError
        When the snapshot does not fit the assets of the scenario.
    """
    layer, snapshot = layer or {}, listed.snapshot
    unknown = next((number for number in listed.emodes.values() if number not in snapshot.modes), None)
    if unknown is not None:
        expected = f"{snapshot.file} has no such mode; it has {', '.join(map(str, snapshot.modes)) or 'none'}"
        raise ScenarioError(file=file, key=f"{_KEY}.emodes", value=unknown, expected=expected)
    assets = {**_section(below, "assets"), **_section(layer, "assets")}
    priced = {**_section(below, "oracle"), **_section(layer, "oracle")}
    reserves = mapped_reserves(
        snapshot,
        listed.reserves,
        decimals={str(asset): _decimals(section) for asset, section in assets.items()},
        priced=[str(asset) for asset in priced],
        file=file,
    )
    emodes = listed.emodes or {number: number for number in snapshot.modes}
    _replace_lines(below, snapshot, reserves, emodes)
    merge(below, layer)
    # Keys that nobody knows stay, so that validation refuses them.
    own = _section(_section(layer, "lending"), "listing")
    record: Tree = {
        **own,
        "file": named,
        "reserves": dict(reserves),
        "emodes": dict(listed.emodes),
        "not_modelled": list(_not_modelled(snapshot, reserves)),
    }
    set_value(below, _KEY, record)
    listed_keys = [f"lending.reserves.{asset}" for asset in reserves]
    drop_claims(below, [*listed_keys, "lending.emodes"], but=".lenders_supply")
    keys = [f"{path}.{key}" for path in listed_keys for key in _lines_of(below, path)]
    keys += ["lending.emodes"] if _section(_section(below, "lending"), "emodes") else []
    add_claim(below, source=f"configuration snapshot {snapshot.file}", keys=keys)


def _section(tree: object, key: Key) -> Tree:
    """Return a section of a tree; empty where it is missing or no section, which validation refuses later."""
    found = tree.get(key) if isinstance(tree, dict) else None
    return found if isinstance(found, dict) else {}


def _decimals(asset: object) -> int:
    found = _section({"asset": asset}, "asset").get("decimals", 18)
    return found if isinstance(found, int) else 18


def mapped_reserves(
    snapshot: Snapshot, stated: Mapping[str, str], *, decimals: Mapping[str, int], priced: Iterable[str], file: str
) -> dict[str, str]:
    """Return the address of the reserve of each asset that a scenario lists.

    Parameters
    ----------
    snapshot : Snapshot
        The listing.
    stated : mapping of str to str
        Symbol or address of a reserve by asset; empty takes every asset with a price source whose symbol a reserve
        has.
    decimals : mapping of str to int
        Decimals of the scenario's assets.
    priced : iterable of str
        Assets that have a price source.
    file : str
        Name of the scenario's file, for messages.

    Raises
    ------
    ScenarioError
        For an asset or a reserve that is not there, a symbol that two reserves have, decimals that differ, and a
        reserve that is not active or has no rate strategy.
    """
    by_symbol: dict[str, list[str]] = {}
    for address, reserve in snapshot.reserves.items():
        by_symbol.setdefault(reserve.symbol, []).append(address)
    wanted = stated or {asset: asset for asset in priced if asset in by_symbol and asset in decimals}
    if not wanted:
        expected = (
            f"no reserve of {snapshot.file} has the symbol of an asset with a price source: state {_KEY}.reserves"
        )
        raise ScenarioError(file=file, key=_KEY, value=None, expected=expected)
    found: dict[str, str] = {}
    for asset, reserve_name in wanted.items():
        key = f"{_KEY}.reserves.{asset}"
        if asset not in decimals:
            expected = unknown_name("asset", asset, decimals, holder="assets")
            raise ScenarioError(file=file, key=f"{_KEY}.reserves", value=asset, expected=expected)
        places = by_symbol.get(reserve_name, [])
        if reserve_name.lower() in snapshot.reserves:
            places = [reserve_name.lower()]
        if not places:
            expected = unknown_name("reserve", reserve_name, by_symbol, holder=snapshot.file)
            raise ScenarioError(file=file, key=key, value=reserve_name, expected=expected)
        if len(places) > 1:
            expected = f"{len(places)} reserves of {snapshot.file} have this symbol: state the address"
            raise ScenarioError(file=file, key=key, value=reserve_name, expected=expected)
        _require_usable(snapshot, places[0], asset, decimals[asset], file=file)
        found[asset] = places[0]
    return found


def _require_usable(snapshot: Snapshot, address: str, asset: str, decimals: int, *, file: str) -> None:
    reserve = snapshot.reserves[address]
    if reserve.decimals != decimals:
        expected = f"expected {reserve.decimals}, as {snapshot.file} has for {reserve.symbol}"
        raise ScenarioError(file=file, key=f"assets.{asset}.decimals", value=decimals, expected=expected)
    key = f"reserves.{address}"
    if not reserve.is_active:
        expected = f"{reserve.symbol} is not active: nobody can supply or borrow it"
        raise ScenarioError(file=snapshot.file, key=f"{key}.isActive", value=False, expected=expected)
    if address not in snapshot.rates:
        expected = (
            f"{reserve.symbol} has no rate strategy in the file, neither by its own nor by the strategy's address"
        )
        raise ScenarioError(file=snapshot.file, key="strategies", value=address, expected=expected)


def reserve_lines(snapshot: Snapshot, address: str) -> Tree:
    """Return the section of `lending.reserves` that a reserve of a snapshot stands for, without what lenders supply.

    Raises
    ------
    ScenarioError
        For a rate that is no whole number of 1e-4.
    """
    reserve, rate = snapshot.reserves[address], snapshot.rates[address]
    rates: Tree = {}
    for key, name, ray in (
        ("optimal_usage_bps", "optimalUsageRatio", rate.optimal_usage_ratio),
        ("base_bps", "baseVariableBorrowRate", rate.base_variable_borrow_rate),
        ("slope1_bps", "variableRateSlope1", rate.variable_rate_slope1),
        ("slope2_bps", "variableRateSlope2", rate.variable_rate_slope2),
    ):
        if ray % _RAY_PER_BPS:
            expected = "expected a multiple of 1e23: the pool has rates in 1e-4"
            raise ScenarioError(
                file=snapshot.file, key=f"strategies.{address}.{name}", value=str(ray), expected=expected
            )
        rates[key] = ray // _RAY_PER_BPS
    return {
        "ltv_bps": reserve.ltv,
        "liquidation_threshold_bps": reserve.liquidation_threshold,
        "liquidation_bonus_bps": reserve.liquidation_bonus - BPS if reserve.liquidation_threshold else 0,
        "liquidation_protocol_fee_bps": reserve.liquidation_protocol_fee,
        "reserve_factor_bps": reserve.reserve_factor,
        "borrowing": reserve.borrowing_enabled,
        "supply_cap": reserve.supply_cap,
        "borrow_cap": reserve.borrow_cap,
        "debt_ceiling_usd": Decimal(reserve.debt_ceiling).scaleb(-2),
        "borrowable_in_isolation": reserve.is_borrowable_in_isolation,
        "siloed_borrowing": reserve.is_siloed,
        "rate": rates,
    }


def _mode_lines(snapshot: Snapshot, reserves: Mapping[str, str], emodes: Mapping[int, int]) -> Tree:
    """Return the section `lending.emodes`: the modes in which an asset of the scenario can back a debt of another."""
    modes: Tree = {}
    for number, mode in ((number, snapshot.modes[of_snapshot]) for number, of_snapshot in emodes.items()):
        collateral, borrowable = (
            [asset for asset, address in reserves.items() if address in members]
            for members in (mode.collateral, mode.borrowable)
        )
        if collateral and borrowable:
            modes[number] = {
                "label": mode.label,
                "ltv_bps": mode.ltv,
                "liquidation_threshold_bps": mode.threshold,
                "liquidation_bonus_bps": mode.bonus - BPS,
                "collateral": collateral,
                "borrowable": borrowable,
            }
    return modes


def _not_modelled(snapshot: Snapshot, reserves: Mapping[str, str]) -> list[str]:
    """Return what the listing says of the scenario's reserves, and the pool of a run does not do."""
    notes = []
    for asset, address in reserves.items():
        reserve = snapshot.reserves[address]
        for is_there, what in (
            (reserve.is_frozen, "isFrozen (the reserve is open in the run)"),
            (reserve.is_paused, "isPaused (the reserve is open in the run)"),
            (not reserve.is_flashloanable, "isFlashloanable false (flash loans are open in the run)"),
        ):
            if is_there:
                notes.append(f"{asset}: {what}")
    return notes


def _replace_lines(below: Tree, snapshot: Snapshot, reserves: Mapping[str, str], emodes: Mapping[int, int]) -> None:
    """Put the lines of a listing in the place of those that a scenario has for the same assets, and all modes."""
    for asset, address in reserves.items():
        for key, value in reserve_lines(snapshot, address).items():
            set_value(below, f"lending.reserves.{asset}.{key}", value)
    set_value(below, "lending.emodes", _mode_lines(snapshot, reserves, emodes))


def _lines_of(tree: Tree, path: str) -> list[str]:
    """Return the keys of a reserve that a listing gives, which is all of them but for what lenders supply."""
    section: object = tree
    for part in path.split("."):
        section = _section(section, part)
    return [str(key) for key in section if key != "lenders_supply"] if isinstance(section, dict) else []
