"""Make the rows of events: which key of the scenario's owners was set, by which call."""

from __future__ import annotations

from cascade.recording.mined import MinedTransaction
from cascade.recording.tables import EventRow
from cascade.vocabulary import TransactionStatus
from cascade.world.world import World

__all__ = ["event_row"]


def event_row(world: World, mined: MinedTransaction) -> EventRow:
    """Return the row of a transaction that makes an event."""
    transaction, receipt = mined.transaction, mined.receipt
    event = world.scenario.spec.events[transaction.event]
    return EventRow(
        **mined.at,
        event=transaction.event,
        kind=event.kind,
        target=event.target,
        actor=mined.sender.name,
        call=transaction.reason,
        tx_hash=receipt.tx_hash,
        status=TransactionStatus.OK if receipt.ok else TransactionStatus.REVERTED,
        revert_reason=receipt.revert_reason,
    )
