"""The Solidity compiler: native through py-solc-x, or its WebAssembly build where that download fails."""

from __future__ import annotations

import shutil
from pathlib import Path

import solcx

from cascade.errors import ToolMissing

SOLC_VERSION = "0.8.30"
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


def install_solc(*, node_modules: Path, node: str, version: str = SOLC_VERSION) -> Path:
    """Put solc `version` where py-solc-x, ape and forge look for it.

    The native build comes first. Where it cannot be downloaded, npm's `solc` package (the compiler's own
    WebAssembly build of the same commit) is copied beside a small executable of the name py-solc-x expects,
    so that the compiler outlives this checkout. Both give the same bytecode: solc's output does not depend
    on the platform it runs on.

    Parameters
    ----------
    node_modules : Path
        Where npm has put its packages.
    node : str
        The node that runs the WebAssembly build.

    Returns
    -------
    Path
        The executable.

    Raises
    ------
    ToolMissing
        When neither the download nor the npm package is there.
    """
    if _installed(version):
        return Path(solcx.install.get_executable(version))
    try:
        solcx.install_solc(version, show_progress=False)
    except Exception:  # py-solc-x raises anything from requests' errors to its own: each means "no native build"
        return _install_wasm(node_modules=node_modules, node=node, version=version)
    return Path(solcx.install.get_executable(version))


def _installed(version: str) -> bool:
    return version in {str(found) for found in solcx.get_installed_solc_versions()}


def _install_wasm(*, node_modules: Path, node: str, version: str) -> Path:
    if not (node_modules / "solc" / "soljson.js").is_file():
        raise ToolMissing(f"solc {version}: the native build cannot be downloaded, and npm's solc package is missing")
    folder = Path(solcx.get_solcx_install_folder())
    modules = folder / f"solc-js-{version}"
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
