"""Shows averaging and delaying price sources the market, once a block."""

from __future__ import annotations

from collections.abc import Sequence

from cascade.agents.interface import GWEI, Proposal
from cascade.chain.local import address_of
from cascade.observation import BlockView
from cascade.vocabulary import Intent

__all__ = ["OracleUpkeep"]

_GAS = 400_000
_TIP_WEI = 999 * GWEI
"""Right after the posts: what is observed is the end of the block before, and a feed's newest answer."""


class OracleUpkeep:
    """Pokes every source that needs it at the top of each block."""

    name = "oracle-upkeep"

    def see(self, view: BlockView) -> BlockView:
        """Which sources there are."""
        return view

    def propose(self, sight: BlockView) -> Sequence[Proposal]:
        """Propose one poke per source."""
        return [
            Proposal(
                sender=address_of(self.name),
                contract=source,
                function="poke",
                arguments=(),
                gas_limit=_GAS,
                tip_wei=_TIP_WEI,
                intent=Intent.POKE,
                reason="once a block",
                key=name,
            )
            for name, source in sight.world.observers.items()
        ]
