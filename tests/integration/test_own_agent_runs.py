"""Agents of one's own in a run: what they may do wrong without ending it, and what tells a run with another agent."""

from __future__ import annotations

import json
import shutil
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cascade import Run, load_scenario, replay
from cascade.experiments.causes.find import find_causes
from cascade.experiments.execution import Execution
from cascade.experiments.runs import Job, RunFailed, run_all
from cascade.recording.tables import LiquidationRow
from cascade.toolchain.paths import project_root

from .conftest import SCENARIOS, SMALL
from .test_failures import ape_run

HEAD = """
from cascade.agents.interface import Proposal

class Mine:
    def __init__(self, *, name, parameters, rng, address):
        self.name, self.address = name, address

    def see(self, view):
        return view

    def act(self, view, function, *arguments, token="USDC", **changes):
        proposal = dict(sender=self.address, contract=view.world.tokens[token], function=function, arguments=arguments,
                    gas_limit=200_000, tip_wei=0, intent="act", reason="in words", key=f"{view.step}")
        return Proposal(**{**proposal, **changes})

    def propose(self, view):
"""
RAISES = '        return [] if view.step != 3 else [view.world.tokens["nothing"]]\n'
INVALID = (
    '        other = self.act(view, "transfer", self.address, 0, sender="0x" + "12" * 20)\n'
    '        much, five = self.act(view, "transfer", self.address, "much"), self.act(view, "transfer", gas_limit=5)\n'
    "        return [much, 7, other, five]\n"
)
KILLS = "        import os, signal\n        os.kill(os.getpid(), signal.SIGKILL)\n"
LACKS = '        return [self.act(view, "transfer", view.world.deployer, 5)]\n'
EDGE = (
    "        data = bytes.fromhex(view.world.tokens['USDC'].encode('approve', self.address, 1)[2:])\n"
    "        zeros = data.count(0)\n"
    "        least = 21_000 + 10 * (zeros + 4 * (len(data) - zeros))\n"
    "        return [self.act(view, 'approve', self.address, 1, gas_limit=least + view.step - 1)]\n"
)


def written(folder: Path, body: str, *, head: str = HEAD, instead_of: str = "") -> Path:
    """A scenario with an agent of its own beside it, or in place of another, in a folder of the user's."""
    folder.mkdir(exist_ok=True)
    tree = yaml.safe_load((SCENARIOS / "frictionless-loop.yaml").read_text(encoding="utf-8"))
    tree["agents"].pop(instead_of, None)
    tree["agents"]["mine"] = {"kind": "custom", "agent": "mine.py:Mine", "role": "tester"}
    (folder / "mine.yaml").write_text(yaml.safe_dump(tree, sort_keys=False), encoding="utf-8")
    (folder / "frictionless-loop.csv").write_bytes((SCENARIOS / "frictionless-loop.csv").read_bytes())
    (folder / "mine.py").write_text(head + body, encoding="utf-8")
    return folder / "mine.yaml"


def rows(run: Run, status: str) -> list[dict[Hashable, Any]]:
    found = run.transactions[(run.transactions["actor"] == "mine") & (run.transactions["status"] == status)]
    return found.to_dict("records")


def test_ape_run_replay__own_agent_raises__run_completes_and_says_who_when_and_why(tmp_path: Path) -> None:
    done = ape_run("replay", str(written(tmp_path / "own", RAISES)), "--out", str(tmp_path / "runs"))
    assert done.returncode == 0, done.stderr
    run = Run(next((tmp_path / "runs").iterdir()))
    (row,) = rows(run, "rejected")
    number = f"{row['block_number'] + 1:,}"
    sentence = f"mine raised before 1 block and proposed nothing for it, first before block {number}: KeyError: "

    assert done.stdout.startswith(f"Agent failed: {sentence}'nothing'.\n")
    assert f"<b>Agent failed.</b> {sentence}&#39;nothing&#39;." in run.report().read_text(encoding="utf-8")
    assert row["step"] == 3
    assert row["reason"] == f"agent mine raised before block {row['block_number'] + 1}, seed 1"
    assert row["revert_reason"] == "KeyError: 'nothing'"
    assert (row["role"], row["cohort"], row["intent"]) == ("tester", "mine", "propose")


