"""Compile Aave V3.6's contracts from its npm package on first use, and keep them in a cache outside version control."""

from __future__ import annotations

import hashlib
import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TypedDict

import solcx

from cascade.chain.abi import AbiEntry, Interface
from cascade.chain.artifacts import Artifact
from cascade.errors import ToolMissing
from cascade.toolchain.aave import AAVE_SOLC_VERSION, aave_cache, aave_modules
from cascade.toolchain.paths import setup_command

__all__ = ["AaveArtifact", "load_aave_artifacts"]

_PACKAGE = "@aave-dao/aave-v3-origin/src/contracts"
_CONTRACTS = (
    "protocol/configuration/PoolAddressesProvider",
    "protocol/configuration/ACLManager",
    "misc/DefaultReserveInterestRateStrategyV2",
    "misc/AaveOracle",
    "instances/PoolInstance",
    "instances/PoolConfiguratorInstance",
    "instances/ATokenInstance",
    "instances/VariableDebtTokenInstance",
    "protocol/libraries/logic/BorrowLogic",
    "protocol/libraries/logic/ConfiguratorLogic",
    "protocol/libraries/logic/FlashLoanLogic",
    "protocol/libraries/logic/LiquidationLogic",
    "protocol/libraries/logic/PoolLogic",
    "protocol/libraries/logic/SupplyLogic",
    "protocol/libraries/helpers/Errors",
    "helpers/AaveProtocolDataProvider",
)
_SETTINGS = {
    "optimizer": {"enabled": True, "runs": 200},
    "evmVersion": "shanghai",
    "metadata": {"bytecodeHash": "none"},
    "remappings": ["openzeppelin-contracts/=@openzeppelin/", "solidity-utils/=@bgd-labs/solidity-utils/src/"],
    "outputSelection": {"*": {"*": ["abi", "evm.bytecode.object", "evm.bytecode.linkReferences"]}},
}
"""Aave's own compiler settings."""


class _Place(TypedDict):
    start: int


class _Bytecode(TypedDict):
    object: str
    linkReferences: dict[str, dict[str, list[_Place]]]


class _Evm(TypedDict):
    bytecode: _Bytecode


class _Compiled(TypedDict):
    """One contract of solc's answer, as far as `outputSelection` asks for it."""

    abi: list[AbiEntry]
    evm: _Evm


@dataclass(frozen=True)
class AaveArtifact(Artifact):
    """A contract of Aave's; the address of each library that it calls is zero until the contract is linked."""

    links: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    """By library: the offsets of its address in the creation code, in bytes."""

    def linked(self, addresses: Mapping[str, str]) -> AaveArtifact:
        """Return the same contract with its libraries at these addresses."""
        code = bytearray.fromhex(self.bytecode[2:])
        for library, places in self.links.items():
            for start in places:
                code[start : start + 20] = bytes.fromhex(addresses[library][2:])
        return replace(self, bytecode="0x" + code.hex(), links={})


@cache
def load_aave_artifacts() -> dict[str, AaveArtifact]:
    """Return Aave's contracts by name.

    Raises
    ------
    ToolMissing
        When the package or its compiler is not installed, or the package does not compile.
    """
    modules = aave_modules()
    compiled = aave_cache() / f"contracts-{_sources_sha256(modules)}.json"
    if not compiled.is_file():
        partial = compiled.with_suffix(".partial")
        partial.write_text(json.dumps(_compile(modules), sort_keys=True), encoding="ascii")
        # Another process may compile at the same time: a file under its own name is always whole.
        partial.replace(compiled)
    found: dict[str, _Compiled] = json.loads(compiled.read_text(encoding="ascii"))
    return {name: _artifact(name, entry) for name, entry in found.items()}


def _sources_sha256(modules: Path) -> str:
    digest = hashlib.sha256(json.dumps([AAVE_SOLC_VERSION, _CONTRACTS, _SETTINGS]).encode())
    for file in sorted(modules.rglob("*.sol")):
        digest.update(f"{file.relative_to(modules).as_posix()}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _compile(modules: Path) -> dict[str, _Compiled]:
    names = [f"{_PACKAGE}/{contract}.sol" for contract in _CONTRACTS]
    sources = {name: {"content": (modules / name).read_text(encoding="utf-8")} for name in names}
    request = {"language": "Solidity", "sources": sources, "settings": _SETTINGS}
    compiler = Path(solcx.install.get_executable(AAVE_SOLC_VERSION))
    try:
        done = subprocess.run(
            [str(compiler), "--standard-json", "--base-path", str(modules)],
            input=json.dumps(request),
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise ToolMissing(
            f"solc {AAVE_SOLC_VERSION}: does not run ({error}): run {setup_command(aave=True)}"
        ) from error
    answer = json.loads(done.stdout)
    errors = [entry["message"] for entry in answer.get("errors", ()) if entry["severity"] == "error"]
    if errors:
        raise ToolMissing(f"{_PACKAGE}: {errors[0]}: run {setup_command(aave=True)}")
    return {Path(name).stem: answer["contracts"][name][Path(name).stem] for name in names}


def _artifact(name: str, entry: _Compiled) -> AaveArtifact:
    bytecode = entry["evm"]["bytecode"]
    links = {
        library: tuple(int(place["start"]) for place in places)
        for libraries in bytecode["linkReferences"].values()
        for library, places in libraries.items()
    }
    code = bytecode["object"]
    # solc writes a placeholder that is no hex where a library's address belongs.
    for start in (start for places in links.values() for start in places):
        code = code[: 2 * start] + "00" * 20 + code[2 * start + 40 :]
    return AaveArtifact(
        name=name, interface=Interface(name=name, abi=entry["abi"]), bytecode="0x" + code, source=_PACKAGE, links=links
    )
