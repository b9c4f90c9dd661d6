"""Measure what open positions lack at several prices: a run without a deficit can hide it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cascade.analysis.frames import Frames
from cascade.analysis.lending.exposures import exposure_of
from cascade.analysis.lending.valuation import debt_e8
from cascade.analysis.prices.pricebook import PriceBook
from cascade.analysis.prices.troughs import MarketTrough
from cascade.recording.tables import LiquidationRow, OtherDeficitRow, PositionRow
from cascade.units import e8_to_float, value_e8_down, value_e8_up
from cascade.vocabulary import Valuation

__all__ = ["PairShortfall", "Shortfall", "ShortfallByMoment", "shortfalls", "shortfalls_by_pair"]


@dataclass(frozen=True)
class Shortfall:
    """Debt in excess of collateral, summed over the open positions, in dollars; null where a price is missing."""

    oracle: float | None
    """With the collateral valued at the price of the oracle."""
    exit: float | None
    """With the collateral valued at the average price that the best venue pays for all open collateral at once."""
    redemption: float | None
    """With the collateral valued at the price of redemption with its issuer."""

    def at(self, valuation: Valuation) -> float | None:
        """Return the shortfall at one of the three prices."""
        match valuation:
            case Valuation.ORACLE:
                return self.oracle
            case Valuation.EXIT:
                return self.exit
            case Valuation.REDEMPTION:
                return self.redemption


_UNKNOWN = Shortfall(oracle=None, exit=None, redemption=None)


@dataclass(frozen=True)
class ShortfallByMoment:
    """Shortfall of the open positions at two moments, each with the prices and balances of its block."""

    end: Shortfall
    """At the last block of the run."""
    trough: Shortfall
    """At the block of `trough_at`; null where there is no trough."""


@dataclass(frozen=True)
class PairShortfall:
    """Loss of the lenders on positions of one collateral and one debt asset."""

    deficit_usd: float
    """Realised: debt that liquidations wrote off, in dollars at the debt's oracle price in each of them."""
    end: Shortfall
    """Unrealised, at the last block of the run."""
    trough: Shortfall
    """Unrealised, at the block of `trough_at`."""


def shortfalls(frames: Frames, book: PriceBook, trough: MarketTrough | None) -> ShortfallByMoment:
    """Return the debt in excess of collateral over all open positions.

    The figure is the sum over positions of max(0, debt - collateral), on top of what has been written off to a
    deficit. Debt is valued at the oracle. Balances are those of each position's last row at or before the block, so
    that interest since that row is left out.
    """
    at_end = _open_at(frames, book, frames.last_block)
    return ShortfallByMoment(
        end=_shortfall(frames, book, frames.last_block, at_end),
        trough=_UNKNOWN
        if trough is None
        else _shortfall(frames, book, trough.block_number, _open_at(frames, book, trough.block_number)),
    )


def shortfalls_by_pair(frames: Frames, book: PriceBook, trough: MarketTrough | None) -> dict[str, PairShortfall]:
    """Return the loss of the lenders by pair of collateral and debt asset, written as `USDe/USDC`.

    An account in several reserves counts under its largest collateral and its largest debt, as `positions` names them;
    a deficit counts under the pair of its liquidation.
    """
    deficits: dict[tuple[str, str], int] = {}
    pairs = {row.borrower: (row.collateral_asset, row.debt_asset) for row in frames.rows(PositionRow)}
    for row in frames.rows(LiquidationRow):
        pair = row.collateral_asset, row.debt_asset
        worth = value_e8_up(row.deficit_raw, row.debt_price_e8, frames.decimals(row.debt_asset))
        deficits[pair] = deficits.get(pair, 0) + worth
    for lost in frames.rows(OtherDeficitRow):
        pair = pairs.get(lost.borrower, (lost.asset, lost.asset))
        worth = value_e8_up(lost.deficit_raw, lost.price_e8 or 0, frames.decimals(lost.asset))
        deficits[pair] = deficits.get(pair, 0) + worth
    held = zip(frames.positions["collateral_asset"].tolist(), frames.positions["debt_asset"].tolist(), strict=True)
    at_end = _open_at(frames, book, frames.last_block)
    at_trough = [] if trough is None else _open_at(frames, book, trough.block_number)
    return {
        "/".join(pair): PairShortfall(
            deficit_usd=e8_to_float(deficits.get(pair, 0)),
            end=_shortfall(frames, book, frames.last_block, at_end, pair=pair),
            trough=_UNKNOWN if trough is None else _shortfall(frames, book, trough.block_number, at_trough, pair=pair),
        )
        for pair in sorted({*held, *deficits})
    }


@dataclass(frozen=True)
class _Open:
    """An open position at a block, with its debt in dollars with 8 decimals."""

    pair: tuple[str, str]
    collateral: Mapping[str, int]
    owed_e8: int


def _open_at(frames: Frames, book: PriceBook, block: int) -> list[_Open]:
    found = []
    for row in frames.positions_at(block):
        held = exposure_of(frames, row)
        if held.has_debt:
            pair = (row.collateral_asset, row.debt_asset)
            found.append(_Open(pair, held.collateral, debt_e8(frames, book, row, block)))
    return found


def _shortfall(
    frames: Frames, book: PriceBook, block: int, positions: Sequence[_Open], *, pair: tuple[str, str] | None = None
) -> Shortfall:
    chosen = [one for one in positions if pair in (None, one.pair)]
    return Shortfall(
        oracle=_lacking(frames, book, block, Valuation.ORACLE, chosen),
        exit=_lacking(frames, book, block, Valuation.EXIT, chosen),
        redemption=_lacking(frames, book, block, Valuation.REDEMPTION, chosen),
    )


def _lacking(
    frames: Frames, book: PriceBook, block: int, valuation: Valuation, positions: Sequence[_Open]
) -> float | None:
    total = 0
    prices: dict[str, int | None] = {}
    for position in positions:
        owed, is_known = position.owed_e8, True
        for asset, raw in position.collateral.items():
            if asset not in prices:
                prices[asset] = book.valuation(asset, valuation, block)
            price = prices[asset]
            is_known = is_known and price is not None
            owed -= value_e8_down(raw, price, frames.decimals(asset)) if price is not None else 0
        # Where what has a price covers the debt, the collateral without one does not matter.
        if owed > 0 and not is_known:
            return None
        total += max(0, owed)
    return e8_to_float(total)
