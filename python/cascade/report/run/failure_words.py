"""Say what a run lacks: what the user's own agents that raised would have done, and prices that the oracle refused."""

from __future__ import annotations

from collections.abc import Mapping

from cascade.analysis.agent_failures import AgentFailure
from cascade.report.shared.figures import count, counted

__all__ = ["failure_sentences", "refusal_sentences"]


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


def refusal_sentences(refusals: Mapping[str, int]) -> list[str]:
    """Return one sentence per asset whose price the oracle refused, from the number of blocks by asset.

    >>> refusal_sentences({"USDe": 12})[0].partition(":")[0]
    "The lending pool's oracle refused the price of USDe at the end of 12 blocks"
    """
    return [
        f"The lending pool's oracle refused the price of {asset} at the end of {counted(blocks, 'block')}: dollar "
        "values of those blocks use the last price that it gave."
        for asset, blocks in refusals.items()
    ]
