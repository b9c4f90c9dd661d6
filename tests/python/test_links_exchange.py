"""Links of the exchange: depegs, forced sales, leverage, vacuum and flash crash, from made-up tables, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from cascade.vocabulary import Motive

from .chain_by_hand import SECONDS, START, USDC, WAD, ChainByHand, raw

DAY_AFTER = 300 // SECONDS
"""Blocks of five minutes."""


@pytest.fixture
def run() -> ChainByHand:
    return ChainByHand()


def second(block: int) -> int:
    return START + SECONDS * (block - 2)


def fall_of_path(run: ChainByHand, block: int, price: str) -> None:
    """The path falls, and makers' quotes with it."""
    run.price(1, "ALT", "path", "1")
    run.price(block, "ALT", "path", price)


def trade(run: ChainByHand, block: int, **values: object) -> None:
    """A sale into a resting bid."""
    tx = run.send(block, role=str(values.get("taker_role", "")), intent=str(values.get("intent", "")))
    run.add(
        "trades",
        block,
        tx_hash=tx,
        log_index=len(run.rows.get("trades", [])),
        taker_side="sell",
        **{"book": "ALT-USDC", "asset": "ALT", **values},
    )


def test_exchange_depeg__ledger__runs_from_the_line_to_the_low(tmp_path: Path, run: ChainByHand) -> None:
    # The move to 0.98 crosses the line and counts; the one before it does not.
    run.move(2, "book:USDe-USDC", "0.995", role="noise", intent="sell")
    run.move(3, "book:USDe-USDC", "0.98", role="maker", intent="account-liquidation")
    run.move(3, "curve", "0.9", role="buyer")
    run.move(4, "book:USDe-USDC", "0.935", role="maker", kind="quote")
    run.move(5, "book:USDe-USDC", "0.995", role="bidder", kind="quote")

    link, shares, nets = run.links(tmp_path, blocks=70)["exchange-depeg:USDe"]

    assert (float(link.size), float(link.peak)) == (pytest.approx(6.5), pytest.approx(0.935))
    assert (link.started.block, link.peaked.block, link.ended) == (3, 4, second(5))
    # The engine's sale is no link of this run: nothing says what it brought.
    assert shares == nets == pytest.approx({"others": 0.25, "chain-depeg:USDe": 0.75})


def test_exchange_depeg__of_a_redemption_value_that_falls__is_measured_against_it(
    tmp_path: Path, run: ChainByHand
) -> None:
    # Price and value fall to 0.90 and 0.92 together: 97.8 % of it.
    run.price(2, "USDe", "redemption", "0.92")
    run.move(2, "book:USDe-USDC", "0.9", role="maker", kind="quote")

    link = run.links(tmp_path, blocks=3)["exchange-depeg:USDe"][0]

    assert float(link.size) == pytest.approx(100 * (1 - 0.9 / 0.92))


def test_exchange_depeg__at_a_forgotten_order__is_described_as_an_input(tmp_path: Path, run: ChainByHand) -> None:
    run.parameters["exchange"]["books"]["USDe-USDC"]["forgotten_orders"] = [{"side": "buy", "price": "0.35"}]
    run.move(2, "book:USDe-USDC", "0.35", role="maker", intent="account-liquidation")

    link = run.links(tmp_path, blocks=3)["exchange-depeg:USDe"][0]

    assert link.what.endswith("the price of a forgotten order, an input.")


def test_desk_liquidations__fall_in_force_at_the_time__feeds_them(tmp_path: Path, run: ChainByHand) -> None:
    # Makers' quotes 0.10, the desk's own sale 0.30; it is not fed by what comes with it, the second one is.
    fall_of_path(run, 2, "0.9")
    run.move(2, "book:ALT-USDC", "0.9", role="maker", kind="quote")
    for block, price, dollars in ((3, "0.6", 100), (4, "0.5", 300)):
        tx = run.move(block, "book:ALT-USDC", price, role="whale", intent="desk-liquidation")
        run.event(
            block,
            "loan-liquidated",
            tx=tx,
            account=f"whale-{block}",
            book="ALT-USDC",
            asset="ALT",
            proceeds_raw=dollars * USDC,
        )

    link, shares, _ = run.links(tmp_path, blocks=40)["desk-liquidations"]

    assert (link.size, link.size_unit, link.started.block, link.ended) == (400, "dollars sold", 3, second(4))
    # A quarter of the dollars all by quotes; three quarters by quotes 0.1 and the desk 0.3 of 0.4.
    assert shares == pytest.approx({"macro-shock": 0.25 + 0.75 * 0.25, "desk-liquidations": 0.75 * 0.75})


