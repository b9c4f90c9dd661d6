"""The console command: what it imports and when, which names it knows, and the project that `init` writes."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cascade.commands import init
from cascade.commands.console import COMMANDS, cli
from cascade.toolchain.paths import project_root
from cascade.toolchain.solc import SOLC_VERSION

HEAVY = {"ape", "web3", "pandas", "numpy", "pyarrow", "pydantic", "altair", "yaml", "rich", "jinja2", "solcx"}


def test_help__of_every_command__imports_nothing_that_takes_long() -> None:
    script = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from cascade.commands.console import COMMANDS, cli\n"
        "for arguments in (['--help'], *([name, '--help'] for name in COMMANDS)):\n"
        "    assert CliRunner().invoke(cli, arguments).exit_code == 0, arguments\n"
        "print(*sorted({name.partition('.')[0] for name in sys.modules}))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert "cascade" in done.stdout.split()
    assert not HEAVY & set(done.stdout.split())


def test_group__one_command__imports_no_other() -> None:
    script = (
        "import sys\n"
        "from click.testing import CliRunner\n"
        "from cascade.commands.console import cli\n"
        "CliRunner().invoke(cli, ['verify', '--help'])\n"
        "print(*(name.rpartition('.')[2] for name in sys.modules if name.startswith('cascade.commands.console.')))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["verify"]


def test_group__unknown_command__is_refused_with_exit_code_2() -> None:
    result = CliRunner().invoke(cli, ["replya"])

    assert result.exit_code == 2
    assert "No such command 'replya'" in result.output


def test_scripts__of_ape__are_the_same_commands() -> None:
    scripts = sorted(file.stem for file in (project_root() / "scripts").glob("*.py"))

    assert scripts
    for name in scripts:
        spec = importlib.util.spec_from_file_location(f"script_{name}", project_root() / "scripts" / f"{name}.py")
        assert spec is not None
        assert spec.loader is not None
        script = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(script)
        assert script.cli is cli.get_command(click.Context(cli), name)
    # What a checkout has `make` for is no script.
    assert set(COMMANDS) - set(scripts) == {"init", "contracts", "doctor", "setup"}


def test_version__of_the_command__is_the_packages() -> None:
    result = CliRunner().invoke(cli, ["--version"])

    assert result.output.startswith("cascade 0.")


def test_init__new_folder__has_names_and_versions_filled_in(tmp_path: Path) -> None:
    folder = tmp_path / "my-protocol"

    result = CliRunner().invoke(cli, ["init", str(folder)])

    assert result.exit_code == 0, result.output
    files = {
        file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8")
        for file in folder.rglob("*.*")
        if file.is_file()
    }
    assert set(files) == {
        ".github/workflows/crash.yaml",
        ".gitignore",
        "README.md",
        "ape-config.yaml",
        "pytest.ini",
        "requirements.txt",
        "scenarios/agents/panic_seller.py",
        "scenarios/my-crash.yaml",
        "scripts/compare.py",
        "scripts/replay.py",
        "tests/test_my_crash.py",
    }  # fmt: skip
    assert "name: my-protocol\n" in files["ape-config.yaml"]
    assert f"version: {SOLC_VERSION}\n" in files["ape-config.yaml"]
    assert not [name for name, text in files.items() if "$" in text and "$$" not in text]
    shipped = project_root() / "scenarios" / "agents" / "panic_seller.py"
    assert files["scenarios/agents/panic_seller.py"] == shipped.read_text(encoding="utf-8")


def test_init__empty_folder__is_filled(tmp_path: Path) -> None:
    assert CliRunner().invoke(cli, ["init", str(tmp_path)]).exit_code == 0
    assert (tmp_path / "scenarios" / "my-crash.yaml").is_file()


@pytest.mark.parametrize("kind", ["file", "folder with a file"])
def test_init__something_is_there__is_refused_and_nothing_is_written(tmp_path: Path, kind: str) -> None:
    there = tmp_path / "there"
    if kind == "file":
        there.touch()
    else:
        there.mkdir()
        (there / "mine.txt").touch()

    result = CliRunner().invoke(cli, ["init", str(there)])

    assert result.exit_code == 2
    assert "expected a folder that is new or empty" in result.output
    assert sorted(path.name for path in tmp_path.rglob("*")) == (["mine.txt", "there"] if kind != "file" else ["there"])


def test_init__disk_fails_in_between__leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[Path] = []
    write = Path.write_text

    def failing(path: Path, text: str, **options: str) -> int:
        if len(written) == 4:
            raise OSError(28, os.strerror(28), str(path))
        written.append(path)
        return write(path, text, encoding=options["encoding"])

    monkeypatch.setattr(Path, "write_text", failing)

    result = CliRunner().invoke(cli, ["init", str(tmp_path / "a" / "project")])

    assert result.exit_code == 2
    assert "No space left on device" in result.output
    assert len(written) == 4
    assert list(tmp_path.iterdir()) == []


def test_templates__of_a_project__all_have_the_suffix_that_init_reads() -> None:
    folder = Path(init.__file__).with_name("project")

    assert [file for file in folder.rglob("*") if file.is_file() and file.suffix != ".template"] == []
