"""A condition on a figure of the summary: `deficit_usd > 0`. It is parsed, and never evaluated as code."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.analysis.summary import Summary
from cascade.errors import CascadeError
from cascade.experiments.seeds.figures import figure_at, require_figure
from cascade.scenario.condition import Comparison, parse_comparison

__all__ = ["Condition", "InvalidCondition", "parse_condition"]


class InvalidCondition(CascadeError, ValueError):
    """Raised when a text is no condition, or is about no figure."""


@dataclass(frozen=True)
class Condition:
    """A figure of the summary, a sign and a number.

    Attributes
    ----------
    comparison : Comparison
        Its three parts; the figure is a dotted path of the summary.
    """

    comparison: Comparison

    @property
    def figure(self) -> str:
        """Dotted path of the figure."""
        return self.comparison.figure

    @property
    def sign(self) -> str:
        """`>`, `>=`, `<`, `<=` or `==`."""
        return self.comparison.sign

    @property
    def value(self) -> float:
        """The number that the figure is compared with."""
        return float(self.comparison.value)

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
        return self.comparison.holds_for(float(figure))


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
    try:
        comparison = parse_comparison(text)
        require_figure(comparison.figure)
    except (ValueError, CascadeError) as error:
        raise InvalidCondition(f"{option} = {text!r}: {error}") from error
    return Condition(comparison)
