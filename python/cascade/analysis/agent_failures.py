"""Find which of the user's own agents raised during a run, so that the run shows less than its scenario says."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.analysis.frames import Frames
from cascade.recording.tables import TransactionRow
from cascade.vocabulary import Intent, TransactionStatus

__all__ = ["AgentFailure", "agent_failures"]


@dataclass(frozen=True)
class AgentFailure:
    """Blocks for which one of the user's own agents raised instead of proposing."""

    blocks: int
    """Number of such blocks: the proposals that it would have made are missing from the run."""
    first_block: int
    """Number of the first of them."""
    first_error: str
    """Error that it raised then."""


def agent_failures(frames: Frames) -> dict[str, AgentFailure]:
    """Return the failures of the user's own agents, by agent, in the order of their first failure."""
    raised: dict[str, list[TransactionRow]] = {}
    for row in frames.rows(TransactionRow):
        if row.intent == Intent.PROPOSE and row.status == TransactionStatus.REJECTED:
            raised.setdefault(row.actor, []).append(row)
    return {
        name: AgentFailure(
            blocks=len(rows),
            # A rejected row has the number of the block before, on which the agent decided.
            first_block=rows[0].block_number + 1,
            first_error=rows[0].revert_reason,
        )
        for name, rows in raised.items()
    }
