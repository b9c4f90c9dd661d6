"""Who posts a market's price to a feed, and when; who shows averaging sources the market."""

from __future__ import annotations

from typing import Any

import pytest

from cascade.agents.interface import Proposal
from cascade.agents.market_poster import MarketPoster
from cascade.agents.oracle_upkeep import OracleUpkeep
from cascade.chain.local import address_of
from cascade.scenario.model import MarketPosterSpec

from .agent_views import E8, GWEI, WAD, View, asked, contract, world


def poster(**keys: Any) -> MarketPoster:
    spec = MarketPosterSpec.model_validate(
        {"kind": "market-poster", "asset": "USDe", "venue": "pool", "deviation_bps": 50, **keys}
    )
    return MarketPoster("poster", spec)


def posts(agent: MarketPoster, view: View) -> list[Proposal]:
    return asked(agent, view)


def seen(spot_e8: int, *, posted_e8: int = E8, posted_at: int = 1000, **keys: Any) -> View:
    return View(world(), spot_wad=spot_e8 * WAD // E8, feed=(posted_e8, posted_at), **keys)


@pytest.mark.parametrize(
    ("spot_e8", "posted"),
    [(99_500_000, True), (99_500_001, False), (100_500_000, True), (100_499_999, False), (E8, False)],
)
def test_poster__market_away_by_the_deviation__posts(spot_e8: int, posted: bool) -> None:
    proposals = posts(poster(), seen(spot_e8))

    assert [proposal.arguments for proposal in proposals] == [(spot_e8,)] * posted
    assert [proposal.reason for proposal in proposals] == ["market moved"] * posted
    assert all(proposal.sender == address_of("price-poster") for proposal in proposals)
    assert all(proposal.contract == contract("feed") for proposal in proposals)


@pytest.mark.parametrize(("timestamp", "posted"), [(4588, True), (4587, False)])
def test_poster__heartbeat_passed_at_the_next_block__posts_what_has_not_moved(timestamp: int, posted: bool) -> None:
    # The next block comes 12 seconds later: at 4,600 the answer of 1,000 is an hour old.
    assert [p.reason for p in posts(poster(), seen(E8, timestamp=timestamp))] == ["heartbeat"] * posted


def test_poster__without_deviation__posts_every_change_and_no_standstill() -> None:
    assert len(posts(poster(deviation_bps=0), seen(E8 - 1))) == 1
    assert posts(poster(deviation_bps=0), seen(E8)) == []


def test_poster__quote_under_par__posts_dollars() -> None:
    view = seen(99_000_000)
    view.oracle_e8["USDC"] = 98_000_000

    assert [p.arguments for p in posts(poster(), view)] == [(97_020_000,)]


def test_poster__quote_without_price__posts_nothing() -> None:
    view = seen(99_000_000)
    view.oracle_e8["USDC"] = 0

    assert posts(poster(), view) == []


def test_poster__source_without_a_posted_feed__has_nothing_to_do() -> None:
    view = seen(99_000_000)
    view.world.posted_feeds = {}

    assert posts(poster(), view) == []


def test_upkeep__pokes_every_source_once_after_the_posts_and_before_all_others() -> None:
    view = seen(E8)
    view.world.observers = {"USDe:twap": contract("twap"), "USDe:delayed": contract("delayed")}
    agent = OracleUpkeep()
    proposals = asked(agent, view)
    (post,) = posts(poster(), seen(99_000_000))

    assert [(p.contract, p.function) for p in proposals] == [(contract("twap"), "poke"), (contract("delayed"), "poke")]
    assert len({proposal.key for proposal in proposals}) == 2
    assert all(500 * GWEI < proposal.tip_wei < post.tip_wei for proposal in proposals)
