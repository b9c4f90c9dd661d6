"""From a YAML file and `--set` to a checked, frozen scenario; every refusal is one line."""

from __future__ import annotations

import copy
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pydantic
import yaml

from cascade.errors import ScenarioError
from cascade.prices.path import PricePath, read_price_path
from cascade.scenario.checks import check_references
from cascade.scenario.model import ScenarioSpec

__all__ = ["Scenario", "load_scenario", "restore_scenario", "vary"]

_MAX_EXTENDS = 8


@dataclass(frozen=True)
class Scenario:
    """What a run is made from.

    Attributes
    ----------
    spec : ScenarioSpec
        Every parameter, defaults included.
    path : PricePath
        The exogenous prices.
    file : str
        Name of the file, for messages and the manifest.
    overrides : tuple of str
        The `--set` arguments, as given.
    text : str
        The scenario as one YAML document, what it extends and `--set` included.
    path_text : str
        The price path's CSV.
    folder : Path
        Folder of the file: where an agent of one's own is looked for.
    """

    spec: ScenarioSpec
    path: PricePath = field(repr=False)
    file: str = "scenario"
    overrides: tuple[str, ...] = ()
    text: str = field(default="", repr=False)
    path_text: str = field(default="", repr=False)
    folder: Path = field(default=Path(), repr=False)

    @property
    def seed(self) -> int:
        """Seed of every random stream."""
        return self.spec.seed

    def parameters_json(self) -> str:
        """Every parameter as canonical JSON: sorted keys, no spaces, exact decimals as text."""
        parameters = self.spec.model_dump(mode="json")
        parameters["prices"]["path"] = Path(self.spec.prices.path).name
        return json.dumps(parameters, sort_keys=True, separators=(",", ":"))

    def path_json(self) -> str:
        """The price path as canonical JSON, for the hash of the run."""
        rows = {asset: [[p.timestamp, p.price_e8] for p in points] for asset, points in self.path.points.items()}
        return json.dumps(rows, sort_keys=True, separators=(",", ":"))


def load_scenario(
    file: str | Path, *, seed: int | None = None, overrides: Sequence[str] = (), set: Mapping[str, Any] | None = None
) -> Scenario:
    """Read a scenario.

    Parameters
    ----------
    file : str or Path
        The YAML file. Its `extends` names another file, of which it changes some keys.
    seed : int, optional
        In place of the file's own.
    overrides : sequence of str
        `PATH=VALUE`, the path dotted, the value as in YAML.
    set : mapping, optional
        The same from Python: dotted path to value.

    Raises
    ------
    ScenarioError
        Naming the file, key and value, and what would be right.
    """
    file = Path(file)
    tree = _read_extended(file)
    given = [_parse_override(text) for text in overrides] + list((set or {}).items())
    if seed is not None:
        given.append(("seed", seed))
    for dotted, value in given:
        _set(tree, dotted, value)
    spec = _validate(tree, file.name)
    price_file = file.parent / spec.prices.path
    path = read_price_path(price_file, known_assets=spec.assets)
    check_references(spec, path, file=file.name)
    shown = tuple(overrides) + tuple(f"{key}={value}" for key, value in (set or {}).items())
    tree["prices"]["path"] = price_file.name
    return Scenario(
        spec=spec,
        path=path,
        file=file.name,
        overrides=shown,
        text=yaml.safe_dump(tree, sort_keys=False),
        path_text=price_file.read_text(encoding="utf-8-sig"),
        folder=file.parent,
    )


def vary(scenario: Scenario, changes: Mapping[str, Any]) -> Scenario:
    """A scenario with some keys changed, from what it holds itself: no file but a changed price path is read.

    Parameters
    ----------
    changes : mapping
        Dotted path to value, as in YAML; a later one may change what an earlier one put there.

    Raises
    ------
    ScenarioError
        Naming the key and value, and what would be right.
    """
    tree = yaml.load(scenario.text, Loader=_StrictLoader)  # noqa: S506 (a SafeLoader subclass)
    for dotted, value in changes.items():
        _set(tree, dotted, copy.deepcopy(value))
    spec = _validate(tree, scenario.file)
    path, path_text = scenario.path, scenario.path_text
    if spec.prices.path != Path(scenario.spec.prices.path).name:
        price_file = scenario.folder / spec.prices.path
        path = read_price_path(price_file, known_assets=spec.assets)
        path_text = price_file.read_text(encoding="utf-8-sig")
        tree["prices"]["path"] = price_file.name
    check_references(spec, path, file=scenario.file)
    shown = tuple(f"{key}={_shown(value)}" for key, value in changes.items())
    return replace(
        scenario,
        spec=spec,
        path=path,
        overrides=(*scenario.overrides, *shown),
        path_text=path_text,
        text=yaml.safe_dump(tree, sort_keys=False),
    )


def _shown(value: Any) -> str:
    return yaml.safe_dump(value, default_flow_style=True, width=10**6).removesuffix("\n").removesuffix("\n...")


