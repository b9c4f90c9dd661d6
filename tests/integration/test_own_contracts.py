"""Contracts of the user's own in the place of the harness's: the same results from the same code, and other ones."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from cascade import Run, load_scenario, replay
from cascade.chain import own_source
from cascade.chain.artifacts import load_artifacts
from cascade.commands.contracts import copy_contracts
from cascade.errors import CascadeError, ScenarioError
from cascade.experiments.comparison.compare import compare
from cascade.experiments.verify import verify
from cascade.toolchain.paths import project_root

from .conftest import SCENARIOS

pytestmark = pytest.mark.xdist_group("own-contracts")

EXAMPLE = project_root() / "examples" / "close-factor"

STEP_FEED = """// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// A dollar until a time, and three quarters from then on.
contract StepFeed {
    uint8 public constant decimals = 8;
    address public immutable asset;
    uint256 public immutable fallsAt;

    constructor(address asset_, uint256 fallsAt_) {
        asset = asset_;
        fallsAt = fallsAt_;
    }

    function latestAnswer() public view returns (int256) {
        return block.timestamp < fallsAt ? int256(1e8) : int256(0.75e8);
    }

    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return (1, latestAnswer(), block.timestamp, block.timestamp, 1);
    }
}
"""


def loop(**changes: Any) -> dict[str, Any]:
    tree: dict[str, Any] = yaml.safe_load((SCENARIOS / "frictionless-loop.yaml").read_text(encoding="utf-8"))
    for section, keys in changes.items():
        tree[section].update(keys)
    return tree


def written(folder: Path, tree: dict[str, Any]) -> Path:
    folder.mkdir(exist_ok=True)
    shutil.copy(SCENARIOS / "frictionless-loop.csv", folder)
    file = folder / "mine.yaml"
    file.write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    return file


def artifact_file(folder: Path, name: str) -> str:
    """Write a contract of the harness as another tool would have, and return the file's name."""
    shipped = load_artifacts()[name]
    text = json.dumps({"abi": shipped.interface.abi, "bytecode": {"object": shipped.bytecode}})
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(text, encoding="utf-8")
    return f"{name}.json"


def rows(run: Run, table: str) -> pd.DataFrame:
    frame: pd.DataFrame = getattr(run.frames, table)
    return frame.drop(columns=["run_id"])


def test_same_code_as_ones_own__in_every_part__gives_the_same_tables(tmp_path: Path) -> None:
    tree = loop()
    lending, venue, keeper = tree["lending"], tree["venues"]["at-oracle"], tree["agents"]["keeper"]
    lending["contract"] = {"source": artifact_file(tmp_path, "LendingPool"), "arguments": ["$provider", "$strategy"]}
    lending["strategy"] = {"source": artifact_file(tmp_path, "DefaultReserveInterestRateStrategyV2")}
    venue["contract"] = {"source": artifact_file(tmp_path, "FixedRatePool")}
    keeper["contract"] = {"source": artifact_file(tmp_path, "Liquidator"), "arguments": ["$pool", "$owner"]}

    mine = replay(load_scenario(written(tmp_path, tree)), out=tmp_path / "mine", report=False)
    shipped = replay(load_scenario("frictionless-loop"), out=tmp_path / "shipped", report=False)

    assert mine.manifest.run_id != shipped.manifest.run_id
    assert set(mine.manifest.own_contracts) == {
        "LendingPool.json",
        "DefaultReserveInterestRateStrategyV2.json",
        "FixedRatePool.json",
        "Liquidator.json",
    }
    assert len(shipped.liquidations) == 1
    for table in shipped.manifest.tables:
        if table != "runs":
            pd.testing.assert_frame_equal(rows(mine, table), rows(shipped, table), obj=table)


SMALL_UNWIND: dict[str, object] = {
    "timeline.end": "2025-10-10T21:30:00Z",
    "lending.reserves.USDC.lenders_supply": 12_000_000,
    "venues.usde-usdc.reserves": {"USDC": 2_800_000, "USDe": 2_800_000},
    "positions.whales.count": 2,
    "positions.loopers.count": 40,
    "agents.buyers.capital": 8_200_000,
    "expect.troughs": [],
}
"""A tenth of usde-unwind up to the first liquidations."""


