"""Agents at the exchange: the book, market, line or pool that each acts on, and that it could act at all."""

from __future__ import annotations

from cascade.scenario.checks.case import Case
from cascade.scenario.checks.exchange import require_book
from cascade.scenario.model import (
    AgentSpec,
    BasisTraderSpec,
    BidderSpec,
    DeskBorrowerSpec,
    DeskLineSpec,
    DeskWhaleSpec,
    Distribution,
    ExchangeAgentSpec,
    ExchangeArbitrageurSpec,
    ExchangeKeeperSpec,
    HolderExitSpec,
    MarketMakerSpec,
    NoiseTraderSpec,
    PerpMarketSpec,
    PerpTraderSpec,
)
from cascade.units import BPS

__all__ = ["check_exchange_agent"]

_MOST_QUOTES = 64
"""Traders that may quote one perpetual, by its contract."""


def check_exchange_agent(case: Case, name: str, agent: AgentSpec) -> None:
    """Refuse an agent whose book, market or line is not there, or that could do nothing; others pass."""
    if not isinstance(agent, ExchangeAgentSpec):
        return
    key = f"agents.{name}"
    if case.spec.exchange is None:
        case.refuse(f"{key}.kind", agent.kind, "there is no exchange: add exchange")
    if isinstance(agent, MarketMakerSpec):
        _maker(case, key, agent)
    elif isinstance(agent, (BidderSpec, NoiseTraderSpec, HolderExitSpec)):
        require_book(case, f"{key}.book", agent.book)
    elif isinstance(agent, PerpTraderSpec):
        _market(case, f"{key}.market", agent.market)
    elif isinstance(agent, BasisTraderSpec):
        _basis_trader(case, key, agent)
    elif isinstance(agent, ExchangeKeeperSpec):
        _keeper(case, name)
    elif isinstance(agent, ExchangeArbitrageurSpec):
        _arbitrageur(case, key, agent)
    elif isinstance(agent, DeskBorrowerSpec):
        _desk_borrower(case, key, agent)
    elif isinstance(agent, DeskWhaleSpec):
        _desk_whale(case, key, agent)


def _maker(case: Case, key: str, agent: MarketMakerSpec) -> None:
    exchange = case.spec.exchange
    assert exchange is not None
    traded = [exchange.cash, *(book.base for book in exchange.books.values())]
    for asset in agent.inventory:
        if asset not in traded:
            case.refuse(f"{key}.inventory", asset, f"expected an asset of the exchange: {', '.join(sorted(traded))}")
    for name, ladder in agent.ladders.items():
        base = require_book(case, f"{key}.ladders", name).base
        if base not in agent.inventory:
            case.refuse(
                f"{key}.ladders.{name}.ask_size",
                str(ladder.ask_size),
                f"asks {base} and holds none: add inventory.{base}",
            )
        last_bps = ladder.spread_bps + ladder.step_bps * (ladder.levels - 1)
        if last_bps >= BPS:
            case.refuse(
                f"{key}.ladders.{name}.levels",
                ladder.levels,
                f"the last bid is {last_bps} of {BPS} under the middle: expected a price above 0",
            )
    for market in agent.short_contracts:
        _market(case, f"{key}.short_contracts", market)
    if agent.borrowed and exchange.margin is None:
        case.refuse(f"{key}.borrowed", str(agent.borrowed), "nobody lends: add exchange.margin")


def _market(case: Case, key: str, market: str) -> PerpMarketSpec:
    assert case.spec.exchange is not None
    margin = case.spec.exchange.margin
    markets = margin.markets if margin is not None else {}
    if market not in markets:
        case.refuse(key, market, f"unknown perpetual; exchange.margin.markets has {', '.join(markets) or 'none'}")
    return markets[market]


def _basis_trader(case: Case, key: str, agent: BasisTraderSpec) -> None:
    assert case.spec.exchange is not None
    market = _market(case, f"{key}.market", agent.market)
    lot = case.spec.exchange.books[market.book].lot
    if market.contract_size % lot:
        case.refuse(
            f"{key}.market",
            agent.market,
            f"a contract is {market.contract_size}, no whole number of lots of {lot}: it could not be hedged",
        )
    others = [other for other in case.spec.agents.values() if isinstance(other, BasisTraderSpec)]
    quoting = sum(other.count for other in others if other.market == agent.market)
    if quoting > _MOST_QUOTES:
        case.refuse(f"{key}.count", quoting, f"at most {_MOST_QUOTES} traders quote a market")


def _keeper(case: Case, name: str) -> None:
    first = next(other for other, agent in case.spec.agents.items() if isinstance(agent, ExchangeKeeperSpec))
    if first != name:
        case.refuse(f"agents.{name}.kind", "exchange-keeper", f"the exchange's engine is {first} already")


def _arbitrageur(case: Case, key: str, agent: ExchangeArbitrageurSpec) -> None:
    assert case.spec.exchange is not None
    book, cash = require_book(case, f"{key}.book", agent.book), case.spec.exchange.cash
    venue = case.amm(f"{key}.venue", agent.venue, second=book.base)
    if venue.coins[0] != cash:
        case.refuse(f"{key}.venue", agent.venue, f"pays {venue.coins[0]}, and the book {cash}")
    if agent.max_per_block < book.lot:
        case.refuse(f"{key}.max_per_block", str(agent.max_per_block), f"expected at least a lot, {book.lot}")


def _line(case: Case, key: str, name: str) -> DeskLineSpec:
    assert case.spec.exchange is not None
    desk = case.spec.exchange.desk
    lines = desk.lines if desk is not None else {}
    if name not in lines:
        case.refuse(key, name, f"unknown line; exchange.desk.lines has {', '.join(lines) or 'none'}")
    return lines[name]


def _desk_borrower(case: Case, key: str, agent: DeskBorrowerSpec) -> None:
    line = _line(case, f"{key}.line", agent.line)
    most = _highest(agent.ltv)
    if most * BPS > line.initial_ltv_bps:
        case.refuse(f"{key}.ltv", str(most), f"the desk lends {line.initial_ltv_bps / BPS:.2%}")


def _desk_whale(case: Case, key: str, agent: DeskWhaleSpec) -> None:
    cohort = case.spec.positions[agent.cohort]
    if cohort.pledge is None or cohort.pledge.line is None:
        case.refuse(f"{key}.cohort", agent.cohort, "owes the desk nothing: its pledge must name a line")
    line = _line(case, f"positions.{agent.cohort}.pledge.line", cohort.pledge.line)
    if agent.cure_ltv_bps >= line.margin_call_ltv_bps:
        case.refuse(
            f"{key}.cure_ltv_bps",
            agent.cure_ltv_bps,
            f"the desk calls at {line.margin_call_ltv_bps}: a cure is below that",
        )


def _highest(figure: Distribution) -> float:
    most = figure.value or figure.high
    assert most is not None
    return float(most)
