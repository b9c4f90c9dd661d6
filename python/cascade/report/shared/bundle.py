"""The chart library as one script, which takes seconds to bundle: made once per user and version, and kept."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

import vl_convert

from cascade.toolchain.paths import cache_folder

__all__ = ["chart_library"]


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
