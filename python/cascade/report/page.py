"""Assembles `report.html` of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cascade.analysis.frames import Frames
from cascade.recording.schema import TABLES
from cascade.report.charts import charts
from cascade.report.datasets import datasets, health_stride
from cascade.report.document import document
from cascade.report.exchange_words import exchange_reading
from cascade.report.further_runs import further_runs
from cascade.report.link_words import chain_reading, link_words
from cascade.report.words import cards, command, day_of, parameters, readings

__all__ = ["build_report"]


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
    summary = _read(run_folder / "summary.json")
    manifest = _read(run_folder / "manifest.json")
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
        "page.html.j2",
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
        exchange_reading=exchange_reading(summary.get("exchange")),
        further=further,
        cards=cards(summary, manifest.get("expectation", {})),
        readings=readings(summary),
        parameters=parameters(frames),
        command=command(manifest),
        row_counts={name: len(getattr(frames, name)) for name in TABLES},
        tables=TABLES,
    )
    path = run_folder / "report.html"
    path.write_text(page, encoding="utf-8", newline="\n")
    return path


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content
