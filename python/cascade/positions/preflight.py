"""Judge a run before anything is started: whether liquidity suffices, and whether the shock can breach anyone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np

from cascade.account_files import Account
from cascade.errors import ScenarioError
from cascade.positions.accounts.plan import AccountsPlan
from cascade.positions.accounts.pool_rules import threshold_bps
from cascade.positions.plan import DeskPledge, PositionPlan, borrowing_lines_bps
from cascade.scenario.load import Scenario
from cascade.scenario.model import KeeperSpec, PostedOracle, SameAsOracle
from cascade.scenario.sources import initial_price_usd
from cascade.units import BPS, E8, to_tokens
from cascade.vocabulary import AccountStatus

__all__ = ["check_liquidity", "check_shock", "note_unreached", "oracle_price_path_e8"]


def check_liquidity(scenario: Scenario, plans: Sequence[PositionPlan], accounts: AccountsPlan | None = None) -> None:
    """Refuse positions that borrow more than lenders supply, or swap more than a venue holds.

    Parameters
    ----------
    accounts : AccountsPlan, optional
        Accounts of a file, which leave to the loops what they do not borrow themselves.

    Raises
    ------
    ScenarioError
        Naming the amount that is too small and the amount needed.
    """
    spec = scenario.spec
    of_pool: dict[str, Decimal] = defaultdict(Decimal)
    bought: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    isolated: dict[str, Decimal] = defaultdict(Decimal)
    of_desk = Decimal(0)
    for plan in plans:
        cohort = spec.cohorts[plan.cohort]
        equity = Decimal(plan.equity_raw) / 10 ** spec.assets[cohort.collateral].decimals
        collateral_price, debt_price = (initial_price_usd(spec, asset) for asset in (cohort.collateral, cohort.debt))
        looped = equity * Decimal(plan.leverage - 1)
        of_pool[cohort.debt] += looped * collateral_price / debt_price
        isolated[cohort.collateral] += looped * collateral_price / debt_price
        bought[cohort.venue, cohort.collateral] += looped
        if plan.pledge is not None:
            first_layer = Decimal(plan.pledge.debt_raw) / 10 ** spec.assets[cohort.debt].decimals
            if isinstance(plan.pledge, DeskPledge):
                of_desk += first_layer
            else:
                of_pool[cohort.debt] += first_layer
                isolated[plan.pledge.asset] += first_layer
    _require_under_ceilings(scenario, isolated)
    _require_lent(scenario, of_pool, of_desk, accounts or AccountsPlan())
    for (name, asset), amount in bought.items():
        stock = spec.venues[name].stock_of(asset)
        if stock is not None and amount > stock:
            raise ScenarioError(
                file=scenario.file,
                key=f"venues.{name}.reserves.{asset}",
                value=int(stock),
                expected=f"the loops buy {int(amount)} {asset} there, which would drain the pool",
            )


def _require_under_ceilings(scenario: Scenario, debts: Mapping[str, Decimal]) -> None:
    """Refuse loops that owe more against isolated collateral, in tokens by its asset, than its debt ceiling."""
    for asset, debt in debts.items():
        ceiling = scenario.spec.lending.reserves[asset].debt_ceiling_usd
        if ceiling and debt > ceiling:
            raise ScenarioError(
                file=scenario.file,
                key=f"lending.reserves.{asset}.debt_ceiling_usd",
                value=int(ceiling),
                expected=f"the positions borrow {int(debt)} against {asset}: raise the ceiling, or build fewer",
            )


def _require_lent(scenario: Scenario, of_pool: Mapping[str, Decimal], of_desk: Decimal, accounts: AccountsPlan) -> None:
    """Refuse debts, in tokens, that exceed what lenders have supplied to the pool, or what the desk has."""
    spec = scenario.spec
    left_raw = accounts.supplied_raw()
    left_raw.subtract(accounts.borrowed_raw())
    for asset, debt in of_pool.items():
        left = to_tokens(left_raw[asset], spec.assets[asset].decimals)
        supplied = spec.lending.reserves[asset].lenders_supply + left
        if debt > supplied:
            raise ScenarioError(
                file=scenario.file,
                key=f"lending.reserves.{asset}.lenders_supply",
                value=int(supplied),
                expected=f"the positions borrow {int(debt)} {asset}: supply more, or build fewer",
            )
    desk = spec.exchange.desk if spec.exchange is not None else None
    if desk is not None and of_desk > desk.capital:
        raise ScenarioError(
            file=scenario.file,
            key="exchange.desk.capital",
            value=int(desk.capital),
            expected=f"the positions borrow {int(of_desk)} from the desk: give it more, or build fewer",
        )


@dataclass(frozen=True)
class _Weakest:
    """The position whose health factor falls lowest on the oracle's path."""

    borrower: str
    health_factor: float
    at: str
    """Time of the low (UTC)."""


