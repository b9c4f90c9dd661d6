"""Links of the chain: shock, calls, unwinding, depeg and liquidations, from made-up tables; every figure by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from cascade.analysis.links import link_rows
from cascade.recording.tables import LinkRow
from cascade.vocabulary import Motive

from .chain_by_hand import E8, SECONDS, START, USDC, WAD, ChainByHand, raw


@pytest.fixture
def run() -> ChainByHand:
    """Without an exchange."""
    chain = ChainByHand()
    chain.parameters["exchange"] = None
    chain.parameters["positions"] = {}
    return chain


def second(block: int) -> int:
    return START + SECONDS * (block - 2)


def call(run: ChainByHand, block: int, borrower: str, dollars: int, event: str = "call") -> None:
    run.add("margin_events", block, borrower=borrower, event=event, needed_raw=dollars * USDC)


def pledge(run: ChainByHand, borrower: str, collateral: str = "WETH") -> None:
    run.add(
        "positions",
        1,
        borrower=borrower,
        cohort="whales-pledge",
        event="built",
        collateral_asset=collateral,
        debt_asset="USDC",
        debt_raw=1,
        collateral_raw=1,
        health_factor_wad=2 * WAD,
        collateral_base_e8=1,
    )


def unwind(run: ChainByHand, block: int, motive: Motive, dollars: int, to: str | None = None) -> None:
    tx = run.send(block, role="whale", intent="unwind", motive=motive)
    run.add(
        "unwinds",
        block,
        tx_hash=tx,
        borrower="whale-1",
        collateral_asset="USDe",
        debt_asset="USDC",
        proceeds_raw=dollars * USDC,
        collateral_sold_raw=dollars * WAD,
    )
    if to is not None:
        run.move(block, "curve", to, role="whale", intent="unwind", tx=tx)


def liquidation(run: ChainByHand, block: int, borrower: str, dollars: int, *, price: str, to: str) -> None:
    """Of a position whose health is 0.98 at the price, and the keeper's sale that takes the pool to another."""
    run.add(
        "positions",
        1,
        borrower=borrower,
        event="built",
        collateral_asset="USDe",
        debt_asset="USDC",
        debt_raw=1,
        collateral_raw=1,
        health_factor_wad=raw("0.98") * WAD // raw(price),
        collateral_base_e8=1,
        debt_base_e8=1,
    )
    tx = run.send(block, role="keeper", intent="liquidate")
    number = len(run.rows.get("price_moves", []))
    run.add(
        "liquidations",
        block,
        tx_hash=tx,
        log_index=number - 1,
        borrower=borrower,
        liquidator="keeper-1",
        collateral_asset="USDe",
        debt_asset="USDC",
        debt_covered_raw=dollars * USDC,
        debt_price_e8=E8,
        collateral_price_e8=raw(price, 8),
        health_factor_before_wad=raw("0.98"),
        health_factor_after_wad=2**256 - 1,
        exit_proceeds_raw=1,
    )
    run.move(block, "curve", to, role="keeper", intent="liquidate", tx=tx)


def test_macro_shock__of_a_path__is_its_largest_fall_and_an_input(tmp_path: Path, run: ChainByHand) -> None:
    for asset, prices in {"ALT": ("1", "0.991", "0.7", "0.8"), "WETH": ("4000", "4000", "3600", "3600")}.items():
        for block, price in enumerate(prices, start=1):
            run.price(block, asset, "path", price)

    link, shares, _ = run.links(tmp_path, blocks=5)["macro-shock"]

    assert float(link.size) == pytest.approx(30)
    assert float(link.peak) == pytest.approx(0.7)
    assert (link.started.block, link.peaked.block, link.ended) == (3, 3, 0)
    assert link.what == "The price path, an input, fell: ALT 30.0 %, WETH 10.0 %."
    assert shares == {"input": 1}


