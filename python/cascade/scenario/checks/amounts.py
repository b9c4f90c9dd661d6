"""Check amounts of tokens: each must be exact in the smallest unit of its asset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from cascade.scenario.accounts import raw_amount
from cascade.scenario.model import Case, ExchangeSpec, StatedAmount

__all__ = ["check_amounts", "require_exact"]


def check_amounts(case: Case) -> None:
    """Refuse the first amount that is not a whole number of its asset's smallest units."""
    require_exact(case, _stated_amounts(case))


def require_exact(case: Case, amounts: Iterable[StatedAmount]) -> None:
    """Refuse the first of some amounts, whose keys are whole paths, that its asset's smallest unit does not divide."""
    for key, asset, amount in amounts:
        try:
            raw_amount(case.spec, asset, amount)
        except ValueError as error:
            case.refuse(key, _plain(amount), str(error))


def _stated_amounts(case: Case) -> Iterator[StatedAmount]:
    """Yield every amount of a scenario, with the dotted path of its key, in the order of the sections."""
    spec = case.spec
    for asset, reserve in spec.lending.reserves.items():
        yield StatedAmount(f"lending.reserves.{asset}.lenders_supply", asset, reserve.lenders_supply)
    for name, venue in spec.venues.items():
        yield from _below(f"venues.{name}", venue.amounts())
    if spec.ethena is not None:
        yield StatedAmount("ethena.staked_by_others", spec.ethena.staked, spec.ethena.staked_by_others)
    if spec.exchange is not None:
        yield from _below("exchange", _exchange_amounts(spec.exchange))
    for name, cohort in spec.cohorts.items():
        for key, amount in cohort.equity.stated:
            yield StatedAmount(f"positions.{name}.equity.{key}", cohort.collateral, amount)
    for name, agent in spec.agents.items():
        yield from _below(f"agents.{name}", agent.amounts(spec))


def _below(key: str, amounts: Iterator[StatedAmount]) -> Iterator[StatedAmount]:
    for stated in amounts:
        yield stated._replace(key=f"{key}.{stated.key}")


def _exchange_amounts(exchange: ExchangeSpec) -> Iterator[StatedAmount]:
    cash = exchange.cash
    for name, book in exchange.books.items():
        yield StatedAmount(f"books.{name}.index.floor_price", cash, book.index.floor_price)
    for part, lender in (("desk", exchange.desk), ("margin", exchange.margin)):
        if lender is not None:
            yield StatedAmount(f"{part}.capital", cash, lender.capital)
            yield StatedAmount(f"{part}.insurance_fund", cash, lender.insurance_fund)
    if exchange.margin is None:
        return
    tiers = {f"collateral.{name}.tiers": collateral.tiers for name, collateral in exchange.margin.collateral.items()}
    tiers |= {f"markets.{name}.tiers": market.tiers for name, market in exchange.margin.markets.items()}
    for key, schedule in {**tiers, "debt_tiers": exchange.margin.debt_tiers}.items():
        for i, tier in enumerate(schedule):
            if tier.up_to is not None:
                yield StatedAmount(f"margin.{key}.{i}.up_to", cash, tier.up_to)
    for name, market in exchange.margin.markets.items():
        base = exchange.books[market.book].base
        yield StatedAmount(f"margin.markets.{name}.contract_size", base, market.contract_size)


def _plain(amount: Decimal) -> object:
    """Return the amount as a refusal shows it: like a number of the file where it is whole, else as its digits."""
    return int(amount) if amount == amount.to_integral_value() else str(amount)
