"""Install the Solidity compiler: natively through py-solc-x, or as WebAssembly where that download fails."""

from __future__ import annotations

import shutil
from pathlib import Path

import solcx

from cascade.errors import ToolMissing

__all__ = ["SOLC_VERSION", "install_solc", "solc_binary"]

SOLC_VERSION = "0.8.30"
"""The compiler of this project's contracts."""

_WASM_PACKAGES = (
    "solc",
    "command-exists",
    "commander",
    "follow-redirects",
    "js-sha3",
    "memorystream",
    "semver",
    "tmp",
    "os-tmpdir",
)
"""npm's `solc`, and the packages that it imports."""


def install_solc(*, node_modules: Path, node: str, version: str = SOLC_VERSION) -> Path:
    """Install a version of solc where py-solc-x, ape and forge look for it, and return its executable.

    The native build is preferred. Where it cannot be downloaded, npm's `solc` package (the compiler's own WebAssembly
    build of the same commit) is copied beside a small executable with the name that py-solc-x expects; the copy
    outlives this checkout. Both builds give the same bytecode: solc's output does not depend on its platform.

    Parameters
    ----------
    node_modules : Path
        Folder in which npm has put its packages.
    node : str
        Path of the node that runs the WebAssembly build.
    version : str
        Version of the compiler.

    Raises
    ------
    ToolMissing
        When the native build cannot be downloaded and the npm package is missing.
    """
    if _installed(version):
        return Path(solcx.install.get_executable(version))
    try:
        solcx.install_solc(version, show_progress=False)
    except Exception:  # py-solc-x raises errors of many libraries: each of them means that there is no native build
        return _install_wasm(node_modules=node_modules, node=node, version=version)
    return Path(solcx.install.get_executable(version))


def solc_binary(version: str = SOLC_VERSION) -> Path | None:
    """Return the executable of a version of solc, where py-solc-x, ape and forge look for it; None without."""
    return Path(solcx.install.get_executable(version)) if _installed(version) else None


def _installed(version: str) -> bool:
    try:
        return version in {str(found) for found in solcx.get_installed_solc_versions()}
    except OSError:
        # py-solc-x makes its folder in the home folder, which an account of a container may lack.
        return False


def _install_wasm(*, node_modules: Path, node: str, version: str) -> Path:
    if not (node_modules / "solc" / "soljson.js").is_file():
        raise ToolMissing(f"solc {version}: the native build cannot be downloaded, and npm's solc package is missing")
    folder = Path(solcx.get_solcx_install_folder())
    modules = folder / f"solc-js-{version}"
    # The folder gets its name only when it is whole: an interrupted copy is never taken for a compiler.
    staging = folder / f"solc-js-{version}.partial"
    shutil.rmtree(staging, ignore_errors=True)
    for package in _WASM_PACKAGES:
        shutil.copytree(node_modules / package, staging / "node_modules" / package)
    shutil.rmtree(modules, ignore_errors=True)
    staging.rename(modules)
    executable = folder / f"solc-v{version}"
    source = Path(__file__).with_name("solc_wasm.cjs").read_text(encoding="utf-8")
    source = source.replace("SOLC_JS_FOLDER", modules.name).replace("#!/usr/bin/env node", f"#!{node}", 1)
    executable.write_text(source, encoding="utf-8")
    executable.chmod(0o755)
    return executable
