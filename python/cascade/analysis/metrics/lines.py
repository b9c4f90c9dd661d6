"""Open positions as they stand at a block: worth, health, and the lines that they were listed with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from cascade.analysis.frames import Frames
from cascade.analysis.lending.exposures import exposure_of
from cascade.analysis.lending.valuation import collateral_by_asset_e8, debt_e8
from cascade.analysis.prices.pricebook import PriceBook
from cascade.recording.tables import PositionRow
from cascade.units import BPS, WAD

__all__ = ["OpenPosition", "bonus_bps", "open_positions", "threshold"]


@dataclass(frozen=True)
class OpenPosition:
    """A position with debt, its balances as last written, at the prices of a block; interest since is left out."""

    borrower: str
    cohort: str
    collateral_asset: str
    debt_asset: str
    collateral_e8: int
    debt_e8: int
    threshold: Fraction
    """Liquidation threshold; of an account with several collaterals, their average at the prices of the block."""
    bonuses_bps: Mapping[str, int]
    """Liquidation bonus of each collateral that it holds, in 1e-4."""

    @property
    def health(self) -> Fraction:
        """Health factor."""
        return self.threshold * self.collateral_e8 / self.debt_e8


def open_positions(frames: Frames, book: PriceBook, block: int) -> list[OpenPosition]:
    """Return every position with debt at a block."""
    found = []
    for row in frames.positions_at(block):
        held = exposure_of(frames, row)
        if not held.has_debt:
            continue
        by_asset = collateral_by_asset_e8(frames, book, row, block)
        worth = sum(by_asset.values())
        if held.of_account is None:
            line = threshold(frames, row)
            bonuses = {row.collateral_asset: bonus_bps(frames, row.cohort, row.collateral_asset)}
        else:
            weighted = sum(worth * held.of_account[asset].threshold_bps for asset, worth in by_asset.items())
            line = Fraction(weighted, worth * BPS) if worth else Fraction(0)
            bonuses = {asset: one.bonus_bps for asset, one in held.of_account.items()}
        found.append(
            OpenPosition(
                row.borrower,
                row.cohort,
                row.collateral_asset,
                row.debt_asset,
                worth,
                debt_e8(frames, book, row, block),
                line,
                bonuses,
            )
        )
    return found


def threshold(frames: Frames, row: PositionRow) -> Fraction:
    """Return the liquidation threshold of a position as a share, derived from its recorded health factor.

    health = threshold x collateral / debt, so that efficiency modes and changed listings are covered without being
    looked up. Where the oracle refused a price, there is no health factor, and the listing's threshold is returned.
    Zero without collateral or debt.
    """
    if row.collateral_base_e8 is None or row.debt_base_e8 is None or row.health_factor_wad is None:
        listed = _listed(frames, row.cohort, row.collateral_asset, "liquidation_threshold_bps")
        return Fraction(listed, BPS) if row.collateral_raw and row.debt_raw else Fraction(0)
    if not row.collateral_base_e8 or not row.debt_raw:
        return Fraction(0)
    return Fraction(row.health_factor_wad * row.debt_base_e8, WAD * row.collateral_base_e8)


def bonus_bps(frames: Frames, cohort: str, collateral_asset: str) -> int:
    """Return the liquidation bonus in 1e-4: that of the cohort's efficiency mode, or of the reserve without one."""
    return _listed(frames, cohort, collateral_asset, "liquidation_bonus_bps")


def _listed(frames: Frames, cohort: str, collateral_asset: str, key: str) -> int:
    lending = frames.parameters["lending"]
    mode = frames.parameters.get("positions", {}).get(cohort, {}).get("emode", 0)
    modes = lending.get("emodes", {})
    if mode and collateral_asset in modes.get(str(mode), {}).get("collateral", ()):
        return int(modes[str(mode)][key])
    return int(lending["reserves"].get(collateral_asset, {}).get(key, 0))