def test_perp_liquidations__of_long_and_short__are_fed_by_fall_and_rise(tmp_path: Path, run: ChainByHand) -> None:
    fall_of_path(run, 2, "0.9")
    run.move(2, "book:ALT-USDC", "0.9", role="maker", kind="quote")
    run.add(
        "perp_trades",
        3,
        tx_hash=run.send(3),
        market="ALT-PERP",
        taker="long-1",
        kind="liquidation",
        contracts=-100,
        mark_raw=3 * USDC,
    )
    run.move(4, "book:ALT-USDC", "1.2", role="my-own", intent="buy")
    run.add(
        "perp_trades",
        5,
        tx_hash=run.send(5),
        market="ALT-PERP",
        taker="short-1",
        kind="liquidation",
        contracts=50,
        mark_raw=2 * USDC,
    )
    run.add(
        "perp_trades",
        5,
        tx_hash=run.send(5),
        market="ALT-PERP",
        taker="long-2",
        kind="adl",
        contracts=-9,
        mark_raw=2 * USDC,
    )

    link, shares, _ = run.links(tmp_path, blocks=8)["perp-liquidations"]

    assert (link.size, link.started.block) == (400, 3)
    assert shares == pytest.approx({"macro-shock": 0.75, "others": 0.25})


def cohort(
    run: ChainByHand, block: int, *, equity: str, debt: str = "90", gross: str = "150", adjusted: str = "0"
) -> None:
    run.add(
        "margin_cohorts",
        block,
        cohort="makers",
        accounts=1,
        equity_raw=raw(equity, 6),
        debt_raw=raw(debt, 6),
        gross_raw=raw(gross, 6),
        adjusted_equity_raw=raw(adjusted, 6),
    )


def makers(run: ChainByHand) -> None:
    """100 altcoins and 50 USDe at a dollar each, 90 borrowed: 60 of equity, 2.5 times leveraged."""
    cohort(run, 1, equity="60")
    for asset, amount in (("ALT", 100), ("USDe", 50)):
        run.add("holdings", 1, cohort="makers", asset=asset, amount_raw=amount * WAD)
        run.price(1, asset, f"index:{asset}-USDC", "1")


def fall_of_collateral(run: ChainByHand, block: int) -> None:
    """The altcoin to 0.9 with the path, USDe to 0.8 in its book: ten dollars each."""
    fall_of_path(run, block, "0.9")
    run.move(block, "book:ALT-USDC", "0.9", role="maker", kind="quote")
    run.move(block, "book:USDe-USDC", "0.8", role="spot-seller", intent="sell")
    run.price(block, "ALT", "index:ALT-USDC", "0.9")
    run.price(block, "USDe", "index:USDe-USDC", "0.8")


def test_leverage__without_a_trade__is_split_by_asset_interest_and_residual(tmp_path: Path, run: ChainByHand) -> None:
    makers(run)
    fall_of_collateral(run, 3)
    # Ten and ten by prices, one of interest, one that no row explains.
    cohort(run, 3, equity="38", debt="91", gross="130")

    link, shares, nets = run.links(tmp_path, blocks=5)["leverage:makers"]

    assert float(link.peak) == pytest.approx(130 / 38)
    assert float(link.size) == pytest.approx(130 / 38 / 2.5)
    assert (link.started.block, link.peaked.block, link.ended, link.basis) == (3, 3, 0, "valuation")
    assert (
        shares
        == nets
        == pytest.approx({"macro-shock": 10 / 22, "exchange-depeg:USDe": 10 / 22, "time": 1 / 22, "residual": 1 / 22})
    )
    assert "trades made 0.0 %" in link.what


def test_leverage__bought_on_credit__grows_at_the_same_equity_and_has_no_explained_fall(
    tmp_path: Path, run: ChainByHand
) -> None:
    makers(run)
    cohort(run, 3, equity="60", debt="150", gross="210")

    link, shares, _ = run.links(tmp_path, blocks=5)["leverage:makers"]

    assert float(link.peak) == pytest.approx(210 / 60)
    assert link.what.endswith("rose from 2.50 to 3.50; their equity did not change.")
    assert shares == {"residual": 1}


