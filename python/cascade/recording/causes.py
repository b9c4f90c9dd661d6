"""The record of a fall's causes, as `causes.json` in the folder of a run holds it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from pydantic import TypeAdapter

__all__ = ["AmplificationRecord", "CausesRecord", "CoalitionRecord", "ShapleyRecord"]


@dataclass(frozen=True, kw_only=True)
class AmplificationRecord:
    """The fall with and without forced liquidations, in dollars with 8 decimals.

    Attributes
    ----------
    ratio : float, optional
        The fall over that without liquidations; None where the market does not fall without them.
    """

    fall_e8: int
    without_liquidations_e8: int
    ratio: float | None


@dataclass(frozen=True, kw_only=True)
class CoalitionRecord:
    """A run in which only some classes of actor are active.

    Attributes
    ----------
    active : tuple of str
        The active classes, in alphabetical order.
    trough_e8, fall_e8 : int
        Lowest price of the market, and its fall from the start, in dollars with 8 decimals.
    """

    active: tuple[str, ...]
    run_id: str
    liquidations: int
    trough_e8: int
    fall_e8: int


@dataclass(frozen=True, kw_only=True)
class ShapleyRecord:
    """A Shapley value: exact, as a fraction of dollars with 8 decimals, and in dollars as a float."""

    numerator_e8: int
    denominator: int
    usd: float


@dataclass(frozen=True, kw_only=True)
class CausesRecord:
    """The causes of a run's fall.

    Attributes
    ----------
    run_id : str
        Id of the run in which every class is active.
    asset, source : str
        The market whose fall is counted, as in the table `prices`.
    start_e8 : int
        Its price when the crash began, in dollars with 8 decimals.
    players : dict of str to tuple of str
        Entries of `agents` by class of actor.
    amplification : AmplificationRecord, optional
        None where no keeper acts.
    runs : tuple of CoalitionRecord
        Every run that was made.
    shapley : dict of str to ShapleyRecord, optional
        Values by class of actor; None where they were not asked for.
    """

    run_id: str
    asset: str
    source: str
    start_e8: int
    players: dict[str, tuple[str, ...]]
    amplification: AmplificationRecord | None
    runs: tuple[CoalitionRecord, ...]
    shapley: dict[str, ShapleyRecord] | None

    @classmethod
    def from_json(cls, text: str) -> CausesRecord:
        """Read the text of a `causes.json`."""
        return _ADAPTER.validate_json(text)

    def to_json(self) -> str:
        """Return the text of `causes.json`, with the keys in alphabetical order."""
        return json.dumps(asdict(self), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


_ADAPTER = TypeAdapter(CausesRecord)
