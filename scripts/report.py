"""`ape run report`: the command `cascade report`, where ape looks for it."""

from __future__ import annotations

from cascade.commands.console.report import cli

__all__ = ["cli"]
