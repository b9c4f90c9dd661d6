"""Draw the charts of a run as PNG files, for documents that cannot hold a page."""

from __future__ import annotations

import json
import re
from pathlib import Path

import vl_convert

from cascade.analysis.frames import Frames
from cascade.analysis.summary import read_summary
from cascade.recording.manifest import read_manifest
from cascade.report.run.charts import charts
from cascade.report.run.datasets import datasets
from cascade.report.run.event_words import event_marks, marked
from cascade.report.run.words import day_of
from cascade.report.shared.datasets import Dataset
from cascade.report.shared.style import Chart, Specification, data_name

__all__ = ["drawn_charts", "save_charts"]

_WIDTH = 860
"""Width of a picture in points."""

_SCALE = 2.0
"""Pixels per point."""

_FONTS = "DejaVu Sans, Liberation Sans, Arial, sans-serif"


def save_charts(run_folder: Path) -> list[Path]:
    """Draw every chart of a finished run that has data to `charts/NAME.png`, a file for each of its variants.

    The same tables give the same bytes with the same vl-convert and fonts.

    Returns
    -------
    list of Path
        The files written.
    """
    folder = run_folder / "charts"
    folder.mkdir(exist_ok=True)
    written = []
    for name, specification in drawn_charts(run_folder).items():
        path = folder / f"{name}.png"
        path.write_bytes(vl_convert.vegalite_to_png(json.dumps(specification), scale=_SCALE))
        written.append(path)
    return written


def drawn_charts(run_folder: Path) -> dict[str, Specification]:
    """Return every chart of a finished run that has data, with its data inside, by name in the order of the page."""
    summary = read_summary(run_folder)
    frames = Frames(run_folder, read_manifest(run_folder).tables)
    data = datasets(frames, summary)
    all_charts = marked(charts(data, day=day_of(frames)), event_marks(frames))
    return {
        "-".join([chart.key, *re.findall(r"[A-Za-z0-9]+", label)]): _alone(specification, data)
        for chart in all_charts
        if _has_rows(chart, data)
        for label, specification in chart.variants.items()
    }


def _has_rows(chart: Chart, data: dict[str, Dataset]) -> bool:
    # A run without an exchange pool has no depth, and a chart without rows has no size: drawing it would fail.
    return all(data[data_name(specification)].rows for specification in chart.variants.values())


def _alone(specification: Specification, data: dict[str, Dataset]) -> Specification:
    """Return a specification with its data inside, and with a size: a picture has no page to fit into."""
    name = data_name(specification)
    config = {**specification["config"], "font": _FONTS, "padding": 16}
    return {
        **specification,
        "width": _WIDTH,
        "autosize": {"type": "pad"},
        "config": config,
        "datasets": {name: data[name].records()},
    }
