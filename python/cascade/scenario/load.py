"""Load a checked, frozen scenario from a YAML file and `--set`; each refusal is one line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pydantic

from cascade.account_files import canonical_text
from cascade.prices.path import PricePath
from cascade.scenario.account_inputs import (
    AccountInputs,
    positions_without_folders,
    read_account_files,
    restore_account_files,
)
from cascade.scenario.checks import check_references
from cascade.scenario.listing import Listed, listed_as_before, merge_layer, put_listing, set_values
from cascade.scenario.model import ScenarioSpec
from cascade.scenario.price_inputs import PriceInputs, read_prices, restore_prices, with_shocks
from cascade.scenario.provenance import put_book
from cascade.scenario.refusal import refusal_of
from cascade.scenario.shipped import scenario_file
from cascade.scenario.tree import (
    Tree,
    dump_tree,
    parse_override,
    parse_tree,
    read_layers,
    set_value,
    shown,
)

__all__ = ["Scenario", "load_scenario", "restore_scenario", "vary"]


@dataclass(frozen=True)
class Scenario:
    """A scenario that has been checked: everything that a run depends on.

    Attributes
    ----------
    spec : ScenarioSpec
        Every parameter, including defaults.
    path : PricePath
        The exogenous prices.
    file : str
        Name of the file, for messages and the manifest.
    overrides : tuple of str
        The `--set` arguments, as given.
    text : str
        The scenario as one YAML document, with the keys of the file that it extends and of `--set`.
    path_text : str
        Text of the price path's CSV.
    folder : Path
        Folder of the file, in which the user's own agents are looked for.
    price_inputs : PriceInputs
        What the price files hold.
    accounts : mapping of str to AccountFile
        Accounts of each file, by their entry of `positions`.
    """

    spec: ScenarioSpec
    path: PricePath = field(repr=False)
    file: str = "scenario"
    overrides: tuple[str, ...] = ()
    text: str = field(default="", repr=False)
    path_text: str = field(default="", repr=False)
    folder: Path = field(default=Path(), repr=False)
    price_inputs: PriceInputs = field(default_factory=PriceInputs, repr=False)
    accounts: AccountInputs = field(default_factory=dict, repr=False)

    @property
    def seed(self) -> int:
        """Seed of every random stream."""
        return self.spec.seed

    def stated(self, dotted: str) -> object:
        """Return what the scenario's text states under a dotted path, without defaults; None where it lacks the key."""
        node: object = parse_tree(self.text, file=self.file)
        for part in dotted.split("."):
            node = node.get(part) if isinstance(node, Mapping) else None
        return node

    def parameters_json(self) -> str:
        """Return every parameter as canonical JSON: sorted keys, no spaces, exact decimals as text."""
        parameters = self.spec.model_dump(mode="json")
        parameters["prices"] = _prices_without_folders(parameters["prices"])
        parameters["positions"] = positions_without_folders(parameters["positions"])
        parameters["lending"] = _lending_without_folders(parameters["lending"])
        # A key that has no effect where it is left out changes the ids of no earlier runs.
        if parameters["timeline"]["pace"] is None:
            del parameters["timeline"]["pace"]
        # Lines of judgement, and what experiments draw, are about runs and change none.
        del parameters["verdicts"], parameters["tail"]
        return json.dumps(parameters, sort_keys=True, separators=(",", ":"))

    def account_texts(self) -> dict[str, str]:
        """Return the accounts of each file in long form, by their entry: what a run keeps, and its hash covers."""
        return {name: canonical_text(found) for name, found in self.accounts.items()}

    def path_json(self) -> str:
        """Return the price path as canonical JSON, for the hash of the run."""
        rows = {asset: [[p.timestamp, p.price_e8] for p in points] for asset, points in self.path.points.items()}
        return json.dumps(rows, sort_keys=True, separators=(",", ":"))


def load_scenario(
    file: str | Path,
    *,
    seed: int | None = None,
    overrides: Sequence[str] = (),
    set: Mapping[str, object] | None = None,
    listed: Listed | None = None,
    book: Path | None = None,
) -> Scenario:
    """Read and check a scenario.

    Parameters
    ----------
    file : str or Path
        The YAML file, or the bare name of a scenario that the package ships, such as `october-2025`. Its `extends`
        names another one, of which it changes some keys.
    seed : int, optional
        Seed that replaces the file's own.
    overrides : sequence of str
        Changes as `PATH=VALUE`, with a dotted path and a value as in YAML.
    set : mapping, optional
        Changes from Python, as dotted path to value.
    listed : Listed, optional
        A snapshot whose lines replace those of the file; changes win over them.
    book : Path, optional
        A file of accounts in long form that replaces the positions of the file; changes win over it.

    Raises
    ------
    ScenarioError
        For the first fault: file, key, value, and what would be right.
    """
    file = scenario_file(file)
    tree: Tree = {}
    for source, layer in read_layers(file):
        merge_layer(tree, layer, folder=source.parent, file=source.name)
    given = [parse_override(text) for text in overrides] + list((set or {}).items())
    if seed is not None:
        given.append(("seed", seed))
    if listed is not None:
        put_listing(tree, listed_as_before(listed, tree), named=listed.snapshot.file, file=file.name)
    if book is not None:
        put_book(tree, book)
    set_values(tree, given, folder=file.parent, file=file.name)
    spec = _validate(tree, file.name)
    prices = read_prices(spec, scenario=file.name, folder=file.parent)
    accounts = read_account_files(spec, folder=file.parent)
    scenario = _assemble(tree, spec, prices, accounts, file=file.name)
    given_as = tuple(overrides) + tuple(f"{key}={shown(value)}" for key, value in (set or {}).items())
    return replace(scenario, overrides=given_as, folder=file.parent)