def test_replay__own_agent_makes_invalid_proposals__each_is_a_row(tmp_path: Path) -> None:
    run = replay(load_scenario(written(tmp_path / "own", INVALID)), out=tmp_path / "runs")
    all_rows = run.transactions[run.transactions["status"] == "rejected"]
    first = list(all_rows[all_rows["step"] == 0]["revert_reason"])

    assert len(first) == 4
    assert all(reason.startswith("agent mine: ") for reason in first)
    assert "expected a Proposal, got int" in first[1]
    assert "is no actor of this world" in first[2]
    assert len(all_rows) == 4 * len(run.blocks[run.blocks["phase"] == "crash"])


def test_run_all__worker_killed__is_one_line_and_leaves_no_run(tmp_path: Path) -> None:
    file = written(tmp_path / "own", KILLS)
    jobs = [Job(f"run {seed}", load_scenario(file, seed=seed)) for seed in (1, 2)]

    with pytest.raises(RunFailed, match=r"^a worker process was killed, .*: try again with fewer --workers$") as failed:
        run_all(jobs, out=tmp_path / "runs", execution=Execution(workers=2))

    assert failed.value.exit_code == 2
    assert not (tmp_path / "runs").exists()


def test_replay__own_agent_spends_what_it_lacks__reverts_and_is_recorded_with_the_reason(tmp_path: Path) -> None:
    run = replay(load_scenario(written(tmp_path / "own", LACKS)), out=tmp_path / "runs")
    reverted = rows(run, "reverted")

    assert len(reverted) == len(run.blocks[run.blocks["phase"] == "crash"])
    assert {row["revert_reason"].partition("(")[0] for row in reverted} == {"ERC20InsufficientBalance"}
    assert all(row["reason"] == "in words" and row["gas_used"] > 0 for row in reverted)


def test_replay__gas_limit__least_the_node_takes_is_what_is_accepted(tmp_path: Path) -> None:
    run = replay(load_scenario(written(tmp_path / "own", EDGE)), out=tmp_path / "runs")

    assert [row["step"] for row in rows(run, "rejected")] == [0]
    assert "expected 2" in rows(run, "rejected")[0]["revert_reason"]
    reverted = rows(run, "reverted")
    assert [row["step"] for row in reverted] == list(range(1, len(reverted) + 1))
    assert {row["revert_reason"].partition(":")[0] for row in reverted} == {"out of gas"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 / 0", "mine.yaml: agents.mine.agent = 'mine.py:Mine': cannot be loaded: ZeroDivisionError"),
        (
            HEAD.replace("self.name, self.address = name, address", "self.line = parameters['line']") + LACKS,
            "agents.mine: KeyError: 'line', while being made, seed 5",
        ),
        (
            HEAD + LACKS + "\n    def prepare(self, world):\n        world.mint('USDX', [(self.address, 1)])\n",
            "agents.mine: KeyError: 'USDX', while preparing, seed 5",
        ),
        (
            HEAD + LACKS + "\n    def prepare(self, world):\n        world.setup([(self.address, world.pool, 'borrow', "
            "(world.tokens['USDC'].address, 1, 2, 0, self.address))], intent='x')\n",
            "while preparing, seed 5",
        ),
    ],
    ids=["cannot be loaded", "lacks a parameter", "mints an unknown asset", "borrows without collateral"],
)
def test_ape_run_replay__own_agent_cannot_be_made_ready__one_line_exit_2(
    text: str, expected: str, tmp_path: Path
) -> None:
    file = written(tmp_path / "own", text, head="")
    done = ape_run("replay", str(file), "--seed", "5", "--out", str(tmp_path / "runs"))
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]

    assert done.returncode == 2
    assert len(errors) == 1
    assert expected in errors[0]
    assert "Traceback" not in done.stderr
    # What is known of a run that fails while it is played is kept; it is no run.
    assert not list(tmp_path.glob("runs/*/manifest.json"))


