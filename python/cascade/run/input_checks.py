"""Check the inputs that a run's manifest holds against the hashes it states, its own tables, and what is installed."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

from cascade.errors import CascadeError
from cascade.recording.manifest import Manifest, input_hashes
from cascade.run.differences import Part, RunsDiffer, first_key, short
from cascade.run.inputs import RunInputs, contracts_sha256
from cascade.run.opened import Run
from cascade.run.restoring import scenarios_of
from cascade.scenario.load import Scenario
from cascade.vocabulary import PriceSource

__all__ = ["check_identity", "check_inputs"]


def check_inputs(run: Run, *, with_tables: bool = True) -> None:
    """Check every input in the manifest against the hash that the manifest states; nothing of it is executed.

    Parameters
    ----------
    with_tables : bool
        Whether the run's tables can be relied on: the inputs are compared with what they tell then.

    Raises
    ------
    RunsDiffer
        Naming the input, and the key or price that differs where the tables tell.
    """
    manifest = run.manifest
    _check_texts(run, with_tables=with_tables)
    for name, agent in manifest.agents.items():
        _check_source(run, Part.AGENT, f"agents.{name}: {agent.agent}", agent.source, agent.sha256)
    for reference, own in manifest.own_contracts.items():
        _check_source(run, Part.CONTRACT, f"own_contracts.{reference}", own.source, own.sha256)
        code = hashlib.sha256(bytes.fromhex(own.bytecode.removeprefix("0x"))).hexdigest()
        if code != manifest.contracts.get(reference):
            raise RunsDiffer(
                run.folder,
                part=Part.BYTECODE,
                what=f"own_contracts.{reference}.bytecode has sha256 {short(code)}, "
                f"contracts.{reference} of the manifest states {short(manifest.contracts.get(reference))}",
            )
    if with_tables:
        _check_against_tables(run)


def _check_texts(run: Run, *, with_tables: bool) -> None:
    stated = run.manifest.inputs
    if not stated:
        return
    found = input_hashes(run.manifest, run.manifest.built_like)
    for key in sorted({*stated, *found}):
        if stated.get(key) != found.get(key):
            where = _where_the_tables_differ(run, key) if with_tables else ""
            raise RunsDiffer(
                run.folder,
                part=_part_of(key),
                what=f"{key} of the manifest has sha256 {short(found.get(key))}, inputs.{key} states "
                f"{short(stated.get(key))}{where}",
            )


def _part_of(key: str) -> Part:
    name = key.removeprefix("built_like.").partition(".")[0]
    return {"scenario_text": Part.SCENARIO, "price_path_text": Part.PATH}.get(name, Part.ACCOUNTS)


def _where_the_tables_differ(run: Run, key: str) -> str:
    """Return what the run's tables tell of a text that is not its own, as the end of a sentence; empty for nothing."""
    if key.startswith("built_like."):
        return ""
    try:
        scenario, _ = scenarios_of(run)
    except CascadeError as error:
        return f", and cannot be read: {error}"
    if _part_of(key) is Part.PATH:
        found = _price_that_differs(run, scenario)
        return f": {found}" if found else ""
    found = _parameter_that_differs(run, scenario)
    return f": {found}" if found else ": no parameter of the run differs, so that it is a comment or a note"


def _parameter_that_differs(run: Run, scenario: Scenario) -> str:
    differing = first_key(json.loads(scenario.parameters_json()), run.frames.parameters)
    if differing is None:
        return ""
    key, here, was = differing
    return f"{key} is {json.dumps(here)}, the table runs has {json.dumps(was)}"


def _price_that_differs(run: Run, scenario: Scenario) -> str:
    """Return the first price of the path that the table of prices has otherwise; empty where there is none."""
    prices = run.frames.prices
    recorded = prices[prices["source"] == PriceSource.PATH]
    for asset, at, was in zip(recorded["asset"], recorded["timestamp"], recorded["price_e8"], strict=True):
        now = scenario.path.price_e8(asset, int(at)) if asset in scenario.path.points else None
        if now != was:
            when = datetime.fromtimestamp(int(at), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            return f"{asset} at {when} is {now} (1e-8 USD), the table prices has {was}"
    return ""


def _check_source(run: Run, part: Part, key: str, source: str, stated: str) -> None:
    found = hashlib.sha256(source.encode()).hexdigest()
    if found != stated:
        raise RunsDiffer(
            run.folder,
            part=part,
            what=f"{key} has other source than in the run: expected sha256 {short(stated)}, got {short(found)}",
        )


def _check_against_tables(run: Run) -> None:
    """Check the inputs against the row of the table `runs`, which has a hash of its own."""
    manifest, row = run.manifest, run.runs.iloc[0]
    for key, here, there in (("run_id", manifest.run_id, row["run_id"]), ("seed", manifest.seed, int(row["seed"]))):
        if here != there:
            raise RunsDiffer(
                run.folder, part=Part.MANIFEST, what=f"{key} is {here} in the manifest, the table runs has {there}"
            )
    if manifest.inputs and (found := _parameter_that_differs(run, scenarios_of(run)[0])):
        raise RunsDiffer(run.folder, part=Part.SCENARIO, what=f"scenario_text of the manifest differs: {found}")
    found = contracts_sha256(manifest.contracts)
    if manifest.inputs and found != row["contracts_sha256"]:
        raise RunsDiffer(
            run.folder,
            part=Part.BYTECODE,
            what=f"contracts of the manifest have together sha256 {short(found)}, the table runs has "
            f"{short(row['contracts_sha256'])}: a hash in the manifest was changed",
        )


def check_identity(run: Run, inputs: RunInputs) -> None:
    """Check that a second run would be made from the same inputs, before it is made.

    Parameters
    ----------
    inputs : RunInputs
        The inputs of the second run: the scenario as it was restored, with the contracts that are installed.

    Raises
    ------
    RunsDiffer
        Naming the contract whose bytecode differs, or the part that is left where the contracts are the same.
    """
    manifest = run.manifest
    here = inputs.bytecode_sha256
    for name in sorted({*manifest.contracts, *here}):
        if manifest.contracts.get(name) != here.get(name):
            raise RunsDiffer(
                run.folder,
                part=Part.BYTECODE,
                what=f"{name} had sha256 {short(manifest.contracts.get(name))} in the run, the installed contract has "
                f"{short(here.get(name))}",
            )
    if inputs.run_id != manifest.run_id:
        part, what = _part_left(run, manifest, inputs)
        raise RunsDiffer(
            run.folder, part=part, what=f"the run is {manifest.run_id}, the second one {inputs.run_id}: {what}"
        )


def _part_left(run: Run, manifest: Manifest, inputs: RunInputs) -> tuple[Part, str]:
    if found := _parameter_that_differs(run, inputs.scenario):
        return Part.SCENARIO, found
    if found := _price_that_differs(run, inputs.scenario):
        return Part.PATH, found
    if manifest.account_texts:
        return Part.ACCOUNTS, "scenario and contracts are the same, so that the price path or the accounts were changed"
    return Part.PATH, "scenario and contracts are the same, so that the price path was changed"
