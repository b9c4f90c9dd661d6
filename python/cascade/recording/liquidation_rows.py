"""One row per liquidation: the pool's event, the prices and the health around it, and the receipt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cascade.chain.local import Log
from cascade.recording.health_watch import HealthWatch
from cascade.recording.liquidation_report import LiquidationReport, liquidation_reports
from cascade.recording.mined import MinedTransaction
from cascade.recording.tables import LiquidationRow
from cascade.units import BPS
from cascade.vocabulary import Role
from cascade.world.world import Actor, World

__all__ = ["LiquidationRows"]


class LiquidationRows:
    """Read liquidations from receipts in order, and count them by borrower.

    Parameters
    ----------
    world : World
        The deployed scenario.
    watch : HealthWatch
        Since when each borrower has been unhealthy.
    """

    def __init__(self, world: World, watch: HealthWatch) -> None:
        self._world, self._watch = world, watch
        self._liquidated: dict[str, int] = {}

    def of(self, mined: MinedTransaction) -> Iterator[LiquidationRow]:
        """Yield one row per liquidation of one transaction."""
        since = -1
        for call, report in liquidation_reports(self._world, mined.receipt):
            # The pool emits what belongs to a liquidation before the event that ends it.
            logs = [log for log in mined.receipt.logs if since < log.log_index < call.log_index]
            yield self._row(mined, call, report, logs)
            since = call.log_index

    def _row(
        self, mined: MinedTransaction, call: Log, report: LiquidationReport, logs: Sequence[Log]
    ) -> LiquidationRow:
        world, receipt, user = self._world, mined.receipt, call.arguments["user"]
        collateral = world.symbol_of(call.arguments["collateralAsset"])
        # An own agent may liquidate an account that nobody here named.
        borrower = world.actors.get(user, Actor(name=user, role=Role.UNKNOWN))
        fee = self._protocol_fee_raw(logs, user, collateral)
        deficit = sum(
            log.arguments["amountCreated"]
            for log in logs
            if log.event == "DeficitCreated"
            and (log.arguments["user"], log.arguments["debtAsset"]) == (user, call.arguments["debtAsset"])
        )
        count = self._liquidated[borrower.name] = self._liquidated.get(borrower.name, 0) + 1
        unhealthy = self._watch.of(borrower.name, step=mined.at["step"])
        return LiquidationRow(
            **mined.stamp(call),
            venue="LendingPool",
            liquidator=world.actors[receipt.sender].name if receipt.sender in world.actors else receipt.sender,
            borrower=borrower.name,
            cohort=borrower.cohort,
            collateral_asset=collateral,
            debt_asset=world.symbol_of(call.arguments["debtAsset"]),
            debt_covered_raw=call.arguments["debtToCover"],
            # The event counts only what the liquidator receives; the treasury's fee is seized besides.
            collateral_seized_raw=call.arguments["liquidatedCollateralAmount"] + fee,
            protocol_fee_raw=fee,
            deficit_raw=deficit,
            collateral_price_e8=report.collateral_price_e8,
            debt_price_e8=report.debt_price_e8,
            bonus_bps=report.bonus_bps - BPS,
            close_factor_bps=report.close_factor_bps,
            health_factor_before_wad=report.health_factor_before_wad,
            health_factor_after_wad=report.health_factor_after_wad,
            collateral_before_raw=report.collateral_before_raw,
            debt_before_raw=report.debt_before_raw,
            exit_proceeds_raw=report.exit_proceeds_raw,
            liquidator_profit_raw=report.profit_raw,
            gas_used=receipt.gas_used,
            fee_wei=receipt.fee_wei,
            flash_loan=report.flash_loan,
            round=count,
            unhealthy_since_step=unhealthy.step,
            triggered_by=unhealthy.triggered_by,
        )

    def _protocol_fee_raw(self, logs: Sequence[Log], user: str, collateral: str) -> int:
        """Return the protocol's fee: the aTokens that the liquidation moved from the borrower to the treasury."""
        world = self._world
        treasury = next(address for address, actor in world.actors.items() if actor.role == Role.TREASURY)
        return sum(
            log.arguments["value"]
            for log in logs
            if log.event == "Transfer"
            and log.address == world.a_tokens[collateral].address
            and (log.arguments["from"], log.arguments["to"]) == (user, treasury)
        )
