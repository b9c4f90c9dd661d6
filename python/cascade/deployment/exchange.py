"""Deploy the exchange: vault and books first, their indexes after the price sources, then desk and margin."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from cascade.chain.local import Contract, address_of
from cascade.scenario.accounts import raw_amount
from cascade.scenario.model import TierSpec
from cascade.units import BPS, WAD
from cascade.vocabulary import Intent, Role
from cascade.world.exchange import BUY, SELL, DeployedBook, DeployedExchange
from cascade.world.mirror import MarginAsset, MarginMarket, MarginTerms
from cascade.world.world import MAX_UINT256, World

__all__ = [
    "deploy_books",
    "deploy_exchange",
    "deposit",
    "index_feed",
]

_ENDLESS = 2**128 - 1
_RAY_A_BPS = 10**23
_FEED_UNIT = 10**8
_GOOD_TILL_CANCELLED, _POST_ONLY = 0, 2
_NO_ADDRESS = "0x" + "00" * 20


def deploy_books(world: World) -> None:
    """Deploy the vault, the lens and every book; they need tokens only."""
    spec = world.scenario.spec.exchange
    if spec is None:
        return
    operator, fees = world.enlist("exchange", role=Role.EXCHANGE), world.enlist("exchange-fees", role=Role.EXCHANGE)
    funds = [
        world.enlist(name, role=Role.EXCHANGE)
        for name in ("desk-insurance", "margin-insurance", "forgotten", "first-buyer", "first-seller")
    ]
    world.chain.fund([operator, fees, *funds])
    exchange = DeployedExchange(
        spec=spec,
        vault=world.deploy("ExchangeVault", fees, operator, name="ExchangeVault"),
        lens=world.deploy("ExchangeLens", name="ExchangeLens"),
    )
    world.exchange = exchange
    world.exchange_rows.watch([exchange.vault.address])
    cash_unit = 10 ** world.scenario.spec.assets[spec.cash].decimals
    for name, book in spec.books.items():
        base_unit = 10 ** world.scenario.spec.assets[book.base].decimals
        tick_raw, lot_raw = int(book.tick * cash_unit), int(book.lot * base_unit)
        contract = world.deploy(
            "SpotBook",
            exchange.vault.address,
            world.tokens[book.base].address,
            world.tokens[spec.cash].address,
            tick_raw,
            lot_raw,
            book.maker_fee_bps,
            book.taker_fee_bps,
            operator,
            name=name,
        )
        world.exchange_rows.watch([contract.address])
        exchange.books[name] = DeployedBook(name, book, contract, base_unit, cash_unit, tick_raw, lot_raw)
        world.setup([(operator, exchange.vault, "setOperator", (contract.address, True))], intent=Intent.CONFIGURE)
        if book.circuit_breaker is not None:
            breaker = book.circuit_breaker
            arguments = (breaker.fall_bps, breaker.window_seconds, breaker.halt_seconds)
            world.setup([(operator, contract, "setCircuitBreaker", arguments)], intent=Intent.CONFIGURE)
    for address, cohort in ((operator, "exchange"), (fees, "exchange"), *((fund, "exchange") for fund in funds)):
        exchange.enrol(address, cohort)


def index_feed(world: World, book: str) -> Contract:
    """Return the exchange's own index of a book, in dollars; it is deployed on first use."""
    exchange = world.require_exchange()
    if book not in exchange.index_feeds:
        exchange.index_feeds[book] = world.deploy(
            "ExchangeIndexFeed",
            exchange.books[book].contract.address,
            world.feeds[exchange.cash].address,
            name=f"{book} index",
        )
    return exchange.index_feeds[book]


def deploy_exchange(world: World) -> None:
    """Deploy indexes, desk and margin; fund them; trade once in each book, and place forgotten orders."""
    exchange = world.exchange
    if exchange is None:
        return
    operator = address_of("exchange")
    for name, book in exchange.books.items():
        index_feed(world, name)
        if book.spec.redemption is not None:
            redemption = book.spec.redemption
            exchange.redemption_feeds[name] = world.deploy(
                "RatioFeed",
                world.feeds[redemption.asset].address,
                int(redemption.ratio * WAD),
                name=f"{name} redemption",
            )
        _set_index(world, book, operator)
    _deploy_desk(world, exchange, operator)
    _deploy_margin(world, exchange, operator)
    _trade_once(world, exchange)
    _rest_forgotten_orders(world, exchange)