def restore_scenario(*, text: str, path_file: str, path_text: str, file: str) -> Scenario:
    """A scenario from what the manifest of a run holds of it.

    Parameters
    ----------
    text : str
        The scenario as one YAML document.
    path_file, path_text : str
        Name and content of its price path.
    file : str
        Name of the scenario's file, for messages and the manifest.
    """
    with tempfile.TemporaryDirectory(prefix="cascade-scenario-") as name:
        folder = Path(name)
        (folder / file).write_text(text, encoding="utf-8")
        (folder / path_file).write_text(path_text, encoding="utf-8")
        return load_scenario(folder / file)


class _StrictLoader(yaml.SafeLoader):
    """YAML in which a key given twice is an error, not the last one's victory."""


def _no_duplicates(loader: yaml.SafeLoader, node: yaml.MappingNode) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, (str, int)) or isinstance(key, bool):
            raise yaml.constructor.ConstructorError(None, None, f"key {key!r} is no name", key_node.start_mark)
        if key in found:
            raise yaml.constructor.ConstructorError(None, None, f"{key!r} is given twice", key_node.start_mark)
        found[key] = loader.construct_object(value_node, deep=True)
    return found


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _no_duplicates)


def _read_extended(file: Path) -> dict[str, Any]:
    chain: list[dict[str, Any]] = []
    current: Path | None = file
    while current is not None:
        if len(chain) == _MAX_EXTENDS:
            raise ScenarioError(
                file=file.name, key="extends", value=current.name, expected="extends itself, or more than 8 files deep"
            )
        tree = _read_yaml(current)
        parent = tree.pop("extends", None)
        if parent is not None and not isinstance(parent, str):
            raise ScenarioError(file=current.name, key="extends", value=parent, expected="expected a file name")
        chain.append(tree)
        current = current.parent / parent if parent is not None else None
    merged: dict[str, Any] = {}
    for tree in reversed(chain):
        _merge(merged, tree)
    return merged


def _read_yaml(file: Path) -> dict[str, Any]:
    try:
        tree = yaml.load(file.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506 (a SafeLoader subclass)
    except OSError as error:
        raise ScenarioError(file=str(file), key="", value=None, expected=f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ScenarioError(file=file.name, key="", value=None, expected="expected UTF-8 text") from error
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        where = f"line {mark.line + 1}" if mark is not None else ""
        raise ScenarioError(file=file.name, key=where, value=None, expected=problem) from error
    if not isinstance(tree, dict):
        raise ScenarioError(file=file.name, key="", value=None, expected="expected a mapping of keys to values")
    return tree


def _merge(into: dict[str, Any], change: Mapping[str, Any]) -> None:
    for key, value in change.items():
        # A section that changes its kind is another thing: what the old kind said does not carry over.
        same_kind = (
            isinstance(value, dict)
            and isinstance(into.get(key), dict)
            and ("kind" not in value or value["kind"] == into[key].get("kind"))
        )
        if same_kind:
            _merge(into[key], value)
        else:
            into[key] = copy.deepcopy(value)


def _parse_override(text: str) -> tuple[str, Any]:
    dotted, equals, value = text.partition("=")
    if not equals or not dotted.strip():
        raise ScenarioError(file="--set", key="", value=text, expected="expected PATH=VALUE")
    try:
        return dotted.strip(), yaml.load(value, Loader=_StrictLoader)  # noqa: S506 (a SafeLoader subclass)
    except (yaml.YAMLError, ValueError) as error:
        raise ScenarioError(file="--set", key=dotted, value=value, expected="the value is not YAML") from error


def _set(tree: dict[str, Any], dotted: str, value: Any) -> None:
    node: Any = tree
    parts = dotted.split(".")
    for depth, part in enumerate(parts[:-1]):
        key = _key_of(node, part)
        if not isinstance(node.get(key), dict):
            if node.get(key) is not None:
                raise ScenarioError(
                    file="--set",
                    key=dotted,
                    value=value,
                    expected=f"{'.'.join(parts[: depth + 1])} has no keys below it",
                )
            node[key] = {}
        node = node[key]
    # A copy: a later change of a key below must not reach into what the caller gave.
    node[_key_of(node, parts[-1])] = copy.deepcopy(value)


def _key_of(node: Mapping[Any, Any], part: str) -> Any:
    return int(part) if part.isdigit() and int(part) in node else part


def _validate(tree: dict[str, Any], file: str) -> ScenarioSpec:
    try:
        return ScenarioSpec.model_validate(tree)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        key = ".".join(_keys_in(tree, first["loc"], keep_last=first["type"] == "missing"))
        missing = first["type"] == "missing"
        message = first["msg"].removeprefix("Value error, ")
        if first["type"] == "extra_forbidden":
            message = "unknown key"
        value = None if missing or isinstance(first["input"], dict) else first["input"]
        raise ScenarioError(file=file, key=key, value=value, expected=message) from error


def _keys_in(tree: Any, location: Sequence[str | int], *, keep_last: bool) -> list[str]:
    """The parts of an error's location that are keys of the file; the tags of unions and key checks are not."""
    keys: list[str] = []
    node = tree
    for position, part in enumerate(location):
        inside = dict(enumerate(node)) if isinstance(node, list) else node
        if isinstance(inside, dict) and part in inside:
            node = inside[part]
        elif not (keep_last and position == len(location) - 1):
            continue
        keys.append(str(part))
    return keys
