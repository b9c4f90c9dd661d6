"""A proposal from two files, run: the real pair, USDe's mode raised by a snapshot and by a diff, a book of accounts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from eth_utils import to_checksum_address

from cascade.commands.proposal import run_proposal
from cascade.errors import CascadeError
from cascade.experiments.execution import HERE
from cascade.experiments.proposal.read import NothingExecuted
from cascade.run.opened import Run
from cascade.toolchain.paths import project_root

BEFORE = project_root() / "scenarios" / "listings" / "aave-ethereum.json"
AFTER = project_root() / "tests" / "data" / "aave-ethereum" / "after.json"
USDE = "0x4c9EDD5852cd905f086C759E8383e09bff1E68B3"

MODE: dict[str, tuple[int, int]] = {
    "ltv": (9000, 9200),
    "liquidationThreshold": (9300, 9400),
    "liquidationBonus": (10200, 10100),
}
"""USDe's mode raised from 90/93/2 to 92/94/1."""

SMALL = ("positions.loopers.count=30", "chain.engine=revm", "agents.keeper.count=1")


def raised(folder: Path, **reserve: Any) -> Path:
    tree = json.loads(BEFORE.read_text(encoding="utf-8"))
    tree["eModes"]["11"].update({key: after for key, (_, after) in MODE.items()})
    tree["reserves"][USDE].update(reserve)
    file = folder / "raised.json"
    file.write_text(json.dumps(tree), encoding="utf-8")
    return file


def run(after: Path, out: Path, **options: Any) -> str:
    """Run a proposal and return its post."""
    given: dict[str, Any] = {
        **{"scenario": None, "positions": None, "reserves": (), "emodes": (), "overrides": SMALL, "seed": None},
        **{"amplification": False, "markdown": out / "post.md", "execution": HERE, "out": out / "runs"},
        **options,
    }
    run_proposal(BEFORE, after, **given)
    return Path(given["markdown"]).read_text(encoding="utf-8")


def test_proposal__real_pair__says_that_nothing_changes_and_runs_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    post = run(AFTER, tmp_path)

    assert "Nothing changes: the configuration of 48 reserves and 16 efficiency modes" in post
    assert "Nothing changes" in capsys.readouterr().out
    assert list((tmp_path / "runs").glob("*")) == []


