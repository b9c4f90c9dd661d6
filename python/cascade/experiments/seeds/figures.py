"""Figures of a summary by their dotted path, such as `deficit_usd` or `who_paid.lenders.loss_usd`."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

from cascade.analysis.summary import Summary
from cascade.errors import CascadeError, unknown_name

__all__ = ["NoSuchFigure", "figure_at", "require_figure", "unit_of"]


class NoSuchFigure(CascadeError, KeyError):
    """Raised when a path leads to no number of a summary."""

    def __str__(self) -> str:
        """Return the message as it is: a KeyError would put it into quotation marks."""
        return str(self.args[0])


def require_figure(path: str) -> None:
    """Refuse a path that leads to no number of any summary.

    Raises
    ------
    NoSuchFigure
        Naming the part of the path that is not there, and the nearest name.
    """
    kind: Any = Summary
    walked: list[str] = []
    for part in path.split("."):
        kind = _without_none(kind)
        where = ".".join(walked) or "the summary"
        if is_dataclass(kind):
            known = _hints(kind)  # type: ignore[arg-type]
            if part not in known:
                raise NoSuchFigure(f"{path}: {unknown_name('figure', part, known, holder=where)}")
            kind = known[part]
        elif get_origin(kind) is dict:
            # Names of assets, books and cohorts are those of a scenario: a run without one has no figure there.
            kind = get_args(kind)[1]
        else:
            raise NoSuchFigure(f"{path}: {where} is a figure itself and has no {part}")
        walked.append(part)
    if _without_none(kind) not in (int, float):
        raise NoSuchFigure(f"{path}: is no number: name one of the figures below it, as docs/SUMMARY.md lists them")


def figure_at(summary: Summary, path: str) -> float | None:
    """Return the figure at a path; None where the run does not have it."""
    node: Any = summary
    for part in path.split("."):
        if node is None:
            return None
        node = node.get(part) if isinstance(node, Mapping) else getattr(node, part)
    return None if node is None else float(node)


def unit_of(path: str) -> str:
    """Return the unit of a figure, by its name: `USD`, `USD each` for a price, `%`, or empty for a number."""
    first, _, _ = path.partition(".")
    if first == "trough":
        return "USD each"
    # A figure below a section in dollars is in dollars: `shortfall_usd.trough.oracle`.
    parts = path.split(".")
    if any(part.endswith("_usd") for part in parts):
        return "USD"
    return "%" if any(part.endswith("_pct") for part in parts) else ""


@cache
def _hints(kind: Any) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind)}


def _without_none(kind: Any) -> Any:
    if get_origin(kind) in (Union, types.UnionType):
        (kept,) = (one for one in get_args(kind) if one is not type(None))
        return kept
    return kind
