"""Files and consoles that commands write their results to."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from cascade.run.opened import Run
from cascade.run.place import require_writable_file, require_writable_folder

__all__ = ["console_beside", "folder_of_runs", "require_outputs", "write_examination", "write_markdown"]

_STANDARD_OUTPUT = "-"


def require_outputs(out: Path, markdown: Path | None = None) -> None:
    """Check before any run that the folder of results, and the Markdown file where one is named, can be written.

    Raises
    ------
    CascadeError
        Naming the option and the path.
    """
    require_writable_folder(out)
    if markdown is not None and str(markdown) != _STANDARD_OUTPUT:
        require_writable_file(markdown, option="--markdown")


def write_markdown(file: Path | None, text: str) -> None:
    """Write Markdown to a file, or to standard output where the file is `-`; None writes nothing."""
    if file is None:
        return
    if str(file) == _STANDARD_OUTPUT:
        # What the terminal's encoding lacks is written as Markdown has it for every encoding: an arrow as `&#8594;`.
        encoding = sys.stdout.encoding or "utf-8"
        sys.stdout.write(text.encode(encoding, "xmlcharrefreplace").decode(encoding))
    else:
        file.write_text(text, encoding="utf-8")


def console_beside(markdown: Path | None) -> Console:
    """Return the console for tables: standard output, or standard error where Markdown takes standard output."""
    return Console(stderr=str(markdown) == _STANDARD_OUTPUT)


def folder_of_runs(out: Path, kind: str, runs: Sequence[Run]) -> Path:
    """Return the folder of a page about several runs: `KIND-SCENARIO-SEED-HASH`, the hash over the ids of the runs."""
    # The id of a run starts with its scenario and seed, which the folder is named after; its hash names one run only.
    ids = [run.manifest.run_id for run in runs]
    digest = hashlib.sha256("\n".join(ids).encode()).hexdigest()[:10]
    return out / f"{kind}-{ids[0].rpartition('-')[0]}-{digest}"


def write_examination(folder: Path, name: str, *, figures: str, markdown: str) -> tuple[Path, Path]:
    """Write `NAME.json` and `NAME.md` into a folder that is made where it is missing, and return both paths."""
    folder.mkdir(parents=True, exist_ok=True)
    data, post = folder / f"{name}.json", folder / f"{name}.md"
    data.write_text(figures, encoding="utf-8")
    post.write_text(markdown, encoding="utf-8")
    return data, post
