"""Word the figures of the exchange, from the summary alone."""

from __future__ import annotations

from collections.abc import Iterator

from cascade.analysis.exchange.digest import BookFigures, ExchangeFigures, SpiralFigures
from cascade.report.shared.figures import clock, counted, dollars

__all__ = ["exchange_reading"]

_SHALLOW_PCT = 50
"""Fall of bids from which a book's return of bids is told, in per cent."""


def exchange_reading(exchange: ExchangeFigures | None) -> str:
    """Return sentences on the trades, largest falls, liquidations and net deltas; empty without an exchange."""
    return " ".join(_sentences(exchange)) if exchange is not None else ""


def _sentences(exchange: ExchangeFigures) -> Iterator[str]:
    yield (
        f"{counted(exchange.trades, 'trade')} of {dollars(exchange.volume_usd)}; "
        f"{dollars(exchange.forced_volume_usd)} of that were forced sales."
    )
    falls = [
        f"{name} {book.five_minute_fall_pct:.1f} % to {clock(book.five_minute_fall_at)}"
        for name, book in exchange.books.items()
        if book.five_minute_fall_at is not None
    ]
    if falls:
        yield f"Largest falls from a price five minutes earlier: {', '.join(falls)} UTC."
    liquidated = [f"{count} of {cohort}" for cohort, count in exchange.accounts_liquidated.items()]
    if liquidated:
        yield (
            f"Unified accounts liquidated: {', '.join(liquidated)}; the insurance fund paid "
            f"{dollars(exchange.insurance_used_usd.margin)}, {dollars(exchange.adl.usd)} of positions were "
            f"auto-deleveraged, and {dollars(exchange.bad_debt_usd)} is bad debt."
        )
    for cohort, taken in exchange.takeovers.items():
        if taken.accounts > 1:
            yield (
                f"{counted(taken.accounts, 'account')} of {cohort} were taken over within {taken.minutes:.1f} minutes, "
                f"from {clock(taken.first_at)} to {clock(taken.last_at)} UTC, and {taken.busiest_minute_pct:.0f} % of "
                "them in the busiest minute."
            )
    for line, spiral in exchange.desk_spirals.items():
        yield from _spiral(line, spiral)
    for name, book in exchange.books.items():
        if book.depth_fall_pct is not None and book.depth_fall_pct > _SHALLOW_PCT:
            yield _return_of_bids(name, book)
    for cohort, deltas in exchange.net_delta_usd.items():
        held = ", ".join(f"{asset} {dollars(usd)}" for asset, usd in deltas.items())
        yield f"Net delta of the average account of {cohort} at the start: {held}."


def _spiral(line: str, spiral: SpiralFigures) -> Iterator[str]:
    sold = ", ".join(
        f"{counted(of.sales, 'sale')} of {dollars(of.sold_usd)} in generation {of.generation}"
        for of in spiral.generations
    )
    yield f"The desk sold pledges on {line}: {sold}."
    if spiral.share_of_fall_pct is not None:
        yield (
            f"{spiral.sales_before_makers} of these sales came before the first maker was taken over, and made "
            f"{spiral.share_of_fall_pct:.1f} % of the fall until then."
        )


def _return_of_bids(name: str, book: BookFigures) -> str:
    times = (
        ("a tenth", book.depth_tenth_at),
        ("a half", book.depth_half_at),
        ("nine tenths", book.depth_nine_tenths_at),
    )
    back = [f"{share} of the start {f'at {clock(at)}' if at is not None else 'never'}" for share, at in times]
    return f"After their low, bids within 2 % in {name} stood again at {', at '.join(back)} (UTC)."
