"""The chart libraries as scripts: Vega, bundled once per user and version, and uPlot, as npm has installed it."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

import vl_convert

from cascade.errors import ToolMissing
from cascade.toolchain.paths import cache_folder, node_modules, setup_command, shipped

__all__ = ["chart_library", "plot_library"]

_PLOT_FILES = ("uPlot.iife.min.js", "uPlot.min.css")


@cache
def chart_library(snippet: str) -> str:
    """Return the chart library with a snippet of our own that uses it, as one script.

    It is read from the user's cache where an earlier page has left it there. A cache that cannot be read or written is
    no error: the script is bundled again then.

    Parameters
    ----------
    snippet : str
        JavaScript that imports what it needs of the library.
    """
    digest = hashlib.sha256(snippet.encode()).hexdigest()[:16]
    file = cache_folder() / "charts" / f"vega-{version('vl-convert-python')}-{digest}.js"
    kept = _read(file)
    if kept is not None:
        return kept
    bundle: str = vl_convert.javascript_bundle(snippet)
    _keep(file, bundle)
    return bundle


@cache
def plot_library() -> tuple[str, str]:
    """Return the script and the style sheet of uPlot, which draws the lines of the player.

    They are those that `package.json` pins, as npm has installed them, or those that the installed package brings.

    Raises
    ------
    ToolMissing
        When neither is there; the message says what installs it.
    """
    places = [folder / "uplot" / "dist" for folder in node_modules()]
    for folder in (*places, shipped() / "uplot"):
        files = [folder / name for name in _PLOT_FILES]
        if all(file.is_file() for file in files):
            script, style = (file.read_text(encoding="utf-8") for file in files)
            return script, style
    raise ToolMissing(f"uPlot, which draws the player of a page: not installed: run {setup_command()}")


def _read(file: Path) -> str | None:
    """Return a script that was kept whole; None for one that is missing, cut off or changed."""
    try:
        with file.open(encoding="utf-8", newline="") as kept:
            digest, _, script = kept.read().partition("\n")
    except (OSError, UnicodeDecodeError):
        return None
    return script if digest == _digest(script) else None


def _keep(file: Path, script: str) -> None:
    # Under a name of its own until it is whole: two processes may write at the same time.
    partial = file.with_name(f".{file.name}-{os.getpid()}")
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            # Newlines stay as they are: the page's policy names the hash of the script.
            partial.write_text(f"{_digest(script)}\n{script}", encoding="utf-8", newline="")
            partial.replace(file)
        finally:
            partial.unlink(missing_ok=True)


def _digest(script: str) -> str:
    return hashlib.sha256(script.encode()).hexdigest()
