"""Pivots, generations and weights, against chains worked out by hand.

Health factors are proportional to the price: a position built at 1.25 with the price at 1.00 has 1.00 at 0.80.
"""

from __future__ import annotations

import cProfile
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cascade.analysis.causes import CauseGraph, cause_graph, generations, liquidation_causes
from cascade.analysis.causes.graph import Generation

from .conftest import ByHand

SPOT = {"kind": "amm-spot", "venue": "curve"}
TWAP_36 = {"kind": "amm-twap", "source": SPOT, "window_seconds": 36}


def pivots(graph: CauseGraph) -> list[tuple[str, str, int, int]]:
    rows = graph.liquidations
    names = ("pivot_kind", "pivot_class", "pivot_block", "pivot_log_index")
    return list(zip(*(rows[name].tolist() for name in names), strict=True))


def shares_of(graph: CauseGraph, number: int) -> dict[Any, Fraction]:
    rows = graph.edges[graph.edges["liquidation"] == number].to_dict("records")
    return {row["source"] if row["source"] >= 0 else (row["generation"], row["class"]): row["share"] for row in rows}


def test_pivot__between_two_events_of_a_block__is_the_one_that_crossed(by_hand: ByHand, tmp_path: Path) -> None:
    # Line at 0.80. In block 3: 0.90 -> 0.82 (whale, log 0) -> 0.79 (buyer's sale, log 1) -> 0.70 (whale, log 2).
    by_hand.position(1, "ann", "1.25")
    by_hand.move(2, "0.90")
    by_hand.move(3, "0.82")
    by_hand.move(3, "0.79", role="buyer")
    by_hand.move(3, "0.70")
    by_hand.liquidation(4, "ann", "0.875", price="0.70")
    graph = cause_graph(by_hand.frames(tmp_path, blocks=4))
    assert pivots(graph) == [("voluntary", "buyer", 3, 1)]
    assert graph.liquidations["generation"].tolist() == [1]
    assert graph.liquidations["inherits_from"].tolist() == [-1]


def test_pivot__exactly_at_the_line__is_healthy_still(by_hand: ByHand, tmp_path: Path) -> None:
    # 0.80 is a health factor of exactly 1; one unit of 1e-8 below it is not.
    by_hand.position(1, "ann", "1.25")
    by_hand.move(2, "0.80")
    by_hand.move(3, "0.79999999", role="provider")
    by_hand.liquidation(4, "ann", "0.9999999875", price="0.79999999")
    assert pivots(cause_graph(by_hand.frames(tmp_path, blocks=4))) == [("voluntary", "provider", 3, 0)]


