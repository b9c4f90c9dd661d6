"""Assembles `report.html`: everything inside one file, nothing fetched, nothing run that is not ours."""

from __future__ import annotations

import base64
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import vl_convert
from markupsafe import Markup

from cascade.analysis.frames import Frames
from cascade.recording.schema import TABLES
from cascade.report.charts import charts
from cascade.report.datasets import datasets, health_stride
from cascade.report.figures import count, dollars
from cascade.report.words import cards, command, day_of, parameters, readings

__all__ = ["build_report"]

_HERE = Path(__file__).parent
_VEGA = "window.vegaEmbed = vegaEmbed;"


def build_report(run_folder: Path) -> Path:
    """Write `report.html` of a finished run.

    The page holds its charts' data and code, opens from disk and needs no network. Its content security policy lets
    only its own two scripts run, named by their hashes, so text from a scenario stays text.

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
    content = {
        "datasets": {name: {"columns": table.columns, "rows": table.rows} for name, table in data.items()},
        "charts": {chart.key: chart.variants for chart in charts(data, day=day)},
    }
    scripts = [_vega(), (_HERE / "assets" / "page.js").read_text(encoding="utf-8")]
    page = _environment().get_template("page.html.j2").render(
        summary=summary,
        manifest=manifest,
        run=frames.runs.iloc[0].to_dict(),
        description=str(frames.parameters.get("description") or ""),
        day=day,
        health_stride=health_stride(frames),
        has_rho=bool(data["rho"].rows) if "rho" in data else False,
        cards=cards(summary, manifest.get("expectation", {})),
        readings=readings(summary),
        parameters=parameters(frames),
        command=command(manifest),
        row_counts={name: len(getattr(frames, name)) for name in TABLES},
        tables=TABLES,
        policy="; ".join(
            ["default-src 'none'", "img-src data: blob:", "style-src 'unsafe-inline'", "base-uri 'none'",
             "form-action 'none'", "script-src " + " ".join(_source(script) for script in scripts)]
        ),
        style=Markup((_HERE / "assets" / "page.css").read_text(encoding="utf-8")),  # noqa: S704 (our own file)
        scripts=[Markup(script) for script in scripts],  # noqa: S704 (our own file, and the bundled library)
        content=Markup(_inert(content)),  # noqa: S704 (escaped by _inert)
    )  # fmt: skip
    path = run_folder / "report.html"
    path.write_text(page, encoding="utf-8", newline="\n")
    return path


def _read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _inert(content: Any) -> str:
    # JSON inside a script element: no character in it can end the element or begin a comment.
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@cache
def _vega() -> str:
    bundle: str = vl_convert.javascript_bundle(_VEGA)
    for sign in ("</script", "<script", "<!--", "\r"):
        if sign in bundle:
            raise ValueError(f"the chart library holds {sign!r} and cannot stand inside a page")
    return bundle


def _source(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode('utf-8')).digest()).decode('ascii')}'"


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_HERE), autoescape=True, undefined=jinja2.StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(dollars=dollars, count=count)
    return environment
