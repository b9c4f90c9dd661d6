"""Two runs of one seed, baseline and change: what was changed, what came of it, and how far the facts differ.

The change is run on the baseline's positions: a change of the lending pool's lines is made by its configurator, in
front of the crash, under positions that stand. Only where the change asks for other positions are others built.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd

from cascade.analysis.frames import CRASH, Frames
from cascade.analysis.prices.fall import NoMarket
from cascade.errors import CascadeError
from cascade.experiments.causes.further_runs import Amplification, amplification_of, keepers_off
from cascade.experiments.runs import Job, run_all
from cascade.positions.plan import LTV_SCALE, PoolPledge, borrowing_lines_bps, plan_positions
from cascade.positions.standing import has_same_book, standing_positions
from cascade.recording.tables import TABLES
from cascade.run.opened import Run
from cascade.run.progress import Progress, quiet
from cascade.scenario.load import Scenario
from cascade.scenario.sources import initial_price_usd
from cascade.units import BPS, WAD

__all__ = [
    "AtOnce",
    "ColumnDifference",
    "Comparison",
    "Impossible",
    "NothingChanged",
    "Outcome",
    "ParameterChange",
    "RowMatch",
    "amplifications",
    "compare",
    "compare_finished",
    "impossible_positions",
]

IDENTITY = {
    "liquidations": ("step", "borrower", "collateral_asset", "debt_asset", "round"),
    "positions": ("phase", "step", "event", "borrower"),
}
"""What names a row in both runs. Block numbers do not: engines need different numbers of set-up blocks."""

_COMPARED_UNITS = ("smallest unit", "USD 1e-8", "1e-18", "1e-4")
"""Amounts, prices and values, health factors, rates of bonus and close factor."""


class NothingChanged(CascadeError, ValueError):
    """Baseline and change are the same scenario."""


@dataclass(frozen=True)
class ParameterChange:
    """A parameter that differs; None where one side does not have it."""

    key: str
    baseline: str | None
    change: str | None

    @property
    def group(self) -> str:
        """What it belongs to, as a proposal lists it: a reserve, an eMode, an oracle, a venue; else its section."""
        section, *below = self.key.split(".")
        if section == "lending" and len(below) > 1 and below[0] in _LENDING_GROUPS:
            return f"{_LENDING_GROUPS[below[0]]} {below[1]}"
        if below and section in _GROUPS:
            return f"{_GROUPS[section]} {below[0]}"
        return _SECTIONS.get(section, section)


_LENDING_GROUPS = {"reserves": "Reserve", "emodes": "eMode"}
_GROUPS = {"oracle": "Oracle of", "venues": "Venue", "agents": "Agents", "positions": "Positions"}
_SECTIONS = {"lending": "Lending pool", "expect": "Expectation"}


@dataclass(frozen=True)
class Impossible:
    """A position that the change's pool would not have lent for; it stands in the run all the same.

    Attributes
    ----------
    ltv_ppm : int
        LTV that it was built with, in millionths.
    limit_bps : int
        Most that the change lends, in 1e-4.
    """

    account: str
    cohort: str
    asset: str
    ltv_ppm: int
    limit_bps: int


@dataclass(frozen=True)
class AtOnce:
    """A position that the change makes liquidatable before anything has happened.

    Attributes
    ----------
    health_factor_wad, before_wad : int
        Under the change's lines, and under the baseline's.
    """

    account: str
    cohort: str
    asset: str
    health_factor_wad: int
    before_wad: int


@dataclass(frozen=True)
class Outcome:
    """A figure of both runs' summaries; None where a run has none."""

    name: str
    unit: str
    baseline: float | None
    change: float | None


@dataclass(frozen=True)
class RowMatch:
    """How many rows of a table both runs have, and how many only one has."""

    table: str
    both: int
    only_baseline: int
    only_change: int


@dataclass(frozen=True)
class ColumnDifference:
    """The largest difference of a column over the rows that both runs have, in the column's own unit, exact."""

    table: str
    column: str
    unit: str
    rows_differing: int
    largest: int