def deposit(world: World, amounts: Iterable[tuple[str, str, int]]) -> None:
    """Mint tokens to accounts and pay them into the exchange.

    Parameters
    ----------
    amounts : iterable of (address, asset, amount)
        In smallest units; accounts need ether.
    """
    exchange = world.require_exchange()
    wanted = [(address, asset, raw) for address, asset, raw in amounts if raw]
    for asset in dict.fromkeys(asset for _, asset, _ in wanted):
        world.mint(asset, [(address, raw) for address, known, raw in wanted if known == asset])
    vault = exchange.vault
    world.setup(
        (
            (address, world.tokens[asset], "approve", (vault.address, MAX_UINT256))
            for address, asset in dict.fromkeys((address, asset) for address, asset, _ in wanted)
        ),
        intent=Intent.APPROVE,
    )
    world.setup(
        ((address, vault, "deposit", (world.tokens[asset].address, raw, address)) for address, asset, raw in wanted),
        intent=Intent.DEPOSIT,
    )


def _set_index(world: World, book: DeployedBook, operator: str) -> None:
    index = book.spec.index
    # A book's index is its own last price unless it is told otherwise: nothing to set.
    if not index.redemption_weight_bps and not index.floor_price:
        return
    exchange = world.require_exchange()
    feed = exchange.redemption_feeds.get(book.name)
    floor = int(index.floor_price * book.cash_unit)
    # A floor alone needs no redemption feed.
    arguments = (feed.address if feed is not None else _NO_ADDRESS, index.redemption_weight_bps, floor)
    world.setup([(operator, book.contract, "setIndex", arguments)], intent=Intent.CONFIGURE)


def _deploy_desk(world: World, exchange: DeployedExchange, operator: str) -> None:
    spec = exchange.spec.desk
    if spec is None:
        return
    fund = address_of("desk-insurance")
    desk = exchange.desk = world.deploy("LoanDesk", exchange.vault.address, fund, operator, name="LoanDesk")
    world.exchange_rows.watch([desk.address])
    world.setup([(operator, exchange.vault, "setOperator", (desk.address, True))], intent=Intent.CONFIGURE)
    for name, line in spec.lines.items():
        terms = (
            line.initial_ltv_bps,
            line.margin_call_ltv_bps,
            line.liquidation_ltv_bps,
            line.liquidation_fee_bps,
            line.sale_share_bps,
            line.call_seconds,
            line.pause_seconds,
            line.rate_bps * _RAY_A_BPS,
        )
        arguments = (exchange.books[name].contract.address, exchange.index_feeds[name].address, terms)
        world.setup([(operator, desk, "addLine", arguments)], intent=Intent.CONFIGURE)
        exchange.lines[name] = len(exchange.lines)
    _pay_in(world, exchange, desk.address, spec.capital)
    _pay_in(world, exchange, fund, spec.insurance_fund)


