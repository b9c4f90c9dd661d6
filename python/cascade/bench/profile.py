"""`make profile SCENARIO=...`: where the time of one run goes, as a tree on the terminal and as a page of its own."""

from __future__ import annotations

import importlib
import sys
import tempfile
from pathlib import Path

from cascade.chain.artifacts import load_artifacts
from cascade.errors import CascadeError
from cascade.harness import replay
from cascade.scenario.load import load_scenario
from cascade.scenario.shipped import scenario_file

_INTERVAL_SECONDS = 0.002
"""Time between two looks at what the run is doing."""


def main(arguments: list[str]) -> int:
    """Profile one run, and return the exit code.

    Parameters
    ----------
    arguments : list of str
        The scenario, then the file of the page, then changes as `PATH=VALUE`.
    """
    try:
        profiler = importlib.import_module("pyinstrument").Profiler(interval=_INTERVAL_SECONDS)
        name, page, *changes = arguments
        scenario = load_scenario(scenario_file(name), overrides=changes)
        # Compiled beforehand: that happens once, and not in every run.
        load_artifacts()
        with tempfile.TemporaryDirectory(prefix="cascade-profile-") as folder, profiler:
            replay(scenario, out=folder, require_expected=False)
        print(profiler.output_text(unicode=True, color=False, show_all=False))
        file = Path(page)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(profiler.output_html(), encoding="utf-8")
        print(f"page: {file}")
    except ImportError:
        print("error: pyinstrument: not installed: run `make setup`", file=sys.stderr)
        return 2
    except CascadeError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
