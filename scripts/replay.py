"""`ape run replay`: the command `cascade replay`, where ape looks for it."""

from __future__ import annotations

from cascade.commands.console.replay import cli

__all__ = ["cli"]
