"""Judge an account as the lending pool would, in its integers, before there is a pool.

While accounts are built the pool lends up to the liquidation threshold (see `scenario_to_build`), as a real account
may have borrowed when prices were better: what decides is the health factor. The pool covers a debt at the average LTV
of an account, which it rounds down to 1e-4, so that a health factor that exceeds 1 by less is refused as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cascade.account_files import Account, Holding
from cascade.scenario.model import LendingSpec
from cascade.units import BPS, NO_DEBT_WAD, PPM, WAD, value_e8_down, value_e8_up
from cascade.vocabulary import Obstacle

__all__ = ["Market", "Worth", "isolated_collateral", "ltv_of", "obstacle_of", "threshold_bps", "worth_of"]

_UNITS_LOST = 2
"""Smallest units by which a balance may differ from the amount supplied or borrowed, once indexes have grown: scaled
amounts round once when they are written and once when they are read."""


@dataclass(frozen=True)
class Market:
    """What the pool knows of its reserves when accounts are built.

    Attributes
    ----------
    prices_e8 : mapping of str to int
        Dollars with 8 decimals, by asset.
    decimals : mapping of str to int
        Decimals of each asset.
    """

    lending: LendingSpec
    prices_e8: Mapping[str, int]
    decimals: Mapping[str, int]


@dataclass(frozen=True)
class Worth:
    """An account in dollars with 8 decimals, rounded as the pool does: what is owned down, what is owed up."""

    supplied_e8: int
    """All that it supplied."""
    collateral_e8: int
    """The part that secures its debt."""
    debt_e8: int
    health_factor_wad: int
    """2^256 - 1 without debt."""
    average_threshold_bps: int
    """Average liquidation threshold of the collateral, rounded down."""

    @property
    def covers_debt(self) -> bool:
        """Whether the collateral covers the debt at the average threshold, rounded as the pool rounds it."""
        average = self.average_threshold_bps
        return not self.debt_e8 or (average > 0 and self.collateral_e8 >= -(-self.debt_e8 * BPS // average))


def threshold_bps(lending: LendingSpec, holding: Holding, emode: int) -> int:
    """Return the liquidation threshold of what an account supplied, in 1e-4; 0 where it secures no debt."""
    if not holding.supplied_raw or not holding.is_collateral:
        return 0
    mode = lending.emodes.get(emode)
    if mode is not None and holding.asset in mode.collateral:
        return mode.liquidation_threshold_bps
    return lending.reserves[holding.asset].liquidation_threshold_bps


def worth_of(account: Account, market: Market, *, units_lost: int = 0) -> Worth:
    """Return the value and the health factor of an account.

    Parameters
    ----------
    units_lost : int
        Smallest units by which each supply is taken to be smaller, and each debt larger.
    """
    supplied = collateral = debt = weighted = 0
    for holding in account.holdings:
        price, decimals = market.prices_e8[holding.asset], market.decimals[holding.asset]
        value = value_e8_down(max(0, holding.supplied_raw - units_lost), price, decimals)
        threshold = threshold_bps(market.lending, holding, account.emode)
        supplied += value
        collateral += value if threshold else 0
        weighted += value * threshold
        if holding.borrowed_raw:
            debt += value_e8_up(holding.borrowed_raw + units_lost, price, decimals)
    return Worth(
        supplied_e8=supplied,
        collateral_e8=collateral,
        debt_e8=debt,
        health_factor_wad=(weighted * WAD + debt // 2) // debt // BPS if debt else NO_DEBT_WAD,
        average_threshold_bps=weighted // collateral if collateral else 0,
    )


def ltv_of(account: Account, market: Market) -> tuple[int, int]:
    """Return the debt of an account over its collateral, in millionths, and what the pool lends on it, in 1e-4.

    The second is the average LTV of its collaterals, rounded down as the pool rounds it; both are 0 without collateral.
    """
    worth, weighted = worth_of(account, market), 0
    for holding in account.holdings:
        if threshold_bps(market.lending, holding, account.emode):
            price, decimals = market.prices_e8[holding.asset], market.decimals[holding.asset]
            weighted += value_e8_down(holding.supplied_raw, price, decimals) * _ltv_bps(
                market.lending, holding, account
            )
    if not worth.collateral_e8:
        return 0, 0
    return worth.debt_e8 * PPM // worth.collateral_e8, weighted // worth.collateral_e8


def _ltv_bps(lending: LendingSpec, holding: Holding, account: Account) -> int:
    mode = lending.emodes.get(account.emode)
    return (
        mode.ltv_bps
        if mode is not None and holding.asset in mode.collateral
        else lending.reserves[holding.asset].ltv_bps
    )


def obstacle_of(account: Account, market: Market) -> tuple[Obstacle, str] | None:
    """Return why the pool would refuse an account, in a word and in words; None where it takes it.

    Caps are not judged here: they depend on the accounts before.
    """
    lending = market.lending
    if account.left_out:
        return Obstacle.ASSET_LEFT_OUT, f"holds {', '.join(account.left_out)}, which the scenario leaves out"
    mode = lending.emodes.get(account.emode)
    if account.emode and mode is None:
        return Obstacle.MODE_UNKNOWN, f"is in mode {account.emode}, which lending.emodes lacks"
    for holding in account.holdings:
        if not holding.borrowed_raw:
            continue
        if mode is not None and holding.asset not in mode.borrowable:
            return Obstacle.MODE_WITHOUT_DEBT, f"owes {holding.asset}, which mode {account.emode} does not lend"
        if mode is None and not lending.reserves[holding.asset].borrowing:
            return Obstacle.BORROWING_OFF, f"owes {holding.asset}, whose borrowing is off"
    restricted = _restriction(account, lending)
    if restricted is not None:
        return restricted
    stated = worth_of(account, market)
    if stated.debt_e8 and not stated.collateral_e8:
        return Obstacle.NO_COLLATERAL, "owes, and nothing that it supplied is collateral"
    if stated.health_factor_wad < WAD:
        return Obstacle.HEALTH_FACTOR, f"health factor {_four_digits(stated.health_factor_wad)} is under 1"
    strict = worth_of(account, market, units_lost=_UNITS_LOST)
    if strict.health_factor_wad < WAD or not strict.covers_debt:
        average = strict.average_threshold_bps / 100
        return (
            Obstacle.LTV_ROUNDED,
            f"health factor {stated.health_factor_wad / WAD:.6f} is too near 1 for the pool's rounded average, "
            f"{average:.2f} %",
        )
    return None


def isolated_collateral(account: Account, lending: LendingSpec) -> str | None:
    """Return the isolated collateral of an account; None where it has none."""
    secures = [h.asset for h in account.holdings if threshold_bps(lending, h, account.emode)]
    return next((asset for asset in secures if lending.reserves[asset].debt_ceiling_usd), None)


def _restriction(account: Account, lending: LendingSpec) -> tuple[Obstacle, str] | None:
    """Return why isolation mode or siloed borrowing forbids an account; None where neither does."""
    isolated = isolated_collateral(account, lending)
    owed = [holding.asset for holding in account.holdings if holding.borrowed_raw]
    if isolated is not None:
        secures = [h.asset for h in account.holdings if threshold_bps(lending, h, account.emode)]
        if len(secures) > 1:
            other = next(asset for asset in secures if asset != isolated)
            return Obstacle.ISOLATION, f"has {other} as collateral beside {isolated}, which is isolated collateral"
        for asset in owed:
            if not lending.reserves[asset].borrowable_in_isolation:
                return Obstacle.ISOLATION, f"owes {asset}, which is not lent against isolated collateral ({isolated})"
    siloed = next((asset for asset in owed if lending.reserves[asset].siloed_borrowing), None)
    if siloed is not None and len(owed) > 1:
        return Obstacle.SILOED, f"owes {siloed}, which is siloed, beside {next(a for a in owed if a != siloed)}"
    return None


def _four_digits(health_wad: int) -> str:
    """Return a health factor rounded down, so that one under 1 is never shown as 1."""
    return f"{health_wad * BPS // WAD / BPS:.4f}"
