"""Which positions will be built: a pure function of the scenario and its seed, before any chain exists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cascade.errors import ScenarioError
from cascade.scenario.accounts import numbered, pledge_account
from cascade.scenario.load import Scenario
from cascade.scenario.model import CohortSpec, ScenarioSpec
from cascade.scenario.sources import initial_price_usd
from cascade.scenario.streams import draw, stream

__all__ = ["LTV_SCALE", "PledgePlan", "PositionPlan", "borrowing_lines_bps", "leverage_after", "plan_positions"]

LTV_SCALE = 1_000_000
"""An LTV of a plan is an exact integer in millionths."""

_EQUITY_STEPS_PER_TOKEN = 100


@dataclass(frozen=True)
class PledgePlan:
    """The first layer under a loop.

    Attributes
    ----------
    account : str
        Name of the account that pledges and borrows.
    asset : str
        What is pledged.
    pledged_raw, debt_raw : int
        Amount pledged, and borrowed against it, in smallest units.
    ltv_ppm : int
        Debt over the value pledged, in millionths.
    line : str, optional
        The desk's line that lends; its own price says at the build how much is pledged. None is the lending pool.
    """

    account: str
    asset: str
    pledged_raw: int
    debt_raw: int
    ltv_ppm: int
    line: str | None = None


@dataclass(frozen=True)
class PositionPlan:
    """One looped position to be built.

    Attributes
    ----------
    borrower : str
        Name of the account; its address follows from it.
    cohort : str
        Cohort of the scenario.
    equity_raw : int
        First supply, smallest units of the collateral.
    ltv_ppm : int
        Debt after each round over the collateral before it, in millionths.
    rounds : int
        Rounds of borrow, swap and supply.
    pledge : PledgePlan, optional
        What the equity was borrowed against.
    """

    borrower: str
    cohort: str
    equity_raw: int
    ltv_ppm: int
    rounds: int
    pledge: PledgePlan | None = None

    @property
    def leverage(self) -> float:
        """Collateral over equity after the last round, without slippage or interest."""
        return leverage_after(self.ltv_ppm / LTV_SCALE, self.rounds)


def leverage_after(ltv: float, rounds: int) -> float:
    """Collateral over equity: (1 - l^(k+1)) / (1 - l) after k rounds at LTV l."""
    return sum(ltv**k for k in range(rounds + 1))


def borrowing_lines_bps(spec: ScenarioSpec, cohort: CohortSpec) -> tuple[int, int]:
    """LTV and liquidation threshold that hold for a cohort's collateral, its efficiency mode included, in 1e-4."""
    mode = spec.lending.emodes.get(cohort.emode)
    if mode is not None and cohort.collateral in mode.collateral:
        return mode.ltv_bps, mode.liquidation_threshold_bps
    reserve = spec.lending.reserves[cohort.collateral]
    return reserve.ltv_bps, reserve.liquidation_threshold_bps


def plan_positions(scenario: Scenario) -> list[PositionPlan]:
    """Draw every position of every cohort, each cohort from a random stream of its own.

    Equity is drawn to a hundredth of a token and the LTV to a millionth, so that what follows is exact.

    Raises
    ------
    ScenarioError
        When a target needs more than the pool's LTV, or an equity is below a hundredth of a token.
    """
    plans: list[PositionPlan] = []
    for name, cohort in scenario.spec.positions.items():
        rng = stream(scenario.seed, f"positions/{name}")
        equities = draw(cohort.equity, cohort.count, rng)
        ltvs = _ltvs_ppm(scenario, name, cohort, rng)
        pledge_ltvs = _pledge_ltvs(scenario, name, cohort, rng)
        unit = 10 ** scenario.spec.assets[cohort.collateral].decimals
        for i, borrower in enumerate(numbered(name, cohort.count)):
            equity_raw = round(equities[i] * _EQUITY_STEPS_PER_TOKEN) * unit // _EQUITY_STEPS_PER_TOKEN
            if equity_raw == 0:
                raise ScenarioError(
                    file=scenario.file,
                    key=f"positions.{name}.equity",
                    value=equities[i],
                    expected="an equity of at least 0.01 token",
                )
            pledge = _pledge(scenario, cohort, borrower, equity_raw, pledge_ltvs[i]) if pledge_ltvs else None
            plans.append(PositionPlan(borrower, name, equity_raw, ltvs[i], cohort.rounds, pledge))
    return plans


