"""The chain of links on one axis of time."""

from __future__ import annotations

from typing import Any

import altair as alt

from cascade.report.shared.datasets import Dataset
from cascade.report.shared.style import BLUE, GREY, INK, ORANGE, PURPLE, series_names, spec

__all__ = ["links"]

_PLACES = {"input": GREY, "chain and desk": PURPLE, "on chain": BLUE, "exchange": ORANGE}


def links(data: Dataset, time: alt.X) -> dict[str, Any]:
    """A bar a link, from its beginning to its end, in the order of beginnings; a mark at its peak."""
    order = [row[data.columns.index("link")] for row in data.rows]
    places = [place for place in _PLACES if place in series_names(data, "place")]
    base = alt.Chart(alt.NamedData("links")).encode(
        y=alt.Y(
            "link:N",
            sort=order,
            title=None,
            axis=alt.Axis(labelLimit=290, labelColor=INK, labelFontSize=12.5, grid=True, labelPadding=8),
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
    bars = base.mark_bar(height={"band": 0.55}, cornerRadius=2, minBandSize=3).encode(
        x=time,
        x2="t2:T",
        color=alt.Color(
            "place:N",
            scale=alt.Scale(domain=places, range=[_PLACES[place] for place in places]),
            legend=alt.Legend(symbolType="square"),
        ),
        opacity=alt.Opacity("ended:Q", scale=alt.Scale(domain=[0, 1], range=[0.45, 0.85]), legend=None),
    )
    # A link that ends in the block in which it begins has a bar without width: its beginning is marked too.
    starts = base.mark_tick(thickness=2, height={"band": 0.55}).encode(
        x=time,
        color=alt.Color(
            "place:N", legend=None, scale=alt.Scale(domain=places, range=[_PLACES[place] for place in places])
        ),
    )
    peaks = base.mark_point(shape="diamond", filled=True, size=70, color=INK, opacity=1).encode(x="peak:T")
    return spec(bars + starts + peaks, height=40 + 25 * len(order))
