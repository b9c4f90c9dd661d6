"""`ape run inspect`: the command `cascade inspect`, where ape looks for it.

ape imports this file as `scripts.inspect`, so that it hides no module of the standard library.
"""

from __future__ import annotations

from cascade.commands.console.inspect import cli

__all__ = ["cli"]
