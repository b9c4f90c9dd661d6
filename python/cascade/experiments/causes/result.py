"""The causes of a fall, as further runs of the same seed show them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from cascade.analysis.prices.fall import Fall
from cascade.experiments.causes.amplification import Amplification
from cascade.experiments.causes.shapley import Coalition
from cascade.run.opened import Run

__all__ = ["Causes", "CoalitionRun"]


@dataclass(frozen=True)
class CoalitionRun:
    """A run in which only some classes of actor are active.

    Attributes
    ----------
    active : frozenset of str
        The active classes.
    run_id : str
        Id of the run.
    fall : Fall
        Fall of the market.
    liquidations : int
        Number of liquidations by the pool.
    """

    active: Coalition
    run_id: str
    fall: Fall
    liquidations: int


@dataclass(frozen=True)
class Causes:
    """The causes of a run's fall.

    Attributes
    ----------
    run : Run
        The run in which every class is active.
    market : Fall
        Fall of its main collateral's market.
    players : dict of str to tuple of str
        The classes of actor that were switched off, each with its entries of `agents`.
    amplification : Amplification, optional
        None where no keeper acts.
    runs : tuple of CoalitionRun
        Every run that was made; the first has every class active.
    values_e8 : dict of str to Fraction, optional
        Exact Shapley value per class, in dollars with 8 decimals; None where they were not asked for.
    """

    run: Run
    market: Fall
    players: dict[str, tuple[str, ...]]
    amplification: Amplification | None
    runs: tuple[CoalitionRun, ...]
    values_e8: dict[str, Fraction] | None
