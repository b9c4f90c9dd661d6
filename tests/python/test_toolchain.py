"""Tools: the compiler's two builds, and one line for whatever is missing."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import solcx

from cascade.errors import ToolMissing
from cascade.toolchain import npm, paths
from cascade.toolchain.npm import node_tools, run_tool
from cascade.toolchain.solc import SOLC_VERSION, install_solc

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
    executable = install_solc(node_modules=NODE_MODULES, node=node_tools(paths.project_root())[1])
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


def test_anvil__not_installed__is_refused_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "project_root", lambda: tmp_path)

    with pytest.raises(ToolMissing, match=r"anvil: not installed for .*: run `make setup`"):
        paths.anvil_binary()


def test_download__fails__first_line_of_the_reason() -> None:
    script = "import sys; sys.stderr.write('npm error code E404\\nnpm error\\nnpm error 404 not here\\n'); sys.exit(1)"

    with pytest.raises(ToolMissing) as missing:
        run_tool(["python3", "-c", script], "package-lock.json")

    assert "package-lock.json: the download failed or a hash differs (npm error 404 not here)" in str(missing.value)
    assert "\n" not in str(missing.value)


def test_node__missing__comes_from_its_python_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(npm, "run_tool", lambda command, what: asked.append(command))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    (tmp_path / "npm").touch()

    found = node_tools(tmp_path)

    assert found == (str(tmp_path / "npm"), str(tmp_path / "node"))
    assert "--require-hashes" in asked[0]
    assert asked[0][-1].endswith("requirements-node.lock")


def test_setup__second_call__sets_up_nothing() -> None:
    done = subprocess.run(["make", "setup"], cwd=paths.project_root(), capture_output=True, text=True, check=True)

    assert [line for line in done.stdout.splitlines() if not line.startswith("make")] == []
