"""The summary, against figures recomputed from the rows by other means and against a closed form."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from cascade.analysis import Frames, liquidations_usd, positions_usd, prices_usd, summarise
from cascade.analysis.frames import UnknownAsset
from cascade.analysis.lending.backlog import LiquidationDelay
from cascade.analysis.lending.who_paid import LendersLoss
from cascade.analysis.series.lending import debt_at_risk, health_over_time, leverage_at_build, losses_over_time
from cascade.analysis.summary import Summary
from cascade.vocabulary import Valuation

Rows = dict[str, list[dict[str, Any]]]
RunOf = Callable[[Rows], Path]


def summary_of(folder: Path) -> Summary:
    return summarise(Frames(folder))


def usd(raw: int, price_e8: int, decimals: int) -> Fraction:
    return Fraction(raw * price_e8, 10 ** (8 + decimals))


def test_summarise__one_loop_and_a_fall_of_a_quarter__takes_the_whole_capital(
    run_of: RunOf, one_looper_rows: Rows
) -> None:
    summary = summary_of(run_of(one_looper_rows))
    borrowers = summary.who_paid.borrowers
    # 368,928 of collateral against 268,928; at 0.75 the collateral is worth 276,696, which at a bonus of 5 % covers
    # 263,520; 5,408 stay.
    assert borrowers.equity_start_usd == 100_000
    assert borrowers.price_loss_seized_usd == 92_232
    assert borrowers.price_loss_kept_usd == 0
    assert borrowers.bonus_usd + borrowers.protocol_fee_usd == pytest.approx(13_176, abs=1e-6)
    assert borrowers.absorbed_by_lenders_usd == 5_408
    assert borrowers.equity_end_usd == 0
    assert borrowers.loss_usd == 100_000
    assert summary.who_paid.lenders == LendersLoss(deficit_usd=5_408, unrealised_usd=0, loss_usd=5_408)
    assert summary.debt_covered_usd == 263_520
    assert summary.deficit_usd == 5_408
    assert summary.collateral_seized_usd == 276_696
    assert summary.bonus_paid_usd == 13_176
    assert summary.protocol_fee_usd == pytest.approx(1_317.6, abs=1e-8)
    assert (summary.liquidations, summary.liquidated_positions, summary.wiped_out_positions) == (1, 1, 1)
    assert summary.concentration.collateral_hhi == 1
    assert summary.concentration.collateral_top10_pct == 100
    assert summary.concentration.keepers_hhi == 1


def test_summarise__totals__are_the_sums_of_the_rows(run_of: RunOf, crash_rows: Rows) -> None:
    summary = summary_of(run_of(crash_rows))
    rows = crash_rows["liquidations"]
    covered = sum(usd(row["debt_covered_raw"], row["debt_price_e8"], 6) for row in rows)
    seized = sum(usd(row["collateral_seized_raw"], row["collateral_price_e8"], 18) for row in rows)
    fee = sum(usd(row["protocol_fee_raw"], row["collateral_price_e8"], 18) for row in rows)
    deficit = sum(usd(row["deficit_raw"], row["debt_price_e8"], 6) for row in rows)
    rounding = len(rows) * 1e-8
    assert deficit > 0
    assert summary.debt_covered_usd == pytest.approx(float(covered), abs=rounding)
    assert summary.collateral_seized_usd == pytest.approx(float(seized), abs=rounding)
    assert summary.bonus_paid_usd == pytest.approx(float(seized - covered), abs=rounding)
    assert summary.protocol_fee_usd == pytest.approx(float(fee), abs=rounding)
    assert summary.deficit_usd == pytest.approx(float(deficit), abs=rounding)
    assert summary.liquidations == len(rows)
    assert summary.liquidated_positions == len({row["borrower"] for row in rows})
    assert summary.blocks == len(crash_rows["blocks"])
    assert summary.transactions == len(crash_rows["transactions"])
    reverted = [row for row in crash_rows["transactions"] if row["status"] == "reverted"]
    assert summary.transactions_reverted == len(reverted) > 0
    assert summary.scenario == "made-up"
    assert summary.seed == 7
    assert summary.counterfactual == "the oracle follows an exchange's price by hand"
    assert summary.amplification is None
    assert summary.wall_seconds is None


def test_summarise__a_rejected_proposal__is_no_transaction(run_of: RunOf, crash_rows: Rows) -> None:
    rejected = {**crash_rows["transactions"][0], "status": "rejected", "tx_hash": "", "transaction_index": -1}
    before = len(crash_rows["transactions"])
    crash_rows["transactions"].append(rejected)
    summary = summary_of(run_of(crash_rows))
    assert summary.transactions == before
    assert summary.transactions_rejected == 1


def test_summarise__trough__is_the_lowest_price_of_the_crash(run_of: RunOf, crash_rows: Rows) -> None:
    summary = summary_of(run_of(crash_rows))
    assert summary.trough["USDe"]["oracle"] == summary.trough["USDe"]["path"] == 0.64
    assert summary.trough["USDe"]["spot:curve"] == 0.6368
    assert summary.trough["USDe"]["redemption"] == 1.0
    assert summary.trough["USDC"] == {"oracle": 1.0}
    at = summary.trough_at
    assert at is not None
    first = min(row["block_number"] for row in crash_rows["prices"] if row["price_e8"] == 64_000_000)
    assert (at.asset, at.source, at.price_usd, at.block_number) == ("USDe", "path", 0.64, first)


def test_summarise__a_low_of_the_build__is_no_trough(run_of: RunOf, crash_rows: Rows) -> None:
    build = crash_rows["prices"][0]
    crash_rows["prices"][:0] = [{**build, "source": source, "price_e8": 1} for source in ("oracle", "path")]
    later = {**build, "source": "path", "block_number": 2, "price_e8": 10**8}
    crash_rows["prices"].insert(3, later)
    assert summary_of(run_of(crash_rows)).trough["USDe"]["path"] == 0.64


def test_summarise__shortfall__counts_each_position_under_water_at_each_price(run_of: RunOf, crash_rows: Rows) -> None:
    summary = summary_of(run_of(crash_rows))
    assert summary.trough_at is not None
    block = summary.trough_at.block_number
    held: dict[str, dict[str, Any]] = {}
    for row in crash_rows["positions"]:
        if row["block_number"] <= block:
            held[row["borrower"]] = row
    for kind, source in (
        (Valuation.ORACLE, "oracle"),
        (Valuation.EXIT, "exit:curve"),
        (Valuation.REDEMPTION, "redemption"),
    ):
        prices = [
            row["price_e8"]
            for row in crash_rows["prices"]
            if (row["asset"], row["source"]) == ("USDe", source) and row["block_number"] <= block
        ]
        lacking = sum(
            max(Fraction(0), usd(row["debt_raw"], 10**8, 6) - usd(row["collateral_raw"], prices[-1], 18))
            for row in held.values()
        )
        assert summary.shortfall_usd.trough.at(kind) == pytest.approx(float(lacking), abs=len(held) * 2e-8)
    trough = summary.shortfall_usd.trough
    assert trough.exit is not None
    assert trough.oracle is not None
    assert trough.exit > trough.oracle > 0 == trough.redemption


def test_summarise__no_redemption_price__is_none_and_not_zero(run_of: RunOf, crash_rows: Rows) -> None:
    crash_rows["prices"] = [row for row in crash_rows["prices"] if row["source"] != "redemption"]
    summary = summary_of(run_of(crash_rows))
    assert summary.shortfall_usd.trough.redemption is None
    assert summary.shortfall_usd.trough.oracle is not None


def test_summarise__two_exit_venues__takes_the_better(run_of: RunOf, crash_rows: Rows) -> None:
    worse = [
        {**row, "source": "exit:other", "price_e8": row["price_e8"] // 2}
        for row in crash_rows["prices"]
        if row["source"] == "exit:curve"
    ]
    before = summary_of(run_of(crash_rows)).shortfall_usd
    crash_rows["prices"] += worse
    assert summary_of(run_of(crash_rows)).shortfall_usd == before


def test_summarise__who_paid__adds_up(run_of: RunOf, crash_rows: Rows) -> None:
    paid = summary_of(run_of(crash_rows)).who_paid
    borrowers, lenders = paid.borrowers, paid.lenders
    left = (
        borrowers.equity_start_usd
        - borrowers.price_loss_seized_usd
        - borrowers.price_loss_kept_usd
        - borrowers.bonus_usd
        - borrowers.protocol_fee_usd
        - borrowers.interest_and_other_usd
        + borrowers.absorbed_by_lenders_usd
    )
    assert left == pytest.approx(borrowers.equity_end_usd, abs=1e-6)
    # No interest and a constant debt price in this run: what closes the sum is rounding.
    assert abs(borrowers.interest_and_other_usd) < 1e-5
    assert borrowers.equity_left_usd - borrowers.equity_end_usd == pytest.approx(lenders.unrealised_usd)
    start = [row for row in crash_rows["positions"] if row["event"] == "built"]
    equity = sum(usd(row["collateral_raw"], 10**8, 18) - usd(row["debt_raw"], 10**8, 6) for row in start)
    assert borrowers.equity_start_usd == pytest.approx(float(equity))


def test_summarise__keepers__net_is_gross_less_every_fee(run_of: RunOf, crash_rows: Rows) -> None:
    keepers = summary_of(run_of(crash_rows)).keepers
    gross = sum(usd(row["liquidator_profit_raw"], 10**8, 6) for row in crash_rows["liquidations"])
    sent = [row for row in crash_rows["transactions"] if row["role"] == "keeper"]
    gas = {
        status: sum(row["fee_wei"] for row in sent if row["status"] == status) * 4000 / 10**18
        for status in ("ok", "reverted")
    }
    assert keepers.gross_profit_usd == pytest.approx(float(gross))
    assert keepers.gas_usd == pytest.approx(gas["ok"])
    assert keepers.reverted_gas_usd == pytest.approx(gas["reverted"])
    assert keepers.net_profit_usd == pytest.approx(float(gross) - gas["ok"] - gas["reverted"])
    assert keepers.reverted_attempts == sum(1 for row in sent if row["status"] == "reverted")
    assert keepers.active == 2
    assert keepers.collateral_held_usd == 0


def test_summarise__collateral_still_held__counts_at_its_price_at_the_end(run_of: RunOf, one_looper_rows: Rows) -> None:
    row = one_looper_rows["liquidations"][0]
    row.update(exit_proceeds_raw=0, liquidator_profit_raw=-row["debt_covered_raw"])
    prices, last = one_looper_rows["prices"], one_looper_rows["blocks"][-1]
    fallen = next(price for price in reversed(prices) if (price["asset"], price["source"]) == ("USDe", "oracle"))
    # Seized at 0.75, and worth 0.90 when the run ends.
    prices.append({**fallen, "block_number": last["block_number"], "price_e8": 90 * 10**6})

    keepers = summary_of(run_of(one_looper_rows)).keepers

    assert keepers.collateral_held_usd == pytest.approx(276_696 - 1_317.6)
    assert keepers.collateral_held_at_end_usd == pytest.approx((276_696 - 1_317.6) / 75 * 90)
    assert keepers.gross_profit_usd == pytest.approx((276_696 - 1_317.6) / 75 * 90 - 263_520)
    assert keepers.exit_slippage_usd == 0


def test_summarise__delays__are_counted_once_a_fall_and_by_nearest_rank(run_of: RunOf, crash_rows: Rows) -> None:
    summary = summary_of(run_of(crash_rows))
    first: dict[tuple[str, int], int] = {}
    for row in crash_rows["liquidations"]:
        first.setdefault((row["borrower"], row["unhealthy_since_step"]), row["step"] - row["unhealthy_since_step"])
    delays = sorted(first.values())
    waited = summary.blocks_to_liquidation
    assert waited.max == delays[-1]
    for value, share in ((waited.median, 0.5), (waited.p95, 0.95)):
        assert value is not None
        assert value in delays
        assert sum(delay <= value for delay in delays) >= share * len(delays)
        assert sum(delay < value for delay in delays) < share * len(delays)


def test_summarise__backlog__is_the_worst_block(run_of: RunOf, crash_rows: Rows) -> None:
    counts: dict[int, int] = {}
    for row in crash_rows["health"]:
        if row["health_high_bps"] <= 10_000:
            counts[row["block_number"]] = counts.get(row["block_number"], 0) + row["positions"]
    backlog = summary_of(run_of(crash_rows)).backlog
    assert backlog.peak_positions == max(counts.values()) > 0
    assert backlog.end_positions == 0


def test_summarise__a_calm_run__has_nothing_to_report(run_of: RunOf, calm_rows: Rows) -> None:
    summary = summary_of(run_of(calm_rows))
    assert summary.liquidations == summary.liquidated_positions == summary.wiped_out_positions == 0
    assert summary.first_liquidation is summary.last_liquidation is None
    assert summary.debt_covered_usd == summary.deficit_usd == summary.bonus_paid_usd == 0
    assert summary.backlog.peak_positions == 0
    assert summary.blocks_to_liquidation == LiquidationDelay(median=None, p95=None, max=None)
    assert summary.concentration.keepers_hhi is None
    assert summary.who_paid.borrowers.loss_usd == 0


def test_summarise__no_oracle_price_of_a_debt__names_the_asset(run_of: RunOf, crash_rows: Rows) -> None:
    crash_rows["prices"] = [row for row in crash_rows["prices"] if row["asset"] != "USDC"]
    with pytest.raises(UnknownAsset, match="USDC: the run holds no oracle price of it at block"):
        summary_of(run_of(crash_rows))


def test_frames__an_asset_without_decimals__is_named(run_of: RunOf, crash_rows: Rows) -> None:
    with pytest.raises(UnknownAsset, match="DAI: the run holds no decimals of it"):
        Frames(run_of(crash_rows)).decimals("DAI")


def test_derived_frames__dollars__are_floats_beside_untouched_integers(run_of: RunOf, crash_rows: Rows) -> None:
    frames = Frames(run_of(crash_rows))
    for derived, stored in (
        (liquidations_usd(frames), frames.liquidations),
        (positions_usd(frames), frames.positions),
        (prices_usd(frames), frames.prices),
    ):
        assert derived[list(stored.columns)].equals(stored)
        added = [name for name in derived.columns if name not in stored.columns]
        assert added
        assert {str(derived[name].dtype) for name in added if name.endswith(("_usd", "_pct"))} == {"float64"}
    row = crash_rows["liquidations"][0]
    first = liquidations_usd(frames).iloc[0]
    assert first["debt_covered_usd"] == pytest.approx(float(usd(row["debt_covered_raw"], 10**8, 6)))
    assert first["bonus_pct"] == 5.0
    assert first["delay_blocks"] == row["step"] - row["unhealthy_since_step"]


def test_losses_over_time__last_row__equals_the_summary(run_of: RunOf, crash_rows: Rows) -> None:
    frames = Frames(run_of(crash_rows))
    summary = summarise(frames)
    losses = losses_over_time(frames)
    assert losses["deficit_usd"].iloc[-1] == pytest.approx(summary.deficit_usd)
    assert losses["deficit_usd"].is_monotonic_increasing
    assert summary.trough_at is not None
    trough = losses[losses["timestamp"] == summary.trough_at.timestamp].iloc[0]
    for kind in Valuation:
        assert losses[f"{kind}_usd"].iloc[-1] == pytest.approx(summary.shortfall_usd.end.at(kind), abs=1e-3)
        assert trough[f"{kind}_usd"] == pytest.approx(summary.shortfall_usd.trough.at(kind), abs=1e-3)


def test_health_over_time__every_block__holds_every_bucket_and_all_positions(run_of: RunOf, crash_rows: Rows) -> None:
    health = health_over_time(Frames(run_of(crash_rows)))
    assert health.groupby("timestamp").size().nunique() == 1
    assert health["positions"].sum() == sum(row["positions"] for row in crash_rows["health"])


def test_leverage_at_build__five_rounds_at_80_pct__is_3_69(run_of: RunOf, one_looper_rows: Rows) -> None:
    (row,) = leverage_at_build(Frames(run_of(one_looper_rows))).to_dict("records")
    assert row == {"borrower": "loopers-0000", "leverage": pytest.approx(3.68928, abs=1e-12), "liquidated": True}


def test_debt_at_risk__one_loop__starts_at_its_fall_to_liquidation(run_of: RunOf, one_looper_rows: Rows) -> None:
    # Health factor 0.83 x 368,928 / 268,928 = 1.1386: a fall of 12.17 % takes it to 1.
    risk = debt_at_risk(Frames(run_of(one_looper_rows))).set_index("fall_pct")
    assert risk["debt_usd"].loc[12.0] == 0
    assert risk["debt_usd"].loc[13.0] == 268_928
    assert risk["positions"].loc[100.0] == 1


def test_analysis_and_report__imported__load_neither_ape_nor_web3() -> None:
    code = (
        "import sys, cascade.analysis, cascade.report, cascade.recording.store;"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'ape', 'web3'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ast.literal_eval(done.stdout) == []