def vary(scenario: Scenario, changes: Mapping[str, object]) -> Scenario:
    """Return a scenario with some keys changed, without reading its file again.

    Changed price files and files of accounts are the only files that are read.

    Parameters
    ----------
    changes : mapping
        Dotted path to value, as in YAML; a later change may modify what an earlier one set.

    Raises
    ------
    ScenarioError
        For the first fault: key, value, and what would be right.
    """
    tree = parse_tree(scenario.text, file=scenario.file)
    set_values(tree, changes.items(), folder=scenario.folder, file=scenario.file)
    spec = _validate(tree, scenario.file)
    # The text of a loaded scenario holds the bare names of its price files; another value means that it was changed.
    prices = read_prices(spec, scenario=scenario.file, folder=scenario.folder, before=scenario.price_inputs)
    accounts = read_account_files(spec, folder=scenario.folder, before=(scenario.spec, scenario.accounts))
    changed = _assemble(tree, spec, prices, accounts, file=scenario.file)
    given_as = tuple(f"{key}={shown(value)}" for key, value in changes.items())
    return replace(changed, overrides=(*scenario.overrides, *given_as), folder=scenario.folder)


def restore_scenario(
    *, text: str, path_file: str, path_text: str, file: str, account_texts: Mapping[str, str] | None = None
) -> Scenario:
    """Return a scenario from its texts, which the manifest of a run holds.

    Parameters
    ----------
    text : str
        The scenario as one YAML document.
    path_file, path_text : str
        Name and text of its price path.
    file : str
        Name of the scenario's file, for messages and the manifest.
    account_texts : mapping of str to str, optional
        Accounts of each file in long form, by their entry.
    """
    tree = parse_tree(text, file=file)
    spec = _validate(tree, file)
    prices = restore_prices(spec, path_file=path_file, path_text=path_text)
    accounts = restore_account_files(spec, account_texts or {}, file=file)
    return _assemble(tree, spec, prices, accounts, file=file)


def _assemble(tree: Tree, spec: ScenarioSpec, prices: PriceInputs, accounts: AccountInputs, *, file: str) -> Scenario:
    """Check a specification and its files against each other, and join them with their texts."""
    path, path_text = prices.joined(start=spec.timeline.genesis_timestamp, end=spec.timeline.last_timestamp)
    # The text keeps the prices as they were read: shocks are parameters, and are applied whenever it is read again.
    path = with_shocks(path, spec, file=file)
    check_references(spec, path, file=file, accounts=accounts)
    # A run stores both texts, and is restored from them alone: the paths of price files are reduced to their names.
    if spec.prices.path is not None:
        set_value(tree, "prices.path", path.file)
    for asset, source in prices.sources.items():
        set_value(tree, f"prices.sources.{asset}.file", source.spec.file)
    if spec.lending.listing is not None:
        set_value(tree, "lending.listing.file", Path(spec.lending.listing.file).name)
    for name, found in accounts.items():
        set_value(tree, f"positions.{name}.file", found.file)
    return Scenario(
        spec=spec,
        path=path,
        file=file,
        text=dump_tree(tree),
        path_text=path_text,
        price_inputs=prices,
        accounts=accounts,
    )


def _prices_without_folders(prices: dict[str, Any]) -> dict[str, Any]:
    """Return the section `prices` with bare names: the hash of a run must not depend on the folder of its files."""
    named = {**prices, "path": Path(prices["path"]).name if prices["path"] is not None else None}
    named["sources"] = {
        asset: {**source, "file": Path(source["file"]).name} for asset, source in prices["sources"].items()
    }
    # Scenarios without sources and shocks keep the parameters, and hence the ids of runs, that they had before.
    return {key: value for key, value in named.items() if value or key not in ("sources", "shocks")}


_NEWER_LINES = {"debt_ceiling_usd": "0", "borrowable_in_isolation": False, "siloed_borrowing": False}
"""Lines of a reserve that parameters leave out where they have their defaults."""


def _lending_without_folders(lending: dict[str, Any]) -> dict[str, Any]:
    """Return the section `lending` with the bare name of its listing.

    Scenarios without a listing, isolation mode and siloed borrowing keep the parameters that they had before.
    """
    reserves = {
        asset: {key: value for key, value in reserve.items() if key not in _NEWER_LINES or value != _NEWER_LINES[key]}
        for asset, reserve in lending["reserves"].items()
    }
    lending = {**lending, "reserves": reserves}
    if lending["listing"] is None:
        return {key: value for key, value in lending.items() if key != "listing"}
    return {**lending, "listing": {**lending["listing"], "file": Path(lending["listing"]["file"]).name}}


def _validate(tree: Tree, file: str) -> ScenarioSpec:
    try:
        return ScenarioSpec.model_validate(tree)
    except pydantic.ValidationError as error:
        raise refusal_of(error, tree, file=file, model=ScenarioSpec) from error
