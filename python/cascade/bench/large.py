"""Large runs as a whole: the flagship, 5,000 positions, and October with twelve books."""

from __future__ import annotations

from cascade.bench.figures import SCENARIOS, at_most, noted, timed_replay
from cascade.errors import CascadeError
from cascade.scenario.load import load_scenario
from cascade.vocabulary import Phase

__all__ = ["measure_5000_positions", "measure_flagship", "measure_october_in_full"]

_MOST_MEMORY_MB = 500
_MOST_OCTOBER_SECONDS = 600
_SECONDS_PER_HOUR = 3600

_5000_POSITIONS: dict[str, object] = {
    "positions.loopers.count": 4980,
    "positions.loopers.equity": {"kind": "uniform", "low": 2_600, "high": 5_600},
    "agents.keeper.count": 20,
}
"""Changes of `usde-unwind`: the same collateral in total, in more and smaller positions, with 20 keepers."""

_MORE_ALTCOINS = [f"ALT{number}" for number in range(2, 10)]
"""Eight altcoins in addition to the scenario's: with its four books the exchange has twelve."""


def _october_in_full() -> dict[str, object]:
    """Return changes of `october-2025`: 2,000 positions on chain, 12 books, 300 accounts; the same money in total."""
    changes: dict[str, object] = {
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


def measure_flagship() -> None:
    """Time the flagship scenario as a whole, its report included."""
    with timed_replay(load_scenario(SCENARIOS / "loop-and-crash.yaml")) as (run, seconds):
        memory_mb = run.summary.anvil_peak_memory_mb or 0
        noted("flagship_seconds", f"{seconds:.1f}")
        at_most("flagship_anvil_peak_mb", measured(memory_mb or None), _MOST_MEMORY_MB)


def measure_5000_positions() -> None:
    """Time the endogenous crash with 5,000 positions and 20 keepers, over 600 blocks of 12 s."""
    scenario = load_scenario(SCENARIOS / "usde-unwind.yaml", set=_5000_POSITIONS)
    timeline = scenario.spec.timeline
    hours = timeline.steps * timeline.block_seconds / _SECONDS_PER_HOUR
    with timed_replay(scenario) as (run, _):
        crash_seconds, node_seconds = (
            measured(run.summary.crash_wall_seconds),
            measured(run.summary.crash_node_seconds),
        )
        noted("crash_of_5000_positions", f"{run.summary.positions}")
        noted("crash_of_5000_liquidations", f"{run.summary.liquidations}")
        noted("crash_of_5000_seconds_per_simulated_hour", f"{crash_seconds / hours:.1f}")
        noted("crash_of_5000_python_share_pct", f"{100 * (1 - node_seconds / crash_seconds):.1f}")


def measured(seconds: float | None) -> float:
    """Return a time that a replay measures; a summary made from tables alone has none."""
    if seconds is None:
        raise CascadeError("the summary of the run holds no times")
    return seconds


def measure_october_in_full() -> None:
    """Time the whole chain of October 2025, on chain and at the exchange: 2 h 15 min at 12 s per block."""
    scenario = load_scenario(SCENARIOS / "october-2025.yaml", set=_october_in_full())
    with timed_replay(scenario) as (run, seconds):
        accounts = run.margin[run.margin["phase"] == Phase.BUILD]["account"].nunique()
        noted("october_in_full_positions", f"{run.summary.positions}")
        noted("october_in_full_exchange_accounts", f"{accounts}")
        noted("october_in_full_books", f"{len(scenario.spec.require_exchange().books)}")
        noted("october_in_full_trades", f"{len(run.trades)}")
        at_most("october_in_full_seconds", seconds, _MOST_OCTOBER_SECONDS)
