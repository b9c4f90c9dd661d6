"""`ape run endogeneity`: the command `cascade endogeneity`, where ape looks for it."""

from __future__ import annotations

from cascade.commands.console.endogeneity import cli

__all__ = ["cli"]
