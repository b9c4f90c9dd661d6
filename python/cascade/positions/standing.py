"""Apply the changes of one scenario to the positions of another, after these have been built.

A governance vote changes the lines of a pool that has open positions. Therefore the contracts of the change are
deployed with the lending configuration of the baseline, the positions of the baseline are built in them, and the pool
is reconfigured right before the crash.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from cascade.errors import ScenarioError
from cascade.positions.accounts.plan import AccountsPlan, plan_accounts
from cascade.positions.plan import PositionPlan, plan_positions
from cascade.scenario.load import Scenario
from cascade.scenario.model import LendingSpec

__all__ = ["Standing", "has_same_book", "standing_positions"]


@dataclass(frozen=True)
class Standing:
    """The scenario that is deployed, and the positions that are built, before a change is applied.

    Attributes
    ----------
    foundation : Scenario
        The change, with the lending configuration of the baseline.
    plans : list of PositionPlan
        Loops of the baseline.
    accounts : AccountsPlan
        Accounts of the baseline's file.
    """

    foundation: Scenario
    plans: list[PositionPlan]
    accounts: AccountsPlan


def has_same_book(baseline: Scenario, change: Scenario) -> bool:
    """Return whether both scenarios describe the same positions, so that the baseline's fit the change's pool."""
    described = [
        (scenario.spec.positions, scenario.spec.seed, scenario.spec.assets, scenario.accounts)
        for scenario in (baseline, change)
    ]
    return described[0] == described[1]


def standing_positions(baseline: Scenario, change: Scenario) -> Standing | None:
    """Return what to deploy and build for the change, so that it applies to the positions of the baseline.

    Returns
    -------
    Standing or None
        None where the change builds its own positions: it describes others, or the same ones follow from both.

    Raises
    ------
    ScenarioError
        When the change removes a reserve or a mode that positions use, which the configurator refuses.
    """
    if not has_same_book(baseline, change):
        return None
    lending = _foundation(baseline, change)
    # Where both plan the same positions on the same lines, the change's own build is the baseline's already.
    plans = plan_positions(baseline)
    if lending == change.spec.lending and plans == plan_positions(change):
        return None
    foundation = replace(change, spec=change.spec.model_copy(update={"lending": lending}))
    return Standing(foundation, plans, plan_accounts(foundation))


def _foundation(baseline: Scenario, change: Scenario) -> LendingSpec:
    """Return the lending configuration to build with.

    Lines are the baseline's for what the baseline lists, and the change's for what only the change lists; the engine is
    the change's.
    """
    before, after = baseline.spec.lending, change.spec.lending
    removed = [f"reserves.{asset}" for asset in before.reserves if asset not in after.reserves]
    removed += [f"emodes.{number}" for number in before.emodes if number not in after.emodes]
    if removed:
        raise ScenarioError(
            file=change.file,
            key=f"lending.{removed[0]}",
            value=None,
            expected="cannot be removed from a pool with open positions: set its lines instead",
        )
    used = {
        asset
        for cohort in baseline.spec.cohorts.values()
        for asset in (cohort.collateral, cohort.pledge.collateral if cohort.pledge is not None else None)
    }
    used |= {
        holding.asset for found in baseline.accounts.values() for one in found.accounts for holding in one.holdings
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
        # Lenders supply what the change says: their supply is set-up, not a line that a vote could change.
        reserves[asset] = reserve.model_copy(update={"lenders_supply": new.lenders_supply})
    return after.model_copy(
        update={
            "flash_loan_premium_bps": before.flash_loan_premium_bps,
            "reserves": reserves,
            "emodes": {**after.emodes, **before.emodes},
        }
    )