def check_shock(scenario: Scenario, plans: Sequence[PositionPlan], accounts: AccountsPlan | None = None) -> str | None:
    """Check whether the oracle's path can take any position below a health factor of 1.

    Returns
    -------
    str or None
        A sentence saying that no position can be breached, where that is so and the scenario expects no liquidation.
        None where some position can be breached, and where a market moves the oracle: only the run itself shows what
        that market does.

    Raises
    ------
    ScenarioError
        When no position can be breached and the scenario expects liquidations.
    """
    spec, borrowers = scenario.spec, accounts.borrowers if accounts is not None else []
    pairs = dict.fromkeys((cohort.collateral, cohort.debt) for cohort in spec.cohorts.values())
    held = {holding.asset: None for account in borrowers for holding in account.holdings}
    if not all(_follows_the_path(scenario, asset) for asset in [*held, *(asset for pair in pairs for asset in pair)]):
        return None
    weakest = _weakest(scenario, plans, {pair: oracle_ratio_low(scenario, *pair) for pair in pairs})
    if borrowers:
        account = _weakest_account(scenario, borrowers, list(held))
        if weakest is None or account.health_factor < weakest.health_factor:
            weakest = account
    if weakest is None:
        what = "no position has debt"
    elif weakest.health_factor >= 1:
        what = (
            f"the oracle's path takes no position below a health factor of 1: the weakest, {weakest.borrower}, "
            f"stays at {weakest.health_factor:.4f} at {weakest.at}"
        )
    else:
        return None
    if spec.expect.liquidations == "none":
        return what
    raise ScenarioError(
        file=scenario.file,
        key="expect.liquidations",
        value=spec.expect.liquidations,
        expected=f"{what}; deepen the path, raise the leverage, or expect none",
    )


def _weakest(
    scenario: Scenario, plans: Sequence[PositionPlan], lows: Mapping[tuple[str, str], tuple[float, str]]
) -> _Weakest | None:
    """Return the position with the lowest health factor; None where no position has debt.

    Parameters
    ----------
    lows : mapping
        Lowest price ratio and its time, by collateral and debt, as `oracle_ratio_low` returns them.
    """
    weakest: _Weakest | None = None
    for plan in plans:
        if plan.ltv_ppm == 0 or plan.rounds == 0:
            continue
        cohort = scenario.spec.cohorts[plan.cohort]
        _, threshold_bps = borrowing_lines_bps(scenario.spec, cohort)
        # Collateral over debt is leverage / (leverage - 1), before any price moves.
        health = threshold_bps / BPS * plan.leverage / (plan.leverage - 1)
        ratio, at = lows[cohort.collateral, cohort.debt]
        if weakest is None or health * ratio < weakest.health_factor:
            weakest = _Weakest(plan.borrower, health * ratio, at)
    return weakest


