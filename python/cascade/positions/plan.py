"""Plan the positions to be built: a pure function of the scenario and its seed, before any chain exists."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from cascade.errors import ScenarioError
from cascade.scenario.accounts import numbered, pledge_account
from cascade.scenario.load import Scenario
from cascade.scenario.model import CohortSpec, PledgeSpec, ScenarioSpec, TargetLeverage, TargetLtv
from cascade.scenario.sources import initial_price_usd
from cascade.scenario.streams import draw, stream
from cascade.units import BPS, E8

__all__ = [
    "LTV_SCALE",
    "DeskPledge",
    "PledgePlan",
    "PoolPledge",
    "PositionPlan",
    "borrowing_lines_bps",
    "leverage_after",
    "plan_positions",
]

LTV_SCALE = 1_000_000
"""Scale of a planned LTV, an exact integer in millionths."""

_EQUITY_STEPS_PER_TOKEN = 100
"""Equity is drawn to a hundredth of a token, so that it is exact with any number of decimals from two up."""


@dataclass(frozen=True)
class PledgePlan:
    """The first layer under a loop.

    Attributes
    ----------
    account : str
        Name of the account that pledges and borrows.
    asset : str
        Asset pledged.
    pledged_raw, debt_raw : int
        Amount pledged, and amount borrowed against it, in smallest units.
    ltv_ppm : int
        Debt over the value pledged, in millionths.
    """

    account: str
    asset: str
    pledged_raw: int
    debt_raw: int
    ltv_ppm: int


@dataclass(frozen=True)
class PoolPledge(PledgePlan):
    """A first layer that the lending pool lends, to an account of its own."""


@dataclass(frozen=True)
class DeskPledge(PledgePlan):
    """A first layer that the exchange's desk lends, to the loop's own account.

    `pledged_raw` is an estimate: the desk's price at the time of the build determines the amount.

    Attributes
    ----------
    line : str
        Line of the desk, by its book.
    """

    line: str


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
        First supply, in smallest units of the collateral.
    ltv_ppm : int
        Debt after each round over the collateral before it, in millionths.
    rounds : int
        Rounds of borrow, swap and supply.
    pledge : PoolPledge or DeskPledge, optional
        First layer that the equity is borrowed from; None where it is own capital.
    """

    borrower: str
    cohort: str
    equity_raw: int
    ltv_ppm: int
    rounds: int
    pledge: PoolPledge | DeskPledge | None = None

    @property
    def leverage(self) -> float:
        """Collateral over equity after the last round, without slippage or interest."""
        return leverage_after(self.ltv_ppm / LTV_SCALE, self.rounds)


def leverage_after(ltv: float, rounds: int) -> float:
    """Return collateral over equity after k rounds at LTV l: (1 - l^(k+1)) / (1 - l)."""
    total = 1.0
    for _ in range(rounds):
        # Multiplied out: the last digit of a power depends on the C library and the processor.
        total = total * ltv + 1
    return total


def borrowing_lines_bps(spec: ScenarioSpec, cohort: CohortSpec) -> tuple[int, int]:
    """Return the LTV and the liquidation threshold of a cohort's collateral, its efficiency mode included, in 1e-4."""
    mode = spec.lending.emodes.get(cohort.emode)
    if mode is not None and cohort.collateral in mode.collateral:
        return mode.ltv_bps, mode.liquidation_threshold_bps
    reserve = spec.lending.reserves[cohort.collateral]
    return reserve.ltv_bps, reserve.liquidation_threshold_bps


def plan_positions(scenario: Scenario) -> list[PositionPlan]:
    """Draw every position of every cohort, each figure of a cohort from a random stream of its own.

    Equity is drawn to a hundredth of a token and the LTV to a millionth, so that everything derived from them is
    exact.

    Raises
    ------
    ScenarioError
        When a target needs more than the pool's LTV, or an equity is below a hundredth of a token.
    """
    plans: list[PositionPlan] = []
    for name, cohort in scenario.spec.cohorts.items():
        equities_raw = _equities_raw(scenario, name, cohort)
        ltvs_ppm = _ltvs_ppm(scenario, name, cohort)
        borrowers = numbered(name, cohort.count)
        pledges: list[PoolPledge | DeskPledge] | list[None] = [None] * cohort.count
        if cohort.pledge is not None:
            pledge_ltvs = _pledge_ltvs(scenario, name, cohort.pledge, cohort.count)
            pledges = [
                _pledge(scenario.spec, cohort, cohort.pledge, borrower, equity_raw=equity_raw, ltv=ltv)
                for borrower, equity_raw, ltv in zip(borrowers, equities_raw, pledge_ltvs, strict=True)
            ]
        plans += [
            PositionPlan(borrower, name, equity_raw, ltv_ppm, cohort.rounds, pledge)
            for borrower, equity_raw, ltv_ppm, pledge in zip(borrowers, equities_raw, ltvs_ppm, pledges, strict=True)
        ]
    return plans


def _stream_of(scenario: Scenario, cohort: str, figure: str) -> np.random.Generator:
    return stream(scenario.seed, f"positions/{cohort}/{figure}")


def _equities_raw(scenario: Scenario, name: str, cohort: CohortSpec) -> list[int]:
    unit = 10 ** scenario.spec.assets[cohort.collateral].decimals
    equities_raw = []
    for equity in draw(cohort.equity, cohort.count, _stream_of(scenario, name, "equity")):
        equity_raw = round(equity * _EQUITY_STEPS_PER_TOKEN) * unit // _EQUITY_STEPS_PER_TOKEN
        if equity_raw == 0:
            raise ScenarioError(
                file=scenario.file,
                key=f"positions.{name}.equity",
                value=equity,
                expected="an equity of at least 0.01 token",
            )
        equities_raw.append(equity_raw)
    return equities_raw


