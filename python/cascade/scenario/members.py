"""Draw the figures of each member of an agent entry, where the entry states a distribution in place of a figure.

Each figure of each member comes from a stream of its own. One more member, or one more figure that is drawn, therefore
changes no other draw.
"""

from __future__ import annotations

import typing
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

import pydantic

from cascade.scenario.accounts import accounts_of, numbered
from cascade.scenario.model import AgentBase, DifferingAgent, Distribution, Sections
from cascade.scenario.streams import draw, stream

__all__ = ["DrawnFigure", "drawn_figures", "members_of"]

_DECIMALS = 8
"""Most decimals of a drawn figure; fewer where the asset that it counts has fewer."""

_KEPT = (Distribution, Distribution | None)
"""Types of keys that are always distributions: the agents of such a kind draw these figures themselves."""

Kind = TypeVar("Kind", bound=AgentBase)
_Model = TypeVar("_Model", bound=pydantic.BaseModel)


@dataclass(frozen=True)
class DrawnFigure:
    """One figure of one member.

    Attributes
    ----------
    entry, member : str
        Entry of the scenario's agents, and account of the member.
    key : str
        Dotted path of the figure below the entry.
    value : Decimal
        What was drawn, in the unit of the key.
    """

    entry: str
    member: str
    key: str
    value: Decimal


def members_of(name: str, spec: Kind, sections: Sections, *, seed: int) -> list[tuple[str, Kind]]:
    """Return each account of an entry with its own parameters, in which no figure is left to be drawn.

    An entry without such a distribution is returned as it is, once for each account. The accounts of a stop are those
    of the positions that it acts for.

    Parameters
    ----------
    name : str
        Name of the entry.
    sections : Sections
        The scenario, which knows the decimals of assets.
    seed : int
        Seed of the run.
    """
    found = []
    for member in _members(name, spec, sections):
        drawn = {figure.key: figure.value for figure in _figures(name, member, spec, sections, seed=seed)}
        found.append((member, _with_figures(spec, drawn, "") if drawn else spec))
    return found


def drawn_figures(sections: Sections, *, seed: int) -> Iterator[DrawnFigure]:
    """Yield every figure that is drawn for a member of an agent entry, in the order of the entries and members."""
    for name, spec in sections.agents.items():
        for member in _members(name, spec, sections):
            yield from _figures(name, member, spec, sections, seed=seed)


def _members(name: str, spec: AgentBase, sections: Sections) -> list[str]:
    """Return the accounts that figures are drawn for: those of the entry, or of the cohort that it acts for."""
    if spec.acts_for is not None:
        return numbered(spec.acts_for, sections.cohorts[spec.acts_for].count)
    return accounts_of(name, spec, sections)


def _figures(name: str, member: str, spec: AgentBase, sections: Sections, *, seed: int) -> Iterator[DrawnFigure]:
    found = list(_distributions(spec, ""))
    if not found:
        return
    diversity = spec.diversity if isinstance(spec, DifferingAgent) else Decimal(1)
    stated = [(amount.key, sections.assets[amount.asset].decimals) for amount in spec.amounts(sections)]
    for key, distribution, is_whole in found:
        counted = [decimals for path, decimals in stated if path.startswith(f"{key}.")]
        decimals = 0 if is_whole else min([_DECIMALS, *counted])
        # Named after the member and the key: neither another member nor another key changes the draw.
        (value,) = draw(distribution, 1, stream(seed, f"agents/{name}/{member}/{key}"))
        middle = distribution.middle
        exact = middle + diversity * (Decimal(repr(value)) - middle)
        # Rounded figures stay within the bounds, which are in whole units themselves.
        rounded = min(max(round(exact, decimals), distribution.lowest), distribution.highest)
        yield DrawnFigure(name, member, key, rounded)


def _distributions(model: pydantic.BaseModel, path: str) -> Iterator[tuple[str, Distribution, bool]]:
    """Yield path, distribution, and whether it draws whole numbers, of every figure that is drawn for a member."""
    for key, field in type(model).model_fields.items():
        if field.annotation in _KEPT:
            continue
        value = getattr(model, key)
        inside = value.items() if isinstance(value, dict) else [(None, value)]
        for name, part in inside:
            here = f"{path}{key}" if name is None else f"{path}{key}.{name}"
            if isinstance(part, Distribution):
                yield here, part, int in _types_in(field.annotation)
            elif isinstance(part, pydantic.BaseModel):
                yield from _distributions(part, f"{here}.")


def _with_figures(model: _Model, drawn: dict[str, Decimal], path: str) -> _Model:
    """Return a model with drawn figures in place of its distributions."""
    changes: dict[str, object] = {}
    for key, field in type(model).model_fields.items():
        value = getattr(model, key)
        is_whole = int in _types_in(field.annotation)
        if isinstance(value, dict):
            changes[key] = {name: _part(part, drawn, f"{path}{key}.{name}", is_whole) for name, part in value.items()}
        else:
            changes[key] = _part(value, drawn, f"{path}{key}", is_whole)
    return model.model_copy(update=changes)


def _part(value: object, drawn: dict[str, Decimal], path: str, is_whole: bool) -> object:
    if path in drawn:
        return int(drawn[path]) if is_whole else drawn[path]
    return _with_figures(value, drawn, f"{path}.") if isinstance(value, pydantic.BaseModel) else value


def _types_in(annotation: object) -> set[object]:
    """Return the types that an annotation is made of."""
    inside = typing.get_args(annotation)
    return {annotation} if not inside else {found for argument in inside for found in _types_in(argument)}
