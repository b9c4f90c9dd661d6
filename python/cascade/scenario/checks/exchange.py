"""The exchange: books on a grid of whole units, and what desk and margin value by them."""

from __future__ import annotations

from decimal import Decimal

from cascade.scenario.checks.case import Case
from cascade.scenario.model import (
    BookSpec,
    ExchangeIndexOracle,
    FixedReference,
    MarginSpec,
    PathReference,
    VenueReference,
)
from cascade.scenario.sources import assets_read, sources_of

__all__ = ["check_exchange", "require_book"]

_MOST_TICKS = 2**24 - 2
"""Of a price: what a book's grid and a ladder on it hold."""

_MOST_OFF = Decimal("0.01")
_MOST_ORDERS = 256
"""Of one account in one book."""

_FEED_DECIMALS = 8


def check_exchange(case: Case) -> None:
    """Refuse books off their own grid, and a desk or margin of what is traded nowhere."""
    exchange = case.spec.exchange
    if exchange is None:
        return
    if case.spec.timeline.block_seconds < 2:
        case.refuse(
            "timeline.block_seconds",
            case.spec.timeline.block_seconds,
            "an exchange's blocks lie between the chain's: expected at least 2",
        )
    case.require_asset("exchange.cash", exchange.cash)
    if exchange.cash not in case.spec.oracle:
        case.refuse("exchange.cash", exchange.cash, f"has no price source: add oracle.{exchange.cash}")
    traded: dict[str, str] = {}
    for name, book in exchange.books.items():
        _book(case, f"exchange.books.{name}", name, book, exchange.cash)
        if traded.setdefault(book.base, name) != name:
            other = traded[book.base]
            case.refuse(f"exchange.books.{name}.base", book.base, f"is traded in {other}: an asset has one book")
    if exchange.desk is not None:
        for name in exchange.desk.lines:
            require_book(case, f"exchange.desk.lines.{name}", name)
    if exchange.margin is not None:
        _margin(case, exchange.margin)


def require_book(case: Case, key: str, name: str) -> BookSpec:
    """The book of a name; refuses the scenario where there is none.

    Raises
    ------
    ScenarioError
        Naming the books that there are.
    """
    assert case.spec.exchange is not None
    books = case.spec.exchange.books
    if name not in books:
        case.refuse(key, name, f"unknown book; exchange.books has {', '.join(books)}")
    return books[name]


def _book(case: Case, key: str, name: str, book: BookSpec, cash: str) -> None:
    for kind, names in (("asset", case.spec.assets), ("venue", case.spec.venues)):
        if name in names:
            case.refuse(key, name, f"is the name of a{'n' * (kind == 'asset')} {kind}: a book needs one of its own")
    case.require_asset(f"{key}.base", book.base)
    if book.base == cash:
        case.refuse(f"{key}.base", book.base, "is the exchange's stable, which books quote in")
    decimals, cash_decimals = case.spec.assets[book.base].decimals, case.spec.assets[cash].decimals
    if cash_decimals > decimals + _FEED_DECIMALS:
        case.refuse(f"{key}.base", book.base, f"{decimals} decimals are too few to be valued in {cash}")
    tick_raw = _whole(case, f"{key}.tick", book.tick, cash)
    lot_raw = _whole(case, f"{key}.lot", book.lot, book.base)
    if tick_raw * lot_raw % 10**decimals:
        worth = book.tick * book.lot
        case.refuse(
            f"{key}.lot",
            str(book.lot),
            f"a lot at one tick is worth {worth.normalize():f} {cash}: expected a whole number of its units, "
            f"{Decimal(1).scaleb(-cash_decimals):f}",
        )
    _price(case, f"{key}.initial_price", book.initial_price, book)
    _reference(case, key, book)
    if book.redemption is not None:
        asset = book.redemption.asset
        if asset not in case.spec.oracle:
            case.refuse(f"{key}.redemption.asset", asset, f"has no price source: add oracle.{asset}")
        if _reads_index(case, asset, name):
            case.refuse(f"{key}.redemption.asset", asset, "its price is made of this book's own index")
    if book.index.redemption_weight_bps and book.redemption is None:
        case.refuse(
            f"{key}.index.redemption_weight_bps",
            book.index.redemption_weight_bps,
            f"nobody redeems {book.base}: add {key}.redemption",
        )
    if book.index.floor_price > book.initial_price:
        case.refuse(
            f"{key}.index.floor_price", str(book.index.floor_price), f"is over initial_price, {book.initial_price}"
        )
    _forgotten(case, key, book)


