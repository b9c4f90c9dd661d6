"""Read the files of accounts that a scenario names, and restore them from what a run has kept.

A run keeps the accounts as a CSV in long form, whatever the layout of the file was.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cascade.account_files import AccountFile, parse_canonical, read_accounts
from cascade.errors import ScenarioError
from cascade.scenario.model import AccountsSpec, ScenarioSpec

__all__ = ["AccountInputs", "positions_without_folders", "read_account_files", "restore_account_files"]

AccountInputs = Mapping[str, AccountFile]
"""Accounts of each file, by its entry of `positions`."""


def read_account_files(
    spec: ScenarioSpec, *, folder: Path, before: tuple[ScenarioSpec, AccountInputs] | None = None
) -> AccountInputs:
    """Read the files of accounts that a scenario names.

    Parameters
    ----------
    folder : Path
        Folder of the scenario's file.
    before : tuple, optional
        The scenario before it was changed, and its accounts: a file that it names as before is not read again.

    Raises
    ------
    ScenarioError
        For the first fault of a file.
    """
    earlier, known = (before[0].account_files, before[1]) if before is not None else ({}, {})
    return {
        name: known[name]
        if name in known and _is_same_file(entry, earlier[name])
        else read_accounts(folder / entry.file, decimals=_listed_decimals(spec), options=entry.options)
        for name, entry in spec.account_files.items()
    }


def restore_account_files(spec: ScenarioSpec, texts: Mapping[str, str], *, file: str) -> AccountInputs:
    """Return the accounts of a run from the texts that it has kept.

    Parameters
    ----------
    texts : mapping of str to str
        Accounts in long form by entry, as `canonical_text` writes them.
    file : str
        Name of the scenario's file, for messages.

    Raises
    ------
    ScenarioError
        When the run has not kept the accounts of an entry.
    """
    found = {}
    for name, entry in spec.account_files.items():
        if name not in texts:
            raise ScenarioError(file=file, key=f"positions.{name}", value=None, expected="the run lacks its accounts")
        decimals = _listed_decimals(spec)
        found[name] = parse_canonical(texts[name], file=entry.file, decimals=decimals, assets=entry.assets)
    return found


def positions_without_folders(positions: dict[str, Any]) -> dict[str, Any]:
    """Return the section `positions` with bare names of files: the hash of a run must not depend on their folder."""
    return {
        name: {**entry, "file": Path(entry["file"]).name} if "file" in entry else entry
        for name, entry in positions.items()
    }


def _listed_decimals(spec: ScenarioSpec) -> dict[str, int]:
    # A reserve of an asset that is not there is refused later, with the other names that refer to nothing.
    return {symbol: spec.assets[symbol].decimals for symbol in spec.lending.reserves if symbol in spec.assets}


def _is_same_file(entry: AccountsSpec, before: AccountsSpec) -> bool:
    # The text of a loaded scenario holds the bare name of a file that may lie in a folder below.
    return (Path(before.file).name, before.options) == (entry.file, entry.options)
