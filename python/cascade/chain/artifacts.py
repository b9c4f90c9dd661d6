"""Compile the contracts of a checkout through ape, or read them as they were compiled: none of it is tracked."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cascade.chain.abi import Interface
from cascade.errors import ToolMissing
from cascade.toolchain.paths import checkout, shipped
from cascade.toolchain.sources import compiled_file, compiled_of, sources_sha256

if TYPE_CHECKING:
    from ethpm_types import ContractType

__all__ = ["Artifact", "artifacts_of", "compiled_by_ape", "load_artifacts", "write_artifacts"]


@dataclass(frozen=True)
class Artifact:
    """One compiled contract."""

    name: str
    interface: Interface
    bytecode: str = field(repr=False)
    """Creation code, 0x-hex; `0x` for an interface."""
    source: str = ""
    """File that declares it, relative to the checkout."""

    @property
    def is_harness(self) -> bool:
        """Whether only tests deploy the contract."""
        return self.source.startswith("contracts/harness/")

    @cached_property
    def bytecode_sha256(self) -> str:
        """SHA-256 of the creation code, in hex, for the manifest."""
        return hashlib.sha256(bytes.fromhex(self.bytecode[2:])).hexdigest()


@cache
def load_artifacts(root: Path | None = None) -> dict[str, Artifact]:
    """Return all contracts of the project by name, compiled anew when any source or setting has changed.

    An installed package brings its contracts compiled, without those that only tests deploy.

    Parameters
    ----------
    root : Path, optional
        The checkout; null finds the one that holds this package.

    Raises
    ------
    ToolMissing
        When the contracts do not compile; the message is the compiler's first line.
    """
    root = root or checkout()
    if root is None:
        file = shipped() / "contracts.json"
        packaged = compiled_of(file, sources=None)
        if packaged is None:
            raise ToolMissing(f"{file}: is missing or damaged: install the package again")
        return artifacts_of(packaged)
    file, sources = compiled_file(root), sources_sha256(root)
    known = compiled_of(file, sources=sources)
    if known is not None:
        return artifacts_of(known)
    artifacts = compiled_by_ape(root)
    write_artifacts(file, artifacts, sources=sources)
    return artifacts


def write_artifacts(file: Path, artifacts: Mapping[str, Artifact], *, sources: str) -> None:
    """Write compiled contracts to a file, which is replaced as a whole.

    Parameters
    ----------
    sources : str
        The hash of the sources that they were compiled from.
    """
    contracts = {
        name: {"abi": artifact.interface.abi, "bytecode": artifact.bytecode, "source": artifact.source}
        for name, artifact in sorted(artifacts.items())
    }
    text = json.dumps({"sources_sha256": sources, "contracts": contracts}, separators=(",", ":"))
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f"{file.name}.{os.getpid()}")
    partial.write_text(text, encoding="ascii")
    # Another process may compile at the same time: a file under its own name is always whole.
    partial.replace(file)


def artifacts_of(compiled: Mapping[str, Mapping[str, Any]]) -> dict[str, Artifact]:
    """Return contracts by name, from a file that `write_artifacts` has written."""
    return {
        name: Artifact(
            name=name,
            interface=Interface(name=name, abi=entry["abi"]),
            bytecode=entry["bytecode"],
            source=entry["source"],
        )
        for name, entry in compiled.items()
    }


def compiled_by_ape(
    root: Path, *, only: Path | None = None, overrides: Mapping[str, Any] | None = None
) -> dict[str, Artifact]:
    """Compile the contracts of a project of ape's.

    Parameters
    ----------
    only : Path, optional
        The one file whose contracts are returned; None returns those of all.
    overrides : mapping, optional
        Keys of the project's configuration that are replaced.

    Raises
    ------
    ToolMissing
        When they do not compile; the message is the compiler's first line.
    """
    on_interrupt = signal.getsignal(signal.SIGINT)
    import ape  # ape takes seconds to import, which only those who compile should wait for

    if signal.getsignal(signal.SIGINT) is not on_interrupt:
        # ape ends the process at an interrupt, wherever that is; whoever called decides how a run stops.
        signal.signal(signal.SIGINT, on_interrupt)
    from ape.exceptions import ApeException
    from ape.logging import LogLevel, logger

    with logger.at_level(LogLevel.ERROR):
        try:
            # ape recompiles a changed file, but not the contracts that import a changed library: all is safe.
            project = ape.Project(root, config_override=dict(overrides or {}))
            types = project.load_contracts(*(() if only is None else (only,)), use_cache=False)
        except ApeException as error:
            raise ToolMissing(f"{only.name if only else 'contracts/'}: {_first_line(error)}") from error
    return {name: _artifact(name, getattr(found, "contract_type", found)) for name, found in sorted(types.items())}


def _artifact(name: str, kind: ContractType) -> Artifact:
    code = kind.deployment_bytecode.bytecode if kind.deployment_bytecode else None
    return Artifact(
        name=name,
        interface=Interface(
            name=name, abi=[entry.model_dump(mode="json", by_alias=True, exclude_none=True) for entry in kind.abi]
        ),
        bytecode=str(code) if code else "0x",
        source=str(kind.source_id or ""),
    )


def _first_line(error: Exception) -> str:
    """Return what a compiler says first, with the place in the file where it says one."""
    text = str(error)
    first = next((line for line in text.splitlines() if line.strip()), type(error).__name__)
    place = re.search(r"^\s*-->\s*(\S+:\d+:\d+)", text, re.MULTILINE)
    return f"{first} ({place[1]})" if place else first
