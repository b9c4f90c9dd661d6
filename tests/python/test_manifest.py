"""Manifests and causes as JSON: read back as they were written, refused with the key that is wrong."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from cascade.errors import CascadeError
from cascade.recording.causes import AmplificationRecord, CausesRecord, CoalitionRecord, ShapleyRecord
from cascade.recording.manifest import AgentSource, Expectation, InvalidManifest, Manifest, ScenarioText

MANIFEST = Manifest(
    run_id="made-up-7-0123456789",
    scenario_name="made-up",
    scenario_file="made-up.yaml",
    scenario_text="name: made-up\n",
    price_path_file="path.csv",
    price_path_text="time,USDe\n",
    seed=7,
    overrides=("a.b=1",),
    tools={"anvil": "1.7.1"},
    contracts={"LendingPool": "a" * 64},
    tables={"runs": "b" * 64},
    expectation=Expectation(liquidations="some", met=False, missed=("expect.liquidations = 'some': the run had 0",)),
    built_like=ScenarioText(scenario_text="name: other\n", price_path_file="other.csv", price_path_text="time,USDe\n"),
    agents={"mine": AgentSource(agent="mine.py:Mine", sha256="c" * 64, source="class Mine: ...\n")},
)


@pytest.mark.parametrize("manifest", [MANIFEST, replace(MANIFEST, built_like=None, agents={})])
def test_manifest__written_and_read__is_the_same(manifest: Manifest) -> None:
    assert Manifest.from_json(manifest.to_json()) == manifest


def test_manifest__as_json__has_the_scenario_s_text_among_its_own_keys_in_alphabetical_order() -> None:
    content = json.loads(MANIFEST.to_json())

    assert list(content) == sorted(content)
    assert content["scenario_text"] == "name: made-up\n"
    assert content["built_like"]["price_path_file"] == "other.csv"
    assert content["overrides"] == ["a.b=1"]


def test_manifest__of_an_older_run__has_no_baseline_and_no_agents() -> None:
    content = json.loads(MANIFEST.to_json())
    del content["built_like"], content["agents"]
    manifest = Manifest.from_json(json.dumps({**content, "unknown": 1}))

    assert manifest.built_like is None
    assert manifest.agents == {}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seed": "seven"}, r"^not the manifest of a run: seed: "),
        ({"expectation": {"liquidations": "some", "met": True}}, r"^not the manifest of a run: expectation\.missed: "),
    ],
)
def test_manifest__wrong_value__is_refused_with_its_key(change: dict[str, object], message: str) -> None:
    content = json.loads(MANIFEST.to_json()) | change

    with pytest.raises(InvalidManifest, match=message) as refused:
        Manifest.from_json(json.dumps(content))
    assert isinstance(refused.value, CascadeError)


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_manifest__text_that_is_no_manifest__is_refused(text: str) -> None:
    with pytest.raises(InvalidManifest, match=r"^not the manifest of a run: the text: "):
        Manifest.from_json(text)


def test_causes__written_and_read__keep_exact_fractions() -> None:
    record = CausesRecord(
        run_id="made-up-7-0123456789",
        asset="USDe",
        source="spot:curve",
        start_e8=10**8,
        players={"keeper": ("bots",)},
        amplification=AmplificationRecord(fall_e8=3, without_liquidations_e8=0, ratio=None),
        runs=(CoalitionRecord(active=("keeper",), run_id="x", liquidations=2, trough_e8=97, fall_e8=3),),
        shapley={"keeper": ShapleyRecord(numerator_e8=10**30 + 1, denominator=3, usd=1.0)},
    )

    assert CausesRecord.from_json(record.to_json()) == record
    assert json.loads(record.to_json())["shapley"]["keeper"]["numerator_e8"] == 10**30 + 1