def test_macro_shock__a_fall_of_less_than_one_per_cent__is_no_link(tmp_path: Path, run: ChainByHand) -> None:
    run.price(1, "WETH", "path", "4000")
    run.price(2, "WETH", "path", "3960")

    assert run.links(tmp_path, blocks=3) == {}


def test_margin_calls__on_pledges__are_fed_by_who_lowered_the_pledges_price(tmp_path: Path, run: ChainByHand) -> None:
    for name in ("whales-1-pledge", "whales-2-pledge"):
        pledge(run, name)
    run.price(1, "WETH", "path", "1")
    run.price(2, "WETH", "path", "0.9")
    run.move(2, "feed:WETH", "0.9", role="oracle", intent="post")
    call(run, 3, "whales-1-pledge", 100)
    call(run, 9, "whales-2-pledge", 300)
    call(run, 11, "whales-1-pledge", 0, "cured")

    link, shares, _ = run.links(tmp_path, blocks=40)["margin-calls"]

    assert (link.size, link.size_unit) == (400, "dollars needed")
    # 72 seconds later is another minute.
    assert (link.started.block, link.peaked.block, link.peak) == (3, 9, 300)
    assert link.ended == 0, "the second call is open"
    assert shares == {"macro-shock": 1}


def test_margin_calls__all_met__end_with_the_last(tmp_path: Path, run: ChainByHand) -> None:
    pledge(run, "whales-1-pledge")
    call(run, 3, "whales-1-pledge", 100)
    call(run, 6, "whales-1-pledge", 0, "failed")

    assert run.links(tmp_path, blocks=9)["margin-calls"][0].ended == second(6)


def test_loop_unwinding__motives_of_the_sales__say_what_fed_it(tmp_path: Path, run: ChainByHand) -> None:
    pledge(run, "whales-1-pledge")
    call(run, 2, "whales-1-pledge", 100)
    unwind(run, 2, Motive.MARGIN_CALL, 150)
    unwind(run, 3, Motive.MARGIN_CALL, 50, to="0.95")
    unwind(run, 4, Motive.LEAVING, 500)
    unwind(run, 4, Motive.STOP, 200)
    unwind(run, 5, Motive.NONE, 100)

    link, shares, _ = run.links(tmp_path, blocks=40)["loop-unwinding"]

    assert (link.size, link.peak, link.started.block, link.ended) == (1000, 1000, 2, second(5))
    assert shares == pytest.approx({"chain-depeg:USDe": 0.7, "margin-calls": 0.2, "others": 0.1})
    assert link.what.startswith("5 sales of loops by their owners: left as the pool's price fell 50 %, ")


def test_chain_depeg__the_ledger_of_its_pool__is_split_by_link(tmp_path: Path, run: ChainByHand) -> None:
    # Whales 1.00 -> 0.85, buyers 0.85 -> 0.90, keepers 0.90 -> 0.80: 0.15 and 0.10 down, 0.05 up.
    unwind(run, 3, Motive.MARGIN_CALL, 100, to="0.85")
    run.move(4, "curve", "0.9", role="buyer", intent="buy")
    liquidation(run, 5, "looper-1", 100, price="0.9", to="0.8")
    run.move(6, "curve", "0.82", role="buyer", intent="buy")

    link, shares, nets = run.links(tmp_path, blocks=9)["chain-depeg:USDe"]

    assert (float(link.size), float(link.peak)) == (pytest.approx(20), pytest.approx(0.8))
    assert (link.started.block, link.peaked.block, link.ended, link.basis) == (3, 5, 0, "ledger")
    assert shares == pytest.approx({"loop-unwinding": 0.6, "chain-liquidations": 0.4, "others": 0})
    assert nets == pytest.approx({"loop-unwinding": 0.75, "chain-liquidations": 0.5, "others": -0.25})
    assert sum(nets.values()) == pytest.approx(1, abs=1e-15)