def _reads_index(case: Case, asset: str, book: str) -> bool:
    """Whether a price source is made of a book's index, through other assets too; the sources have no circle."""
    source = case.spec.oracle[asset]
    return any(isinstance(part, ExchangeIndexOracle) and part.book == book for part in sources_of(source)) or any(
        _reads_index(case, other, book) for other in assets_read(case.spec, source)
    )


def _whole(case: Case, key: str, amount: Decimal, asset: str) -> int:
    """Smallest units in an amount, of which there must be a whole number."""
    decimals = case.spec.assets[asset].decimals
    scaled = amount.scaleb(decimals)
    if scaled != scaled.to_integral_value():
        case.refuse(key, str(amount), f"{asset} has {decimals} decimals")
    return int(scaled)


def _price(case: Case, key: str, price: Decimal, book: BookSpec) -> None:
    ticks = price / book.tick
    if not 1 <= ticks <= _MOST_TICKS:
        case.refuse(key, str(price), f"expected 1 to {_MOST_TICKS} ticks of {book.tick}")


def _reference(case: Case, key: str, book: BookSpec) -> None:
    reference, timeline = book.reference, case.spec.timeline
    if isinstance(reference, VenueReference):
        case.amm(f"{key}.reference.venue", reference.venue, second=book.base)
        return
    if isinstance(reference, PathReference):
        case.path.require_covers(
            [reference.asset],
            start=timeline.start_timestamp,
            end=timeline.last_timestamp,
            max_gap=case.spec.prices.max_gap,
        )
        start = Decimal(case.path.price_e8(reference.asset, timeline.start_timestamp)).scaleb(-8) * reference.ratio
    else:
        assert isinstance(reference, FixedReference)
        start = reference.price
    if abs(book.initial_price - start) > start * _MOST_OFF:
        case.refuse(
            f"{key}.initial_price",
            str(book.initial_price),
            f"its reference starts at {start.normalize():f}: expected at most {_MOST_OFF:.0%} from that",
        )


def _forgotten(case: Case, key: str, book: BookSpec) -> None:
    if len(book.forgotten_orders) > _MOST_ORDERS:
        case.refuse(f"{key}.forgotten_orders", len(book.forgotten_orders), f"expected at most {_MOST_ORDERS}")
    for i, order in enumerate(book.forgotten_orders):
        here = f"{key}.forgotten_orders.{i}"
        if order.price % book.tick:
            case.refuse(f"{here}.price", str(order.price), f"expected whole ticks of {book.tick}")
        _price(case, f"{here}.price", order.price, book)
        if order.size % book.lot:
            case.refuse(f"{here}.size", str(order.size), f"expected whole lots of {book.lot}")
        buys = order.side == "buy"
        if order.price >= book.initial_price if buys else order.price <= book.initial_price:
            case.refuse(
                f"{here}.price",
                str(order.price),
                f"would be filled at once: a forgotten {order.side} is {'under' if buys else 'over'} initial_price, "
                f"{book.initial_price}",
            )


def _margin(case: Case, margin: MarginSpec) -> None:
    for name, collateral in margin.collateral.items():
        key = f"exchange.margin.collateral.{name}"
        book = require_book(case, key, name)
        if collateral.priced_at == "redemption" and book.redemption is None:
            case.refuse(
                f"{key}.priced_at", "redemption", f"nobody redeems {book.base}: add exchange.books.{name}.redemption"
            )
    for name, market in margin.markets.items():
        key = f"exchange.margin.markets.{name}"
        require_book(case, f"{key}.book", market.book)
