"""What agents at the exchange need of it: books, markets, assets, amounts."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from cascade.scenario.model import (
    AgentSpec,
    BasisTraderSpec,
    BidderSpec,
    ExchangeSpec,
    MarketMakerSpec,
    NoiseTraderSpec,
    PerpTraderSpec,
    ScenarioSpec,
)

__all__ = ["Fault", "exchange_agent_amounts", "exchange_agent_faults"]

_BPS = 10_000
_MOST_QUOTES = 64
"""Makers that may quote one perpetual, by its contract."""

Fault = tuple[str, object, str]
"""Key, the value there, and what would be right."""


def exchange_agent_faults(spec: ScenarioSpec, name: str, agent: AgentSpec) -> Iterator[Fault]:
    """What is wrong with a maker, bidder, trader or noise; nothing for every other kind."""
    if not isinstance(agent, (MarketMakerSpec, BidderSpec, PerpTraderSpec, BasisTraderSpec, NoiseTraderSpec)):
        return
    key, exchange = f"agents.{name}", spec.exchange
    if exchange is None:
        yield f"{key}.kind", agent.kind, "there is no exchange: add exchange"
        return
    if isinstance(agent, MarketMakerSpec):
        yield from _maker_faults(key, agent, exchange)
    elif isinstance(agent, (BidderSpec, NoiseTraderSpec)):
        yield from _book_faults(f"{key}.book", agent.book, exchange)
    else:
        yield from _market_faults(f"{key}.market", agent.market, exchange)
    if isinstance(agent, BasisTraderSpec):
        quoting = sum(
            other.count
            for other in spec.agents.values()
            if isinstance(other, BasisTraderSpec) and other.market == agent.market
        )
        if quoting > _MOST_QUOTES:
            yield f"{key}.count", quoting, f"at most {_MOST_QUOTES} traders quote a market"


def exchange_agent_amounts(spec: ScenarioSpec, name: str, agent: AgentSpec) -> Iterator[tuple[str, str, Decimal]]:
    """Key, asset and amount of every amount of tokens that such an agent states."""
    key, exchange = f"agents.{name}", spec.exchange
    if exchange is None:
        return
    cash = exchange.cash
    if isinstance(agent, MarketMakerSpec):
        yield f"{key}.borrowed", cash, agent.borrowed
        for asset, held in agent.inventory.items():
            yield f"{key}.inventory.{asset}", asset, held
        for book, ladder in agent.ladders.items():
            yield f"{key}.ladders.{book}.bid_size", exchange.books[book].base, ladder.bid_size
            yield f"{key}.ladders.{book}.ask_size", exchange.books[book].base, ladder.ask_size
    elif isinstance(agent, BidderSpec):
        yield f"{key}.capital", cash, agent.capital
        yield f"{key}.size", exchange.books[agent.book].base, agent.size
    elif isinstance(agent, BasisTraderSpec):
        yield f"{key}.cash", cash, agent.cash
    elif isinstance(agent, NoiseTraderSpec):
        yield f"{key}.cash", cash, agent.cash
        yield f"{key}.base", exchange.books[agent.book].base, agent.base


def _maker_faults(key: str, agent: MarketMakerSpec, exchange: ExchangeSpec) -> Iterator[Fault]:
    for book, ladder in agent.ladders.items():
        yield from _book_faults(f"{key}.ladders", book, exchange)
        last_bps = ladder.spread_bps + ladder.step_bps * (ladder.levels - 1)
        if last_bps >= _BPS:
            yield (
                f"{key}.ladders.{book}.levels",
                ladder.levels,
                f"the last bid is {last_bps} of {_BPS} under the middle",
            )
    traded = {exchange.cash, *(book.base for book in exchange.books.values())}
    for asset in agent.inventory:
        if asset not in traded:
            yield f"{key}.inventory", asset, f"expected an asset of the exchange: {', '.join(sorted(traded))}"
    for market in agent.short_contracts:
        yield from _market_faults(f"{key}.short_contracts", market, exchange)
    if agent.borrowed and exchange.margin is None:
        yield f"{key}.borrowed", str(agent.borrowed), "nobody lends: add exchange.margin"


def _book_faults(key: str, book: str, exchange: ExchangeSpec) -> Iterator[Fault]:
    if book not in exchange.books:
        yield key, book, f"unknown book; exchange.books has {', '.join(exchange.books)}"


def _market_faults(key: str, market: str, exchange: ExchangeSpec) -> Iterator[Fault]:
    markets = exchange.margin.markets if exchange.margin is not None else {}
    if market not in markets:
        yield key, market, f"unknown perpetual; exchange.margin.markets has {', '.join(markets) or 'none'}"
    elif markets[market].book not in exchange.books:
        yield f"exchange.margin.markets.{market}.book", markets[market].book, "expected a book of exchange.books"