def test_chain_depeg__of_an_asset_of_the_path__is_no_link(tmp_path: Path, run: ChainByHand) -> None:
    run.price(1, "USDe", "path", "1")
    run.move(2, "curve", "0.8", role="exogenous", intent="follow-path")

    assert "chain-depeg:USDe" not in run.links(tmp_path, blocks=3)


def test_chain_depeg__at_the_line__is_no_link(tmp_path: Path, run: ChainByHand) -> None:
    run.move(2, "curve", "0.99", role="whale", intent="unwind")

    assert "chain-depeg:USDe" not in run.links(tmp_path, blocks=3)


def test_chain_liquidations__pivots__feed_them_and_they_themselves(tmp_path: Path, run: ChainByHand) -> None:
    # An owner takes the first under one, the first one's sale the second and larger one.
    run.price(3, "USDe", "oracle", "0.9")
    run.price(4, "USDe", "oracle", "0.7")
    unwind(run, 3, Motive.MARGIN_CALL, 100, to="0.9")
    liquidation(run, 4, "looper-1", 100, price="0.9", to="0.7")
    liquidation(run, 5, "looper-2", 300, price="0.7", to="0.69")

    link, shares, _ = run.links(tmp_path, blocks=40)["chain-liquidations"]

    assert (link.size, link.size_unit, link.basis) == (400, "dollars of debt covered", "pivots")
    assert (link.started.block, link.ended) == (4, second(5))
    assert shares == pytest.approx({"loop-unwinding": 0.25, "chain-liquidations": 0.75})


def test_links__order__is_that_of_the_run(tmp_path: Path, run: ChainByHand) -> None:
    # The other way round than in the account: the depeg first, the shock last.
    pledge(run, "whales-1-pledge")
    run.move(2, "curve", "0.9", role="buyer", intent="sell")
    unwind(run, 3, Motive.LEAVING, 100)
    call(run, 4, "whales-1-pledge", 100)
    run.price(1, "WETH", "path", "1")
    run.price(5, "WETH", "path", "0.5")

    rows = link_rows(run.frames(tmp_path, blocks=8))

    assert [(row.order, row.link, row.started_step) for row in rows] == [
        (1, "chain-depeg:USDe", 0),
        (2, "loop-unwinding", 1),
        (3, "margin-calls", 2),
        (4, "macro-shock", 3),
    ]


def test_links__a_feeder_that_began_after_the_end__is_not_named(tmp_path: Path, run: ChainByHand) -> None:
    # The owner left before the pool had lost its peg, and it lost it only after the unwinding was over.
    unwind(run, 2, Motive.LEAVING, 100)
    run.move(10, "curve", "0.9", role="buyer", intent="sell")

    _, shares, _ = run.links(tmp_path, blocks=40)["loop-unwinding"]

    assert shares == {"others": 1}


def test_links__of_a_calm_run__are_none(tmp_path: Path, run: ChainByHand) -> None:
    assert link_rows(run.frames(tmp_path, blocks=3)) == []


def test_links__every_split__sums_to_one(tmp_path: Path, run: ChainByHand) -> None:
    pledge(run, "whales-1-pledge")
    call(run, 2, "whales-1-pledge", 100)
    unwind(run, 3, Motive.MARGIN_CALL, 70, to="0.93")
    liquidation(run, 4, "looper-1", 110, price="0.93", to="0.81")
    run.price(3, "USDe", "oracle", "0.93")
    rows: dict[str, list[LinkRow]] = {}
    for row in link_rows(run.frames(tmp_path, blocks=9)):
        rows.setdefault(row.link, []).append(row)

    assert set(rows) == {"margin-calls", "loop-unwinding", "chain-depeg:USDe", "chain-liquidations"}
    for found in rows.values():
        assert sum(row.fed_share for row in found) == pytest.approx(1, abs=1e-12)
        assert sum(row.fed_net for row in found) == pytest.approx(1, abs=1e-12)
        assert [row.fed_share for row in found] == sorted((row.fed_share for row in found), reverse=True)
