"""Order all events that moved a price, and define the points between them at which prices are read."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from cascade.analysis.frames import Frames
from cascade.recording.store import rows_of
from cascade.recording.tables import PriceMoveRow
from cascade.vocabulary import FORCED_SALES, MoveKind

__all__ = ["Ints", "Moves"]

Ints = npt.NDArray[np.int64]

_LOGS_A_BLOCK = 2**32

_OF_RESTING = (MoveKind.LIQUIDITY, MoveKind.QUOTE, MoveKind.CANCEL)
"""Kinds of moves that are no trades: liquidity and orders that were placed or removed."""


@dataclass(frozen=True)
class Moves:
    """The price moves of a run as columns, and its points.

    A point is a moment in log order: one before everything, one at the start of each block, before its first event, and
    one right after each move. A price that depends on time changes at the start of a block; every other price changes
    right after a move.

    Attributes
    ----------
    frames : Frames
        The run.
    """

    frames: Frames

    @cached_property
    def frame(self) -> pd.DataFrame:
        """Rows of `price_moves` in log order, numbered from 0."""
        return self.frames.price_moves.sort_values(["block_number", "log_index"], kind="stable", ignore_index=True)

    def __len__(self) -> int:
        return len(self.frame)

    @cached_property
    def records(self) -> list[PriceMoveRow]:
        """Rows of `price_moves` in log order, typed."""
        return rows_of(self.frame, PriceMoveRow)

    @cached_property
    def classes(self) -> list[str]:
        """Class of actor of each move.

        This is the role of the sender. It is `liquidity:ROLE` where liquidity was added or removed; `exogenous` for a
        post that follows the price path, which is an input; `oracle` for any other post. In a book it is the role of
        the taker, `forced:ROLE` where an engine sold the taker's assets, and `quote:ROLE` or `cancel:ROLE` for orders
        placed or removed.
        """
        classes: list[str] = []
        for row in self.records:
            if row.kind == MoveKind.POST:
                classes.append("oracle" if self.market_posted(row.asset) else "exogenous")
            elif row.kind in _OF_RESTING:
                classes.append(f"{row.kind}:{row.role}")
            elif row.kind == MoveKind.TRADE and row.intent in FORCED_SALES:
                classes.append(f"forced:{row.role}")
            else:
                classes.append(row.role)
        return classes

    def market_posted(self, asset: str) -> str | None:
        """Return the venue whose price an agent posts to an asset's feed; None where posts follow the path."""
        agents = self.frames.parameters.get("agents", {}).values()
        found = (agent for agent in agents if agent["kind"] == "market-poster" and agent["asset"] == asset)
        return next((str(agent["venue"]) for agent in found), None)

    @cached_property
    def _keys(self) -> Ints:
        # Ties go to the start of the block: log -1 stands for it. The first point is before everything.
        frame = self.frame
        events = frame["block_number"].to_numpy(dtype=np.int64) * _LOGS_A_BLOCK + frame["log_index"].to_numpy() + 1
        starts = np.array(sorted(set(self.frames.blocks["block_number"].tolist())), dtype=np.int64) * _LOGS_A_BLOCK
        return np.sort(np.concatenate([np.array([-1], dtype=np.int64), starts, events]))

    @cached_property
    def points(self) -> int:
        """Number of points."""
        return len(self._keys)

    @cached_property
    def block(self) -> Ints:
        """Block of each point; that of the first is -1."""
        return self._keys // _LOGS_A_BLOCK

    @cached_property
    def event(self) -> Ints:
        """Number of the move right before each point; -1 at the start of a block and before everything."""
        events = np.full(self.points, -1, dtype=np.int64)
        events[(self._keys >= 0) & (self._keys % _LOGS_A_BLOCK != 0)] = np.arange(len(self.frame))
        return events

    @cached_property
    def point_of(self) -> Ints:
        """Point right after each move."""
        return np.flatnonzero(self.event >= 0).astype(np.int64)

    @cached_property
    def time(self) -> Ints:
        """Unix time of each point's block; the first point has the first block's."""
        known = self.frames.timestamps
        first = min(known.values(), default=0)
        return np.array([known.get(block, first) for block in self.block.tolist()], dtype=np.int64)

    def before_log(self, block_number: int, log_index: int) -> int:
        """Return the last point before an event of any kind."""
        return int(np.searchsorted(self._keys, block_number * _LOGS_A_BLOCK + log_index + 1, side="left")) - 1

    def start_of(self, block_number: int) -> int:
        """Return the point at the start of a block, before its first event."""
        return int(np.searchsorted(self._keys, block_number * _LOGS_A_BLOCK, side="right")) - 1

    def end_of(self, block_number: int) -> int:
        """Return the last point of a block."""
        return int(np.searchsorted(self._keys, (block_number + 1) * _LOGS_A_BLOCK, side="left")) - 1
