"""A condition on a figure of the summary: `deficit_usd > 0`. It is parsed, and never evaluated as code."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cascade.analysis.summary import Summary
from cascade.errors import CascadeError
from cascade.experiments.seeds.figures import figure_at, require_figure

__all__ = ["Condition", "InvalidCondition", "parse_condition"]

_SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
}
_FORM = re.compile(r"\s*([\w.:\-]+)\s*(>=|<=|==|>|<)\s*([-+]?[0-9][0-9_]*(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)\s*")


class InvalidCondition(CascadeError, ValueError):
    """Raised when a text is no condition, or is about no figure."""


@dataclass(frozen=True)
class Condition:
    """A figure, a sign and a number.

    Attributes
    ----------
    figure, sign : str
        Dotted path of the figure, and `>`, `>=`, `<`, `<=` or `==`.
    value : float
        The number that it is compared with.
    """

    figure: str
    sign: str
    value: float

    def __str__(self) -> str:
        """Return the condition as it is written."""
        return f"{self.figure} {self.sign} {self.value:g}"

    def holds(self, summary: Summary) -> bool:
        """Return whether a run meets it.

        Raises
        ------
        CascadeError
            When the run does not have the figure: neither is known then.
        """
        found = figure_at(summary, self.figure)
        if found is None:
            raise CascadeError(f"{summary.run_id}: has no {self.figure}: it cannot be held against {self}")
        return self.holds_for(found)

    def holds_for(self, figure: float) -> bool:
        """Return whether a value of the figure meets it."""
        return _SIGNS[self.sign](figure, self.value)


def parse_condition(text: str, *, option: str = "--until") -> Condition:
    """Return the condition that a text states.

    Parameters
    ----------
    option : str
        The option that it was given to, for messages.

    Raises
    ------
    InvalidCondition
        When it has another form, or no summary has the figure.
    """
    match = _FORM.fullmatch(text)
    if match is None:
        raise InvalidCondition(f"{option} = {text!r}: expected FIGURE, one of > >= < <= ==, and a number")
    figure, sign, value = match.groups()
    try:
        require_figure(figure)
    except CascadeError as error:
        raise InvalidCondition(f"{option} = {text!r}: {error}") from error
    return Condition(figure, sign, float(value))
