"""Read a proposal from its two files, and say of each change whether a scenario can execute it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cascade.errors import CascadeError, ScenarioError
from cascade.listing.changes import Change, applied, changes_of, is_diff
from cascade.listing.snapshot import Snapshot, read_json, snapshot_of
from cascade.listing.words import group_of, value_of
from cascade.scenario.listing import MODELLED_KEYS, Listed
from cascade.scenario.load import Scenario, load_scenario
from cascade.scenario.model import ListingSpec

__all__ = ["NothingExecuted", "Proposal", "ProposedChange", "proposed_scenarios", "read_proposal"]


class NothingExecuted(CascadeError, ValueError):
    """Raised when a proposal changes nothing that a run of the scenario has."""


@dataclass(frozen=True)
class ProposedChange:
    """One value that a proposal changes.

    Attributes
    ----------
    group : str
        Its reserve, its mode, or the pool.
    key : str
        Name of the value in the snapshot.
    before, after : str
        Both values in words.
    change : Change
        The values as the files have them.
    """

    group: str
    key: str
    before: str
    after: str
    change: Change


@dataclass(frozen=True)
class Proposal:
    """What a proposal changes.

    Attributes
    ----------
    before, after : Snapshot
        The configuration before and after it.
    changes : tuple of ProposedChange
        Values that differ, in the order of the files.
    """

    before: Snapshot
    after: Snapshot
    changes: tuple[ProposedChange, ...]

    @property
    def groups(self) -> dict[str, list[ProposedChange]]:
        """The changes by their reserve or mode."""
        found: dict[str, list[ProposedChange]] = {}
        for change in self.changes:
            found.setdefault(change.group, []).append(change)
        return found


def read_proposal(before_file: Path, after_file: Path) -> Proposal:
    """Read a proposal.

    Parameters
    ----------
    before_file : Path
        The configuration snapshot before it.
    after_file : Path
        The snapshot after it, or the diff of both.

    Raises
    ------
    ScenarioError
        For a file that is none, and for a diff that does not start from the snapshot.
    """
    tree = read_json(before_file)
    if is_diff(tree):
        expected = "is the diff of two snapshots: give the snapshot that it starts from first, and the diff second"
        raise ScenarioError(file=before_file.name, key="", value=None, expected=expected)
    before = snapshot_of(tree, file=before_file.name)
    changed = read_json(after_file)
    if is_diff(changed):
        changed = applied(changed, tree, file=after_file.name, before_file=before_file.name)
    after = snapshot_of(changed, file=after_file.name)
    return Proposal(
        before,
        after,
        tuple(
            ProposedChange(
                group_of(change, before, after),
                change.key or change.part,
                value_of(change, change.before, before),
                value_of(change, change.after, after),
                change,
            )
            for change in changes_of(before, after)
        ),
    )


def proposed_scenarios(
    proposal: Proposal,
    file: Path,
    *,
    reserves: Mapping[str, str],
    emodes: Mapping[int, int],
    overrides: Sequence[str],
    positions: Path | None = None,
) -> tuple[Scenario, Scenario]:
    """Return a scenario with the lines before a proposal, and with those after it.

    Parameters
    ----------
    file : Path
        The scenario.
    reserves : mapping of str to str
        Symbol or address of the reserve of each asset; empty goes by the symbols.
    emodes : mapping of int to int
        Mode of the snapshots by its number in the scenario; empty takes each under its own number.
    overrides : sequence of str
        Keys that are set in both, as `PATH=VALUE`; they win over the lines of the proposal.
    positions : Path, optional
        A file of accounts that replaces the positions of the scenario.

    Raises
    ------
    ScenarioError
        When the snapshots do not fit the scenario.
    NothingExecuted
        When both scenarios are the same.
    """
    baseline, change = (
        load_scenario(file, overrides=overrides, listed=Listed(snapshot, reserves, emodes), book=positions)
        for snapshot in (proposal.before, proposal.after)
    )
    if baseline.spec.lending.model_copy(update={"listing": None}) == change.spec.lending.model_copy(
        update={"listing": None}
    ):
        what = "; ".join(
            f"{', '.join(f'{row.group} {row.key}' for row in rows)}: {reason}"
            for reason, rows in not_executed(proposal, baseline, change).items()
        )
        raise NothingExecuted(f"{file.name}: has nothing of what the proposal changes ({what})")
    return baseline, change


def not_executed(proposal: Proposal, baseline: Scenario, change: Scenario) -> dict[str, list[ProposedChange]]:
    """Return the changes that the runs do not make, by the reason."""
    found: dict[str, list[ProposedChange]] = {}
    for row in proposal.changes:
        reason = _reason(row.change, baseline, change)
        if reason:
            found.setdefault(reason, []).append(row)
    return found


def _number_in_scenario(mode: int, listing: ListingSpec | None) -> int:
    """Return the number that a mode of a snapshot has in the scenario; its own where the scenario maps none."""
    if listing is None or not listing.emodes:
        return mode
    return next((number for number, of_snapshot in listing.emodes.items() if of_snapshot == mode), 0)


def _reason(change: Change, baseline: Scenario, after: Scenario) -> str:
    """Return why a change is not made; empty where it is made."""
    listing = after.spec.lending.listing
    listed = set(listing.reserves.values()) if listing is not None else set()
    if change.part == "eModes":
        number = _number_in_scenario(int(change.entry), listing)
        modes = (baseline.spec.lending.emodes.get(number), after.spec.lending.emodes.get(number))
        if modes == (None, None):
            return "no asset of the scenario can back a debt in this mode"
        if "Bitmap" in change.key and change.key in MODELLED_KEYS and modes[0] is not None and modes[1] is not None:
            side = "collateral" if change.key == "collateralBitmap" else "borrowable"
            if getattr(modes[0], side) == getattr(modes[1], side):
                return "the scenario has none of the assets that enter or leave the mode"
    elif change.part in ("reserves", "strategies") and change.entry not in listed:
        return "the scenario has no such asset"
    return "" if change.key in MODELLED_KEYS else "the pool of a run does not model it"
