"""Word a comparison over seeds: the same rows for the terminal, for Markdown and for the page."""

from __future__ import annotations

from collections.abc import Iterator

from cascade.experiments.endogeneity.intervals import Quantile
from cascade.experiments.seeds.result import SeedOutcome, SeedsComparison
from cascade.experiments.seeds.statistics import Distribution
from cascade.report.shared.figures import MINUS, NOTHING, count, counted, dollars, number

__all__ = [
    "AT_RISK_HEADINGS",
    "DIFFERENCE_HEADINGS",
    "LOSS_HEADINGS",
    "OUTCOME_HEADINGS",
    "VERDICT_HEADINGS",
    "at_risk_rows",
    "difference_rows",
    "difference_words",
    "headlines",
    "limits",
    "loss_rows",
    "method",
    "outcome_rows",
    "unchanged",
    "unchanged_words",
    "verdict_rows",
]

OUTCOME_HEADINGS = ("outcome", "side", "median (95 % interval)", "95th percentile", "99th percentile", "worst")
LOSS_HEADINGS = ("outcome", "side", "chance of being above 0", "mean", "mean where above 0")
DIFFERENCE_HEADINGS = ("outcome", "median of differences (95 % interval)", "rises", "falls", "equal", "no figure")
VERDICT_HEADINGS = ("figure", "line", "verdict", "why")
AT_RISK_HEADINGS = ("fall of the oracle's prices", "collateral liquidatable, were nobody to act")

_HEADLINES = ("deficit", "lenders' loss", "debt covered", "liquidated positions")
"""Figures that the post begins with, where the runs have them."""


def headlines(found: SeedsComparison) -> list[str]:
    """Return a sentence per main figure."""
    by_name = {outcome.name: outcome for outcome in found.outcomes}
    return [difference_words(by_name[name]) for name in _HEADLINES if name in by_name]


def difference_words(outcome: SeedOutcome) -> str:
    """Return what the change does to a figure: `deficit rises by $0.41 M ($0.22 M to $0.63 M), in 19 of 20 seeds`."""
    found = outcome.difference
    if found.median is None:
        return f"{outcome.name}: no seed has the figure in both runs."
    median = found.median.value
    if median == 0:
        is_, s = ("are", "") if _is_plural(outcome.name) else ("is", "s")
        parts = [f"{is_} the same in {found.equal} of {counted(found.pairs, 'seed')}"]
        parts += [f"rise{s} in {found.rises}"] if found.rises else []
        parts += [f"fall{s} in {found.falls}"] if found.falls else []
        return f"{outcome.name} {', '.join(parts)}."
    verb, seeds = ("rise", found.rises) if median > 0 else ("fall", found.falls)
    verb += "" if _is_plural(outcome.name) else "s"
    ends = (_amount(end, outcome.unit) for end in (found.median.low, found.median.high))
    size = _amount(abs(median), outcome.unit)
    of = f"{seeds} of {counted(found.pairs, 'seed')}"
    return f"{outcome.name} {verb} by {size} (change of {' to '.join(ends)}), in {of}."


def outcome_rows(found: SeedsComparison) -> Iterator[tuple[str, ...]]:
    """Yield two rows per figure: the quantiles of the baseline and of the change."""
    for outcome in found.outcomes:
        for side, of in (("baseline", outcome.baseline), ("change", outcome.change)):
            yield (
                _named(outcome),
                side,
                _with_interval(of.median, outcome.unit),
                _with_interval(of.p95, outcome.unit),
                _with_interval(of.p99, outcome.unit),
                number(of.worst, outcome.unit),
            )


def loss_rows(found: SeedsComparison) -> Iterator[tuple[str, ...]]:
    """Yield two rows per figure in dollars that is ever above 0: its chance, its mean, and its mean when it happens."""
    for outcome in found.outcomes:
        if outcome.unit != "USD" or not (_happens(outcome.baseline) or _happens(outcome.change)):
            continue
        for side, of in (("baseline", outcome.baseline), ("change", outcome.change)):
            share = of.above_zero
            chance = NOTHING
            if share is not None:
                chance = f"{share.count} of {share.of} ({share.low:.1%} to {share.high:.1%})"
            yield (
                _named(outcome),
                side,
                chance,
                number(of.mean, outcome.unit),
                number(of.mean_above_zero, outcome.unit),
            )


