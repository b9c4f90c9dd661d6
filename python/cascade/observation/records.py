"""The records that a view returns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

__all__ = [
    "BookEntry",
    "LiquidationPreview",
    "PositionState",
    "RedemptionWindow",
    "ReserveHolding",
    "ReserveState",
    "Unhealthy",
    "grouped_by_pair",
]


@dataclass(frozen=True)
class BookEntry:
    """A borrower whose position is watched, and the pair of reserves it is in.

    Attributes
    ----------
    collateral, debt : str
        The pair; of an account in several, its largest collateral and its largest debt when it was built.
    reserves : tuple of str
        Collaterals and debts of an account that may be in several; empty for a position of one pair.
    """

    borrower: str
    address: str
    cohort: str
    collateral: str
    debt: str
    reserves: tuple[str, ...] = ()


class PositionState(NamedTuple):
    """A position at a block. Amounts in smallest units, values in dollars with 8 decimals.

    A named tuple, because thousands are made per block.
    """

    entry: BookEntry
    collateral_raw: int
    debt_raw: int
    collateral_base_e8: int
    debt_base_e8: int
    health_factor_wad: int


class ReserveHolding(NamedTuple):
    """What an account holds of one reserve at a block, in smallest units."""

    asset: str
    supplied_raw: int
    borrowed_raw: int
    is_collateral: bool
    threshold_bps: int
    """Liquidation threshold that counts for the account, its mode included; 0 where the supply is no collateral."""
    bonus_bps: int
    """Liquidation bonus likewise, without the principal: 500 for 5 %."""


@dataclass(frozen=True)
class LiquidationPreview:
    """The largest liquidation that `liquidationCall` would make of a position, at the next block's time."""

    entry: BookEntry
    health_factor_wad: int
    debt_raw: int
    collateral_raw: int
    debt_to_cover_raw: int
    collateral_to_liquidator_raw: int
    protocol_fee_raw: int
    bonus_bps: int
    """Bonus with the principal, as Aave states it: 10500 for 5 %."""


@dataclass(frozen=True)
class RedemptionWindow:
    """Redemption at a minting contract, in smallest units of the asset minted."""

    limit_raw: int
    """Largest redemption per block; 0 where it is closed."""
    buffer_raw: int
    """Largest redemption in all that its buffer pays for."""

    @property
    def next_block_raw(self) -> int:
        """Largest redemption in the next block."""
        return min(self.limit_raw, self.buffer_raw)


@dataclass(frozen=True)
class ReserveState:
    """USDe's reserve at a block: spot, USDe and shares in their units, money in units of what minting is paid."""

    spot_raw: int
    short_raw: int
    short_entry_raw: int
    mark_e8: int
    cash_raw: int
    funding_raw: int
    """Funding accrued and not yet settled; negative where the reserve owes it."""
    undistributed_raw: int
    """Funding settled and not yet paid to the stakers; negative where more was paid than received."""
    nav_raw: int
    buffer_raw: int
    """Balance of the minting contract."""
    usde_supply_raw: int
    staked_assets_raw: int
    staked_shares_raw: int


Unhealthy = tuple[LiquidationPreview, ...]


def grouped_by_pair(entries: Iterable[BookEntry]) -> dict[tuple[str, str], list[BookEntry]]:
    """Return entries by collateral and debt, in their order: contracts and mirrors answer for one pair at a time."""
    grouped: dict[tuple[str, str], list[BookEntry]] = {}
    for entry in entries:
        grouped.setdefault((entry.collateral, entry.debt), []).append(entry)
    return grouped