@pytest.fixture(scope="module")
def post(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The post of the raised mode, with a cap of a reserve that the scenario lacks, and where its runs are."""
    folder = tmp_path_factory.mktemp("proposal")
    tree = json.loads(raised(folder, isFrozen=True).read_text(encoding="utf-8"))
    lusd = next(line for line in tree["reserves"].values() if line["symbol"] == "LUSD")
    lusd["supplyCap"] = 5
    (folder / "raised.json").write_text(json.dumps(tree), encoding="utf-8")
    return run(folder / "raised.json", folder), folder / "runs"


def test_proposal__raised_mode__has_its_own_table_at_the_head_of_the_post(post: tuple[str, Path]) -> None:
    text, _ = post
    head, outcomes = text.split("## Outcomes")

    assert text.startswith("# Proposal aave-ethereum.json → raised.json\n")
    table = head.split("### eMode 11 USDe Stablecoin")[1].split("###")[0]
    assert "| description | value before | value after |" in table
    for row in (
        r"| ltv | 90 % \[9000\] | 92 % \[9200\] |",
        r"| liquidationThreshold | 93 % \[9300\] | 94 % \[9400\] |",
        r"| liquidationBonus | 2 % \[10200\] | 1 % \[10100\] |",
    ):
        assert row in table
    assert "| liquidated positions |" in outcomes


def test_proposal__what_is_not_executed__is_named_with_its_reason(post: tuple[str, Path]) -> None:
    text, _ = post

    assert "Not executed, because the scenario has no such asset: Reserve LUSD supplyCap." in text
    assert "Not executed, because the pool of a run does not model it: Reserve USDe isFrozen." in text


def test_proposal__raised_mode__changes_health_and_bonus_of_the_same_positions(post: tuple[str, Path]) -> None:
    runs = {
        run.frames.parameters["lending"]["emodes"]["11"]["ltv_bps"]: run for run in map(Run, post[1].glob("aave-*"))
    }
    before, after = runs[9000], runs[9200]

    built = [
        run.positions[run.positions["event"] == "built"].set_index("borrower").sort_index() for run in (before, after)
    ]
    assert list(built[0]["collateral_raw"]) == list(built[1]["collateral_raw"])
    # The threshold rises from 93 to 94 %; health factors are recorded a block after the change.
    for was, now in zip(built[0]["health_factor_wad"], built[1]["health_factor_wad"], strict=True):
        assert now / was == pytest.approx(94 / 93, rel=1e-6)
    assert set(before.liquidations["bonus_bps"]) == {200}
    assert set(after.liquidations["bonus_bps"]) == {100}
    assert after.manifest.built_like is not None


def test_proposal__diff_and_a_book_of_accounts__run_on_these_accounts(tmp_path: Path) -> None:
    diff = {"eModes": {"11": {key: {"from": was, "to": now} for key, (was, now) in MODE.items()}}}
    (tmp_path / "diff.json").write_text(json.dumps(diff), encoding="utf-8")
    accounts = [to_checksum_address("0x" + f"{number:02x}" * 20) for number in (0xA1, 0xB2)]
    rows = [
        f"{accounts[0]},USDe,1000000,0,true,11",
        f"{accounts[0]},USDC,0,880000,false,11",
        f"{accounts[1]},USDe,1000,0,true,0",
    ]
    book = tmp_path / "book.csv"
    book.write_text(
        "account,asset,supplied,borrowed,used_as_collateral,emode\n" + "\n".join(rows) + "\n", encoding="utf-8"
    )

    text = run(
        tmp_path / "diff.json", tmp_path, positions=book, overrides=("chain.engine=revm", "agents.keeper.count=1")
    )

    assert "3 values of the configuration change." in text
    found = [Run(folder) for folder in (tmp_path / "runs").glob("aave-listing-*")]
    assert len(found) == 2
    for one in found:
        assert set(one.positions["borrower"]) >= {accounts[0]}
        assert set(one.liquidations["borrower"]) == {accounts[0]}
    assert "Both runs have the same positions, to the unit" in text


def test_proposal__mode_under_another_number__is_executed_under_the_scenario_s(tmp_path: Path) -> None:
    text = run(raised(tmp_path), tmp_path, emodes=("1=11",), overrides=(*SMALL, "positions.loopers.emode=1"))

    assert "Not executed" not in text
    modes = {
        one.frames.parameters["lending"]["emodes"]["1"]["ltv_bps"]
        for one in map(Run, (tmp_path / "runs").glob("aave-*"))
    }
    assert modes == {9000, 9200}


@pytest.mark.parametrize(
    ("changes", "options", "message"),
    [
        (
            {"isFrozen": True},
            {"reserves": ("USDT=USDT",)},
            "has nothing of what the proposal changes (eMode 11 USDe Stablecoin liquidationBonus, ",
        ),
        ({}, {"reserves": ("USDT",)}, "--reserve = 'USDT': expected ASSET=RESERVE, a symbol or an address"),
        ({}, {"reserves": ("USDT=USDT", "USDT=USDC")}, "--reserve = 'USDT=USDC': USDT is given twice"),
        ({}, {"reserves": ("USDT=nothing",)}, "lending.listing.reserves.USDT = 'nothing': unknown reserve"),
        ({}, {"emodes": ("1-11",)}, "--emode = '1-11': expected NUMBER=MODE, of the scenario and of the snapshots"),
        ({}, {"emodes": ("1=11", "1=2")}, "--emode = '1=2': 1 is given twice"),
        ({}, {"emodes": ("1=77",)}, "lending.listing.emodes = 77: aave-ethereum.json has no such mode; it has 1, 2, 3"),
        ({}, {"positions": Path("none.csv"), "overrides": ()}, "none.csv"),
        ({}, {"scenario": Path("none.yaml")}, "none.yaml: cannot be read"),
    ],
)
def test_proposal__that_cannot_run__is_refused_before_any_run(
    changes: dict[str, Any], options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    file = raised(tmp_path, **changes)
    if "USDT=USDT" in options.get("reserves", ()) and len(options["reserves"]) == 1:
        # Without USDe and its mode, the loops are of USDe outside any mode.
        options = {**options, "overrides": ("positions.loopers.emode=0", "positions.loopers.rounds=1")}

    with pytest.raises(CascadeError) as refused:
        run(file, tmp_path, **options)

    assert message in str(refused.value)
    assert list((tmp_path / "runs").glob("*")) == []
    if "nothing of what" in message:
        assert isinstance(refused.value, NothingExecuted)