def test_ape_run_verify__of_a_run_with_an_own_agent__runs_the_agent_of_the_run(tmp_path: Path) -> None:
    file = written(tmp_path / "own", LACKS)
    run = replay(load_scenario(file), out=tmp_path / "runs")
    agent = run.manifest.agents["mine"]
    file.with_name("mine.py").write_text(HEAD + RAISES, encoding="utf-8")

    verified = ape_run("verify", str(run.folder))
    other = replay(load_scenario(file), out=tmp_path / "runs")

    assert agent.source == HEAD + LACKS
    assert verified.returncode == 0, verified.stderr
    assert other.folder.name != run.folder.name, "a changed agent is another run"


def test_ape_run_verify__agent_is_not_the_one_of_the_run__refused_in_one_line(tmp_path: Path) -> None:
    run = replay(load_scenario(written(tmp_path / "own", LACKS)), out=tmp_path / "runs")
    file = run.folder / "manifest.json"
    manifest = json.loads(file.read_text(encoding="utf-8"))
    manifest["agents"]["mine"]["source"] += "\n"
    file.write_text(json.dumps(manifest), encoding="utf-8")

    done = ape_run("verify", str(run.folder))
    errors = [line for line in done.stderr.splitlines() if line.startswith("error:")]

    assert done.returncode == 1
    assert len(errors) == 1
    assert "agents.mine: mine.py:Mine has other source than in the run" in errors[0]


def test_docs__example_of_an_own_agent__is_the_shipped_file() -> None:
    page = (project_root() / "docs" / "AGENTS.md").read_text(encoding="utf-8")

    assert (SCENARIOS / "agents" / "panic_seller.py").read_text(encoding="utf-8") in page


LIQUIDATES = """        return [self.liquidates(view, one.entry, 2**256 - 1) for one in view.unhealthy()]
    def prepare(self, world):
        world.mint("USDC", [(self.address, 10**13)])
        approval = self.address, world.tokens["USDC"], "approve", (world.pool.address, 2**256 - 1)
        world.setup([approval], intent="approve")

    def liquidates(self, view, entry, amount):
        usde, usdc = (view.world.tokens[name].address for name in ("USDe", "USDC"))
        arguments = (usde, usdc, entry.address, amount, False)
        return Proposal(sender=self.address, contract=view.world.pool, function="liquidationCall", arguments=arguments,
                        gas_limit=2_000_000, tip_wei=0, intent="take", reason="unhealthy", key=entry.borrower)
"""


def test_own_agent__liquidates_at_the_pool_itself__is_recorded_as_the_keepers_contract_would(tmp_path: Path) -> None:
    scenario = written(tmp_path / "own", LIQUIDATES, instead_of="keeper")
    mine = replay(load_scenario(scenario), out=tmp_path / "mine", require_expected=False)
    keepers = replay(load_scenario(SCENARIOS / "frictionless-loop.yaml"), out=tmp_path / "keeper")
    (own,), (reported,) = (run.frames.rows(LiquidationRow) for run in (mine, keepers))
    unlike = {"run_id", "tx_hash", "log_index", "liquidator", "gas_used", "fee_wei", "triggered_by", "block_number"}
    unlike |= {"exit_proceeds_raw", "liquidator_profit_raw", "flash_loan", "timestamp"}

    assert {name: vars(own)[name] for name in vars(own) if name not in unlike} == {
        name: vars(reported)[name] for name in vars(own) if name not in unlike
    }
    assert (own.liquidator, own.exit_proceeds_raw, own.liquidator_profit_raw) == ("mine", None, None)
    assert not own.flash_loan
    assert mine.summary.keepers.unreported == 1
    assert (mine.summary.keepers.gross_profit_usd, mine.summary.keepers.net_profit_usd) == (None, None)


def test_find_causes__of_a_run_with_an_agent_from_a_file_that_is_gone__uses_the_source_in_the_manifest(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    for file in SCENARIOS.glob("*.*"):
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "mine.py").write_text(HEAD + "        return []\n", encoding="utf-8")
    mine = {"kind": "custom", "agent": "mine.py:Mine", "role": "tester"}
    run = replay(
        load_scenario(folder / "loop-and-crash.yaml", set={**SMALL, "agents.mine": mine}), out=tmp_path / "runs"
    )
    shutil.rmtree(folder)

    found = find_causes(run)

    assert found.amplification is not None
    assert found.amplification.fall_e8 > found.amplification.without_liquidations_e8 > 0
