"""`ape run sweep`: the command `cascade sweep`, where ape looks for it."""

from __future__ import annotations

from cascade.commands.console.sweep import cli

__all__ = ["cli"]
