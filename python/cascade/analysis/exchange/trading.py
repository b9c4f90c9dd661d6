"""How much was traded at the exchange, and how much of it was forced."""

from __future__ import annotations

from typing import Any

from cascade.analysis.causes.moves import FORCED_SALES
from cascade.analysis.exchange.cash import Cash
from cascade.analysis.frames import CRASH, Frames
from cascade.units import e8_to_float

__all__ = ["trading"]


def trading(frames: Frames, cash: Cash) -> dict[str, Any]:
    """Turnover of the crash phase.

    Returns
    -------
    dict
        `transactions`: of the exchange's lane, `transactions_reverted` of them reverted. `trades`: in books;
        `volume_usd`: theirs, fees included; `forced_volume_usd`: of these, engines' sales. `perp_trades`: changes of
        hands of contracts, deleveraging included; `perp_volume_usd`, and `perp_liquidated_usd`: of these, positions
        that the engine closed, by trade or by deleveraging.
    """
    sent = frames.transactions
    sent = sent[(sent["lane"] == "exchange") & (sent["phase"] == CRASH)]
    spot = [
        (cash.value_e8(row["quote_raw"], row["block_number"]), row["intent"] in FORCED_SALES)
        for row in frames.trades.to_dict("records")
    ]
    perps = [
        (cash.value_e8(abs(row["contracts"]) * row["price_raw"], row["block_number"]), row["kind"] != "trade")
        for row in frames.perp_trades.to_dict("records")
    ]
    return {
        "transactions": len(sent),
        "transactions_reverted": int((sent["status"] == "reverted").sum()),
        "trades": len(spot),
        "volume_usd": e8_to_float(sum(value for value, _ in spot)),
        "forced_volume_usd": e8_to_float(sum(value for value, is_forced in spot if is_forced)),
        "perp_trades": len(perps),
        "perp_volume_usd": e8_to_float(sum(value for value, _ in perps)),
        "perp_liquidated_usd": e8_to_float(sum(value for value, is_forced in perps if is_forced)),
    }
