"""The tree of keys that a YAML file holds: reading it strictly, merging two of them, and changing a key by its path."""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from pathlib import Path
from typing import NoReturn, TypeAlias

import numpy as np
import pandas as pd
import yaml

from cascade.errors import ScenarioError
from cascade.scenario.shipped import scenario_file
from cascade.toolchain.text_files import read_text

__all__ = [
    "Key",
    "Tree",
    "dump_tree",
    "keys_of",
    "merge",
    "parse_override",
    "parse_tree",
    "read_layers",
    "set_value",
    "shown",
]

Key: TypeAlias = str | int
"""A key of a mapping; efficiency modes are numbered."""

Tree: TypeAlias = dict[Key, object]
"""A section: each value is another section, a list, or a scalar of YAML."""

_MAX_EXTENDS = 8
_PATHS = ("prices.path", "prices.sources.*.file", "lending.listing.file", "positions.*.file")
"""Keys whose values are paths, which start from the folder of the file that states them."""
_CONTRACTS = ("contract", "strategy")
"""Keys of contracts of the user's own, wherever they stand; their key `source` is a path."""
_MOST_BYTES = 16_000_000
_MOST_NESTING = 200
"""Sections and lists inside each other; a scenario needs fewer than ten."""
_MOST_VALUES = 1_000_000
"""Values of a file with its aliases written out; nested aliases can stand for billions of them."""

_INT, _FLOAT, _MERGE = "tag:yaml.org,2002:int", "tag:yaml.org,2002:float", "tag:yaml.org,2002:merge"
_OTHER_NUMBER = "!number-that-is-not-decimal"

_DECIMAL_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9_]*)$")
_DECIMAL_FRACTION = re.compile(
    r"""[-+]?([0-9][0-9_]*\.[0-9_]*([eE][-+]?[0-9]+)?
            |\.[0-9][0-9_]*([eE][-+]?[0-9]+)?
            |[0-9][0-9_]*[eE][-+]?[0-9]+
            |\.(inf|Inf|INF|nan|NaN|NAN))$""",
    re.VERBOSE,
)
_YAML_1_1_NUMBER = re.compile(
    r"""[-+]?(0[0-9_]+|0x[0-9a-fA-F_]+|0o[0-7_]+|0b[01_]+
            |[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?)$""",
    re.VERBOSE,
)


