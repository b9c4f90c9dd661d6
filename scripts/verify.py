"""`ape run verify`: the command `cascade verify`, where ape looks for it."""

from __future__ import annotations

from cascade.commands.console.verify import cli

__all__ = ["cli"]