def difference_rows(found: SeedsComparison) -> Iterator[tuple[str, ...]]:
    """Yield a row per figure that differs in any seed or lacks in one: what the change does to it, seed by seed."""
    for outcome in found.outcomes:
        of = outcome.difference
        if outcome.name in unchanged(found):
            continue
        yield (
            _named(outcome),
            _with_interval(of.median, outcome.unit),
            count(of.rises),
            count(of.falls),
            count(of.equal),
            count(of.missing),
        )


def unchanged(found: SeedsComparison) -> list[str]:
    """Return the names of the figures that are the same in both runs of every seed."""
    return [outcome.name for outcome in found.outcomes if outcome.difference.equal == len(found.seeds)]


def unchanged_words(found: SeedsComparison) -> str:
    """Return a sentence that names the figures that no seed changes; empty where there are none."""
    names = unchanged(found)
    return f"The same in both runs of every seed: {'; '.join(names)}." if names else ""


def verdict_rows(found: SeedsComparison) -> list[tuple[str, str, str, str]]:
    """Return a row per line of judgement."""
    return [(one.figure, one.line, str(one.judgement), one.reason) for one in found.verdicts]


def at_risk_rows(found: SeedsComparison) -> list[tuple[str, str]]:
    """Return a row per fall of the prices: the collateral at risk when the crash starts."""
    return [(f"{fall} %", dollars(usd)) for fall, usd in found.at_risk.items()]


def _is_plural(name: str) -> bool:
    return name.endswith("s") and not name.endswith("ss")


def method(found: SeedsComparison) -> str:
    """Return the method, in two sentences."""
    built = found.positions
    held = (
        f"{counted(round(built['positions']), 'position')} with {dollars(built['debt_usd'])} of debt on "
        f"{dollars(built['collateral_usd'])} of collateral (medians)"
    )
    shared = "the same positions" if found.first.has_same_positions else "its own positions"
    return (
        f"Each of {counted(len(found.seeds), 'seed')} draws a market of {held}, and plays the crash on contracts once "
        f"as the baseline and once as the change, on {shared} and with the same draws. Quantiles and differences have "
        "intervals of 95 % that assume no distribution; a seed without the figure is counted and left out."
    )


def limits(found: SeedsComparison) -> list[str]:
    """Return what the figures do not show."""
    few = len(found.seeds)
    lines = [
        "Seeds vary what the scenario draws: sizes of positions, lots and delays of agents. They vary neither the "
        "price path nor any parameter.",
        "Liquidators, arbitrageurs and borrowers act by the rules of the scenario; people may act otherwise.",
    ]
    # The largest of n values exceeds the 95th percentile with a chance of 1 - 0.95^n: 72 make that 97.5 %.
    if few < _SEEDS_FOR_P95:
        lines.insert(
            0,
            f"{counted(few, 'seed')} cannot bound the 95th percentile from above; {_SEEDS_FOR_P95} can, and "
            f"{_SEEDS_FOR_P99} the 99th.",
        )
    return lines


_SEEDS_FOR_P95, _SEEDS_FOR_P99 = 72, 368


def _happens(of: Distribution) -> bool:
    return of.above_zero is not None and of.above_zero.count > 0


def _named(outcome: SeedOutcome) -> str:
    return f"{outcome.name}, {outcome.unit}" if outcome.unit in ("USD", "USD each") else outcome.name


def _with_interval(of: Quantile | None, unit: str) -> str:
    if of is None:
        return NOTHING
    ends = ("unbounded" if end is None else number(end, unit) for end in (of.low, of.high))
    return f"{number(of.value, unit)} ({' to '.join(ends)})"


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return "unbounded"
    if unit == "USD":
        return dollars(value)
    return number(value, unit).replace("-", MINUS)