def test_leverage__trades__are_their_own_feeder_at_the_price_after(tmp_path: Path, run: ChainByHand) -> None:
    # Before the fall it sells ten altcoins for eight dollars and loses two; 90 fall by nine, USDe by ten.
    makers(run)
    run.add("holdings", 2, cohort="makers", asset="ALT", amount_raw=90 * WAD)
    run.add("holdings", 2, cohort="makers", asset="USDC", amount_raw=8 * USDC)
    cohort(run, 2, equity="58", gross="140")
    fall_of_collateral(run, 3)
    cohort(run, 3, equity="39", gross="121")

    link, shares, _ = run.links(tmp_path, blocks=5)["leverage:makers"]

    assert shares == pytest.approx({"macro-shock": 9 / 21, "exchange-depeg:USDe": 10 / 21, "others": 2 / 21})
    assert "trades made 9.5 %" in link.what


def test_leverage__repaying_from_cash__changes_no_equity(tmp_path: Path, run: ChainByHand) -> None:
    makers(run)
    run.add("holdings", 1, cohort="makers", asset="USDC", amount_raw=20 * USDC)
    run.rows["margin_cohorts"][0]["equity_raw"] = 80 * USDC
    run.add("holdings", 2, cohort="makers", asset="USDC", amount_raw=0)
    cohort(run, 2, equity="80", debt="70")
    fall_of_collateral(run, 3)
    cohort(run, 3, equity="60", debt="70", gross="130")

    _, shares, _ = run.links(tmp_path, blocks=5)["leverage:makers"]

    assert shares == pytest.approx({"macro-shock": 0.5, "exchange-depeg:USDe": 0.5})


def test_leverage__after_the_first_liquidation__does_not_count(tmp_path: Path, run: ChainByHand) -> None:
    makers(run)
    fall_of_collateral(run, 3)
    cohort(run, 3, equity="40", gross="130")
    run.event(4, "liquidation-started", account="makers-1", cohort="makers", role="maker")
    cohort(run, 4, equity="1", gross="130")

    link = run.links(tmp_path, blocks=6)["leverage:makers"][0]

    assert float(link.peak) == pytest.approx(130 / 40)
    assert link.ended == second(4)


def test_leverage__of_less_than_a_tenth__is_no_link(tmp_path: Path, run: ChainByHand) -> None:
    makers(run)
    cohort(run, 3, equity="60", gross="164.9")

    assert "leverage:makers" not in run.links(tmp_path, blocks=5)


def test_account_liquidations__prices_after_haircuts__feed_them_as_they_stood_then(
    tmp_path: Path, run: ChainByHand
) -> None:
    # The altcoin counts half, USDe nine tenths: 5 and 9. Then another's sale takes the altcoin from 0.9 to 0.6 in the
    # block of the liquidation: 15 more.
    makers(run)
    fall_of_collateral(run, 3)
    cohort(run, 3, equity="40", gross="130")
    run.move(4, "book:ALT-USDC", "0.6", role="maker", intent="account-liquidation")
    tx = run.event(4, "liquidation-started", account="makers-1", cohort="makers", role="maker")
    run.event(4, "collateral-sold", tx=tx, account="makers-1", asset="ALT", proceeds_raw=30 * USDC)
    run.event(5, "collateral-sold", account="makers-1", asset="USDe", proceeds_raw=10 * USDC)

    link, shares, _ = run.links(tmp_path, blocks=40)["account-liquidations"]

    assert (link.size, link.started.block, link.ended) == (40, 4, second(5))
    assert link.what == "Collateral of 1 unified account was sold: ALT 75 %, USDe 25 %."
    assert shares == pytest.approx(
        {"macro-shock": 5 / 29, "exchange-depeg:USDe": 9 / 29, "account-liquidations": 15 / 29}
    )


def bids(run: ChainByHand, block: int, tokens: str) -> None:
    run.add("liquidity", block, venue="ALT-USDC", within_bps=200, sell_raw=raw(tokens))


def ladders(run: ChainByHand, count: int) -> None:
    """Makers with bids of a hundred each, and their last quotes in block 2."""
    for number in range(count):
        name = f"makers-{number}"
        run.add("margin", 1, account=name, cohort="makers", role="maker", event="built")
        run.send(2, actor=name, role="maker", intent="requote", target="ALT-USDC", reason="middle 1")


