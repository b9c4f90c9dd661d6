"""`ape run listing`: the command `cascade listing`, where ape looks for it."""

from __future__ import annotations

from cascade.commands.console.listing import cli

__all__ = ["cli"]
