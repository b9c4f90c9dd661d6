"""Find positions that a change of the lending lines would not allow, or liquidates before the crash."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from cascade.experiments.comparison.result import ImpossiblePosition, LiquidatableAtOnce
from cascade.positions.accounts.plan import market_of, plan_accounts
from cascade.positions.accounts.pool_rules import ltv_of, worth_of
from cascade.positions.plan import PoolPledge, borrowing_lines_bps, plan_positions
from cascade.positions.standing import has_same_book, standing_positions
from cascade.recording.store import rows_of
from cascade.recording.tables import LoopRow, PositionRow, StatedAccountRow
from cascade.run.opened import Run
from cascade.scenario.load import Scenario
from cascade.scenario.sources import initial_price_usd
from cascade.units import BPS, PPM, WAD, to_tokens
from cascade.vocabulary import PositionEvent

__all__ = ["has_same_loops", "impossible_positions", "liquidatable_at_once"]


def impossible_positions(baseline: Scenario, change: Scenario) -> tuple[ImpossiblePosition, ...]:
    """Return the baseline's positions that use a higher LTV than the change lends.

    Returns
    -------
    tuple of ImpossiblePosition
        Empty where the change builds positions of its own.

    Raises
    ------
    ScenarioError
        When the pool's configurator would refuse the change under standing positions.
    """
    # Called for its refusals only: the positions themselves are in the plans.
    standing_positions(baseline, change)
    if not has_same_book(baseline, change):
        return ()
    found = []
    for plan in plan_positions(baseline):
        cohort = change.spec.cohorts[plan.cohort]
        limit_bps, _ = borrowing_lines_bps(change.spec, cohort)
        # A position without rounds has only supplied, which no lending line forbids.
        if plan.rounds:
            found.append(ImpossiblePosition(plan.borrower, plan.cohort, cohort.collateral, plan.ltv_ppm, limit_bps))
        if isinstance(plan.pledge, PoolPledge):
            asset = plan.pledge.asset
            limit_bps = change.spec.lending.reserves[asset].ltv_bps
            used_ppm = _pledge_ltv_ppm(baseline, plan.pledge, cohort.debt)
            found.append(ImpossiblePosition(plan.pledge.account, plan.cohort, asset, used_ppm, limit_bps))
    # Cross-multiplied: the two scales differ, and a division would round.
    impossible = [position for position in found if position.ltv_ppm * BPS > position.limit_bps * PPM]
    return (*impossible, *_impossible_accounts(baseline, change))


def _impossible_accounts(baseline: Scenario, change: Scenario) -> Iterator[ImpossiblePosition]:
    """Yield the accounts of a file whose debt the baseline would have lent, and the change would not.

    A real account may owe more than either lends.
    """
    plan, before, after = plan_accounts(baseline), market_of(baseline), market_of(change)
    for account in plan.borrowers:
        ltv_ppm, lent_before = ltv_of(account, before)
        _, lent_after = ltv_of(account, after)
        if lent_after * PPM < ltv_ppm * BPS <= lent_before * PPM:
            secured = {
                h.asset: worth_of(replace(account, holdings=(h,)), before).collateral_e8 for h in account.holdings
            }
            largest = max(secured, key=lambda asset: (secured[asset], asset))
            yield ImpossiblePosition(account.address, plan.entry, largest, ltv_ppm, lent_after)


def _pledge_ltv_ppm(scenario: Scenario, pledge: PoolPledge, debt: str) -> int:
    owed_usd = _value_usd(scenario, pledge.debt_raw, debt)
    held_usd = _value_usd(scenario, pledge.pledged_raw, pledge.asset)
    return int((owed_usd * PPM / held_usd).to_integral_value())


def _value_usd(scenario: Scenario, raw: int, asset: str) -> Decimal:
    return to_tokens(raw, scenario.spec.assets[asset].decimals) * initial_price_usd(scenario.spec, asset)


def has_same_loops(*runs: Run) -> bool:
    """Return whether runs built the same loops, to the unit, and the same accounts of the same file.

    Rounds are compared without interest, which depends on the number of blocks that the pool's engine needs.
    """
    loops = [[_built(row) for row in run.frames.rows(LoopRow)] for run in runs]
    accounts = [(run.manifest.account_texts, _standing(run)) for run in runs]
    return all(built == loops[0] for built in loops) and all(stands == accounts[0] for stands in accounts)


def _standing(run: Run) -> list[tuple[str, str]]:
    return [(row.account, row.status) for row in run.frames.rows(StatedAccountRow)]


def _built(row: LoopRow) -> tuple[object, ...]:
    amounts = (row.borrowed_raw, row.supplied_raw, row.collateral_raw, row.debt_raw)
    return row.borrower, row.cohort, row.round, *amounts


def liquidatable_at_once(baseline: Run, change: Run) -> tuple[LiquidatableAtOnce, ...]:
    """Return the positions that are healthy when the baseline is built, and liquidatable when the change is."""
    # A position that the baseline does not have, or whose price its oracle refuses, is left out: it counts as 0.
    healthy = {row.borrower: row.health_factor_wad for row in _positions_built(baseline)}
    return tuple(
        LiquidatableAtOnce(row.borrower, row.cohort, row.collateral_asset, after_wad, before_wad)
        for row in _positions_built(change)
        if (after_wad := row.health_factor_wad) is not None
        and after_wad < WAD <= (before_wad := healthy.get(row.borrower) or 0)
    )


def _positions_built(run: Run) -> list[PositionRow]:
    positions = run.positions
    return rows_of(positions[positions["event"] == PositionEvent.BUILT], PositionRow)
