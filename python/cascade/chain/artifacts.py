"""Compiled contracts, through ape's own project: compiled when a source changed, read from its cache otherwise."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from cascade.chain.abi import Interface
from cascade.errors import ToolMissing
from cascade.toolchain.paths import project_root

__all__ = ["Artifact", "load_artifacts"]


@dataclass(frozen=True)
class Artifact:
    """One compiled contract."""

    name: str
    interface: Interface
    bytecode: str = field(repr=False)
    """Creation code, 0x-hex; `0x` for an interface."""
    source: str = ""
    """File it comes from, relative to the checkout."""

    @property
    def is_harness(self) -> bool:
        """Whether only tests deploy it."""
        return self.source.startswith("contracts/harness/")

    @cached_property
    def bytecode_sha256(self) -> str:
        """Fingerprint of the creation code, for the manifest."""
        return hashlib.sha256(bytes.fromhex(self.bytecode[2:])).hexdigest()


@cache
def load_artifacts(root: Path | None = None) -> dict[str, Artifact]:
    """All contracts of the project by name, compiling what changed.

    Raises
    ------
    ToolMissing
        When the contracts do not compile; the message is the compiler's first line.
    """
    import ape  # ape takes seconds to import: only who deploys pays for it
    from ape.exceptions import ApeException
    from ape.logging import LogLevel, logger

    with logger.at_level(LogLevel.ERROR):
        project = ape.Project(root or project_root())
        try:
            types = project.load_contracts()
        except ApeException as error:
            raise ToolMissing(f"contracts/: {str(error).splitlines()[0]}") from error
        artifacts = {}
        for name, container in sorted(types.items()):
            kind = container.contract_type if hasattr(container, "contract_type") else container
            code = kind.deployment_bytecode.bytecode if kind.deployment_bytecode else None
            abi = [entry.model_dump(mode="json", by_alias=True, exclude_none=True) for entry in kind.abi]
            artifacts[name] = Artifact(
                name=name,
                interface=Interface(name=name, abi=abi),
                bytecode=str(code) if code else "0x",
                source=str(kind.source_id or ""),
            )
    return artifacts