class _StrictLoader(yaml.SafeLoader):
    """YAML in which numbers are decimal, and a key that is given twice is an error.

    YAML 1.1 has octal, hexadecimal, binary and sexagesimal numbers: it reads `010` as 8 and `1:30` as 90, and it takes
    `1e-7` for text. YAML 1.2 and JSON read these otherwise. Here `1e-7` is a number and the others are refused.
    """

    # The resolvers are shared with every user of PyYAML in the process unless they are copied.
    yaml_implicit_resolvers = {  # noqa: RUF012 (PyYAML reads this attribute of the class)
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in (_INT, _FLOAT)]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }
    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose a node, and refuse one that is nested deeper than any scenario: the composer recurses."""
        # Counted, not left to a RecursionError: libraries raise Python's limit, and then anything may happen first.
        self._depth += 1
        if self._depth > _MOST_NESTING:
            raise yaml.YAMLError("is nested too deeply")
        node: yaml.Node | None = super().compose_node(parent, index)
        self._depth -= 1
        return node


_StrictLoader.add_implicit_resolver(_INT, _DECIMAL_INTEGER, list("-+0123456789"))
_StrictLoader.add_implicit_resolver(_FLOAT, _DECIMAL_FRACTION, list("-+0123456789."))
_StrictLoader.add_implicit_resolver(_OTHER_NUMBER, _YAML_1_1_NUMBER, list("-+0123456789"))


def _refuse_other_number(_: yaml.SafeLoader, node: yaml.ScalarNode) -> NoReturn:
    """Refuse a number that is not decimal, and say what YAML 1.1 makes of it."""
    text = str(node.value)
    meaning = yaml.safe_load(text)
    reading = f"YAML reads {meaning}" if not isinstance(meaning, str) else "YAML reads a text"
    raise _fault(f"{text} is not a decimal number ({reading}): write decimal digits, or quotes around a text", node)


def _decimal_integer(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    if not _DECIMAL_INTEGER.match(node.value):  # `!!int 010`
        _refuse_other_number(loader, node)
    return int(node.value.replace("_", ""))


def _mapping(loader: yaml.SafeLoader, node: yaml.MappingNode) -> Tree:
    found: Tree = {}
    for key_node, value_node in node.value:
        if key_node.tag == _MERGE:
            raise _fault("a merge key (<<) is not read: use `extends`, or repeat the keys", key_node)
        key = loader.construct_object(key_node, deep=True)
        if not isinstance(key, (str, int)) or isinstance(key, bool):
            raise _fault(f"key {key!r} is neither text nor an integer", key_node)
        if key in found:
            raise _fault(f"{key!r} is given twice", key_node)
        found[key] = loader.construct_object(value_node, deep=True)
    return found


def _fault(problem: str, node: yaml.Node) -> yaml.constructor.ConstructorError:
    return yaml.constructor.ConstructorError(None, None, problem, node.start_mark)


_StrictLoader.add_constructor(_OTHER_NUMBER, _refuse_other_number)
_StrictLoader.add_constructor(_INT, _decimal_integer)
_StrictLoader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


class _StrictDumper(yaml.SafeDumper):
    """Writes what `_StrictLoader` reads: a text that looks like a number of either gets quotes."""

    yaml_implicit_resolvers = _StrictLoader.yaml_implicit_resolvers


def _parse(text: str) -> object:
    """Return the value that a YAML document holds.

    Raises
    ------
    yaml.YAMLError
        When it holds none, or one that stands for more than a million values.
    """
    try:
        found: object = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 (a SafeLoader subclass)
        if _size(found, {}) > _MOST_VALUES:
            raise yaml.YAMLError(f"expected at most {_MOST_VALUES:,} values, with aliases (*name) written out")
    except RecursionError as error:
        raise yaml.YAMLError("is nested too deeply") from error
    except ValueError as error:
        # PyYAML passes on what the constructors of Python say, as for the date 2025-13-40.
        raise yaml.YAMLError(str(error)) from error
    return found


@lru_cache(maxsize=16)
def _parsed(text: str) -> object:
    """Return the value of a YAML document: the runs of an experiment read one text again and again."""
    return _parse(text)


def _size(value: object, known: dict[int, int]) -> int:
    """Return how many values a value holds. An alias shares the object of its anchor, which is counted once only."""
    if not isinstance(value, (dict, list)):
        return 1
    if id(value) not in known:
        known[id(value)] = _MOST_VALUES + 1  # an alias inside its own anchor never ends
        inside = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_size(entry, known) for entry in inside)
    return known[id(value)]


def _parse_json(text: str) -> object:
    """Return the value of a JSON document, as strictly as a YAML one."""

    def unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) < len(pairs):
            twice = next(
                key for place, (key, _) in enumerate(pairs) if key in [earlier for earlier, _ in pairs[:place]]
            )
            raise yaml.YAMLError(f"{twice!r} is given twice")
        return found

    # Counted, as for YAML: where a library raises Python's limit, the stack of the parser overflows before it.
    if _nesting(text) > _MOST_NESTING:
        raise yaml.YAMLError("is nested too deeply")
    try:
        found: object = json.loads(text, object_pairs_hook=unique)
    except json.JSONDecodeError as error:
        raise yaml.YAMLError(f"expected JSON: {error}") from error
    return found


def _nesting(text: str) -> int:
    """Return how deeply brackets are nested in a JSON text, outside its strings."""
    deepest = depth = 0
    for bracket in re.findall(r'"(?:\\.|[^"\\])*"|[\[\]{}]', text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(bracket, 0)
        deepest = max(deepest, depth)
    return deepest


def parse_tree(text: str, *, file: str, as_json: bool = False) -> Tree:
    """Return the mapping that a YAML document holds.

    Parameters
    ----------
    file : str
        Name of the file, for messages.
    as_json : bool
        Whether the document is JSON.

    Raises
    ------
    ScenarioError
        Naming the file and the line, when the text is not YAML or not a mapping.
    """
    try:
        # A copy, because whoever asks for a tree changes it.
        tree = _parse_json(text) if as_json else copy.deepcopy(_parsed(text))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        where = f"line {mark.line + 1}" if mark is not None else ""
        raise ScenarioError(file=file, key=where, value=None, expected=problem) from error
    if not isinstance(tree, dict):
        raise ScenarioError(file=file, key="", value=None, expected="expected a mapping of keys to values")
    return tree


def read_layers(file: Path) -> list[tuple[Path, Tree]]:
    """Return the keys of a file and of the files that it extends, each with its path, the root first.

    Raises
    ------
    ScenarioError
        When a file cannot be read, or extends itself.
    """
    chain: list[tuple[Path, Tree]] = []
    current = file
    while True:
        if len(chain) == _MAX_EXTENDS:
            raise ScenarioError(
                file=file.name,
                key="extends",
                value=current.name,
                expected=f"extends itself, or more than {_MAX_EXTENDS} files deep",
            )
        text = read_text(current, name=current.name, most_bytes=_MOST_BYTES)
        tree = parse_tree(text, file=current.name, as_json=current.suffix == ".json")
        parent = tree.pop("extends", None)
        if parent is not None and not isinstance(parent, str):
            raise ScenarioError(
                file=current.name, key="extends", value=parent, expected="expected a file or the name of a shipped one"
            )
        if current.parent != file.parent:
            _anchor(tree, current.parent)
            _anchor_contracts(tree, current.parent, seen_from=file.parent)
        chain.append((current, tree))
        if parent is None:
            break
        current = scenario_file(parent, beside=current.parent, file=current.name, key="extends")
    # The root first, so that each file changes what the files that it extends have set.
    return chain[::-1]


def _anchor(tree: Tree, folder: Path) -> None:
    """Make the paths of a file that stands in another folder than the one that extends it independent of both."""
    for dotted in _PATHS:
        *above, last = dotted.split(".")
        nodes: list[object] = [tree]
        for part in above:
            sections = [node for node in nodes if isinstance(node, dict)]
            nodes = [below for node in sections for below in (node.values() if part == "*" else [node.get(part)])]
        for node in nodes:
            if isinstance(node, dict) and isinstance(node.get(last), str):
                node[last] = str((folder / node[last]).absolute())


def _anchor_contracts(node: object, folder: Path, *, seen_from: Path) -> None:
    """Make the paths of contracts relative to the folder of the file that is run: they are part of a run's identity."""
    for key, below in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        if key in _CONTRACTS and isinstance(below, dict) and isinstance(below.get("source"), str):
            below["source"] = Path(os.path.relpath(folder / below["source"], seen_from)).as_posix()
        else:
            _anchor_contracts(below, folder, seen_from=seen_from)


