"""`ape run tail`: the command `cascade tail`, where ape looks for it."""

from __future__ import annotations

from cascade.commands.console.tail import cli

__all__ = ["cli"]
