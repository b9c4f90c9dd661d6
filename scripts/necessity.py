"""`ape run necessity`: the command `cascade necessity`, where ape looks for it."""

from __future__ import annotations

from cascade.commands.console.necessity import cli

__all__ = ["cli"]
