"""What every test shares: options, and the pinned anvil on the path for `ape test`, whose plugin looks for it there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cascade.toolchain.paths import anvil_binary

os.environ["PATH"] = f"{anvil_binary().parent}{os.pathsep}{os.environ['PATH']}"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--aave-vectors", type=Path, default=None, help="file of exact cases of Aave V3.6 (JSON lines)")
    parser.addoption("--fuzz-size", choices=["small", "large"], default="small", help="how long property tests run")