def _pledge_ltvs(scenario: Scenario, name: str, pledge: PledgeSpec, count: int) -> list[float]:
    """Draw the LTV of each pledge, and refuse a distribution that exceeds what the lender lends."""
    spec = scenario.spec
    if pledge.line is None:
        lender, lent_bps = "pool", spec.lending.reserves[pledge.collateral].ltv_bps
    else:
        lender, lent_bps = "desk", spec.require_exchange().require_desk().lines[pledge.line].initial_ltv_bps
    if pledge.ltv.highest * BPS > lent_bps:
        raise ScenarioError(
            file=scenario.file,
            key=f"positions.{name}.pledge.ltv",
            value=str(pledge.ltv.highest),
            expected=f"the {lender} lends {lent_bps / BPS:.2%} on {pledge.collateral}",
        )
    return draw(pledge.ltv, count, _stream_of(scenario, name, "pledge"))


def _pledge(
    spec: ScenarioSpec, cohort: CohortSpec, pledge: PledgeSpec, borrower: str, *, equity_raw: int, ltv: float
) -> PoolPledge | DeskPledge:
    """Plan a pledge whose debt, minted to the equity at par, has the LTV drawn; the amount pledged is rounded up."""
    asset, line = pledge.collateral, pledge.line
    units = {symbol: 10 ** spec.assets[symbol].decimals for symbol in (asset, cohort.collateral, cohort.debt)}
    if line is None:
        price_e8, debt_price_e8 = (int(initial_price_usd(spec, symbol) * E8) for symbol in (asset, cohort.debt))
    else:
        # The desk counts the stable as one dollar, and the book has no price of its own yet.
        price_e8, debt_price_e8 = int(spec.require_exchange().books[line].initial_price * E8), E8
    debt_raw = equity_raw * units[cohort.debt] // units[cohort.collateral]
    ltv_ppm = round(ltv * LTV_SCALE)
    worth_e8 = debt_raw * debt_price_e8 * LTV_SCALE // (units[cohort.debt] * ltv_ppm)
    pledged_raw = -(-worth_e8 * units[asset] // price_e8)
    if line is None:
        return PoolPledge(pledge_account(borrower), asset, pledged_raw, debt_raw, ltv_ppm)
    return DeskPledge(borrower, asset, pledged_raw, debt_raw, ltv_ppm, line)


def _ltvs_ppm(scenario: Scenario, name: str, cohort: CohortSpec) -> list[int]:
    """Return the LTV per round of each position, in millionths, which reaches the target that it drew."""
    key = f"positions.{name}.target"
    ltv_bps, threshold_bps = borrowing_lines_bps(scenario.spec, cohort)
    aim, rng = cohort.target.aim, _stream_of(scenario, name, "target")
    if isinstance(aim, TargetLtv):
        key += ".ltv_per_round_bps"
        targets: list[float] = [aim.ltv_bps / BPS] * cohort.count
        ltvs = [aim.ltv_bps * LTV_SCALE // BPS] * cohort.count
    elif isinstance(aim, TargetLeverage):
        key += ".leverage"
        targets = draw(aim.leverage, cohort.count, rng)
        ltvs = [_ltv_for_leverage(scenario, key, leverage, cohort.rounds) for leverage in targets]
    else:
        key += ".health_factor"
        targets = draw(aim.health_factor, cohort.count, rng)
        ltvs = [_ltv_for_health(scenario, key, health, threshold_bps, cohort.rounds) for health in targets]
    most = max(range(cohort.count), key=lambda i: ltvs[i])
    if ltvs[most] * BPS > ltv_bps * LTV_SCALE:
        raise ScenarioError(
            file=scenario.file,
            key=key,
            value=round(targets[most], 4),
            expected=f"needs an LTV of {ltvs[most] / LTV_SCALE:.2%} per round in {cohort.rounds} rounds, "
            f"the pool lends {ltv_bps / BPS:.2%} on {cohort.collateral}",
        )
    return ltvs


def _ltv_for_health(scenario: Scenario, key: str, health: float, threshold_bps: int, rounds: int) -> int:
    """Return the LTV per round, in millionths, after which a position has a health factor."""
    # The health factor is threshold / (debt / collateral), and debt / collateral is 1 - 1 / leverage.
    share = threshold_bps / BPS / health
    if share >= 1:
        raise ScenarioError(
            file=scenario.file, key=key, value=health, expected=f"above {threshold_bps / BPS}, the threshold"
        )
    return _ltv_for_leverage(scenario, key, 1 / (1 - share), rounds)


def _ltv_for_leverage(scenario: Scenario, key: str, leverage: float, rounds: int) -> int:
    """Return the highest LTV per round, in millionths, that does not exceed a leverage."""
    if not 1 <= leverage < rounds + 1:
        raise ScenarioError(
            file=scenario.file,
            key=key,
            value=round(leverage, 4),
            expected=f"a leverage from 1 to below {rounds + 1}, which is what {rounds} rounds can reach",
        )
    # The leverage has no closed inverse in the LTV: bisect, down to neighbouring millionths.
    low, high = 0, LTV_SCALE
    while high - low > 1:
        middle = (low + high) // 2
        if leverage_after(middle / LTV_SCALE, rounds) <= leverage:
            low = middle
        else:
            high = middle
    return low