def test_same_code_as_ones_own__in_every_kind_of_venue__gives_the_same_tables(tmp_path: Path) -> None:
    changes = {
        f"venues.{venue}.contract.source": artifact_file(tmp_path, name)
        for venue, name in (
            ("usde-usdc", "StableSwapPool"),
            ("weth-usdc", "ConstantProductPair"),
            ("usde-minting", "EthenaMinting"),
        )
    }
    file = tmp_path / "mine.yaml"
    file.write_text("extends: usde-unwind\n", encoding="utf-8")

    shipped = replay(load_scenario(file, set=SMALL_UNWIND), out=tmp_path / "shipped", report=False)
    mine = replay(load_scenario(file, set={**SMALL_UNWIND, **changes}), out=tmp_path / "mine", report=False)

    assert len(mine.manifest.own_contracts) == 3
    assert len(shipped.liquidations) > 0
    assert set(shipped.swaps["venue"]) == {"usde-usdc", "weth-usdc", "usde-minting"}
    for table in shipped.manifest.tables:
        if table != "runs":
            pd.testing.assert_frame_equal(rows(mine, table), rows(shipped, table), obj=table)


@pytest.fixture(scope="module")
def with_feed(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The loop under a feed of its own, which falls 60 seconds after the start, in Solidity beside the scenario."""
    folder = tmp_path_factory.mktemp("feed")
    tree = loop()
    start = tree["timeline"]["start"]
    (folder / "StepFeed.sol").write_text(STEP_FEED, encoding="utf-8")
    tree["oracle"]["USDe"] = {
        "kind": "contract",
        "contract": {"source": "StepFeed.sol:StepFeed", "arguments": ["$asset", int(start.timestamp()) + 60]},
        "initial_price_usd": 1,
    }
    del tree["agents"]["oracle"]
    return replay(load_scenario(written(folder, tree)), out=folder / "runs", report=False)


def test_feed_of_ones_own__falls_at_its_time__and_the_loop_is_liquidated_as_under_the_posted_price(
    with_feed: Run, tmp_path: Path
) -> None:
    prices = with_feed.frames.prices
    oracle = prices[(prices["source"] == "oracle") & (prices["asset"] == "USDe")].sort_values("block_number")
    (liquidation,) = with_feed.liquidations.to_dict("records")

    assert list(oracle["price_e8"].drop_duplicates()) == [10**8, 75 * 10**6]
    # Closed form, as in test_frictionless_loop: 368,928 USDe at 0.75 cover 263,520 of debt with a bonus of 5 %.
    assert liquidation["debt_covered_raw"] == 263_520 * 10**6
    assert liquidation["collateral_seized_raw"] == 368_928 * 10**18
    assert with_feed.summary.deficit_usd == 268_928 - 263_520


def test_verify__source_has_gone__runs_the_contract_as_it_was(with_feed: Run) -> None:
    source = with_feed.folder.parents[1] / "StepFeed.sol"
    source.unlink()
    try:
        assert "tables are the same" in verify(with_feed)
    finally:
        source.write_text(STEP_FEED, encoding="utf-8")


def test_run_id__comment_of_the_source_changed__is_another_run(with_feed: Run, tmp_path: Path) -> None:
    folder = with_feed.folder.parents[1]
    for file in ("mine.yaml", "frictionless-loop.csv"):
        shutil.copy(folder / file, tmp_path)
    (tmp_path / "StepFeed.sol").write_text(STEP_FEED.replace("three quarters", "0.75"), encoding="utf-8")

    other = replay(load_scenario(tmp_path / "mine.yaml"), out=tmp_path / "runs", report=False)

    assert other.manifest.run_id != with_feed.manifest.run_id
    assert other.manifest.own_contracts["StepFeed.sol:StepFeed"].sha256 != (
        with_feed.manifest.own_contracts["StepFeed.sol:StepFeed"].sha256
    )
    pd.testing.assert_frame_equal(rows(other, "liquidations"), rows(with_feed, "liquidations"))


@pytest.mark.parametrize(
    ("source", "arguments", "expected"),
    [
        ("Missing.sol:StepFeed", None, "cannot be read: No such file"),
        ("StepFeed.sol:Other", None, r"has no contract Other; it has StepFeed"),
        ("Broken.sol:Broken", None, r"does not compile: Broken.sol: .*\(.*Broken\.sol:\d+:\d+\)"),
        (
            "StepFeed.sol:StepFeed",
            ["$asset"],
            "takes 2 arguments, and gets 1: state asset_ .address., fallsAt_ .uint256.",
        ),
        ("StepFeed.sol:StepFeed", ["$nothing", 1], r"names nothing that stands yet; there are \$asset, \$deployer"),
        ("StepFeed.sol:StepFeed", ["$asset", -1], r"expected values of constructor\(address,uint256\)"),
        ("Short.sol:Short", [], r"lacks what is called of a price source: decimals\(\), latestRoundData\(\)$"),
    ],
)
def test_feed_of_ones_own__cannot_be_used__is_refused_in_one_line(
    tmp_path: Path, source: str, arguments: list[object] | None, expected: str
) -> None:
    tree = loop()
    (tmp_path / "StepFeed.sol").write_text(STEP_FEED, encoding="utf-8")
    (tmp_path / "Broken.sol").write_text("pragma solidity 0.8.30; contract Broken { uint256 x = ; }", encoding="utf-8")
    (tmp_path / "Short.sol").write_text(
        "pragma solidity 0.8.30; contract Short { int256 public latestAnswer = 1e8; }", encoding="utf-8"
    )
    contract = {"source": source, **({} if arguments is None else {"arguments": arguments})}
    tree["oracle"]["USDe"] = {"kind": "contract", "contract": contract, "initial_price_usd": 1}
    del tree["agents"]["oracle"]

    with pytest.raises(ScenarioError, match=expected) as refused:
        replay(load_scenario(written(tmp_path, tree)), out=tmp_path / "runs", report=False)

    assert str(refused.value).startswith("mine.yaml: oracle.USDe.contract.")
    assert "\n" not in str(refused.value)
    assert not list((tmp_path / "runs").glob("*"))


def test_feed_of_ones_own__with_a_poke__is_poked_once_per_block(tmp_path: Path) -> None:
    # It falls by a cent per poke: the answer of each block counts them.
    source = STEP_FEED.replace("StepFeed", "Counted").replace(
        "return block.timestamp < fallsAt ? int256(1e8) : int256(0.75e8);", "return int256(1e8 - pokes * 1e6);"
    )
    source = source.replace(
        "    function latestAnswer",
        "    uint256 public pokes;\n\n    function poke() external { ++pokes; }\n\n    function latestAnswer",
    )
    (tmp_path / "Counted.sol").write_text(source, encoding="utf-8")
    tree = loop()
    contract = {"source": "Counted.sol:Counted", "arguments": ["$asset", 0]}
    tree["oracle"]["USDe"] = {"kind": "contract", "contract": contract, "initial_price_usd": 1}
    tree["expect"] = {"liquidations": "none"}
    del tree["agents"]["oracle"], tree["agents"]["keeper"]

    run = replay(load_scenario(written(tmp_path, tree)), out=tmp_path / "runs", report=False)

    prices = run.frames.prices
    oracle = prices[(prices["source"] == "oracle") & (prices["asset"] == "USDe")].sort_values("block_number")
    crash = run.frames.chain_blocks
    blocks = len(crash[crash["block_number"] >= run.frames.first_crash_block])
    # One poke starts the observation before the positions are built, and each block of the crash adds one.
    assert list(oracle["price_e8"])[-1] == 10**8 - (1 + blocks) * 10**6


def test_command__contract_lacks_a_function__ends_with_code_2_one_line_and_nothing_left(tmp_path: Path) -> None:
    pool = load_artifacts()["LendingPool"]
    abi = [entry for entry in pool.interface.abi if entry.get("name") not in ("supply", "getUserEMode")]
    (tmp_path / "Pool.json").write_text(json.dumps({"abi": abi, "bytecode": pool.bytecode}), encoding="utf-8")
    tree = loop()
    tree["lending"]["contract"] = {"source": "Pool.json"}
    written(tmp_path, tree)
    before = sorted(tmp_path.iterdir())

    command = [sys.executable, "-m", "cascade", "replay", "mine.yaml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr.splitlines()[-1] == (
        "error: mine.yaml: lending.contract.source = 'Pool.json': lacks what is called of a lending pool: "
        "getUserEMode(address), supply(address,uint256,address,uint16)"
    )
    assert "Traceback" not in done.stderr
    assert sorted(tmp_path.iterdir()) == before


def test_compilation__openzeppelin_is_not_installed__names_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_source, "openzeppelin_folder", lambda: None)
    (tmp_path / "Mine.sol").write_text(
        'pragma solidity 0.8.30; import "@openzeppelin/contracts/access/Ownable.sol"; contract Mine {}',
        encoding="utf-8",
    )

    with pytest.raises(
        own_source.UnusableContract, match=r"run `make setup`, which installs OpenZeppelin's contracts$"
    ):
        own_source.compile_source(tmp_path / "Mine.sol", "Mine", beside=tmp_path)


def test_contract_of_ones_own__constructor_reverts__is_one_line_and_no_run(tmp_path: Path) -> None:
    (tmp_path / "Refuses.sol").write_text(
        STEP_FEED.replace("StepFeed", "Refuses").replace(
            "asset = asset_;", 'asset = asset_; require(fallsAt_ == 0, "later");'
        ),
        encoding="utf-8",
    )
    tree = loop()
    contract = {"source": "Refuses.sol:Refuses", "arguments": ["$asset", 1]}
    tree["oracle"]["USDe"] = {"kind": "contract", "contract": contract, "initial_price_usd": 1}
    del tree["agents"]["oracle"]

    with pytest.raises(CascadeError, match=r"Refuses.*later") as refused:
        replay(load_scenario(written(tmp_path, tree)), out=tmp_path / "runs", report=False)

    assert "\n" not in str(refused.value)
    assert not list((tmp_path / "runs").glob("*"))


def test_feed_of_ones_own__answers_otherwise_than_stated__is_refused(tmp_path: Path) -> None:
    tree = loop()
    (tmp_path / "StepFeed.sol").write_text(STEP_FEED, encoding="utf-8")
    contract = {"source": "StepFeed.sol:StepFeed", "arguments": ["$asset", 0]}
    tree["oracle"]["USDe"] = {"kind": "contract", "contract": contract, "initial_price_usd": 1}
    del tree["agents"]["oracle"]

    with pytest.raises(ScenarioError, match=r"oracle\.USDe\.initial_price_usd = 1\.0: .* answers 0\.75000000 once"):
        replay(load_scenario(written(tmp_path, tree)), out=tmp_path / "runs", report=False)


def test_example__pool_with_another_close_factor__under_october(tmp_path: Path) -> None:
    """What examples/close-factor/README.md says, word by word."""
    folder = tmp_path / "close-factor"
    shutil.copytree(EXAMPLE, folder)
    copy_contracts(folder / "contracts")
    library = folder / "contracts" / "lending" / "LiquidationMath.sol"
    text = library.read_text(encoding="utf-8")
    library.write_text(text.replace("CLOSE_FACTOR_BPS = 50_00;", "CLOSE_FACTOR_BPS = 25_00;"), encoding="utf-8")
    key = {"lending.contract.source": "contracts/lending/LendingPool.sol:LendingPool"}
    file = folder / "october.yaml"

    engine = {"chain.engine": "revm"}
    before, after = load_scenario(file, set=engine), load_scenario(file, set={**engine, **key})
    found = compare(before, after, out=tmp_path / "runs", amplification=False)

    share: dict[str, float] = {}
    for name, run in (("half", found.baseline), ("quarter", found.change)):
        large = run.liquidations[run.liquidations["close_factor_bps"] == 5_000]
        share[name] = float((large["debt_covered_raw"] / large["debt_before_raw"]).astype(float).max())
        assert len(large) > 0
    # A position with one debt: what may be repaid at once is the close factor's share of it, up to rounding.
    assert share["half"] == pytest.approx(0.5, abs=1e-6)
    assert share["quarter"] == pytest.approx(0.25, abs=1e-6)
    assert (found.baseline.frames.loops["supplied_raw"] == found.change.frames.loops["supplied_raw"]).all()
