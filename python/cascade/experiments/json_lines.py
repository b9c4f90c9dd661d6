"""A file of JSON lines that is only ever appended to, and that survives whatever ends the process that writes it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cascade.errors import CascadeError

__all__ = ["JsonLines"]


class JsonLines:
    """The lines of a file, each an object.

    Parameters
    ----------
    file : Path
        The file; it is made with the first line.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def read(self) -> list[dict[str, Any]]:
        """Return every whole line, and take away a last one that was cut off: the next line must not continue it.

        Raises
        ------
        CascadeError
            For a whole line that is no JSON object.
        """
        content = self._file.read_bytes() if self._file.is_file() else b""
        whole, _, torn = content.rpartition(b"\n")
        if torn:
            with self._file.open("rb+") as file:
                file.truncate(len(content) - len(torn))
        lines = []
        for number, line in enumerate(whole.splitlines(), start=1):
            try:
                found = json.loads(line)
            except json.JSONDecodeError:
                found = None
            if not isinstance(found, dict):
                raise CascadeError(
                    f"{self._file}: line {number} is no JSON object: remove the folder, or choose another"
                )
            lines.append(found)
        return lines

    def append(self, lines: Sequence[Mapping[str, object]]) -> None:
        """Append lines, and wait until they are on the disk.

        Raises
        ------
        CascadeError
            When they cannot be written.
        """
        text = "".join(json.dumps(line, separators=(",", ":"), allow_nan=False) + "\n" for line in lines)
        try:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise CascadeError(
                f"{self._file}: cannot be written: {error.strerror or error}; what it holds is kept, and the same "
                "command goes on from there"
            ) from error
