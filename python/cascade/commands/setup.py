"""Install what pip does not: packages from npm, and solc. `make setup` and `cascade setup` call it.

A checkout keeps the packages in its own `node_modules`, and compiles the contracts at once. An installed package keeps
them in the user's cache, which every environment of the user shares.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from cascade.errors import CascadeError, ToolMissing
from cascade.toolchain.npm import install_packages, node_tools, run_tool
from cascade.toolchain.paths import (
    FOUNDRY_VERSION,
    anvil_binary,
    cache_folder,
    checkout,
    foundry_packages,
    project_root,
    shipped,
)
from cascade.toolchain.solc import install_solc

__all__ = ["main", "set_up", "set_up_aave", "set_up_checkout"]

_NPM_LISTS = ("package.json", "package-lock.json")


def main() -> int:
    """Set up a checkout, or with the argument `aave-v3` the contracts of Aave.

    Returns
    -------
    int
        Exit code: 0 once everything is installed.
    """
    try:
        if sys.argv[1:] == ["aave-v3"]:
            set_up_aave()
        else:
            set_up_checkout()
    except CascadeError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def set_up_checkout() -> None:
    """Install everything that is missing into the checkout, and compile its contracts.

    Raises
    ------
    ToolMissing
        When a download fails, or what was downloaded does not run on this machine.
    """
    from cascade.chain.artifacts import load_artifacts

    _install_into(project_root(), development=True)
    load_artifacts()


def set_up() -> Path:
    """Install what an installed package needs into the user's cache, and return that folder.

    Raises
    ------
    ToolMissing
        When a download fails, or what was downloaded does not run on this machine.
    """
    if checkout() is not None:
        set_up_checkout()
        return project_root()
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    for name in _NPM_LISTS:
        shutil.copyfile(shipped() / name, folder / name)
    _install_into(folder, development=False)
    return folder


def set_up_aave() -> None:
    """Install Aave V3.6 itself, and compile it.

    Raises
    ------
    ToolMissing
        When a download fails, or Aave's contracts do not compile.
    """
    from cascade.chain.aave_artifacts import load_aave_artifacts
    from cascade.toolchain.aave import install_aave

    install_aave()
    load_aave_artifacts()


def _install_into(folder: Path, *, development: bool) -> None:
    npm, node = node_tools()
    install_packages(folder, npm, development=development)
    _install_platform_binaries(folder, npm)
    install_solc(node_modules=folder / "node_modules", node=node)
    _require_runs(anvil_binary())


def _install_platform_binaries(folder: Path, npm: str) -> None:
    # The lock file names the binaries of the platform that it was made on; other platforms take the same version.
    missing = [name for name in foundry_packages() if not (folder / "node_modules" / name).is_dir()]
    if missing:
        wanted = [f"{name}@{FOUNDRY_VERSION}" for name in missing]
        options = ["--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        run_tool([npm, "install", *options, *wanted], "package.json", cwd=folder)


def _require_runs(binary: Path) -> None:
    try:
        subprocess.run([str(binary), "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ToolMissing(f"{binary}: does not run on this machine ({error})") from error


if __name__ == "__main__":
    sys.exit(main())
