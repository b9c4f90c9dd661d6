"""`cascade proposal`: run a proposal from the configuration before and after it, on the same positions."""

from __future__ import annotations

from pathlib import Path

from cascade.commands.options import with_seed
from cascade.commands.outputs import console_beside, folder_of_runs, require_outputs, write_markdown
from cascade.errors import CascadeError
from cascade.experiments.comparison.compare import compare
from cascade.experiments.comparison.markdown import comparison_markdown
from cascade.experiments.comparison.page import build_comparison
from cascade.experiments.comparison.terminal import print_comparison
from cascade.experiments.execution import Execution
from cascade.experiments.proposal.read import proposed_scenarios, read_proposal
from cascade.experiments.proposal.words import print_proposal, proposal_head, proposal_title, remarks, unchanged
from cascade.report.shared.markdown import escaped
from cascade.report.shared.terminal import print_text
from cascade.scenario.shipped import scenario_file

__all__ = ["run_proposal"]

_SCENARIO = "aave-listing"
"""The scenario that a proposal is run on unless another one is named."""


def run_proposal(
    before: Path,
    after: Path,
    *,
    scenario: Path | None,
    positions: Path | None,
    reserves: tuple[str, ...],
    emodes: tuple[str, ...],
    overrides: tuple[str, ...],
    seed: str | None,
    amplification: bool,
    markdown: Path | None,
    execution: Execution,
    out: Path,
) -> None:
    """Print what a proposal changes, run the configuration before and after it, and print how the outcomes differ.

    Parameters
    ----------
    before, after : Path
        Configuration snapshots; the second may be the diff of both.
    scenario : Path, optional
        The scenario that both are run in; None takes the shipped one.
    positions : Path, optional
        File of accounts in place of the scenario's positions.
    reserves : tuple of str
        `ASSET=RESERVE`, the symbol or the address of a reserve; empty goes by the symbols.
    emodes : tuple of str
        `NUMBER=MODE`, the number of a mode in the scenario and in the snapshots; empty takes each under its own.
    overrides : tuple of str
        Keys that are set in both runs.

    Raises
    ------
    CascadeError
        When a file cannot be read, the snapshots do not fit the scenario, or an output cannot be written.
    """
    require_outputs(out, markdown)
    proposal = read_proposal(before, after)
    console = console_beside(markdown)
    if not proposal.changes:
        sentence = unchanged(proposal)
        write_markdown(markdown, f"# {escaped(proposal_title(proposal))}\n\n{escaped(sentence)}\n")
        print_text(console, sentence)
        return
    file = scenario_file(scenario or _SCENARIO)
    baseline, change = proposed_scenarios(
        proposal,
        file,
        reserves=_mapped(reserves),
        emodes=_numbered(emodes),
        overrides=with_seed(overrides, seed),
        positions=positions,
    )
    notes = remarks(proposal, baseline, change)
    print_proposal(console, proposal, notes)
    comparison = compare(baseline, change, out=out, amplification=amplification, execution=execution)
    page = build_comparison(comparison, folder_of_runs(out, "proposal", [comparison.baseline, comparison.change]))
    head = list(proposal_head(proposal, notes, baseline))
    write_markdown(markdown, comparison_markdown(comparison, head=head))
    print_comparison(comparison, page=page, console=console)


def _mapped(reserves: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for text in reserves:
        asset, equals, reserve = text.partition("=")
        if not equals or not asset or not reserve:
            raise CascadeError(f"--reserve = {text!r}: expected ASSET=RESERVE, a symbol or an address of the snapshot")
        if asset in found:
            raise CascadeError(f"--reserve = {text!r}: {asset} is given twice")
        found[asset] = reserve
    return found


def _numbered(emodes: tuple[str, ...]) -> dict[int, int]:
    found: dict[int, int] = {}
    for text in emodes:
        number, _, mode = text.partition("=")
        if not number.isdecimal() or not mode.isdecimal():
            raise CascadeError(
                f"--emode = {text!r}: expected NUMBER=MODE, of the scenario and of the snapshots, as 1=11"
            )
        if int(number) in found:
            raise CascadeError(f"--emode = {text!r}: {number} is given twice")
        found[int(number)] = int(mode)
    return found
