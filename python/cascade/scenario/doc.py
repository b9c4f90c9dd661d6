"""Write docs/SCENARIO.md from the model: every key, its type, its default, its meaning."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from decimal import Decimal
from enum import Enum

import pydantic
from pydantic.fields import FieldInfo

from cascade.scenario.model import AgentSpec, EventSpec, OracleSpec, ScenarioSpec, Venue

__all__ = ["render"]

_HEAD = """# Scenario keys

Generated from `python/cascade/scenario/model/` by `make docs`; do not edit.

A scenario is one YAML file. `extends: FILE` (not listed below) starts from another file, or from a shipped scenario by
its bare name (`extends: october-2025`), and changes the keys that are given; a section that changes its `kind` replaces
the old section entirely. `--set PATH=VALUE` changes one key by its dotted path, as in
`--set lending.reserves.USDe.ltv_bps=9000`. Percentages are integers in 1e-4 (`_bps`), amounts are numbers of whole
tokens or dollars, and times carry a time zone and are at a whole second. Unknown keys, numbers given as text and keys
given twice are refused. Numbers are decimal: `010`, `0x10` and `1:30`, which YAML 1.1 reads as 8, 16 and 90, are
refused. A file whose name ends in `.json` is read as JSON.

The price path is a CSV with the columns `time, asset, price, status, source` (the last two are optional); the times of
each asset must rise, and a line that starts with `#` is a comment. A row is a line: no cell may contain a line break.
Prices are interpolated linearly to the time of each block. Files in the layouts that exchanges, vendors and feeds write
are read as they are: [PRICES.md](PRICES.md).
"""

_KIND_MEANING = "which of the kinds this section is"

_FAMILIES = {
    "price source": typing.get_args(typing.get_args(OracleSpec)[0]),
    "venue": typing.get_args(typing.get_args(Venue)[0]),
    "agent": typing.get_args(typing.get_args(AgentSpec)[0]),
    "event": typing.get_args(typing.get_args(EventSpec)[0]),
}
"""Unions of kinds that have a list of their own in the document, by what one member is called."""


def render() -> str:
    """Return the whole document: one section per model, in the order in which the models refer to each other."""
    sections = [_HEAD]
    seen: set[type[pydantic.BaseModel]] = set()
    waiting: list[type[pydantic.BaseModel]] = [ScenarioSpec]
    while waiting:
        model = waiting.pop(0)
        # Models refer to each other, and sources contain sources: each is described once.
        if model in seen:
            continue
        seen.add(model)
        sections.append(_section(model))
        for field in model.model_fields.values():
            waiting += list(_models_in(field.annotation))
    return "\n".join([*sections, *(_family_section(name, kinds) for name, kinds in _FAMILIES.items())])


def _family_section(name: str, kinds: tuple[type[pydantic.BaseModel], ...]) -> str:
    """Return the list of the kinds of a union."""
    lines = [f"## {name.capitalize()}s\n", "| kind | section |", "|---|---|"]
    lines += [f"| {_name(kind.model_fields['kind'].annotation)} | {_name(kind)} |" for kind in kinds]
    return "\n".join(lines) + "\n"


def _section(model: type[pydantic.BaseModel]) -> str:
    name = model.__name__.removesuffix("Spec")
    about = " ".join((model.__doc__ or "").split())
    lines = [f"## {name}\n", f"{about}\n", "| key | type | default | meaning |", "|---|---|---|---|"]
    for key, field in model.model_fields.items():
        described = field.description or (_KIND_MEANING if key == "kind" else "")
        meaning = " ".join(described.split()).replace("|", "\\|")
        lines.append(f"| `{key}` | {_type(field)} | {_default(field)} | {meaning} |")
    return "\n".join(lines) + "\n"


def _models_in(annotation: object) -> Iterator[type[pydantic.BaseModel]]:
    """Yield the models that a type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _models_in(argument)


def _type(field: FieldInfo) -> str:
    """Return the type of a field in words, with its bounds."""
    bounds = []
    for constraint in field.metadata:
        for sign, name in ((">=", "ge"), (">", "gt"), ("<=", "le"), ("<", "lt")):
            bound = getattr(constraint, name, None)
            if bound is not None:
                bounds.append(f"{sign} {bound}")
    return _name(field.annotation) + (f", {', '.join(bounds)}" if bounds else "")


def _name(annotation: object) -> str:
    """Return a type in words."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _name(arguments[0])
    if origin is typing.Literal:
        return " or ".join(f"`{value}`" for value in arguments)
    if origin in (typing.Union, types.UnionType):
        # The largest unions have a dozen members and stand in many rows: a link to their list replaces them.
        for family, kinds in _FAMILIES.items():
            if arguments == kinds:
                return f"any [{family}](#{family.replace(' ', '-')}s)"
        named = [_name(argument) for argument in arguments if argument is not types.NoneType]
        return " or ".join(named) + (", or null" if types.NoneType in arguments else "")
    if origin is list:
        return f"list of {_name(arguments[0])}"
    if origin is dict:
        return f"map of {_name(arguments[0])} to {_name(arguments[1])}"
    if isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        section = annotation.__name__.removesuffix("Spec")
        return f"[{section}](#{section.lower()})"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " or ".join(f"`{member.value}`" for member in annotation)
    named_types: dict[object, str] = {
        str: "text",
        int: "integer",
        bool: "true or false",
        Decimal: "number",
        object: "any value",
    }
    return named_types.get(annotation, getattr(annotation, "__name__", str(annotation)))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default is None:
        return "null"
    if isinstance(field.default, pydantic.BaseModel):
        return "the defaults of its keys"
    if isinstance(field.default, Enum):
        return f"`{field.default.value}`"
    if field.default in ({}, [], ""):
        return "empty"
    return f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"
