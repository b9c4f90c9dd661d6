"""Draw the chain of links on one axis of time."""

from __future__ import annotations

import altair as alt

from cascade.report.run.link_words import Place
from cascade.report.shared.colours import BLUE, GREY, INK, ORANGE, PURPLE
from cascade.report.shared.datasets import Dataset
from cascade.report.shared.style import Specification, label_axis, spec

__all__ = ["links"]

_COLOURS = {Place.INPUT: GREY, Place.CHAIN_AND_DESK: PURPLE, Place.ON_CHAIN: BLUE, Place.EXCHANGE: ORANGE}


def links(data: Dataset, time: alt.X) -> Specification:
    """Return one bar per link, from its beginning to its end, in the order of beginnings, with a mark at its peak."""
    order = data.texts("link")
    places = [place for place in Place if place in data.texts("place")]
    scale = alt.Scale(domain=[place.value for place in places], range=[_COLOURS[place] for place in places])
    base = alt.Chart(alt.NamedData("links")).encode(
        y=alt.Y(
            "link:N",
            sort=order,
            title=None,
            axis=label_axis(limit=330, grid=True),
        ),
        tooltip=[
            alt.Tooltip("link:N"),
            alt.Tooltip("what:N"),
            alt.Tooltip("size:N"),
            alt.Tooltip("time:N", title="from"),
            alt.Tooltip("peaked:N", title="peak"),
            alt.Tooltip("until:N", title="to"),
        ],
    )
    # The same encoding in both layers: two legends of one colour would contradict each other.
    color = alt.Color("place:N", scale=scale, legend=alt.Legend(symbolType="square"))
    bars = base.mark_bar(height={"band": 0.55}, cornerRadius=2, minBandSize=3).encode(
        x=time,
        x2="t2:T",
        color=color,
        opacity=alt.Opacity("ended:Q", scale=alt.Scale(domain=[0, 1], range=[0.45, 0.85]), legend=None),
    )
    # A link that ends in the block in which it begins has a bar without width, so its beginning is marked too.
    starts = base.mark_tick(thickness=2, height={"band": 0.55}).encode(x=time, color=color)
    peaks = base.mark_point(shape="diamond", filled=True, size=70, color=INK, opacity=1).encode(x="peak:T")
    return spec(bars + starts + peaks, height=40 + 25 * len(order))
