"""Word the figures of the exchange, from the summary alone."""

from __future__ import annotations

from collections.abc import Iterator

from cascade.analysis.exchange.digest import ExchangeFigures
from cascade.report.shared.figures import clock, counted, dollars

__all__ = ["exchange_reading"]


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
    for cohort, deltas in exchange.net_delta_usd.items():
        held = ", ".join(f"{asset} {dollars(usd)}" for asset, usd in deltas.items())
        yield f"Net delta of each account of {cohort} at the start: {held}."
