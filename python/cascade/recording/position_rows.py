"""Rows of owners' own changes to their positions, and of positions as a view shows them."""

from __future__ import annotations

from collections.abc import Iterator

from cascade.chain.local import Log
from cascade.observation import BlockView, PositionState
from cascade.recording.mined import MinedTransaction
from cascade.recording.tables import BlockStamp, FlowRow, PositionRow, UnwindRow
from cascade.vocabulary import FlowEvent, PositionEvent
from cascade.world.world import World

__all__ = ["flow_rows", "position_row", "unwind_rows"]

_FLOWS = {
    "Supply": (FlowEvent.SUPPLY, "onBehalfOf", "user"),
    "Borrow": (FlowEvent.BORROW, "onBehalfOf", "user"),
    "Repay": (FlowEvent.REPAY, "user", "repayer"),
    "Withdraw": (FlowEvent.WITHDRAW, "user", "to"),
}
"""By event of the lending pool: its name in `flows`, and the arguments that name the owner and the other side."""


def flow_rows(world: World, mined: MinedTransaction) -> Iterator[FlowRow]:
    """Yield one row per movement between a position and an account that is no contract.

    Movements of a position through a contract, as a loop's unwinding, are left out: they have rows of their own.
    """
    for log in mined.receipt.logs_of({world.pool.address.lower()}):
        if log.event not in _FLOWS:
            continue
        event, owner_argument, other_argument = _FLOWS[log.event]
        # Contracts are no actors: a side that is one is not found here.
        owner = world.actors.get(log.arguments[owner_argument])
        other = world.actors.get(log.arguments[other_argument])
        if owner is not None and other is not None:
            yield FlowRow(
                **mined.stamp(log),
                account=owner.name,
                cohort=owner.cohort,
                event=event,
                asset=world.symbol_of(log.arguments["reserve"]),
                amount_raw=log.arguments["amount"],
            )


def unwind_rows(world: World, mined: MinedTransaction) -> Iterator[UnwindRow]:
    """Yield one row per loop, or part of one, that its owner sold and repaid through the deleverager."""
    for log in mined.receipt.logs_of({world.deleverager.address.lower()}):
        if log.event == "Unwound":
            yield _unwind_row(world, mined, log)


def _unwind_row(world: World, mined: MinedTransaction, log: Log) -> UnwindRow:
    report, owner = log.arguments, world.actors[log.arguments["owner"]]
    return UnwindRow(
        **mined.stamp(log),
        borrower=owner.name,
        cohort=owner.cohort,
        collateral_asset=world.symbol_of(report["collateralAsset"]),
        debt_asset=world.symbol_of(report["debtAsset"]),
        collateral_sold_raw=report["collateralSold"],
        proceeds_raw=report["proceeds"],
        debt_repaid_raw=report["debtRepaid"],
        premium_raw=report["premium"],
        cash_paid_raw=report["cashPaid"],
        collateral_price_e8=report["collateralPriceE8"],
        debt_price_e8=report["debtPriceE8"],
        health_factor_before_wad=report["healthFactorBeforeWad"],
        health_factor_after_wad=report["healthFactorAfterWad"],
    )


def position_row(at: BlockStamp, view: BlockView, state: PositionState, event: PositionEvent) -> PositionRow:
    """Return the row of a position at the block that a view shows."""
    entry = state.entry
    is_valued = view.is_valued(entry)
    return PositionRow(
        **at,
        borrower=entry.borrower,
        address=entry.address,
        cohort=entry.cohort,
        event=event,
        collateral_asset=entry.collateral,
        debt_asset=entry.debt,
        collateral_raw=state.collateral_raw,
        debt_raw=state.debt_raw,
        collateral_base_e8=state.collateral_base_e8 if is_valued else None,
        debt_base_e8=state.debt_base_e8 if is_valued else None,
        health_factor_wad=state.health_factor_wad if is_valued else None,
    )
