"""Figures of a run's summary by their paths, and the walk that names the command of each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner

from cascade.commands.console import cli
from cascade.errors import CascadeError
from cascade.experiments.calibration import walk as walks
from cascade.experiments.calibration.walk import Stop, walk
from cascade.run.folder import analyse_run
from cascade.scenario.model import ExpectSpec

from .conftest import Rows


@pytest.fixture
def folder(run_of: Callable[[Rows], Path], crash_rows: Rows) -> Path:
    folder = run_of(crash_rows)
    analyse_run(folder, expect=ExpectSpec())
    return folder


def test_figure__paths__are_printed_as_json_one_per_line(folder: Path) -> None:
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))

    done = CliRunner().invoke(cli, ["figure", str(folder), "liquidations", "keepers.gross_profit_usd", "exchange"])

    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        str(summary["liquidations"]),
        json.dumps(summary["keepers"]["gross_profit_usd"]),
        "null",
    ]


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("keeper.active", "keeper.active: unknown key: did you mean keepers"),
        ("exchange.books", "exchange.books: exchange is null, and has no keys below it"),
        ("liquidations.x", "has no keys below it"),
    ],
)
def test_figure__path_that_is_none__is_one_line_and_prints_nothing(folder: Path, path: str, error: str) -> None:
    done = CliRunner().invoke(cli, ["figure", str(folder), "liquidations", path])

    assert done.exit_code == 2
    assert error in done.output
    assert len(done.output.splitlines()) == 1


def stop(**figures: tuple[str, str]) -> Stop:
    text = " ".join(f"{name} {{{name}}}" for name in figures)
    return Stop(title="A stop", text=text, figures=figures)


def test_walk__stops__show_each_figure_rounded_and_the_command_with_what_it_prints(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = {"low": 0.64637, "at": "2025-10-10T21:42:30Z", "debt": 45_876_693.5}
    (tmp_path / "summary.json").write_text(json.dumps({"a": figures}), encoding="utf-8")
    runs: Any = {"october-2025": SimpleNamespace(folder=tmp_path)}
    monkeypatch.setattr(walks, "STOPS", (stop(low=("a.low", ".2f"), at=("a.at", "time"), debt=("a.debt", "millions")),))

    text = walk(runs)

    assert "low 0.65 at 21:42:30 debt 45.9" in text
    assert 'cascade figure runs/october-2025-1-* a.at  # "2025-10-10T21:42:30Z"' in text
    assert "cascade figure runs/october-2025-1-* a.debt  # 45876693.5" in text
    for path, error in (("a.none", "a.none: unknown key"), ("a", "a is {")):
        monkeypatch.setattr(walks, "STOPS", (stop(low=(path, ".2f")),))
        with pytest.raises(CascadeError, match=error):
            walk(runs)
