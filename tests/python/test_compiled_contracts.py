"""Compiled contracts as a file: read where they are those of the sources, and written as a whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from cascade.chain import artifacts
from cascade.chain.abi import Interface
from cascade.chain.artifacts import Artifact, load_artifacts, write_artifacts
from cascade.errors import ToolMissing
from cascade.toolchain.sources import compiled_file, compiled_of, sources_sha256

MADE_UP = {
    "Token": Artifact(
        name="Token",
        interface=Interface(name="Token", abi=[{"type": "function", "name": "mint", "inputs": [], "outputs": []}]),
        bytecode="0x6001",
        source="contracts/Token.sol",
    )
}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "Token.sol").write_text("contract Token {}", encoding="utf-8")
    (tmp_path / "ape-config.yaml").write_text("name: made-up\n", encoding="utf-8")
    (tmp_path / "package-lock.json").write_text("{}", encoding="utf-8")
    return tmp_path


@pytest.fixture
def compiled(root: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Roots that were compiled, in place of ape."""
    asked: list[Path] = []

    def compile_all(folder: Path) -> dict[str, Artifact]:
        asked.append(folder)
        return MADE_UP

    monkeypatch.setattr(artifacts, "compiled_by_ape", compile_all)
    return asked


def loaded(root: Path) -> dict[str, Artifact]:
    # A process asks once; here each call stands for a new process.
    load_artifacts.cache_clear()
    try:
        return load_artifacts(root)
    finally:
        load_artifacts.cache_clear()


def test_contracts__compiled_once__are_read_from_the_file_afterwards(root: Path, compiled: list[Path]) -> None:
    first, second = loaded(root), loaded(root)

    assert compiled == [root]
    assert second["Token"].bytecode == first["Token"].bytecode == "0x6001"
    assert second["Token"].interface.abi == first["Token"].interface.abi
    assert second["Token"].source == "contracts/Token.sol"
    assert [file.name for file in (root / ".build").iterdir()] == ["contracts.json"]


@pytest.mark.parametrize(
    "changed", ["contracts/Token.sol", "ape-config.yaml", "package-lock.json", "contracts/New.sol"]
)
def test_contracts__any_source_or_setting_changed__are_compiled_again(
    root: Path, compiled: list[Path], changed: str
) -> None:
    loaded(root)
    (root / changed).write_text("changed: true\n", encoding="utf-8")
    loaded(root)

    assert compiled == [root, root]


def test_contracts__library_that_ape_copied__changes_nothing(root: Path, compiled: list[Path]) -> None:
    loaded(root)
    (root / "contracts" / ".cache").mkdir()
    (root / "contracts" / ".cache" / "Library.sol").touch()
    loaded(root)

    assert compiled == [root]


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"contracts": {}}', "\N{GREEK SMALL LETTER MU}"])
def test_compiled_of__damaged_file__is_none(root: Path, text: str) -> None:
    file = compiled_file(root)
    file.parent.mkdir()
    file.write_text(text, encoding="utf-8")

    assert compiled_of(file, sources=None) is None


def test_compiled_of__other_sources__is_none_and_null_accepts_any(root: Path) -> None:
    file, sources = compiled_file(root), sources_sha256(root)
    write_artifacts(file, MADE_UP, sources=sources)

    assert compiled_of(file, sources=sources) == compiled_of(file, sources=None)
    assert compiled_of(file, sources=sources) is not None
    assert compiled_of(file, sources="0" * 64) is None


def test_contracts__of_an_installed_package_that_is_damaged__one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifacts, "checkout", lambda: None)
    monkeypatch.setattr(artifacts, "shipped", lambda: tmp_path)
    load_artifacts.cache_clear()
    try:
        with pytest.raises(ToolMissing, match=r"contracts\.json: is missing or damaged: install the package again"):
            load_artifacts()
    finally:
        load_artifacts.cache_clear()