def note_unreached(scenario: Scenario, accounts: AccountsPlan) -> str | None:
    """Return a sentence on accounts that no keeper of the scenario could liquidate; None where there are none.

    A keeper with an inventory takes every pair; one with flash loans needs an exit that pays the debt for a collateral
    of the account. Agents of the user's own are not asked.
    """
    spec = scenario.spec
    keepers = [agent for agent in spec.agents.values() if isinstance(agent, KeeperSpec)]
    if not keepers or any(keeper.funding == "inventory" for keeper in keepers):
        return None
    sold = {spec.venues[name].pair for keeper in keepers for name in keeper.exits}
    unreached, debts, debt_e8 = 0, dict[str, None](), 0
    for planned in accounts.planned:
        account = planned.account
        owed = [holding.asset for holding in account.holdings if holding.borrowed_raw]
        secured = [h.asset for h in account.holdings if threshold_bps(spec.lending, h, account.emode)]
        is_built = planned.status is AccountStatus.BUILT
        if is_built and owed and not any((debt, collateral) in sold for debt in owed for collateral in secured):
            unreached, debt_e8 = unreached + 1, debt_e8 + planned.worth.debt_e8
            debts |= dict.fromkeys(owed)
    if not unreached:
        return None
    return (
        f"accounts that no keeper can liquidate: {unreached:,}, with {debt_e8 // E8:,} dollars of debt: no exit pays "
        f"{' or '.join(debts)} for their collateral, and none has an inventory"
    )


def _weakest_account(scenario: Scenario, borrowers: Sequence[Account], assets: Sequence[str]) -> _Weakest:
    """Return the account of a file whose health factor falls lowest, with balances as the file states them."""
    spec, at = scenario.spec, {asset: i for i, asset in enumerate(assets)}
    prices = np.array([oracle_price_path_e8(scenario, asset) for asset in assets], dtype=np.float64)
    secured, owed = np.zeros((2, len(borrowers), len(assets)))
    for row, account in enumerate(borrowers):
        for holding in account.holdings:
            unit = 10 ** spec.assets[holding.asset].decimals
            threshold = threshold_bps(spec.lending, holding, account.emode)
            secured[row, at[holding.asset]] = holding.supplied_raw * threshold / (unit * BPS)
            owed[row, at[holding.asset]] = holding.borrowed_raw / unit
    health = (secured @ prices) / (owed @ prices)
    row, step = map(int, np.unravel_index(int(np.argmin(health)), health.shape))
    moment = datetime.fromtimestamp(spec.timeline.time_of(step), UTC)
    return _Weakest(borrowers[row].address, float(health[row, step]), moment.strftime("%H:%M:%S"))


def oracle_ratio_low(scenario: Scenario, collateral: str, debt: str) -> tuple[float, str]:
    """Return the lowest price of the collateral in units of the debt, relative to the first, and its time (UTC)."""
    left, right = oracle_price_path_e8(scenario, collateral), oracle_price_path_e8(scenario, debt)
    start = initial_price_usd(scenario.spec, collateral) / initial_price_usd(scenario.spec, debt)
    low, step = min((Decimal(a) / b, i) for i, (a, b) in enumerate(zip(left, right, strict=True)))
    moment = datetime.fromtimestamp(scenario.spec.timeline.time_of(step), UTC)
    return float(low / start), moment.strftime("%H:%M:%S")


def oracle_price_path_e8(scenario: Scenario, asset: str) -> list[int]:
    """Return what the pool's oracle will answer for an asset at each step, where no market moves it.

    Returns
    -------
    list of int
        Dollars with 8 decimals, one per step.
    """
    source, spec = _feed_asset(scenario, asset), scenario.spec
    is_posted = any(
        source in agent.paths_followed and source in agent.feeds_posted(spec) for agent in spec.agents.values()
    )
    if not is_posted:
        return [int(initial_price_usd(spec, source) * E8)] * spec.timeline.steps
    return [scenario.path.price_e8(source, spec.timeline.time_of(step)) for step in range(spec.timeline.steps)]


def _feed_asset(scenario: Scenario, asset: str) -> str:
    """Return the asset whose source answers for an asset, once all pegs are followed."""
    oracle = scenario.spec.oracle[asset]
    return _feed_asset(scenario, oracle.asset) if isinstance(oracle, SameAsOracle) else asset


def _follows_the_path(scenario: Scenario, asset: str) -> bool:
    """Return whether the source of an asset is a feed, or a peg to one, that nothing but the path moves."""
    source, spec = _feed_asset(scenario, asset), scenario.spec
    posts_a_market = any(
        source in agent.feeds_posted(spec) and source not in agent.paths_followed for agent in spec.agents.values()
    )
    return isinstance(spec.oracle[source], PostedOracle) and not posts_a_market
