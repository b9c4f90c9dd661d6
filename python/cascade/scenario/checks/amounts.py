"""Amounts of tokens: exact in the smallest unit of what they are amounts of."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from cascade.scenario.accounts import raw_amount
from cascade.scenario.checks.case import Case
from cascade.scenario.model import (
    ArbitrageurSpec,
    BidderSpec,
    DipBuyerSpec,
    EthenaReserveSpec,
    ExchangeAgentSpec,
    ExchangeArbitrageurSpec,
    ExchangeSpec,
    HolderExitSpec,
    KeeperSpec,
    MarketMakerSpec,
    NoiseTraderSpec,
    ParMintVenue,
    ValueBuyerSpec,
)

__all__ = ["check_amounts"]


def check_amounts(case: Case) -> None:
    """Refuse the first amount that is no whole number of its asset's smallest units."""
    for key, asset, amount in _stated_amounts(case):
        try:
            raw_amount(case.spec, asset, amount)
        except ValueError as error:
            case.refuse(key, _plain(amount), str(error))


def _stated_amounts(case: Case) -> Iterator[tuple[str, str, Decimal]]:
    for asset, reserve in case.spec.lending.reserves.items():
        yield f"lending.reserves.{asset}.lenders_supply", asset, reserve.lenders_supply
    for name, venue in case.spec.venues.items():
        if isinstance(venue, ParMintVenue):
            window = venue.redemption
            for limit in ("limit_per_block", "mint_limit_per_block"):
                if getattr(window, limit) is not None:
                    yield f"venues.{name}.redemption.{limit}", venue.asset_out, getattr(window, limit)
            if window.buffer is not None:
                yield f"venues.{name}.redemption.buffer", venue.asset_in, window.buffer
        else:
            for asset, amount in venue.reserves.items():
                yield f"venues.{name}.reserves.{asset}", asset, amount
    if case.spec.ethena is not None:
        yield "ethena.staked_by_others", case.spec.ethena.staked, case.spec.ethena.staked_by_others
    if case.spec.exchange is not None:
        yield from _exchange_amounts(case.spec.exchange)
    for name, cohort in case.spec.positions.items():
        for key in ("value", "low", "high", "median"):
            amount = getattr(cohort.equity, key)
            if amount is not None:
                yield f"positions.{name}.equity.{key}", cohort.collateral, amount
    for name, agent in case.spec.agents.items():
        if case.spec.exchange is not None and isinstance(agent, ExchangeAgentSpec):
            yield from _exchange_agent_amounts(case.spec.exchange, f"agents.{name}", agent)
        if isinstance(agent, KeeperSpec):
            for asset, reserve in case.spec.lending.reserves.items():
                if reserve.borrowing:
                    yield f"agents.{name}.inventory", asset, agent.inventory
        elif isinstance(agent, EthenaReserveSpec) and case.spec.ethena is not None:
            paid = case.spec.venues[case.spec.ethena.minting]
            assert isinstance(paid, ParMintVenue)
            yield f"agents.{name}.refill_per_block", paid.asset_in, agent.refill_per_block
        elif isinstance(agent, (ValueBuyerSpec, DipBuyerSpec, ArbitrageurSpec)):
            quote, asset = case.amm(f"agents.{name}.venue", agent.venue).coins
            yield f"agents.{name}.capital", quote, agent.capital
            if isinstance(agent, ArbitrageurSpec) and agent.max_per_block is not None:
                yield f"agents.{name}.max_per_block", asset, agent.max_per_block


def _exchange_amounts(exchange: ExchangeSpec) -> Iterator[tuple[str, str, Decimal]]:
    cash = exchange.cash
    for name, book in exchange.books.items():
        yield f"exchange.books.{name}.index.floor_price", cash, book.index.floor_price
    for part, lender in (("desk", exchange.desk), ("margin", exchange.margin)):
        if lender is not None:
            yield f"exchange.{part}.capital", cash, lender.capital
            yield f"exchange.{part}.insurance_fund", cash, lender.insurance_fund
    if exchange.margin is None:
        return
    tiers = {f"collateral.{name}.tiers": collateral.tiers for name, collateral in exchange.margin.collateral.items()}
    tiers |= {f"markets.{name}.tiers": market.tiers for name, market in exchange.margin.markets.items()}
    for key, schedule in {**tiers, "debt_tiers": exchange.margin.debt_tiers}.items():
        for i, tier in enumerate(schedule):
            if tier.up_to is not None:
                yield f"exchange.margin.{key}.{i}.up_to", cash, tier.up_to
    for name, market in exchange.margin.markets.items():
        yield f"exchange.margin.markets.{name}.contract_size", exchange.books[market.book].base, market.contract_size


def _exchange_agent_amounts(
    exchange: ExchangeSpec, key: str, agent: ExchangeAgentSpec
) -> Iterator[tuple[str, str, Decimal]]:
    if isinstance(agent, MarketMakerSpec):
        yield f"{key}.borrowed", exchange.cash, agent.borrowed
        for asset, held in agent.inventory.items():
            yield f"{key}.inventory.{asset}", asset, held
        for book, ladder in agent.ladders.items():
            yield f"{key}.ladders.{book}.bid_size", exchange.books[book].base, ladder.bid_size
            yield f"{key}.ladders.{book}.ask_size", exchange.books[book].base, ladder.ask_size
    for field in ("capital", "cash"):
        if hasattr(agent, field):
            yield f"{key}.{field}", exchange.cash, getattr(agent, field)
    if isinstance(agent, (BidderSpec, NoiseTraderSpec, HolderExitSpec, ExchangeArbitrageurSpec)):
        base = exchange.books[agent.book].base
        for field in ("size", "base", "max_per_block"):
            if hasattr(agent, field):
                yield f"{key}.{field}", base, getattr(agent, field)


def _plain(amount: Decimal) -> object:
    return int(amount) if amount == amount.to_integral_value() else str(amount)
