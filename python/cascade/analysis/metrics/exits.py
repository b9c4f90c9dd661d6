"""Measure who could get out: money in reach against claims, lenders' withdrawals, and what liquidity providers lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from cascade.analysis.frames import Frames
from cascade.analysis.lending.valuation import collateral_by_asset_e8
from cascade.analysis.prices.pricebook import PriceBook
from cascade.recording.store import rows_of
from cascade.recording.tables import SwapRow, WithdrawalRow
from cascade.units import E8, e8_to_float, value_e8_down
from cascade.vocabulary import MoveKind, Phase, PriceSource

__all__ = [
    "ExitCoverage",
    "ProviderLoss",
    "Withdrawals",
    "coverage_of_exits",
    "failed_withdrawals",
    "providers",
]

_VALUE_BUYER, _DIP_BUYER = "value-buyer", "dip-buyer"
"""Kinds of agents that buy a falling asset with a stated capital."""


@dataclass(frozen=True)
class ExitCoverage:
    """Money in reach of the claims on one collateral asset when the crash starts, in dollars at the oracle."""

    quote_usd: float
    """Quote coins of the venues that trade the asset, as the scenario states their reserves."""
    buyers_usd: float
    """Capital of the buyers there, as the scenario states it."""
    claims_usd: float
    """All of the asset that is collateral."""
    coverage: float | None
    """Quote coins and buyers' capital over the claims; null where the claims are worth nothing."""


@dataclass(frozen=True)
class Withdrawals:
    """Withdrawals that lenders tried; a lender who tries again counts again."""

    asked: int
    """Number of withdrawals tried."""
    failed: int
    """Number of those that got nothing."""
    asked_usd: float
    """Amount asked for, in dollars at the oracle price of the block."""
    unmet_usd: float
    """Amount asked for and not received, likewise."""


@dataclass(frozen=True)
class ProviderLoss:
    """What the liquidity of one venue became, in dollars at the end of the run.

    A pool begins with the scenario's reserves and changes by its swaps of the crash phase, fees included. Its quote
    coin is valued at the oracle, the other coin at the venue's own price.
    """

    held_usd: float
    """Value of the initial reserves, had the providers held them."""
    pool_usd: float
    """Value of what the pool holds."""
    loss_usd: float
    """The difference: the loss against holding."""


def coverage_of_exits(frames: Frames, book: PriceBook) -> dict[str, ExitCoverage]:
    """Return the money in reach of the claims when the crash starts, by collateral asset."""
    start = frames.first_crash_block - 1
    claims: dict[str, int] = {}
    for row in frames.positions_at(start):
        for asset, worth in collateral_by_asset_e8(frames, book, row, start).items():
            claims[asset] = claims.get(asset, 0) + worth
    venues = frames.parameters.get("venues", {})
    buyers = list(_buyers(frames))
    figures: dict[str, ExitCoverage] = {}
    for asset, claimed in sorted(claims.items()):
        # The quote coin alone: selling the asset to a venue cannot bring more than that.
        quotes = {name: venue["coins"][0] for name, venue in venues.items() if asset in venue.get("coins", ())[1:]}
        quote = sum(
            int(Decimal(str(venues[name]["reserves"][coin])) * _price(book, coin, start))
            for name, coin in quotes.items()
            if venues[name].get("reserves")
        )
        capital = sum(int(tokens * _price(book, quotes[venue], start)) for venue, tokens in buyers if venue in quotes)
        figures[asset] = ExitCoverage(
            quote_usd=e8_to_float(quote),
            buyers_usd=e8_to_float(capital),
            claims_usd=e8_to_float(claimed),
            coverage=(quote + capital) / claimed if claimed else None,
        )
    return figures


def _buyers(frames: Frames) -> Iterator[tuple[str, Decimal]]:
    """Yield venue and capital, in its quote coin, of each entry of buyers."""
    for agent in frames.parameters.get("agents", {}).values():
        if agent["kind"] in (_VALUE_BUYER, _DIP_BUYER):
            # Value buyers of an entry share its capital; dip-buyers have it each.
            members = int(agent["count"]) if agent["kind"] == _DIP_BUYER else 1
            yield agent["venue"], Decimal(str(agent["capital"])) * members


def _price(book: PriceBook, asset: str, block: int) -> int:
    price = book.last(asset, PriceSource.ORACLE, block)
    # Quote coins are stables: one that the oracle does not price counts as a dollar.
    return E8 if price is None else price


def failed_withdrawals(frames: Frames, book: PriceBook) -> Withdrawals:
    """Return what lenders asked for and what of it they did not receive; zeros where none asked."""
    rows = frames.rows(WithdrawalRow)
    asked = unmet = failed = 0
    for row in rows:
        worth = _price(book, row.asset, row.block_number), frames.decimals(row.asset)
        asked += value_e8_down(row.asked_raw, *worth)
        unmet += value_e8_down(row.asked_raw - row.got_raw, *worth)
        # Partly met withdrawals are in the amounts and not in this count.
        failed += row.got_raw == 0
    return Withdrawals(asked=len(rows), failed=int(failed), asked_usd=e8_to_float(asked), unmet_usd=e8_to_float(unmet))


def providers(frames: Frames, book: PriceBook) -> dict[str, ProviderLoss]:
    """Return the loss of liquidity providers against holding, by venue.

    Left out are venues without reserves or without a price of their own, and those to which liquidity was added or
    from which it was taken during the crash: what each provider would have held is not in the tables.
    """
    moved = frames.price_moves
    changed = set(moved.loc[(moved["kind"] == MoveKind.LIQUIDITY) & (moved["phase"] == Phase.CRASH), "market"].tolist())
    swaps = frames.swaps[frames.swaps["phase"] == Phase.CRASH]
    figures = {}
    for name, venue in sorted(frames.parameters.get("venues", {}).items()):
        if not venue.get("reserves") or name in changed:
            continue
        quote, asset = venue["coins"]
        spot = book.at(asset, PriceSource.SPOT.of(name), frames.last_block)
        if spot is None:
            continue
        holdings = {
            coin: int(Decimal(str(venue["reserves"][coin])) * 10 ** frames.decimals(coin)) for coin in (quote, asset)
        }
        prices = {quote: _price(book, quote, frames.last_block), asset: spot}
        held = sum(value_e8_down(holdings[coin], prices[coin], frames.decimals(coin)) for coin in holdings)
        for row in rows_of(swaps[swaps["venue"] == name], SwapRow):
            holdings[row.asset_in] += row.amount_in_raw
            holdings[row.asset_out] -= row.amount_out_raw
        pool = sum(value_e8_down(holdings[coin], prices[coin], frames.decimals(coin)) for coin in holdings)
        figures[name] = ProviderLoss(
            held_usd=e8_to_float(held), pool_usd=e8_to_float(pool), loss_usd=e8_to_float(held - pool)
        )
    return figures
