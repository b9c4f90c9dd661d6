"""The runs of a tail estimate on disk: a line per run, so that the same command goes on where it stopped."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from cascade.errors import CascadeError
from cascade.experiments.json_lines import JsonLines

__all__ = ["Journal"]

_FILE = "runs.jsonl"


class Journal:
    """The figures of runs that have ended, by what was drawn for them.

    Parameters
    ----------
    folder : Path
        Folder of the estimate, named after everything that its runs depend on; it is made where it is missing.

    Raises
    ------
    CascadeError
        When a line cannot be read; one that was cut off at the end is ignored.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lines = JsonLines(folder / _FILE)
        self.figures: dict[str, tuple[float | None, ...]] = {}
        for number, line in enumerate(self._lines.read(), start=1):
            try:
                self.figures[json.dumps(line["run"], separators=(",", ":"))] = tuple(line["figures"])
            except (KeyError, TypeError) as error:
                raise CascadeError(f"{folder / _FILE}: line {number} is no run: remove the folder") from error

    @staticmethod
    def key_of(values: Mapping[str, object], seed: int) -> str:
        """Return the text that names a run in the journal."""
        return json.dumps([seed, dict(values)], separators=(",", ":"))

    def keep(self, runs: Iterable[tuple[str, tuple[float | None, ...]]]) -> None:
        """Append runs that have ended."""
        ended = dict(runs)
        self.figures |= ended
        self._lines.append([{"run": json.loads(key), "figures": list(figures)} for key, figures in ended.items()])
