"""Assemble `index.html`: the runs of a folder in one table, and two of them side by side."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import yaml

from cascade.analysis.summary import Summary, read_summary, summary_json
from cascade.errors import CascadeError
from cascade.recording.manifest import MANIFEST_FILE, Manifest, read_manifest
from cascade.report.shared.document import document, write_page
from cascade.report.shared.figures import count, dollars, price

__all__ = ["build_index"]

_TEMPLATE = Path(__file__).with_name("page.html.j2")

_OF_THE_MACHINE = ("wall_seconds", "crash_wall_seconds", "crash_node_seconds", "anvil_peak_memory_mb")
"""Figures of the machine, which differ between two runs of the same bytes."""


@dataclass(frozen=True)
class _Line:
    """One run of the list.

    Attributes
    ----------
    number : int
        Place of the run in the list, by which the page's script knows it.
    run_id, scenario : str
        Names of the run and of its scenario.
    link : str
        Address of its page, relative to the index; empty where the run has none.
    overrides : str
        Keys that were changed.
    claims : str
        Whether it ended as its scenario claims.
    liquidations, borrowers, covered, deficit, trough : str
        Figures of the run.
    tables_sha256 : str
        Hash over its tables.
    """

    number: int
    run_id: str
    scenario: str
    seed: int
    link: str
    overrides: str
    claims: str
    liquidations: str
    borrowers: str
    covered: str
    deficit: str
    trough: str
    tables_sha256: str


@dataclass(frozen=True)
class _Page:
    """What the template shows: the folder's name, its runs, and the folders left out, each with the reason."""

    folder: str
    lines: list[_Line]
    left_out: list[tuple[str, str]]


def build_index(folder: Path) -> Path:
    """Write `index.html` of a folder of runs.

    Parameters
    ----------
    folder : Path
        Folder whose subfolders are runs; a subfolder without a manifest is ignored, and one that cannot be read is
        listed with the reason.

    Returns
    -------
    Path
        Path of the page. It links to the page of each run beside it.

    Raises
    ------
    CascadeError
        When no subfolder holds a finished run.
    """
    lines: list[_Line] = []
    figures: list[dict[str, Any]] = []
    left_out: list[tuple[str, str]] = []
    for run in sorted(path for path in folder.iterdir() if (path / MANIFEST_FILE).is_file()):
        try:
            manifest, summary = read_manifest(run), read_summary(run)
        except CascadeError as error:
            left_out.append((run.name, str(error)))
            continue
        lines.append(_line(len(lines), run, manifest, summary))
        figures.append({"name": manifest.run_id, "scenario": _scenario(manifest), "figures": _figures(summary)})
    if not lines:
        raise CascadeError(f"{folder}: holds no finished run: expected folders with {MANIFEST_FILE} and summary.json")
    page = _Page(folder=folder.resolve().name, lines=lines, left_out=left_out)
    text = document(_TEMPLATE, page=page, datasets={}, charts=[], scripts=["index.js"], content={"runs": figures})
    return write_page(folder / "index.html", text)


def _line(number: int, run: Path, manifest: Manifest, summary: Summary) -> _Line:
    expectation, trough = manifest.expectation, summary.trough_at
    claims = "not analysed" if expectation is None else "met" if expectation.met else "; ".join(expectation.missed)
    return _Line(
        number=number,
        run_id=manifest.run_id,
        scenario=manifest.scenario_name,
        seed=manifest.seed,
        link=f"{quote(run.name)}/report.html" if (run / "report.html").is_file() else "",
        overrides=", ".join(manifest.overrides),
        claims=claims,
        liquidations=count(summary.liquidations),
        borrowers=f"{count(summary.liquidated_positions)} of {count(summary.positions)}",
        covered=dollars(summary.debt_covered_usd),
        deficit=dollars(summary.deficit_usd),
        trough=f"{trough.asset} {price(trough.price_usd)}" if trough else "\u2013",
        tables_sha256=summary.tables_sha256,
    )


def _scenario(manifest: Manifest) -> dict[str, str]:
    """Return every key of the scenario as it was run, by dotted path."""
    keys = _flat(yaml.safe_load(manifest.scenario_text))
    return {path: value if isinstance(value, str) else json.dumps(value, default=str) for path, value in keys.items()}


def _figures(summary: Summary) -> dict[str, Any]:
    found = json.loads(summary_json(summary))
    return {path: value for path, value in _flat(found).items() if path not in ("run_id", *_OF_THE_MACHINE)}


def _flat(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        parts = {str(key): part for key, part in value.items()}
    elif isinstance(value, list) and any(isinstance(part, (dict, list)) for part in value):
        parts = {str(number): part for number, part in enumerate(value)}
    else:
        return {path: value}
    flat: dict[str, Any] = {}
    for key, part in parts.items():
        flat |= _flat(part, f"{path}.{key}" if path else key)
    return flat
