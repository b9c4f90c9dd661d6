"""The positions of one scenario under the changes of another: built as the first says, changed before the crash.

A governance vote changes the lines of a pool in which positions stand. So the change's contracts are deployed with
the baseline's lending configuration, the baseline's positions are built in them, and the pool is configured anew
right before the crash.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from cascade.errors import ScenarioError
from cascade.positions.plan import PositionPlan, plan_positions
from cascade.scenario.load import Scenario
from cascade.scenario.model import LendingSpec

__all__ = ["Standing", "has_same_book", "standing_positions"]


@dataclass(frozen=True)
class Standing:
    """What is deployed and built before a change is applied.

    Attributes
    ----------
    foundation : Scenario
        The change, with the lending configuration of the baseline.
    plans : list of PositionPlan
        The baseline's.
    """

    foundation: Scenario
    plans: list[PositionPlan]


def has_same_book(baseline: Scenario, change: Scenario) -> bool:
    """Whether both scenarios ask for the same positions, so that the baseline's can stand in the change's pool."""
    first, second = baseline.spec, change.spec
    return (first.positions, first.seed, first.assets) == (second.positions, second.seed, second.assets)


def standing_positions(baseline: Scenario, change: Scenario) -> Standing | None:
    """What to build for the change, on the positions of the baseline.

    Returns
    -------
    Standing or None
        None where it is what the change builds by itself: other positions are asked for, or the same follow from
        both.

    Raises
    ------
    ScenarioError
        When the change takes away what positions stand on, which the configurator refuses.
    """
    if not has_same_book(baseline, change):
        return None
    lending = _foundation(baseline, change)
    plans = plan_positions(baseline)
    if lending == change.spec.lending and plans == plan_positions(change):
        return None
    return Standing(replace(change, spec=change.spec.model_copy(update={"lending": lending})), plans)


def _foundation(baseline: Scenario, change: Scenario) -> LendingSpec:
    """The baseline's lines for what it lists, the change's for what only the change lists, and the change's engine."""
    before, after = baseline.spec.lending, change.spec.lending
    for kind, listed, left in (("reserves", before.reserves, after.reserves), ("emodes", before.emodes, after.emodes)):
        for key in listed:
            if key not in left:
                raise ScenarioError(
                    file=change.file,
                    key=f"lending.{kind}.{key}",
                    value=None,
                    expected="cannot be taken from a standing pool: set its lines instead",
                )
    used = {
        asset
        for cohort in baseline.spec.positions.values()
        for asset in (cohort.collateral, cohort.pledge.collateral if cohort.pledge is not None else None)
    }
    reserves = dict(after.reserves)
    for asset, reserve in before.reserves.items():
        new = after.reserves[asset]
        stands = asset in used or reserve.lenders_supply > 0
        if stands and reserve.liquidation_threshold_bps and not new.liquidation_threshold_bps:
            raise ScenarioError(
                file=change.file,
                key=f"lending.reserves.{asset}.liquidation_threshold_bps",
                value=0,
                expected="the configurator refuses it with ReserveLiquidityNotZero while anyone supplies the asset: "
                "lower ltv_bps instead",
            )
        reserves[asset] = reserve.model_copy(update={"lenders_supply": new.lenders_supply})
    return after.model_copy(
        update={
            "flash_loan_premium_bps": before.flash_loan_premium_bps,
            "reserves": reserves,
            "emodes": {**after.emodes, **before.emodes},
        }
    )
