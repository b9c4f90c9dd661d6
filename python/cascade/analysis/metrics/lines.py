"""Open positions as they stand at a block: worth, health, and the lines that they were listed with."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from cascade.analysis.frames import Frames
from cascade.analysis.lending.valuation import collateral_e8, debt_e8
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
    """Liquidation threshold."""

    @property
    def health(self) -> Fraction:
        """Health factor."""
        return self.threshold * self.collateral_e8 / self.debt_e8


def open_positions(frames: Frames, book: PriceBook, block: int) -> list[OpenPosition]:
    """Return every position with debt at a block."""
    return [
        OpenPosition(
            row.borrower,
            row.cohort,
            row.collateral_asset,
            row.debt_asset,
            collateral_e8(frames, book, row, block),
            debt_e8(frames, book, row, block),
            threshold(frames, row),
        )
        for row in frames.positions_at(block)
        if row.debt_raw
    ]


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
