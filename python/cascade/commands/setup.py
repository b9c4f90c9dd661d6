"""Install what pip does not: packages from npm, solc and the compiled contracts. Called by `make setup`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cascade.errors import CascadeError, ToolMissing
from cascade.toolchain.npm import install_packages, node_tools, run_tool
from cascade.toolchain.paths import FOUNDRY_VERSION, anvil_binary, foundry_packages, project_root
from cascade.toolchain.solc import install_solc


def main() -> int:
    """Install everything that is missing, or with the argument `aave-v3` the contracts of Aave.

    Returns
    -------
    int
        Exit code: 0 once everything is installed.
    """
    try:
        if sys.argv[1:] == ["aave-v3"]:
            _install_aave()
            return 0
        root = project_root()
        npm, node = node_tools(root)
        install_packages(root, npm)
        _install_platform_binaries(root, npm)
        install_solc(node_modules=root / "node_modules", node=node)
        _first_line_of(str(anvil_binary()), "--version")
        _compile()
    except CascadeError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


def _install_platform_binaries(root: Path, npm: str) -> None:
    # The lock file names the binaries of the platform that it was made on; other platforms take the same version.
    missing = [name for name in foundry_packages() if not (root / "node_modules" / name).is_dir()]
    if missing:
        wanted = [f"{name}@{FOUNDRY_VERSION}" for name in missing]
        options = ["--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        run_tool([npm, "install", *options, *wanted], "package.json", cwd=root)


def _install_aave() -> None:
    from cascade.chain.aave_artifacts import load_aave_artifacts
    from cascade.toolchain.aave import install_aave

    install_aave()
    load_aave_artifacts()


def _compile() -> None:
    from cascade.chain.artifacts import load_artifacts

    load_artifacts()


def _first_line_of(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise ToolMissing(f"{command[0]}: does not run on this machine ({error})") from error
    return done.stdout.splitlines()[0]


if __name__ == "__main__":
    sys.exit(main())
