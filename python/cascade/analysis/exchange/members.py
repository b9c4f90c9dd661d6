"""Look up the figures of each member of an agent entry: as the scenario states them, or as they were drawn."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from cascade.analysis.frames import Frames
from cascade.recording.tables import DrawnFigureRow
from cascade.scenario.accounts import numbered

__all__ = ["Members"]


class Members:
    """The figures of the members of one agent entry.

    Parameters
    ----------
    frames : Frames
        The run.
    entry : str
        Name of the entry.
    """

    def __init__(self, frames: Frames, entry: str) -> None:
        self._parameters: Mapping[str, Any] = frames.parameters["agents"][entry]
        self._drawn = {
            (row.account, row.key): Fraction(row.value) for row in frames.rows(DrawnFigureRow) if row.cohort == entry
        }
        self.accounts = numbered(entry, int(self._parameters.get("count", 1)))

    def figure(self, account: str, key: str, default: int = 0) -> Fraction:
        """Return a figure of one member.

        Parameters
        ----------
        account : str
            Account of the member.
        key : str
            Dotted path of the figure below the entry.
        default : int, optional
            Figure of an entry that does not state the key.
        """
        drawn = self._drawn.get((account, key))
        if drawn is not None:
            return drawn
        stated: Any = self._parameters
        for part in key.split("."):
            stated = stated.get(part)
            if stated is None:
                return Fraction(default)
        return Fraction(str(stated))
