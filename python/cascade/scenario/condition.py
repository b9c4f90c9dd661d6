"""The form of a condition: a figure, a sign and a number, as `index:USDE-USDT < 0.9`. It is never evaluated as code."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

__all__ = ["Comparison", "parse_comparison"]

_SIGNS: Mapping[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
}
_FORM = re.compile(r"\s*([\w.:\-]+)\s*(>=|<=|==|>|<)\s*([-+]?[0-9][0-9_]*(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)\s*")


@dataclass(frozen=True)
class Comparison:
    """A figure, a sign and a number.

    Attributes
    ----------
    figure, sign : str
        Name of the figure, and `>`, `>=`, `<`, `<=` or `==`.
    value : Decimal
        The number that it is compared with, exactly as written.
    """

    figure: str
    sign: str
    value: Decimal

    def holds_for(self, figure: float | Decimal) -> bool:
        """Return whether a value of the figure meets it."""
        # A float is compared with the float nearest to what was written: 0.1 is not below 0.1.
        return _SIGNS[self.sign](figure, float(self.value) if isinstance(figure, float) else self.value)


def parse_comparison(text: str) -> Comparison:
    """Return the comparison that a text states.

    Raises
    ------
    ValueError
        When it has another form.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError("expected FIGURE, one of > >= < <= ==, and a number")
    figure, sign, value = match.groups()
    return Comparison(figure, sign, Decimal(value.replace("_", "")))
