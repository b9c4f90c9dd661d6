"""`cascade tail`: estimate the probability of a rare outcome."""

from __future__ import annotations

import json
from pathlib import Path

from rich.console import Console

from cascade.commands.options import with_seed
from cascade.commands.outputs import require_outputs
from cascade.errors import CascadeError, ExpectationFailed, ScenarioError
from cascade.experiments.execution import HERE, Execution
from cascade.experiments.frontier.condition import parse_condition
from cascade.experiments.seeds.figures import NoSuchFigure, require_figure
from cascade.experiments.tail.draws import require_tail
from cascade.experiments.tail.find import Tail, find_tail
from cascade.experiments.tail.words import LEVEL_HEADINGS, as_content, level_rows, tail_words
from cascade.report.shared.terminal import print_table, print_text
from cascade.scenario.load import Scenario, load_scenario

__all__ = ["show_tail"]


def show_tail(
    file: Path,
    *,
    beyond: str,
    samples: int,
    overrides: tuple[str, ...] = (),
    seed: str | None = None,
    execution: Execution = HERE,
    out: Path = Path("runs"),
) -> Tail:
    """Estimate the probability of an outcome, print it with its levels, and write its figures.

    Raises
    ------
    ExpectationFailed
        When there is no estimate; everything is written and printed first.
    CascadeError
        Before anything runs, for a condition, figure or key that is none.
    """
    require_outputs(out)
    condition = parse_condition(beyond, option="--beyond")
    if condition.sign == "==":
        raise CascadeError(f"--beyond = {beyond!r}: expected > >= < or <=: no run is beyond a single value")
    scenario = load_scenario(file, overrides=with_seed(overrides, seed))
    _require_guides(scenario)
    try:
        found = find_tail(scenario, condition, samples=samples, out=out, execution=execution)
    except KeyboardInterrupt as stop:
        raise KeyboardInterrupt(f"runs that ended are kept in {out}; the same command goes on") from stop
    likeliest = found.likeliest
    command = None if likeliest is None else found.command_of(likeliest, file)
    figures = found.folder / "tail.json"
    figures.write_text(json.dumps(as_content(found, command), indent=2) + "\n", encoding="utf-8")
    console = Console()
    print_text(console, tail_words(found))
    print_table(console, "levels", LEVEL_HEADINGS, level_rows(found), text_columns=2)
    if command is not None:
        print_text(console, "The likeliest run that meets it, with its page:")
        print_text(console, f"  {command}", wrap=False)
    print_text(console, str(figures), wrap=False)
    if found.simulation.stalled:
        raise ExpectationFailed(f"{file.name}: {tail_words(found)}")
    return found


def _require_guides(scenario: Scenario) -> None:
    for path in require_tail(scenario).guides:
        try:
            require_figure(path)
        except NoSuchFigure as error:
            raise ScenarioError(file=scenario.file, key="tail.guides", value=path, expected=str(error)) from error
