"""Accounts with several collaterals and debts through a crash: figures of tables and summary, recomputed by hand."""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from pathlib import Path

import pytest
from rich.console import Console

from cascade import Run, load_scenario, replay
from cascade.analysis.causes import cause_graph
from cascade.analysis.metrics.stability import stability_over_time
from cascade.analysis.series.lending import losses_over_time
from cascade.errors import ToolMissing
from cascade.experiments.verify import verify
from cascade.recording.canonical import column_values
from cascade.recording.tables import (
    TABLES,
    AccountReserveRow,
    LiquidationRow,
    OtherDeficitRow,
    PositionRow,
    StatedAccountRow,
)
from cascade.report.run.account_lines import account_lines
from cascade.report.run.terminal import print_summary
from cascade.toolchain import aave

from .accounts_story import ACCOUNTS, E8, USDC, USDE, WAD, reserves, synthetic, value_of
from .conftest import SCENARIOS


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("synthetic")
    return replay(synthetic(folder), out=folder)


def test_positions__of_accounts__have_the_values_of_all_their_reserves(run: Run) -> None:
    held, several = reserves(run), 0
    rows = run.frames.rows(PositionRow)

    assert rows
    for row in rows:
        collateral, debt, weighted = value_of(held[row.borrower, row.block_number])
        assert (row.collateral_base_e8, row.debt_base_e8) == (collateral, debt)
        expected = (weighted * WAD + debt // 2) // debt // 10_000 if debt else 2**256 - 1
        assert row.health_factor_wad == expected
        several += sum(1 for one in held[row.borrower, row.block_number].values() if one.used_as_collateral) > 1
    assert several > 20


def test_liquidations__of_accounts__reach_secondary_collaterals_too(run: Run) -> None:
    liquidations = run.frames.rows(LiquidationRow)
    main = {row.borrower: (row.collateral_asset, row.debt_asset) for row in run.frames.rows(PositionRow)}

    assert len(liquidations) > 20
    assert any((row.collateral_asset, row.debt_asset) != main[row.borrower] for row in liquidations)
    # Real addresses are the names of accounts in every table.
    assert {row.borrower for row in liquidations} <= {row.account for row in run.frames.rows(StatedAccountRow)}


def test_causes__of_every_liquidation__have_shares_that_sum_to_one(run: Run) -> None:
    graph = cause_graph(run.frames)

    assert len(graph.causes) == len(run.liquidations)
    assert all(cause.oracle_met for cause in graph.causes)
    sums: defaultdict[int, Fraction] = defaultdict(Fraction)
    for number, share in zip(graph.edges["liquidation"], graph.edges["share"], strict=True):
        sums[number] += share
    assert set(sums.values()) == {Fraction(1)}


def ratio(run: Run, rows: dict[str, AccountReserveRow], prices: dict[str, int]) -> Fraction:
    """Weighted collateral over debt at some prices, with balances as they were written."""
    secured = owed = Fraction(0)
    for row in rows.values():
        price = Fraction(prices[row.asset], 10 ** run.frames.decimals(row.asset))
        secured += row.supplied_raw * row.liquidation_threshold_bps * price
        owed += row.borrowed_raw * price
    return secured / owed


def test_causes__of_an_accounts_first_liquidation__are_its_weighted_falls_of_prices(run: Run) -> None:
    held, graph = reserves(run), cause_graph(run.frames)
    built = run.frames.first_crash_block - 1
    oracle = run.prices[run.prices["source"] == "oracle"].sort_values("block_number")
    answers: defaultdict[str, list[tuple[int, int]]] = defaultdict(list)
    for asset, block, price in zip(
        *(oracle[name].tolist() for name in ("asset", "block_number", "price_e8")), strict=True
    ):
        answers[asset].append((block, int(price)))
    prices = {asset: history[0][1] for asset, history in answers.items()}
    checked = 0
    for number, row in enumerate(sorted(run.frames.rows(LiquidationRow), key=lambda r: (r.block_number, r.log_index))):
        rows = held[row.borrower, built]
        secured = [one for one in rows.values() if one.used_as_collateral]
        if row.round > 1 or len(secured) < 2:
            continue
        # What posted prices of the liquidation's block are: the last ones that the oracle gave by then.
        now = {
            asset: [p for block, p in history if block <= row.block_number][-1] for asset, history in answers.items()
        }

        start = next(
            one.health_factor_wad
            for one in run.frames.rows(PositionRow)
            if one.borrower == row.borrower and one.event == "built"
        )
        assert start is not None
        # All of it but interest is the posted prices' work: scaled to the factor that the liquidation recorded.
        fell = Fraction(row.health_factor_before_wad) * (ratio(run, rows, prices) / ratio(run, rows, now) - 1)
        lost = start - row.health_factor_before_wad
        edges = graph.edges[graph.edges["liquidation"] == number]
        by_class = dict(zip(edges["class"], edges["share"], strict=True))
        if graph.causes[number].kept:
            continue
        assert by_class["exogenous"] == fell / lost
        checked += 1
    assert checked > 3


def test_shortfall__at_the_oracle__is_summed_over_whole_accounts(run: Run) -> None:
    last = {
        borrower: rows for (borrower, block), rows in sorted(reserves(run).items()) if block == run.frames.last_block
    }
    lacking = 0
    for rows in last.values():
        collateral, debt, _ = value_of(rows)
        lacking += max(0, debt - collateral)

    assert run.summary.shortfall_usd.end.oracle == pytest.approx(lacking / E8, abs=1e-6)


def last_written(run: Run, block: int) -> dict[str, dict[str, AccountReserveRow]]:
    """Holdings of each account with debt as they were last written at or before a block."""
    found: dict[str, dict[str, AccountReserveRow]] = {}
    for (borrower, written), rows in sorted(reserves(run).items(), key=lambda item: item[0][1]):
        if written <= block:
            found[borrower] = rows
    return {borrower: rows for borrower, rows in found.items() if any(row.borrowed_raw for row in rows.values())}


def oracle_at(run: Run, block: int) -> dict[str, int]:
    rows = run.prices[(run.prices["source"] == "oracle") & (run.prices["block_number"] <= block)]
    last = rows.sort_values("block_number", kind="stable").drop_duplicates("asset", keep="last")
    return {asset: int(price) for asset, price in zip(last["asset"].tolist(), last["price_e8"].tolist(), strict=True)}


def test_losses_over_time__end_where_the_summary_does(run: Run) -> None:
    over_time = losses_over_time(run.frames)
    shortfall, last = run.summary.shortfall_usd.end, over_time.iloc[-1]

    assert last["oracle_usd"] == pytest.approx(shortfall.oracle, abs=1e-3)
    assert last["redemption_usd"] == pytest.approx(shortfall.redemption, abs=1e-3)
    assert last["deficit_usd"] == pytest.approx(run.summary.deficit_usd, abs=1e-3)


def test_stability__at_its_worst_block__counts_each_liquidatable_collateral(run: Run) -> None:
    over_time = stability_over_time(run.frames)
    weth = over_time[over_time["asset"] == "WETH"]
    worst = weth.loc[weth["liquidatable_tokens"].idxmax()]
    block, decimals = int(worst["block_number"]), run.frames.decimals
    prices = oracle_at(run, block)

    expected = pressure = 0.0
    for rows in last_written(run, block).values():
        held = rows.get("WETH")
        if ratio(run, rows, prices) < 10_000 and held is not None and held.liquidation_threshold_bps:
            tokens = held.supplied_raw / 10 ** decimals("WETH")
            line, bonus = held.liquidation_threshold_bps / 10_000, held.liquidation_bonus_bps / 10_000
            expected += tokens
            pressure += tokens * line / (1 / (1 + bonus) - line)

    assert expected > 0
    assert worst["liquidatable_tokens"] == pytest.approx(expected)
    assert worst["rho"] == pytest.approx(pressure / (worst["depth_tokens"] / 0.005))


@pytest.mark.parametrize("fall", [2, 10, 30])
def test_collateral_at_risk__after_a_fall_of_all_collateral__is_that_of_whole_accounts(run: Run, fall: int) -> None:
    block = run.frames.first_crash_block - 1
    expected = 0
    for rows in last_written(run, block).values():
        if ratio(run, rows, oracle_at(run, block)) * (100 - fall) < 10_000 * 100:
            expected += value_of(rows)[0]

    assert run.summary.collateral_at_risk_usd.start[str(fall)] == pytest.approx(expected / E8)


def test_concentration__of_accounts__is_of_all_their_collateral(run: Run) -> None:
    held = [value_of(rows)[0] for rows in last_written(run, run.frames.first_crash_block - 1).values()]

    assert run.summary.concentration.collateral_hhi == pytest.approx(sum((one / sum(held)) ** 2 for one in held))
    top = 100 * sum(sorted(held)[-10:]) / sum(held)
    assert run.summary.concentration.collateral_top10_pct == pytest.approx(top)


def test_who_paid__of_accounts__leaves_interest_and_the_fall_of_what_they_owe(run: Run) -> None:
    borrowers, decimals = run.summary.who_paid.borrowers, run.frames.decimals
    before, after = (oracle_at(run, block) for block in (run.frames.first_crash_block - 1, run.frames.last_block))
    # Some owe WETH, whose fall is a gain: of what was repaid until then, of the rest until the end.
    rise = sum(
        row.debt_covered_raw * (row.debt_price_e8 - before[row.debt_asset]) / 10 ** decimals(row.debt_asset)
        for row in run.frames.rows(LiquidationRow)
    )
    for rows in last_written(run, run.frames.last_block).values():
        for one in rows.values():
            rise += one.borrowed_raw * (after[one.asset] - before[one.asset]) / 10 ** decimals(one.asset)

    assert rise < 0
    assert borrowers.interest_and_other_usd == pytest.approx(rise / E8, abs=borrowers.equity_start_usd * 10**-4)
    assert borrowers.price_loss_seized_usd > 0


def test_collateral__when_the_crash_starts__counts_every_reserve_once(run: Run) -> None:
    built = [value_of(rows) for (_, block), rows in reserves(run).items() if block == run.frames.first_crash_block - 1]

    owed = sum(debt for _, debt, _ in built)
    secured = sum(collateral for collateral, debt, _ in built if debt)
    assert run.summary.debt_built_usd == pytest.approx(owed / E8)
    assert run.summary.collateral_built_usd == pytest.approx(secured / E8)
    claims = sum(exit_.claims_usd for exit_ in run.summary.exits.values())
    assert claims == pytest.approx(secured / E8)


def test_coverage__of_the_synthetic_file__is_whole(run: Run) -> None:
    coverage = run.summary.coverage

    assert coverage is not None
    assert (coverage.built.accounts, coverage.accounts_pct, coverage.debt_pct) == (ACCOUNTS, 100.0, 100.0)


def test_page__of_accounts__says_what_stands(run: Run) -> None:
    page = (run.folder / "report.html").read_text(encoding="utf-8")

    assert f"{ACCOUNTS} of {ACCOUNTS} accounts stand (100.0 %)" in page


def test_run__verified_from_its_manifest__is_the_same(run: Run) -> None:
    assert "all" in verify(run)


def test_run__in_process__has_the_same_accounts(run: Run, tmp_path: Path) -> None:
    other = replay(synthetic(tmp_path, **{"chain.engine": "revm"}), out=tmp_path, report=False)

    for name in ("stated_accounts", "account_reserves", "positions", "prices"):
        for column in TABLES[name].columns:
            if column.name != "run_id":
                first, second = getattr(run, name), getattr(other, name)
                assert column_values(first, column) == column_values(second, column), (name, column.name)


# --- Debts that are written off beside the one that is repaid

A, B, C = ("0x" + digits * 20 for digits in ("11", "22", "33"))


@pytest.fixture(scope="module")
def written_off(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("written-off")
    (folder / "book.csv").write_text(
        f"account,asset,supplied,borrowed\n{A},USDe,100000,0\n{A},USDC,0,45000\n{A},USDT,0,37000\n"
        f"{B},USDe,1000,0\n{B},USDC,0,900\n{C},USDe,0.25,0\n",
        encoding="utf-8",
    )
    (folder / "path.csv").write_text(
        "time,asset,price\n2025-10-10T21:40:00Z,USDe,1\n2025-10-10T21:40:36Z,USDe,1\n"
        "2025-10-10T21:40:48Z,USDe,0.4\n2025-10-10T21:42:00Z,USDe,0.4\n",
        encoding="utf-8",
    )
    (folder / "mine.yaml").write_text(
        f"extends: {SCENARIOS}/frictionless-loop.yaml\nprovenance: []\nprices: {{path: path.csv}}\n", encoding="utf-8"
    )
    no_interest = {"optimal_usage_bps": 9000, "base_bps": 0, "slope1_bps": 0, "slope2_bps": 0}
    scenario = load_scenario(
        folder / "mine.yaml",
        set={
            "assets.USDT": {"decimals": 6},
            "oracle.USDT": {"kind": "posted"},
            "lending.reserves.USDC.lenders_supply": 0,
            "lending.reserves.USDT": {"rate": no_interest},
            "positions.looper": {
                "kind": "accounts",
                "file": "book.csv",
                "utilisation_bps": {"USDC": 5000, "USDT": 5000},
                "skip": True,
            },
            "agents.keeper": {"kind": "keeper", "funding": "inventory", "inventory": 100_000},
        },
    )
    return replay(scenario, out=folder)


def test_liquidation__that_takes_the_last_collateral__writes_off_every_debt(written_off: Run) -> None:
    (liquidation,) = written_off.frames.rows(LiquidationRow)
    (other,) = written_off.frames.rows(OtherDeficitRow)

    # 40,000 dollars of USDe repay 40,000 / 1.05 = 38,095.238096 (up) of the 45,000 USDC, which pays the keeper more
    # than all of the 37,000 USDT would. Nothing is left for the rest of the USDC and for the USDT.
    assert (liquidation.collateral_asset, liquidation.debt_asset) == ("USDe", "USDC")
    assert liquidation.debt_covered_raw == 38_095_238_096
    assert liquidation.collateral_seized_raw == 100_000 * USDE
    assert liquidation.deficit_raw == 45_000 * USDC - 38_095_238_096
    assert (other.borrower, other.asset, other.deficit_raw, other.price_e8) == (A, "USDT", 37_000 * USDC, E8)
    assert written_off.summary.deficit_usd == pytest.approx(6_904.761904 + 37_000)
    assert written_off.summary.who_paid.lenders.deficit_usd == pytest.approx(43_904.761904)
    assert written_off.summary.shortfall_usd.end.oracle == 0
    end = written_off.frames.rows(PositionRow)[-1]
    assert (end.event, end.collateral_base_e8, end.debt_base_e8) == ("end", 0, 0)


def test_page__of_accounts__lists_the_largest_with_all_their_reserves(run: Run) -> None:
    lines, held = account_lines(run.frames), reserves(run)
    built = run.frames.first_crash_block - 1
    debts = {borrower: value_of(rows)[1] for (borrower, block), rows in held.items() if block == built}

    assert [line.account for line in lines] == sorted(debts, key=lambda name: (-debts[name], name))[:20]
    for line in lines:
        rows = held[line.account, built].values()
        assert line.supplied.count("$") == sum(1 for row in rows if row.supplied_raw)
        assert line.borrowed.count("$") == sum(1 for row in rows if row.borrowed_raw)
    counts = run.liquidations["borrower"].value_counts().to_dict()
    assert [int(line.liquidations) for line in lines] == [counts.get(line.account, 0) for line in lines]
    page = (run.folder / "report.html").read_text(encoding="utf-8")
    assert all(line.account in page for line in lines)


def test_skipped_accounts__are_on_the_terminal_and_the_page_with_their_reason(written_off: Run) -> None:
    console = Console(record=True, width=200)

    print_summary(written_off.folder, summary=written_off.summary, manifest=written_off.manifest, console=console)

    sentences = (
        "1 of 2 accounts stands (50.0 %), with $82.00 k of debt (98.9 % of the file's).",
        "The pool would refuse 1 account with $1.00 k supplied and $900 of debt: health-factor: 1 account with "
        "$1.00 k supplied and $900 of debt.",
        "Dropped as dust: 1 account with $0.25 supplied and $0 of debt.",
    )
    shown, page = console.export_text(), (written_off.folder / "report.html").read_text(encoding="utf-8")
    for sentence in sentences:
        assert f"Accounts: {sentence}" in shown
        assert sentence.replace("'", "&#39;") in page
    assert "<td>health-factor</td><td>1</td>" in page


# --- On Aave's own contracts


@pytest.mark.xdist_group("aave")
def test_accounts__on_aave_itself__are_built_and_liquidated_to_the_same_unit(run: Run, tmp_path: Path) -> None:
    try:
        aave.aave_modules()
    except ToolMissing as missing:
        pytest.skip(f"Aave itself is not there to compare with: {missing}")

    real = replay(synthetic(tmp_path, **{"lending.engine": "aave-v3"}), out=tmp_path, report=False)

    assert len(real.liquidations) > 20
    # Aave's own code takes a little more gas, which decides ties of bids and what a bid says; amounts and health do not
    # depend on it.
    of_gas = {"run_id", "block_number", "tx_hash", "log_index", "gas_used", "fee_wei", "triggered_by"}
    for name in ("stated_accounts", "account_reserves", "positions", "other_deficits", "liquidations"):
        for column in TABLES[name].columns:
            if column.name not in of_gas:
                first, second = column_values(getattr(run, name), column), column_values(getattr(real, name), column)
                assert first == second, (name, column.name)
