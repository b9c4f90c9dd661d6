"""`ape run frontier`: the command `cascade frontier`, where ape looks for it."""

from __future__ import annotations

from cascade.commands.console.frontier import cli

__all__ = ["cli"]
