"""Speed as ratios from one run: `make bench` prints `name  value  goal  ok|short`, one line a figure.

The build phase of the flagship is played once and timed; the very transactions it sent are then sent again to a bare
anvil with nothing recorded, and a sample of them through ape's `contract.fn(sender=)`.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cascade.chain.anvil import Anvil
from cascade.chain.ape_client import ape_calls_per_second
from cascade.chain.artifacts import Artifact, load_artifacts
from cascade.chain.local import Block, LocalChain, Transaction
from cascade.deployment.deploy import deploy_world
from cascade.harness import replay
from cascade.positions.build import build_positions
from cascade.positions.plan import plan_positions
from cascade.recording.recorder import Recorder
from cascade.scenario.load import Scenario, load_scenario
from cascade.toolchain.paths import project_root
from cascade.world.world import World

__all__ = ["main"]

_APE_SAMPLE = 400
_ROUNDS = 3

_SIZE_OF_5000: dict[str, Any] = {
    "positions.loopers.count": 4980,
    "positions.loopers.equity": {"kind": "uniform", "low": 2_600, "high": 5_600},
    "agents.keeper.count": 20,
}
"""As much collateral as the scenario has, in more and smaller positions."""


_MORE_ALTCOINS = [f"ALT{number}" for number in range(2, 10)]
"""With the four books of the scenario, twelve."""


def _october_in_full() -> dict[str, Any]:
    """The account's chain with 2,000 positions on chain, 12 books and 300 accounts at the exchange; as much in all."""
    changes: dict[str, Any] = {
        "positions.loopers.count": 1980,
        "positions.loopers.equity": {"kind": "uniform", "low": 6_500, "high": 14_100},
        "agents.longs.count": 121,
        "agents.longs.equity": {"kind": "lognormal", "median": 3_500, "sigma": 0.6, "low": 700, "high": 20_000},
        "agents.shorts.count": 60,
        "agents.shorts.equity": {"kind": "lognormal", "median": 5_000, "sigma": 0.6, "low": 1_000, "high": 30_000},
        "agents.makers.inventory.ALT": 760_000,
        "agents.makers.ladders.ALT-USDC": {
            "levels": 5,
            "spread_bps": 20,
            "step_bps": 100,
            "bid_size": 100_000,
            "ask_size": 200_000,
        },
    }
    for altcoin in _MORE_ALTCOINS:
        book = f"{altcoin}-USDC"
        changes[f"assets.{altcoin}"] = {"decimals": 18}
        changes[f"exchange.books.{book}"] = {
            "base": altcoin,
            "tick": 0.0001,
            "lot": 1,
            "initial_price": 1,
            "taker_fee_bps": 5,
            "reference": {"kind": "path", "asset": "ALT"},
        }
        changes[f"exchange.margin.collateral.{book}"] = {"tiers": [{"rate_bps": 7000}]}
        changes[f"agents.makers.inventory.{altcoin}"] = 30_000
        changes[f"agents.makers.ladders.{book}"] = {
            "levels": 5,
            "spread_bps": 20,
            "step_bps": 100,
            "bid_size": 3_000,
            "ask_size": 6_000,
        }
        changes[f"agents.bidders-of-{altcoin}"] = {
            "kind": "bidder",
            "count": 2,
            "book": book,
            "size": 90_000,
            "capital": 500_000,
            "levels": 10,
            "from_bps": 200,
            "to_bps": 3000,
        }
    return changes


@dataclass
class _Tape:
    """Blocks as they were asked for."""

    blocks: list[tuple[int, tuple[Transaction, ...]]] = field(default_factory=list)

    def note(self, block: Block, transactions: Sequence[Transaction]) -> None:
        self.blocks.append((block.timestamp, tuple(transactions)))

    @property
    def transactions(self) -> list[Transaction]:
        return [transaction for _, block in self.blocks for transaction in block]


