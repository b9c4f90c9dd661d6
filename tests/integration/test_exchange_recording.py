"""What the tables say of a crash whose every order is known (`exchange_story`), against figures done by hand.

ALT stands at 10.10 when the crash begins: asks of 100 at 10.10 were bought, bids are 100 at 9.90, 100 at 9.80 and a
forgotten 100 at 1. The book's taker fee is 0.1 %, the margin engine's 1 %, the desk's 2 %.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from cascade import Run, load_scenario, replay
from cascade.analysis.causes import ledgers
from cascade.analysis.exchange.forced import Deleveraging, InsuranceUsed
from cascade.recording.manifest import Expectation
from cascade.recording.tables import ExchangeEventRow

from .conftest import SCENARIOS
from .exchange_story import EXCHANGE

USDC, ALT, E8, WAD = 10**6, 10**18, 10**8, 10**18
NO_MAINTENANCE, NO_EQUITY = 2**255 - 1, 2**256 - 1


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("story")
    tree = yaml.safe_load((SCENARIOS / "frictionless-loop.yaml").read_text(encoding="utf-8"))
    tree["assets"]["ALT"] = {"decimals": 18}
    tree["exchange"] = EXCHANGE
    tree["agents"]["story"] = {"kind": "custom", "agent": "exchange_story.py:Story", "role": "story"}
    tree["expect"] = {
        "exchange": {
            "books": {"alt": {"low_at_least_usd": 0.5, "low_at_most_usd": 0.5, "five_minute_fall_at_least_bps": 9504}},
            "cohorts": {"story": {"peak_leverage_at_least": 1.5}},
        }
    }
    (folder / "story.yaml").write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    shutil.copy(SCENARIOS / "frictionless-loop.csv", folder)
    shutil.copy(Path(__file__).parent / "exchange_story.py", folder)
    return replay(load_scenario(folder / "story.yaml"), out=folder / "runs", report=False)


def rows(frame: pd.DataFrame, *columns: str, **wanted: Any) -> list[tuple[Any, ...]]:
    for column, value in wanted.items():
        frame = frame[frame[column] == value]
    values = ([None if value is pd.NA else value for value in frame[column]] for column in columns)
    return list(zip(*values, strict=True))


def test_blocks__of_every_step__are_two__the_exchange_s_half_a_block_before_orders_or_none(story: Run) -> None:
    crash = story.blocks[story.blocks["phase"] == "crash"]
    lanes = crash.groupby("step")["lane"].agg(list).to_dict()
    assert lanes == {step: ["exchange", "chain"] for step in range(11)}
    assert set(crash[(crash["step"] >= 8) & (crash["lane"] == "exchange")]["transactions"]) == {0}
    times = crash.groupby("step")["timestamp"].agg(list)
    assert [times[step][1] - times[step][0] for step in range(11)] == [6] * 11
    assert story.summary.blocks == (story.blocks["lane"] == "chain").sum() == len(story.blocks) - 11


def test_base_fee__of_the_chain__begins_as_stated_and_ignores_the_exchange(story: Run) -> None:
    crash = story.blocks[(story.blocks["phase"] == "crash") & (story.blocks["lane"] == "chain")]
    fees, used = crash["base_fee_wei"].tolist(), crash["gas_used"].tolist()
    # EIP-1559 with a limit of 45 million: an eighth less after an empty block.
    expected = [10**9]
    for gas in used[:-1]:
        expected.append(expected[-1] - expected[-1] * (22_500_000 - gas) // 22_500_000 // 8)
    assert fees == expected


def test_transactions__of_the_exchange__pay_no_fee_and_can_revert(story: Run) -> None:
    own = story.transactions[story.transactions["lane"] == "exchange"]
    assert len(own) == 11
    assert set(own["fee_wei"]) == set(own["tip_wei"]) == {0}
    assert (own["gas_used"] > 21_000).all()
    assert rows(own, "step", "actor", "revert_reason", status="reverted") == [(4, "seller", "PriceOffGrid(1, 10000)")]
    on_chain = story.transactions[(story.transactions["lane"] == "chain") & (story.transactions["phase"] == "crash")]
    assert (on_chain["fee_wei"] > 0).all()


def test_trades__of_the_story__are_as_by_hand(story: Run) -> None:
    columns = ("step", "maker", "taker", "taker_role", "taker_side", "intent", "price_raw", "base_raw", "quote_raw")
    assert rows(story.trades, *columns) == [
        (0, "quoter", "seller", "trader", "sell", "placeMarket", 9_900_000, 50 * ALT, 495 * USDC),
        (4, "forgotten", "seller", "trader", "sell", "placeMarket", 1_000_000, 20 * ALT, 20 * USDC),
        (5, "forgotten", "leveraged", "maker", "sell", "account-liquidation", 1_000_000, 80 * ALT, 80 * USDC),
        (5, "quoter", "leveraged", "maker", "sell", "account-liquidation", 500_000, 70 * ALT, 35 * USDC),
        (6, "quoter", "pledger", "whale", "sell", "desk-liquidation", 500_000, 30 * ALT, 15 * USDC),
    ]
    assert rows(story.trades, "maker_fee_raw", "taker_fee_raw") == [
        (0, 495_000), (0, 20_000), (0, 80_000), (0, 35_000), (0, 15_000),
    ]  # fmt: skip
    assert set(rows(story.trades, "book", "asset")) == {("alt", "ALT")}
    assert set(rows(story.trades, "taker", "taker_cohort")) == {
        ("seller", "sellers"),
        ("leveraged", "story"),
        ("pledger", "pledgers"),
    }


def test_trades__each__is_in_the_transaction_that_it_names(story: Run) -> None:
    sent = story.transactions.set_index("tx_hash")
    for row in story.trades.to_dict("records"):
        assert sent.loc[row["tx_hash"], "block_number"] == row["block_number"]
        assert sent.loc[row["tx_hash"], "lane"] == "exchange"
    engine = sent.loc[story.trades.loc[story.trades["step"] >= 5, "tx_hash"]]
    assert set(engine["actor"]) == {"engine"}


def test_perp_trades__bought_from_a_quote__is_at_the_mark_and_its_spread(story: Run) -> None:
    columns = ("step", "market", "taker", "maker", "kind", "contracts", "price_raw", "mark_raw", "rank_wad")
    # 10.10 and one per cent.
    assert rows(story.perp_trades, *columns) == [
        (0, "alt-perp", "seller", "quoter", "trade", 5, 10_201_000, 10_100_000, 0)
    ]


def test_price_moves__of_the_book__say_whose_and_why(story: Run) -> None:
    moves = story.price_moves[story.price_moves["market"] == "book:alt"]
    moves = moves[moves["phase"] == "crash"]
    columns = ("step", "kind", "role", "intent", "price_before_wad", "price_after_wad")
    # An ask at 9.50 holds the own price down, until it is taken away.
    assert rows(moves, *columns) == [
        (0, "trade", "trader", "placeMarket", 101 * WAD // 10, 99 * WAD // 10),
        (1, "quote", "maker", "requote", 99 * WAD // 10, 95 * WAD // 10),
        (2, "cancel", "maker", "cancelAll", 95 * WAD // 10, 99 * WAD // 10),
        (4, "trade", "trader", "placeMarket", 99 * WAD // 10, WAD),
        (5, "trade", "maker", "account-liquidation", WAD, WAD // 2),
    ]
    assert rows(moves, "actor", step=5) == [("leveraged",)]


def test_ledger__of_the_book__has_no_residual_and_keeps_forced_sales_apart(story: Run) -> None:
    (ledger,) = [one for one in ledgers(story.frames) if one.market == "book:alt"]
    assert (ledger.start, ledger.trough, ledger.residual) == (101 * WAD // 10, WAD // 2, 0)
    assert {entry.actor_class: entry.net for entry in ledger.classes} == {
        "trader": -91 * WAD // 10,
        "forced:maker": -WAD // 2,
        "quote:maker": -4 * WAD // 10,
        "cancel:maker": 4 * WAD // 10,
    }


def test_events__of_a_liquidation__add_up(story: Run) -> None:
    columns = ("kind", "account", "asset", "amount_raw", "proceeds_raw", "fee_raw")
    # 190 of cash, 1200 owed, 299.9 ALT (a fee of 0.1 was paid in it) at 1: equity -710.10. The cash goes to the debt.
    # 150 are offered, half of 299 lots: 80 at 1 and 70 at 0.50 less 0.115 of the book's fee.
    proceeds = 115 * USDC - 115_000
    fee = 1_148_850
    events = story.exchange_events[story.exchange_events["account"] == "leveraged"]
    assert rows(events, *columns) == [
        ("liquidation-started", "leveraged", "USDC", -710_100_000, 0, 0),
        ("collateral-sold", "leveraged", "ALT", 150 * ALT, proceeds, fee),
        ("insurance-used", "leveraged", "USDC", 500 * USDC + fee, 0, 0),
    ]
    # 70 % of 299.90 less 1010 net owed, over 5 % of 1200.
    assert events["uni_mmr_wad"].iloc[0] == (299_900_000 * 7 // 10 - 1_010_000_000) * WAD // 60_000_000
    assert events["leverage_wad"].iloc[0] == NO_EQUITY
    assert set(events["cohort"]) == {"story"}


def test_events__of_a_loan__have_its_ltv_and_what_was_repaid(story: Run) -> None:
    loan = story.exchange_events[story.exchange_events["account"] == "pledger"]
    columns = ("step", "kind", "book", "ltv_bps", "amount_raw", "proceeds_raw", "fee_raw", "repaid_raw")
    # 600 on 100 ALT at 1: 600 %; at 0.50 twice that. 30 are bid for: 15 less 0.1 %, of which 2 % to the fund.
    proceeds, fee = 14_985_000, 299_700
    assert rows(loan, *columns) == [
        (5, "margin-called", "alt", 60_000, 0, 0, 0, 0),
        (6, "loan-liquidated", "alt", 120_000, 30 * ALT, proceeds, fee, proceeds - fee),
    ]
    assert loan["until_timestamp"].tolist() == [loan["timestamp"].iloc[0] + 60, 0]


def test_margin__of_every_account__starts_ends_and_changes_level(story: Run) -> None:
    columns = ("step", "event", "level", "equity_raw", "adjusted_equity_raw", "maintenance_raw", "debt_raw")
    # 299.9 ALT at 10.10: 3028.99; 70 % of that 2120.293. At the end 149.9 at 0.50: 74.95, 52.465. Of the debt 190 of
    # cash, 113.73615 of the sale and the whole fund of 501.14885 are paid.
    debt = 1_200_000_000 - 190_000_000 - 113_736_150 - 501_148_850
    assert rows(story.margin, *columns, account="leveraged") == [
        (-1, "built", "free", 2_018_990_000, 1_110_293_000, 60_000_000, 1_200_000_000),
        (4, "changed", "liquidation", -710_100_000, -800_070_000, 60_000_000, 1_200_000_000),
        (10, "end", "liquidation", 74_950_000 - debt, 52_465_000 - debt, -(-debt // 20), debt),
    ]
    assert rows(story.margin, "event", "level", account="pledger") == [("built", "free"), ("end", "free")]
    assert rows(story.margin, "uni_mmr_wad", account="pledger", event="built") == [(NO_MAINTENANCE,)]
    assert set(story.margin["account"]) == {"quoter", "leveraged", "pledger", "seller", "engine"}


def test_margin_cohorts__of_one_account__have_its_leverage(story: Run) -> None:
    built = story.margin_cohorts[story.margin_cohorts["phase"] == "build"].set_index("cohort")
    own = story.margin[story.margin["event"] == "built"].set_index("account")
    assert set(built.index) == {"quoters", "story", "sellers"}, "who has cash alone is left out"
    assert built.loc["story", "gross_raw"] == 3_028_990_000
    for cohort in built.index:
        row, account = built.loc[cohort], own.loc["leveraged" if cohort == "story" else cohort.removesuffix("s")]
        assert row["gross_raw"] * WAD // row["equity_raw"] == account["leverage_wad"]
        assert row["median_uni_mmr_wad"] == row["lowest_uni_mmr_wad"] == account["uni_mmr_wad"]
    # Perpetuals are in it too: 450 ALT and 5 contracts at 9.90.
    sellers = story.margin_cohorts[story.margin_cohorts["cohort"] == "sellers"].set_index("step")
    assert sellers.loc[0, "gross_raw"] == 455 * 9_900_000
    assert sellers.loc[0, "notional_raw"] == 5 * 9_900_000
    levels = story.margin_cohorts[story.margin_cohorts["cohort"] == "story"].set_index("step")
    assert levels["free"].tolist() == [1] * 5 + [0] * 7
    assert levels["liquidation"].tolist() == [0] * 5 + [1] * 7


def test_holdings__of_all_cohorts__move_and_stay_the_same_in_sum(story: Run) -> None:
    held: dict[tuple[str, str], int] = {}
    sums = []
    for _, step in story.holdings.groupby("step"):
        held |= {(row["cohort"], row["asset"]): row["amount_raw"] for row in step.to_dict("records")}
        sums.append(sum(amount for (_, asset), amount in held.items() if asset == "ALT"))
    # 1,000 + 200 + 500, and a lot of the exchange's opening trade; of the desk's pledge of 100 a sale brings back 30.
    assert sums == [1701 * ALT] * 4 + [1731 * ALT] * 2
    assert rows(story.holdings, "step", "amount_raw", cohort="sellers", asset="ALT") == [
        (-1, 500 * ALT),
        (0, 450 * ALT),
        (4, 430 * ALT),
    ]


def test_funds__when_they_pay_or_are_paid__have_a_row(story: Run) -> None:
    fees = 1_148_850, 299_700
    assert rows(story.funds, "step", "amount_raw", fund="margin-insurance") == [
        (-1, 500 * USDC),
        (5, 500 * USDC + fees[0]),
        (7, 0),
    ]
    assert rows(story.funds, "step", "amount_raw", fund="desk-insurance") == [(-1, 50 * USDC), (6, 50 * USDC + fees[1])]
    assert rows(story.funds, "step", "amount_raw", fund="desk") == [
        (-1, 99_400 * USDC),
        (6, 99_400 * USDC + 14_985_000 - fees[1]),
    ]


def test_prices__of_the_book__are_in_dollars(story: Run) -> None:
    own = story.prices[story.prices["asset"] == "ALT"]
    assert rows(own, "step", "price_e8", source="book:alt") == [
        (-1, 1010 * E8 // 100),
        (0, 990 * E8 // 100),
        (4, E8),
        (5, E8 // 2),
    ]
    assert rows(own, "step", "price_e8", source="index:alt") == [
        (-1, 1010 * E8 // 100), (0, 990 * E8 // 100), (1, 950 * E8 // 100), (2, 990 * E8 // 100), (4, E8), (5, E8 // 2),
    ]  # fmt: skip
    assert rows(own, "step", "price_e8", source="ask:alt") == [(-1, None), (1, 950 * E8 // 100), (2, None)]
    assert rows(own, "step", "price_e8", source="reference:alt") == [(-1, 1005 * E8 // 100)]
    assert rows(own, "step", "price_e8", source="redemption") == [(-1, 8 * E8)]


def test_liquidity__of_the_book__is_what_bids_take(story: Run) -> None:
    own = story.liquidity[story.liquidity["venue"] == "alt"]
    # From the last price, 10.10, as nothing is asked: 9.90 is within 2 %, 9.80 within 10 %.
    assert rows(own, "step", "sell_raw", within_bps=200)[:2] == [(-1, 100 * ALT), (0, 150 * ALT)]
    assert rows(own, "step", "sell_raw", within_bps=1000)[:2] == [(-1, 200 * ALT), (0, 150 * ALT)]
    assert rows(own, "step", "sell_raw", within_bps=200)[-1] == (6, 0)


def test_summary__of_the_exchange__is_as_by_hand(story: Run) -> None:
    figures = story.summary.exchange
    assert figures is not None
    assert (figures.trades, figures.volume_usd, figures.forced_volume_usd) == (5, 645.0, 130.0)
    assert (figures.transactions, figures.transactions_reverted) == (11, 1)
    assert figures.accounts_liquidated == {"story": 1}
    assert figures.collateral_sold_usd == {"ALT": 114.885}
    assert (figures.desk_liquidations, figures.margin_calls) == (1, 1)
    assert figures.pledges_sold_usd == {"ALT": 14.985}
    assert figures.insurance_used_usd == InsuranceUsed(margin=501.14885, desk=0.0)
    assert figures.adl == Deleveraging(fills=0, accounts=0, usd=0.0)
    assert (figures.bad_debt_usd, figures.desk_loss_usd) == (0.0, 0.0)
    book = figures.books["alt"]
    assert (book.start, book.low, book.low_usd) == (10.1, 0.5, 0.5)
    assert book.low_at == "2025-10-10T21:40:54Z"
    assert book.five_minute_fall_pct == pytest.approx(100 * 9.6 / 10.1)
    assert book.after_10_minutes is None
    assert (book.depth_start_tokens, book.depth_lowest_tokens, book.depth_fall_pct) == (100.0, 0.0, 100.0)
    leverage = figures.leverage["story"]
    assert leverage.start == pytest.approx(3028.99 / 2018.99)
    # 299.9 ALT at 9.50, the lowest price at the end of a step with equity left: the next one is 1.
    assert leverage.peak == pytest.approx(299.9 * 9.5 / (299.9 * 9.5 - 1010))
    assert (leverage.peak_at, leverage.is_bare) == ("2025-10-10T21:40:12Z", True)
    assert (leverage.liquidated_at, leverage.at_liquidation) == ("2025-10-10T21:40:54Z", None)


def test_expectation__of_the_story__is_met(story: Run) -> None:
    assert story.manifest.expectation == Expectation(liquidations="some", met=True, missed=())


def test_links__of_the_story__are_those_that_its_orders_make(story: Run) -> None:
    # Redeemed at 8: under the line with the sale from 9.90 to 1, and down to 0.50 with the account's liquidation. What
    # stands of the fall from 10.10 before the desk sells: 9.10 by the seller, 0.50 by that liquidation.
    found = {
        name: (group["size"].iloc[0], dict(zip(group["fed_by"], group["fed_share"], strict=True)))
        for name, group in story.links.groupby("link")
    }
    proceeds = {row.kind: row.proceeds_raw / USDC for row in story.frames.rows(ExchangeEventRow)}

    assert found["exchange-depeg:ALT"] == (
        pytest.approx(93.75),
        pytest.approx({"others": 8.9 / 9.4, "account-liquidations": 0.5 / 9.4}),
    )
    assert found["account-liquidations"] == (pytest.approx(proceeds["collateral-sold"]), {"exchange-depeg:ALT": 1})
    assert found["desk-liquidations"] == (
        pytest.approx(proceeds["loan-liquidated"]),
        pytest.approx({"others": 9.1 / 9.6, "account-liquidations": 0.5 / 9.6}),
    )
    assert found["margin-calls"] == (1, {"others": 1})
