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


def small(name: str = "loop-and-crash", **changes: Any) -> Scenario:
    """A shipped scenario in its small size."""
    return load_scenario(SCENARIOS / f"{name}.yaml", set={**SMALL, **changes})


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
