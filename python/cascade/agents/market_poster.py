"""Posts a pool's price to a feed: an oracle network that reads a market."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cascade.agents.interface import Proposal
from cascade.agents.path_poster import post
from cascade.observation import BlockView
from cascade.scenario.model import MarketPosterSpec
from cascade.units import WAD

__all__ = ["MarketPoster"]


@dataclass(frozen=True)
class _Reading:
    view: BlockView
    posted_e8: int
    posted_at: int
    market_e8: int


class MarketPoster:
    """Posts the price that a pool had at the end of the block before, by deviation and heartbeat."""

    def __init__(self, name: str, spec: MarketPosterSpec) -> None:
        self.name = name
        self.spec = spec

    def see(self, view: BlockView) -> _Reading | None:
        """Read the last answer and the market's price in dollars; None if it is not posted, or unknown."""
        if self.spec.asset not in view.world.posted_feeds or view.is_feed_frozen(self.spec.asset):
            return None
        posted, at = view.feed_answer(self.spec.asset)
        quote = view.world.venues[self.spec.venue].coins[0]
        # In dollars by the oracle's price of the quote, so that a depeg of the quote reaches the answer too.
        market = view.spot_price_wad(self.spec.venue) * view.oracle_price_e8(quote) // WAD
        return _Reading(view, posted, at, market) if market else None

    def propose(self, sight: _Reading | None) -> Sequence[Proposal]:
        """Post when the market has moved far enough, or the heartbeat has passed."""
        if sight is None:
            return []
        found = post(
            sight.view,
            self.spec.asset,
            posted_e8=sight.posted_e8,
            posted_at=sight.posted_at,
            answer_e8=sight.market_e8,
            deviation_bps=self.spec.deviation_bps,
            heartbeat_seconds=self.spec.heartbeat_seconds,
            moved="market moved",
        )
        return [] if found is None else [found]
