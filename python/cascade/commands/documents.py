"""Write the documents that are generated from the code: `python -m cascade.commands.documents [--check]`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from cascade.analysis.doc import render as render_summary
from cascade.recording.doc import render as render_tables
from cascade.scenario.doc import render as render_scenario
from cascade.toolchain.paths import project_root

__all__ = ["DOCUMENTS", "main"]

DOCUMENTS: dict[str, Callable[[], str]] = {
    "SCENARIO.md": render_scenario,
    "SUMMARY.md": render_summary,
    "TABLES.md": render_tables,
}
"""The function that renders each generated document, by its name under docs/."""


def main(arguments: Sequence[str]) -> int:
    """Write every document; with `--check` among the arguments, write none and report those that are not current.

    Returns
    -------
    int
        Exit code: 1 when a checked document is not current.
    """
    outdated = []
    for name, render in DOCUMENTS.items():
        file, text = project_root() / "docs" / name, render()
        if "--check" not in arguments:
            file.write_text(text, encoding="utf-8")
        elif not file.is_file() or file.read_text(encoding="utf-8") != text:
            outdated.append(name)
    for name in outdated:
        sys.stderr.write(f"docs/{name}: differs from the code that it is generated from: run `make docs`\n")
    return 1 if outdated else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
