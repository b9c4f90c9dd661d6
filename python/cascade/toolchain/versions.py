"""Versions of the tools that a run was made with, for its manifest."""

from __future__ import annotations

import importlib.metadata
import platform

from cascade.toolchain.paths import FOUNDRY_VERSION, OPENZEPPELIN_VERSION
from cascade.toolchain.solc import SOLC_VERSION

__all__ = ["tool_versions"]

_PACKAGES = ("eth-ape", "ape-foundry", "ape-solidity", "py-solc-x", "web3", "pandas", "numpy", "pyarrow", "pydantic")

_ENGINE = "pyrevm"


def tool_versions(*, in_process: bool = False) -> dict[str, str]:
    """Return the version by name of each tool that can change a result.

    Parameters
    ----------
    in_process : bool
        Whether the chain runs in this process: its engine is a tool then.
    """
    packages = (*_PACKAGES, _ENGINE) if in_process else _PACKAGES
    versions = {package: importlib.metadata.version(package) for package in packages}
    # A patch release of Python changes no result, and would make equal runs look different.
    versions["python"] = ".".join(platform.python_version_tuple()[:2])
    versions["solc"], versions["anvil"] = SOLC_VERSION, FOUNDRY_VERSION
    versions["@openzeppelin/contracts"] = OPENZEPPELIN_VERSION
    return versions
