"""Runs whose collateral is isolated: loops under a ceiling, on the mock and on Aave alike, accounts, and refusals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cascade import Scenario, load_scenario, replay
from cascade.deployment.lending import engine_artifacts
from cascade.errors import ScenarioError, ToolMissing
from cascade.recording.tables import PositionRow, StatedAccountRow
from cascade.run.opened import Run

from .conftest import SCENARIOS

ISOLATED: dict[str, Any] = {
    "lending.reserves.USDe.debt_ceiling_usd": 5_000_000.25,
    "lending.reserves.USDC.borrowable_in_isolation": True,
    "positions.loopers.count": 4,
    "agents.keeper.count": 1,
    "chain.engine": "revm",
}


def loops(**changes: Any) -> Scenario:
    return load_scenario(SCENARIOS / "loop-and-crash.yaml", set={**ISOLATED, **changes})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return replay(loops(), out=tmp_path_factory.mktemp("isolated"), require_expected=False)


def test_loops__on_isolated_collateral__switch_it_on_once_and_are_built(run: Run) -> None:
    sent = run.transactions[run.transactions["phase"] == "build"]
    switches = sent[sent["intent"] == "set-collateral"]

    assert len(switches) == 4
    assert set(switches["status"]) == {"ok"}
    assert set(switches["actor"]) == {row.borrower for row in run.frames.rows(PositionRow)}
    built = run.positions[run.positions["event"] == "built"]
    assert len(built) == 4
    assert all(int(debt) > 0 for debt in built["debt_raw"])
    assert len(run.liquidations) > 0


def test_loops__without_isolation__send_no_switch_and_are_the_same_positions(run: Run, tmp_path: Path) -> None:
    plain = replay(
        loops(
            **{
                "lending.reserves.USDe.debt_ceiling_usd": 0,
                "lending.reserves.USDC.borrowable_in_isolation": False,
            }
        ),
        out=tmp_path,
        require_expected=False,
    )

    assert "set-collateral" not in set(plain.transactions["intent"])
    columns = ["borrower", "collateral_raw"]
    rows = [one.positions[one.positions["event"] == "built"][columns].values.tolist() for one in (plain, run)]
    assert rows[0] == rows[1]


def test_loops__on_aave_itself__end_as_on_the_mock(run: Run, tmp_path: Path) -> None:
    try:
        engine_artifacts("aave-v3")
    except ToolMissing as missing:
        pytest.skip(f"Aave itself is not there to compare with: {missing}")

    aave = replay(loops(**{"lending.engine": "aave-v3"}), out=tmp_path, require_expected=False)

    columns = ["borrower", "event", "collateral_raw", "debt_raw", "health_factor_wad"]
    assert aave.positions[columns].values.tolist() == run.positions[columns].values.tolist()
    amounts = ["borrower", "debt_covered_raw", "collateral_seized_raw", "deficit_raw"]
    assert aave.liquidations[amounts].values.tolist() == run.liquidations[amounts].values.tolist()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"lending.reserves.USDC.borrowable_in_isolation": False},
            "positions.loopers.debt = 'USDC': USDe is isolated collateral: set lending.reserves.USDC.borrowable",
        ),
        (
            {"lending.reserves.USDe.debt_ceiling_usd": 1.001},
            "lending.reserves.USDe: debt_ceiling_usd 1.001 is no whole number of cents",
        ),
        (
            {"lending.reserves.USDe.debt_ceiling_usd": 2**40 // 100},
            "lending.reserves.USDe.debt_ceiling_usd = 10995116277: Input should be less than",
        ),
        (
            {"lending.reserves.USDe.debt_ceiling_usd": 1_000},
            "lending.reserves.USDe.debt_ceiling_usd = 1000: the positions borrow ",
        ),
    ],
)
def test_loops__that_isolation_forbids__are_refused_before_anything_runs(
    changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ScenarioError) as refused:
        replay(loops(**changes), out=tmp_path)

    assert message in str(refused.value)
    assert list(tmp_path.iterdir()) == []


A, B, C, D = ("0x" + digits * 20 for digits in ("a1", "b2", "c3", "d4"))
BOOK = f"""account,asset,supplied,borrowed,used_as_collateral,emode
{A},USDe,1000,0,true,0
{A},USDC,100,500,false,0
{B},USDe,1000,0,true,0
{B},USDT,0,500,false,0
{C},USDe,1000,0,true,0
{C},USDC,1000,0,true,0
{D},USDC,1000,0,true,0
{D},USDT,0,300,false,0
{D},USDe,0,300,false,0
"""


def book(folder: Path, text: str = BOOK, *, skip: bool = True, **changes: Any) -> Scenario:
    (folder / "book.csv").write_text(text, encoding="utf-8")
    return load_scenario(
        SCENARIOS / "aave-listing.yaml",
        book=folder / "book.csv",
        set={
            "positions.book.skip": skip,
            "lending.reserves.USDe.debt_ceiling_usd": 600,
            "lending.reserves.USDe.borrowing": True,
            "lending.reserves.USDT.borrowable_in_isolation": False,
            "lending.reserves.USDT.siloed_borrowing": True,
            "expect.liquidations": "none",
            "chain.engine": "revm",
            "agents.keeper.count": 1,
            "timeline.end": "2025-10-10T20:50:00Z",
            **changes,
        },
    )


def test_accounts__in_isolation_and_with_silos__stand_or_are_named_with_their_reason(tmp_path: Path) -> None:
    run = replay(book(tmp_path), out=tmp_path / "runs", require_expected=False)

    accounts = {row.account.lower(): row for row in run.frames.rows(StatedAccountRow)}

    assert {account: row.obstacle for account, row in accounts.items() if row.status != "built"} == {
        **{B: "isolation", C: "isolation"},
        D: "siloed",
    }
    assert accounts[A].status == "built"


def test_accounts__over_a_debt_ceiling__the_later_one_is_refused(tmp_path: Path) -> None:
    text = (
        BOOK.splitlines()[0]
        + "\n"
        + "\n".join(
            f"{account},USDe,1000,0,true,0\n{account},USDC,0,{debt},false,0"
            for account, debt in ((A, 500), (B, 100.01))
        )
    )

    with pytest.raises(ScenarioError, match=r"goes over the debt ceiling of USDe, 600\.00 dollars"):
        replay(book(tmp_path, text, skip=False), out=tmp_path / "runs")
    fits = text.replace("100.01", "100.009")
    run = replay(book(tmp_path, fits, skip=False), out=tmp_path / "runs", require_expected=False)
    assert {row.status for row in run.frames.rows(StatedAccountRow)} == {"built"}