def test_pivot__a_fall_a_recovery_and_a_fall__is_the_last_crossing(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.position(1, "ann", "1.25")
    by_hand.move(2, "0.70")
    by_hand.move(3, "0.90", role="buyer")
    by_hand.move(4, "0.75", role="lender")
    by_hand.move(5, "0.60")
    by_hand.liquidation(5, "ann", "0.75", price="0.60")
    assert pivots(cause_graph(by_hand.frames(tmp_path, blocks=5))) == [("voluntary", "lender", 4, 0)]


def test_pivot__a_change_of_its_own__is_not_looked_behind(by_hand: ByHand, tmp_path: Path) -> None:
    # The whale's fall to 0.90 is before the looper raised its loop in block 3 (health 1.02 there); 0.88 crosses:
    # 1.02 x 0.88 / 0.90 = 0.99733...
    by_hand.position(1, "ann", "1.25")
    by_hand.move(2, "0.90")
    by_hand.position(3, "ann", "1.02", event="looped", price="0.9")
    by_hand.move(4, "0.88", role="whale", actor="whale-2")
    by_hand.liquidation(5, "ann", "0.997333333333333333", price="0.88")
    graph = cause_graph(by_hand.frames(tmp_path, blocks=5))
    assert pivots(graph) == [("voluntary", "whale", 4, 0)]
    assert graph.liquidations["pivot_actor"].tolist() == ["whale-2"]
    shares = shares_of(graph, 0)
    assert shares[0, "whale"] == pytest.approx(1, abs=1e-12)
    assert sum(shares.values()) == 1


def test_pivot__interest_alone__is_time(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.position(1, "ann", "1.0000001")
    by_hand.liquidation(4, "ann", "0.9999999", price="1")
    graph = cause_graph(by_hand.frames(tmp_path, blocks=4))
    assert pivots(graph) == [("time", "time", -1, -1)]
    assert graph.liquidations["generation"].tolist() == [1]
    assert shares_of(graph, 0) == {(0, "time"): 1}


def test_pivot__a_fall_in_the_block_of_the_build__was_before_it(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.move(1, "0.90", role="deployer")
    by_hand.position(1, "ann", "1.0000001", price="0.9")
    by_hand.liquidation(4, "ann", "0.9999999", price="0.90")
    assert pivots(cause_graph(by_hand.frames(tmp_path, blocks=4))) == [("time", "time", -1, -1)]


def test_pivot__a_partial_liquidation_that_leaves_it_under_one__is_kept(by_hand: ByHand, tmp_path: Path) -> None:
    # Pivot of the first: the whale's move of block 2. The keeper's sale to 0.70 comes after; the second liquidation
    # finds the position still under one, and never over it since.
    by_hand.position(1, "ann", "1.25")
    whale = by_hand.move(2, "0.78")
    by_hand.liquidation(3, "ann", "0.975", price="0.78", after="0.98", sells_to="0.76")
    by_hand.liquidation(4, "ann", "0.954871794871794871", price="0.76")
    graph = cause_graph(by_hand.frames(tmp_path, blocks=4))
    assert graph.liquidations["pivot_tx_hash"].tolist() == [whale, whale]
    assert graph.liquidations["generation"].tolist() == [1, 1]
    assert graph.liquidations["kept"].tolist() == [False, True]
    assert shares_of(graph, 0) == shares_of(graph, 1)


def test_pivot__a_partial_liquidation_that_heals__starts_anew(by_hand: ByHand, tmp_path: Path) -> None:
    # Left at 1.04 with the price at 0.78; its own sale takes the price to 0.74: 1.04 x 0.74 / 0.78 = 0.98666...
    by_hand.position(1, "ann", "1.25")
    by_hand.move(2, "0.78")
    by_hand.liquidation(3, "ann", "0.975", price="0.78", after="1.04", sells_to="0.74")
    by_hand.liquidation(4, "ann", "0.986666666666666666", price="0.74")
    graph = cause_graph(by_hand.frames(tmp_path, blocks=4))
    assert pivots(graph)[1] == ("liquidation", "keeper", 3, 1)
    assert graph.liquidations["generation"].tolist() == [1, 2]
    assert graph.liquidations["inherits_from"].tolist() == [-1, 0]
    assert graph.liquidations["kept"].tolist() == [False, False]


def chain(by_hand: ByHand) -> None:
    # Lines at 0.95, 0.90 and 0.80. Whale: 1.00 -> 0.94 takes ann under; her sale to 0.85 takes bob under; his to 0.75
    # takes cat under.
    for name, health in (("ann", "1.052631578947368422"), ("bob", "1.111111111111111112"), ("cat", "1.25")):
        by_hand.position(1, name, health)
    by_hand.move(2, "0.94")
    by_hand.liquidation(3, "ann", "0.989473684210526316", price="0.94", covered=400, sells_to="0.85")
    by_hand.liquidation(4, "bob", "0.944444444444444445", price="0.85", covered=200, sells_to="0.75")
    by_hand.liquidation(5, "cat", "0.9375", price="0.75", covered=100)


def test_generations__a_chain_of_three__counts_up_and_r_is_a_half(by_hand: ByHand, tmp_path: Path) -> None:
    chain(by_hand)
    graph = cause_graph(by_hand.frames(tmp_path, blocks=5))
    assert graph.liquidations["generation"].tolist() == [1, 2, 3]
    assert graph.liquidations["inherits_from"].tolist() == [-1, 0, 1]
    assert graph.liquidations["oracle_met"].tolist() == [True, True, True]
    assert generations(graph) == [
        Generation(generation=1, liquidations=1, debt_covered_usd=400.0, r=0.5),
        Generation(generation=2, liquidations=1, debt_covered_usd=200.0, r=0.5),
        Generation(generation=3, liquidations=1, debt_covered_usd=100.0, r=0.0),
    ]


def test_edges__of_a_chain__are_the_shares_of_the_fall_of_the_price(by_hand: ByHand, tmp_path: Path) -> None:
    # cat fell with the price from 1.00 to 0.75: whale 0.06, ann's sale 0.09, bob's 0.10, of 0.25. No interest.
    chain(by_hand)
    graph = cause_graph(by_hand.frames(tmp_path, blocks=5))
    assert shares_of(graph, 2) == {0: Fraction(9, 25), 1: Fraction(10, 25), (0, "whale"): Fraction(6, 25)}


def test_edges__at_the_floor__is_named_still(by_hand: ByHand, tmp_path: Path) -> None:
    chain(by_hand)
    graph = cause_graph(by_hand.frames(tmp_path, blocks=5), floor=Fraction(9, 25))
    assert shares_of(graph, 2)[0] == Fraction(9, 25)


def test_edges__under_the_floor__are_summed_by_generation_and_class(by_hand: ByHand, tmp_path: Path) -> None:
    chain(by_hand)
    graph = cause_graph(by_hand.frames(tmp_path, blocks=5), floor=Fraction(39, 100))
    assert shares_of(graph, 2) == {
        1: Fraction(10, 25), (1, "keeper"): Fraction(9, 25), (0, "whale"): Fraction(6, 25),
    }  # fmt: skip


def test_edges__buyers_and_interest__close_the_sum(by_hand: ByHand, tmp_path: Path) -> None:
    # Price 1.00 -> 0.70 (whale) -> 0.80 (buyer); health 1.20 -> 0.90: without interest it were 0.96. With constant
    # balances of the end, 0.90 / 0.80 = 1.125 at the start: prices took 0.225 of the 0.30 lost, time 0.075 = a quarter.
    # Whale: 0.30 x 1.125 = 0.3375, 9/8 of the loss; buyer -0.1125, -3/8.
    by_hand.position(1, "ann", "1.20")
    by_hand.move(2, "0.70")
    by_hand.move(3, "0.80", role="buyer")
    by_hand.liquidation(4, "ann", "0.90", price="0.80")
    graph = cause_graph(by_hand.frames(tmp_path, blocks=4))
    assert shares_of(graph, 0) == {
        (0, "whale"): Fraction(9, 8),
        (0, "buyer"): -Fraction(3, 8),
        (0, "time"): Fraction(1, 4),
    }


def test_edges__a_rise_of_the_debt_s_price__is_a_share_too(by_hand: ByHand, tmp_path: Path) -> None:
    # A debt of its own feed 1.00 -> 1.25 (path) halfway, collateral 1.00 -> 0.80 before: health 1.5 -> 0.96 =
    # 1.5 x 0.8 / 1.25. At the debt's end price the collateral's move is 0.2 / 1.25 of the ratio, 0.16; the debt's at
    # the collateral's start price is 1 - 1/1.25 = 0.20; together 0.36 = 1 - 0.64.
    by_hand.parameters["venues"]["curve"]["coins"] = ["DAI", "USDe"]
    by_hand.position(1, "ann", "1.5")
    by_hand.move(2, "0.8")
    by_hand.move(3, "1.25", market="feed:USDC", kind="post", role="oracle")
    by_hand.liquidation(4, "ann", "0.96", price="0.80", debt_price="1.25")
    graph = cause_graph(by_hand.frames(tmp_path, blocks=4))
    assert pivots(graph) == [("exogenous", "exogenous", 3, 0)]
    assert shares_of(graph, 0) == {(0, "whale"): Fraction(16, 36), (0, "exogenous"): Fraction(20, 36)}


def test_pivot__path_post__is_exogenous(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.parameters["oracle"]["USDe"] = {"kind": "posted"}
    by_hand.position(1, "ann", "1.25")
    post = by_hand.move(3, "0.7", market="feed:USDe", kind="post", role="oracle")
    by_hand.liquidation(3, "ann", "0.875", price="0.7")
    graph = cause_graph(by_hand.frames(tmp_path, blocks=3))
    assert pivots(graph) == [("exogenous", "exogenous", 3, 0)]
    assert graph.liquidations["pivot_tx_hash"].tolist() == [post]


def test_pivot__post_of_the_market__is_the_largest_sale_behind_it(by_hand: ByHand, tmp_path: Path) -> None:
    # The post of block 4 shows what block 3 did: keeper -0.03, whale -0.20, buyer +0.02. The post is no cause.
    by_hand.parameters["oracle"]["USDe"] = {"kind": "posted"}
    by_hand.parameters["agents"]["bot"] = {"kind": "market-poster", "asset": "USDe", "venue": "curve"}
    by_hand.position(1, "ann", "1.25")
    by_hand.move(3, "0.97", role="keeper")
    by_hand.move(3, "0.77")
    by_hand.move(3, "0.79", role="buyer")
    by_hand.move(4, "0.79", market="feed:USDe", kind="post", role="oracle", cohort="posters")
    by_hand.liquidation(5, "ann", "0.9875", price="0.79")
    assert pivots(cause_graph(by_hand.frames(tmp_path, blocks=5))) == [("voluntary", "whale", 3, 1)]


def test_pivot__delayed__is_the_move_shown_late_not_the_last_one(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.parameters["oracle"]["USDe"] = {"kind": "delayed", "source": SPOT, "blocks": 2}
    by_hand.position(1, "ann", "1.25")
    by_hand.move(1, "1.00", market="oracle:USDe", kind="observe", role="oracle")
    by_hand.move(2, "0.75")
    by_hand.move(2, "0.75", market="oracle:USDe", kind="observe", role="oracle")
    by_hand.move(4, "0.50", role="buyer")
    by_hand.liquidation(4, "ann", "0.9375", price="0.75")
    assert pivots(cause_graph(by_hand.frames(tmp_path, blocks=4))) == [("voluntary", "whale", 2, 0)]


def test_pivot__time_weighted__is_the_largest_weighted_contribution(by_hand: ByHand, tmp_path: Path) -> None:
    # Window 36 s of 12 s blocks. Whale -0.30 in block 2, lender -0.06 in block 3, both seen at the end of their block.
    # Mean: block 3 (12 of 24 s): 0.85; block 4, back to the first observation: (12 x 1 + 12 x 0.7 + 12 x 0.64) / 36 =
    # 0.78. Line at 0.80. In the step to block 4 the whale's weight went from 12/24 to 24/36: -0.05; the lender's from
    # 0 to 12/36: -0.02.
    by_hand.parameters["oracle"]["USDe"] = TWAP_36
    by_hand.position(1, "ann", "1.25")
    by_hand.move(1, "1.00", market="oracle:USDe", kind="observe", role="oracle")
    for block, price, role in ((2, "0.70", "whale"), (3, "0.64", "lender")):
        by_hand.move(block, price, role=role)
        by_hand.move(block, price, market="oracle:USDe", kind="observe", role="oracle")
    by_hand.liquidation(4, "ann", "0.975", price="0.78")
    graph = cause_graph(by_hand.frames(tmp_path, blocks=4))
    assert pivots(graph) == [("voluntary", "whale", 2, 0)]
    # Of the fall of 0.22 the whale made 0.30 x 2/3 = 0.20, the lender 0.06 / 3 = 0.02.
    assert shares_of(graph, 0) == {(0, "whale"): Fraction(10, 11), (0, "lender"): Fraction(1, 11)}


def test_pivot__switch_of_a_median__names_the_move_that_switched(by_hand: ByHand, tmp_path: Path) -> None:
    # 1.00, 0.70 (a feed), 1.00: median 1.00. The whale takes curve to 0.60: median 0.70, another source.
    by_hand.parameters["venues"]["other"] = {"kind": "stable-swap", "coins": ["USDC", "USDe"]}
    feed = {"kind": "posted", "initial_price_usd": "0.70"}
    by_hand.parameters["oracle"]["USDe"] = {"kind": "median", "sources": [SPOT, feed, {**SPOT, "venue": "other"}]}
    by_hand.position(1, "ann", "1.25")
    by_hand.move(2, "0.60")
    by_hand.liquidation(3, "ann", "0.875", price="0.70")
    graph = cause_graph(by_hand.frames(tmp_path, blocks=3))
    assert pivots(graph) == [("switch", "whale", 2, 0)]
    assert shares_of(graph, 0) == {(0, "switch"): Fraction(1, 1)}


def test_generation__held_seizures_sold_later__inherit_their_weighted_mean(by_hand: ByHand, tmp_path: Path) -> None:
    # keeper-1 holds ann (generation 1, 300 dollars) and cat (generation 2 by keeper-2's sale, 100 dollars):
    # (300 + 200) / 400 = 1.25, rounded 1. The later sale takes dan under: generation 2, inherited from cat's.
    for name, health in (("ann", "1.06"), ("bob", "1.06"), ("cat", "1.15"), ("dan", "1.6")):
        by_hand.position(1, name, health)
    by_hand.move(2, "0.94")
    by_hand.liquidation(3, "ann", "0.9964", price="0.94", covered=300, held=True)
    by_hand.liquidation(3, "bob", "0.9964", price="0.94", keeper="keeper-2", sells_to="0.80")
    by_hand.liquidation(4, "cat", "0.92", price="0.80", covered=100, held=True)
    by_hand.move(5, "0.60", role="keeper", actor="keeper-1", cohort="keepers")
    by_hand.liquidation(6, "dan", "0.96", price="0.60")
    graph = cause_graph(by_hand.frames(tmp_path, blocks=6))
    assert graph.liquidations["generation"].tolist() == [1, 1, 2, 2]
    assert graph.liquidations["inherits_from"].tolist() == [-1, -1, 1, 2]
    assert graph.liquidations["pivot_kind"].tolist() == ["voluntary", "voluntary", "liquidation", "liquidation"]


def test_generation__an_own_stock_sold_by_a_keeper__is_voluntary(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.position(1, "ann", "1.25")
    by_hand.move(2, "0.70", role="keeper", actor="keeper-9")
    by_hand.liquidation(3, "ann", "0.875", price="0.70")
    graph = cause_graph(by_hand.frames(tmp_path, blocks=3))
    assert pivots(graph) == [("voluntary", "keeper", 2, 0)]
    assert graph.liquidations["generation"].tolist() == [1]


def test_graph__oracle_price_that_the_replay_lacks__is_marked(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.position(1, "ann", "1.25")
    by_hand.move(2, "0.70")
    by_hand.liquidation(3, "ann", "0.875", price="0.71")
    by_hand.liquidation(3, "ann", "0.875", price="0.70", debt_price="1.01")
    assert liquidation_causes(by_hand.frames(tmp_path, blocks=3))["oracle_met"].tolist() == [False, False]


def test_edges__the_pivot_s_liquidation__is_named_whatever_its_share(by_hand: ByHand, tmp_path: Path) -> None:
    # bob: 1.00 -> 0.94 (whale) -> 0.895 (whale) -> 0.894 (ann's sale, which crosses his line at 0.8945): 1 of 106.
    by_hand.position(1, "ann", "1.052631578947368422")
    by_hand.position(1, "bob", "1.117942984907769704")
    by_hand.move(2, "0.94")
    by_hand.move(2, "0.895")
    by_hand.liquidation(3, "ann", "0.942105263157894738", price="0.895", sells_to="0.894")
    by_hand.liquidation(4, "bob", "0.999441028507546115", price="0.894")
    graph = cause_graph(by_hand.frames(tmp_path, blocks=4), floor=Fraction(1, 2))
    assert graph.liquidations["inherits_from"].tolist() == [-1, 0]
    assert shares_of(graph, 1)[0] == pytest.approx(1 / 106, rel=1e-12)
    assert (1, "keeper") not in shares_of(graph, 1)


def test_graph__no_liquidations__is_empty_with_its_columns(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.move(2, "0.9")
    frames = by_hand.frames(tmp_path, blocks=2)
    assert liquidation_causes(frames).empty
    assert "pivot_kind" in liquidation_causes(frames).columns
    assert generations(cause_graph(frames)) == []


@settings(max_examples=60, deadline=None)
@given(data=st.data(), source=st.sampled_from(["spot", "twap", "delayed", "median"]))
def test_edges__any_run__sum_to_exactly_one_and_point_backwards(
    world_class: type[ByHand], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, source: str
) -> None:
    world = world_class()
    world.parameters["oracle"]["USDe"] = {
        "spot": SPOT,
        "twap": TWAP_36,
        "delayed": {"kind": "delayed", "source": SPOT, "blocks": 1},
        "median": {"kind": "median", "sources": [SPOT, TWAP_36, {"kind": "posted"}]},
    }[source]
    prices = st.integers(1, 120)
    for name in ("ann", "bob", "cat"):
        world.position(1, name, f"1.{data.draw(st.integers(0, 60)):02d}")
    for block in range(2, 9):
        for _ in range(data.draw(st.integers(0, 3))):
            world.move(block, f"{data.draw(prices) / 100:.2f}", role=data.draw(st.sampled_from(["whale", "buyer"])))
        if data.draw(st.booleans()):
            price = world._at.get("curve", 10**18)
            world.move(block, f"{price / 10**18:.2f}", market="oracle:USDe", kind="observe", role="oracle")
        if data.draw(st.booleans()):
            world.liquidation(
                block,
                data.draw(st.sampled_from(["ann", "bob", "cat"])),
                f"0.{data.draw(st.integers(50, 99))}",
                price="1",
                after=f"{data.draw(st.integers(50, 140)) / 100:.2f}",
                sells_to=f"{data.draw(prices) / 100:.2f}",
            )
    graph = cause_graph(world.frames(tmp_path_factory.mktemp("run"), blocks=9))
    sums = graph.edges.groupby("liquidation")["share"].sum()
    assert sums.tolist() == [1] * len(graph.liquidations)
    assert (graph.edges["source"] < graph.edges["liquidation"]).all()
    assert (graph.liquidations["inherits_from"] < graph.liquidations["liquidation"]).all()
    own = graph.liquidations["pivot_generation"] + 1
    assert graph.liquidations["generation"].tolist() == own.tolist()


def _calls_of_graph(by_hand: ByHand, monkeypatch: pytest.MonkeyPatch, folder: Path, *, liquidations: int) -> int:
    """Return how many Python calls the graph of a made-up run takes: a number that no machine's speed changes."""
    draw = random.Random(7)
    by_hand.move(1, "1", market="oracle:USDe", kind="observe", role="oracle")

    def hash_of(block: int, tx: str, *_: object, **__: object) -> str:
        return tx or f"0x{block:x}-{by_hand._logs.get(block, -1) + 1:x}"

    # `ByHand` looks for the transaction among all rows, which would take most of the test's time.
    monkeypatch.setattr(by_hand, "_tx", hash_of)
    price = 10**8
    for number in range(liquidations):
        by_hand.position(1, f"looper-{number}", f"{1.2 + number / 10_000:.6f}")
        block = 2 + number // 10
        price -= draw.randrange(-8000, 20_000)
        by_hand.move(block, f"{price / 10**8:.8f}")
        price -= draw.randrange(1000)
        by_hand.liquidation(
            block, f"looper-{number}", f"{0.9 + draw.random() / 20:.12f}", price="1", sells_to=f"{price / 10**8:.8f}"
        )
        if number % 10 == 0:
            by_hand.move(block, f"{price / 10**8:.8f}", market="oracle:USDe", kind="observe", role="oracle")
    frames = by_hand.frames(folder, blocks=liquidations // 10 + 10)
    assert len(frames.liquidations) == liquidations
    assert len(frames.price_moves) > 2 * liquidations
    profile = cProfile.Profile()
    graph = profile.runcall(cause_graph, frames)
    assert len(graph.liquidations) == liquidations
    return sum(entry.callcount for entry in profile.getstats())


# A mean costs what is in its window, so that the window must be shorter than the smaller run.
@pytest.mark.parametrize("source", [SPOT, TWAP_36])
def test_graph__five_times_as_many_liquidations__takes_at_most_seven_times_as_many_calls(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, source: Any
) -> None:
    counts = []
    for liquidations in (400, 2000):
        by_hand = ByHand()
        by_hand.parameters["oracle"]["USDe"] = source
        counts.append(_calls_of_graph(by_hand, monkeypatch, tmp_path / str(liquidations), liquidations=liquidations))

    # Sorting and searching grow by a little more than the number of rows; a loop over all pairs would take 25 times.
    assert counts[1] <= 7 * counts[0]
