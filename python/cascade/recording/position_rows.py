"""What owners did with their positions: unwound them, or supplied, withdrew, borrowed and repaid themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cascade.chain.local import Log, Receipt
from cascade.world.world import World

__all__ = ["flow_rows", "unwind_rows"]

_FLOWS = {"Supply": "onBehalfOf", "Borrow": "onBehalfOf", "Repay": "user", "Withdraw": "user"}
"""Events of the lending pool that change a position, and which of their arguments names its owner."""

_COUNTERPARTY = {"Supply": "user", "Borrow": "user", "Repay": "repayer", "Withdraw": "to"}


def flow_rows(world: World, receipt: Receipt) -> Iterator[dict[str, Any]]:
    """One row a movement between a position and an account that is no contract."""
    for log in receipt.logs_of({world.pool.address.lower()}):
        if log.event in _FLOWS:
            owner = world.actors.get(log.arguments[_FLOWS[log.event]])
            other = world.actors.get(log.arguments[_COUNTERPARTY[log.event]])
            if owner is not None and other is not None:
                yield {
                    "tx_hash": receipt.tx_hash,
                    "log_index": log.log_index,
                    "account": owner.name,
                    "cohort": owner.cohort,
                    "event": log.event.lower(),
                    "asset": world.symbol_of(log.arguments["reserve"]),
                    "amount_raw": log.arguments["amount"],
                }


def unwind_rows(world: World, receipt: Receipt) -> Iterator[dict[str, Any]]:
    """One row a loop, or part of it, that its owner sold and repaid through the deleverager."""
    for log in receipt.logs_of({world.deleverager.address.lower()}):
        if log.event == "Unwound":
            yield _unwound(world, receipt, log)


def _unwound(world: World, receipt: Receipt, log: Log) -> dict[str, Any]:
    report, owner = log.arguments, world.actors[log.arguments["owner"]]
    return {
        "tx_hash": receipt.tx_hash,
        "log_index": log.log_index,
        "borrower": owner.name,
        "cohort": owner.cohort,
        "collateral_asset": world.symbol_of(report["collateralAsset"]),
        "debt_asset": world.symbol_of(report["debtAsset"]),
        "collateral_sold_raw": report["collateralSold"],
        "proceeds_raw": report["proceeds"],
        "debt_repaid_raw": report["debtRepaid"],
        "premium_raw": report["premium"],
        "cash_paid_raw": report["cashPaid"],
        "collateral_price_e8": report["collateralPriceE8"],
        "debt_price_e8": report["debtPriceE8"],
        "health_factor_before_wad": report["healthFactorBeforeWad"],
        "health_factor_after_wad": report["healthFactorAfterWad"],
    }
