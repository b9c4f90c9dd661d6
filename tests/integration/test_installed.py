"""The wheel in a bare environment outside the checkout: the console command, and a project of one's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from cascade.harness import replay
from cascade.scenario.load import load_scenario
from cascade.toolchain.paths import anvil_binary, project_root

pytestmark = pytest.mark.xdist_group("installed")


APE = ("python", "-c", "from ape._cli import cli; cli(prog_name='ape')")
"""The command `ape`: the environment has ape's modules, but not the script, which belongs to another environment."""


@dataclass(frozen=True)
class Environment:
    """A virtual environment that has the wheel, and a home folder in which nothing has ever been set up."""

    folder: Path
    home: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def package(self) -> Path:
        return next((self.folder / "lib").glob("python*")) / "site-packages" / "cascade"

    def variables(self, *, path: str = "") -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if name in ("LANG", "TMPDIR")}
        return {
            **kept,
            "HOME": str(self.home),
            "PATH": os.pathsep.join(filter(None, (str(self.folder / "bin"), path, "/usr/bin", "/bin"))),
            "XDG_CACHE_HOME": str(self.home / "cache"),
        }

    def run(self, *command: str, cwd: Path, path: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a command; anvil is on the path unless a test says otherwise."""
        environment = self.variables(path=str(anvil_binary().parent) if path is None else path)
        return subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False
        )

    def cascade(self, *arguments: str, cwd: Path, path: str | None = None) -> subprocess.CompletedProcess[str]:
        return self.run("cascade", *arguments, cwd=cwd, path=path)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    # Without isolation: the build must not depend on what an index has today.
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder)]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, str(project_root())], check=True)
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    folder, home = tmp_path_factory.mktemp("installed") / "env", tmp_path_factory.mktemp("home")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    found = Environment(folder, home)
    # The wheel's requirements are those of the environment that runs this test: installing 200 packages anew would take
    # minutes and a network. A path file adds its packages without their own path files, so that the editable
    # installation of the checkout among them is not seen.
    packages = found.package.parent
    (packages / "requirements.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    options = ["--quiet", "--no-deps", "--no-index", "--no-warn-script-location", str(wheel)]
    command = [sys.executable, "-m", "pip", "--python", str(found.python), "install", *options]
    # Without PYTHONPATH, which could show pip an installation that is not the environment's.
    subprocess.run(command, env=found.variables(), check=True)
    return found


def test_wheel__its_contents__are_no_tests_no_harness_and_no_compiler_output(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()

    shipped = {name.removeprefix("cascade/shipped/") for name in names if name.startswith("cascade/shipped/")}
    scenarios = {f"scenarios/{file.name}" for file in (project_root() / "scenarios").iterdir() if file.is_file()}
    assert {"contracts.json", "package-lock.json", "contracts/lending/LendingPool.sol"} <= shipped
    assert scenarios <= shipped
    assert not [name for name in names if "harness/" in name or "__pycache__" in name or name.startswith("tests/")]


def test_cascade__from_the_wheel__is_the_installed_package(installed: Environment, tmp_path: Path) -> None:
    asked = "import cascade, cascade.toolchain.paths as paths; print(cascade.__file__, paths.checkout())"
    done = installed.run("python", "-c", asked, cwd=tmp_path)

    assert done.stdout.split() == [str(installed.package / "__init__.py"), "None"]


@pytest.mark.parametrize("arguments", [["--help"], ["replay", "--help"], ["compare", "--help"]])
def test_help__of_the_command__starts_within_a_second(
    installed: Environment, tmp_path: Path, arguments: list[str]
) -> None:
    installed.cascade(*arguments, cwd=tmp_path)  # the first call compiles the modules
    began = time.perf_counter()
    done = installed.cascade(*arguments, cwd=tmp_path)
    seconds = time.perf_counter() - began

    assert done.returncode == 0
    assert done.stdout.startswith("Usage: cascade")
    assert seconds < 1


def test_doctor__nothing_set_up__names_what_is_missing_and_what_helps(installed: Environment, tmp_path: Path) -> None:
    done = installed.cascade("doctor", cwd=tmp_path, path="")

    lines = {line.split()[1]: line for line in done.stdout.splitlines()}
    assert done.returncode == 1
    assert done.stderr == "error: missing: anvil; the lines above say what helps\n"
    assert lines["anvil"].startswith("missing")
    assert lines["anvil"].endswith("run `cascade setup`")
    assert lines["solc"].startswith("optional")
    assert "run `cascade setup`" in lines["solc"]
    assert lines["OpenZeppelin"].startswith("optional")
    assert lines["contracts"].startswith("ok")
    assert lines["scenarios"].startswith("ok")
    assert not (tmp_path / "runs").exists()


def test_replay__without_anvil__is_one_line_with_the_command_that_helps(installed: Environment, tmp_path: Path) -> None:
    done = installed.cascade("replay", "frictionless-loop", cwd=tmp_path, path="")

    assert done.returncode == 2
    assert done.stderr.splitlines()[-1].startswith("error: anvil: not installed for ")
    assert done.stderr.endswith(": run `cascade setup`\n")
    assert list(tmp_path.iterdir()) == []


def test_anvil__in_the_cache__needs_no_path(installed: Environment, tmp_path: Path) -> None:
    package = anvil_binary().parents[1]
    folder = installed.home / "cache" / "cascade-replay" / "node_modules" / "@foundry-rs"
    folder.mkdir(parents=True)
    (folder / package.name).symlink_to(package)
    try:
        done = installed.cascade("doctor", cwd=tmp_path, path="")
    finally:
        (folder / package.name).unlink()

    assert done.returncode == 0
    assert f"{folder / package.name}" in done.stdout


def test_run__of_a_shipped_scenario__is_the_same_as_in_the_checkout(installed: Environment, tmp_path: Path) -> None:
    done = installed.cascade("replay", "frictionless-loop", "--out", "here", cwd=tmp_path)
    expected = replay(load_scenario("frictionless-loop"), out=tmp_path / "checkout", report=False)

    assert done.returncode == 0, done.stderr
    (folder,) = (tmp_path / "here").iterdir()
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    # The id has the hashes of all contracts in it.
    assert folder.name == expected.manifest.run_id
    assert manifest["contracts"] == expected.manifest.contracts
    assert manifest["tables"] == expected.manifest.tables
    assert manifest["scenario_file"] == expected.manifest.scenario_file == "frictionless-loop"
    assert manifest["tools"] == expected.manifest.tools


def test_project__written_by_init__replays_through_both_commands_and_passes_its_tests(
    installed: Environment, tmp_path: Path
) -> None:
    project = tmp_path / "project"

    init = installed.cascade("init", "project", cwd=tmp_path)
    doctor = installed.cascade("doctor", cwd=project)
    console = installed.cascade("replay", "scenarios/my-crash.yaml", cwd=project)
    script = installed.run(*APE, "run", "replay", "scenarios/my-crash.yaml", "--out", "b", cwd=project)
    tests = installed.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=project)

    assert init.returncode == 0, init.stderr
    assert doctor.returncode == 0, doctor.stdout
    assert console.returncode == 0, console.stderr
    assert script.returncode == 0, script.stderr
    assert tests.returncode == 0, tests.stdout
    assert "1 passed" in tests.stdout
    (run,), (again,) = (project / "runs").iterdir(), (project / "b").iterdir()
    assert run.name == again.name
    assert run.name.startswith("my-crash-1-")
    manifest = json.loads((run / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["scenario_file"] == "scenarios/my-crash.yaml"
    assert manifest["agents"]["seller"]["agent"] == "agents/panic_seller.py:PanicSeller"


def test_init__folder_with_a_file_in_it__is_refused_and_left_alone(installed: Environment, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")

    done = installed.cascade("init", ".", cwd=tmp_path)

    assert done.returncode == 2
    assert done.stderr == "error: .: is not empty: expected a folder that is new or empty\n"
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]
