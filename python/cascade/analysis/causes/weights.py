"""Compute the weights of the graph's edges: the share of each source in the health factor that a position lost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from cascade.analysis.causes.moves import Ints
from cascade.analysis.causes.pivots import HealthPiece
from cascade.analysis.causes.signals import MOVE, PSEUDO_CLASSES

__all__ = ["TIME", "Lineage", "Shares"]

TIME = "time"
"""Source of the part that prices do not explain: interest since the start, and roundings of the health factor."""


@dataclass(frozen=True)
class Shares:
    """Shares of a fall of the health factor, which sum to exactly 1; a source that raised it has a negative one.

    Attributes
    ----------
    liquidations : dict
        By liquidation, of those with a share of the floor or more, and of the pivot's.
    groups : dict
        Everything else, by generation and class.
    """

    liquidations: dict[int, Fraction]
    groups: dict[tuple[int, str], Fraction]

    @classmethod
    def all_time(cls) -> Shares:
        """Return the shares of a fall that no price caused."""
        return cls({}, {(0, TIME): Fraction(1)})


class Lineage:
    """Generation of each move, filled in log order, and the liquidation whose seized collateral the move sold.

    Parameters
    ----------
    classes : sequence of str
        Class of each move.
    liquidations : int
        How many liquidations there are.
    """

    def __init__(self, classes: Sequence[str], liquidations: int) -> None:
        # One element more than there are moves: a change that is no move has the number -1, which a run without any
        # move could not look up otherwise.
        self.generation: Ints = np.zeros(len(classes) + 1, dtype=np.int64)
        self.owner: Ints = np.full(len(classes) + 1, -1, dtype=np.int64)
        self._liquidations = liquidations
        # Numbered once: the sums below are over arrays of numbers, and a run has tens of thousands of moves.
        self._names = sorted({*classes, *PSEUDO_CLASSES.values()})
        code = {name: number for number, name in enumerate(self._names)}
        self._codes: Ints = np.array([*(code[name] for name in classes), 0], dtype=np.int64)
        self._pseudo: Ints = np.array(
            [-1 if label == MOVE else code[PSEUDO_CLASSES[label]] for label in range(len(PSEUDO_CLASSES) + 1)],
            dtype=np.int64,
        )
        self._highest = 0

    def inherit(self, event: int, *, generation: int, owner: int) -> None:
        """Record that a move is the sale of seized collateral."""
        self.generation[event], self.owner[event] = generation, owner
        self._highest = max(self._highest, generation)

    def shares(self, parts: Sequence[HealthPiece], *, lost_wad: Fraction, floor: Fraction, pivot: int = -1) -> Shares:
        """Split a fall of the health factor by source.

        Parameters
        ----------
        parts : sequence of HealthPiece
            What prices did meanwhile.
        lost_wad : Fraction
            The fall, positive; what the parts leave of it is `time`.
        floor : Fraction
            Least share at which a liquidation is named.
        pivot : int
            The liquidation whose sale was the pivot, named whatever its share; -1 for none.
        """
        scales = [-part.factor / (lost_wad * part.piece.over) for part in parts]
        owned = [
            (sums, scale) for part, scale in zip(parts, scales, strict=True) if (sums := self._owned(part)) is not None
        ]
        named = self._named(owned, floor, pivot)
        is_named = np.zeros(self._liquidations + 1, dtype=np.bool_)
        is_named[list(named)] = True
        groups: defaultdict[tuple[int, str], Fraction] = defaultdict(Fraction)
        for part, scale in zip(parts, scales, strict=True):
            for key, amount in self._grouped(part, is_named):
                groups[key] += scale * amount
        # The rest, so that the shares of each liquidation sum to one exactly.
        groups[0, TIME] += 1 - sum(named.values(), Fraction(0)) - sum(groups.values(), Fraction(0))
        return Shares(named, {key: share for key, share in sorted(groups.items()) if share})

    def _grouped(self, part: HealthPiece, is_named: npt.NDArray[np.bool_]) -> list[tuple[tuple[int, str], int]]:
        piece = part.piece
        moved = piece.label == MOVE
        codes = np.where(moved, self._codes[piece.event], self._pseudo[piece.label])
        keys = np.where(moved, self.generation[piece.event], 0) * len(self._names) + codes
        rest = ~(moved & is_named[self.owner[piece.event]])
        sums = np.zeros((self._highest + 1) * len(self._names), dtype=piece.amount.dtype)
        np.add.at(sums, keys[rest], piece.amount[rest])
        return [
            ((key // len(self._names), self._names[key % len(self._names)]), int(sums[key]))
            for key in np.flatnonzero(sums).tolist()
        ]

    def _owned(self, part: HealthPiece) -> npt.NDArray[Any] | None:
        piece = part.piece
        owners = np.where(piece.label == MOVE, self.owner[piece.event], -1)
        kept = owners >= 0
        if not kept.any():
            return None
        sums = np.zeros(self._liquidations, dtype=piece.amount.dtype)
        np.add.at(sums, owners[kept], piece.amount[kept])
        return sums

    def _named(
        self, owned: Sequence[tuple[npt.NDArray[Any], Fraction]], floor: Fraction, pivot: int
    ) -> dict[int, Fraction]:
        if not owned:
            return {}
        rough = np.zeros(self._liquidations, dtype=np.float64)
        for sums, scale in owned:
            rough += sums.astype(np.float64) * float(scale)
        chosen = rough >= float(floor) * (1 - 1e-9)
        if pivot >= 0:
            chosen[pivot] = True
        named = {}
        for liquidation in np.flatnonzero(chosen).tolist():
            share = sum((scale * int(sums[liquidation]) for sums, scale in owned), Fraction(0))
            if share >= floor or (liquidation == pivot and share):
                named[liquidation] = share
        return named
