"""`ape run accounts`: the command `cascade accounts`, where ape looks for it."""

from __future__ import annotations

from cascade.commands.console.accounts import cli

__all__ = ["cli"]
