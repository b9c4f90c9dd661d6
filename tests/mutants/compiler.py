"""The Solidity compiler as a process that stays, from npm's `solc`: the pinned version, with the project's settings."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cascade.errors import ToolMissing

_IMPORT = re.compile(r'^import\s[^;]*?"([^"]+)"', re.MULTILINE)
_SETTINGS = {
    "optimizer": {"enabled": True, "runs": 200},
    "evmVersion": "prague",
    "remappings": ["@openzeppelin/contracts=node_modules/@openzeppelin/contracts"],
    # Without the sources' hash in it, equal bytecode means equal behaviour.
    "metadata": {"bytecodeHash": "none"},
}


@dataclass(frozen=True)
class Compiled:
    """Creation code by contract, and the syntax tree of the file asked about."""

    bytecode: dict[str, str]
    tree: dict[str, Any]


class Compiler:
    """Compiles files of one checkout, of which a single one may be replaced."""

    def __init__(self, root: Path) -> None:
        node = shutil.which("node")
        if node is None:
            raise ToolMissing("node: not found; `make setup` needs it too")
        self._root = root
        self._process = subprocess.Popen(
            [node, str(Path(__file__).with_name("compiler.cjs")), str(root)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        sources = [file for file in sorted((root / "contracts").rglob("*.sol")) if ".cache" not in file.parts]
        self._imports = {self._name(file): self._imported(file) for file in sources}

    def users_of(self, file: str) -> list[str]:
        """The file itself and all that import it, directly or not; interfaces and what only tests deploy left out."""
        users, found = set[str](), {file}
        while found:
            users |= found
            found = {name for name, imported in self._imports.items() if imported & found} - users
        return sorted(name for name in users if "/interfaces/" not in name and "/harness/" not in name)

    def compile(self, file: str, text: str, outputs: list[str]) -> Compiled | None:
        """Compile the files `outputs` with `text` in place of `file`; None where it does not compile."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        selection: dict[str, Any] = {name: {"*": ["evm.bytecode.object"]} for name in outputs}
        selection.setdefault(file, {})[""] = ["ast"]
        sources = {name: {"content": (self._root / name).read_text(encoding="utf-8")} for name in outputs}
        request = {
            "language": "Solidity",
            "sources": {**sources, file: {"content": text}},
            "settings": {**_SETTINGS, "outputSelection": selection},
        }
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if any(error["severity"] == "error" for error in answer.get("errors", [])):
            return None
        bytecode = {
            contract: output["evm"]["bytecode"]["object"]
            for contracts in answer["contracts"].values()
            for contract, output in contracts.items()
            if output["evm"]["bytecode"]["object"]
        }
        return Compiled(bytecode, answer["sources"][file]["ast"])

    def close(self) -> None:
        self._process.kill()
        self._process.wait()

    def _name(self, file: Path) -> str:
        return file.relative_to(self._root).as_posix()

    def _imported(self, file: Path) -> set[str]:
        named = _IMPORT.findall(file.read_text(encoding="utf-8"))
        return {self._name((file.parent / name).resolve()) for name in named if name.startswith(".")}
