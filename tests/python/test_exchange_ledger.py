"""Ledgers of a book, and of an oracle that reads its index, against sums done by hand."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cascade.analysis.causes import Ledger, cause_graph, ledgers
from cascade.analysis.frames import Frames
from cascade.errors import AccountingViolation

from .conftest import ByHand

WAD = 10**18


def wad(price: str) -> Fraction:
    return Fraction(price) * WAD


def with_book(rows: Any, **index: Any) -> Any:
    rows.parameters["assets"]["ALT"] = {"kind": "erc20", "decimals": 18}
    rows.parameters["exchange"] = {
        "cash": "USDC",
        "books": {"ALT": {"base": "ALT", "index": {"redemption_weight_bps": 0, "floor_price": "0", **index}}},
    }
    return rows


def book_move(rows: ByHand, block: int, after: str, role: str, *, kind: str = "trade", intent: str = "sell") -> None:
    rows.move(block, after, market="book:ALT", role=role, kind=kind, intent=intent)


def the(frames: Frames, market: str, asset: str = "ALT") -> Ledger:
    (found,) = [one for one in ledgers(frames) if (one.market, one.asset) == (market, asset)]
    return found


def nets(ledger: Ledger) -> dict[str, Fraction]:
    return {entry.actor_class: entry.net for entry in ledger.classes}


def test_ledger__flash_crash_of_a_book__separates_forced_sales_from_others(by_hand: ByHand, tmp_path: Path) -> None:
    rows = with_book(by_hand)
    book_move(rows, 2, "0.97", "trader")
    book_move(rows, 2, "0.95", "maker", kind="quote", intent="requote")
    book_move(rows, 3, "0.90", "maker", intent="account-liquidation")
    book_move(rows, 3, "0.92", "maker", kind="cancel", intent="account-liquidation")
    book_move(rows, 3, "0.10", "whale", intent="desk-liquidation")
    book_move(rows, 3, "0.60", "bidder", kind="quote", intent="requote")
    book_move(rows, 4, "0.55", "whale")
    ledger = the(rows.frames(tmp_path, blocks=5), "book:ALT")
    # 0.10 is the low, though the block ended at 0.60: what came after it is not in the fall.
    assert (ledger.start, ledger.trough, ledger.trough_block) == (wad("1"), wad("0.1"), 3)
    assert nets(ledger) == {
        "forced:whale": -wad("0.82"),
        "forced:maker": -wad("0.05"),
        "trader": -wad("0.03"),
        "quote:maker": -wad("0.02"),
        "cancel:maker": wad("0.02"),
    }
    assert ledger.residual == 0


def test_ledger__a_book_that_only_rose__has_its_trough_at_the_start(by_hand: ByHand, tmp_path: Path) -> None:
    rows = with_book(by_hand)
    book_move(rows, 3, "1.2", "trader")
    ledger = the(rows.frames(tmp_path, blocks=4), "book:ALT")
    assert (ledger.start, ledger.trough, ledger.trough_block, ledger.classes) == (WAD, WAD, 2, ())


def test_ledger__a_missing_event_of_a_book__is_refused_and_named(by_hand: ByHand, tmp_path: Path) -> None:
    rows = with_book(by_hand)
    book_move(rows, 2, "0.95", "trader")
    rows.move(3, "0.90", market="book:ALT", kind="trade", before="0.94", tx="0xgap")
    with pytest.raises(AccountingViolation, match="0xgap of book:ALT, log 0 of block 3"):
        ledgers(rows.frames(tmp_path, blocks=3))


@settings(max_examples=60, deadline=None)
@given(
    moves=st.lists(
        st.tuples(
            st.integers(1, 2_000_000),
            st.sampled_from(["maker", "whale", "trader"]),
            st.sampled_from(["trade", "quote", "cancel"]),
            st.sampled_from(["sell", "account-liquidation"]),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_ledger__any_moves_of_a_book__leave_no_residual(
    moves: list[tuple[int, str, str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = with_book(ByHand())
    for number, (millionths, role, kind, intent) in enumerate(moves):
        book_move(rows, 2 + number // 3, str(Decimal(millionths) / 10**6), role, kind=kind, intent=intent)
    ledger = the(rows.frames(tmp_path_factory.mktemp("run"), blocks=10), "book:ALT")
    assert ledger.residual == 0
    assert ledger.trough == min([WAD, *(millionths * 10**12 for millionths, _, _, _ in moves)])
    assert sum(nets(ledger).values()) == -ledger.fall


def test_ledger__oracle_of_an_index__carries_each_move_of_the_book(by_hand: ByHand, tmp_path: Path) -> None:
    rows = with_book(by_hand)
    rows.parameters["oracle"]["ALT"] = {"kind": "exchange-index", "book": "ALT"}
    rows.parameters["oracle"]["USDC"] = {"kind": "posted", "initial_price_usd": "0.99"}
    rows.rows["prices"] = []
    rows.oracle("ALT", 1, "0.99")
    book_move(rows, 2, "0.50", "maker", intent="account-liquidation")
    book_move(rows, 3, "0.60", "bidder", kind="quote", intent="requote")
    rows.oracle("ALT", 2, "0.495")
    ledger = the(rows.frames(tmp_path, blocks=4), "oracle")
    # Times the stable's 0.99.
    assert nets(ledger) == {"forced:maker": -wad("0.495")}
    assert ledger.residual == 0


@pytest.mark.parametrize("index", [{"redemption_weight_bps": 5000}, {"floor_price": "0.4"}])
def test_ledger__oracle_of_an_index_with_a_remedy__attributes_no_move(
    index: dict[str, Any], by_hand: ByHand, tmp_path: Path
) -> None:
    rows = with_book(by_hand, **index)
    rows.parameters["oracle"]["ALT"] = {"kind": "exchange-index", "book": "ALT"}
    rows.oracle("ALT", 1, "1")
    book_move(rows, 2, "0.50", "maker", intent="account-liquidation")
    rows.oracle("ALT", 2, "0.75")
    assert nets(the(rows.frames(tmp_path, blocks=3), "oracle")) == {"unexplained": -wad("0.25")}


def test_cause_graph__fall_made_by_an_engine_s_sale__has_a_forced_pivot(by_hand: ByHand, tmp_path: Path) -> None:
    rows = with_book(by_hand)
    rows.parameters["oracle"]["USDe"] = {"kind": "exchange-index", "book": "ALT"}
    rows.position(1, "ann", "1.0375")
    book_move(rows, 2, "0.98", "trader")
    book_move(rows, 2, "0.90", "maker", intent="account-liquidation")
    rows.oracle("USDe", 2, "0.90")
    rows.liquidation(3, "ann", "0.93375", price="0.90")
    graph = cause_graph(rows.frames(tmp_path, blocks=4))
    found = graph.liquidations[["pivot_kind", "pivot_class", "pivot_market", "oracle_met"]].values.tolist()
    assert found == [["forced", "forced:maker", "book:ALT", True]]
