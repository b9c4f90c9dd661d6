"""The tree of keys that a YAML file holds: reading it strictly, merging two of them, and changing a key by its path."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import yaml

from cascade.errors import ScenarioError

__all__ = ["Key", "Tree", "dump_tree", "keys_of", "parse_override", "parse_tree", "read_extended", "set_value", "shown"]

Key: TypeAlias = str | int
"""A key of a mapping; efficiency modes are numbered."""

Tree: TypeAlias = dict[Key, object]
"""A section: each value is another section, a list, or a scalar of YAML."""

_MAX_EXTENDS = 8


class _StrictLoader(yaml.SafeLoader):
    """YAML in which a key that is given twice is an error, instead of the last value replacing the first."""


def _no_duplicates(loader: yaml.SafeLoader, node: yaml.MappingNode) -> Tree:
    found: Tree = {}
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, (str, int)) or isinstance(key, bool):
            raise yaml.constructor.ConstructorError(
                None, None, f"key {key!r} is neither text nor an integer", key_node.start_mark
            )
        if key in found:
            raise yaml.constructor.ConstructorError(None, None, f"{key!r} is given twice", key_node.start_mark)
        found[key] = loader.construct_object(value_node, deep=True)
    return found


_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _no_duplicates)


def _parse(text: str) -> object:
    found: object = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 (a SafeLoader subclass)
    return found


def parse_tree(text: str, *, file: str) -> Tree:
    """Return the mapping that a YAML document holds.

    Raises
    ------
    ScenarioError
        Naming the file and the line, when the text is not YAML or not a mapping.
    """
    try:
        tree = _parse(text)
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        where = f"line {mark.line + 1}" if mark is not None else ""
        raise ScenarioError(file=file, key=where, value=None, expected=problem) from error
    if not isinstance(tree, dict):
        raise ScenarioError(file=file, key="", value=None, expected="expected a mapping of keys to values")
    return tree


def read_extended(file: Path) -> Tree:
    """Return the tree of a file, with the keys that it changes in the file that it extends.

    Raises
    ------
    ScenarioError
        When a file cannot be read, or extends itself.
    """
    chain: list[Tree] = []
    current: Path | None = file
    while current is not None:
        if len(chain) == _MAX_EXTENDS:
            raise ScenarioError(
                file=file.name,
                key="extends",
                value=current.name,
                expected=f"extends itself, or more than {_MAX_EXTENDS} files deep",
            )
        tree = parse_tree(_read(current), file=current.name)
        parent = tree.pop("extends", None)
        if parent is not None and not isinstance(parent, str):
            raise ScenarioError(file=current.name, key="extends", value=parent, expected="expected a file name")
        chain.append(tree)
        current = current.parent / parent if parent is not None else None
    merged: Tree = {}
    for tree in reversed(chain):
        _merge(merged, tree)
    return merged


def dump_tree(tree: Tree) -> str:
    """Return a tree as one YAML document, its keys in their order."""
    return str(yaml.safe_dump(tree, sort_keys=False))


def shown(value: object) -> str:
    """Return a value as YAML in one line, as in `--set PATH=VALUE`."""
    text = str(yaml.safe_dump(value, default_flow_style=True, width=10**6))
    return text.removesuffix("\n").removesuffix("\n...")


def parse_override(text: str) -> tuple[str, object]:
    """Return dotted path and value of a `--set` argument, `PATH=VALUE`.

    Raises
    ------
    ScenarioError
        When the argument has no such form, or its value is not YAML.
    """
    dotted, equals, value = text.partition("=")
    if not equals or not dotted.strip():
        raise ScenarioError(file="--set", key="", value=text, expected="expected PATH=VALUE")
    try:
        return dotted.strip(), _parse(value)
    except (yaml.YAMLError, ValueError) as error:
        raise ScenarioError(file="--set", key=dotted, value=value, expected="the value is not YAML") from error


def set_value(tree: Tree, dotted: str, value: object) -> None:
    """Change the key of a dotted path, making the sections above it where they are missing.

    Raises
    ------
    ScenarioError
        When a scalar or a list stands where the path needs a section.
    """
    node: Tree = tree
    parts = dotted.split(".")
    for depth, part in enumerate(parts[:-1]):
        below = node.setdefault(_key_of(node, part), {})
        if below is None:
            below = node[_key_of(node, part)] = {}
        if not isinstance(below, dict):
            raise ScenarioError(
                file="--set",
                key=dotted,
                value=value,
                expected=f"{'.'.join(parts[: depth + 1])} has no keys below it",
            )
        node = below
    # A copy: a later change of a key below must not reach into what the caller gave.
    node[_key_of(node, parts[-1])] = copy.deepcopy(value)


def keys_of(tree: Tree, location: Sequence[Key], *, keep_last: bool) -> list[str]:
    """Return the parts of a validation error's location that are keys of the file.

    The location also contains the tags of unions and the names of validators, which no user has written.

    Parameters
    ----------
    keep_last : bool
        Whether the last part is kept all the same: the location of a missing key ends with its name.
    """
    keys: list[str] = []
    node: object = tree
    for position, part in enumerate(location):
        inside = dict(enumerate(node)) if isinstance(node, list) else node
        if isinstance(inside, dict) and part in inside:
            node = inside[part]
        elif not (keep_last and position == len(location) - 1):
            continue
        keys.append(str(part))
    return keys


def _read(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        raise ScenarioError(file=str(file), key="", value=None, expected=f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ScenarioError(file=file.name, key="", value=None, expected="expected UTF-8 text") from error


def _merge(into: Tree, change: Mapping[Key, object]) -> None:
    """Change the keys of a tree; sections are merged key by key, all other values are replaced."""
    for key, value in change.items():
        known = into.get(key)
        # A section that changes its kind describes another thing: the keys of the old kind do not carry over.
        if (
            isinstance(value, dict)
            and isinstance(known, dict)
            and ("kind" not in value or value["kind"] == known.get("kind"))
        ):
            _merge(known, value)
        else:
            into[key] = copy.deepcopy(value)


def _key_of(node: Mapping[Key, object], part: str) -> Key:
    """Return the key that a part of a dotted path means: a number where the section has that number."""
    return int(part) if part.isdigit() and int(part) in node else part
