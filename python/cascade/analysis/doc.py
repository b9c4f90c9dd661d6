"""Write docs/SUMMARY.md from the dataclasses of the summary: every figure, its type and its definition."""

from __future__ import annotations

import ast
import inspect
import types
import typing
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from itertools import pairwise

from pydantic.fields import FieldInfo

from cascade.analysis.summary import Summary

__all__ = ["render"]

_HEAD = """# Figures of a run

Generated from the dataclasses of `python/cascade/analysis/` by `make docs`; do not edit.

`summary.json` in the folder of a run holds these figures, and `run.summary` in Python has them as attributes. All are
computed from the tables ([TABLES.md](TABLES.md)). Names that end in `_usd` are dollars, those in `_pct` per cent. Times
are texts in UTC. Sums are made in exact integers of 1e-8 dollars and become floats once. A figure that could not be
determined is null, never 0.
"""


def render() -> str:
    """Return the whole document: one section per class, in the order in which the classes refer to each other."""
    sections = [_HEAD]
    seen: set[type] = set()
    waiting: list[type] = [Summary]
    while waiting:
        kind = waiting.pop(0)
        if kind in seen:
            continue
        seen.add(kind)
        sections.append(_section(kind))
        for annotation in typing.get_type_hints(kind).values():
            waiting += _classes_in(annotation)
    return "\n".join(sections)


def _section(kind: type) -> str:
    meanings = _meanings(kind)
    hints = typing.get_type_hints(kind, include_extras=True)
    lines = [
        f"## {kind.__name__}",
        "",
        inspect.cleandoc(kind.__doc__ or ""),
        "",
        "| key | type | meaning |",
        "|---|---|---|",
    ]
    for name, annotation in hints.items():
        lines.append(f"| `{_key_of(name, annotation)}` | {_type_name(annotation)} | {meanings[name]} |")
    return "\n".join([*lines, ""])


def _key_of(name: str, annotation: object) -> str:
    """Return the key of an attribute in `summary.json`, which differs where Python reserves the word."""
    for extra in getattr(annotation, "__metadata__", ()):
        if isinstance(extra, FieldInfo) and extra.alias is not None:
            return extra.alias
    return name


@cache
def _meanings(kind: type) -> dict[str, str]:
    """Return the docstring below each attribute of a class and of its bases, which Python itself does not keep."""
    found: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if not is_dataclass(base):
            continue
        tree = ast.parse(inspect.getsource(base)).body[0]
        body = tree.body if isinstance(tree, ast.ClassDef) else []
        for statement, following in pairwise(body):
            match statement, following:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str() as text)):
                    found[name] = " ".join(text.split())
    missing = {field.name for field in fields(kind)} - set(found)
    if missing:
        raise TypeError(f"{kind.__name__}: {', '.join(sorted(missing))}: expected a docstring below each figure")
    return found


def _classes_in(annotation: object) -> Iterator[type]:
    if isinstance(annotation, type) and is_dataclass(annotation):
        yield annotation
    for inner in typing.get_args(annotation):
        yield from _classes_in(inner)


def _type_name(annotation: object) -> str:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _type_name(arguments[0])
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_type_name(argument) for argument in arguments)
    if origin is dict:
        return f"{_type_name(arguments[1])} by name".replace("by name by name", "by two names")
    if origin is list:
        return f"list of {_type_name(arguments[0])}"
    if annotation is type(None):
        return "null"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(f"`{member.value}`" for member in annotation)
    if isinstance(annotation, type) and is_dataclass(annotation):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    return {int: "integer", float: "number", str: "text", bool: "true or false"}[typing.cast(type, annotation)]
