"""Where the checkout and its tools are."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from cascade.errors import ToolMissing

__all__ = ["anvil_binary", "forge_binary", "project_root"]

_ARCHITECTURES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_SYSTEMS = {"linux": "linux", "darwin": "darwin", "win32": "win32"}


def project_root() -> Path:
    """The checkout: the nearest folder above this file that holds `ape-config.yaml`.

    Raises
    ------
    ToolMissing
        When the package runs outside a checkout.
    """
    for folder in Path(__file__).resolve().parents:
        if (folder / "ape-config.yaml").is_file():
            return folder
    raise ToolMissing("ape-config.yaml: not found above the package; cascade runs from its checkout")


def anvil_binary() -> Path:
    """The pinned anvil of `package-lock.json`."""
    return _foundry_binary("anvil")


def forge_binary() -> Path:
    """The pinned forge of `package-lock.json`."""
    return _foundry_binary("forge")


def _foundry_binary(tool: str) -> Path:
    # npm puts the executable into a package of the platform's own; its launcher would only cost a node start.
    platform_name = f"{_SYSTEMS.get(sys.platform, sys.platform)}-{_ARCHITECTURES.get(platform.machine(), platform.machine())}"
    suffix = ".exe" if sys.platform == "win32" else ""
    binary = project_root() / "node_modules" / "@foundry-rs" / f"{tool}-{platform_name}" / "bin" / f"{tool}{suffix}"
    if not binary.is_file():
        raise ToolMissing(f"{tool}: not installed for {platform_name}: run `make setup`")
    return binary
