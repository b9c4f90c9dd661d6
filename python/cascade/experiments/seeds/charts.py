"""Charts of a comparison over seeds: for the page, and as PNG beside a post."""

from __future__ import annotations

from pathlib import Path

import altair as alt
import vl_convert

from cascade.experiments.seeds.result import SeedOutcome, SeedsComparison
from cascade.report.shared.colours import BLUE, GREY, ORANGE
from cascade.report.shared.datasets import Dataset
from cascade.report.shared.style import Chart, dollar_axis, spec

__all__ = ["AT_RISK", "OUTCOME", "charted", "charts", "datasets", "write_pictures"]

AT_RISK, OUTCOME = "at-risk", "outcome"
"""Keys of the charts, and names of their datasets."""

_CHARTED = ("deficit", "lenders' loss", "shortfall at trough, exit", "debt covered")
"""Figures of which the first that ever differs from 0 is drawn."""
_SIDES = ("baseline", "change")
_PNG_SCALE = 2.0


def charted(found: SeedsComparison) -> SeedOutcome | None:
    """Return the figure that is drawn seed by seed; None where none of those that could be is ever above 0."""
    by_name = {outcome.name: outcome for outcome in found.outcomes}
    for name in _CHARTED:
        outcome = by_name.get(name)
        if outcome is not None and any(outcome.before + outcome.after):
            return outcome
    return None


def datasets(found: SeedsComparison) -> dict[str, Dataset]:
    """Return the data of every chart."""
    data = {AT_RISK: Dataset(["fall", "usd"], [[f"{fall} %", usd] for fall, usd in found.at_risk.items()])}
    outcome = charted(found)
    if outcome is not None:
        data[OUTCOME] = Dataset(
            ["seed", "side", "usd"],
            [
                [str(seed), side, value]
                for side, values in zip(_SIDES, (outcome.before, outcome.after), strict=True)
                for seed, value in zip(found.seeds, values, strict=True)
                if value is not None
            ],
        )
    return data


def charts(found: SeedsComparison) -> list[Chart]:
    """Return the charts."""
    made = [Chart(AT_RISK, {"": _at_risk(found)})]
    outcome = charted(found)
    if outcome is not None:
        made.append(Chart(OUTCOME, {"": _by_seed(outcome)}))
    return made


def write_pictures(found: SeedsComparison, folder: Path) -> dict[str, Path]:
    """Write every chart as a PNG into a folder that exists, and return their files by key."""
    data, files = datasets(found), {}
    for chart in charts(found):
        drawing = {**chart.variants[""], "data": {"values": data[chart.key].records()}}
        drawing["width"] = 640
        files[chart.key] = folder / f"{chart.key}.png"
        files[chart.key].write_bytes(vl_convert.vegalite_to_png(drawing, scale=_PNG_SCALE))
    return files


def _at_risk(found: SeedsComparison) -> dict[str, object]:
    order = [f"{fall} %" for fall in found.at_risk]
    chart = (
        alt.Chart(alt.NamedData(AT_RISK))
        .mark_bar(color=BLUE)
        .encode(
            x=alt.X("fall:N", sort=order, title="fall of the oracle's prices", axis=alt.Axis(labelAngle=0)),
            y=alt.Y("usd:Q", title="collateral liquidatable", axis=dollar_axis()),
            tooltip=[alt.Tooltip("fall:N"), alt.Tooltip("usd:Q", format="$,.0f")],
        )
    )
    return spec(chart, height=240)


def _by_seed(outcome: SeedOutcome) -> dict[str, object]:
    base = alt.Chart(alt.NamedData(OUTCOME)).encode(
        x=alt.X("side:N", sort=list(_SIDES), title=None, axis=alt.Axis(labelAngle=0)),
        y=alt.Y("usd:Q", title=outcome.name, axis=dollar_axis()),
    )
    lines = base.mark_line(color=GREY, opacity=0.5).encode(detail="seed:N")
    points = base.mark_point(filled=True, size=60, opacity=0.8).encode(
        color=alt.Color("side:N", scale=alt.Scale(domain=list(_SIDES), range=[BLUE, ORANGE]), legend=None),
        shape=alt.Shape("side:N", scale=alt.Scale(domain=list(_SIDES), range=["circle", "diamond"]), legend=None),
        tooltip=[alt.Tooltip("seed:N"), alt.Tooltip("side:N"), alt.Tooltip("usd:Q", format="$,.0f")],
    )
    return spec(lines + points, height=300)
