"""Compile the project's contracts through ape, or read them from its cache where no source has changed."""

from __future__ import annotations

import hashlib
import signal
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cascade.chain.abi import Interface
from cascade.errors import ToolMissing
from cascade.toolchain.paths import project_root

if TYPE_CHECKING:
    from ethpm_types import ContractType

__all__ = ["Artifact", "load_artifacts"]


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

    Parameters
    ----------
    root : Path, optional
        The checkout; null finds the one that holds this package.

    Raises
    ------
    ToolMissing
        When the contracts do not compile; the message is the compiler's first line.
    """
    on_interrupt = signal.getsignal(signal.SIGINT)
    import ape  # ape takes seconds to import, which only those who deploy should wait for

    if signal.getsignal(signal.SIGINT) is not on_interrupt:
        # ape ends the process at an interrupt, wherever that is; whoever called decides how a run stops.
        signal.signal(signal.SIGINT, on_interrupt)
    from ape.exceptions import ApeException
    from ape.logging import LogLevel, logger

    root = root or project_root()
    # ape recompiles a changed file, but not the contracts that import a changed library: recompiling all is safe.
    stamp, digest = root / ".build" / "sources.sha256", _sources_sha256(root)
    current = stamp.is_file() and stamp.read_text(encoding="ascii") == digest
    with logger.at_level(LogLevel.ERROR):
        try:
            types = ape.Project(root).load_contracts(use_cache=current)
        except ApeException as error:
            raise ToolMissing(f"contracts/: {_first_line(error)}") from error
    artifacts = {name: _artifact(name, getattr(found, "contract_type", found)) for name, found in sorted(types.items())}
    if not current:
        stamp.parent.mkdir(exist_ok=True)
        stamp.write_text(digest, encoding="ascii")
    return artifacts


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


def _sources_sha256(root: Path) -> str:
    digest = hashlib.sha256()
    # The configuration sets the compiler and its optimiser, the lock file the version of OpenZeppelin.
    files = [root / "ape-config.yaml", root / "package-lock.json", *sorted((root / "contracts").rglob("*.sol"))]
    for file in files:
        relative = file.relative_to(root).as_posix()
        # ape copies the libraries that it compiled with into contracts/.cache.
        if "/.cache/" not in relative:
            digest.update(f"{relative}\0".encode() + file.read_bytes() + b"\0")
    return digest.hexdigest()


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
