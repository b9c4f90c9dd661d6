"""Word the probability of a rare outcome: the same figures for the terminal and for the file."""

from __future__ import annotations

from cascade.experiments.seeds.statistics import CONFIDENCE_PCT, share_of
from cascade.experiments.tail.find import Tail, signed
from cascade.experiments.tail.precision import crude_runs, interval
from cascade.report.shared.figures import count, counted

__all__ = ["LEVEL_HEADINGS", "as_content", "level_rows", "probability_interval", "tail_words"]

LEVEL_HEADINGS = ("level", "from", "runs", "nearer", "variation", "moves accepted")


def probability_interval(found: Tail) -> tuple[float, float]:
    """Return the ends of the 95 % interval: Wilson's where the first level was enough, and else the levels' own."""
    simulation = found.simulation
    if len(simulation.levels) == 1:
        share = share_of(len(simulation.met), len(simulation.levels[0].samples))
        return share.low, share.high
    return interval(simulation.probability, simulation.variation)


def tail_words(found: Tail) -> str:
    """Return what was found, in two or three sentences."""
    simulation = found.simulation
    made = counted(simulation.runs, "run")
    if simulation.stalled:
        last = simulation.levels[-1]
        reached = f"a region of probability {simulation.probability:.2g}" if not simulation.met else "its edge"
        return (
            f"No estimate for {found.condition}: after {made} the search has reached {reached}, in which "
            f"{count(len(last.samples))} samples cannot be told apart or come no nearer: name figures under "
            "tail.guides that differ between these runs, or widen what is drawn."
        )
    low, high = probability_interval(found)
    text = (
        f"{found.condition} has a probability of {simulation.probability:.2g} "
        f"({CONFIDENCE_PCT} % interval {low:.2g} to {high:.2g}), from {made}."
    )
    if len(simulation.levels) == 1:
        return f"{text} It is not rare: the first level, which is crude sampling, was enough."
    needed = crude_runs(simulation.probability, simulation.variation)
    return f"{text} Crude sampling would need {count(needed)} runs to be as exact."


def level_rows(found: Tail) -> list[tuple[str, ...]]:
    """Return a row per level."""
    rows: list[tuple[str, ...]] = []
    for number, level in enumerate(found.simulation.levels, start=1):
        begins = "all runs" if level.above is None else _edge(found, level.above)
        accepted = "-" if level.acceptance is None else f"{level.acceptance:.0%}"
        rows.append((str(number), begins, count(level.runs), f"{level.share:.2%}", f"{level.variation:.1%}", accepted))
    return rows


def as_content(found: Tail, command: str | None) -> dict[str, object]:
    """Return the figures as JSON holds them; `command` makes the likeliest run."""
    simulation = found.simulation
    clear = not simulation.stalled
    low, high = probability_interval(found) if clear else (None, None)
    needed = crude_runs(simulation.probability, simulation.variation) if clear and simulation.variation else None
    return {
        "beyond": str(found.condition),
        "probability": simulation.probability if clear else None,
        "low": low,
        "high": high,
        "confidence_pct": CONFIDENCE_PCT,
        "coefficient_of_variation": simulation.variation if clear else None,
        "runs": simulation.runs,
        "crude_runs": needed,
        "levels": [
            {
                "above": None if level.above is None else _figures(found, level.above),
                "runs": level.runs,
                "share": level.share,
                "coefficient_of_variation": level.variation,
                "acceptance": level.acceptance,
            }
            for level in simulation.levels
        ],
        "likeliest": command,
    }


def _edge(found: Tail, above: tuple[float, ...]) -> str:
    return ", ".join(
        f"{path} {'unknown' if value is None else format(value, '.6g')}"
        for path, value in _figures(found, above).items()
    )


def _figures(found: Tail, rank: tuple[float, ...]) -> dict[str, float | None]:
    """Return a rank as the figures that it stands for."""
    tail = found.scenario.spec.tail
    guides = tail.guides if tail is not None else {}
    figures: dict[str, float | None] = {found.condition.figure: signed(found.condition, rank[0])}
    for (path, direction), value in zip(guides.items(), rank[1:], strict=True):
        figures[path] = None if value == float("-inf") else value if direction == "rising" else -value
    return figures
