"""Agents of one's own: the three ways to name one, what is refused in one line, and what tells two of them apart."""

from __future__ import annotations

import hashlib
import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from cascade.agents import custom
from cascade.agents.custom import OwnAgent, load_own_agents, make_own_agent
from cascade.errors import AgentFailed, ScenarioError
from cascade.run.inputs import RunInputs
from cascade.scenario.load import Scenario, load_scenario
from cascade.scenario.model import CustomAgentSpec
from cascade.toolchain.paths import project_root

SHIPPED = project_root() / "scenarios"
IDLE = """
class Idle:
    def __init__(self, *, name, parameters, rng, address):
        self.name, self.parameters, self.address = name, parameters, address
        self.drawn = int(rng.integers(0, 10**9))

    def see(self, view):
        return None

    def propose(self, sight):
        return []
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with a scenario, which is also on Python's path; modules of it are forgotten afterwards."""
    (tmp_path / "frictionless-loop.csv").write_bytes((SHIPPED / "frictionless-loop.csv").read_bytes())
    (tmp_path / "mine.yaml").write_bytes((SHIPPED / "frictionless-loop.yaml").read_bytes())
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        del sys.modules[name]


def scenario(folder: Path, agent: str, **keys: Any) -> Scenario:
    return load_scenario(folder / "mine.yaml", set={"agents.mine": {"kind": "custom", "agent": agent, **keys}})


def refusal(folder: Path, agent: str) -> str:
    with pytest.raises(ScenarioError) as refused:
        load_own_agents(scenario(folder, agent))
    message = str(refused.value)
    assert message.startswith(f"mine.yaml: agents.mine.agent = {agent!r}: ")
    assert "\n" not in message
    assert refused.value.exit_code == 2
    return message


def announce(monkeypatch: pytest.MonkeyPatch, **entries: Any) -> None:
    found = [SimpleNamespace(name=name, load=lambda value=value: value) for name, value in entries.items()]

    def entry_points(*, group: str) -> list[SimpleNamespace]:
        assert group == "cascade.agents"
        return found

    monkeypatch.setattr(custom, "entry_points", entry_points)


