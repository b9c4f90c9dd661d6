"""Judge the exchange's margin accounts before anything is started: whether each could open as the scenario states it.

The margin engine decides on chain, at the index of its books when set-up is over. Before that the index is taken to be
the initial price of each book, which the first ladders stand around. The debt of a market maker is judged exactly, with
the interest of the second that passes between borrowing and withdrawing. The price at which a trader's position opens
depends on who quotes, so that a trader who misses the line by less than a thousandth is left to the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from cascade.agents.perp_traders import drawn_traders
from cascade.errors import ScenarioError
from cascade.scenario.load import Scenario
from cascade.scenario.members import members_of
from cascade.scenario.model import (
    BookSpec,
    CollateralSpec,
    ExchangeSpec,
    MarginSpec,
    MarketMakerSpec,
    PerpTraderSpec,
    Sections,
    TierSpec,
    amount_of,
)
from cascade.scenario.sources import initial_price_usd
from cascade.units import BPS

__all__ = ["check_accounts"]

_TOLERANCE = Decimal("0.999")
_OPENING_SECONDS = 1
"""Time from borrowing to withdrawing in set-up, whose interest counts when the withdrawal is judged."""
_YEAR = 365 * 24 * 60 * 60
_HALVINGS = 100
_LEVERAGE_STEP = Decimal("0.01")


def check_accounts(scenario: Scenario) -> None:
    """Refuse market makers whose debt, and traders whose leverage, the margin engine would not accept.

    Raises
    ------
    ScenarioError
        For the first such account, by its name: with the figure, the margin ratio that it would have, the line that it
        has to reach, and the largest figure that fits.
    """
    exchange = scenario.spec.exchange
    if exchange is None or exchange.margin is None:
        return
    for name, agent in scenario.spec.agents.items():
        if isinstance(agent, MarketMakerSpec):
            for member, own in members_of(name, agent, scenario.spec, seed=scenario.seed):
                _check_maker(scenario, exchange, exchange.margin, own, entry=name, member=member)
        elif isinstance(agent, PerpTraderSpec):
            _check_traders(scenario, exchange, exchange.margin, name, agent)


def _check_maker(
    scenario: Scenario, exchange: ExchangeSpec, margin: MarginSpec, agent: MarketMakerSpec, *, entry: str, member: str
) -> None:
    free, scale, borrowed = margin.rules.free, amount_of(agent.scale), amount_of(agent.borrowed)
    growth = 1 + Decimal(margin.rate_bps * _OPENING_SECONDS) / (BPS * _YEAR)
    if not borrowed:
        return
    inventory = {asset: amount_of(held) * scale for asset, held in agent.inventory.items()}
    adjusted = inventory.get(exchange.cash, Decimal(0)) + sum(
        _counted(
            margin.collateral[book], held * _valued_at(scenario.spec, exchange.books[book], margin.collateral[book])
        )
        for book in margin.collateral
        if (held := inventory.get(exchange.books[book].base))
    )

    def ratio(debt: Decimal) -> Decimal:
        # The stables borrowed leave the exchange, so that only the debt stays.
        owed = debt * growth
        return _ratio(adjusted - owed, _applied(margin.debt_tiers, owed))

    if ratio(borrowed * scale) >= free:
        return
    low, high = Decimal(0), borrowed * scale
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if ratio(middle) >= free else (low, middle)
    # A scaled maker is told the debt that it would state, not the one that it would have.
    _refuse(
        scenario,
        key=f"agents.{entry}.borrowed",
        value=f"{borrowed.normalize():f}",
        who=member,
        ratio=ratio(borrowed * scale),
        line=f"rules.free {free}",
        most=f"{int(low / scale)} {exchange.cash} fit",
    )


def _check_traders(
    scenario: Scenario, exchange: ExchangeSpec, margin: MarginSpec, name: str, agent: PerpTraderSpec
) -> None:
    market, warning = margin.markets[agent.market], margin.rules.warning
    contract = market.contract_size * exchange.books[market.book].initial_price

    def ratio(equity: Decimal, leverage: Decimal) -> Decimal:
        notional = equity * leverage // contract * contract
        return _ratio(equity - notional * market.fee_bps / BPS, _applied(market.tiers, notional))

    for member, equity, leverage in drawn_traders(name, agent, scenario.seed):
        own, times = Decimal(equity), Decimal(leverage)
        if ratio(own, times) >= warning * _TOLERANCE:
            continue
        most = times.quantize(_LEVERAGE_STEP)
        while most > 0 and ratio(own, most) < warning:
            most -= _LEVERAGE_STEP
        _refuse(
            scenario,
            key=f"agents.{name}.leverage",
            value=f"{leverage:.4f}",
            who=f"{member}, with an equity of {equity:.2f},",
            ratio=ratio(own, times),
            line=f"rules.warning {warning}",
            most=f"a leverage of {most:f} fits",
        )


def _refuse(scenario: Scenario, *, key: str, value: str, who: str, ratio: Decimal, line: str, most: str) -> None:
    raise ScenarioError(
        file=scenario.file,
        key=key,
        value=value,
        expected=f"{who} would open at a uniMMR of {ratio:.4f}, under {line}: {most}",
    )


def _ratio(adjusted: Decimal, maintenance: Decimal) -> Decimal:
    if maintenance:
        return adjusted / maintenance
    return Decimal("Infinity") if adjusted >= 0 else Decimal("-Infinity")


def _valued_at(spec: Sections, book: BookSpec, terms: CollateralSpec) -> Decimal:
    """Return the price that the margin engine values a book's base at when the crash begins, in the stable."""
    redemption = Decimal(0)
    if book.redemption is not None:
        redemption = initial_price_usd(spec, book.redemption.asset) * book.redemption.ratio
    if terms.priced_at == "redemption":
        return redemption
    weight = Decimal(book.index.redemption_weight_bps) / BPS
    return max(book.initial_price * (1 - weight) + redemption * weight, book.index.floor_price)


def _counted(terms: CollateralSpec, value: Decimal) -> Decimal:
    return _applied(terms.tiers, value) * (BPS - terms.haircut_add_on_bps) / BPS


def _applied(tiers: Sequence[TierSpec], value: Decimal) -> Decimal:
    """Return the sum of the parts of a value in each bracket, each at the rate of its bracket."""
    total, start = Decimal(0), Decimal(0)
    for tier in tiers:
        end = value if tier.up_to is None else min(value, tier.up_to)
        if end > start:
            total += (end - start) * tier.rate_bps / BPS
            start = end
    return total
