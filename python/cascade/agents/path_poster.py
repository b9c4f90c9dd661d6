"""Posts the price path to the oracle's feeds: the oracle moved by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cascade.agents.interface import Proposal
from cascade.chain.local import address_of
from cascade.observation import BlockView
from cascade.scenario.model import PathPosterSpec
from cascade.units import BPS
from cascade.vocabulary import Intent

__all__ = ["PathPoster", "post"]

_GAS = 120_000
_TIP_WEI = 1_000 * 10**9
"""Above every other tip: an update is there before those who react to it."""


@dataclass(frozen=True)
class _Feed:
    asset: str
    posted_e8: int
    posted_at: int
    path_e8: int


class PathPoster:
    """An oracle operator who follows a path instead of a market."""

    def __init__(self, name: str, spec: PathPosterSpec) -> None:
        self.name = name
        self.spec = spec

    def see(self, view: BlockView) -> tuple[BlockView, list[_Feed]]:
        """Last answers and where the path is at the next block."""
        feeds = []
        for asset in self.spec.assets:
            if view.is_feed_frozen(asset):
                continue
            posted, at = view.feed_answer(asset)
            feeds.append(_Feed(asset, posted, at, view.path_price_e8(asset)))
        return view, feeds

    def propose(self, sight: tuple[BlockView, list[_Feed]]) -> Sequence[Proposal]:
        """Propose one post for each feed that is due."""
        view, feeds = sight
        due = (
            post(
                view,
                feed.asset,
                posted_e8=feed.posted_e8,
                posted_at=feed.posted_at,
                answer_e8=feed.path_e8,
                deviation_bps=self.spec.deviation_bps,
                heartbeat_seconds=self.spec.heartbeat_seconds,
                moved="path moved",
            )
            for feed in feeds
        )
        return [proposal for proposal in due if proposal is not None]


def post(
    view: BlockView,
    asset: str,
    *,
    posted_e8: int,
    posted_at: int,
    answer_e8: int,
    deviation_bps: int,
    heartbeat_seconds: int,
    moved: str,
) -> Proposal | None:
    """Return the post that a Chainlink feed would make: by deviation or by heartbeat; None where none is due."""
    change = abs(answer_e8 - posted_e8)
    has_moved = change > 0 and change * BPS >= deviation_bps * posted_e8
    if not has_moved and view.next_timestamp - posted_at < heartbeat_seconds:
        return None
    return Proposal(
        sender=address_of("price-poster"),
        contract=view.world.posted_feeds[asset],
        function="post",
        arguments=(answer_e8,),
        gas_limit=_GAS,
        tip_wei=_TIP_WEI,
        intent=Intent.POST,
        reason=moved if has_moved else "heartbeat",
        key=asset,
    )