def test_vacuum__removed_quotes__count_by_their_motive_and_filled_ones_by_the_seller(
    tmp_path: Path, run: ChainByHand
) -> None:
    # Of four ladders one is pulled at a low margin, one at a low price, one cancelled with its account; the fourth
    # stands, and 50 of it went to a forced sale, 50 to somebody with a schedule.
    ladders(run, 4)
    makers(run)
    bids(run, 1, "400")
    run.send(3, actor="makers-0", role="maker", intent="pull", target="ALT-USDC", motive=Motive.LOW_MARGIN)
    run.send(3, actor="makers-1", role="maker", intent="pull", target="ALT-USDC", motive=Motive.LOW_PRICE)
    run.event(3, "liquidation-started", account="makers-2", cohort="makers", role="maker")
    # Its ladder was gone before: still for its margin.
    run.event(4, "liquidation-started", account="makers-0", cohort="makers", role="maker")
    for role, intent in (("maker", "account-liquidation"), ("spot-seller", "sell")):
        trade(run, 4, maker="makers-3", maker_role="maker", taker_role=role, intent=intent, base_raw=50 * WAD)
    trade(
        run,
        4,
        maker="forgotten",
        maker_role="exchange",
        taker_role="maker",
        intent="account-liquidation",
        base_raw=900 * WAD,
    )
    bids(run, 4, "20")
    bids(run, 30, "390")
    run.event(4, "collateral-sold", account="makers-2", asset="ALT", proceeds_raw=USDC)
    fall_of_collateral(run, 3)
    cohort(run, 3, equity="40", gross="130")

    link, shares, _ = run.links(tmp_path, blocks=90)["liquidity-vacuum:ALT-USDC"]

    assert (float(link.size), link.peak, link.basis) == (pytest.approx(95), 20, "journal")
    assert (link.started.block, link.peaked.block, link.ended) == (4, 4, second(30))
    # The leverage had not grown in the made-up cohort before the first liquidation: its name is no link.
    assert shares == pytest.approx({"account-liquidations": 150 / 400, "others": 200 / 400, "input": 50 / 400})


def test_vacuum__maker_that_returned__does_not_count(tmp_path: Path, run: ChainByHand) -> None:
    ladders(run, 2)
    bids(run, 1, "200")
    run.send(3, actor="makers-0", role="maker", intent="pull", target="ALT-USDC", motive=Motive.LOW_MARGIN)
    run.send(4, actor="makers-0", role="maker", intent="requote", target="ALT-USDC", reason="no ladder")
    run.event(5, "liquidation-started", account="makers-1", cohort="makers", role="maker")
    run.event(5, "collateral-sold", account="makers-1", asset="ALT", proceeds_raw=USDC)
    bids(run, 5, "90")

    _, shares, _ = run.links(tmp_path, blocks=9)["liquidity-vacuum:ALT-USDC"]

    assert shares == {"account-liquidations": 1}


def test_vacuum__bidders_and_makers_of_their_own_sizes__count_with_these(tmp_path: Path, run: ChainByHand) -> None:
    # Makers of 100 and 300, the second at twice its size; bidders of 90 and 30 of 120. The full one was filled with 40.
    ladders(run, 2)
    run.parameters["agents"]["makers"]["ladders"]["ALT-USDC"]["bid_size"] = {"kind": "uniform", "low": 100, "high": 300}
    run.parameters["agents"]["bidders"] = {
        "kind": "bidder",
        "book": "ALT-USDC",
        "count": 2,
        "size": 120,
        "weight": {"kind": "uniform", "low": 1, "high": 3},
    }
    for account, key, value in (
        ("makers-0", "ladders.ALT-USDC.bid_size", "100"),
        ("makers-1", "ladders.ALT-USDC.bid_size", "300"),
        ("makers-0", "scale", "1"),
        ("makers-1", "scale", "2"),
        ("bidders-0", "weight", "3"),
        ("bidders-1", "weight", "1"),
    ):
        run.add("drawn_figures", 1, account=account, cohort=account[:-2], key=key, value=value)
    bids(run, 1, "820")
    run.send(3, actor="makers-0", role="maker", intent="pull", target="ALT-USDC", motive=Motive.LOW_PRICE)
    run.send(3, actor="bidders-0", role="bidder", intent="pull", target="ALT-USDC", motive=Motive.LOW_PRICE)
    trade(
        run,
        3,
        maker="bidders-1",
        maker_role="bidder",
        taker_role="maker",
        intent="account-liquidation",
        base_raw=40 * WAD,
    )
    run.send(3, actor="bidders-1", role="bidder", intent="pull", target="ALT-USDC", motive=Motive.FULL)
    run.event(3, "liquidation-started", account="makers-1", cohort="makers", role="maker")
    run.event(3, "collateral-sold", account="makers-1", asset="ALT", proceeds_raw=USDC)
    bids(run, 4, "20")

    _, shares, _ = run.links(tmp_path, blocks=9)["liquidity-vacuum:ALT-USDC"]

    # Taken off by their owners 100 + 90, cancelled by the engine 600, filled by its sale 40.
    assert shares == pytest.approx({"others": 190 / 830, "account-liquidations": 640 / 830})


