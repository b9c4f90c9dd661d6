"""`make bench`: print `name  value  goal  ok|short`, one figure per line; `ONLY=` names parts.

Absolute times depend on the machine, so that most figures are ratios of times measured in the same process. A figure
that falls short of its goal is no failure.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from cascade.bench.build import measure_build
from cascade.bench.engines import measure_engines, measure_many_runs, measure_october
from cascade.bench.large import measure_5000_positions, measure_flagship, measure_october_in_full
from cascade.bench.mirrors import measure_20000_positions, measure_mirrors
from cascade.errors import CascadeError, unknown_name

PARTS: dict[str, Callable[[], None]] = {
    "build": measure_build,
    "flagship": measure_flagship,
    "5000": measure_5000_positions,
    "october-in-full": measure_october_in_full,
    "october": measure_october,
    "engines": measure_engines,
    "many": measure_many_runs,
    "mirrors": measure_mirrors,
    "20000": measure_20000_positions,
}
"""Parts of the bench by name, in the order in which they run."""


def main(names: list[str]) -> int:
    """Measure the parts named, or all, and return the exit code."""
    try:
        for name in names:
            if name not in PARTS:
                raise CascadeError(f"ONLY={name}: {unknown_name('part', name, PARTS)}")
        for name, measure in PARTS.items():
            if name in names or not names:
                measure()
    except CascadeError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
