"""Contracts of the user's own: find them, check that they answer what is asked of them, and deploy them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import eth_abi
from eth_utils import is_address, to_checksum_address

from cascade.chain.abi import Function, Interface
from cascade.chain.artifacts import Artifact
from cascade.chain.local import Contract
from cascade.chain.own_source import UnusableContract, compile_source, read_artifact
from cascade.deployment.called_functions import PARTS, missing_from
from cascade.errors import ScenarioError
from cascade.scenario.load import Scenario
from cascade.scenario.model import ContractOracle, ContractSpec, KeeperSpec, OracleBase, ScenarioSpec
from cascade.toolchain.text_files import read_text
from cascade.world.world import World

__all__ = ["RESTORED_FILE", "OwnContract", "deploy_part", "load_own_contracts", "uses_of"]

RESTORED_FILE = "own-contracts.json"
"""File in the folder of a restored scenario that holds its contracts as they were compiled for the run."""

_MOST_BYTES = 32_000_000


@dataclass(frozen=True)
class OwnContract:
    """A contract that a scenario names, as it takes part in a run.

    Attributes
    ----------
    reference : str
        `path/File.sol:Contract`, or the path of an artifact, as the scenario names it.
    artifact : Artifact
        The compiled contract.
    source : str
        Text of the one file that is named; what that imports is not followed.
    """

    reference: str
    artifact: Artifact
    source: str = field(repr=False)

    @property
    def sha256(self) -> str:
        """Hash of the source, part of the run's identity beside that of the bytecode."""
        return hashlib.sha256(self.source.encode()).hexdigest()


@dataclass(frozen=True)
class Use:
    """A place where a scenario puts a contract of the user's own.

    Attributes
    ----------
    key : str
        Dotted key of the section.
    part : str
        The part that the contract plays, a key of `PARTS`.
    """

    key: str
    spec: ContractSpec
    part: str


def uses_of(spec: ScenarioSpec) -> Iterator[Use]:
    """Yield every place where a scenario puts a contract of the user's own."""
    if spec.lending.contract is not None:
        yield Use("lending.contract", spec.lending.contract, "pool")
    if spec.lending.strategy is not None:
        yield Use("lending.strategy", spec.lending.strategy, "strategy")
    for asset, source in spec.oracle.items():
        yield from _feeds(f"oracle.{asset}", source)
    for name, venue in spec.venues.items():
        if venue.contract is not None:
            yield Use(f"venues.{name}.contract", venue.contract, venue.kind)
    for name, agent in spec.agents.items():
        if isinstance(agent, KeeperSpec) and agent.contract is not None:
            yield Use(f"agents.{name}.contract", agent.contract, "liquidator")


def _feeds(key: str, source: OracleBase) -> Iterator[Use]:
    if isinstance(source, ContractOracle):
        yield Use(f"{key}.contract", source.contract, "feed")
    for number, part in enumerate(source.parts):
        below = f"{key}.source" if len(source.parts) == 1 else f"{key}.sources.{number}"
        yield from _feeds(below, part)


def load_own_contracts(scenario: Scenario, shipped: Mapping[str, Artifact]) -> dict[str, OwnContract]:
    """Return the contracts that a scenario names, by reference: compiled, and checked for the part that each plays.

    Parameters
    ----------
    shipped : mapping of str to Artifact
        The harness's own contracts, whose functions the user's must have.

    Raises
    ------
    ScenarioError
        When a contract cannot be compiled or read, lacks functions or events that are used, or takes other arguments
        than are passed.
    ToolMissing
        When the compiler is not installed.
    """
    found: dict[str, OwnContract] = {}
    for use in uses_of(scenario.spec):
        reference = use.spec.source
        if reference not in found:
            found[reference] = _load(scenario, use)
        _check(scenario, use, found[reference].artifact, shipped)
    return found