@pytest.mark.parametrize("agent", ["idle.py:Idle", "below/idle.py:Idle", "own_idle:Idle", "own.idle:Idle"])
def test_own_agent__file_beside_the_scenario_or_dotted_path__is_found_with_its_source(folder: Path, agent: str) -> None:
    for name in ("idle.py", "own_idle.py", "below/idle.py", "own/idle.py", "own/__init__.py"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("" if "init" in name else IDLE, encoding="utf-8")
    found = load_own_agents(scenario(folder, agent))["mine"]

    assert found.found.__name__ == "Idle"
    assert found.reference == agent
    assert found.source == IDLE
    assert found.sha256 == hashlib.sha256(IDLE.encode()).hexdigest()


def test_own_agent__entry_point__is_found_with_its_source(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "announced.py").write_text(IDLE, encoding="utf-8")
    announced = importlib.import_module("announced")

    announce(monkeypatch, idle=announced.Idle)
    found = load_own_agents(scenario(folder, "idle"))["mine"]

    assert found.found is announced.Idle
    assert found.source == IDLE


def test_own_agent__unknown_entry_point__names_those_there_are(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    announce(monkeypatch, other=1, another=2)
    assert "no entry point of that name in cascade.agents, which has another, other" in refusal(folder, "idle")
    announce(monkeypatch)
    assert "which has none" in refusal(folder, "idle")


@pytest.mark.parametrize(
    ("agent", "text", "expected"),
    [
        ("missing.py:Idle", None, "FileNotFoundError"),
        ("missing_module:Idle", None, "ModuleNotFoundError: No module named 'missing_module'"),
        ("idle.py:Active", IDLE, "AttributeError"),
        ("idle.py:Idle", "class Idle:\n  def see(", "SyntaxError"),
        ("idle.py:Idle", "1 / 0", "ZeroDivisionError: division by zero"),
        ("idle.py:Idle", "raise ValueError('two\\nlines')", "ValueError: two lines"),
        ("idle.py:Idle", "raise SystemExit(4)", "SystemExit: 4"),
        ("idle.py:Idle", "Idle = 5", "expected a class with see and propose"),
        ("idle.py:Idle", "class Idle:\n    def see(self, view): ...", "expected a class with see and propose"),
        ("idle.py:Idle", "class Idle:\n    see = propose = 3", "expected a class with see and propose"),
        ("../idle.py:Idle", IDLE, "expected a file in the scenario's folder, or below it"),
        ("builtins:dict", None, "TypeError"),
    ],
)
def test_own_agent__that_cannot_be_imported__is_refused_in_one_line(
    folder: Path, agent: str, text: str | None, expected: str
) -> None:
    if text is not None:
        (folder / "idle.py").write_text(text, encoding="utf-8")

    assert expected in refusal(folder, agent)


@pytest.mark.parametrize("agent", ["a:b:c", ":Idle", "idle.py:", "idle.py:not-a-name", ""])
def test_own_agent__malformed_reference__is_refused_at_loading(folder: Path, agent: str) -> None:
    with pytest.raises(ScenarioError, match=r"mine\.yaml: agents\.mine\.agent"):
        scenario(folder, agent)


@pytest.mark.parametrize("role", ["lender", "keeper", "oracle", "whale", "unknown", "deployer"])
def test_own_agent__role_of_the_harness__is_refused(folder: Path, role: str) -> None:
    with pytest.raises(ScenarioError, match=rf"agents\.mine\.role = '{role}': is a class of the harness's own actors"):
        scenario(folder, "idle.py:Idle", role=role)
    assert scenario(folder, "idle.py:Idle", role="holder").spec.agents["mine"]


def own(text: str) -> dict[str, OwnAgent]:
    names: dict[str, Any] = {}
    exec(text, names)
    return {"mine": OwnAgent("x.py:Idle", names["Idle"], text)}


def spec(**parameters: Any) -> CustomAgentSpec:
    return CustomAgentSpec(kind="custom", agent="x.py:Idle", parameters=parameters)


def test_own_agent__made__has_its_name_account_stream_and_a_copy_of_its_parameters() -> None:
    given = spec(line=[0.9])
    first, again = (make_own_agent("mine", given, own(IDLE), seed=3) for _ in range(2))
    first.parameters["line"].append(1)

    assert first.name == "mine"
    assert again.parameters == given.parameters == {"line": [0.9]}
    assert first.drawn == again.drawn
    assert make_own_agent("mine", given, own(IDLE), seed=4).drawn != first.drawn


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("self.drawn = ", "parameters['line'] = parameters['price'] or "), "agents.mine: KeyError: 'price', while"),
        (("(self, *, name,", "(self, *, wanted, name,"), "agents.mine: TypeError: Idle.__init__() missing 1 required"),
        (("self.name, ", "self.label, "), "agents.mine: its name is None, expected the one it got, after being made"),
        (("= name, parameters", "= 'x', parameters"), "agents.mine: its name is 'x', expected the one it got"),
        (("self.drawn = ", "raise SystemExit(0) or "), "agents.mine: SystemExit: 0, while being made, seed 9"),
    ],
)
def test_own_agent__that_cannot_be_made__is_named_with_the_seed(change: tuple[str, str], expected: str) -> None:
    with pytest.raises(AgentFailed) as failed:
        make_own_agent("mine", spec(), own(IDLE.replace(*change)), seed=9)

    assert str(failed.value).startswith(expected)
    assert str(failed.value).endswith("seed 9")
    assert failed.value.exit_code == 2


def test_run_id__other_source_of_an_agent__changes_it_and_no_agent_leaves_it(folder: Path) -> None:
    (folder / "idle.py").write_text(IDLE, encoding="utf-8")
    found = scenario(folder, "idle.py:Idle")
    first = RunInputs(found, {}, load_own_agents(found)).run_id
    (folder / "idle.py").write_text(IDLE + "\n", encoding="utf-8")
    second = RunInputs(found, {}, load_own_agents(found)).run_id

    assert first != second
    assert first.rpartition("-")[0] == second.rpartition("-")[0]
    plain = load_scenario(folder / "mine.yaml")
    parts = (plain.parameters_json(), plain.path_json(), hashlib.sha256(b"").hexdigest())
    assert RunInputs(plain, {}, {}).run_id.endswith(hashlib.sha256("".join(parts).encode()).hexdigest()[:10])


def test_own_agent__file_changed_within_a_second__is_the_new_one(folder: Path) -> None:
    for value in (1, 2, 3):
        (folder / "idle.py").write_text(IDLE + f"\nNUMBER = {value}\n", encoding="utf-8")
        found = load_own_agents(scenario(folder, "idle.py:Idle"))["mine"].found
        assert value == sys.modules[found.__module__].NUMBER
