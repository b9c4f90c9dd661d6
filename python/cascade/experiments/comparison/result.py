"""The result of a comparison: two finished runs side by side."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.run.opened import Run

__all__ = [
    "ColumnDifference",
    "Comparison",
    "ImpossiblePosition",
    "LiquidatableAtOnce",
    "Outcome",
    "ParameterChange",
    "RowMatch",
]

_SUBGROUPS = {
    ("lending", "reserves"): "Reserve",
    ("lending", "emodes"): "eMode",
}
_GROUPS = {"oracle": "Oracle of", "venues": "Venue", "agents": "Agents", "positions": "Positions"}
_SECTIONS = {"lending": "Lending pool", "expect": "Expectation"}


@dataclass(frozen=True)
class ParameterChange:
    """A parameter whose value differs.

    Attributes
    ----------
    key : str
        Dotted path of the parameter.
    baseline, change : str, optional
        Its value on each side, as text; None where a side does not have the parameter.
    """

    key: str
    baseline: str | None
    change: str | None

    @property
    def group(self) -> str:
        """Heading under which a proposal lists the parameter: its reserve, eMode, oracle, venue or section."""
        section, *below = self.key.split(".")
        if len(below) > 1 and (section, below[0]) in _SUBGROUPS:
            return f"{_SUBGROUPS[section, below[0]]} {below[1]}"
        if below and section in _GROUPS:
            return f"{_GROUPS[section]} {below[0]}"
        return _SECTIONS.get(section, section)


@dataclass(frozen=True)
class ImpossiblePosition:
    """A position that the change's pool would not have lent for; it is kept in both runs all the same.

    Attributes
    ----------
    account, cohort : str
        Name of the account, and the cohort that it belongs to.
    asset : str
        Symbol of the collateral.
    ltv_ppm : int
        LTV that the position was built with, in millionths.
    limit_bps : int
        Largest LTV that the change lends, in 1e-4.
    """

    account: str
    cohort: str
    asset: str
    ltv_ppm: int
    limit_bps: int


@dataclass(frozen=True)
class LiquidatableAtOnce:
    """A position that the change makes liquidatable before the crash begins.

    Attributes
    ----------
    account, cohort : str
        Name of the account, and the cohort that it belongs to.
    asset : str
        Symbol of the collateral.
    health_factor_wad, before_wad : int
        Health factor under the change's lending lines, and under the baseline's.
    """

    account: str
    cohort: str
    asset: str
    health_factor_wad: int
    before_wad: int


@dataclass(frozen=True)
class Outcome:
    """A figure of both runs.

    Attributes
    ----------
    name : str
        Name of the figure.
    unit : str
        `USD`, `USD each`, `times`, `%`, or empty for a number.
    baseline, change : float, optional
        Its value in each run; None where a run does not have it.
    """

    name: str
    unit: str
    baseline: float | None
    change: float | None


@dataclass(frozen=True)
class RowMatch:
    """The number of rows of a table that are in both runs, and in only one of them."""

    table: str
    both: int
    only_baseline: int
    only_change: int


@dataclass(frozen=True)
class ColumnDifference:
    """The differences of a column over the rows that are in both runs.

    Attributes
    ----------
    table, column : str
        The column.
    unit : str
        Its unit, which is also that of `largest`.
    rows_differing : int
        Number of rows with different values.
    largest : int
        Largest difference, exact.
    """

    table: str
    column: str
    unit: str
    rows_differing: int
    largest: int


@dataclass(frozen=True)
class Comparison:
    """Two finished runs of one seed side by side.

    Attributes
    ----------
    baseline, change : Run
        The two runs.
    parameters : tuple of ParameterChange
        Parameters that differ.
    outcomes : tuple of Outcome
        Figures of both runs.
    rows : tuple of RowMatch
        How many rows the runs have in common, by table.
    columns : tuple of ColumnDifference
        How far those rows differ, by column.
    has_same_positions : bool
        Whether both runs built the same loops, to the unit.
    is_reconfigured : bool
        Whether the change was made under the baseline's standing positions.
    impossible : tuple of ImpossiblePosition
        Positions that use a higher LTV than the change lends.
    at_once : tuple of LiquidatableAtOnce
        Positions that are liquidatable under the change's lines before the crash.
    saved, newly_lost : tuple of str
        Accounts that are liquidated in the baseline alone, and in the change alone.
    """

    baseline: Run
    change: Run
    parameters: tuple[ParameterChange, ...]
    outcomes: tuple[Outcome, ...]
    rows: tuple[RowMatch, ...]
    columns: tuple[ColumnDifference, ...]
    has_same_positions: bool
    is_reconfigured: bool
    impossible: tuple[ImpossiblePosition, ...]
    at_once: tuple[LiquidatableAtOnce, ...]
    saved: tuple[str, ...]
    newly_lost: tuple[str, ...]

    @property
    def is_identical(self) -> bool:
        """Whether both runs have the same rows, without any difference in the columns compared."""
        return all(not match.only_baseline and not match.only_change for match in self.rows) and all(
            column.rows_differing == 0 for column in self.columns
        )
