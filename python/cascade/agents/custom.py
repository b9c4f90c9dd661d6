"""Agents that users bring: found by dotted path, by file, or by entry point."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from cascade.errors import ScenarioError

__all__ = ["ENTRY_POINT_GROUP", "load_agent_class"]

ENTRY_POINT_GROUP = "cascade.agents"
"""Packages announce agents under this group of entry points."""


def load_agent_class(reference: str, *, folder: Path, file: str, key: str) -> type[Any]:
    """The class that a scenario's `agent` names.

    Parameters
    ----------
    reference : str
        `module:Class`, `file.py:Class`, or the name of an entry point.
    folder : Path
        Folder of the scenario, which a file's path is relative to.
    file, key : str
        Where the reference stands, for the message.

    Raises
    ------
    ScenarioError
        When nothing is found there, or what is found has no `see` and `propose`.
    """
    module_name, colon, class_name = reference.partition(":")
    try:
        if not colon:
            found = _from_entry_point(reference)
        else:
            module = _from_file(folder / module_name) if module_name.endswith(".py") else _from_path(module_name)
            found = getattr(module, class_name)
    except (ImportError, AttributeError, OSError, SyntaxError, LookupError) as error:
        raise ScenarioError(
            file=file, key=key, value=reference, expected=f"cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    if not isinstance(found, type) or not all(callable(getattr(found, name, None)) for name in ("see", "propose")):
        raise ScenarioError(file=file, key=key, value=reference, expected="expected a class with see and propose")
    return found


def _from_entry_point(name: str) -> Any:
    found = [entry for entry in entry_points(group=ENTRY_POINT_GROUP) if entry.name == name]
    if not found:
        known = ", ".join(sorted({entry.name for entry in entry_points(group=ENTRY_POINT_GROUP)})) or "none"
        raise LookupError(f"no entry point of that name in {ENTRY_POINT_GROUP}, which has {known}")
    return found[0].load()


def _from_path(name: str) -> ModuleType:
    return importlib.import_module(name)


def _from_file(path: Path) -> ModuleType:
    name = f"cascade_agent_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name}: no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
