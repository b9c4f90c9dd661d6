"""The runs of a tail estimate on disk: a line per run, so that the same command goes on where it stopped."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from cascade.errors import CascadeError

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
        self._file = folder / _FILE
        self.figures: dict[str, tuple[float | None, ...]] = dict(self._read())

    @staticmethod
    def key_of(values: Mapping[str, object], seed: int) -> str:
        """Return the text that names a run in the journal."""
        return json.dumps([seed, dict(values)], separators=(",", ":"))

    def keep(self, runs: Iterable[tuple[str, tuple[float | None, ...]]]) -> None:
        """Append runs that have ended."""
        lines = []
        for key, figures in runs:
            self.figures[key] = figures
            lines.append(json.dumps({"run": json.loads(key), "figures": figures}, allow_nan=False) + "\n")
        with self._file.open("a", encoding="utf-8") as file:
            file.write("".join(lines))
            file.flush()
            os.fsync(file.fileno())

    def _read(self) -> Iterable[tuple[str, tuple[float | None, ...]]]:
        content = self._file.read_bytes() if self._file.is_file() else b""
        whole, _, torn = content.rpartition(b"\n")
        if torn:
            # Cut off by whatever ended the command: the next line must not continue it.
            with self._file.open("rb+") as file:
                file.truncate(len(content) - len(torn))
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                found = json.loads(line)
                yield json.dumps(found["run"], separators=(",", ":")), tuple(found["figures"])
            except (json.JSONDecodeError, KeyError, TypeError) as error:
                raise CascadeError(f"{self._file}: line {number}: cannot be read: remove the folder") from error
