"""`ape run node`: the command `cascade node`, where ape looks for it."""

from __future__ import annotations

from cascade.commands.console.node import cli

__all__ = ["cli"]
