"""Say which of the user's own agents raised during a run."""

from __future__ import annotations

from collections.abc import Mapping

from cascade.analysis.agent_failures import AgentFailure
from cascade.report.shared.figures import count, counted

__all__ = ["failure_sentences"]


def failure_sentences(failures: Mapping[str, AgentFailure]) -> list[str]:
    """Return one sentence per agent that raised, in the order of their first failure.

    >>> failure_sentences({"mine": AgentFailure(blocks=2, first_block=41, first_error="KeyError: 'x'")})
    ["mine raised before 2 blocks and proposed nothing for them, first before block 41: KeyError: 'x'."]
    """
    return [
        f"{name} raised before {counted(failure.blocks, 'block')} and proposed nothing for "
        f"{'it' if failure.blocks == 1 else 'them'}, first before block {count(failure.first_block)}: "
        f"{failure.first_error}."
        for name, failure in failures.items()
    ]
