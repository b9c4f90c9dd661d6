"""Keep the outcomes of finished runs, so that an experiment which is started again repeats none of them.

Each outcome is a file of its own, named after the identity of what it is the outcome of. It is written under another
name and renamed when it is whole: an experiment that is killed leaves no half of one, and several experiments may share
a folder.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path

from cascade.errors import CascadeError

__all__ = ["Outcomes"]

_FOLDER = "outcomes"


class Outcomes:
    """The outcomes that lie in a folder of results.

    Parameters
    ----------
    results : Path, optional
        The folder of results; its folder `outcomes` is made with the first outcome. None keeps nothing.
    """

    def __init__(self, results: Path | None) -> None:
        self.folder = None if results is None else results / _FOLDER

    def of(self, identity: str) -> str | None:
        """Return the outcome of an identity as JSON; None where there is none, or its file is not what was written."""
        if self.folder is None:
            return None
        try:
            found = json.loads((self.folder / f"{identity}.json").read_text(encoding="utf-8"))
            outcome, digest = found["outcome"], found["sha256"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return outcome if isinstance(outcome, str) and _digest(identity, outcome) == digest else None

    def keep(self, identity: str, outcome: str, *, name: str) -> None:
        """Keep an outcome.

        Parameters
        ----------
        outcome : str
            The outcome as JSON.
        name : str
            What it is the outcome of, for a reader.

        Raises
        ------
        CascadeError
            When it cannot be written.
        """
        if self.folder is None:
            return
        content = {"name": name, "outcome": outcome, "sha256": _digest(identity, outcome)}
        file = self.folder / f"{identity}.json"
        partial = self.folder / f".{identity}-{os.getpid()}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
            partial.replace(file)
        except OSError as error:
            with suppress(OSError):
                partial.unlink()
            raise CascadeError(
                f"{file}: cannot be written: {error.strerror or error}; the outcomes that were kept before stay, and "
                "the same command goes on from there"
            ) from error


def _digest(identity: str, outcome: str) -> str:
    return hashlib.sha256(f"{identity}\n{outcome}".encode()).hexdigest()
