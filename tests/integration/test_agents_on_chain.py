"""Every kind of agent on a chain, in one small run: what the tables say of them, against each other."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cascade import Run, replay
from cascade.errors import ToolMissing
from cascade.toolchain import aave

from .conftest import everyone


def sent(run: Run, **wanted: str) -> pd.DataFrame:
    """Transactions of the crash phase with some columns as wanted."""
    rows = run.transactions[run.transactions["phase"] == "crash"]
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    return rows


def build_phase(run: Run) -> list[dict[Hashable, Any]]:
    columns = ["block_number", "timestamp", "transaction_index", "tx_hash", "actor", "intent", "target", "gas_used"]
    rows = run.transactions[run.transactions["phase"] == "build"]
    return rows[columns].to_dict("records")


@pytest.mark.parametrize(
    ("role", "cohort", "intent"),
    [
        ("oracle", "", "post"),
        ("oracle", "", "poke"),
        ("exogenous", "weth-flow", "follow-path"),
        ("buyer", "buyers", "buy"),
        ("whale", "whales", "unwind"),
        ("whale", "whales", "repay"),
        ("whale", "stuck", "unwind"),
        ("looper", "loopers", "stop"),
        ("dip-buyer", "dips", "buy"),
        ("dip-buyer", "dips", "loop"),
        ("provider", "", "remove-liquidity"),
        ("lender", "", "withdraw"),
        ("holder", "seller", "sell"),
        ("keeper", "flash", "liquidate"),
        ("keeper", "holding", "liquidate"),
    ],
)
def test_everyone__acts(everyone_run: Run, role: str, cohort: str, intent: str) -> None:
    assert len(sent(everyone_run, role=role, cohort=cohort, intent=intent, status="ok")) > 0


def test_everyone__no_agent_raises_or_makes_an_invalid_proposal(everyone_run: Run) -> None:
    assert len(sent(everyone_run, status="rejected")) == 0


def test_lenders__ask_for_more_than_the_pool_has__get_an_error_and_no_cash(everyone_run: Run) -> None:
    withdrawals = everyone_run.withdrawals
    failed = withdrawals[withdrawals["got_raw"] == 0]
    paid = withdrawals[withdrawals["got_raw"] > 0]
    rows = sent(everyone_run, intent="withdraw")

    assert list(withdrawals["tx_hash"]) == list(rows["tx_hash"])
    assert len(failed) == (rows["status"] == "reverted").sum() > 0
    assert len(paid) == (rows["status"] == "ok").sum() > 0
    assert (failed["revert_reason"] != "").all()
    assert (paid["revert_reason"] == "").all()
    assert list(paid["got_raw"]) == list(paid["asked_raw"])
    # Half of 11 million and the interest since, of which a tranche is 15 % at the most.
    assert sum(paid["got_raw"]) <= 5_500_000 * 10**6 + 100_000 * 10**6
    assert max(withdrawals["asked_raw"]) - 1_650_000 * 10**6 < 1_000 * 10**6


def test_lenders_leave__usage_and_rate_jump__debt_grows_faster_than_before(everyone_run: Run, tmp_path: Path) -> None:
    stay = replay(everyone(**{"agents.lenders.active": False}), out=tmp_path, require_expected=False)
    first = everyone_run.withdrawals["step"].iloc[0]

    changed = {
        name
        for run in (everyone_run, stay)
        for name in run.positions.loc[~run.positions["event"].isin(["built", "end"]), "borrower"]
    }
    loopers = set(stay.positions.loc[stay.positions["cohort"] == "loopers", "borrower"])
    untouched = min(loopers - changed)

    def debt_at_end(run: Run) -> int:
        rows = run.positions[(run.positions["borrower"] == untouched) & (run.positions["event"] == "end")]
        return int(rows["debt_raw"].iloc[0])

    # Two withdrawals of 15 % take usage over its kink: a slope of 40 % instead of 5.5 %.
    assert first < 30
    assert debt_at_end(everyone_run) > debt_at_end(stay)
    assert build_phase(stay) == build_phase(everyone_run)


def test_whales__margin_events_and_repayments__agree(everyone_run: Run) -> None:
    events = everyone_run.margin_events
    for borrower, rows in events.groupby("borrower"):
        told = list(rows["event"])
        assert told[0] == "call"
        assert all(event == ("call" if i % 2 == 0 else event) for i, event in enumerate(told))
        assert "failed" not in told[:-1], "who has given up is called no more"
        repaid = sent(everyone_run, actor=str(borrower).removesuffix("-pledge"), intent="repay")
        assert (repaid["proposed_step"] >= rows["step"].iloc[0]).all()
        calls, ends = rows[rows["event"] == "call"], rows[rows["event"] != "call"]
        assert (calls["ltv_bps"] >= 7000).all()
        assert (ends[ends["event"] == "cured"]["ltv_bps"] <= 6900).all()
    failed = events[events["event"] == "failed"]
    assert list(failed["borrower"]) == ["stuck-0-pledge"]
    assert set(events[events["event"] == "cured"]["borrower"]) == {"whales-0-pledge", "whales-1-pledge"}
    call = events[events["borrower"] == "stuck-0-pledge"].iloc[0]
    assert call["deadline_timestamp"] == call["timestamp"] + 300
    assert failed["timestamp"].iloc[0] >= call["deadline_timestamp"] > failed["timestamp"].iloc[0] - 60
    assert failed["raised_raw"].iloc[0] < failed["needed_raw"].iloc[0]
    gave_up = sent(everyone_run, actor="stuck-0", intent="unwind")
    assert (gave_up[gave_up["step"] >= failed["step"].iloc[0]]["reason"].str.startswith("gives up")).all()


def test_dip_buyers__enter_and_loop__have_positions_with_debt(everyone_run: Run) -> None:
    rows = everyone_run.positions[everyone_run.positions["cohort"] == "dips"]
    assert rows["borrower"].nunique() == 2
    for _, own in rows.groupby("borrower"):
        events = list(own["event"])
        assert events[0] == "built"
        assert own["collateral_raw"].iloc[0] == own["debt_raw"].iloc[0] == 0
        looped = own[own["event"] == "looped"]
        assert looped["collateral_raw"].iloc[0] > 0
        assert looped["debt_raw"].iloc[0] == 0, "it supplies what it bought with its own capital first"
        assert max(looped["debt_raw"]) > 0


def test_providers__leave__price_moves_and_depth_show_it(everyone_run: Run) -> None:
    removed = sent(everyone_run, role="provider", status="ok")
    moves = everyone_run.price_moves
    liquidity = moves[(moves["kind"] == "liquidity") & (moves["phase"] == "crash")]

    assert len(removed) == 3, "30 % in tranches of 10 %"
    assert set(liquidity["tx_hash"]) == set(removed["tx_hash"])
    assert set(liquidity["role"]) == {"provider"}
    assert set(liquidity["market"]) == {"usde-usdc"}


def test_keepers__one_kind_sells_at_once_and_the_other_holds(everyone_run: Run) -> None:
    liquidations = everyone_run.liquidations
    holding = liquidations[liquidations["liquidator"].str.startswith("holding")]
    flash = liquidations[liquidations["liquidator"].str.startswith("flash")]

    assert (holding["exit_proceeds_raw"] == 0).all()
    assert not holding["flash_loan"].any()
    assert sum(holding["debt_covered_raw"]) <= 250_000 * 10**6, "no more than its inventory"
    assert flash["flash_loan"].all()
    assert (flash["exit_proceeds_raw"] > 0).all()
    assert (flash["step"] - flash["unhealthy_since_step"] >= 2).all(), "a block to be seen, and one of latency"
    assert (holding["step"] - holding["unhealthy_since_step"] >= 1).all()


def test_own_agent__sells_its_holding_in_tranches(everyone_run: Run) -> None:
    swaps = everyone_run.swaps[everyone_run.swaps["actor"] == "seller"]

    assert list(swaps["amount_in_raw"]) == [100_000 * 10**18] * 10
    assert set(swaps["role"]) == {"holder"}
    assert len(sent(everyone_run, actor="seller")) == 10


def test_value_buyers__spend_no_more_than_their_capital(everyone_run: Run) -> None:
    swaps = everyone_run.swaps[(everyone_run.swaps["role"] == "buyer")]
    spent = swaps.groupby("actor")["amount_in_raw"].sum()

    assert set(swaps["asset_in"]) == {"USDC"}
    assert (spent <= 1_250_000 * 10**6).all()


def test_everyone__second_run__gives_the_same_tables(everyone_run: Run, tmp_path: Path) -> None:
    again = replay(everyone(), out=tmp_path)

    assert again.folder.name == everyone_run.folder.name
    assert again.summary.tables_sha256 == everyone_run.summary.tables_sha256


def test_everyone_switched_off__build_phase_is_the_same_and_no_agent_acts(everyone_run: Run, tmp_path: Path) -> None:
    names = [name for name in everyone().spec.agents if name not in ("macro", "weth-flow", "market")]
    off = replay(
        everyone(**{f"agents.{name}.active": False for name in names}, **{"expect.liquidations": "none"}), out=tmp_path
    )

    assert build_phase(off) == build_phase(everyone_run)
    assert set(sent(off)["role"]) == {"oracle", "exogenous"}
    assert len(off.margin_events) == len(off.withdrawals) == 0


def test_everyone__usde_in_a_constant_product_pool__acts_alike(tmp_path: Path) -> None:
    pool = {"kind": "constant-product", "coins": ["USDC", "USDe"], "reserves": {"USDC": 14_000_000, "USDe": 14_000_000}}
    run = replay(everyone(**{"venues.usde-usdc": pool}), out=tmp_path, require_expected=False)
    removed = sent(run, role="provider")
    moves = run.price_moves[(run.price_moves["role"] == "provider") & (run.price_moves["phase"] == "crash")]

    for intent in ("unwind", "repay", "stop", "buy", "loop", "withdraw", "sell"):
        assert len(sent(run, intent=intent, status="ok")) > 0, intent
    assert len(sent(run, status="rejected")) == 0
    # Each tranche is a transfer of the pair's tokens to it and the burn behind it, three times.
    assert list(removed["status"]) == ["ok"] * 6
    assert len(moves) == 3
    assert set(moves["kind"]) == {"liquidity"}
    pairs = removed.sort_values(["step", "transaction_index"])["transaction_index"].tolist()
    assert [pairs[i + 1] - pairs[i] for i in (0, 2, 4)] == [1, 1, 1]


@pytest.mark.xdist_group("aave")
def test_everyone__on_aave_s_contracts__ends_with_the_same_amounts(everyone_run: Run, tmp_path: Path) -> None:
    try:
        aave.aave_modules()
    except ToolMissing as missing:
        pytest.skip(f"Aave itself is not there to compare with: {missing}")
    real = replay(everyone(**{"lending.engine": "aave-v3"}), out=tmp_path)
    columns = ["step", "actor", "intent", "status"]

    assert sent(real)[columns].to_dict("records") == sent(everyone_run)[columns].to_dict("records")
    for table, columns in {
        "margin_events": ["step", "borrower", "event", "ltv_bps", "needed_raw", "raised_raw"],
        "withdrawals": ["step", "asked_raw", "got_raw", "revert_reason"],
        "swaps": ["step", "actor", "amount_in_raw", "amount_out_raw"],
    }.items():
        mock_rows, real_rows = (getattr(run, table)[columns].to_dict("records") for run in (everyone_run, real))
        assert mock_rows == real_rows, table
