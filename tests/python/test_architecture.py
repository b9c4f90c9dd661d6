"""Rules of the house: who may import what, what is tracked, which documents are made from code."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from cascade.commands.console import COMMANDS
from cascade.commands.documents import DOCUMENTS
from cascade.toolchain.paths import project_root

ROOT = project_root()
PACKAGE = ROOT / "python" / "cascade"
OUTSIDE_CHAIN = {"ape", "web3", "eth_abi", "solcx"}


def imported_modules(file: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        # A relative import stays within its own package.
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def tracked_files() -> list[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return listed.stdout.splitlines()


@pytest.mark.parametrize("room", ["scenario", "prices", "analysis", "report", "recording"])
def test_room__that_needs_no_chain__imports_neither_ape_nor_web3(room: str) -> None:
    files = sorted((PACKAGE / room).rglob("*.py"))

    assert files
    for file in files:
        roots = {module.split(".")[0] for module in imported_modules(file)}
        assert not roots & OUTSIDE_CHAIN, file


FLOORS = (
    ("errors", "vocabulary"),
    ("toolchain", "units"),
    ("listing", "prices"),
    ("account_files",),
    ("chain", "scenario"),
    ("world",),
    ("deployment", "observation"),
    ("positions",),
    ("agents",),
    ("engine", "recording"),
    ("analysis",),
    ("report",),
    ("run",),
    ("staging",),
    ("deploy", "harness", "node"),
    ("assertions", "experiments"),
    ("bench", "commands"),
)
"""Rooms of the package from the bottom up: a room imports from the floors below its own only."""

FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}


def test_rooms__of_the_package__import_from_floors_below_only() -> None:
    assert {path.stem for path in PACKAGE.glob("[a-z]*") if path.suffix in ("", ".py")} == set(FLOOR_OF)
    for file in sorted(PACKAGE.rglob("*.py")):
        room = file.relative_to(PACKAGE).parts[0].removesuffix(".py")
        if room in ("__init__", "__main__"):
            continue
        for module in imported_modules(file):
            package, _, below = module.partition(".")
            target = below.partition(".")[0]
            if package == "cascade" and target != room:
                assert FLOOR_OF[target] < FLOOR_OF[room], f"{file} imports {module}"


def test_ape_and_web3__outside_chain_and_toolchain__are_not_imported() -> None:
    for file in sorted(PACKAGE.rglob("*.py")):
        if file.relative_to(PACKAGE).parts[0] not in ("chain", "toolchain"):
            roots = {module.split(".")[0] for module in imported_modules(file)}
            assert not roots & {"ape", "web3", "solcx"}, file


def test_documents__made_from_code__are_current() -> None:
    assert DOCUMENTS
    for name, render in DOCUMENTS.items():
        assert (ROOT / "docs" / name).read_text(encoding="utf-8") == render(), name


def test_lock_files__name_no_host() -> None:
    for name in ("requirements.lock", "requirements-node.lock", "package-lock.json"):
        assert not re.search(r"https?://[^\s\"]*(?:registry|pypi|/-/)", (ROOT / name).read_text(encoding="utf-8")), name


def test_tracked_files__nothing_generated_and_no_path_of_one_machine() -> None:
    files = tracked_files()

    assert files
    assert not [name for name in files if re.search(r"(^|/)(node_modules|\.build|runs|__pycache__|\.venv)/", name)]
    for name in files:
        if name.endswith((".py", ".sol", ".md", ".yaml", ".toml", ".json", "Makefile")):
            text = (ROOT / name).read_text(encoding="utf-8") if (ROOT / name).is_file() else ""
            assert not re.search(r"(?<![\w.])/(?:home|root|Users)/\w", text), name


def test_shipped_scenarios__every_parameter_section__has_its_provenance() -> None:
    for file in sorted((ROOT / "scenarios").glob("*.yaml")):
        tree = yaml.safe_load(file.read_text(encoding="utf-8"))
        if "extends" in tree:
            continue
        covered = {key.split(".")[0] for entry in tree["provenance"] for key in entry["keys"]}
        assert {"lending", "venues", "positions"} & tree.keys() <= covered, file.name


def test_readme__its_commands__exist() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")

    targets = re.findall(r"^make (\w+)", readme, flags=re.MULTILINE)
    commands = re.findall(r"`cascade ([a-z]+)", readme)
    links = re.findall(r"\]\(([^)#]+)\)", readme)
    assert all((targets, commands, links))
    for target in targets:
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target
    for command in commands:
        assert command in COMMANDS, command
    for linked in links:
        assert (ROOT / linked).is_file(), linked
