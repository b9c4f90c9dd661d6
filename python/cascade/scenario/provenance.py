"""Keep what a scenario says of the sources of its parameters true where files replace whole sections of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from cascade.scenario.tree import Tree

__all__ = ["add_claim", "drop_claims", "put_book"]


def drop_claims(tree: Tree, paths: Sequence[str], *, but: str | None = None) -> None:
    """Take out what provenance says of keys below some sections that have been replaced.

    What is said of a whole section stays: of two rows about a key, the more specific one counts, or the last.

    Parameters
    ----------
    paths : sequence of str
        Dotted paths of the sections.
    but : str, optional
        End of the dotted paths that stay.
    """
    rows = tree.get("provenance")
    kept: list[object] = []
    for row in rows if isinstance(rows, list) else []:
        keys = row.get("keys") if isinstance(row, dict) else None
        if not isinstance(keys, list):
            # No row of provenance: validation says so.
            kept.append(row)
            continue
        left = [key for key in keys if not _is_below(str(key), paths) or (but is not None and str(key).endswith(but))]
        if left:
            kept.append({**row, "keys": left})
    tree["provenance"] = kept


def add_claim(tree: Tree, *, source: str, keys: Sequence[str]) -> None:
    """Add a row that says that keys were read from a file of observations."""
    rows = tree.get("provenance")
    tree["provenance"] = [
        *(rows if isinstance(rows, list) else []),
        {"status": "observed", "source": source, "keys": list(keys)},
    ]


def put_book(tree: Tree, file: Path) -> None:
    """Replace the positions of a scenario by the accounts of a file in long form.

    What the scenario said of its own positions, as sources and as values to vary, goes with them.
    """
    tree["positions"] = {"book": {"kind": "accounts", "file": str(file.resolve())}}
    drop_claims(tree, ["positions"])
    varied = tree.get("sensitivity")
    if isinstance(varied, dict):
        tree["sensitivity"] = {key: values for key, values in varied.items() if not _is_below(str(key), ["positions"])}
    add_claim(tree, source=f"accounts of {file.name}", keys=["positions"])


def _is_below(dotted: str, paths: Sequence[str]) -> bool:
    return any(dotted.startswith(f"{path}.") for path in paths)
