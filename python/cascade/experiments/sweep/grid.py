"""The file of a sweep: which scenario, which keys vary over which values, and over which seeds."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

import pydantic
from pydantic import BeforeValidator, Field, model_validator
from scipy.stats import qmc

from cascade.errors import CascadeError
from cascade.experiments.sweep.salib import salib_shares
from cascade.scenario.model.common import Name, Spec, exact_decimal
from cascade.scenario.refusal import refusal_of
from cascade.scenario.tree import parse_tree
from cascade.toolchain.text_files import read_text

__all__ = ["Grid", "GridTooLarge", "Point", "SweepSpec", "points_of", "read_grid", "shares_of", "size_of"]

_MOST_BYTES = 2**20
_MOST_RUNS = 1_000_000
"""Runs that a sweep makes without being told that so many are meant."""
_DIGITS = 12
"""Significant digits of a value that is drawn: more would be noise of the conversion."""

Number = Annotated[Decimal, BeforeValidator(exact_decimal)]


class GridTooLarge(CascadeError, ValueError):
    """Raised when a grid has more runs than anyone makes by mistake."""


class StepsSpec(Spec):
    """Values at equal distances."""

    first: Number
    """First value."""
    last: Number
    """Last value."""
    steps: Annotated[int, Field(ge=2, le=10_000)]
    """Number of values, both ends included."""

    def values(self) -> list[object]:
        """Return the values: whole numbers where both ends and the distance are whole."""
        distance = (self.last - self.first) / (self.steps - 1)
        return [_plain(self.first + distance * number) for number in range(self.steps)]


class RangeSpec(Spec):
    """A range that a sample draws from."""

    low: Number
    """Smallest value."""
    high: Number
    """Largest value."""
    whole: bool = False
    """Whether values are rounded to whole numbers, as keys in 1e-4 and counts need them."""

    @model_validator(mode="after")
    def _require_order(self) -> RangeSpec:
        if self.low >= self.high:
            raise ValueError("expected low below high")
        return self

    def at(self, share: float) -> object:
        """Return the value at a share of the range."""
        value = self.low + (self.high - self.low) * Decimal(repr(share))
        return int(value.to_integral_value()) if self.whole else _plain(round(value, _DIGITS))


class SampleSpec(Spec):
    """Points drawn from ranges, in place of a grid."""

    method: Literal["sobol", "latin-hypercube", "morris", "saltelli"]
    """How they are drawn: by SciPy, a scrambled Sobol sequence or a Latin hypercube, which fill the ranges evenly; by
    SALib, `morris`, whose trajectories change one key at a time and screen which keys matter at all, or `saltelli`,
    which measures what share of a figure's variance each key decides."""
    size: Annotated[int, Field(ge=1, le=_MOST_RUNS)] | None = None
    """Number of points; for saltelli a power of 2, of which there are then as many as keys and two more."""
    trajectories: Annotated[int, Field(ge=2, le=_MOST_RUNS)] | None = None
    """Number of trajectories of morris; each has one point more than there are keys."""
    levels: Annotated[int, Field(ge=2, le=1_000, multiple_of=2)] = 4
    """Number of values of each key in morris, an even one."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 0
    """Seed of the draw."""

    @model_validator(mode="after")
    def _require_fitting_size(self) -> SampleSpec:
        needs, other = ("trajectories", "size") if self.method == "morris" else ("size", "trajectories")
        if getattr(self, needs) is None or getattr(self, other) is not None:
            raise ValueError(f"method {self.method} needs {needs}, and takes no {other}")
        if self.method == "saltelli" and self.size is not None and self.size & (self.size - 1):
            raise ValueError(f"method saltelli needs a power of 2 as size, not {self.size}")
        return self

    def points(self, keys: int) -> int:
        """Return the number of points over so many keys."""
        if self.trajectories is not None:
            return self.trajectories * (keys + 1)
        size = self.size or 0
        return size * (keys + 2) if self.method == "saltelli" else size


class CertificateSpec(Spec):
    """Runs that are made on anvil as well, where the sweep runs in process."""

    share: Annotated[Number, Field(ge=0, le=1)] = Decimal("0.01")
    """Share of the runs, drawn by lot."""
    least: Annotated[int, Field(ge=0)] = 3
    """Number of runs at the least; 0 with a share of 0 makes none."""


class SweepSpec(Spec):
    """A whole sweep."""

    scenario: Annotated[str, Field(min_length=1)]
    """File beside this one, or name of a shipped scenario."""
    name: Name | None = None
    """Name of the sweep; null takes that of the file."""
    base: dict[str, object] = {}
    """Keys that are set in every run, by dotted path."""
    vary: Annotated[dict[str, list[object] | StepsSpec | RangeSpec], Field(min_length=1)]
    """Values by the dotted path of the key that they replace: a list, `first`, `last` and `steps`, or, for a sample, a
    range of `low` and `high`."""
    sample: SampleSpec | None = None
    """Draws points from the ranges; null makes every combination of the values."""
    seeds: Annotated[int, Field(ge=1)] | Annotated[list[int], Field(min_length=1)] = 1
    """Number of seeds counted up from the scenario's own, or the seeds."""
    positions: Literal["own", "baseline"] = "own"
    """Whether each run builds its own positions, or stands on those of the scenario as `base` sets it, with its lending
    lines applied before the crash, as `cascade compare` does."""
    outcomes: list[str] = []
    """Further figures of the summary that rows have, by dotted path."""
    certificate: CertificateSpec = CertificateSpec()
    """Runs that are made on anvil as well."""

    @model_validator(mode="after")
    def _require_fitting_values(self) -> SweepSpec:
        for path, values in self.vary.items():
            if isinstance(values, list) and not values:
                raise ValueError(f"vary.{path}: expected at least one value")
            if isinstance(values, RangeSpec) and self.sample is None:
                raise ValueError(
                    f"vary.{path}: a range of low and high needs sample: expected a list, or first, last, steps"
                )
        if isinstance(self.seeds, list) and len(set(self.seeds)) < len(self.seeds):
            raise ValueError("seeds: expected each seed once")
        return self


