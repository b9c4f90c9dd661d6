"""The dataset of a sweep: a folder of Parquet files, and a journal of rows that survives whatever ends the sweep.

`journal.jsonl` gets a line when a run starts and one when it has ended, with its row. It is only ever appended to, and
a last line that was cut off is ignored. `rows/` has the same rows as Parquet, written from the journal in parts, which
DuckDB, polars and pandas read as one dataset. `sweep.json` says what the sweep is of: another one is refused.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from cascade.errors import CascadeError
from cascade.experiments.json_lines import JsonLines
from cascade.experiments.sweep.make import Row
from cascade.experiments.sweep.plan import Plan, PlannedRun

__all__ = ["Dataset", "OtherSweep"]

_IDENTITY, _JOURNAL, _ROWS = "sweep.json", "journal.jsonl", "rows"
_PART = 256
"""Rows of a part."""


class OtherSweep(CascadeError, ValueError):
    """Raised when a folder holds the dataset of another sweep, or of other code."""


class Dataset:
    """The folder of a sweep.

    Parameters
    ----------
    folder : Path
        The folder; it is made where it is missing.
    plan : Plan
        The runs of the sweep.

    Raises
    ------
    OtherSweep
        When the folder holds other runs.
    CascadeError
        When it cannot be written.
    """

    def __init__(self, folder: Path, plan: Plan) -> None:
        self.folder, self._plan = folder, plan
        self._paths = list(plan.grid.spec.vary)
        self._journal = JsonLines(folder / _JOURNAL)
        self._open()
        self.rows: dict[str, Row] = {row.id: row for row in self._journalled()}

    @property
    def missing(self) -> list[PlannedRun]:
        """Runs that have not ended, in the order of the plan; two points of a sample that are the same are one run."""
        return [run for run in {run.id: run for run in self._plan.runs}.values() if run.id not in self.rows]

    def started(self, runs: Iterable[PlannedRun]) -> None:
        """Take note that runs were given to a worker."""
        self._journal.append([{"started": run.id} for run in runs])

    def ended(self, row: Row) -> None:
        """Keep the row of a run; the same run that ends twice is kept once."""
        if row.id not in self.rows:
            self.rows[row.id] = row
            self._journal.append([{"ended": row.as_json()}])

    def write_parts(self) -> list[Path]:
        """Write all rows as Parquet, in the order of the plan, and return the files.

        The files are the same, byte for byte, whichever worker made which run, and however often the sweep was resumed.
        """
        folder = self.folder / _ROWS
        folder.mkdir(exist_ok=True)
        ordered = sorted(self.rows.values(), key=lambda row: row.number)
        files = []
        table = pa.Table.from_pandas(self.frame(), preserve_index=False)
        for start in range(0, len(ordered), _PART):
            file = folder / f"part-{start // _PART:05d}.parquet"
            partial = file.with_suffix(f".{os.getpid()}")
            pq.write_table(table.slice(start, _PART), partial)
            partial.replace(file)
            files.append(file)
        return files

    def frame(self) -> pd.DataFrame:
        """Return one row per run: id, number, seed, a column per varied key, a column per figure, hashes, error."""
        ordered = sorted(self.rows.values(), key=lambda row: row.number)
        figures = list(dict.fromkeys(path for row in ordered for path in row.figures))
        columns: dict[str, Any] = {
            "id": [row.id for row in ordered],
            "number": [row.number for row in ordered],
            "seed": [row.seed for row in ordered],
        }
        for path in self._paths:
            columns[path] = _column([row.changes[path] for row in ordered])
        for path in figures:
            columns[path] = pd.array([row.figures.get(path) for row in ordered], dtype="Float64")
        for name in ("run_id", "tables_sha256", "engine", "error", "command"):
            columns[name] = [getattr(row, name) for row in ordered]
        return pd.DataFrame(columns)

    def _open(self) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            identity = self.folder / _IDENTITY
            if identity.is_file():
                self._require_same(json.loads(identity.read_text(encoding="utf-8")))
                return
            if any(self.folder.iterdir()):
                raise OtherSweep(f"{self.folder}: is not empty, and holds no sweep: choose another folder")
            content = {"sweep": self._plan.grid.name, "runs": len(self._plan.runs), "identity": self._plan.identity}
            partial = identity.with_suffix(f".{os.getpid()}")
            partial.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
            partial.replace(identity)
        except OSError as error:
            raise CascadeError(f"{self.folder}: cannot be written: {error.strerror or error}") from error
        except json.JSONDecodeError as error:
            raise OtherSweep(f"{self.folder / _IDENTITY}: is no JSON: choose another folder") from error

    def _require_same(self, content: Mapping[str, object]) -> None:
        if content.get("identity") != self._plan.identity:
            raise OtherSweep(
                f"{self.folder}: holds the runs of another sweep, or of other code, contracts or tools: choose another "
                "folder with --folder"
            )

    def _journalled(self) -> list[Row]:
        known = {run.id for run in self._plan.runs}
        rows = []
        for line in self._journal.read():
            ended = line.get("ended")
            if isinstance(ended, dict) and ended.get("id") in known:
                rows.append(Row.from_json(ended))
        return rows


def _column(values: Sequence[object]) -> Any:
    """Return the values of a key as one type: whole numbers, numbers, or text."""
    if all(isinstance(value, int) and not isinstance(value, bool) for value in values):
        return np.array(values, dtype=np.int64)
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values):
        return np.array(values, dtype=np.float64)
    return [value if isinstance(value, str) else json.dumps(value, sort_keys=True) for value in values]
