"""Small runs of the shipped scenarios, made once a session."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cascade import Run, Scenario, load_scenario, replay
from cascade.toolchain.paths import project_root

SCENARIOS = project_root() / "scenarios"

SMALL: dict[str, Any] = {
    "timeline.start": datetime(2025, 10, 10, 21, 38, tzinfo=UTC),
    "timeline.end": datetime(2025, 10, 10, 21, 46, tzinfo=UTC),
    "positions.loopers.count": 40,
    "venues.usde-usdc.reserves": {"USDC": 10_000_000, "USDe": 10_000_000},
    "agents.keeper.count": 2,
}
"""The flagship with 40 positions over the eight minutes of the fall: a few seconds instead of a few minutes."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests that share a run of their module to one worker: every other worker would make the run again."""
    for item in items:
        fixtures = getattr(item, "_fixtureinfo", None)
        if fixtures is None or Path(__file__).parent not in item.path.parents or item.get_closest_marker("xdist_group"):
            continue
        if any(found[-1].scope == "module" for found in fixtures.name2fixturedefs.values()):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


def small(name: str = "loop-and-crash", /, **changes: Any) -> Scenario:
    """A shipped scenario in its small size."""
    return load_scenario(SCENARIOS / f"{name}.yaml", set={**SMALL, **changes})


EVERYONE: dict[str, Any] = {
    "name": "everyone",
    "description": "every kind of agent acts, in a few dozen blocks",
    "timeline.start": datetime(2025, 10, 10, 20, 50, tzinfo=UTC),
    "timeline.end": datetime(2025, 10, 10, 21, 30, tzinfo=UTC),
    "timeline.block_seconds": 60,
    "oracle.USDe": {
        "kind": "median",
        "sources": [
            {"kind": "amm-spot", "venue": "usde-usdc"},
            {"kind": "posted"},
            {"kind": "delayed", "source": {"kind": "amm-spot", "venue": "usde-usdc"}, "blocks": 1},
        ],
    },
    "lending.reserves.USDC.lenders_supply": 11_000_000,
    "venues.usde-usdc.reserves": {"USDC": 2_800_000, "USDe": 2_800_000},
    "venues.weth-usdc.reserves": {"USDC": 21_977_850, "WETH": 5_000},
    "positions.whales.count": 2,
    "positions.stuck": {
        "count": 1,
        "collateral": "USDe",
        "debt": "USDC",
        "venue": "usde-minting",
        "equity": {"kind": "fixed", "value": 200_000},
        "rounds": 3,
        "target": {"leverage": {"kind": "fixed", "value": 2}},
        "pledge": {"collateral": "WETH", "ltv": {"kind": "fixed", "value": 0.69}},
    },
    "positions.loopers.count": 40,
    "agents": {
        "macro": {"kind": "path-poster", "assets": ["WETH"]},
        "weth-flow": {"kind": "path-flow", "venue": "weth-usdc", "asset": "WETH", "tolerance_bps": 50},
        "market": {"kind": "market-poster", "asset": "USDe", "venue": "usde-usdc"},
        "buyers": {
            "kind": "value-buyer",
            "count": 2,
            "venue": "usde-usdc",
            "capital": 2_500_000,
            "from_price": 0.95,
            "to_price": 0.52,
        },
        "owners": {
            "kind": "whale",
            "cohort": "whales",
            "venue": "usde-usdc",
            "cure_ltv_bps": 6900,
            "reaction_blocks": 2,
            "tranche_bps": 1000,
        },
        "stuck-owner": {
            "kind": "whale",
            "cohort": "stuck",
            "venue": "usde-usdc",
            "reaction_blocks": 1,
            "tranche_bps": 100,
            "deadline_seconds": 300,
        },
        "stops": {
            "kind": "stop-loss",
            "cohort": "loopers",
            "venue": "usde-usdc",
            "share_bps": 5000,
            "trigger_health_factor": {"kind": "uniform", "low": 1.01, "high": 1.05},
            "target_health_factor": 1.15,
        },
        "dips": {
            "kind": "dip-buyer",
            "count": 2,
            "venue": "usde-usdc",
            "capital": 20_000,
            "rounds": 2,
            "ltv_bps": 7000,
            "buy_below": {"kind": "uniform", "low": 0.9, "high": 0.96},
        },
        "providers": {
            "kind": "provider-exit",
            "venue": "usde-usdc",
            "below_price": 0.97,
            "share_bps": 3000,
            "tranche_bps": 1000,
        },
        "lenders": {
            "kind": "lender-exit",
            "asset": "USDC",
            "venue": "usde-usdc",
            "below_price": 0.97,
            "share_bps": 5000,
            "tranche_bps": 1500,
        },
        "seller": {
            "kind": "custom",
            "agent": "agents/panic_seller.py:PanicSeller",
            "role": "holder",
            "parameters": {"venue": "usde-usdc", "tokens": 1_000_000, "below": 0.999, "tranche": 100_000},
        },
        "flash": {"kind": "keeper", "count": 2, "exits": ["usde-usdc", "weth-usdc"], "latency_blocks": 1},
        "holding": {"kind": "keeper", "funding": "inventory", "inventory": 250_000, "attention_bps": 3000},
    },
    "expect": {"liquidations": "some"},
    "sensitivity": {},
    "provenance": [],
}
"""The unwinding on a tenth of the scale, with a whale that cannot meet its call and everybody else who may act."""


def everyone(**changes: Any) -> Scenario:
    """The small scenario in which every kind of agent acts."""
    return load_scenario(SCENARIOS / "usde-unwind.yaml", set={**EVERYONE, **changes})


@pytest.fixture(scope="session")
def everyone_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return replay(everyone(), out=tmp_path_factory.mktemp("everyone"))


@pytest.fixture(scope="session")
def frictionless_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return replay(load_scenario(SCENARIOS / "frictionless-loop.yaml"), out=tmp_path_factory.mktemp("frictionless"))


@pytest.fixture(scope="session")
def crash_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return replay(small(), out=tmp_path_factory.mktemp("crash"))


@pytest.fixture(scope="session")
def peg_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return replay(small("aave-peg"), out=tmp_path_factory.mktemp("peg"))


@pytest.fixture
def runs_folder(tmp_path: Path) -> Path:
    return tmp_path / "runs"


SMALL_UNWIND: dict[str, Any] = {
    "timeline.end": datetime(2025, 10, 10, 21, 40, tzinfo=UTC),
    "timeline.block_seconds": 60,
    "positions.loopers.count": 20,
    "positions.whales.count": 2,
    "venues.usde-usdc.reserves": {"USDC": 1_400_000, "USDe": 1_400_000},
    "agents.buyers.capital": 4_150_000,
    "lending.reserves.USDC.lenders_supply": 6_000_000,
    "expect.troughs": [],
}
"""The endogenous crash at a twentieth of its size, in blocks of a minute, up to its first liquidations."""


def small_unwind(**changes: Any) -> Scenario:
    """The endogenous crash in its small size."""
    return load_scenario(SCENARIOS / "usde-unwind.yaml", set={**SMALL_UNWIND, **changes})


@pytest.fixture(scope="session")
def unwind_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return replay(small_unwind(), out=tmp_path_factory.mktemp("unwind"))
