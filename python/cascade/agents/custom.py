"""Load custom agents by dotted path, by file, or by entry point, and identify them by their source."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import re
import sys
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from cascade.chain.local import address_of
from cascade.errors import AgentFailed, ScenarioError
from cascade.scenario.load import Scenario
from cascade.scenario.model import CustomAgentSpec
from cascade.scenario.streams import stream

__all__ = ["ENTRY_POINT_GROUP", "OwnAgent", "is_file", "load_own_agents", "make_own_agent"]

ENTRY_POINT_GROUP = "cascade.agents"
"""Group of entry points under which packages announce agents."""


@dataclass(frozen=True)
class OwnAgent:
    """The class that the key `agent` of a custom agent names.

    Attributes
    ----------
    reference : str
        `module:Class`, `file.py:Class`, or the name of an entry point.
    source : str
        Text of the one file that holds the class; what that imports is not followed.
    """

    reference: str
    found: type[Any]
    source: str = field(repr=False)

    @property
    def sha256(self) -> str:
        """Hash of the source, part of the run's identity."""
        return hashlib.sha256(self.source.encode()).hexdigest()


def is_file(reference: str) -> bool:
    """Return whether a reference names a file beside the scenario."""
    return reference.partition(":")[0].endswith(".py")


def load_own_agents(scenario: Scenario) -> dict[str, OwnAgent]:
    """Return the classes of a scenario's custom agents, by entry.

    Raises
    ------
    ScenarioError
        When nothing is found there, or what is found has no `see` and `propose`.
    """
    return {
        name: _load(spec.agent, folder=scenario.folder, file=scenario.file, key=f"agents.{name}.agent")
        for name, spec in scenario.spec.agents.items()
        if isinstance(spec, CustomAgentSpec)
    }


def make_own_agent(name: str, spec: CustomAgentSpec, own: Mapping[str, OwnAgent], *, seed: int) -> Any:
    """Return an agent of its class, with its account and its random stream.

    Raises
    ------
    AgentFailed
        When the class raises, or forgets its name.
    """
    try:
        agent = own[name].found(
            name=name,
            parameters=deepcopy(spec.parameters),
            rng=stream(seed, f"agents/{name}"),
            address=address_of(name),
        )
        known_as = getattr(agent, "name", None)
    except (Exception, SystemExit) as error:
        raise AgentFailed(agent=name, doing="while being made", seed=seed, error=error) from error
    if known_as != name:
        raise AgentFailed(
            agent=name, doing="after being made", seed=seed, error=f"its name is {known_as!r}, expected the one it got"
        )
    return agent


def _load(reference: str, *, folder: Path, file: str, key: str) -> OwnAgent:
    module_name, colon, class_name = reference.partition(":")
    try:
        if not colon:
            found, source = _with_source(_from_entry_point(reference))
        elif is_file(reference):
            module, source = _from_file(folder, module_name)
            found = getattr(module, class_name)
        else:
            found, source = _with_source(getattr(importlib.import_module(module_name), class_name))
    except (Exception, SystemExit) as error:
        # Importing runs the file: whatever it raises is said in one line.
        why = " ".join(f"{type(error).__name__}: {error}".split())
        raise ScenarioError(file=file, key=key, value=reference, expected=f"cannot be loaded: {why}") from error
    if not isinstance(found, type) or not all(callable(getattr(found, name, None)) for name in ("see", "propose")):
        raise ScenarioError(file=file, key=key, value=reference, expected="expected a class with see and propose")
    return OwnAgent(reference, found, source)


def _from_entry_point(name: str) -> Any:
    known = {entry.name: entry for entry in entry_points(group=ENTRY_POINT_GROUP)}
    if name not in known:
        shown = ", ".join(sorted(known)) or "none"
        raise LookupError(f"no entry point of that name in {ENTRY_POINT_GROUP}, which has {shown}")
    return known[name].load()


def _with_source(found: Any) -> tuple[Any, str]:
    if not isinstance(found, type):
        return found, ""
    file = inspect.getsourcefile(found)
    if file is None:
        raise OSError("its source cannot be read")
    return found, Path(file).read_text(encoding="utf-8")


def _from_file(folder: Path, name: str) -> tuple[ModuleType, str]:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()):
        raise OSError("expected a file in the scenario's folder, or below it")
    source = path.read_text(encoding="utf-8")
    module = ModuleType("cascade_agent_" + re.sub(r"\W", "_", name))
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    # Compiled from the text that is hashed, and not imported: no cached bytecode can stand for another version of it.
    exec(compile(source, str(path), "exec"), module.__dict__)  # noqa: S102
    return module, source