@dataclass(frozen=True)
class Comparison:
    """Two finished runs side by side.

    Attributes
    ----------
    has_same_positions : bool
        Whether both runs built the same loops, to the unit.
    is_reconfigured : bool
        Whether the change was made under the baseline's standing positions.
    impossible : tuple of Impossible
        Positions that use a higher LTV than the change lends.
    at_once : tuple of AtOnce
        Positions that are liquidatable under the change's lines before the crash.
    saved, newly_lost : tuple of str
        Accounts liquidated in the baseline alone, and in the change alone.
    """

    baseline: Run
    change: Run
    parameters: tuple[ParameterChange, ...]
    outcomes: tuple[Outcome, ...]
    rows: tuple[RowMatch, ...]
    columns: tuple[ColumnDifference, ...]
    has_same_positions: bool
    is_reconfigured: bool
    impossible: tuple[Impossible, ...]
    at_once: tuple[AtOnce, ...]
    saved: tuple[str, ...]
    newly_lost: tuple[str, ...]

    @property
    def is_identical(self) -> bool:
        """Whether both runs have the same rows, without any difference in the columns compared."""
        return all(not match.only_baseline and not match.only_change for match in self.rows) and all(
            column.rows_differing == 0 for column in self.columns
        )


def compare(
    baseline: Scenario,
    change: Scenario,
    *,
    out: str | Path = "runs",
    amplification: bool = False,
    workers: int = 1,
    progress: Progress | None = None,
) -> Comparison:
    """Run both scenarios, the change on the baseline's positions, and put them side by side.

    Parameters
    ----------
    amplification : bool
        Whether both are also run without forced liquidations, to say what these added to the fall.
    workers : int
        Processes.

    Raises
    ------
    NothingChanged
        Before anything is started.
    CascadeError
        What `replay` raises; a run that ends otherwise than expected is no error here.
    """
    if not _parameter_changes(baseline.parameters_json(), change.parameters_json()) and (
        baseline.path_json() == change.path_json()
    ):
        raise NothingChanged(f"{change.file}: --set changes nothing: baseline and change are the same scenario")
    progress = progress or quiet()
    # The standing positions are worked out before the first run: what the configurator refuses costs no run.
    impossible = impossible_positions(baseline, change)
    jobs = [Job("baseline", baseline, report=True), Job("change", change, like=baseline, report=True)]
    runs = run_all(jobs, out=out, workers=workers, progress=progress)
    amplified: Sequence[Amplification | None] = (None, None)
    if amplification:
        amplified = amplifications(
            list(zip(runs, (baseline, change), strict=True)), like=baseline, workers=workers, progress=progress
        )
    return compare_finished(runs[0], runs[1], impossible=impossible, amplified=(amplified[0], amplified[1]))


def amplifications(
    runs: Sequence[tuple[Run, Scenario]], *, like: Scenario, workers: int = 1, progress: Progress | None = None
) -> list[Amplification | None]:
    """What forced liquidations added to each run's fall, from the same run without them.

    Returns
    -------
    list
        None where a scenario has no keeper, or no market of its main collateral.
    """
    without = [(number, keepers_off(scenario)) for number, (_, scenario) in enumerate(runs)]
    jobs = {
        number: Job(f"{runs[number][1].file} without liquidations", scenario, like=like)
        for number, scenario in without
        if scenario is not None
    }
    found: list[Amplification | None] = [None] * len(runs)
    with tempfile.TemporaryDirectory(prefix="cascade-amplification-") as folder:
        made = run_all(list(jobs.values()), out=folder, workers=workers, progress=progress)
        for number, other in zip(jobs, made, strict=True):
            try:
                found[number] = amplification_of(runs[number][0], other)
            except NoMarket:
                continue
    return found


def impossible_positions(baseline: Scenario, change: Scenario) -> tuple[Impossible, ...]:
    """Positions of the baseline that use a higher LTV than the change lends; none where the change builds its own.

    Raises
    ------
    ScenarioError
        When the configurator would refuse the change under standing positions.
    """
    standing_positions(baseline, change)
    if not has_same_book(baseline, change):
        return ()
    found = []
    for plan in plan_positions(baseline):
        cohort = change.spec.positions[plan.cohort]
        limit_bps, _ = borrowing_lines_bps(change.spec, cohort)
        if plan.rounds:
            found.append(Impossible(plan.borrower, plan.cohort, cohort.collateral, plan.ltv_ppm, limit_bps))
        if isinstance(plan.pledge, PoolPledge):
            asset = plan.pledge.asset
            limit_bps = change.spec.lending.reserves[asset].ltv_bps
            used = _pledge_ltv_ppm(baseline, plan.pledge, cohort.debt)
            found.append(Impossible(plan.pledge.account, plan.cohort, asset, used, limit_bps))
    return tuple(one for one in found if one.ltv_ppm * BPS > one.limit_bps * LTV_SCALE)


