"""The result of an examination of endogeneity: the figures of every run, and the criteria they are held against."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

from cascade.experiments.endogeneity.intervals import Quantile, quantile
from cascade.scenario.load import Scenario

__all__ = [
    "LEAST_WITHOUT_LEVERAGE",
    "LEAST_WITHOUT_LIQUIDATIONS",
    "Criterion",
    "Endogeneity",
    "RunFigures",
    "Trial",
]

LEAST_WITHOUT_LEVERAGE = 0.99
"""Share of its starting price that the market must keep at its trough when no position is leveraged."""

LEAST_WITHOUT_LIQUIDATIONS = 0.85
"""Share of its starting price that the market must keep at its trough when no keeper acts."""

_SHARES_PCT = (50, 95, 99)


@dataclass(frozen=True)
class RunFigures:
    """The figures of one run.

    Attributes
    ----------
    changes : tuple of str
        Changes of the scenario, as `PATH=VALUE`.
    run_id, tables_sha256 : str
        Id of the run, and hash over the content of its tables.
    seed : int
        Seed of the run.
    met : bool
        Whether it ended as the scenario expects.
    start_usd, trough_usd : float
        Price of the main collateral's market when the crash began, and its lowest price.
    liquidations : int
        Number of liquidations by the pool.
    deficit_usd : float
        Debt that the pool wrote off.
    shortfall_oracle_usd, shortfall_exit_usd : float, optional
        Shortfall at the trough with collateral at the oracle's price and at the exit price; None where a position has
        no such price.
    """

    changes: tuple[str, ...]
    run_id: str
    tables_sha256: str
    seed: int
    met: bool
    start_usd: float
    trough_usd: float
    liquidations: int
    deficit_usd: float
    shortfall_oracle_usd: float | None
    shortfall_exit_usd: float | None

    @property
    def kept(self) -> float:
        """Share of its starting price that the market kept at its trough."""
        return self.trough_usd / self.start_usd

    @property
    def fall_usd(self) -> float:
        """Fall of the market's price from the start to the trough."""
        return self.start_usd - self.trough_usd


_SEED_FIGURES: dict[str, Callable[[RunFigures], float | None]] = {
    "fall_usd": lambda run: run.fall_usd,
    "deficit_usd": lambda run: run.deficit_usd,
    "shortfall_oracle_usd": lambda run: run.shortfall_oracle_usd,
    "shortfall_exit_usd": lambda run: run.shortfall_exit_usd,
}
"""Figures whose distribution over the seeds is reported, by their key in `endogeneity.json`."""


@dataclass(frozen=True)
class Criterion:
    """A condition of an endogenous crash, its outcome in words, and whether it is met."""

    claim: str
    outcome: str
    met: bool


@dataclass(frozen=True)
class Trial:
    """A run with another value of one parameter.

    Attributes
    ----------
    path : str
        Dotted path of the parameter.
    value : object
        The value in place of the scenario's own, as YAML has it.
    figures : RunFigures
        The figures of that run.
    """

    path: str
    value: object
    figures: RunFigures


@dataclass(frozen=True)
class Endogeneity:
    """Everything that an examination found.

    Attributes
    ----------
    scenario : Scenario
        The scenario examined.
    market : str
        Asset and source whose trough is measured.
    seeds : tuple of RunFigures
        One run per seed; the first has the scenario's own seed and is the baseline of the sensitivities.
    without_leverage : RunFigures
        The run in which no position is leveraged.
    without_liquidations : RunFigures, optional
        The run in which no keeper acts; None where the scenario has no keeper.
    trials : tuple of Trial
        One value of one parameter each.
    """

    scenario: Scenario
    market: str
    seeds: tuple[RunFigures, ...]
    without_leverage: RunFigures
    without_liquidations: RunFigures | None
    trials: tuple[Trial, ...]

    @property
    def baseline(self) -> RunFigures:
        """The figures of the scenario as it is."""
        return self.seeds[0]

    @property
    def criteria(self) -> list[Criterion]:
        """The conditions that an endogenous crash must meet."""
        met = sum(run.met for run in self.seeds)
        found = [
            Criterion("every seed ends as expected", f"{met} of {len(self.seeds)}", met == len(self.seeds)),
            _keeps("without leverage", self.without_leverage, LEAST_WITHOUT_LEVERAGE),
        ]
        # Without a keeper there is nothing to switch off, and the criterion would say nothing.
        if self.without_liquidations is not None:
            found.append(_keeps("without liquidations", self.without_liquidations, LEAST_WITHOUT_LIQUIDATIONS))
        return found

    def quantiles(self, figure: str) -> list[Quantile]:
        """Return the median, the 95 % and the 99 % quantile of a figure over the seeds, with 95 % intervals.

        Parameters
        ----------
        figure : str
            `fall_usd`, `deficit_usd`, `shortfall_oracle_usd` or `shortfall_exit_usd`.

        Returns
        -------
        list of Quantile
            Empty where a run lacks the figure: quantiles of the other runs alone would be biased.
        """
        values = [_SEED_FIGURES[figure](run) for run in self.seeds]
        known = [value for value in values if value is not None]
        return [quantile(known, share) for share in _SHARES_PCT] if len(known) == len(values) else []

    def to_json(self) -> str:
        """Return the text of `endogeneity.json`."""
        content = {
            "scenario": self.scenario.file,
            "market": self.market,
            "criteria": [asdict(criterion) for criterion in self.criteria],
            "seeds": [asdict(run) for run in self.seeds],
            "quantiles": {figure: [asdict(one) for one in self.quantiles(figure)] for figure in _SEED_FIGURES},
            "intervals": "order statistics by the binomial distribution, 95 % confidence; null: too few seeds",
            "without_leverage": asdict(self.without_leverage),
            "without_liquidations": None if self.without_liquidations is None else asdict(self.without_liquidations),
            "sensitivity": [asdict(trial) for trial in self.trials],
        }
        # Values of trials come from YAML, which has types that JSON lacks, such as dates.
        return json.dumps(content, indent=2, ensure_ascii=False, default=str) + "\n"


def _keeps(condition: str, run: RunFigures, least: float) -> Criterion:
    return Criterion(f"{condition} the market keeps {least:.2f}", f"{run.kept:.4f}", run.kept >= least)
