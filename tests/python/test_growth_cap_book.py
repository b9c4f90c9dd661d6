"""The file of accounts of the second event."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from cascade.commands.growth_cap_book import main, seized_at_the_cap
from cascade.toolchain.paths import project_root

SCENARIOS = project_root() / "scenarios"


def test_shipped_file__is_what_the_script_writes(tmp_path: Path) -> None:
    file = tmp_path / "accounts.csv"

    assert CliRunner().invoke(main, ["--out", str(file)], catch_exceptions=False).exit_code == 0

    assert file.read_bytes() == (SCENARIOS / "capo-2026-03-accounts.csv").read_bytes()


@pytest.mark.parametrize(
    ("health", "repaid"),
    [
        (1.03, 0.0),  # healthy at the cap: 1.03 * 1.1939 / 1.22893 = 1.00064
        (1.02, 0.5),  # 0.99093 at the cap, and 2 * 0.99093 - 0.9595 = 1.0224 after half of the debt
        (1.005, 0.75),  # 0.97635, then 0.99321, then 1.0269
    ],
)
def test_seized_at_the_cap__account__is_liquidated_by_halves_until_it_is_healthy(health: float, repaid: float) -> None:
    """Health after half of the debt is repaid: 2 HF - LT (1 + b), with LT (1 + b) = 0.95 * 1.01 = 0.9595."""
    assert seized_at_the_cap(health) == pytest.approx(repaid * 1.01 / 1.1939, rel=1e-12)