def _pledge_ltv_ppm(scenario: Scenario, pledge: PoolPledge, debt: str) -> int:
    spec, asset = scenario.spec, pledge.asset
    owed, held = (
        Decimal(amount) * initial_price_usd(spec, symbol) / 10 ** spec.assets[symbol].decimals
        for amount, symbol in ((pledge.debt_raw, debt), (pledge.pledged_raw, asset))
    )
    return int((owed * LTV_SCALE / held).to_integral_value())


def compare_finished(
    baseline: Run,
    change: Run,
    *,
    impossible: tuple[Impossible, ...] = (),
    amplified: tuple[Amplification | None, Amplification | None] = (None, None),
) -> Comparison:
    """Put two finished runs side by side.

    Parameters
    ----------
    impossible : tuple of Impossible
        What no table knows: positions that the change would not have lent for.
    amplified : tuple
        Amplification of both, where further runs were made.
    """
    parameters = [str(run.runs["parameters"].iloc[0]) for run in (baseline, change)]
    rows: list[RowMatch] = []
    columns: list[ColumnDifference] = []
    for table, identity in IDENTITY.items():
        first, second = (_indexed(getattr(run, table), identity, table) for run in (baseline, change))
        both = first.index.intersection(second.index)
        rows.append(RowMatch(table, len(both), len(first) - len(both), len(second) - len(both)))
        columns += _column_differences(table, first.loc[both], second.loc[both])
    lost = [set(run.liquidations["borrower"]) for run in (baseline, change)]
    fates = (
        Outcome("positions saved", "", None, len(lost[0] - lost[1])),
        Outcome("positions newly lost", "", None, len(lost[1] - lost[0])),
    )
    return Comparison(
        baseline=baseline,
        change=change,
        parameters=_parameter_changes(*parameters),
        outcomes=(*_outcomes(baseline, change, amplified), *fates),
        rows=tuple(rows),
        columns=tuple(columns),
        has_same_positions=_built(baseline) == _built(change),
        is_reconfigured=change.manifest.built_like is not None,
        impossible=impossible,
        at_once=tuple(_at_once(baseline, change)),
        saved=tuple(sorted(lost[0] - lost[1])),
        newly_lost=tuple(sorted(lost[1] - lost[0])),
    )


def _built(run: Run) -> list[dict[Any, Any]]:
    """Every round of every loop, interest left out: what the positions are made of, whatever the pool's engine."""
    columns = ["borrower", "cohort", "round", "borrowed_raw", "supplied_raw", "collateral_raw", "debt_raw"]
    return run.loops[columns].to_dict("records")


def _at_once(baseline: Run, change: Run) -> Iterator[AtOnce]:
    columns = ["borrower", "cohort", "collateral_asset", "health_factor_wad"]
    before, after = (run.positions[run.positions["event"] == "built"][columns] for run in (baseline, change))
    healthy = dict(zip(before["borrower"].tolist(), before["health_factor_wad"].tolist(), strict=True))
    for name, cohort, asset, health in after.itertuples(index=False):
        was = healthy.get(name, 0)
        if health < WAD <= was:
            yield AtOnce(str(name), str(cohort), str(asset), int(health), int(was))


def _parameter_changes(baseline: str, change: str) -> tuple[ParameterChange, ...]:
    first, second = (dict(_flat(json.loads(text))) for text in (baseline, change))
    return tuple(
        ParameterChange(key, first.get(key), second.get(key))
        for key in sorted({*first, *second})
        if first.get(key) != second.get(key) and key.partition(".")[0] not in _WORDS
    )


_WORDS = ("description", "provenance")
"""Sections that say something about a scenario and change nothing of it."""


def _flat(node: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, dict) and node:
        for key, value in node.items():
            yield from _flat(value, f"{prefix}.{key}" if prefix else key)
    else:
        yield prefix, node if isinstance(node, str) else json.dumps(node, ensure_ascii=False)


def _indexed(frame: pd.DataFrame, identity: tuple[str, ...], table: str) -> pd.DataFrame:
    indexed = frame.set_index(list(identity))
    if not indexed.index.is_unique:
        raise CascadeError(f"{table}: {', '.join(identity)} name more than one row: the runs cannot be compared")
    return indexed


