"""What can be said of a run before anything is started: does the money suffice, can the shock breach anyone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from cascade.errors import ScenarioError
from cascade.positions.plan import PositionPlan, borrowing_lines_bps
from cascade.scenario.load import Scenario
from cascade.scenario.model import MarketPosterSpec, ParMintVenue, PathPosterSpec, PostedOracle, SameAsOracle
from cascade.scenario.sources import initial_price_usd

__all__ = ["check_liquidity", "check_shock", "oracle_price_path_e8"]


def check_liquidity(scenario: Scenario, plans: Sequence[PositionPlan]) -> None:
    """Refuse a build that borrows more than lenders supply, or swaps more than a venue holds.

    Raises
    ------
    ScenarioError
        Naming the amount that is too small and the amount needed.
    """
    spec = scenario.spec
    debts: dict[str, Decimal] = defaultdict(Decimal)
    bought: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    lent = Decimal(0)
    for plan in plans:
        cohort = spec.positions[plan.cohort]
        equity = Decimal(plan.equity_raw) / 10 ** spec.assets[cohort.collateral].decimals
        collateral_price, debt_price = (
            initial_price_usd(scenario.spec, asset) for asset in (cohort.collateral, cohort.debt)
        )
        looped = equity * Decimal(plan.leverage - 1)
        debts[cohort.debt] += looped * collateral_price / debt_price
        if plan.pledge is not None and plan.pledge.line is not None:
            lent += Decimal(plan.pledge.debt_raw) / 10 ** spec.assets[cohort.debt].decimals
        elif plan.pledge is not None:
            debts[cohort.debt] += Decimal(plan.pledge.debt_raw) / 10 ** spec.assets[cohort.debt].decimals
        bought[cohort.venue, cohort.collateral] += looped
    for asset, debt in debts.items():
        supplied = spec.lending.reserves[asset].lenders_supply
        if debt > supplied:
            raise ScenarioError(
                file=scenario.file,
                key=f"lending.reserves.{asset}.lenders_supply",
                value=_whole(supplied),
                expected=f"the positions borrow {_whole(debt)} {asset}: supply more, or build fewer",
            )
    desk = spec.exchange.desk if spec.exchange is not None else None
    if desk is not None and lent > desk.capital:
        raise ScenarioError(
            file=scenario.file,
            key="exchange.desk.capital",
            value=_whole(desk.capital),
            expected=f"the positions borrow {_whole(lent)} of the desk: give it more, or build fewer",
        )
    for (name, asset), amount in bought.items():
        venue = spec.venues[name]
        if not isinstance(venue, ParMintVenue) and amount > venue.reserves[asset]:
            raise ScenarioError(
                file=scenario.file,
                key=f"venues.{name}.reserves.{asset}",
                value=_whole(venue.reserves[asset]),
                expected=f"the loops buy {_whole(amount)} {asset} there, which would drain the pool",
            )


def check_shock(scenario: Scenario, plans: Sequence[PositionPlan]) -> str | None:
    """Whether the oracle's path can take any position under a health factor of 1.

    Returns
    -------
    str or None
        A sentence saying that no position can be breached, where none can and the scenario expects none. None also
        where a market has a say in the oracle: what it does is the run's result.

    Raises
    ------
    ScenarioError
        When none can and the scenario expects liquidations.
    """
    spec = scenario.spec
    weakest: tuple[float, str, str] | None = None
    pairs = {(cohort.collateral, cohort.debt): None for cohort in spec.positions.values()}
    if not all(_follows_the_path(scenario, asset) for pair in pairs for asset in pair):
        return None
    lows = {pair: oracle_ratio_low(scenario, *pair) for pair in pairs}
    for plan in plans:
        if plan.ltv_ppm == 0 or plan.rounds == 0:
            continue
        cohort = spec.positions[plan.cohort]
        leverage = plan.leverage
        _, threshold_bps = borrowing_lines_bps(spec, cohort)
        health = threshold_bps / 10_000 * leverage / (leverage - 1)
        ratio, at = lows[cohort.collateral, cohort.debt]
        if weakest is None or health * ratio < weakest[0]:
            weakest = (health * ratio, plan.borrower, at)
    if weakest is None or weakest[0] >= 1:
        what = (
            "no position has debt"
            if weakest is None
            else (
                f"the oracle's path takes no position under a health factor of 1: the weakest, {weakest[1]}, "
                f"stays at {weakest[0]:.4f} at {weakest[2]}"
            )
        )
        if spec.expect.liquidations == "none":
            return what
        raise ScenarioError(
            file=scenario.file,
            key="expect.liquidations",
            value=spec.expect.liquidations,
            expected=f"{what}; deepen the path, raise the leverage, or expect none",
        )
    return None


def oracle_ratio_low(scenario: Scenario, collateral: str, debt: str) -> tuple[float, str]:
    """Lowest price of the collateral in units of the debt, against the first, and its time (UTC)."""
    left, right = oracle_price_path_e8(scenario, collateral), oracle_price_path_e8(scenario, debt)
    start = initial_price_usd(scenario.spec, collateral) / initial_price_usd(scenario.spec, debt)
    low, at = min((Decimal(a) / b, i) for i, (a, b) in enumerate(zip(left, right, strict=True)))
    timeline = scenario.spec.timeline
    moment = datetime.fromtimestamp(timeline.time_of(at), UTC)
    return float(low / start), moment.strftime("%H:%M:%S")


def oracle_price_path_e8(scenario: Scenario, asset: str) -> list[int]:
    """What the pool's oracle will say of an asset at each step, where no market has a say in it.

    Returns
    -------
    list of int
        Dollars with 8 decimals, one a step.
    """
    source = _feed_asset(scenario, asset)
    timeline = scenario.spec.timeline
    posted = any(
        isinstance(agent, PathPosterSpec) and source in agent.assets for agent in scenario.spec.agents.values()
    )
    if not posted:
        return [int(initial_price_usd(scenario.spec, source) * 10**8)] * timeline.steps
    return [scenario.path.price_e8(source, timeline.time_of(step)) for step in range(timeline.steps)]


def _feed_asset(scenario: Scenario, asset: str) -> str:
    oracle = scenario.spec.oracle[asset]
    return _feed_asset(scenario, oracle.asset) if isinstance(oracle, SameAsOracle) else asset


def _follows_the_path(scenario: Scenario, asset: str) -> bool:
    """Whether the source of an asset is a feed, or a peg to one, that nothing but the path moves."""
    source = _feed_asset(scenario, asset)
    market = [agent.asset for agent in scenario.spec.agents.values() if isinstance(agent, MarketPosterSpec)]
    return isinstance(scenario.spec.oracle[source], PostedOracle) and source not in market


def _whole(amount: Decimal) -> int:
    return int(amount)
