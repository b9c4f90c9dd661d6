"""Show a run in a notebook: its figures as HTML, and its charts one by one."""

from __future__ import annotations

from pathlib import Path

import altair as alt
import pyarrow.parquet as pq
from markupsafe import Markup, escape

from cascade.analysis.summary import Summary
from cascade.errors import CascadeError
from cascade.recording.manifest import Manifest
from cascade.recording.tables import TABLES
from cascade.report.run.pictures import drawn_charts
from cascade.report.run.terminal import summary_lines

__all__ = ["NoSuchChart", "chart_of", "run_html"]


class NoSuchChart(CascadeError, LookupError):
    """Raised when a run has no chart of a name."""


def run_html(folder: Path, *, summary: Summary, manifest: Manifest) -> str:
    """Return a run as HTML: whether it ended as expected, its figures, and its tables with their numbers of rows."""
    outcome = manifest.outcome
    verdict = "as the scenario expects" if outcome.met else f"not as the scenario expects: {'; '.join(outcome.missed)}"
    figures = Markup("").join(
        Markup("<tr><th style='text-align:left'>{}</th><td style='text-align:left'>{}</td></tr>").format(name, value)
        for name, value in summary_lines(summary)
    )
    tables = Markup("").join(
        Markup("<tr><td style='text-align:left'><code>run.{}</code></td><td>{:,}</td>").format(name, rows)
        + Markup("<td style='text-align:left'>{}</td></tr>").format(TABLES[name].meaning)
        for name in TABLES
        if (rows := pq.read_metadata(folder / "tables" / f"{name}.parquet").num_rows)
    )
    return str(
        Markup("<h3>{}</h3><p>Ended {}.</p><table>{}</table>").format(manifest.run_id, verdict, figures)
        + Markup(
            "<details><summary>Tables</summary><table><tr><th>table</th><th>rows</th><th>{}</th></tr>{}</table>"
        ).format("a row is", tables)
        + Markup("</details><p>Page: <code>{}</code></p>").format(escape(str(folder / "report.html")))
    )


def chart_of(folder: Path, name: str) -> alt.TopLevelMixin:
    """Return one chart of a run, which a notebook draws.

    Parameters
    ----------
    name : str
        Name of the chart as in the names of the PNG files of `cascade report --png`, as `liquidations-cumulated`, or
        its beginning, as `liquidations`: the first of these charts then.

    Raises
    ------
    NoSuchChart
        When the run has no such chart, or nothing to show in it; the message names those that it has.
    """
    drawn = drawn_charts(folder)
    chosen = name if name in drawn else next((known for known in drawn if known.startswith(f"{name}-")), None)
    if chosen is None:
        raise NoSuchChart(f"chart {name!r}: the run has {', '.join(drawn)}")
    found: alt.TopLevelMixin = alt.Chart.from_dict(drawn[chosen])
    return found
