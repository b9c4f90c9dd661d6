"""Check assets and their price sources."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from itertools import pairwise

from cascade.errors import ScenarioError
from cascade.prices.path import PricePoint, iso_time
from cascade.scenario.model import AssetKind, Case, OracleBase, PostedOracle
from cascade.scenario.sources import assets_read, initial_price_usd, sources_of

__all__ = ["check_assets", "check_designs", "check_oracles", "check_path"]

_MOST_TIMES = 100
"""Most by which a price may exceed, or be exceeded by, the price that it follows."""

_SCALES = {
    8: "a Chainlink answer has 8 decimals",
    18: "a price with 18 decimals",
    6: "a price in units of a stable with 6 decimals",
    2: "a price in cents",
}
"""What integers of so many decimals usually are."""


def check_assets(case: Case) -> None:
    """Refuse tokens that convert to an asset that is not there, or that a vault of USDe does not hold."""
    for symbol, asset in case.spec.assets.items():
        if asset.of is not None:
            case.require_asset(f"assets.{symbol}.of", asset.of)
            if case.spec.assets[asset.of].underlying is not None:
                case.refuse(f"assets.{symbol}.of", asset.of, "expected an asset of kind erc20 or usde")
        if asset.stakes is not None:
            case.require_asset(f"assets.{symbol}.stakes", asset.stakes)
            if case.spec.assets[asset.stakes].kind is not AssetKind.USDE:
                case.refuse(f"assets.{symbol}.stakes", asset.stakes, "expected an asset of kind usde")


def check_oracles(case: Case) -> None:
    """Refuse price sources that read what is not there, or each other in a circle."""
    for asset, source in case.spec.oracle.items():
        case.require_asset(f"oracle.{asset}", asset)
        _check_source(case, f"oracle.{asset}", asset, source)
    for asset in case.spec.oracle:
        _require_acyclic(case, asset, ())


def check_path(case: Case) -> None:
    """Refuse prices that cannot be dollars, unless the scenario says that they are meant."""
    for asset in case.spec.prices.unchecked:
        if asset not in case.path.points:
            known = ", ".join(case.path.points)
            case.refuse("prices.unchecked", asset, f"expected an asset of the price path: {known}")
    for asset, points in case.path.points.items():
        if asset in case.spec.prices.unchecked:
            continue
        if asset in case.spec.oracle:
            start = initial_price_usd(case.spec, asset)
            _require_near(case, asset, points[0], start, "the price of the oracle before the crash")
        for left, right in pairwise(points):
            _require_near(case, asset, right, Decimal(left.price_e8).scaleb(-8), "the price before it")


def _require_near(case: Case, asset: str, point: PricePoint, before: Decimal, what: str) -> None:
    price = Decimal(point.price_e8).scaleb(-8)
    if before / _MOST_TIMES <= price <= before * _MOST_TIMES:
        return
    expected = f"expected dollars within {_MOST_TIMES} times of {before.normalize():f}, {what}"
    for decimals, meaning in _SCALES.items():
        if before / 2 <= price.scaleb(-decimals) <= before * 2:
            expected += f" ({meaning}: divide by 1e{decimals})"
            break
    raise ScenarioError(
        file=case.path.file_of(asset),
        key=f"{asset} at {iso_time(point.timestamp)}",
        value=f"{price.normalize():f}",
        expected=f"{expected}; if it is meant, add {asset} to prices.unchecked",
    )


def check_designs(case: Case, designs: Mapping[str, Mapping[str, OracleBase]]) -> None:
    """Refuse oracle designs of the comparison that price other assets, or read what is not there."""
    for name, design in designs.items():
        for asset, source in design.items():
            key = f"oracle_comparison.designs.{name}.{asset}"
            if asset not in case.spec.oracle:
                case.refuse(key, asset, f"expected an asset of oracle: {', '.join(case.spec.oracle)}")
            _check_source(case, key, asset, source)


def _check_source(case: Case, key: str, asset: str, source: OracleBase) -> None:
    posted = [part for part in sources_of(source) if isinstance(part, PostedOracle)]
    if len(posted) > 1:
        case.refuse(key, "posted", "a source may hold one posted feed: an agent posts by the asset's name")
    for part in sources_of(source):
        part.check(case, key, asset)


def _require_acyclic(case: Case, asset: str, above: tuple[str, ...]) -> None:
    """Refuse a circle of sources; `above` holds the assets whose sources led to this one."""
    if asset in above:
        circle = " -> ".join((*above[above.index(asset) :], asset))
        case.refuse(f"oracle.{above[-1]}", asset, f"price sources form a cycle: {circle}")
    # Sources of other assets count as well: a circle can pass through several of them.
    for other in assets_read(case.spec, case.spec.oracle[asset]):
        _require_acyclic(case, other, (*above, asset))
