"""Measure how much of a file of accounts stands in a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cascade.analysis.frames import Frames
from cascade.recording.tables import StatedAccountRow
from cascade.units import e8_to_float
from cascade.vocabulary import AccountStatus

__all__ = ["AccountGroup", "AccountsCoverage", "accounts_coverage"]


@dataclass(frozen=True)
class AccountGroup:
    """Some accounts of the file, at the prices before the crash."""

    accounts: int
    """Number of them."""
    supplied_usd: float
    """Value of what they supplied, in dollars; assets that the scenario leaves out are not counted."""
    debt_usd: float
    """Value of their debt, likewise."""


@dataclass(frozen=True)
class AccountsCoverage:
    """Part of a file of accounts that stands in the run."""

    built: AccountGroup
    """Accounts that stand."""
    not_built: AccountGroup
    """Accounts that the pool would refuse."""
    not_built_by_obstacle: dict[str, AccountGroup]
    """The same by the reason why: docs/POSITIONS.md lists them."""
    dust: AccountGroup
    """Accounts that were dropped because they are worth too little."""
    accounts_pct: float
    """Accounts that stand over all accounts but dust, in per cent."""
    debt_pct: float | None
    """Their debt over that of all accounts but dust, in per cent; null where nobody owes anything."""


def accounts_coverage(frames: Frames) -> AccountsCoverage | None:
    """Return how much of the file of accounts stands in the run; None for a scenario without such a file."""
    rows = frames.rows(StatedAccountRow)
    if not rows:
        return None
    by_status = {status: [row for row in rows if row.status == status] for status in AccountStatus}
    built, refused = by_status[AccountStatus.BUILT], by_status[AccountStatus.NOT_BUILT]
    obstacles = sorted({row.obstacle for row in refused})
    stated, stands = (sum(row.debt_base_e8 for row in group) for group in (built + refused, built))
    return AccountsCoverage(
        built=_group(built),
        not_built=_group(refused),
        not_built_by_obstacle={name: _group([row for row in refused if row.obstacle == name]) for name in obstacles},
        dust=_group(by_status[AccountStatus.DUST]),
        # A file of dust alone covers all that it states.
        accounts_pct=100 * len(built) / len(built + refused) if built + refused else 100.0,
        debt_pct=100 * stands / stated if stated else None,
    )


def _group(rows: Sequence[StatedAccountRow]) -> AccountGroup:
    return AccountGroup(
        accounts=len(rows),
        supplied_usd=e8_to_float(sum(row.supplied_base_e8 for row in rows)),
        debt_usd=e8_to_float(sum(row.debt_base_e8 for row in rows)),
    )
