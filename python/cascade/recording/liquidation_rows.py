"""One row a liquidation: the pool's event, the keeper's report of what was true around it, and its receipt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cascade.chain.local import Log, Receipt
from cascade.units import BPS
from cascade.world.world import World

__all__ = ["LiquidationRows"]


class LiquidationRows:
    """Reads liquidations from receipts, in order, and counts them by borrower."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._liquidated: dict[str, int] = {}

    def of(self, receipt: Receipt) -> Iterator[dict[str, Any]]:
        """Rows of a transaction, without identity, time, and what the blocks before say."""
        for log in receipt.logs:
            if log.event == "LiquidationCall":
                yield self._row(receipt, log)

    def _row(self, receipt: Receipt, call: Log) -> dict[str, Any]:
        world, user = self._world, call.arguments["user"]
        collateral = world.symbol_of(call.arguments["collateralAsset"])
        debt = world.symbol_of(call.arguments["debtAsset"])
        report = next(
            log.arguments
            for log in receipt.logs
            if log.event == "LiquidationReport" and log.arguments["borrower"] == user
        )
        borrower = world.actors[user]
        treasury = next(address for address, actor in world.actors.items() if actor.role == "treasury")
        fee = sum(
            log.arguments["value"]
            for log in receipt.logs
            if log.event == "Transfer"
            and log.address == world.a_tokens[collateral].address
            and (log.arguments["from"], log.arguments["to"]) == (user, treasury)
        )
        deficit = sum(
            log.arguments["amountCreated"]
            for log in receipt.logs
            if log.event == "DeficitCreated"
            and (log.arguments["user"], log.arguments["debtAsset"]) == (user, call.arguments["debtAsset"])
        )
        self._liquidated[borrower.name] = self._liquidated.get(borrower.name, 0) + 1
        liquidator = world.actors[receipt.sender].name if receipt.sender in world.actors else receipt.sender
        return {
            "tx_hash": receipt.tx_hash,
            "log_index": call.log_index,
            "venue": "LendingPool",
            "liquidator": liquidator,
            "borrower": borrower.name,
            "cohort": borrower.cohort,
            "collateral_asset": collateral,
            "debt_asset": debt,
            "debt_covered_raw": call.arguments["debtToCover"],
            "collateral_seized_raw": call.arguments["liquidatedCollateralAmount"] + fee,
            "protocol_fee_raw": fee,
            "deficit_raw": deficit,
            "collateral_price_e8": report["collateralPriceE8"],
            "debt_price_e8": report["debtPriceE8"],
            "bonus_bps": report["bonusBps"] - BPS,
            "close_factor_bps": report["closeFactorBps"],
            "health_factor_before_wad": report["healthFactorBeforeWad"],
            "health_factor_after_wad": report["healthFactorAfterWad"],
            "collateral_before_raw": report["collateralBalanceBefore"],
            "debt_before_raw": report["debtBalanceBefore"],
            "exit_proceeds_raw": report["exitProceeds"],
            "liquidator_profit_raw": report["profit"],
            "gas_used": receipt.gas_used,
            "fee_wei": receipt.gas_used * receipt.effective_gas_price_wei,
            "flash_loan": report["flashLoan"],
            "round": self._liquidated[borrower.name],
        }
