"""Sum how much was traded at the exchange, and how much of it was forced."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.analysis.exchange.cash import Cash
from cascade.analysis.frames import Frames
from cascade.recording.tables import PerpTradeRow, TradeRow
from cascade.units import e8_to_float
from cascade.vocabulary import FORCED_SALES, Lane, PerpTradeKind, Phase, TransactionStatus

__all__ = ["Trading", "trading"]


@dataclass(frozen=True, kw_only=True)
class Trading:
    """Turnover at the exchange in the crash phase."""

    transactions: int
    """Number of transactions of the exchange."""
    transactions_reverted: int
    """Number of those that reverted."""
    trades: int
    """Number of fills in the books."""
    volume_usd: float
    """Their volume, fees included, in dollars."""
    forced_volume_usd: float
    """The part of it that the engines sold."""
    perp_trades: int
    """Number of fills of perpetual contracts, auto-deleveraging included."""
    perp_volume_usd: float
    """Their volume, in dollars."""
    perp_liquidated_usd: float
    """The part of it that the engine closed, by a trade or by auto-deleveraging."""


def trading(frames: Frames, cash: Cash) -> Trading:
    """Return the turnover of the crash phase."""
    sent = frames.transactions
    # Deposits and withdrawals are transactions of the chain, and are counted there.
    sent = sent[(sent["lane"] == Lane.EXCHANGE) & (sent["phase"] == Phase.CRASH)]
    spot = [
        (cash.value_e8(row.quote_raw, row.block_number), row.intent in FORCED_SALES) for row in frames.rows(TradeRow)
    ]
    perps = [
        (cash.value_e8(abs(row.contracts) * row.price_raw, row.block_number), row.kind != PerpTradeKind.TRADE)
        for row in frames.rows(PerpTradeRow)
    ]
    return Trading(
        transactions=len(sent),
        transactions_reverted=int((sent["status"] == TransactionStatus.REVERTED).sum()),
        trades=len(spot),
        volume_usd=e8_to_float(sum(value for value, _ in spot)),
        forced_volume_usd=e8_to_float(sum(value for value, is_forced in spot if is_forced)),
        perp_trades=len(perps),
        perp_volume_usd=e8_to_float(sum(value for value, _ in perps)),
        perp_liquidated_usd=e8_to_float(sum(value for value, is_forced in perps if is_forced)),
    )
