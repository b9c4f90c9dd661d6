"""Locate the checkout and its tools."""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from cascade.errors import ToolMissing

__all__ = ["FOUNDRY_VERSION", "anvil_binary", "forge_binary", "foundry_packages", "project_root"]

FOUNDRY_VERSION = "1.7.1"
"""Version of anvil and forge; `package.json` pins the same."""

_ARCHITECTURES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_SYSTEMS = {"linux": "linux", "darwin": "darwin", "win32": "win32"}


def project_root() -> Path:
    """Return the checkout: the nearest folder above this file that holds `ape-config.yaml`.

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
    """Return the path of anvil, as `package-lock.json` pins it.

    Raises
    ------
    ToolMissing
        When it is not installed for this platform.
    """
    return _foundry_binary("anvil")


def forge_binary() -> Path:
    """Return the path of forge, as `package-lock.json` pins it.

    Raises
    ------
    ToolMissing
        When it is not installed for this platform.
    """
    return _foundry_binary("forge")


def foundry_packages() -> list[str]:
    """Return the npm packages that hold the binaries for this platform.

    The binaries are started directly: npm's launchers would start node first, each time.
    """
    return [f"@foundry-rs/{tool}-{_platform()}" for tool in ("anvil", "forge")]


def _platform() -> str:
    system = _SYSTEMS.get(sys.platform, sys.platform)
    return f"{system}-{_ARCHITECTURES.get(platform.machine(), platform.machine())}"


def _foundry_binary(tool: str) -> Path:
    suffix = ".exe" if sys.platform == "win32" else ""
    package = project_root() / "node_modules" / "@foundry-rs" / f"{tool}-{_platform()}"
    binary = package / "bin" / f"{tool}{suffix}"
    if not binary.is_file():
        raise ToolMissing(f"{tool}: not installed for {_platform()}: run `make setup`")
    return binary