def test_vacuum__half_of_the_bids__is_no_link(tmp_path: Path, run: ChainByHand) -> None:
    ladders(run, 2)
    bids(run, 1, "200")
    bids(run, 5, "100")

    assert run.links(tmp_path, blocks=9) == {}


def test_vacuum__later_lows__are_ignored(tmp_path: Path, run: ChainByHand) -> None:
    # Ten minutes and a block after the first low there is nothing at all; by then it is another story.
    ladders(run, 2)
    bids(run, 1, "200")
    bids(run, 5, "90")
    bids(run, 5 + 2 * DAY_AFTER + 1, "0")

    link = run.links(tmp_path, blocks=70)["liquidity-vacuum:ALT-USDC"][0]

    assert (link.peak, link.peaked.block) == (90, 5)


def test_flash_crash__is_measured_from_the_price_five_minutes_earlier(tmp_path: Path, run: ChainByHand) -> None:
    # To 0.7 slowly, long before; then in two blocks 0.7, 0.6, 0.1, up to 0.5 and later to 0.7.
    late = 3 + 3 * DAY_AFTER
    run.move(2, "book:ALT-USDC", "0.7", role="maker", kind="quote")
    run.move(late, "book:ALT-USDC", "0.6", role="noise", intent="sell")
    run.move(late, "book:ALT-USDC", "0.5", role="whale", intent="desk-liquidation")
    tx = run.move(late + 1, "book:ALT-USDC", "0.1", role="maker", intent="account-liquidation")
    run.event(late, "loan-liquidated", account="whale-1", book="ALT-USDC", asset="ALT", proceeds_raw=USDC)
    run.event(late + 1, "collateral-sold", tx=tx, account="makers-1", asset="ALT", proceeds_raw=USDC)
    run.move(late + 2, "book:ALT-USDC", "0.5", role="bidder", kind="quote")
    run.move(late + 9, "book:ALT-USDC", "0.7", role="bidder", kind="quote")
    # The forgotten order buys on after the low, which raises nothing; later than ten minutes nothing counts.
    bought = (
        (late + 2, "exchange", "0.1", 7_000),
        (late + 3, "bidder", "0.5", 300),
        (late + 4, "maker", "0.5", 100),
        (late + 60, "maker", "0.5", 5_000),
    )
    for block, role, price, dollars in bought:
        trade(run, block, maker_role=role, maker=f"{role}-1", price_raw=raw(price, 6), quote_raw=dollars * USDC)

    links = run.links(tmp_path, blocks=late + 70)
    link, shares, nets = links["flash-crash:ALT"]

    assert float(link.size) == pytest.approx(100 * (1 - 0.1 / 0.7))
    assert (float(link.peak), link.started.block, link.peaked.block) == (pytest.approx(0.1), late, late + 1)
    assert link.ended == second(late + 9)
    assert link.what.endswith("the low is the price of a forgotten order, an input.")
    expected = {"input": 1 / 6, "desk-liquidations": 1 / 6, "account-liquidations": 4 / 6}
    assert shares == nets == pytest.approx(expected)

    regained, of, _ = links["recovery:ALT"]
    assert (float(regained.size), float(regained.peak)) == (pytest.approx(100), pytest.approx(0.7))
    assert (regained.started.block, regained.ended) == (late + 1, second(late + 1) + 600)
    assert regained.what.endswith("resting bids that bought: bidders 75 %, makers 25 %.")
    assert of == {"input": 1}


def test_flash_crash__a_fall_that_takes_longer__is_none(tmp_path: Path, run: ChainByHand) -> None:
    # A tenth every five minutes and a block.
    for number in range(1, 6):
        run.move(2 + number * (DAY_AFTER + 1), "book:ALT-USDC", f"{1 - number / 10}", role="maker", kind="quote")

    assert "flash-crash:ALT" not in run.links(tmp_path, blocks=200)


def test_flash_crash__low_at_no_order_of_the_scenario__mentions_none(tmp_path: Path, run: ChainByHand) -> None:
    run.move(2, "book:ALT-USDC", "0.2", role="maker", intent="account-liquidation")

    assert run.links(tmp_path, blocks=3)["flash-crash:ALT"][0].what.endswith("to 0.2 in five minutes.")