def dump_tree(tree: Tree) -> str:
    """Return a tree as one YAML document, its keys in their order."""
    return str(yaml.dump(tree, Dumper=_StrictDumper, sort_keys=False))


def shown(value: object) -> str:
    """Return a value as YAML in one line, as in `--set PATH=VALUE`; scalars of numpy and pandas as Python's own."""
    # A width that no line reaches: YAML folds longer lines.
    text = str(
        yaml.dump(_plain(value, ""), Dumper=_StrictDumper, default_flow_style=True, sort_keys=False, width=10**6)
    )
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
    except yaml.YAMLError as error:
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise ScenarioError(
            file="--set", key=dotted, value=value, expected=f"the value is not YAML: {problem}"
        ) from error


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
    node[_key_of(node, parts[-1])] = _plain(value, dotted)


def _plain(value: object, dotted: str) -> object:
    """Return a value from Python as YAML has it: numpy's and pandas' scalars as Python's own, tuples as lists.

    Raises
    ------
    ScenarioError
        When YAML has nothing like it.
    """
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, pd.Timestamp):
        if value.nanosecond:
            raise ScenarioError(file="--set", key=dotted, value=value, expected="expected whole seconds")
        return value.to_pydatetime()
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, Decimal):
        whole = value.is_finite() and value == value.to_integral_value()
        # A float that reads back as the same decimal loses nothing: `exact_decimal` takes its shortest form.
        if not whole and Decimal(repr(float(value))) != value:
            expected = "expected a decimal of at most 15 digits: YAML has no longer ones"
            raise ScenarioError(file="--set", key=dotted, value=value, expected=expected)
        return int(value) if whole else float(value)
    if isinstance(value, Mapping):
        return {_plain_key(key, dotted): _plain(inner, dotted) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(inner, dotted) for inner in value]
    if value is None or isinstance(value, (str, bool, int, float, date)):
        return value
    if isinstance(value, Path):
        return str(value)
    raise ScenarioError(file="--set", key=dotted, value=value, expected="expected a value as YAML has it")


def _plain_key(key: object, dotted: str) -> Key:
    if isinstance(key, np.integer):
        return int(key)
    if isinstance(key, str) or (isinstance(key, int) and not isinstance(key, bool)):
        return key
    raise ScenarioError(file="--set", key=dotted, value=key, expected="expected keys that are texts or integers")


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


def merge(into: Tree, change: Mapping[Key, object]) -> None:
    """Change the keys of a tree; sections are merged key by key, all other values are replaced."""
    for key, value in change.items():
        known = into.get(key)
        # A section that changes its kind describes another thing: the keys of the old kind do not carry over.
        if (
            isinstance(value, dict)
            and isinstance(known, dict)
            and ("kind" not in value or value["kind"] == known.get("kind"))
        ):
            merge(known, value)
        else:
            into[key] = copy.deepcopy(value)


def _key_of(node: Mapping[Key, object], part: str) -> Key:
    """Return the key that a part of a dotted path means: a number where the section has that number."""
    return int(part) if part.isdigit() and int(part) in node else part
