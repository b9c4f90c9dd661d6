"""Turn standard normal numbers into the keys of a scenario, by the distributions that its section `tail` states."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from scipy.special import ndtr

from cascade.errors import ScenarioError
from cascade.scenario.load import Scenario, vary
from cascade.scenario.model import DrawSpec, Fixed, TailSpec, Uniform

__all__ = ["require_tail", "value_of", "values_of"]

_DIGITS = 12
"""Significant digits of a drawn value: more would be noise of the conversion."""


def require_tail(scenario: Scenario) -> TailSpec:
    """Return what is random in the runs of a scenario.

    Raises
    ------
    ScenarioError
        When it states nothing, or draws a key that is not there or does not take the ends of its range.
    """
    tail = scenario.spec.tail
    if tail is None:
        raise ScenarioError(
            file=scenario.file,
            key="tail",
            value=None,
            expected="expected tail.draw with a distribution by key: docs/TAIL.md shows one",
        )
    for path, spec in tail.draw.items():
        if path == "seed" or path.partition(".")[0] == "tail":
            expected = "expected a key of the world: tail.seeds says whether seeds are drawn"
            raise ScenarioError(file=scenario.file, key="tail.draw", value=path, expected=expected)
        if spec.low is not None and spec.high is not None:
            for end in (spec.low, spec.high):
                vary(scenario, {path: _rounded(float(end), spec)})
    return tail


def values_of(draw: Mapping[str, DrawSpec], normals: Sequence[float]) -> dict[str, object]:
    """Return the values of random keys by dotted path, from a standard normal number for each."""
    return {path: value_of(spec, normal) for (path, spec), normal in zip(draw.items(), normals, strict=True)}


def value_of(spec: DrawSpec, normal: float) -> object:
    """Return the value of a key at a standard normal number: the greater the number, the greater the value."""
    shape = spec.shape
    if isinstance(shape, Fixed):
        return _rounded(float(shape.value), spec)
    low, high = float(shape.low), float(shape.high)
    if isinstance(shape, Uniform):
        return _rounded(low + (high - low) * float(ndtr(normal)), spec)
    return _rounded(min(max(float(shape.median) * math.exp(float(shape.sigma) * normal), low), high), spec)


def _rounded(value: float, spec: DrawSpec) -> object:
    return round(value) if spec.whole else float(f"{value:.{_DIGITS}g}")
