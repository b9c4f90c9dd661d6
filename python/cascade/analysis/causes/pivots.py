"""Find the point that took a health factor under one, and the move that was its main cause.

For a position with one collateral and one debt, the health factor between two own changes is proportional to the ratio
R of both oracle prices. The factor recorded right before a liquidation therefore gives it at every earlier point: HF(k)
= HF x R(k) / R. Interest grows the debt meanwhile; its effect shows as a factor that was under one at every such point,
or as the share of `time` among the weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt

from cascade.analysis.causes.signals import ROUNDING, Piece, Signal
from cascade.units import WAD

__all__ = ["Blame", "HealthPiece", "Pair"]

_NEAR = 1e-12


@dataclass(frozen=True)
class HealthPiece:
    """Part of a change of a health factor: `factor` times the piece, in 1e-18."""

    piece: Piece
    factor: Fraction


@dataclass(frozen=True)
class Blame:
    """The entry that lowered a health factor most.

    Attributes
    ----------
    event : int
        Its move; -1 for none.
    label : int
        Whose it is, as in `Piece`.
    """

    event: int
    label: int


class Pair:
    """Health factors of positions in one pair of assets, from the oracle's two prices.

    Parameters
    ----------
    collateral, debt : Signal
        Prices over the points.
    """

    def __init__(self, collateral: Signal, debt: Signal) -> None:
        self.collateral, self.debt = collateral, debt
        self._blamed: dict[int, Blame | None] = {}

    @cached_property
    def _ratio(self) -> npt.NDArray[np.float64]:
        ratio: npt.NDArray[np.float64] = self.collateral.answers / np.maximum(self.debt.answers, 1)
        return ratio

    def health_at(self, point: int, *, end: int, health_wad: int) -> Fraction:
        """Return the health factor (1e18 scale) at a point, of a position with `health_wad` at a later one, `end`."""
        collateral, debt = self.collateral.answers, self.debt.answers
        return Fraction(
            health_wad * int(collateral[point]) * int(debt[end]), int(collateral[end]) * max(1, int(debt[point]))
        )

    def healthy(self, *, start: int, end: int, health_wad: int) -> tuple[int, int] | None:
        """Return the first and last point of a range with a health factor of at least one; None where there is none."""
        # Floats find them, integers decide the ones that are near the line.
        line = float(self._ratio[end]) * WAD / max(1, health_wad)
        near = (np.flatnonzero(self._ratio[start : end + 1] >= line * (1 - _NEAR)) + start).tolist()

        def met(point: int) -> bool:
            return self.health_at(point, end=end, health_wad=health_wad) >= WAD

        last = next((point for point in reversed(near) if met(point)), None)
        if last is None:
            return None
        return next(point for point in near if met(point)), last

    def blame(self, healthy: int) -> Blame | None:
        """Return the entry that lowered the health factor most in the step from a point to the next one.

        For a spot price or a posted path the step is one move. For a price that answers late or averages, the step
        contains every move that it showed for the first time or weighed more: the entry with the largest weighted
        effect is returned, and of equals the later one. None where only divisions rounded.
        """
        if healthy not in self._blamed:
            self._blamed[healthy] = self._blame(healthy)
        return self._blamed[healthy]

    def _blame(self, healthy: int) -> Blame | None:
        worst, blamed = Fraction(0), None
        for part in self.change(healthy, healthy + 1, health_wad=WAD):
            signed = part.piece.amount * (1 if part.factor > 0 else -1)
            signed[part.piece.label == ROUNDING] = 0
            at = len(signed) - 1 - int(np.argmin(signed[::-1]))
            fall = abs(part.factor) * Fraction(int(signed[at]), part.piece.over)
            if fall < worst:
                worst, blamed = fall, Blame(int(part.piece.event[at]), int(part.piece.label[at]))
        return blamed

    def change(self, start: int, end: int, *, health_wad: int) -> list[HealthPiece]:
        """Return the effect of prices on a health factor between two points; it is `health_wad` at the later one.

        A move of the collateral's price counts at the debt's price of the end, and a move of the debt's price at the
        collateral's price of the start, so that both together are the whole change.
        """
        collateral, debt = self.collateral.answers, self.debt.answers
        collateral_start, collateral_end = int(collateral[start]), max(1, int(collateral[end]))
        found = [
            HealthPiece(piece, Fraction(health_wad, collateral_end)) for piece in self.collateral.pieces(start, end)
        ]
        if self.debt is not self.collateral:
            factor = -Fraction(health_wad * collateral_start, collateral_end * max(1, int(debt[start])))
            found += [HealthPiece(piece, factor) for piece in self.debt.pieces(start, end)]
        return found
