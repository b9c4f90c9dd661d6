"""Word how often a claim holds along the sizes of a scenario: the same sentences and rows wherever they are shown."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from cascade.experiments.necessity.curves import NEAR, STANDS, SizeCurve, SizePoint, Sizes
from cascade.report.shared.figures import NOTHING, counted
from cascade.report.shared.markdown import escaped, markdown_table

__all__ = ["SIZE_HEADINGS", "lead", "shown_at", "size_rows", "size_sentence", "sizes_markdown"]

SIZE_HEADINGS = ("value", "the claim holds", "share", "95 % interval", "could not open")


def lead(found: Sizes) -> list[str]:
    """Return what the curves say together: how the scenario itself ended, and which sizes decide near it."""
    held = sum(found.claim not in outcome.missed for outcome in found.own)
    said = [f"With its own sizes the claim holds in {held} of {counted(len(found.own), 'seed')}."]
    deciding = [curve.name for curve in found.curves if curve.decides(found.claim)]
    near, stands = f"{NEAR:.0%}".replace("%", " %"), f"{STANDS:.0%}".replace("%", " %")
    if deciding:
        said.append(
            f"A change of {near} or less of {', '.join(deciding)} takes it under {stands} of the runs: "
            f"{'this size decides' if len(deciding) == 1 else 'these sizes decide'}."
        )
    else:
        said.append(f"No change of {near} or less of one size that was tried takes it under {stands} of the runs.")
    return said


def size_sentence(found: Sizes, curve: SizeCurve) -> str:
    """Return how far the scenario stands from where its claim no longer holds along one size."""
    under, over = curve.edges(found.claim)
    if curve.own in (under, over):
        return f"The claim does not stand at the scenario's own value, {shown_at(curve.own)}."
    first, last = curve.points[0].at, curve.points[-1].at
    parts = [
        f"it no longer stands at {shown_at(under)} ({_distance(under, curve.own)})"
        if under is not None
        else f"it stands down to {shown_at(first)}, the lowest value tried",
        f"and no longer at {shown_at(over)} ({_distance(over, curve.own)})"
        if over is not None
        else f"and up to {shown_at(last)}, the highest value tried",
    ]
    return f"From the scenario's own value, {shown_at(curve.own)}: {parts[0]}, {parts[1]}."


def size_rows(found: Sizes, curve: SizeCurve) -> list[tuple[str, ...]]:
    """Return a row per value of a size: in how many runs the claim holds, and its interval."""
    return [_row(found, curve, point) for point in curve.points]


def _row(found: Sizes, curve: SizeCurve, point: SizePoint) -> tuple[str, ...]:
    name = f"{shown_at(point.at)} (own)" if point.at == curve.own else shown_at(point.at)
    refused = counted(len(point.refused), "run") if point.refused else NOTHING
    share = point.share(found.claim)
    if share is None:
        return name, NOTHING, NOTHING, NOTHING, refused
    interval = f"{100 * share.low:.0f} to {100 * share.high:.0f} %"
    return name, f"{share.count} of {share.of}", f"{100 * share.value:.0f} %", interval, refused


def shown_at(value: Decimal) -> str:
    """Return a value of a size without zeros at its end."""
    return f"{value.normalize():f}"


def _distance(value: Decimal, own: Decimal) -> str:
    return f"{100 * (value - own) / own:+.0f} %"


def sizes_markdown(found: Sizes) -> str:
    """Return all curves as Markdown."""
    return "\n".join(_lines(found)) + "\n"


def _lines(found: Sizes) -> Iterator[str]:
    yield from (f"# {escaped(found.scenario.spec.name)}: how far its claim stands from the edge", "")
    yield from (f"The claim: `expect.{found.claim}`.", "")
    yield from (*lead(found), "")
    for curve in found.curves:
        yield from (f"## {escaped(curve.name)}: {escaped(curve.what)}", "", size_sentence(found, curve), "")
        yield from markdown_table(SIZE_HEADINGS, size_rows(found, curve), figures_from=1)
        if refusals := [point.refused[0] for point in curve.points if point.refused]:
            yield from (f"Could not open, for example: {escaped(refusals[0])}.", "")
