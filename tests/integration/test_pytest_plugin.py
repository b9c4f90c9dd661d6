"""The fixture, the marker and the assertions that a protocol's own tests use."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cascade import Run, load_scenario
from cascade import replay as run_scenario
from cascade.assertions import (
    assert_liquidated_within,
    assert_no_bad_debt,
    assert_no_deficit,
    assert_no_liquidations,
    assert_nobody_waits_at_the_end,
    assert_price_stays_above,
)


def test_replay_fixture__shipped_scenario_by_name__runs_in_the_tests_folder(
    replay: Callable[..., Run], tmp_path: Path
) -> None:
    run = replay("frictionless-loop", seed=3, set={"positions.looper.rounds": 4})

    # Four rounds at 80 %: 336,160 of collateral on 236,160 of debt. At 0.75 the collateral is worth 252,120, enough for
    # the debt and its bonus (247,968): all of it is repaid and no deficit is left.
    assert run.folder.parent == tmp_path
    assert run.manifest.seed == 3
    assert run.summary.debt_covered_usd == 236_160
    assert run.summary.deficit_usd == 0


@pytest.mark.cascade_seeds(3, 5)
def test_replay_fixture__marker_of_seeds__runs_the_test_with_each(
    replay: Callable[..., Run], cascade_seed: int, request: pytest.FixtureRequest
) -> None:
    run = replay("frictionless-loop", set={"positions.looper.rounds": 4})

    assert run.manifest.seed == cascade_seed
    assert request.node.name.endswith(f"[seed {cascade_seed}]")
    assert_no_deficit(run)


def test_marker__that_names_no_seed__is_an_error_of_the_test_s_author(tmp_path: Path) -> None:
    (tmp_path / "test_mine.py").write_text(
        "import pytest\n\n\n@pytest.mark.cascade_seeds('one')\ndef test_mine(replay):\n    pass\n", encoding="utf-8"
    )
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:ape_test", "-p", "no:cacheprovider", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )

    assert done.returncode == 2
    assert "cascade_seeds('one',): expected whole numbers" in done.stdout + done.stderr


@pytest.fixture(scope="module")
def one_loop(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One loop, which is liquidated once, at a price of 0.75."""
    scenario = load_scenario("frictionless-loop", overrides=["positions.looper.rounds=4"])
    return run_scenario(scenario, out=tmp_path_factory.mktemp("one-loop"), require_expected=False)


@pytest.mark.parametrize(
    ("check", "expected", "figure"),
    [
        (assert_no_liquidations, "expected no liquidation", "liquidations"),
        (lambda run: assert_liquidated_within(run, blocks=-1), "expected every liquidation within -1", "longest wait"),
        (
            lambda run: assert_no_deficit(run, at_most_usd=-1),
            "expected a deficit of \u2212$1.00 at most",
            "lenders' loss",
        ),
        (
            lambda run: assert_price_stays_above(run, "USDe", 0.75),
            "expected USDe, oracle above $0.75",
            "lowest USDe, oracle",
        ),
        (
            lambda run: assert_price_stays_above(run, "USDe", 0.1, source="spot:nowhere"),
            "expected USDe, spot:nowhere above $0.1",
            "lowest USDe, oracle",
        ),
        (
            lambda run: assert_no_bad_debt(run, price="exit", at_most_usd=-1),
            "expected a shortfall of",
            "shortfall at trough, exit",
        ),
    ],
)
def test_assertion__that_fails__prints_figures_folder_and_command(
    one_loop: Run, check: Callable[[Run], None], expected: str, figure: str
) -> None:
    with pytest.raises(AssertionError) as failed:
        check(one_loop)
    said = str(failed.value)

    assert said.startswith(f"{one_loop.manifest.run_id}: {expected}")
    assert figure in said
    assert f"  run: {one_loop.folder}" in said
    assert "  again: cascade replay frictionless-loop --seed 1 --set positions.looper.rounds=4" in said


def test_assertions__that_hold__say_nothing(one_loop: Run) -> None:
    # At 0.75 the collateral pays for debt and bonus: see the first test.
    assert_no_deficit(one_loop)
    assert_nobody_waits_at_the_end(one_loop)
    assert_price_stays_above(one_loop, "USDe", 0.74)
    longest = one_loop.summary.blocks_to_liquidation.max
    assert longest is not None
    assert_liquidated_within(one_loop, blocks=longest)
    with pytest.raises(AssertionError):
        assert_liquidated_within(one_loop, blocks=longest - 1)
