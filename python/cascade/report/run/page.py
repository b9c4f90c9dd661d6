"""Assembles `report.html` of a run."""

from __future__ import annotations

from pathlib import Path

from cascade.analysis.frames import Frames
from cascade.analysis.summary import read_summary
from cascade.recording.manifest import Manifest
from cascade.recording.tables import TABLES
from cascade.report.run.charts import charts
from cascade.report.run.datasets import datasets, health_stride
from cascade.report.run.exchange_words import exchange_reading
from cascade.report.run.further_runs import further_runs
from cascade.report.run.link_words import chain_reading, link_words
from cascade.report.run.words import cards, command, day_of, parameters, readings
from cascade.report.shared.document import document

__all__ = ["build_report"]

_TEMPLATE = Path(__file__).with_name("page.html.j2")


def build_report(run_folder: Path) -> Path:
    """Write `report.html` of a finished run.

    The page holds its charts' data and code, opens from disk and needs no network.

    Parameters
    ----------
    run_folder : Path
        Folder with `tables/`, `summary.json` and `manifest.json`.

    Returns
    -------
    Path
        The page.
    """
    summary = read_summary(run_folder)
    manifest = Manifest.from_json((run_folder / "manifest.json").read_text(encoding="utf-8"))
    frames = Frames(run_folder)
    data = datasets(frames, summary)
    day = day_of(frames)
    further = further_runs(run_folder)
    drawn = charts(data, day=day)
    if further is not None:
        data.update(further.datasets)
        drawn += further.charts
    chain = link_words(frames.links)
    content = {
        "datasets": {name: {"columns": table.columns, "rows": table.rows} for name, table in data.items()},
        "charts": {chart.key: chart.variants for chart in drawn},
    }
    page = document(
        _TEMPLATE,
        script="page.js",
        content=content,
        summary=summary,
        manifest=manifest,
        run=frames.runs.iloc[0].to_dict(),
        description=str(frames.parameters.get("description") or ""),
        day=day,
        health_stride=health_stride(frames),
        has_rho=bool(data["rho"].rows) if "rho" in data else False,
        chain=chain,
        chain_reading=chain_reading(chain),
        has_exchange="books" in data,
        exchange_reading=exchange_reading(summary.exchange),
        further=further,
        cards=cards(summary, manifest.expectation),
        readings=readings(summary),
        parameters=parameters(frames),
        command=command(manifest),
        row_counts={name: len(getattr(frames, name)) for name in TABLES},
        tables=TABLES,
    )
    path = run_folder / "report.html"
    path.write_text(page, encoding="utf-8", newline="\n")
    return path
