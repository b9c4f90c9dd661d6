"""Net delta of the market makers at the start: whether their shorts cover what they hold."""

from __future__ import annotations

from decimal import Decimal

from cascade.analysis.frames import Frames

__all__ = ["net_deltas"]


def net_deltas(frames: Frames) -> dict[str, dict[str, float]]:
    """Return the net delta of one maker of each cohort at the start, as the scenario states it.

    Returns
    -------
    dict
        By cohort and asset, in dollars: holdings at the book's initial price less perpetuals sold short at it. The
        figure of a fully hedged asset is 0.
    """
    exchange = frames.parameters["exchange"]
    books = {entry["base"]: entry for entry in exchange["books"].values()}
    markets = (exchange.get("margin") or {}).get("markets", {})
    found = {}
    for name, agent in frames.parameters.get("agents", {}).items():
        if agent["kind"] != "market-maker":
            continue
        tokens = {asset: Decimal(str(held)) for asset, held in agent["inventory"].items() if asset in books}
        for market, contracts in agent["short_contracts"].items():
            base = exchange["books"][markets[market]["book"]]["base"]
            sold = int(contracts) * Decimal(str(markets[market]["contract_size"]))
            tokens[base] = tokens.get(base, Decimal(0)) - sold
        prices = {asset: Decimal(str(books[asset]["initial_price"])) for asset in tokens}
        found[name] = {asset: float(amount * prices[asset]) for asset, amount in tokens.items()}
    return found
