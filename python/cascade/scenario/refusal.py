"""Turn the first fault that validation finds in a scenario into one line, which names what was probably meant."""

from __future__ import annotations

import types
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated, Literal, Union, get_args, get_origin

import pydantic

from cascade.errors import ScenarioError, unknown_name
from cascade.scenario.model import DRAWN, Distribution
from cascade.scenario.tree import Tree, keys_of

__all__ = ["refusal_of"]

_KINDS = "kind"


def refusal_of(
    error: pydantic.ValidationError, tree: Tree, *, file: str, model: type[pydantic.BaseModel]
) -> ScenarioError:
    """Return the refusal of a tree of keys that does not fit a model.

    The first fault is enough: others often follow from it.

    Parameters
    ----------
    tree : Tree
        The tree that was validated.
    file : str
        Name of its file, for the message.
    model : class
        The model that it was validated against.
    """
    first = error.errors()[0]
    kind, location = first["type"], first["loc"]
    key = ".".join(keys_of(tree, location, keep_last=kind == "missing"))
    value = None if kind == "missing" or isinstance(first["input"], dict) else first["input"]
    message = first["msg"].removeprefix("Value error, ")
    if kind == "extra_forbidden":
        message = unknown_name("key", str(location[-1]), _keys_at(model, location[:-1]))
    elif kind == "union_tag_invalid":
        key, value = f"{key}.{_KINDS}", first["ctx"]["tag"]
        known = [name.strip("' ") for name in str(first["ctx"]["expected_tags"]).split(",")]
        message = unknown_name("kind", str(value), known)
    elif kind == "union_tag_not_found":
        key, value, message = f"{key}.{_KINDS}", None, "is missing"
    return ScenarioError(file=file, key=key, value=value, expected=message)


def _keys_at(model: type[pydantic.BaseModel], location: Sequence[int | str]) -> list[str]:
    """Return the keys that a section may have, by the location of the section in a validation error."""
    found: list[object] = [model]
    for part in location:
        found = [inside for annotation in found for inside in _inside(annotation, part)]
    keys = [key for annotation in found for key in getattr(annotation, "model_fields", {})]
    return list(dict.fromkeys(keys))


def _inside(annotation: object, part: int | str) -> Iterator[object]:
    """Yield the types that a part of a location leads to: a field, an entry, or a kind of a union."""
    if get_origin(annotation) is dict:
        yield from _members(get_args(annotation)[1])
    elif get_origin(annotation) is list:
        yield from _members(get_args(annotation)[0])
    elif isinstance(annotation, type) and issubclass(annotation, pydantic.BaseModel):
        if _is_kind(annotation, part) or (annotation is Distribution and part == DRAWN):
            # A union of kinds adds the kind to the location, after the key of the entry.
            yield annotation
        elif part in annotation.model_fields:
            yield from _members(annotation.model_fields[str(part)].annotation)


def _members(annotation: object) -> Iterator[object]:
    """Yield the types that an annotation stands for: the members of a union, without what else is said of them."""
    origin = get_origin(annotation)
    if origin is Annotated:
        yield from _members(get_args(annotation)[0])
    elif origin in (Union, types.UnionType):
        for member in get_args(annotation):
            yield from _members(member)
    else:
        yield annotation


def _is_kind(annotation: type[pydantic.BaseModel], part: int | str) -> bool:
    field = annotation.model_fields.get(_KINDS)
    kinds: Iterable[object] = get_args(field.annotation) if field and get_origin(field.annotation) is Literal else ()
    return part in kinds
