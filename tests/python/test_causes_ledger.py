"""The ledger, against sums done by hand."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cascade.analysis.causes import Ledger, ledger_frame, ledgers
from cascade.analysis.causes.moves import Moves
from cascade.analysis.causes.oracle import Oracle
from cascade.analysis.frames import Frames
from cascade.errors import AccountingViolation

from .conftest import ByHand

WAD = 10**18


def wad(price: str) -> Fraction:
    return Fraction(price) * WAD


def the(frames: Frames, market: str, asset: str = "USDe", **more: Any) -> Ledger:
    (found,) = [one for one in ledgers(frames, **more) if (one.market, one.asset) == (market, asset)]
    return found


def nets(ledger: Ledger) -> dict[str, Fraction]:
    return {entry.actor_class: entry.net for entry in ledger.classes}


def test_ledger__whales_liquidators_and_buyers__adds_up_to_the_fall(by_hand: ByHand, tmp_path: Path) -> None:
    # 1.00 -> 0.95 -> 0.90 (whales, -0.10) -> 0.70 (keeper, -0.20) -> 0.85 (buyer, +0.15) -> 0.60 (keeper, -0.25)
    # -> 0.642 (buyer, +0.042): together -0.358. A later rise is after the trough.
    by_hand.move(2, "0.95")
    by_hand.move(2, "0.90", actor="whale-2")
    by_hand.move(3, "0.70", role="keeper")
    by_hand.move(3, "0.85", role="buyer")
    by_hand.move(4, "0.60", role="keeper")
    by_hand.move(4, "0.642", role="buyer")
    by_hand.move(5, "0.80", role="buyer")
    ledger = the(by_hand.frames(tmp_path, blocks=6), "curve")
    assert (ledger.start, ledger.trough) == (wad("1"), wad("0.642"))
    assert (ledger.first_block, ledger.trough_block) == (2, 4)
    assert ledger.fall == wad("0.358")
    assert [(entry.actor_class, entry.gross_down, entry.gross_up, entry.moves) for entry in ledger.classes] == [
        ("keeper", -wad("0.45"), 0, 2),
        ("whale", -wad("0.10"), 0, 2),
        ("buyer", 0, wad("0.192"), 2),
    ]
    assert ledger.residual == 0


def test_ledger__liquidity_moves__are_a_class_of_their_own(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.move(2, "0.97", role="provider", kind="liquidity")
    by_hand.move(3, "0.90", role="provider")
    assert nets(the(by_hand.frames(tmp_path, blocks=3), "curve")) == {
        "liquidity:provider": -wad("0.03"),
        "provider": -wad("0.07"),
    }


def test_ledger__a_low_inside_a_block__is_no_trough(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.move(2, "0.90")
    by_hand.move(3, "0.50")
    by_hand.move(3, "0.95", role="buyer")
    ledger = the(by_hand.frames(tmp_path, blocks=4), "curve")
    assert (ledger.trough, ledger.trough_block) == (wad("0.9"), 2)
    assert nets(ledger) == {"whale": -wad("0.1")}


def test_ledger__a_stated_first_block__leaves_out_what_came_before(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.move(2, "0.90")
    by_hand.move(3, "0.80", role="keeper")
    ledger = the(by_hand.frames(tmp_path, blocks=4), "curve", first_block=3)
    assert (ledger.start, ledger.trough) == (wad("0.9"), wad("0.8"))
    assert nets(ledger) == {"keeper": -wad("0.1")}


def test_ledger__a_move_of_the_build__is_left_out(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.move(1, "0.99", role="deployer", kind="liquidity")
    by_hand.move(2, "0.90")
    assert nets(the(by_hand.frames(tmp_path, blocks=2), "curve")) == {"whale": -wad("0.09")}


def test_ledger__a_price_that_only_rose__has_its_trough_at_the_start(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.move(3, "1.01", role="buyer")
    ledger = the(by_hand.frames(tmp_path, blocks=3), "curve")
    assert (ledger.start, ledger.trough, ledger.trough_block, ledger.classes) == (WAD, WAD, 2, ())


def test_ledger__a_missing_event__is_refused_and_named(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.move(2, "0.95")
    by_hand.move(3, "0.90", before="0.94", tx="0xgap")
    with pytest.raises(AccountingViolation, match="0xgap of curve, log 0 of block 3: begins at 940000000000000000"):
        ledgers(by_hand.frames(tmp_path, blocks=3))


def test_ledger__spot_oracle__rounding_falls_to_the_move_that_made_it(by_hand: ByHand, tmp_path: Path) -> None:
    # The quote stands at 0.99990000. 0.954321 x 0.9999 = 0.9542255679, floor 0.95422556; 0.9 x 0.9999 = 0.89991.
    by_hand.parameters["oracle"]["USDC"] = {"kind": "posted", "initial_price_usd": "0.9999"}
    by_hand.rows["prices"] = []
    by_hand.oracle("USDe", 1, "0.9999")
    by_hand.move(2, "0.954321")
    by_hand.move(3, "0.90", role="keeper")
    by_hand.oracle("USDe", 3, "0.89991")
    ledger = the(by_hand.frames(tmp_path, blocks=3), "oracle")
    assert (ledger.start, ledger.trough) == (wad("0.9999"), wad("0.89991"))
    assert nets(ledger) == {"whale": wad("0.95422556") - wad("0.9999"), "keeper": wad("0.89991") - wad("0.95422556")}
    assert ledger.residual == 0


def test_ledger__spot_oracle__a_fall_of_the_quote_s_feed_is_the_poster_s(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.move(2, "0.90")
    by_hand.move(3, "0.98", market="feed:USDC", kind="post", role="oracle")
    by_hand.oracle("USDe", 3, "0.882")
    # 1.00 -> 0.90 (whale) -> 0.90 x 0.98 = 0.882 (the path, exogenous).
    frames = by_hand.frames(tmp_path, blocks=3)
    assert nets(the(frames, "oracle")) == {"whale": -wad("0.1"), "exogenous": -wad("0.018")}
    assert nets(the(frames, "oracle", "USDC")) == {"exogenous": -wad("0.02")}
    assert the(frames, "oracle").residual == 0


def test_ledger__oracle_that_the_tables_contradict__has_a_residual(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.move(2, "0.90")
    by_hand.oracle("USDe", 2, "0.91")
    assert the(by_hand.frames(tmp_path, blocks=2), "oracle").residual == wad("0.01")


def test_ledger__feed_posted_from_the_market__carries_the_moves_since_the_last_post(
    by_hand: ByHand, tmp_path: Path
) -> None:
    # The poster reads the block before. Post in block 3: 0.95 (whale). Post in block 5: 0.80, the keeper's -0.20 and
    # the buyer's +0.05 of block 4; the whale's -0.30 of block 5 is not in it. 0.79999999 was posted: a cut of 1e-8.
    by_hand.parameters["oracle"]["USDe"] = {"kind": "posted"}
    by_hand.parameters["agents"]["bot"] = {"kind": "market-poster", "asset": "USDe", "venue": "curve"}
    feed = {"market": "feed:USDe", "kind": "post", "role": "oracle", "cohort": "posters"}
    by_hand.move(2, "0.95")
    by_hand.move(3, "0.95", **feed)
    by_hand.move(4, "0.75", role="keeper")
    by_hand.move(4, "0.80", role="buyer")
    by_hand.move(5, "0.50")
    by_hand.move(5, "0.79999999", **feed)
    by_hand.oracle("USDe", 5, "0.79999999")
    ledger = the(by_hand.frames(tmp_path, blocks=5), "oracle")
    assert nets(ledger) == {
        "whale": -wad("0.05"),
        "keeper": -wad("0.2"),
        "buyer": wad("0.05"),
        "rounding": -wad("0.00000001"),
    }
    assert ledger.residual == 0


def test_ledger__post_that_waited_for_space__carries_what_it_had_read(by_hand: ByHand, tmp_path: Path) -> None:
    # Read after block 2 (0.95), mined in block 4; the keeper's move of block 3 is not in it, and nothing is rounded.
    by_hand.parameters["oracle"]["USDe"] = {"kind": "posted"}
    by_hand.parameters["agents"]["bot"] = {"kind": "market-poster", "asset": "USDe", "venue": "curve"}
    by_hand.move(2, "0.95")
    by_hand.move(3, "0.70", role="keeper")
    by_hand.move(4, "0.95", market="feed:USDe", kind="post", role="oracle", cohort="posters")
    assert nets(the(by_hand.frames(tmp_path, blocks=4), "oracle")) == {"whale": -wad("0.05")}


def test_ledger__source_that_reads_itself__attributes_no_move(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.parameters["oracle"]["USDC"] = {"kind": "same-as", "asset": "USDe"}
    by_hand.move(2, "0.90")
    by_hand.oracle("USDe", 2, "0.9")
    assert nets(the(by_hand.frames(tmp_path, blocks=2), "oracle")) == {"unexplained": -wad("0.1")}


def test_ledger__time_weighted__moves_weigh_the_time_they_were_seen(by_hand: ByHand, tmp_path: Path) -> None:
    # Window 36 s, blocks of 12 s, observed at every block's end from block 1 on; block b is at 12 (b - 2).
    # Whale: 1.00 -> 0.90 in block 2 (t = 0). Keeper: 0.90 -> 0.60 in block 3 (t = 12). Mean at block 4 (t = 24),
    # back to the first observation at t = -12: 12 s of 1.00, 12 s of 0.90, 12 s of 0.60 = 0.8333..., floor to 1e-8.
    # Whale seen for 24 of 36 s, keeper for 12: -0.10 x 2/3 and -0.30 x 1/3, rounding -1/3 of 1e-8.
    by_hand.parameters["oracle"]["USDe"] = {
        "kind": "amm-twap",
        "source": {"kind": "amm-spot", "venue": "curve"},
        "window_seconds": 36,
    }
    for block, price, role in ((1, None, ""), (2, "0.90", "whale"), (3, "0.60", "keeper"), (4, None, "")):
        if price:
            by_hand.move(block, price, role=role)
        by_hand.move(block, price or "0.60", market="oracle:USDe", kind="observe", role="oracle")
    by_hand.oracle("USDe", 4, "0.83333333")
    ledger = the(by_hand.frames(tmp_path, blocks=4), "oracle")
    assert ledger.trough == wad("0.83333333")
    assert nets(ledger) == {
        "whale": -wad("0.1") * 2 / 3,
        "keeper": -wad("0.3") / 3,
        "rounding": Fraction(-1, 3) * 10**10,
    }
    assert ledger.residual == 0


def test_ledger__time_weighted__the_first_observation_of_a_block_counts(by_hand: ByHand, tmp_path: Path) -> None:
    # The keeper's move comes after the block's first observation; the second one writes nothing.
    by_hand.parameters["oracle"]["USDe"] = {
        "kind": "amm-twap",
        "source": {"kind": "amm-spot", "venue": "curve"},
        "window_seconds": 12,
    }
    by_hand.move(1, "1.00", market="oracle:USDe", kind="observe", role="oracle")
    by_hand.move(2, "0.90")
    by_hand.move(2, "0.90", market="oracle:USDe", kind="observe", role="oracle")
    by_hand.move(2, "0.60", role="keeper")
    by_hand.move(2, "0.60", market="oracle:USDe", kind="observe", role="oracle")
    assert nets(the(by_hand.frames(tmp_path, blocks=3), "oracle")) == {"whale": -wad("0.1")}


def test_ledger__time_weighted__move_older_than_the_window_has_weight_zero(by_hand: ByHand, tmp_path: Path) -> None:
    # Window 12 s: at block 4 the mean is of what was seen from block 3 on; from block 3's end to block 4 the whale's
    # move of block 2 has full weight at both ends. First block 4: only the keeper's move of block 3 enters.
    by_hand.parameters["oracle"]["USDe"] = {
        "kind": "amm-twap",
        "source": {"kind": "amm-spot", "venue": "curve"},
        "window_seconds": 12,
    }
    by_hand.move(1, "1.00", market="oracle:USDe", kind="observe", role="oracle")
    by_hand.move(2, "0.90")
    by_hand.move(2, "0.90", market="oracle:USDe", kind="observe", role="oracle")
    by_hand.move(3, "0.60", role="keeper")
    by_hand.move(3, "0.60", market="oracle:USDe", kind="observe", role="oracle")
    for block, price in ((2, "1"), (3, "0.9"), (4, "0.6")):
        by_hand.oracle("USDe", block, price)
    ledger = the(by_hand.frames(tmp_path, blocks=4), "oracle", first_block=4)
    assert nets(ledger) == {"keeper": -wad("0.3")}
    assert ledger.residual == 0


def test_ledger__delayed_by_two_blocks__sees_no_later_move(by_hand: ByHand, tmp_path: Path) -> None:
    # Observed at the end of each block, shown two blocks later: at block 5 what stood at the end of block 3.
    by_hand.parameters["oracle"]["USDe"] = {
        "kind": "delayed",
        "source": {"kind": "amm-spot", "venue": "curve"},
        "blocks": 2,
    }
    by_hand.move(1, "1.00", market="oracle:USDe", kind="observe", role="oracle")
    for block, price, role in ((2, "0.9", "whale"), (3, "0.7", "keeper"), (4, "0.4", "whale"), (5, "0.3", "whale")):
        by_hand.move(block, price, role=role)
        by_hand.move(block, price, market="oracle:USDe", kind="observe", role="oracle")
    by_hand.oracle("USDe", 4, "0.9")
    by_hand.oracle("USDe", 5, "0.7")
    ledger = the(by_hand.frames(tmp_path, blocks=5), "oracle")
    assert nets(ledger) == {"whale": -wad("0.1"), "keeper": -wad("0.2")}
    assert (ledger.trough_block, ledger.residual) == (5, 0)


def test_ledger__median_that_changes_its_source__has_a_switch(by_hand: ByHand, tmp_path: Path) -> None:
    # Sources: spot of curve, a feed at 0.97, spot of other. At first 1.00, 0.97, 1.00: the median is curve's 1.00 (the
    # lowest index of the two). Whale takes curve to 0.90: other's 1.00, the feed's 0.97, curve's 0.90: median 0.97, a
    # switch of -0.03. Keeper takes other to 0.95: median 0.95, other's; from 0.97 to other's 1.00 is a switch of
    # +0.03, and the keeper's move is -0.05.
    by_hand.parameters["venues"]["other"] = {"kind": "stable-swap", "coins": ["USDC", "USDe"]}
    by_hand.parameters["oracle"]["USDe"] = {
        "kind": "median",
        "sources": [
            {"kind": "amm-spot", "venue": "curve"},
            {"kind": "posted", "initial_price_usd": "0.97"},
            {"kind": "amm-spot", "venue": "other"},
        ],
    }
    by_hand.move(2, "0.90")
    by_hand.oracle("USDe", 2, "0.97")
    by_hand.move(3, "0.95", role="keeper", market="other")
    by_hand.oracle("USDe", 3, "0.95")
    ledger = the(by_hand.frames(tmp_path, blocks=3), "oracle")
    assert nets(ledger) == {"switch": 0, "keeper": -wad("0.05")}
    (switch,) = [entry for entry in ledger.classes if entry.actor_class == "switch"]
    assert (switch.gross_down, switch.gross_up) == (-wad("0.03"), wad("0.03"))
    assert ledger.residual == 0


def test_ledger__cap_that_stops_binding__counts_what_it_hid_as_a_switch(by_hand: ByHand, tmp_path: Path) -> None:
    # Spot 1.10, cap 1.04; the whale takes spot to 0.90: -0.20, of which 0.06 had not been seen.
    by_hand.parameters["oracle"]["USDe"] = {
        "kind": "cap",
        "source": {"kind": "amm-spot", "venue": "curve"},
        "cap_usd": "1.04",
    }
    by_hand.move(1, "1.10", role="deployer")
    by_hand.rows["prices"][0]["price_e8"] = 104_000_000
    by_hand.move(2, "0.90")
    by_hand.oracle("USDe", 2, "0.9")
    ledger = the(by_hand.frames(tmp_path, blocks=2), "oracle")
    assert (ledger.start, ledger.trough) == (wad("1.04"), wad("0.9"))
    assert nets(ledger) == {"whale": -wad("0.2"), "switch": wad("0.06")}


def test_ledger__source_that_is_not_replayed__attributes_no_move(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.parameters["oracle"]["USDe"] = {"kind": "vault-rate", "vault": "sUSDe"}
    by_hand.move(2, "0.90")
    by_hand.oracle("USDe", 2, "0.9")
    ledger = the(by_hand.frames(tmp_path, blocks=2), "oracle")
    assert nets(ledger) == {"unexplained": -wad("0.1")}


def test_ledger_frame__is_tidy_and_exact(by_hand: ByHand, tmp_path: Path) -> None:
    by_hand.move(2, "0.9")
    by_hand.oracle("USDe", 2, "0.9")
    frame = ledger_frame(ledgers(by_hand.frames(tmp_path, blocks=2)))
    assert frame.to_dict("records") == [
        {
            "market": market,
            "asset": "USDe",
            "class": "whale",
            "gross_down_wad": -(10**17),
            "gross_up_wad": 0,
            "net_wad": -(10**17),
            "moves": 1,
        }
        for market in ("curve", "oracle")
    ]
    assert {type(value) for value in frame["net_wad"]} == {int}


SOURCES: list[dict[str, Any]] = [
    {"kind": "amm-spot", "venue": "curve"},
    {"kind": "amm-twap", "source": {"kind": "amm-spot", "venue": "curve"}, "window_seconds": 40},
    {
        "kind": "amm-twap",
        "source": {"kind": "delayed", "source": {"kind": "amm-spot", "venue": "curve"}, "blocks": 2},
        "window_seconds": 30,
    },
    {"kind": "delayed", "source": {"kind": "amm-spot", "venue": "curve"}, "blocks": 3},
    {
        "kind": "cap",
        "source": {"kind": "amm-twap", "source": {"kind": "amm-spot", "venue": "curve"}, "window_seconds": 25},
        "cap_usd": "0.8",
    },
    {
        "kind": "median",
        "sources": [
            {"kind": "amm-spot", "venue": "curve"},
            {"kind": "posted", "initial_price_usd": "0.9"},
            {
                "kind": "delayed",
                "source": {"kind": "amm-twap", "source": {"kind": "amm-spot", "venue": "curve"}, "window_seconds": 40},
                "blocks": 1,
            },
        ],
    },
]


@settings(max_examples=60, deadline=None)
@given(
    moves=st.lists(
        st.tuples(
            st.integers(2, 9),
            st.integers(10**16, 2 * 10**18),
            st.sampled_from(["whale", "keeper", "buyer"]),
            st.booleans(),
        ),
        min_size=1,
        max_size=25,
    ),
    source=st.sampled_from(SOURCES),
)
def test_ledger__any_moves_and_any_source__leaves_no_residual(
    world_class: type[ByHand],
    tmp_path_factory: pytest.TempPathFactory,
    moves: list[tuple[int, int, str, bool]],
    source: Any,
) -> None:
    world = world_class()
    world.rows["prices"] = []
    world.parameters["oracle"]["USDe"] = source
    for block, price, role, observed in sorted(moves, key=lambda move: move[0]):
        text = f"{price // 10**18}.{price % 10**18:018d}"
        world.move(block, text, role=role)
        if observed:
            world.move(block, text, market="oracle:USDe", kind="observe", role="oracle")
    found = ledgers(world.frames(tmp_path_factory.mktemp("run"), blocks=10))
    assert {ledger.residual for ledger in found} == {0}
    for ledger in found:
        assert sum(entry.net for entry in ledger.classes) == ledger.trough - ledger.start
        if source["kind"] == "amm-twap":
            # Two answers, each cut by less than 1e-8: all else is owned by moves.
            assert abs(nets(ledger).get("rounding", Fraction(0))) < 10**10


@settings(max_examples=60, deadline=None)
@given(
    prices=st.lists(st.integers(10**6, 2 * 10**8), min_size=3, max_size=9),
    window=st.integers(1, 120),
    skipped=st.sets(st.integers(2, 9)),
)
def test_oracle__time_weighted_and_delayed__answer_as_integrated_second_by_second(
    world_class: type[ByHand],
    tmp_path_factory: pytest.TempPathFactory,
    prices: list[int],
    window: int,
    skipped: set[int],
) -> None:
    world, moved, seen = world_class(), 10**8, {1: 10**8}
    for kind in ("amm-twap", "delayed"):
        world.parameters["oracle"][kind] = {
            "kind": kind,
            "source": {"kind": "amm-spot", "venue": "curve"},
            "window_seconds": window,
            "blocks": 2,
        }
        world.move(1, "1", market=f"oracle:{kind}", kind="observe", role="oracle")
    for block, price in enumerate(prices, start=2):
        world.move(block, f"{price // 10**8}.{price % 10**8:08d}")
        moved = price
        if block not in skipped:
            seen[block] = moved
            for kind in ("amm-twap", "delayed"):
                world.move(block, "1", market=f"oracle:{kind}", kind="observe", role="oracle")
    last = len(prices) + 1
    moves = Moves(world.frames(tmp_path_factory.mktemp("run"), blocks=last))
    oracle = Oracle(moves)
    for block in range(1, last + 1):
        point, now = moves.end_of(block), 12 * block
        held = [
            seen[max(known for known in seen if 12 * known <= second)] for second in range(max(12, now - window), now)
        ]
        mean = sum(held) // len(held) if held else 10**8
        assert oracle.of("amm-twap").answers[point] == mean
        assert (
            oracle.of("delayed").answers[point] == seen[max([known for known in seen if known <= block - 2], default=1)]
        )
