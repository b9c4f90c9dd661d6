"""`ape run compare`: the command `cascade compare`, where ape looks for it."""

from __future__ import annotations

from cascade.commands.console.compare import cli

__all__ = ["cli"]
