"""The account's chain and the record's choices, whole: what each claims, and where the two diverge."""

from __future__ import annotations

import pytest

from cascade import Run, load_scenario, replay
from cascade.analysis.published.facts import facts_of
from cascade.experiments.calibration.document import section
from cascade.experiments.calibration.walk import walk
from cascade.experiments.comparison.compare import compare_finished
from cascade.experiments.comparison.divergence import divergence_rows
from cascade.toolchain.paths import project_root

from .conftest import SCENARIOS

pytestmark = pytest.mark.xdist_group("october")
"""One worker runs this module: its fixtures replay whole runs, which every other worker would replay again."""

CHAIN = [
    "macro-shock",
    "margin-calls",
    "loop-unwinding",
    "chain-depeg:USDe",
    "exchange-depeg:USDe",
    "chain-liquidations",
    "leverage:makers",
    "account-liquidations",
    "desk-liquidations",
    "perp-liquidations",
    "liquidity-vacuum:ALT-USDC",
    "exchange-depeg:wBETH",
    "exchange-depeg:BNSOL",
    "flash-crash:ALT",
    "recovery:ALT",
]
"""Every link of the account; in no order, which a run finds."""


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return replay(load_scenario(SCENARIOS / "october-2025.yaml"), out=tmp_path_factory.mktemp("account"))


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Run:
    # In process, which takes half the time: both engines give the same tables of it, as tests of them show.
    scenario = load_scenario(SCENARIOS / "october-2025-record.yaml", set={"chain.engine": "revm"})
    return replay(scenario, out=tmp_path_factory.mktemp("record"), report=False)


def test_account__every_link_of_the_chain__is_in_one_run_with_its_size_and_feeders(account: Run) -> None:
    links = account.frames.links

    assert account.manifest.outcome.missed == ()
    assert set(CHAIN) <= set(links["link"])
    assert list(links.drop_duplicates("order")["started_timestamp"]) == sorted(
        links.drop_duplicates("order")["started_timestamp"]
    )
    assert (links.groupby("order")["fed_share"].sum() - 1).abs().max() < 1e-9
    assert (links["size"] > 0).all()


def test_account__flash_crash__is_caused_by_liquidated_accounts_and_its_low_is_an_input(account: Run) -> None:
    links = account.frames.links
    crash = links[links["link"] == "flash-crash:ALT"].sort_values("fed_share", ascending=False)

    assert crash.iloc[0]["fed_by"] == "account-liquidations"
    assert crash.iloc[0]["fed_share"] > 0.5
    assert "an input" in crash.iloc[0]["what"]


def test_account__makers_leverage__grows_without_their_trades(account: Run) -> None:
    links = account.frames.links
    growth = links[links["link"] == "leverage:makers"]

    assert "trades made 0." in growth.iloc[0]["what"]
    assert {"macro-shock", "exchange-depeg:USDe"} <= set(growth["fed_by"])


def test_account__whales_of_the_desk__have_both_layers_recorded(account: Run) -> None:
    built = account.positions[(account.positions["event"] == "built") & (account.positions["cohort"] == "desk-whales")]
    called = account.exchange_events[account.exchange_events["kind"] == "margin-called"]

    assert len(built) == 8
    assert set(built["borrower"]) & set(called["account"])


def test_account__page__leads_with_the_makers_and_the_altcoin(account: Run) -> None:
    events, margin = account.frames.exchange_events, account.frames.margin
    makers = set(margin.loc[margin["cohort"] == "makers", "account"])
    started = events[(events["kind"] == "liquidation-started") & (events["cohort"] == "makers")]
    page = (account.folder / "report.html").read_text(encoding="utf-8")
    sentence = page.split('<p class="story">')[1].split("</p>")[0]

    assert set(started["account"]) == makers
    assert sentence.startswith(f"All {len(makers)} accounts of makers were liquidated, ALT fell by 8")
    assert sentence.endswith("as the scenario claims.")
    # Beside the record, with each verdict.
    beside = page.split('<section id="published">')[1].split("</section>")[0]
    assert beside.count("<b>met</b>") + beside.count("<b>missed</b>") == sum(
        fact.parts["october-2025"] == "target" for fact in facts_of("october-2025")
    )


def test_account__makers__differ_and_are_taken_over_over_minutes(account: Run) -> None:
    figures = account.summary.exchange
    assert figures is not None
    taken = figures.takeovers["makers"]
    owed = account.transactions[
        (account.transactions["intent"] == "borrow") & (account.transactions["role"] == "maker")
    ]

    assert len(set(owed["actor"])) == 25
    assert taken.minutes > 5
    assert taken.busiest_minute_pct < 75
    # Those who owe little survive, and quote again.
    assert "careful-makers" not in figures.takeovers


def test_account__desk__carries_a_tenth_of_the_fall_before_the_first_maker_in_generations(account: Run) -> None:
    figures = account.summary.exchange
    assert figures is not None
    spiral = figures.desk_spirals["ALT-USDC"]

    assert spiral.share_of_fall_pct is not None
    assert spiral.share_of_fall_pct > 10
    assert len(spiral.generations) > 1


def test_account__after_the_crash__redemption_brings_usde_back_and_bids_return(account: Run) -> None:
    figures = account.summary.exchange
    assert figures is not None
    book = figures.books["ALT-USDC"]
    prices = account.prices[(account.prices["asset"] == "USDe") & (account.prices["source"] == "book:USDe-USDC")]
    reopened = account.events["block_number"].min()
    before = prices[prices["block_number"] < reopened]["price_e8"].iloc[-1]

    assert before < 0.7e8
    assert prices["price_e8"].iloc[-1] > 0.98e8
    assert book.depth_tenth_at is not None
    page = (account.folder / "report.html").read_text(encoding="utf-8")
    assert "After their low, bids within 2 % in ALT-USDC stood again at a tenth of the start at" in page


def test_record__the_exchange_prints_what_it_did_while_the_chain_holds(record: Run) -> None:
    assert record.manifest.outcome.missed == ()
    assert record.liquidations.empty
    trough = record.summary.trough["USDe"]
    assert trough["book:USDe-USDC"] < 0.69 < 0.99 < trough["spot:usde-usdc"]


def test_record__usde_s_low__comes_after_the_low_of_the_majors(record: Run) -> None:
    path = record.prices[(record.prices["asset"] == "WETH") & (record.prices["source"] == "path")]
    majors = path.loc[path["price_e8"].idxmin(), "timestamp"]
    usde = record.trades[(record.trades["book"] == "USDe-USDC") & (record.trades["phase"] == "crash")]
    lowest = usde[usde["price_raw"] == min(usde["price_raw"])]["timestamp"].min()

    assert lowest > majors


def test_account_and_record__compared__diverge_on_chain_and_agree_at_the_exchange(account: Run, record: Run) -> None:
    verdicts = {name: verdict for name, _, _, verdict in divergence_rows(compare_finished(account, record))}

    assert verdicts["USDe loses its peg on chain"] == "diverges"
    assert verdicts["Liquidations on chain"] == "diverges"
    assert verdicts["USDe trades below its redemption value"] == "alike"
    assert verdicts["Macro shock"] == "alike"


def test_documents__calibration_and_walk__are_what_these_runs_give(account: Run, record: Run) -> None:
    runs = {"october-2025": account, "october-2025-record": record}
    docs = project_root() / "docs"

    assert section("10 October 2025", runs) in (docs / "CALIBRATION.md").read_text(encoding="utf-8")
    assert walk(runs) == (docs / "OCTOBER.md").read_text(encoding="utf-8")