def deploy_part(
    world: World,
    part: str,
    own: ContractSpec | None,
    *arguments: object,
    name: str,
    key: str,
    known: Mapping[str, str] | None = None,
) -> Contract:
    """Deploy a part of the world: the harness's contract, or the user's own in its place.

    Parameters
    ----------
    part : str
        The part, a key of `PARTS`.
    own : ContractSpec, optional
        The user's contract; None deploys the harness's.
    *arguments : object
        What the harness's contract takes; the user's gets the same unless the scenario states its arguments.
    key : str
        Dotted key of the section, for messages.
    known : mapping of str to str, optional
        Addresses by name that arguments may refer to, beside those of the world.

    Raises
    ------
    ScenarioError
        When an argument is no value of its type, or names an address that is not there yet.
    """
    if own is None:
        return world.deploy(PARTS[part].contract, *arguments, name=name)
    constructor = world.artifacts[own.source].interface.constructor
    given: Sequence[object] = arguments
    if own.arguments is not None:
        addresses = {**_addresses(world), **(known or {})}
        given = [
            _argument(value, addresses, file=world.scenario.file, key=f"{key}.arguments") for value in own.arguments
        ]
    try:
        if constructor.inputs:
            # The general codec, which checks each value against its type, as one struct of all arguments.
            eth_abi.encode([constructor.signature.removeprefix("constructor")], [tuple(given)])
    except (ValueError, TypeError, OverflowError, eth_abi.exceptions.EncodingError) as error:
        raise ScenarioError(
            file=world.scenario.file,
            key=f"{key}.arguments",
            value=own.arguments,
            expected=f"expected values of {constructor.signature}: {error}",
        ) from error
    return world.deploy(own.source, *given, name=name)


def _load(scenario: Scenario, use: Use) -> OwnContract:
    reference = use.spec.source
    file = scenario.folder / use.spec.path
    # The name stands in tables: it is the same for a contract that was restored.
    name = use.spec.contract_name or file.stem
    restored = scenario.folder / RESTORED_FILE
    entries = json.loads(restored.read_text(encoding="utf-8")) if restored.is_file() else {}
    if reference in entries:
        entry = entries[reference]
        return OwnContract(reference, Artifact(name, Interface(name, entry["abi"]), entry["bytecode"]), entry["source"])
    try:
        text = read_text(file, name=use.spec.path, most_bytes=_MOST_BYTES)
        artifact = (
            read_artifact(text, name) if file.suffix == ".json" else compile_source(file, name, beside=scenario.folder)
        )
    except (UnusableContract, ScenarioError) as error:
        why = error.expected if isinstance(error, ScenarioError) else str(error)
        raise ScenarioError(file=scenario.file, key=f"{use.key}.source", value=reference, expected=why) from error
    return OwnContract(reference, artifact, text)


def _check(scenario: Scenario, use: Use, artifact: Artifact, shipped: Mapping[str, Artifact]) -> None:
    missing = missing_from(artifact.interface, use.part, shipped)
    if missing:
        raise ScenarioError(
            file=scenario.file,
            key=f"{use.key}.source",
            value=use.spec.source,
            expected=f"lacks what is called of a {PARTS[use.part].noun}: {', '.join(missing)}",
        )
    takes = artifact.interface.constructor
    given = use.spec.arguments
    if given is None:
        usual = shipped[PARTS[use.part].contract].interface.constructor if PARTS[use.part].has_arguments else None
        passed = [] if usual is None else [entry["type"] for entry in usual.inputs]
    else:
        passed = ["?"] * len(given)
    if len(takes.inputs) != len(passed):
        raise ScenarioError(
            file=scenario.file,
            key=f"{use.key}.arguments",
            value=given,
            expected=f"{takes.signature} takes {len(takes.inputs)} arguments, and gets {len(passed)}: "
            f"{_how_to_state(takes)}",
        )


def _how_to_state(constructor: Function) -> str:
    wanted = ", ".join(f"{entry.get('name') or '?'} ({entry['type']})" for entry in constructor.inputs)
    return f"state {wanted}" if wanted else "state []"


def _addresses(world: World) -> dict[str, str]:
    """Return the addresses that arguments may refer to, as far as the contracts stand."""
    found = {"deployer": world.deployer, **world.core_addresses}
    for section, contracts in (("tokens", world.tokens), ("feeds", world.feeds)):
        found |= {f"{section}.{name}": contract.address for name, contract in contracts.items()}
    return found | {f"venues.{name}": venue.contract.address for name, venue in world.venues.items()}


def _argument(value: object, addresses: Mapping[str, str], *, file: str, key: str) -> object:
    if isinstance(value, list):
        return tuple(_argument(inner, addresses, file=file, key=key) for inner in value)
    if not isinstance(value, str):
        return value
    if value.startswith("$"):
        if value[1:] not in addresses:
            known = ", ".join(f"${name}" for name in sorted(addresses))
            raise ScenarioError(
                file=file, key=key, value=value, expected=f"names nothing that stands yet; there are {known}"
            )
        return addresses[value[1:]]
    if is_address(value):
        return to_checksum_address(value)
    if re.fullmatch(r"0x([0-9a-fA-F]{2})*", value):
        return bytes.fromhex(value[2:])
    return value
