"""Move the sizes of a scenario one at a time, and count how often its claim holds at each value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from cascade.agents.account_checks import check_accounts
from cascade.errors import ScenarioError, unknown_name
from cascade.experiments.execution import HERE, Execution
from cascade.experiments.necessity.curves import SizeCurve, SizePoint, Sizes
from cascade.experiments.necessity.examine import claim_to_examine, read_outcome
from cascade.experiments.necessity.result import RunOutcome
from cascade.experiments.runs import Job, read_runs
from cascade.scenario.load import Scenario, vary
from cascade.scenario.model import Distribution, SizeSpec

__all__ = ["examine_sizes", "times"]

_MOST_DIGITS = 12
"""Significant digits of a product: more would be noise of the factor."""


@dataclass(frozen=True)
class _Place:
    """A value of a size whose runs are still to be made."""

    size: str
    at: Decimal
    settings: Mapping[str, object] = field(compare=False)


def examine_sizes(
    scenario: Scenario, *, seeds: int = 20, only: Sequence[str] = (), execution: Execution = HERE
) -> Sizes:
    """Run the scenario with many seeds at each value of each size, and at its own.

    A run whose accounts could not open is not made: its refusal is kept with the point. The runs of a seed stand on
    the positions that the scenario itself has with it.

    Parameters
    ----------
    scenario : Scenario
        A scenario with a section `necessity` that has sizes.
    seeds : int
        Seeds of each value, counted up from the scenario's own.
    only : sequence of str
        Names of the sizes to move; empty moves all.
    execution : Execution
        Where the runs are made.

    Raises
    ------
    ScenarioError
        When the scenario has no such section or no size of a name, when its claim is none of its expectations, or when
        a key of a size has no number.
    """
    claim = claim_to_examine(scenario)
    sizes = scenario.spec.require_necessity().sizes
    if not sizes:
        raise ScenarioError(file=scenario.file, key="necessity.sizes", value=None, expected="sizes to move")
    for name in only:
        if name not in sizes:
            raise ScenarioError(
                file=scenario.file,
                key="--size",
                value=name,
                expected=unknown_name("size", name, sizes, holder="necessity.sizes"),
            )
    chosen = {name: size for name, size in sizes.items() if not only or name in only}
    places = [place for name, size in chosen.items() for place in _places(scenario, name, size)]
    runs, refused = _jobs(scenario, places, seeds=seeds)
    found = read_runs([job for job, _ in runs], read_outcome, kind=RunOutcome, execution=execution)
    known = len(scenario.overrides)
    outcomes: dict[_Place | None, list[RunOutcome]] = {}
    for (job, made_for), outcome in zip(runs, found, strict=True):
        told = replace(outcome, changes=job.scenario.overrides[known:])
        outcomes.setdefault(made_for, []).append(told)
    own = tuple(outcomes[None])
    curves = []
    for name, size in chosen.items():
        points = [
            SizePoint(place.at, tuple(outcomes.get(place, ())), tuple(refused.get(place, ())))
            for place in places
            if place.size == name
        ]
        points.append(SizePoint(size.own, own, ()))
        curves.append(SizeCurve(name, size.what, size.own, tuple(sorted(points, key=lambda point: point.at))))
    return Sizes(scenario=scenario, claim=claim, own=own, curves=tuple(curves))


def _jobs(
    scenario: Scenario, places: Sequence[_Place], *, seeds: int
) -> tuple[list[tuple[Job, _Place | None]], dict[_Place, list[str]]]:
    """Return the runs of each seed, the scenario's own first, and why the others could not open."""
    runs: list[tuple[Job, _Place | None]] = []
    refused: dict[_Place, list[str]] = {}
    for seed in range(scenario.seed, scenario.seed + seeds):
        whole = vary(scenario, {"seed": seed})
        runs.append((Job(f"own sizes, seed {seed}", whole), None))
        for place in places:
            changed = vary(whole, place.settings)
            try:
                check_accounts(changed)
            except ScenarioError as error:
                refused.setdefault(place, []).append(str(error))
                continue
            runs.append((Job(f"{place.size} {place.at:f}, seed {seed}", changed, like=whole), place))
    return runs, refused


def _places(scenario: Scenario, name: str, size: SizeSpec) -> list[_Place]:
    """Return the values of a size but for its own."""
    if size.values:
        return [_Place(name, value.at, value.set) for value in size.values if value.at != size.own]
    stated = {key: _figure_at(scenario, key, size=name) for key in size.keys}
    return [
        _Place(name, factor, {key: times(figure, factor) for key, figure in stated.items()})
        for factor in size.factors
        if factor != size.own
    ]


def _figure_at(scenario: Scenario, key: str, *, size: str) -> int | Decimal | Distribution:
    node: object = scenario.spec
    for part in key.split("."):
        node = node.get(part) if isinstance(node, dict) else getattr(node, part, None)
    if isinstance(node, bool) or not isinstance(node, (int, Decimal, Distribution)):
        raise ScenarioError(
            file=scenario.file,
            key=f"necessity.sizes.{size}.keys",
            value=key,
            expected="expected keys of numbers or distributions",
        )
    return node


def times(figure: int | Decimal | Distribution, factor: Decimal) -> object:
    """Return a stated figure times a factor; whole numbers stay whole, and a distribution keeps its shape."""
    if not isinstance(figure, Distribution):
        product = figure * factor
        return round(product) if isinstance(figure, int) else _short(product)
    stated = {key: _short(value * factor) for key, value in figure.stated}
    is_whole = all(value == value.to_integral_value() for _, value in figure.stated)
    # A distribution of whole numbers is drawn in whole numbers, and must state them.
    kept = {key: Decimal(round(value)) for key, value in stated.items()} if is_whole else stated
    return {"kind": figure.kind, **kept, **({} if figure.sigma is None else {"sigma": figure.sigma})}


def _short(value: Decimal) -> Decimal:
    digits = _MOST_DIGITS - value.adjusted() - 1
    return round(value, digits) if value else value
