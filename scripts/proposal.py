"""`ape run proposal`: the command `cascade proposal`, where ape looks for it."""

from __future__ import annotations

from cascade.commands.console.proposal import cli

__all__ = ["cli"]
