"""Scenarios by bare name, and files that extend one from another folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from cascade.errors import ScenarioError
from cascade.scenario.load import load_scenario
from cascade.scenario.shipped import scenario_file, shipped_scenarios
from cascade.toolchain.paths import project_root

SCENARIOS = project_root() / "scenarios"


def test_shipped_scenarios__all__are_the_files_beside_the_package() -> None:
    assert shipped_scenarios() == {file.stem: file for file in sorted(SCENARIOS.glob("*.yaml"))}
    assert "october-2025" in shipped_scenarios()


def test_load__bare_name__is_the_shipped_scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    by_name, by_path = load_scenario("frictionless-loop"), load_scenario(SCENARIOS / "frictionless-loop.yaml")

    assert by_name == by_path


def test_scenario_file__file_of_that_name_in_the_folder__precedes_the_shipped_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert scenario_file("frictionless-loop") == SCENARIOS / "frictionless-loop.yaml"

    (tmp_path / "frictionless-loop").touch()

    assert scenario_file("frictionless-loop") == Path("frictionless-loop")


@pytest.mark.parametrize("named", ["scenarios/frictionless-loop", "frictionless-loop.yml", "./x/frictionless-loop"])
def test_scenario_file__path__is_never_a_shipped_name(named: str, tmp_path: Path) -> None:
    assert scenario_file(named, beside=tmp_path) == tmp_path / named


def test_load__misspelt_name__suggests_the_nearest() -> None:
    with pytest.raises(
        ScenarioError, match=r"^octobr-2025: no such file, and unknown scenario: did you mean october-2025"
    ):
        load_scenario("octobr-2025")


def test_extends__shipped_name_from_another_folder__has_its_price_path_and_hash(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("extends: frictionless-loop\nseed: 1\n", encoding="utf-8")

    scenario, base = load_scenario(mine), load_scenario("frictionless-loop")

    assert scenario.path_text == base.path_text
    # The run's hash depends on no folder.
    assert scenario.parameters_json() == base.parameters_json()
    assert scenario.text == base.text


def test_extends__unknown_name__is_refused_with_the_key(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("extends: frictionles\n", encoding="utf-8")

    with pytest.raises(
        ScenarioError, match=r"^mine\.yaml: extends = 'frictionles': no such file, and .* frictionless-loop"
    ):
        load_scenario(mine)


def test_extends__file_in_another_folder__its_price_path_stands_beside_it_and_ones_own_beside_ones_own(
    tmp_path: Path,
) -> None:
    base, mine = tmp_path / "base", tmp_path / "mine"
    base.mkdir()
    mine.mkdir()
    for name in ("frictionless-loop.yaml", "frictionless-loop.csv"):
        (base / name).write_bytes((SCENARIOS / name).read_bytes())
    (mine / "own.csv").write_bytes((SCENARIOS / "frictionless-loop.csv").read_bytes() + b"# mine\n")
    (mine / "inherits.yaml").write_text("extends: ../base/frictionless-loop.yaml\n", encoding="utf-8")
    (mine / "replaces.yaml").write_text(
        "extends: ../base/frictionless-loop.yaml\nprices: {path: own.csv}\n", encoding="utf-8"
    )

    assert load_scenario(mine / "inherits.yaml").path_text == (base / "frictionless-loop.csv").read_text("utf-8")
    assert load_scenario(mine / "replaces.yaml").path_text.endswith("# mine\n")
