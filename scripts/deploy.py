"""`ape run deploy`: the command `cascade deploy`, where ape looks for it."""

from __future__ import annotations

from cascade.commands.console.deploy import cli

__all__ = ["cli"]
