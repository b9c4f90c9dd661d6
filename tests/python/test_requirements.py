"""Requirements: what is imported is declared, and what is declared is used."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from cascade.toolchain.paths import project_root

from .test_architecture import imported_modules

ROOT = project_root()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))

LOADED_BY_APE = {"ape-foundry", "ape-solidity"}
"""Plugins that ape loads by the names in ape-config.yaml."""

HELD_FOR_OTHERS = {"evm-trace"}
"""Requirements of a dependency, named to hold them at a version that fits."""

USED_AS_COMMANDS = {"mypy", "ruff", "pre-commit"}
"""Tools that make or git start."""

USED_BY_OTHER_TOOLS = {"pandas-stubs", "types-pyyaml", "pytest-xdist", "pytest-cov", "setuptools", "mkdocstrings"}
"""Stubs that mypy reads, plugins that pytest loads, and the builder of the package."""

LOADED_BY_NAME = {"pyrevm", "pyinstrument", "duckdb", "ipykernel"}
"""What is imported on use: the engine in process, a profiler, the library of `run.sql`, a kernel of notebooks."""

INSTALLED_APART = {"curvesim", "eth-defi"}
"""What only the maker of the test vectors and the third-party client import: see tests/conformance/clients.in."""


def normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def names_of(requirements: list[str]) -> set[str]:
    found = [re.match(r"[A-Za-z0-9._-]+", line) for line in requirements]
    return {normalised(match[0]) for match in found if match}


DEPENDENCIES = names_of(PROJECT["project"]["dependencies"])
DEVELOPMENT = names_of((ROOT / "requirements.in").read_text(encoding="utf-8").splitlines())


def distributions_imported(*folders: str) -> set[str]:
    homes = packages_distributions()
    found: set[str] = set()
    for file in (file for folder in folders for file in sorted((ROOT / folder).rglob("*.py"))):
        for module in imported_modules(file):
            root = module.partition(".")[0]
            beside = (file.parent / f"{root}.py").is_file()
            # `_typeshed` has types for checkers only, and is never imported at run time.
            if root in sys.stdlib_module_names or root in ("cascade", "tests", "_typeshed") or beside:
                continue
            found |= {normalised(name) for name in homes.get(root, [root])}
    return found


def test_package__imports__only_what_pyproject_declares() -> None:
    assert distributions_imported("python", "scripts") <= DEPENDENCIES | {"pytest"}


def test_package__imports_pytest__only_in_its_pytest_plugin() -> None:
    importing = {
        file.name
        for file in Path(ROOT / "python").rglob("*.py")
        if any(module.partition(".")[0] == "pytest" for module in imported_modules(file))
    }

    assert importing == {"pytest_plugin.py"}


def test_tests__import__only_what_is_declared() -> None:
    assert distributions_imported("tests") <= DEPENDENCIES | DEVELOPMENT | INSTALLED_APART


def test_pyproject__declares__only_what_the_package_uses() -> None:
    assert DEPENDENCIES - distributions_imported("python", "scripts") == LOADED_BY_APE | HELD_FOR_OTHERS


def test_requirements_in__names__only_what_development_uses() -> None:
    assert DEVELOPMENT - distributions_imported("tests") == USED_AS_COMMANDS | USED_BY_OTHER_TOOLS | LOADED_BY_NAME
    assert not DEVELOPMENT & DEPENDENCIES


def test_lock__pins__every_declared_requirement() -> None:
    pinned = re.findall(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==", (ROOT / "requirements.lock").read_text("utf-8"), re.M)

    assert {normalised(name) for name in pinned} >= DEPENDENCIES | DEVELOPMENT
