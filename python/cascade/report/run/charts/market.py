"""Draw prices, and how much could be sold at them."""

from __future__ import annotations

from typing import Literal

import altair as alt

from cascade.report.shared.colours import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, TEAL
from cascade.report.shared.datasets import Dataset
from cascade.report.shared.style import Specification, spec, stepped
from cascade.vocabulary import PriceSource

__all__ = ["depth", "prices"]

_KIND_COLOURS = {
    PriceSource.ORACLE: BLUE,
    PriceSource.SPOT: TEAL,
    PriceSource.EXIT: ORANGE,
    PriceSource.REDEMPTION: PURPLE,
    PriceSource.PATH: GREY,
}
"""Colour of each kind of price, in the order of the legend."""

_DEPTH_TITLE = "tokens that could be sold"
_PLAIN_ZERO = "datum.value === 0 ? '0' : datum.label"

_DASHED = (PriceSource.PATH, PriceSource.REDEMPTION)


def prices(data: Dataset, time: alt.X) -> dict[str, Specification]:
    """Return the prices of each asset that moved, the one with the deepest fall first.

    On one scale, the prices of a dear asset would flatten those of a cheap one: each asset has a variant of its own.
    """
    assets = _by_fall(data)
    variants: dict[str, Specification] = {}
    for asset in assets:
        name = f"{asset} " if len(assets) > 1 else ""
        variants[f"{name}market"] = _prices(data, asset, time, "linear", exit_too=False)
        if _has_exit(data, asset):
            variants[f"{name}with exit"] = _prices(data, asset, time, "linear", exit_too=True)
    if _has_exit(data, assets[0]):
        # The exit price of a thin venue falls to a small part of the others: a logarithmic scale shows both.
        name = f"{assets[0]} with exit, log" if len(assets) > 1 else "with exit, log"
        variants[name] = _prices(data, assets[0], time, "log", exit_too=True)
    return variants


def _has_exit(data: Dataset, asset: str) -> bool:
    return (asset, PriceSource.EXIT) in zip(data.texts("asset"), data.texts("kind"), strict=True)


def _by_fall(data: Dataset) -> list[str]:
    market = (PriceSource.ORACLE, PriceSource.SPOT)
    found: dict[str, list[float]] = {asset: [] for asset in data.texts("asset")}
    for asset, kind, price in zip(data.texts("asset"), data.texts("kind"), data.numbers("price"), strict=True):
        if kind in market:
            found[asset].append(price)
    # Without prices, and at a price of zero, there is no ratio: the asset counts as one that did not fall.
    lows = {asset: min(values) / max(values) if any(values) else 1.0 for asset, values in found.items()}
    return sorted(lows, key=lambda asset: (lows[asset], asset)) or [""]


def _prices(
    data: Dataset, asset: str, time: alt.X, scale: Literal["linear", "log"], *, exit_too: bool
) -> Specification:
    columns = zip(data.texts("asset"), data.texts("series"), data.texts("kind"), strict=True)
    kinds = {series: PriceSource(kind) for found, series, kind in columns if found == asset}
    shown = {series: kind for series, kind in kinds.items() if exit_too or kind != PriceSource.EXIT}
    order = sorted(shown, key=lambda series: (list(_KIND_COLOURS).index(shown[series]), series))
    colours = [_KIND_COLOURS[shown[series]] for series in order]
    # Dashed prices are not made by the market: an input of the scenario, and what the issuer pays.
    dashes = [[5, 4] if shown[series] in _DASHED else [1, 0] for series in order]
    base = (
        alt.Chart(alt.NamedData("prices"))
        .transform_filter(alt.FieldOneOfPredicate(field="series", oneOf=order))
        .encode(
            x=time,
            y=alt.Y(
                "price:Q",
                title="dollars per token",
                scale=alt.Scale(type=scale, zero=False, nice=True),
                axis=alt.Axis(format="$.3~f"),
            ),
            color=alt.Color("series:N", scale=alt.Scale(domain=order, range=colours)),
            tooltip=[
                alt.Tooltip("series:N"),
                alt.Tooltip("time:N", title="UTC"),
                alt.Tooltip("price:Q", format="$.4f"),
            ],
        )
    )
    dash = alt.StrokeDash("series:N", scale=alt.Scale(domain=order, range=dashes))
    return spec(stepped(base, dash=dash), height=340)


def depth(data: Dataset, time: alt.X) -> dict[str, Specification]:
    """Return, for each venue, the tokens that it would buy within each distance from its price.

    Tokens of different assets have no common scale, so each venue has a variant of its own.
    """
    venues = data.names("venue")
    if len(venues) <= 1:
        return {"": _depth(data, venues[0] if venues else "", time)}
    return {venue: _depth(data, venue, time) for venue in venues}


def _depth(data: Dataset, venue: str, time: alt.X) -> Specification:
    # The dataset has the distances in order as numbers; as text, 10 % would come before 2 %.
    order = list(dict.fromkeys(data.texts("series")))
    base = (
        alt.Chart(alt.NamedData("depth"))
        .transform_filter(alt.FieldEqualPredicate(field="venue", equal=venue))
        .encode(
            x=time,
            y=alt.Y("tokens:Q", title=_DEPTH_TITLE, axis=alt.Axis(format="~s", labelExpr=_PLAIN_ZERO)),
            color=alt.Color(
                "series:N", scale=alt.Scale(domain=order, range=[ORANGE, TEAL, BLUE, PURPLE, GREY, RED, GREEN])
            ),
            tooltip=[
                alt.Tooltip("venue:N"),
                alt.Tooltip("series:N"),
                alt.Tooltip("time:N", title="UTC"),
                alt.Tooltip("tokens:Q", format=",.0f"),
            ],
        )
    )
    return spec(stepped(base), height=280)
