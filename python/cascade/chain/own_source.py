"""Compile a contract of the user's own through ape, or read one that another tool has compiled."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from cascade.chain.abi import Interface
from cascade.chain.artifacts import Artifact, artifacts_of, compiled_by_ape, write_artifacts
from cascade.errors import ToolMissing
from cascade.toolchain.paths import OPENZEPPELIN_VERSION, openzeppelin_folder, setup_command
from cascade.toolchain.solc import SOLC_VERSION, solc_binary
from cascade.toolchain.sources import compiled_of

__all__ = ["UnusableContract", "compile_source", "read_artifact"]

_CONFIG = "ape-config.yaml"
_OPENZEPPELIN = "@openzeppelin/contracts"


class UnusableContract(ValueError):
    """Raised when a file gives no contract that can be deployed; the message says why, without the file's name."""


def compile_source(file: Path, name: str, *, beside: Path) -> Artifact:
    """Return a contract of a Solidity file, compiled by ape with the settings of its project.

    The project is the nearest folder above the file that has an `ape-config.yaml` and the file among its contracts. A
    file outside any is compiled with the harness's version of Solidity, and may import what stands in `beside` or
    below it. OpenZeppelin's contracts, as the mocks import them, need no entry in the configuration. The result is kept
    in `.build` of the project until a source changes.

    Parameters
    ----------
    beside : Path
        Folder that stands for the project of a file outside any: that of the scenario.

    Raises
    ------
    UnusableContract
        When the file is missing, does not compile, or has no contract of that name that can be deployed.
    ToolMissing
        When the compiler is not installed.
    """
    if not file.is_file():
        raise UnusableContract("no such file")
    root, contracts = _project_of(file.resolve(), beside.resolve())
    overrides = _overrides(root, contracts)
    sources = _sources_sha256(root, contracts, overrides)
    relative = file.resolve().relative_to(root).as_posix()
    kept = root / ".build" / "cascade" / f"{hashlib.sha256(f'{relative}:{name}'.encode()).hexdigest()[:16]}.json"
    known = compiled_of(kept, sources=sources)
    if known is None:
        if "solidity" not in _config(root) and solc_binary() is None:
            raise ToolMissing(
                f"solc {SOLC_VERSION}: not installed, and {file.name} is to be compiled: run {setup_command()}"
            )
        try:
            found = compiled_by_ape(root, only=file.resolve(), overrides=overrides)
        except ToolMissing as error:
            is_missing = openzeppelin_folder() is None and "openzeppelin" in str(error).lower()
            remedy = f": run {setup_command()}, which installs OpenZeppelin's contracts" if is_missing else ""
            raise UnusableContract(f"does not compile: {error}{remedy}") from error
        if name not in found:
            declared = ", ".join(sorted(found)) or "none"
            raise UnusableContract(f"has no contract {name}; it has {declared}")
        write_artifacts(kept, {name: found[name]}, sources=sources)
        known = compiled_of(kept, sources=sources)
    artifact = artifacts_of(known or {})[name]
    if artifact.bytecode == "0x":
        raise UnusableContract(f"{name} is abstract or an interface: it cannot be deployed")
    return _linked(artifact)


def read_artifact(text: str, name: str) -> Artifact:
    """Return the contract of an artifact in JSON, as Foundry, Hardhat, solc or ape write it.

    Parameters
    ----------
    name : str
        Name of the contract in messages and tables.

    Raises
    ------
    UnusableContract
        When the text is no such artifact, has no bytecode, or calls libraries that have no address yet.
    """
    try:
        found = json.loads(text)
        abi = found["abi"]
        code = next(code for code in _bytecodes(found) if isinstance(code, str))
    except (ValueError, KeyError, TypeError, AttributeError, StopIteration) as error:
        raise UnusableContract("is no artifact: expected JSON with the keys abi and bytecode") from error
    code = code if code.startswith("0x") else f"0x{code}"
    if not isinstance(abi, list) or not all(isinstance(entry, dict) and "type" in entry for entry in abi):
        raise UnusableContract("is no artifact: its abi is no list of entries")
    if code == "0x":
        raise UnusableContract("has no bytecode: it is abstract or an interface")
    return _linked(Artifact(name=name, interface=Interface(name=name, abi=abi), bytecode=code))


def _bytecodes(found: Mapping[str, Any]) -> list[object]:
    """Return the creation code of an artifact, from each place where one of the tools puts it."""
    bytecode = found.get("bytecode") or found.get("evm", {}).get("bytecode") or found.get("deploymentBytecode")
    if isinstance(bytecode, dict):
        return [bytecode.get("object"), bytecode.get("bytecode")]
    return [bytecode]


def _linked(artifact: Artifact) -> Artifact:
    try:
        bytes.fromhex(artifact.bytecode[2:])
    except ValueError as error:
        if "__" not in artifact.bytecode:
            raise UnusableContract("is no artifact: its bytecode is no hexadecimal text") from error
        # A compiler writes a placeholder that is no hex where the address of a library belongs.
        raise UnusableContract(
            "calls libraries that have to be deployed first: make their functions internal"
        ) from error
    return artifact


def _project_of(file: Path, beside: Path) -> tuple[Path, Path]:
    """Return the folder of the project of a file, and that of its contracts."""
    for folder in file.parents:
        if (folder / _CONFIG).is_file():
            contracts = folder / str(_config(folder).get("contracts_folder") or "contracts")
            if file.is_relative_to(contracts):
                return folder, contracts
            break
    folder = beside if file.is_relative_to(beside) else file.parent
    return folder, folder


def _config(root: Path) -> dict[str, Any]:
    file = root / _CONFIG
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8")) if file.is_file() else {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UnusableContract(f"{file.name} of its project is no YAML") from error
    return found if isinstance(found, dict) else {}


def _overrides(root: Path, contracts: Path) -> dict[str, Any]:
    """Return what is added to a project's configuration: its contracts, a compiler, and OpenZeppelin, if they lack."""
    config = _config(root)
    solidity = dict(config.get("solidity") or {})
    dependencies = list(config.get("dependencies") or [])
    remappings = list(solidity.get("import_remapping") or [])
    solidity.setdefault("version", SOLC_VERSION)
    folder = openzeppelin_folder()
    if folder is not None and not any(str(line).startswith(_OPENZEPPELIN) for line in remappings):
        remappings.append(f"{_OPENZEPPELIN}=openzeppelin/{OPENZEPPELIN_VERSION}")
        dependencies.append(
            {
                "name": "openzeppelin",
                "local": str(folder),
                "version": OPENZEPPELIN_VERSION,
                "config_override": {"contracts_folder": "."},
            }
        )
    found: dict[str, Any] = {"dependencies": dependencies, "solidity": {**solidity, "import_remapping": remappings}}
    if contracts == root:
        found["contracts_folder"] = "."
    return found


def _sources_sha256(root: Path, contracts: Path, overrides: Mapping[str, Any]) -> str:
    """Return the hash over all that may decide the bytecode of a contract of a project."""
    # Without the folder of OpenZeppelin, which is another one on each machine: its version is in the remapping.
    digest = hashlib.sha256(json.dumps([_config(root), overrides["solidity"]], sort_keys=True, default=str).encode())
    for file in sorted(contracts.rglob("*.sol")):
        relative = file.relative_to(root)
        # ape copies the libraries that it compiled with into .cache.
        if ".cache" not in relative.parts and "node_modules" not in relative.parts:
            digest.update(f"{relative.as_posix()}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()