def _pledge_ltvs(scenario: Scenario, name: str, cohort: CohortSpec, rng: np.random.Generator) -> list[float]:
    if cohort.pledge is None:
        return []
    asset, ltv, line = cohort.pledge.collateral, cohort.pledge.ltv, cohort.pledge.line
    ltv_bps = scenario.spec.lending.reserves[asset].ltv_bps if line is None else _initial_ltv_bps(scenario.spec, line)
    most = ltv.value or ltv.high
    assert most is not None
    if most * 10_000 > ltv_bps:
        raise ScenarioError(
            file=scenario.file,
            key=f"positions.{name}.pledge.ltv",
            value=str(most),
            expected=f"the {'pool' if line is None else 'desk'} lends {ltv_bps / 10_000:.2%} on {asset}",
        )
    return draw(ltv, cohort.count, rng)


def _initial_ltv_bps(spec: ScenarioSpec, line: str) -> int:
    assert spec.exchange is not None
    assert spec.exchange.desk is not None
    return spec.exchange.desk.lines[line].initial_ltv_bps


def _pledge(scenario: Scenario, cohort: CohortSpec, borrower: str, equity_raw: int, ltv: float) -> PledgePlan:
    """So much of the pledge that the debt, which is minted to the equity at par, has the LTV drawn; rounded up."""
    assert cohort.pledge is not None
    spec, asset = scenario.spec, cohort.pledge.collateral
    units = {symbol: 10 ** spec.assets[symbol].decimals for symbol in (asset, cohort.collateral, cohort.debt)}
    account, line = pledge_account(borrower), cohort.pledge.line
    if line is None:
        prices_e8 = {symbol: int(initial_price_usd(spec, symbol) * 10**8) for symbol in (asset, cohort.debt)}
    else:
        # The desk counts the stable as a dollar; what it pledges is an estimate until the book has a price.
        assert spec.exchange is not None
        account, prices_e8 = borrower, {asset: int(spec.exchange.books[line].initial_price * 10**8)}
        prices_e8[cohort.debt] = 10**8
    debt_raw = equity_raw * units[cohort.debt] // units[cohort.collateral]
    ltv_ppm = round(ltv * LTV_SCALE)
    worth_e8 = debt_raw * prices_e8[cohort.debt] * LTV_SCALE // (units[cohort.debt] * ltv_ppm)
    pledged_raw = -(-worth_e8 * units[asset] // prices_e8[asset])
    return PledgePlan(account, asset, pledged_raw, debt_raw, ltv_ppm, line)


def _ltvs_ppm(scenario: Scenario, name: str, cohort: CohortSpec, rng: np.random.Generator) -> list[int]:
    key = f"positions.{name}.target"
    ltv_bps, threshold_bps = borrowing_lines_bps(scenario.spec, cohort)
    target = cohort.target
    if target.ltv_per_round_bps is not None:
        ltvs = [target.ltv_per_round_bps * LTV_SCALE // 10_000] * cohort.count
        shown: list[float] = [target.ltv_per_round_bps / 10_000] * cohort.count
        key += ".ltv_per_round_bps"
    elif target.leverage is not None:
        shown = draw(target.leverage, cohort.count, rng)
        key += ".leverage"
        ltvs = [_ltv_for_leverage(scenario, key, leverage, cohort.rounds) for leverage in shown]
    else:
        assert target.health_factor is not None
        shown = draw(target.health_factor, cohort.count, rng)
        key += ".health_factor"
        ltvs = []
        for health in shown:
            share = threshold_bps / 10_000 / health
            if share >= 1:
                raise ScenarioError(
                    file=scenario.file, key=key, value=health, expected=f"above {threshold_bps / 10_000}, the threshold"
                )
            ltvs.append(_ltv_for_leverage(scenario, key, 1 / (1 - share), cohort.rounds))
    most = max(range(cohort.count), key=lambda i: ltvs[i])
    if ltvs[most] * 10_000 > ltv_bps * LTV_SCALE:
        raise ScenarioError(
            file=scenario.file,
            key=key,
            value=round(shown[most], 4),
            expected=f"needs an LTV of {ltvs[most] / LTV_SCALE:.2%} a round in {cohort.rounds} rounds, "
            f"the pool lends {ltv_bps / 10_000:.2%} on {cohort.collateral}",
        )
    return ltvs


def _ltv_for_leverage(scenario: Scenario, key: str, leverage: float, rounds: int) -> int:
    if not 1 <= leverage < rounds + 1:
        raise ScenarioError(
            file=scenario.file,
            key=key,
            value=round(leverage, 4),
            expected=f"a leverage from 1 to below {rounds + 1}, what {rounds} rounds can reach",
        )
    low, high = 0, LTV_SCALE
    while high - low > 1:
        middle = (low + high) // 2
        if leverage_after(middle / LTV_SCALE, rounds) <= leverage:
            low = middle
        else:
            high = middle
    return low
