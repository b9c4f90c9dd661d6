"""The result of a comparison of oracle designs: one run per design."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.analysis.prices.fall import Fall
from cascade.experiments.causes.amplification import Amplification
from cascade.run.opened import Run
from cascade.scenario.load import Scenario
from cascade.vocabulary import PriceSource

__all__ = ["DesignRun", "OracleComparison"]


@dataclass(frozen=True)
class DesignRun:
    """The run of one design.

    Attributes
    ----------
    name : str
        Name of the design in the scenario.
    sources : str
        Its price sources, as one line of YAML.
    run : Run
        The run.
    market : Fall, optional
        Fall of the main collateral's market; None where no venue trades it.
    amplification : Amplification, optional
        None where it was not asked for, or where no keeper acts.
    """

    name: str
    sources: str
    run: Run
    market: Fall | None
    amplification: Amplification | None

    @property
    def oracle_trough_usd(self) -> float | None:
        """Lowest price of the main collateral that the pool saw; None where it has none."""
        trough = self.run.summary.trough_at
        if trough is None:
            return None
        return self.run.summary.trough.get(trough.asset, {}).get(PriceSource.ORACLE)


@dataclass(frozen=True)
class OracleComparison:
    """Every design of a scenario.

    Attributes
    ----------
    scenario : Scenario
        The scenario, with the keys that every design shares.
    recovery : tuple of str
        Those keys, as `PATH=VALUE`: the flow that brings the price back to par.
    designs : tuple of DesignRun
        One run per design.
    has_same_positions : bool
        Whether every run built the same loops, to the unit.
    """

    scenario: Scenario
    recovery: tuple[str, ...]
    designs: tuple[DesignRun, ...]
    has_same_positions: bool
