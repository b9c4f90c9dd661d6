"""Locate what the package ships, and the tools that it starts: in a checkout, or where the package is installed."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from cascade.errors import ToolMissing

__all__ = [
    "FOUNDRY_VERSION",
    "OPENZEPPELIN_VERSION",
    "anvil_binary",
    "cache_folder",
    "checkout",
    "forge_binary",
    "foundry_packages",
    "node_modules",
    "openzeppelin_folder",
    "project_root",
    "setup_command",
    "shipped",
]

FOUNDRY_VERSION = "1.7.1"
"""Version of anvil and forge; `package.json` pins the same."""

OPENZEPPELIN_VERSION = "5.7.0"
"""Version of OpenZeppelin's contracts, from which the mocks derive; `package.json` pins the same."""

_ARCHITECTURES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_SYSTEMS = {"linux": "linux", "darwin": "darwin", "win32": "win32"}

_PACKAGE = Path(__file__).resolve().parents[1]
_CACHE_NAME = "cascade-replay"


def checkout() -> Path | None:
    """Return the checkout that holds this package; None where the package is installed."""
    folder = _PACKAGE.parents[1]
    # An installed package may lie inside another project, whose folder has an `ape-config.yaml` too.
    is_source = _PACKAGE.parent.name == "python" and (folder / "contracts" / "lending").is_dir()
    return folder if is_source else None


def project_root() -> Path:
    """Return the checkout that holds this package, for what only developers do.

    Raises
    ------
    ToolMissing
        When the package runs outside a checkout.
    """
    folder = checkout()
    if folder is None:
        raise ToolMissing(f"{_PACKAGE}: is no checkout of cascade: clone its repository for this")
    return folder


def shipped() -> Path:
    """Return the folder of what the package ships beside its code: `scenarios/`, `contracts/` and npm's lists.

    It is the checkout, or a folder of the same layout inside the installed package.
    """
    return checkout() or _PACKAGE / "shipped"


def cache_folder() -> Path:
    """Return the user's folder for tools that `cascade setup` installs; it need not exist."""
    import platformdirs  # imported on use: `make setup` reads this module before it installs any package

    return Path(platformdirs.user_cache_dir(_CACHE_NAME, appauthor=False))


def setup_command(*, aave: bool = False) -> str:
    """Return the command that installs what is missing: another one in a checkout than for an installed package."""
    if checkout() is not None:
        return "`make aave`" if aave else "`make setup`"
    return "`cascade setup aave-v3`" if aave else "`cascade setup`"


def node_modules() -> tuple[Path, ...]:
    """Return the folders into which npm puts packages, in the order in which tools are looked for.

    In a checkout its own folder comes first; the user's cache is always one of them.
    """
    root = checkout()
    own = () if root is None else (root / "node_modules",)
    return (*own, cache_folder() / "node_modules")


def openzeppelin_folder() -> Path | None:
    """Return the folder of OpenZeppelin's contracts, as npm has installed them; None where they are not installed."""
    folders = (folder / "@openzeppelin" / "contracts" for folder in node_modules())
    return next((folder for folder in folders if folder.is_dir()), None)


def anvil_binary() -> Path:
    """Return the path of anvil, in the version that is pinned.

    Raises
    ------
    ToolMissing
        When it is not installed for this platform, or in another version only; the message says what installs it.
    """
    return _foundry_binary("anvil")


def forge_binary() -> Path:
    """Return the path of forge, in the version that is pinned.

    Raises
    ------
    ToolMissing
        When it is not installed for this platform, or in another version only; the message says what installs it.
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
    for folder in node_modules():
        binary = folder / "@foundry-rs" / f"{tool}-{_platform()}" / "bin" / f"{tool}{suffix}"
        if binary.is_file():
            return binary
    other = ""
    on_path = shutil.which(tool)
    if on_path is not None:
        version = _version_of(Path(on_path).resolve())
        if version == FOUNDRY_VERSION:
            return Path(on_path).resolve()
        # Another version has other gas, and another state root, than the runs that others publish.
        other = f" ({on_path} is {version or 'no binary of Foundry'}, expected {FOUNDRY_VERSION})"
    raise ToolMissing(f"{tool}: not installed for {_platform()}{other}: run {setup_command()}")


@cache
def _version_of(binary: Path) -> str:
    """Return the version that a binary of Foundry reports; empty where it is a script or reports none."""
    try:
        with binary.open("rb") as file:
            if file.read(2) == b"#!":
                # npm's launcher: its process is not the node's, and stopping it would leave the node behind.
                return ""
        done = subprocess.run([str(binary), "--version"], capture_output=True, text=True, timeout=10, check=True)
    except (OSError, subprocess.SubprocessError):
        return ""
    found = re.search(r"\d+\.\d+\.\d+", done.stdout)
    return found[0] if found else ""
