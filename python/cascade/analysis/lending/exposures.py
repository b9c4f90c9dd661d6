"""What a position holds and owes, whichever number of reserves it is in.

A loop, a pledge or an agent's position has one collateral and one debt, and its row of `positions` says all. An account
of a file may have several: the rows of `account_reserves` of the same block have them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from cascade.analysis.frames import Frames
from cascade.recording.tables import AccountReserveRow, PositionRow

__all__ = ["Collateral", "Exposure", "exposure_of", "is_account"]


@dataclass(frozen=True)
class Collateral:
    """One collateral of an account of a file.

    Attributes
    ----------
    raw : int
        Amount in smallest units.
    threshold_bps, bonus_bps : int
        Liquidation threshold and bonus that count for the account, in 1e-4.
    """

    raw: int
    threshold_bps: int
    bonus_bps: int


@dataclass(frozen=True)
class Exposure:
    """Collaterals and debts of a position by asset, in smallest units; balances as last written."""

    collateral: Mapping[str, int]
    debts: Mapping[str, int]
    of_account: Mapping[str, Collateral] | None = None
    """The collaterals of an account of a file with their lines; None for a position of one pair."""

    @property
    def has_debt(self) -> bool:
        """Whether anything is owed."""
        return any(self.debts.values())


def is_account(frames: Frames, borrower: str) -> bool:
    """Return whether a borrower is an account of a file."""
    return borrower in frames.once(_accounts)


def exposure_of(frames: Frames, row: PositionRow) -> Exposure:
    """Return what the position of a row holds and owes at the block of the row."""
    held = frames.once(_by_block).get((row.borrower, row.block_number))
    if held is None:
        return Exposure({row.collateral_asset: row.collateral_raw}, {row.debt_asset: row.debt_raw})
    secured = {
        one.asset: Collateral(one.supplied_raw, one.liquidation_threshold_bps, one.liquidation_bonus_bps)
        for one in held.values()
        if one.used_as_collateral and one.liquidation_threshold_bps
    }
    return Exposure(
        {asset: collateral.raw for asset, collateral in secured.items()},
        {one.asset: one.borrowed_raw for one in held.values() if one.borrowed_raw},
        secured,
    )


def _by_block(frames: Frames) -> dict[tuple[str, int], dict[str, AccountReserveRow]]:
    found: dict[tuple[str, int], dict[str, AccountReserveRow]] = {}
    for row in frames.rows(AccountReserveRow):
        found.setdefault((row.borrower, row.block_number), {})[row.asset] = row
    return found


def _accounts(frames: Frames) -> set[str]:
    return {borrower for borrower, _ in frames.once(_by_block)}