def _column_differences(table: str, first: pd.DataFrame, second: pd.DataFrame) -> Iterator[ColumnDifference]:
    for column in TABLES[table].columns:
        if column.unit not in _COMPARED_UNITS:
            continue
        # Python integers: a difference of two 256-bit amounts fits no other type.
        pairs = zip(first[column.name].tolist(), second[column.name].tolist(), strict=True)
        distances = [abs(int(one) - int(other)) for one, other in pairs]
        yield ColumnDifference(table, column.name, column.unit, sum(map(bool, distances)), max(distances, default=0))


def _outcomes(
    baseline: Run, change: Run, amplified: tuple[Amplification | None, Amplification | None]
) -> Iterator[Outcome]:
    first, second = baseline.summary, change.summary
    paths: list[tuple[str, str, tuple[str, ...]]] = [
        ("liquidations", "", ("liquidations",)),
        ("liquidated positions", "", ("liquidated_positions",)),
        ("debt covered", "USD", ("debt_covered_usd",)),
        ("deficit", "USD", ("deficit_usd",)),
        ("lenders' loss", "USD", ("who_paid", "lenders", "loss_usd")),
        ("keepers' net profit", "USD", ("keepers", "net_profit_usd")),
    ]
    paths += [(f"shortfall at trough, {price}", "USD", ("shortfall_usd", "trough", price)) for price in _SHORTFALLS]
    pairs = sorted({*first["shortfall_by_pair_usd"], *second["shortfall_by_pair_usd"]})
    for pair in pairs if len(pairs) > 1 else ():
        of_pair = ("shortfall_by_pair_usd", pair, "trough")
        paths += [(f"shortfall at trough of {pair}, {price}", "USD", (*of_pair, price)) for price in _SHORTFALLS]
    for asset in sorted({*first["trough"], *second["trough"]}):
        for source in sorted({*first["trough"].get(asset, {}), *second["trough"].get(asset, {})}):
            paths.append((f"lowest {asset}, {source}", "USD each", ("trough", asset, source)))
    for name, unit, path in paths:
        yield Outcome(name, unit, _at(first, path), _at(second, path))
    for name, unit, path in _exchange_paths(first, second):
        yield Outcome(name, unit, _at(first, path), _at(second, path))
    ratios = [None if one is None else one.ratio for one in amplified]
    yield Outcome("amplification by liquidations", "times", ratios[0], ratios[1])
    clearing = [_clearing(run.frames) for run in (baseline, change)]
    yield Outcome("blocks to clear", "", clearing[0][0], clearing[1][0])
    yield Outcome("open under a health factor of 1 at the end", "", clearing[0][1], clearing[1][1])


def _exchange_paths(first: dict[str, Any], second: dict[str, Any]) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Figures of an exchange, where a run has one: books, then accounts."""
    found = [summary["exchange"] for summary in (first, second) if summary.get("exchange")]
    for book in dict.fromkeys(name for exchange in found for name in exchange["books"]):
        at = ("exchange", "books", book)
        yield f"{book}: lowest price of a trade", "USD each", (*at, "low_usd")
        yield f"{book}: largest fall in five minutes", "%", (*at, "five_minute_fall_pct")
        yield f"{book}: ten minutes after its low, of the start", "%", (*at, "after_10_minutes_pct")
        yield f"{book}: bids within 2 % gone", "%", (*at, "depth_fall_pct")
    liquidated = [cohort for exchange in found for cohort in exchange["accounts_liquidated"]]
    for cohort in dict.fromkeys(liquidated):
        yield f"{cohort}: leverage at its peak", "times", ("exchange", "leverage", cohort, "peak")
        yield f"{cohort}: accounts liquidated", "", ("exchange", "accounts_liquidated", cohort)
    if found:
        yield "forced sales at the exchange", "USD", ("exchange", "forced_volume_usd")
        yield "insurance used at the exchange", "USD", ("exchange", "insurance_used_usd", "margin")
        yield "bad debt at the exchange", "USD", ("exchange", "bad_debt_usd")


def _clearing(frames: Frames) -> tuple[int, int]:
    """Blocks from the first to the last that ended with an open position under 1, and how many the run ends with."""
    health = frames.health
    under = health[(health["phase"] == CRASH) & (health["health_high_bps"] <= BPS)]
    if under.empty:
        return 0, 0
    left = int(under.loc[under["block_number"] == frames.last_block, "positions"].sum())
    return int(under["step"].max() - under["step"].min()) + 1, left


_SHORTFALLS = ("oracle", "exit", "redemption")


def _at(summary: Mapping[str, Any], path: tuple[str, ...]) -> float | None:
    value: Any = summary
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return None if value is None else float(value)
