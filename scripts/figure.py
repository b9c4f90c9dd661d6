"""`ape run figure`: the command `cascade figure`, where ape looks for it."""

from __future__ import annotations

from cascade.commands.console.figure import cli

__all__ = ["cli"]
