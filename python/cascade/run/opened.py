"""A finished run, opened from its folder."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from cascade.analysis.frames import Frames
from cascade.errors import CascadeError, ExpectationFailed
from cascade.recording.manifest import Manifest

__all__ = ["Run"]


class Run:
    """Tables, summary, manifest and report of one run.

    Every table is an attribute: `run.liquidations`, `run.positions`, ... (docs/TABLES.md). Raw amounts are Python ints.

    Parameters
    ----------
    folder : str or Path
        The run's folder.

    Raises
    ------
    CascadeError
        When the folder is no finished run.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        if not (self.folder / "manifest.json").is_file():
            raise CascadeError(f"{folder}: no finished run: expected a folder with manifest.json")

    @cached_property
    def manifest(self) -> Manifest:
        """How the run was made, and how it ended against the claims of its scenario."""
        return Manifest.from_json((self.folder / "manifest.json").read_text(encoding="utf-8"))

    @cached_property
    def summary(self) -> dict[str, Any]:
        """The run's figures."""
        content: dict[str, Any] = json.loads((self.folder / "summary.json").read_text(encoding="utf-8"))
        return content

    @cached_property
    def frames(self) -> Frames:
        """All tables, read when asked for."""
        return Frames(self.folder)

    def report(self) -> Path:
        """Path of the report; drawn again from the tables when it is missing."""
        page = self.folder / "report.html"
        if not page.is_file():
            from cascade.report.run.page import build_report

            build_report(self.folder)
        return page

    def require_expected(self) -> None:
        """Refuse a run that ended otherwise than its scenario claims.

        Raises
        ------
        ExpectationFailed
            Naming the claim, the outcome and the run's folder, which stays.
        """
        expectation = self.manifest.expectation
        if not expectation.met:
            raise ExpectationFailed(
                f"{self.manifest.scenario_file}: {'; '.join(expectation.missed)}; see {self.folder}"
            )

    def __getattr__(self, name: str) -> pd.DataFrame:
        frames: Frames = self.frames
        if name.startswith("_") or not hasattr(frames, name):
            raise AttributeError(name)
        frame: pd.DataFrame = getattr(frames, name)
        return frame

    def __repr__(self) -> str:
        return f"Run({self.folder.name!r})"
