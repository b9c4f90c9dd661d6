"""What a page says of a run on a network that others use too: where it played, and what cannot be promised of it."""

from __future__ import annotations

from cascade.recording.manifest import NetworkPlace
from cascade.report.shared.figures import counted

__all__ = ["network_sentences"]


def network_sentences(place: NetworkPlace | None) -> list[str]:
    """Return the sentences; none for a run on a chain of its own."""
    if place is None:
        return []
    return [
        f"This run played in real blocks of {place.network}, chain {place.chain_id}, after block {place.first_block}. "
        f"Account {place.account} paid. A block counted after {counted(place.confirmations, 'confirmation')}.",
        "Three things cannot be promised of such a run: the same bytes from a second run, the order of the "
        "transactions of a step, and block space and base fee as the scenario states them. Times, order and space of "
        "blocks are the network's, which others use too.",
        "Prices follow the scenario's clock, a step at a time; interest follows the network's. Priority fees are "
        "capped, whatever agents bid. What a transaction reverted with is what it reverts with on the state before its "
        "block, or after it.",
    ]
