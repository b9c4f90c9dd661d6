"""`ape run prices`: the command `cascade prices`, where ape looks for it."""

from __future__ import annotations

from cascade.commands.console.prices import cli

__all__ = ["cli"]