Point = Mapping[str, object]
"""Values by dotted path."""


class Grid:
    """A sweep's file, checked.

    Attributes
    ----------
    file : Path
        The file.
    spec : SweepSpec
        Its keys.
    """

    def __init__(self, file: Path, spec: SweepSpec) -> None:
        self.file, self.spec = file, spec

    @property
    def name(self) -> str:
        """Name of the sweep."""
        return self.spec.name or self.file.stem


def read_grid(file: Path) -> Grid:
    """Read the file of a sweep.

    Raises
    ------
    ScenarioError
        For the first fault: file, key, value, and what would be right.
    """
    tree = parse_tree(read_text(file, name=file.name, most_bytes=_MOST_BYTES), file=file.name)
    try:
        return Grid(file, SweepSpec.model_validate(tree))
    except pydantic.ValidationError as error:
        raise refusal_of(error, tree, file=file.name, model=SweepSpec) from error


def size_of(spec: SweepSpec, *, is_meant: bool = False) -> int:
    """Return the number of points of a sweep, seeds left out.

    Raises
    ------
    GridTooLarge
        When points times seeds are more than a million, unless that is meant.
    """
    points = 1
    if spec.sample is not None:
        points = spec.sample.points(len(spec.vary))
    else:
        for values in spec.vary.values():
            points *= len(_values(values))
    seeds = spec.seeds if isinstance(spec.seeds, int) else len(spec.seeds)
    if points * seeds > _MOST_RUNS and not is_meant:
        raise GridTooLarge(f"{points * seeds:,} runs: give --yes to make more than {_MOST_RUNS:,}")
    return points


def points_of(spec: SweepSpec) -> Iterator[Point]:
    """Yield the points of a grid in the order of its keys, or those of a sample as they are drawn."""
    paths = list(spec.vary)
    if spec.sample is None:
        for combination in itertools.product(*(_values(spec.vary[path]) for path in paths)):
            yield dict(zip(paths, combination, strict=True))
        return
    for row in shares_of(spec.sample, keys=len(paths)):
        yield {path: _drawn(spec.vary[path], share) for path, share in zip(paths, row, strict=True)}


def shares_of(sample: SampleSpec, *, keys: int) -> list[list[float]]:
    """Return the points of a sample, each as shares of the ranges of so many keys, in the order of the keys."""
    if sample.method in ("sobol", "latin-hypercube"):
        kind = qmc.Sobol if sample.method == "sobol" else qmc.LatinHypercube
        drawn: list[list[float]] = kind(d=keys, seed=sample.seed).random(sample.size).tolist()
        return drawn
    return salib_shares(
        keys, seed=sample.seed, size=sample.size, trajectories=sample.trajectories, levels=sample.levels
    )


def _values(values: Sequence[object] | StepsSpec | RangeSpec) -> Sequence[object]:
    if isinstance(values, StepsSpec):
        return values.values()
    if isinstance(values, RangeSpec):
        raise TypeError("a range has no values of its own")
    return values


def _drawn(values: Sequence[object] | StepsSpec | RangeSpec, share: float) -> object:
    if isinstance(values, RangeSpec):
        return values.at(share)
    listed = _values(values)
    return listed[min(int(share * len(listed)), len(listed) - 1)]


def _plain(value: Decimal) -> object:
    """Return a number as YAML has it: whole numbers as such."""
    return int(value) if value == value.to_integral_value() else float(value)