def _deploy_margin(world: World, exchange: DeployedExchange, operator: str) -> None:
    spec = exchange.spec.margin
    if spec is None:
        return
    fund, cash = address_of("margin-insurance"), world.tokens[exchange.cash]
    margin = exchange.margin = world.deploy(
        "UnifiedMargin", exchange.vault.address, cash.address, fund, operator, name="UnifiedMargin"
    )
    world.exchange_rows.watch([margin.address])
    world.margin.watch(margin)
    calls: list[tuple[Contract, str, tuple[object, ...]]] = [
        (exchange.vault, "setOperator", (margin.address, True)),
        (exchange.vault, "setGuard", (margin.address,)),
    ]
    cash_unit = 10 ** world.scenario.spec.assets[exchange.cash].decimals
    assets, markets = list[MarginAsset](), list[MarginMarket]()
    for number, (name, collateral) in enumerate(spec.collateral.items()):
        feeds = exchange.redemption_feeds if collateral.priced_at == "redemption" else exchange.index_feeds
        tiers = _tiers(collateral.tiers, cash_unit)
        calls.append((margin, "addAsset", (exchange.books[name].contract.address, feeds[name].address, tiers)))
        if collateral.haircut_add_on_bps:
            calls.append((margin, "setAsset", (number, tiers, collateral.haircut_add_on_bps)))
        exchange.collateral[name] = number
        book = exchange.books[name]
        unit = book.base_unit * _FEED_UNIT // cash_unit
        assets.append(MarginAsset(book.base, feeds[name], unit, int(collateral.haircut_add_on_bps), tuple(tiers)))
    for number, (name, market) in enumerate(spec.markets.items()):
        tiers = _tiers(market.tiers, cash_unit)
        size_wad = int(market.contract_size * WAD)
        calls.append((margin, "addMarket", (exchange.index_feeds[market.book].address, size_wad, tiers)))
        funding_wad = int(market.funding_bps_8h * WAD / BPS)
        calls.append((margin, "setMarket", (number, tiers, funding_wad, market.fee_bps)))
        exchange.markets[name] = number
        feed = exchange.index_feeds[market.book]
        markets.append(MarginMarket(name, number, feed, size_wad, funding_wad, tuple(tiers)))
    rules = spec.rules
    levels = (rules.free, rules.warning, rules.reduce_only, rules.liquidation)
    arguments = (*(int(level * WAD) for level in levels), rules.slice_bps, rules.fee_bps, rules.pause_seconds)
    calls += [
        (margin, "setRules", (arguments,)),
        (margin, "setLending", (spec.rate_bps * _RAY_A_BPS, _tiers(spec.debt_tiers, cash_unit))),
    ]
    world.setup(((operator, contract, function, given) for contract, function, given in calls), intent=Intent.CONFIGURE)
    terms = MarginTerms(
        assets=tuple(assets),
        markets=tuple(markets),
        debt_tiers=tuple(_tiers(spec.debt_tiers, cash_unit)),
        warning_wad=arguments[1],
        reduce_only_wad=arguments[2],
        liquidation_wad=arguments[3],
        rate_ray=spec.rate_bps * _RAY_A_BPS,
        cash_unit=cash_unit,
    )
    world.margin.begin(margin, terms)
    _pay_in(world, exchange, margin.address, spec.capital)
    _pay_in(world, exchange, fund, spec.insurance_fund)


def _tiers(tiers: Sequence[TierSpec], cash_unit: int) -> list[tuple[int, int]]:
    return [(_ENDLESS if tier.up_to is None else int(tier.up_to * cash_unit), tier.rate_bps) for tier in tiers]


def _pay_in(world: World, exchange: DeployedExchange, account: str, amount: Decimal) -> None:
    """Deposit the operator's own money for one of its accounts."""
    raw, operator, cash = raw_amount(world.scenario.spec, exchange.cash, amount), address_of("exchange"), exchange.cash
    if not raw:
        return
    token = world.tokens[cash]
    world.mint(cash, [(operator, raw)])
    world.setup(
        [
            (operator, token, "approve", (exchange.vault.address, raw)),
            (operator, exchange.vault, "deposit", (token.address, raw, account)),
        ],
        intent=Intent.DEPOSIT,
    )


def _trade_once(world: World, exchange: DeployedExchange) -> None:
    """Trade one lot at the initial price: a book without a last price and with one side empty would have no index."""
    buyer, seller = address_of("first-buyer"), address_of("first-seller")
    for book in exchange.books.values():
        price_raw = book.price_raw(int(book.spec.initial_price * WAD))
        deposit(world, [(seller, book.base, book.lot_raw), (buyer, exchange.cash, book.value_raw(1, price_raw))])
        for account, side in ((seller, SELL), (buyer, BUY)):
            world.setup(
                [(account, book.contract, "placeLimit", (side, price_raw, 1, _GOOD_TILL_CANCELLED))], intent=Intent.LIST
            )


def _rest_forgotten_orders(world: World, exchange: DeployedExchange) -> None:
    forgotten = address_of("forgotten")
    for book in exchange.books.values():
        for order in book.spec.forgotten_orders:
            lots = book.lots(raw_amount(world.scenario.spec, book.base, order.size))
            price_raw = int(order.price * book.cash_unit)
            buys = order.side == "buy"
            paid = (exchange.cash, book.value_raw(lots, price_raw)) if buys else (book.base, lots * book.lot_raw)
            deposit(world, [(forgotten, *paid)])
            arguments = (BUY if buys else SELL, price_raw, lots, _POST_ONLY)
            world.setup([(forgotten, book.contract, "placeLimit", arguments)], intent=Intent.REST)
