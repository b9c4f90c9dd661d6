"""Rows of the accounts that a scenario takes from a file."""

from __future__ import annotations

from collections.abc import Iterator

from cascade.positions.accounts.plan import AccountsPlan
from cascade.recording.tables import Identity, StatedAccountRow

__all__ = ["stated_account_rows"]


def stated_account_rows(identity: Identity, plan: AccountsPlan) -> Iterator[StatedAccountRow]:
    """Yield one row per account of the file, in its order."""
    for planned in plan.planned:
        account, worth = planned.account, planned.worth
        yield StatedAccountRow(
            **identity,
            account=account.address,
            cohort=plan.entry,
            emode=account.emode,
            status=planned.status,
            obstacle=planned.obstacle or "",
            detail=planned.detail,
            supplied_base_e8=worth.supplied_e8,
            debt_base_e8=worth.debt_e8,
            # What is left out counts in the account's health, and nobody knows how much.
            health_factor_wad=None if account.left_out else worth.health_factor_wad,
        )
