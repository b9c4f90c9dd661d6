"""Find the point that took a health factor under one, and the move that was its main cause.

Between two own changes of a position its balances stay, and the health factor is proportional to a ratio R of oracle
prices: for one collateral and one debt that of the two; for an account with several, the collaterals' prices weighted
with amounts and thresholds over the debts' prices weighted with amounts. The factor recorded right before a liquidation
therefore gives it at every earlier point: HF(k) = HF x R(k) / R. Interest grows balances meanwhile; its effect shows as
a factor that was under one at every such point, or as the share of `time` among the weights.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
import numpy.typing as npt

from cascade.analysis.causes.signals import ROUNDING, Piece, Signal
from cascade.units import WAD

__all__ = ["Basket", "Blame", "HealthPath", "HealthPiece", "Pair", "Weighted"]

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


class HealthPath(ABC):
    """Health factors over the points, of positions that have the same composition."""

    def __init__(self) -> None:
        self._blamed: dict[int, Blame | None] = {}

    @property
    @abstractmethod
    def _ratio(self) -> npt.NDArray[np.float64]:
        """What the health factor is proportional to, at each point."""

    @abstractmethod
    def health_at(self, point: int, *, end: int, health_wad: int) -> Fraction:
        """Return the health factor (1e18 scale) at a point, of a position with `health_wad` at a later one, `end`."""

    @abstractmethod
    def change(self, start: int, end: int, *, health_wad: int) -> list[HealthPiece]:
        """Return the effect of prices on a health factor between two points; it is `health_wad` at the later one.

        A move of a collateral's price counts at the debts' prices of the end, and a move of a debt's price at the
        collaterals' prices of the start, so that all together are the whole change.
        """

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


class Pair(HealthPath):
    """Health factors of positions in one pair of assets, from the oracle's two prices.

    Parameters
    ----------
    collateral, debt : Signal
        Prices over the points.
    """

    def __init__(self, collateral: Signal, debt: Signal) -> None:
        super().__init__()
        self.collateral, self.debt = collateral, debt

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

    def change(self, start: int, end: int, *, health_wad: int) -> list[HealthPiece]:
        """Return the effect of prices on a health factor between two points; see `HealthPath`."""
        collateral, debt = self.collateral.answers, self.debt.answers
        collateral_start, collateral_end = int(collateral[start]), max(1, int(collateral[end]))
        found = [
            HealthPiece(piece, Fraction(health_wad, collateral_end)) for piece in self.collateral.pieces(start, end)
        ]
        if self.debt is not self.collateral:
            factor = -Fraction(health_wad * collateral_start, collateral_end * max(1, int(debt[start])))
            found += [HealthPiece(piece, factor) for piece in self.debt.pieces(start, end)]
        return found


@dataclass(frozen=True)
class Weighted:
    """A price, and the weight with which it counts: an exact integer."""

    price: Signal
    weight: int


class Basket(HealthPath):
    """Health factors of one account with several collaterals or debts, whose amounts stay.

    Parameters
    ----------
    secured : sequence of Weighted
        Collaterals, weighted with amount times liquidation threshold.
    owed : sequence of Weighted
        Debts, weighted with amount. Amounts of all assets are in one unit.
    """

    def __init__(self, secured: Sequence[Weighted], owed: Sequence[Weighted]) -> None:
        super().__init__()
        self._secured, self._owed = secured, owed

    @cached_property
    def _ratio(self) -> npt.NDArray[np.float64]:
        secured, owed = (
            np.sum([float(one.weight) * one.price.answers.astype(np.float64) for one in side], axis=0)
            for side in (self._secured, self._owed)
        )
        ratio: npt.NDArray[np.float64] = secured / np.where(owed > 0, owed, 1.0)
        return ratio

    def health_at(self, point: int, *, end: int, health_wad: int) -> Fraction:
        """Return the health factor (1e18 scale) at a point, of a position with `health_wad` at a later one, `end`."""
        numerator = health_wad * _sum_at(self._secured, point) * _sum_at(self._owed, end)
        return Fraction(numerator, max(1, _sum_at(self._secured, end)) * max(1, _sum_at(self._owed, point)))

    def change(self, start: int, end: int, *, health_wad: int) -> list[HealthPiece]:
        """Return the effect of prices on a health factor between two points; see `HealthPath`."""
        secured_start, secured_end = _sum_at(self._secured, start), max(1, _sum_at(self._secured, end))
        owed_start = max(1, _sum_at(self._owed, start))
        found = []
        for one in self._secured:
            factor = Fraction(health_wad * one.weight, secured_end)
            found += [HealthPiece(piece, factor) for piece in one.price.pieces(start, end)]
        for one in self._owed:
            factor = -Fraction(health_wad * secured_start * one.weight, secured_end * owed_start)
            found += [HealthPiece(piece, factor) for piece in one.price.pieces(start, end)]
        return found


def _sum_at(side: Sequence[Weighted], point: int) -> int:
    return sum(one.weight * int(one.price.answers[point]) for one in side)
