"""Draw how often a claim holds along the sizes of a scenario: `sizes.html`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import altair as alt

from cascade.experiments.necessity.curves import STANDS, SizeCurve, Sizes
from cascade.experiments.necessity.size_words import SIZE_HEADINGS, lead, shown_at, size_rows, size_sentence
from cascade.report.shared.colours import BLUE, GREY, INK, ORANGE
from cascade.report.shared.datasets import Cell, Dataset
from cascade.report.shared.document import document, write_page
from cascade.report.shared.style import Chart, Specification, spec

__all__ = ["build_sizes", "size_chart", "size_data"]

_TEMPLATE = Path(__file__).with_name("sizes.html.j2")


@dataclass(frozen=True)
class _Curve:
    """One size, as the template shows it."""

    key: str
    name: str
    what: str
    sentence: str
    caption: str
    headings: tuple[str, ...]
    rows: list[tuple[str, ...]]
    refusal: str


@dataclass(frozen=True)
class _Page:
    """Values that the template shows."""

    name: str
    claim: str
    lead: list[str]
    curves: list[_Curve]
    command: str


def build_sizes(found: Sizes, folder: Path, *, command: str) -> Path:
    """Write `sizes.html` into a folder, and return its path."""
    keys = {curve.name: f"size-{number}" for number, curve in enumerate(found.curves)}
    page = _Page(
        name=found.scenario.spec.name,
        claim=f"expect.{found.claim}",
        lead=lead(found),
        curves=[
            _Curve(
                key=keys[curve.name],
                name=curve.name,
                what=curve.what,
                sentence=size_sentence(found, curve),
                caption=f"Share of the runs in which the claim holds by {curve.what}, with 95 % intervals; the own "
                f"value, {shown_at(curve.own)}, is orange, and the dashed line is at {STANDS:.0%}.",
                headings=SIZE_HEADINGS,
                rows=size_rows(found, curve),
                refusal=next((point.refused[0] for point in curve.points if point.refused), ""),
            )
            for curve in found.curves
        ],
        command=command,
    )
    text = document(
        _TEMPLATE,
        page=page,
        datasets={keys[curve.name]: size_data(found, curve) for curve in found.curves},
        charts=[Chart(keys[curve.name], {"": size_chart(keys[curve.name], curve)}) for curve in found.curves],
    )
    return write_page(folder / "sizes.html", text)


def size_data(found: Sizes, curve: SizeCurve) -> Dataset:
    """Return a row per value that has runs: the value, the share with its interval, the runs, and whether it is own."""
    rows: list[list[Cell]] = []
    for point in curve.points:
        share = point.share(found.claim)
        if share is not None:
            held = f"{share.count} of {share.of}"
            is_own = "own value" if point.at == curve.own else "moved"
            rows.append([float(point.at), share.value, share.low, share.high, held, is_own])
    return Dataset(["at", "share", "low", "high", "held", "which"], rows)


def size_chart(name: str, curve: SizeCurve) -> Specification:
    """Return a curve with an interval at each value, its own value marked, and the line from which a claim stands."""
    source = alt.Chart(alt.NamedData(name))
    base = source.encode(x=alt.X("at:Q", title=curve.what, scale=alt.Scale(zero=False, padding=12)))
    y = alt.Y(
        "share:Q", title="runs in which the claim holds", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%")
    )
    line = base.mark_line(color=BLUE, strokeWidth=1.5).encode(y=y)
    bars = base.mark_rule(color=GREY, strokeWidth=2).encode(y=alt.Y("low:Q"), y2="high:Q")
    points = base.mark_point(filled=True, size=80, opacity=1).encode(
        y=y,
        color=alt.Color("which:N", scale=alt.Scale(domain=["moved", "own value"], range=[BLUE, ORANGE]), legend=None),
        shape=alt.Shape(
            "which:N", scale=alt.Scale(domain=["moved", "own value"], range=["circle", "diamond"]), legend=None
        ),
        tooltip=[
            alt.Tooltip("at:Q", title="value"),
            alt.Tooltip("held:N", title="the claim holds in"),
            alt.Tooltip("low:Q", title="at least", format=".0%"),
            alt.Tooltip("high:Q", title="at most", format=".0%"),
        ],
    )
    # Without a place on the axis of values, a rule crosses the whole chart.
    stands = source.mark_rule(color=INK, strokeDash=[4, 4]).encode(y=alt.YDatum(STANDS))
    return spec(stands + bars + line + points, height=240)
