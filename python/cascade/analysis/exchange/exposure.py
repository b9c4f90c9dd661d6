"""Net delta of the market makers at the start: whether their shorts cover what they hold."""

from __future__ import annotations

from fractions import Fraction

from cascade.analysis.exchange.members import Members
from cascade.analysis.frames import Frames

__all__ = ["net_deltas"]


def net_deltas(frames: Frames) -> dict[str, dict[str, float]]:
    """Return the net delta of the average maker of each cohort at the start, as the scenario states or draws it.

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
        members = Members(frames, name)
        tokens = {asset: _average(members, f"inventory.{asset}") for asset in agent["inventory"] if asset in books}
        for market in agent["short_contracts"]:
            base = exchange["books"][markets[market]["book"]]["base"]
            sold = _average(members, f"short_contracts.{market}") * Fraction(str(markets[market]["contract_size"]))
            tokens[base] = tokens.get(base, Fraction(0)) - sold
        prices = {asset: Fraction(str(books[asset]["initial_price"])) for asset in tokens}
        found[name] = {asset: float(amount * prices[asset]) for asset, amount in tokens.items()}
    return found


def _average(members: Members, key: str) -> Fraction:
    held = [members.figure(account, key) * members.figure(account, "scale", 1) for account in members.accounts]
    return sum(held, Fraction(0)) / len(held)
