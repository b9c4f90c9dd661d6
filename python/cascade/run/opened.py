"""Open the folder of a finished run."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from cascade.analysis.frames import Frames
from cascade.analysis.summary import Summary, read_summary
from cascade.errors import CascadeError, ExpectationFailed
from cascade.recording.manifest import MANIFEST_FILE, Manifest, read_manifest
from cascade.recording.tables import TABLES

if TYPE_CHECKING:
    from altair import TopLevelMixin

__all__ = ["Run"]


class Run:
    """The tables, summary, manifest and report of one finished run.

    Every table is an attribute: `run.liquidations`, `run.positions`, ... (docs/TABLES.md). Raw amounts are Python ints.

    Parameters
    ----------
    folder : str or Path
        Folder of the run.

    Raises
    ------
    CascadeError
        When the folder does not hold a finished run.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        if not (self.folder / MANIFEST_FILE).is_file():
            raise CascadeError(f"{folder}: is not a finished run: expected a folder with manifest.json")

    @cached_property
    def manifest(self) -> Manifest:
        """Inputs, tools and outcome of the run."""
        return read_manifest(self.folder)

    @cached_property
    def summary(self) -> Summary:
        """The figures of the run (docs/SUMMARY.md)."""
        # A run that could not be analysed has none, and says why.
        _ = self.manifest.outcome
        return read_summary(self.folder)

    @cached_property
    def frames(self) -> Frames:
        """The tables of the run; each is read, and checked against its hash in the manifest, when it is first used."""
        return Frames(self.folder, self.manifest.tables)

    def report(self) -> Path:
        """Return the path of the report, which is drawn from the tables first where it is missing."""
        page = self.folder / "report.html"
        if not page.is_file():
            # Imported on first use: the chart libraries are slow to load, and most callers want tables only.
            from cascade.report.run.page import build_report

            build_report(self.folder)
        return page

    def sql(self, query: str) -> pd.DataFrame:
        """Return the answer to a query in SQL over the tables, with amounts as numbers in `TABLE_usd`.

        `run.sql("select liquidator, sum(debt_covered_usd) from liquidations_usd group by 1")`; docs/NOTEBOOK.md.

        Raises
        ------
        QueryRefused
            When DuckDB does not accept the query.
        ToolMissing
            When DuckDB is not installed.
        """
        from cascade.run.queries import query as answer

        return answer(self.frames, query)

    def chart(self, name: str) -> TopLevelMixin:
        """Return one chart of the page, as a chart of Altair that a notebook draws.

        Raises
        ------
        NoSuchChart
            Naming the charts that the run has.
        """
        # Imported on first use, as in `report`.
        from cascade.report.run.notebook import chart_of

        return chart_of(self.folder, name)

    def require_expected(self) -> None:
        """Raise when the run ended otherwise than its scenario claims.

        Raises
        ------
        ExpectationFailed
            Naming each missed claim, its outcome, and the folder of the run, which is kept.
        """
        expectation = self.manifest.outcome
        if not expectation.met:
            raise ExpectationFailed(
                f"{self.manifest.scenario_file}: {'; '.join(expectation.missed)}; see {self.folder}"
            )

    def __getattr__(self, name: str) -> pd.DataFrame:
        # Called for names that are no attribute of a run: tables, and derived frames of `Frames`. `copy` and `pickle`
        # ask a run without any attribute yet for special ones, which must not lead back here.
        if name.startswith("_") or "folder" not in self.__dict__:
            raise AttributeError(name)
        found = getattr(self.frames, name, None)
        if isinstance(found, pd.DataFrame):
            return found
        hint = f": expected run.frames.{name}" if found is not None else ""
        raise AttributeError(f"{name} is no table of a run{hint}")

    def __dir__(self) -> list[str]:
        # What a notebook completes by Tab: tables are no attributes until they are read.
        return sorted({*super().__dir__(), *TABLES})

    def _repr_html_(self) -> str:
        """Return the run as HTML, for Jupyter and marimo."""
        from cascade.report.run.notebook import run_html

        return run_html(self.folder, summary=self.summary, manifest=self.manifest)

    def __repr__(self) -> str:
        return f"Run({self.folder.name!r})"
