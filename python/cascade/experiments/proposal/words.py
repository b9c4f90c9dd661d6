"""Word a proposal: its table at the head of the post, and the same on the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from cascade.experiments.proposal.read import Proposal, not_executed
from cascade.report.shared.figures import counted
from cascade.report.shared.markdown import escaped, markdown_table
from cascade.report.shared.terminal import print_table, print_text
from cascade.scenario.load import Scenario

__all__ = ["print_proposal", "proposal_head", "proposal_title", "remarks", "unchanged"]

HEADINGS = ("description", "value before", "value after")


def proposal_title(proposal: Proposal) -> str:
    """Return the names of both files."""
    return f"Proposal {proposal.before.file} → {proposal.after.file}"


def unchanged(proposal: Proposal) -> str:
    """Return the sentence about a proposal that changes no parameter."""
    ignored = [part for part in ("logs", "raw") if part in {*proposal.before.tree, *proposal.after.tree}]
    beside = f", beside {' and '.join(ignored)}, which hold events and storage" if ignored else ""
    reserves, modes = len(proposal.after.reserves), len(proposal.after.modes)
    return (
        f"Nothing changes: the configuration of {reserves} reserves and {modes} efficiency modes is the same in both "
        f"files{beside}. There is nothing to run."
    )


def remarks(proposal: Proposal, baseline: Scenario, change: Scenario) -> list[str]:
    """Return sentences about changes that are not executed, and about lines that are not modelled."""
    found = []
    for reason, rows in not_executed(proposal, baseline, change).items():
        named = ", ".join(f"{row.group} {row.key}" for row in rows)
        found.append(f"Not executed, because {reason}: {named}.")
    listing = change.spec.lending.listing
    if listing is not None and listing.not_modelled:
        found.append(f"Not modelled in both runs: {'; '.join(listing.not_modelled)}.")
    return found


def proposal_head(proposal: Proposal, notes: list[str], scenario: Scenario) -> Iterator[str]:
    """Yield the head of the post: one table per reserve or mode, as proposals show their diff."""
    yield from (f"# {escaped(proposal_title(proposal))}", "")
    verb = "changes" if len(proposal.changes) == 1 else "change"
    yield from (
        f"{counted(len(proposal.changes), 'value')} of the configuration {verb}. Both configurations were run in the "
        f"scenario {escaped(scenario.spec.name)}, seed {scenario.seed}; the outcomes follow.",
        "",
    )
    for group, rows in proposal.groups.items():
        yield from (f"### {escaped(group)}", "")
        yield from markdown_table(HEADINGS, [(row.key, row.before, row.after) for row in rows])
    for note in notes:
        yield from (escaped(note), "")


def print_proposal(console: Console, proposal: Proposal, notes: list[str]) -> None:
    """Print what a proposal changes."""
    rows: list[tuple[str | Text, str, str]] = []
    for group, changes in proposal.groups.items():
        rows.append((Text(group, style="bold"), "", ""))
        rows += [(change.key, change.before, change.after) for change in changes]
    print_table(console, proposal_title(proposal), HEADINGS, rows, text_columns=3)
    for note in notes:
        print_text(console, note)
