"""Prices, and how much could be sold at them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import altair as alt

from cascade.report.shared.datasets import Dataset
from cascade.report.shared.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    TEAL,
    series_names,
    spec,
)

__all__ = ["depth", "prices"]

_KIND_COLOURS = {"oracle": BLUE, "spot": TEAL, "exit": ORANGE, "redemption": PURPLE, "path": GREY}


def prices(data: Dataset, time: alt.X) -> dict[str, dict[str, Any]]:
    """The prices of each asset that moved, the one that fell deepest first: on one scale they would hide each other."""
    assets = _by_fall(data)
    variants: dict[str, dict[str, Any]] = {}
    for asset in assets:
        name = f"{asset} " if len(assets) > 1 else ""
        variants[f"{name}market"] = _prices(data, asset, time, "linear", exit_too=False)
        if _has_exit(data, asset):
            variants[f"{name}with exit"] = _prices(data, asset, time, "linear", exit_too=True)
    variants[f"{assets[0]} with exit, log" if len(assets) > 1 else "with exit, log"] = _prices(
        data, assets[0], time, "log", exit_too=True
    )
    return variants


def _has_exit(data: Dataset, asset: str) -> bool:
    of, kind = data.columns.index("asset"), data.columns.index("kind")
    return any(row[of] == asset and row[kind] == "exit" for row in data.rows)


def _by_fall(data: Dataset) -> list[str]:
    asset_of, kind_of, price_of = (data.columns.index(name) for name in ("asset", "kind", "price"))
    lows: dict[str, float] = {}
    for asset in dict.fromkeys(row[asset_of] for row in data.rows):
        found = [row[price_of] for row in data.rows if row[asset_of] == asset and row[kind_of] in ("oracle", "spot")]
        lows[asset] = min(found) / max(found) if found and max(found) else 1.0
    return sorted(lows, key=lambda asset: (lows[asset], asset)) or [""]


def _prices(
    data: Dataset, asset: str, time: alt.X, scale: Literal["linear", "log"], *, exit_too: bool
) -> dict[str, Any]:
    names, kinds, assets = (data.columns.index(name) for name in ("series", "kind", "asset"))
    rows = [row for row in data.rows if row[assets] == asset]
    kind_of = {row[names]: row[kinds] for row in rows if exit_too or row[kinds] != "exit"}
    order = sorted(kind_of, key=lambda name: (list(_KIND_COLOURS).index(kind_of[name]), name))
    colour = alt.Color("series:N", scale=alt.Scale(domain=order, range=[_KIND_COLOURS[kind_of[n]] for n in order]))
    dashes = [[5, 4] if kind_of[name] in ("path", "redemption") else [1, 0] for name in order]
    shown = alt.Chart(alt.NamedData("prices")).transform_filter(alt.FieldOneOfPredicate(field="series", oneOf=order))
    base = shown.encode(
        x=time,
        y=alt.Y(
            "price:Q",
            title="dollars a token",
            scale=alt.Scale(type=scale, zero=False, nice=True),
            axis=alt.Axis(format="$.3~f"),
        ),
        color=colour,
        tooltip=[alt.Tooltip("series:N"), alt.Tooltip("time:N", title="UTC"), alt.Tooltip("price:Q", format="$.4f")],
    )
    line = base.mark_line(interpolate="step-after", strokeWidth=2, clip=True).encode(
        strokeDash=alt.StrokeDash("series:N", scale=alt.Scale(domain=order, range=dashes))
    )
    return spec(line + base.mark_point(size=60, opacity=0, filled=True), height=340)


def depth(data: Dataset, time: alt.X) -> dict[str, Any]:
    """What the venues would buy."""
    order: Sequence[str] = sorted(
        series_names(data, "series"), key=lambda name: (name.split(", within ")[0], _within(name))
    )
    base = alt.Chart(alt.NamedData("depth")).encode(
        x=time,
        y=alt.Y("tokens:Q", title="tokens that could be sold", axis=alt.Axis(format="~s")),
        color=alt.Color(
            "series:N", scale=alt.Scale(domain=list(order), range=[ORANGE, TEAL, BLUE, PURPLE, GREY, RED, GREEN])
        ),
        tooltip=[alt.Tooltip("series:N"), alt.Tooltip("time:N", title="UTC"), alt.Tooltip("tokens:Q", format=",.0f")],
    )
    line = base.mark_line(interpolate="step-after", strokeWidth=2)
    return spec(line + base.mark_point(size=60, opacity=0, filled=True), height=280)


def _within(series: str) -> float:
    return float(series.rsplit("within ", 1)[1].removesuffix(" %"))
