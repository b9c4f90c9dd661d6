"""Install Aave V3.6 itself from npm: optional, under a licence of its own, and never part of the checkout.

Its sources are under BUSL-1.1. They are downloaded on request only, into `.cache/aave-v3/` of a checkout or the user's
cache, compiled there, and deployed to local chains only.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from cascade.errors import ToolMissing
from cascade.toolchain.npm import install_packages, node_tools
from cascade.toolchain.paths import cache_folder, checkout, setup_command
from cascade.toolchain.solc import install_solc

__all__ = ["AAVE_SOLC_VERSION", "aave_cache", "aave_modules", "install_aave"]

AAVE_SOLC_VERSION = "0.8.27"
"""The compiler that Aave pins."""

_LISTS = ("package.json", "package-lock.json")
_PACKAGE = "@aave-dao/aave-v3-origin"


def aave_cache() -> Path:
    """Return the folder of Aave's sources, compiler output and packages."""
    root = checkout()
    return (cache_folder() if root is None else root / ".cache") / "aave-v3"


def aave_modules() -> Path:
    """Return the folder in which npm has put Aave's sources and the packages that they import.

    Raises
    ------
    ToolMissing
        When the package is not installed; the message says how to install it.
    """
    modules = aave_cache() / "node_modules"
    if not (modules / _PACKAGE).is_dir():
        raise ToolMissing(
            f"lending.engine = 'aave-v3': npm's {_PACKAGE} (BUSL-1.1) is not installed: run {setup_command(aave=True)}"
        )
    return modules


def install_aave() -> None:
    """Download Aave's packages and its compiler.

    Raises
    ------
    ToolMissing
        When a download fails or a hash differs.
    """
    npm, node = node_tools()
    cache = aave_cache()
    cache.mkdir(parents=True, exist_ok=True)
    for name in _LISTS:
        shutil.copyfile(Path(__file__).with_name("aave_v3") / name, cache / name)
    install_packages(cache, npm)
    install_solc(node_modules=cache / "node_modules", node=node, version=AAVE_SOLC_VERSION)
