"""Judge figures over seeds by the lines that a scenario states: PASS, FAIL or INDETERMINATE.

A line is passed or failed where the whole interval of the figure is on one side of it. Where the interval holds the
line, or has no end, or where a run lacks the figure, nothing is decided: missing data is never a PASS.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import ceil, log

from cascade.errors import ScenarioError
from cascade.experiments.endogeneity.intervals import Quantile
from cascade.experiments.seeds.figures import NoSuchFigure, require_figure, unit_of
from cascade.experiments.seeds.statistics import CONFIDENCE_PCT, Distribution, distribution_of
from cascade.report.shared.figures import number
from cascade.scenario.load import Scenario

__all__ = ["Judgement", "Verdict", "judge", "lines_of", "require_lines"]

_QUANTILES = {"median": 50, "p95": 95, "p99": 99}


class Judgement(StrEnum):
    """How a figure stands against a line."""

    PASS = "PASS"  # noqa: S105 (no password)
    FAIL = "FAIL"
    INDETERMINATE = "INDETERMINATE"


@dataclass(frozen=True)
class Verdict:
    """A line of judgement, and how a figure stands against it.

    Attributes
    ----------
    figure, line : str
        Dotted path of the figure, and the line in words: `95th percentile at most 0`.
    judgement : Judgement
        The judgement.
    reason : str
        The figure behind it, with its interval, in words.
    """

    figure: str
    line: str
    judgement: Judgement
    reason: str


def require_lines(scenario: Scenario) -> None:
    """Refuse lines about figures that no summary has, before anything runs.

    Raises
    ------
    ScenarioError
        Naming the line.
    """
    for number_, (figure, _) in enumerate(lines_of(scenario)):
        try:
            require_figure(figure)
        except NoSuchFigure as error:
            raise ScenarioError(
                file=scenario.file, key=f"verdicts.{number_}", value=figure, expected=str(error)
            ) from error


def lines_of(scenario: Scenario) -> list[tuple[str, Mapping[str, float]]]:
    """Return every figure that the scenario judges, with its lines: `p95_at_most` and the like, and their values."""
    return [
        (figure, {name: float(value) for name, value in lines.model_dump(exclude_none=True).items()})
        for entry in scenario.spec.verdicts
        for figure, lines in entry.items()
    ]


def judge(figure: str, values: Sequence[float | None], lines: Mapping[str, float]) -> list[Verdict]:
    """Return the verdicts on one figure.

    Parameters
    ----------
    figure : str
        Dotted path, for the verdicts.
    values : sequence of float
        The figure by seed; None where a run does not have it.
    lines : mapping of str to float
        Values by name of the line.
    """
    found = distribution_of(values)
    return [_verdict(figure, found, name, value) for name, value in lines.items()]


def _verdict(figure: str, found: Distribution, name: str, line: float) -> Verdict:
    what, side = name.removesuffix("_at_most").removesuffix("_at_least"), name.rpartition("_at_")[2]
    unit = unit_of(figure)
    shown = f"{line:.1%}" if what == "probability" else number(line, unit)
    in_words = f"{_WORDS[what]} at {side} {shown}"
    if found.missing:
        lacking = "1 run does" if found.missing == 1 else f"{found.missing} runs do"
        return Verdict(figure, in_words, Judgement.INDETERMINATE, f"{lacking} not have the figure")
    if what == "probability":
        return _judged_share(figure, in_words, found, line, side)
    of = {"median": found.median, "p95": found.p95, "p99": found.p99}[what]
    if of is None:
        return Verdict(figure, in_words, Judgement.INDETERMINATE, "no run was made")
    reason = f"{number(of.value, unit)} ({_end(of.low, unit)} to {_end(of.high, unit)})"
    judgement = _judged(of.low, of.high, line, side)
    if judgement is Judgement.INDETERMINATE:
        reason += _needed(what, found, of, side)
    return Verdict(figure, in_words, judgement, reason)


def _judged_share(figure: str, in_words: str, found: Distribution, line: float, side: str) -> Verdict:
    share = found.above_zero
    if share is None:
        return Verdict(figure, in_words, Judgement.INDETERMINATE, "no run was made")
    reason = f"{share.count} of {share.of} seeds ({share.low:.1%} to {share.high:.1%})"
    return Verdict(figure, in_words, _judged(share.low, share.high, line, side), reason)


def _judged(low: float | None, high: float | None, line: float, side: str) -> Judgement:
    """Return the judgement on an interval; an end that is None is not bounded."""
    if side == "most":
        if high is not None and high <= line:
            return Judgement.PASS
        return Judgement.FAIL if low is not None and low > line else Judgement.INDETERMINATE
    if low is not None and low >= line:
        return Judgement.PASS
    return Judgement.FAIL if high is not None and high < line else Judgement.INDETERMINATE


def _needed(what: str, found: Distribution, of: Quantile, side: str) -> str:
    """Return how many seeds bound a quantile on the side of its line, where these do not."""
    if (of.high if side == "most" else of.low) is not None:
        return "; the interval holds the line: more seeds narrow it"
    # The largest of n values is below the quantile with a chance of share^n, which must not exceed half of what an
    # interval may miss.
    share = _QUANTILES[what] / 100
    missed = share if side == "most" else 1 - share
    seeds = ceil(log((100 - CONFIDENCE_PCT) / 200) / log(missed))
    return f"; {found.seeds} seeds do not bound it on that side: {seeds} do"


def _end(value: float | None, unit: str) -> str:
    return "unbounded" if value is None else number(value, unit)


_WORDS = {
    "median": "median",
    "p95": "95th percentile",
    "p99": "99th percentile",
    "probability": "chance of being above 0",
}