def main() -> int:
    """Print every figure; 0 whatever they are, for a bench is no test."""
    scenario = load_scenario(project_root() / "scenarios" / "loop-and-crash.yaml")
    artifacts = load_artifacts()
    pairs = [_build_and_resend(scenario, artifacts) for _ in range(_ROUNDS)]
    setup, build, _, _ = pairs[0]
    count = len(build.transactions)
    replay_seconds = sorted(seconds for _, _, seconds, _ in pairs)[_ROUNDS // 2]
    rate = count / replay_seconds
    _line("build_transactions", f"{count}")
    _line("build_transactions_per_second", f"{rate:.0f}")
    raw = sorted(bare / played for _, _, played, bare in pairs)[_ROUNDS // 2]
    _line("replay_over_raw_batches", f"{raw:.2f}", "0.60", met=raw >= 0.6)
    with _fresh(scenario) as anvil:
        chain = LocalChain(anvil.rpc)
        actors = _send(chain, setup)
        chain.fund({transaction.sender for transaction in build.transactions} - actors)
        ape_rate = ape_calls_per_second(
            anvil, build.transactions[:_APE_SAMPLE], artifacts, setup_tape=setup.transactions
        )
    _line("ape_transactions_per_second", f"{ape_rate:.1f}")
    _line("replay_over_ape", f"{rate / ape_rate:.1f}", "40", met=rate / ape_rate >= 40)
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="cascade-bench-") as folder:
        summary = replay(scenario, out=Path(folder)).summary
    _line("flagship_seconds", f"{time.perf_counter() - started:.1f}")
    memory = float(summary["anvil_peak_memory_mb"])
    _line("flagship_anvil_peak_mb", f"{memory:.0f}", "500", met=0 < memory < 500)
    _crash_of_5000()
    _october()
    return 0


def _october() -> None:
    """The whole chain, on chain and at the exchange, in its full size: 2 h 15 min at 12 s a block."""
    scenario = load_scenario(project_root() / "scenarios" / "october-2025.yaml", set=_october_in_full())
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="cascade-bench-") as folder:
        run = replay(scenario, out=Path(folder), require_expected=False)
        accounts = run.margin[run.margin["phase"] == "build"]["account"].nunique()
        summary = run.summary
    seconds = time.perf_counter() - started
    assert scenario.spec.exchange is not None
    _line("october_positions", f"{summary['positions']}")
    _line("october_exchange_accounts", f"{accounts}")
    _line("october_books", f"{len(scenario.spec.exchange.books)}")
    _line("october_trades", f"{summary['exchange']['trades']}")
    _line("october_seconds", f"{seconds:.1f}", "600", met=seconds < 600)


def _crash_of_5000() -> None:
    """The endogenous crash with 5,000 positions and 20 bots over 600 blocks of 12 s."""
    scenario = load_scenario(project_root() / "scenarios" / "usde-unwind.yaml", set=_SIZE_OF_5000)
    with tempfile.TemporaryDirectory(prefix="cascade-bench-") as folder:
        summary = replay(scenario, out=Path(folder), require_expected=False).summary
    timeline = scenario.spec.timeline
    hours = timeline.steps * timeline.block_seconds / 3600
    share = 100 * (1 - summary["crash_node_seconds"] / summary["crash_wall_seconds"])
    _line("crash_of_5000_positions", f"{summary['positions']}")
    _line("crash_of_5000_liquidations", f"{summary['liquidations']}")
    _line("crash_of_5000_seconds_per_simulated_hour", f"{summary['crash_wall_seconds'] / hours:.1f}")
    _line("crash_of_5000_python_share_pct", f"{share:.1f}", "40", met=share < 40)


def _build_and_resend(scenario: Scenario, artifacts: dict[str, Artifact]) -> tuple[_Tape, _Tape, float, float]:
    """Tapes of set-up and build, seconds of the recorded build, seconds of the same batches sent bare."""
    setup, build = _Tape(), _Tape()
    current = setup
    with _fresh(scenario) as anvil:
        chain = LocalChain(anvil.rpc)
        world = World(chain=chain, scenario=scenario, artifacts=artifacts)
        recorder = Recorder(world, run_id="bench", seed=scenario.seed)

        def on_block(block: Block, transactions: Sequence[Transaction]) -> None:
            current.note(block, transactions)
            recorder.on_block(block, transactions)

        chain.on_block = on_block
        deploy_world(world)
        current = build
        started = time.perf_counter()
        build_positions(world, plan_positions(scenario))
        played = time.perf_counter() - started
        chain.close()
        actors = list(world.actors)
    with _fresh(scenario) as anvil:
        chain = LocalChain(anvil.rpc)
        chain.fund(actors)
        _send(chain, setup)
        batches = chain.requests([block for _, block in build.blocks])
        started = time.perf_counter()
        for (timestamp, _), batch in zip(build.blocks, batches, strict=True):
            anvil.rpc.batch_as(str, batch)
            anvil.rpc.call("evm_mine", {"timestamp": timestamp})
        bare = time.perf_counter() - started
        mined = int(anvil.rpc.call_as(str, "eth_blockNumber"), 16)
        assert mined == len(setup.blocks) + len(build.blocks)
    return setup, build, played, bare


def _fresh(scenario: Scenario) -> Anvil:
    return Anvil(timestamp=scenario.spec.timeline.genesis_timestamp)


def _send(chain: LocalChain, tape: _Tape) -> set[str]:
    senders = {transaction.sender for transaction in tape.transactions}
    chain.fund(senders)
    for timestamp, transactions in tape.blocks:
        chain.mine(transactions, timestamp=timestamp)
    return senders


def _line(name: str, value: str, goal: str = "-", *, met: bool | None = None) -> None:
    verdict: Any = "-" if met is None else "ok" if met else "short"
    print(f"{name:32} {value:>12} {goal:>8} {verdict}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
