"""Outcomes that are kept between experiments, and what identifies them."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from cascade import Scenario, load_scenario
from cascade.errors import CascadeError
from cascade.experiments.execution import Execution
from cascade.experiments.identity import identity_of
from cascade.experiments.outcomes import Outcomes
from cascade.experiments.runs import Job, read_runs
from cascade.run.opened import Run
from cascade.scenario.load import vary
from cascade.toolchain.paths import project_root
from cascade.toolchain.sources import package_sha256

FLAGSHIP = project_root() / "scenarios" / "loop-and-crash.yaml"


def test_outcomes__kept__is_found_under_its_identity_alone(tmp_path: Path) -> None:
    Outcomes(tmp_path).keep("a1", '{"deficit":0.5}', name="seed 1")

    found = Outcomes(tmp_path)
    assert found.of("a1") == '{"deficit":0.5}'
    assert found.of("a2") is None
    assert [file.name for file in (tmp_path / "outcomes").iterdir()] == ["a1.json"]


def test_outcomes__one_changed_digit__is_not_believed(tmp_path: Path) -> None:
    kept = Outcomes(tmp_path)
    kept.keep("a1", '{"deficit":0.5}', name="seed 1")
    file = tmp_path / "outcomes" / "a1.json"
    file.write_text(file.read_text(encoding="utf-8").replace("0.5", "0.4"), encoding="utf-8")

    assert kept.of("a1") is None


def test_outcomes__file_renamed_to_another_identity__is_not_believed(tmp_path: Path) -> None:
    kept = Outcomes(tmp_path)
    kept.keep("a1", "1", name="seed 1")
    (tmp_path / "outcomes" / "a1.json").rename(tmp_path / "outcomes" / "a2.json")

    assert kept.of("a2") is None


@pytest.mark.parametrize("text", ["", "{", "[]", "7", json.dumps({"outcome": 1, "sha256": ""})])
def test_outcomes__damaged_file__is_as_if_it_were_not_there(text: str, tmp_path: Path) -> None:
    (tmp_path / "outcomes").mkdir()
    (tmp_path / "outcomes" / "a1.json").write_text(text, encoding="utf-8")

    assert Outcomes(tmp_path).of("a1") is None


def test_outcomes__without_a_folder__keeps_nothing() -> None:
    kept = Outcomes(None)
    kept.keep("a1", "1", name="seed 1")

    assert kept.of("a1") is None


def test_outcomes__folder_is_a_file__is_one_line(tmp_path: Path) -> None:
    (tmp_path / "outcomes").write_text("", encoding="utf-8")

    with pytest.raises(CascadeError, match=r"outcomes/a1\.json: cannot be written: "):
        Outcomes(tmp_path).keep("a1", "1", name="seed 1")


def test_package_sha256__one_changed_character__is_another_package(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text("a = 1\n", encoding="utf-8")
    first = package_sha256.__wrapped__(tmp_path)
    (tmp_path / "one.py").write_text("a = 2\n", encoding="utf-8")

    assert package_sha256.__wrapped__(tmp_path) != first
    assert package_sha256.__wrapped__(tmp_path) != package_sha256()


def test_identity__seed_baseline_engine_and_tools__each_change_it() -> None:
    scenario = load_scenario(FLAGSHIP)
    found = {
        identity_of(scenario),
        identity_of(vary(scenario, {"seed": 2})),
        identity_of(scenario, vary(scenario, {"agents.keeper.attention_bps": 1})),
        identity_of(vary(scenario, {"chain.engine": "revm"})),
        identity_of(scenario, tools="another compiler"),
    }

    assert len(found) == 5
    assert identity_of(load_scenario(FLAGSHIP)) in found


def first_of(run: Run, *, figure: str) -> str:
    return f"{figure} of {run.folder.name}"


def test_read_runs__outcomes_of_one_question__do_not_answer_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    class FakeRun:
        folder = Path("made-up")

    def fake_replay(scenario: Scenario, **_: object) -> FakeRun:
        made.append(scenario.file)
        return FakeRun()

    monkeypatch.setattr("cascade.experiments.runs.replay", fake_replay)
    jobs = [Job("seed 1", load_scenario(FLAGSHIP))]
    for figure in ("deficit", "deficit", "trough"):
        read = partial(first_of, figure=figure)
        assert read_runs(jobs, read, kind=str, execution=Execution(kept=tmp_path)) == [f"{figure} of made-up"]
    assert len(made) == 2
