"""Figures of a run's summary by their dotted paths."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cascade.errors import CascadeError, unknown_name

__all__ = ["figure_of"]


def figure_of(folder: Path, path: str) -> Any:
    """Return the figure at a dotted path of a run's summary, as JSON has it: null is None.

    Parameters
    ----------
    folder : Path
        Folder of a finished run.
    path : str
        Path such as `exchange.books.ALT-USDC.low`; docs/SUMMARY.md lists every key.

    Raises
    ------
    CascadeError
        When the summary has no such key.
    """
    node: Any = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    walked: list[str] = []
    for part in path.split("."):
        if not isinstance(node, dict):
            raise CascadeError(f"{path}: {'.'.join(walked)} is {json.dumps(node)}, and has no keys below it")
        if part not in node:
            raise CascadeError(f"{path}: {unknown_name('key', part, sorted(node))}")
        node = node[part]
        walked.append(part)
    return node
