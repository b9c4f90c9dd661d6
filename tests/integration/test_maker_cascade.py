"""The exchange alone, with and without liquidations of accounts: the effects of these, to the unit."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest

from cascade import Run, load_scenario, replay
from cascade.experiments.comparison.compare import compare_finished
from cascade.scenario.load import Scenario, vary

from .conftest import SCENARIOS

pytestmark = pytest.mark.xdist_group("maker-cascade")
"""One worker runs this module: its fixtures replay whole runs, which every other worker would replay again."""

ALT, USDC = 10**18, 10**6
CRASH = "crash"


def cascade() -> Scenario:
    return load_scenario(SCENARIOS / "maker-cascade.yaml")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return replay(cascade(), out=tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def spared(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The same accounts and seed; nobody's unified account is liquidated."""
    out = tmp_path_factory.mktemp("spared")
    return replay(
        vary(cascade(), {"agents.engine.accounts": False}),
        out=out,
        like=cascade(),
        report=False,
        require_expected=False,
    )


def trades_of(run: Run, book: str) -> pd.DataFrame:
    return run.trades[(run.trades["phase"] == CRASH) & (run.trades["book"] == book)]


def test_cascade__whole__ends_as_its_scenario_claims(whole: Run) -> None:
    assert whole.manifest.outcome.missed == ()


def test_cascade__low_of_the_altcoin__is_a_trade_at_the_forgotten_order_s_price(whole: Run) -> None:
    trades = trades_of(whole, "ALT-USDC")
    lowest = trades[trades["price_raw"] == min(trades["price_raw"])]

    assert set(lowest["price_raw"]) == {USDC // 10}
    assert set(lowest["maker"]) == {"forgotten"}
    assert sum(lowest["base_raw"]) <= 4_000_000 * ALT


def test_cascade__without_account_liquidation__no_account_is_sold_and_the_altcoin_follows_its_path(spared: Run) -> None:
    started = spared.exchange_events[spared.exchange_events["kind"] == "liquidation-started"]
    trades = trades_of(spared, "ALT-USDC")

    assert started.empty
    # The path's low is 0.70; makers' and bidders' bids hold within a fifth of it.
    assert min(trades["price_raw"]) > 0.55 * USDC
    assert "exchange.books.ALT-USDC.five_minute_fall_at_least_bps" in str(spared.manifest.outcome.missed)


def test_cascade__makers__owe_over_twice_their_equity_before_any_is_liquidated(whole: Run) -> None:
    makers = whole.margin_cohorts[whole.margin_cohorts["cohort"] == "makers"]
    first = makers.iloc[0]

    # 1,000,000 ALT, 700,000 USDe, 42 wBETH at 4,747.21 and 850 BNSOL at 235.40 on an equity of a million each.
    assets = 1_000_000 + 700_000 + 42 * 4747.21 + 850 * 235.40
    assert int(first["gross_raw"]) / USDC / 20 == pytest.approx(assets, rel=0.005)
    assert int(first["gross_raw"]) / int(first["equity_raw"]) == pytest.approx(assets / (assets - 1_100_000), rel=0.01)
    exchange = whole.summary.exchange
    assert exchange is not None
    peak = exchange.leverage["makers"].peak
    assert peak is not None
    assert 3 <= peak <= 4


def test_cascade__forced_sales_of_a_call__are_in_the_order_in_which_the_scenario_lists_collateral(whole: Run) -> None:
    listed = [book.partition("-")[0] for book in cascade().spec.require_exchange().require_margin().collateral]
    events = whole.exchange_events
    sold = events[(events["kind"] == "collateral-sold") & (events["cohort"] == "makers")]
    calls = [
        [listed.index(asset) for asset in call.sort_values("log_index")["asset"]]
        for _, call in sold.groupby(["tx_hash", "account"], sort=False)
    ]

    assert listed == ["ALT", "USDe", "wBETH", "BNSOL"]
    assert all(call == sorted(call) for call in calls)
    assert any(call == [0, 1, 2, 3] for call in calls)
    assert sold["account"].nunique() == 20


def test_cascade__bids_of_the_altcoin__have_nearly_vanished_at_the_crash(whole: Run) -> None:
    depth = whole.liquidity[(whole.liquidity["venue"] == "ALT-USDC") & (whole.liquidity["within_bps"] == 200)]
    depth = depth[depth["phase"] == CRASH]

    assert min(depth["sell_raw"]) * 20 <= depth["sell_raw"].iloc[0]


def test_cascade__exchange_s_transactions__pay_no_fee_and_take_no_space_of_the_chain(whole: Run) -> None:
    transactions = whole.transactions[whole.transactions["phase"] == CRASH]
    of_exchange = transactions[transactions["lane"] == "exchange"]
    chain = whole.blocks[(whole.blocks["phase"] == CRASH) & (whole.blocks["lane"] == "chain")]

    assert len(of_exchange) > 1_000
    assert set(of_exchange["fee_wei"]) == {0}
    # Nothing but the oracle's posts is on chain: base fees only fall.
    assert set(transactions.loc[transactions["lane"] == "chain", "role"]) == {"oracle"}
    assert list(chain["base_fee_wei"]) == sorted(chain["base_fee_wei"], reverse=True)


def test_cascade__cash_between_accounts__equals_trades_and_fees(whole: Run) -> None:
    """Noise traders hold no debt and no position: their stables move by their trades alone, to the unit."""
    noise = whole.holdings[(whole.holdings["cohort"] == "noise") & (whole.holdings["asset"] == "USDC")]
    trades = trades_of(whole, "ALT-USDC")
    mine = trades[trades["taker_cohort"] == "noise"]
    # A buyer's fee is taken in what it gets, the base.
    spent = sum(mine.loc[mine["taker_side"] == "buy", "quote_raw"])
    sells = mine[mine["taker_side"] == "sell"]
    got = sum(sells["quote_raw"]) - sum(sells["taker_fee_raw"])

    assert set(trades["maker_cohort"]).isdisjoint({"noise"})
    assert noise["amount_raw"].iloc[-1] == 10 * 50_000 * USDC + got - spent


def test_comparison__with_and_without_liquidation__shows_the_books_side_by_side(whole: Run, spared: Run) -> None:
    outcomes = {outcome.name: outcome for outcome in compare_finished(whole, spared).outcomes}

    low = outcomes["ALT-USDC: lowest price of a trade"]
    assert low.baseline == 0.1
    assert low.change is not None
    assert low.change > 0.55
    assert outcomes["makers: accounts liquidated"].baseline == 20


@pytest.fixture
def short() -> Scenario:
    return vary(
        cascade(), {"timeline.end": datetime(2025, 10, 10, 20, 54, tzinfo=UTC), "expect": {"liquidations": "none"}}
    )


def test_cascade__second_time__gives_the_same_bytes_and_another_seed_others(short: Scenario, tmp_path: Path) -> None:
    first = replay(short, out=tmp_path / "first", report=False)
    second = replay(short, out=tmp_path / "second", report=False)
    other = replay(vary(short, {"seed": 2}), out=tmp_path / "other", report=False)

    assert first.summary.tables_sha256 == second.summary.tables_sha256
    assert first.summary.tables_sha256 != other.summary.tables_sha256
