"""`ape run causes`: the command `cascade causes`, where ape looks for it."""

from __future__ import annotations

from cascade.commands.console.causes import cli

__all__ = ["cli"]
