"""Check the exchange: books on a grid of whole units, and the loans and margins that are valued by them."""

from __future__ import annotations

from decimal import Decimal

from cascade.scenario.model import BookSpec, Case, MarginSpec, PathReference, VenueReference
from cascade.scenario.sources import assets_read, sources_of

__all__ = ["check_exchange"]

_MOST_TICKS = 2**24 - 2
"""Highest price in ticks; the book's contract indexes its price levels with 24 bits."""

_MOST_OFF = Decimal("0.01")
"""Largest relative distance of a book's initial price from its reference."""

_MOST_ORDERS = 256
"""Orders that one account may have in one book, by its contract."""

_FEED_DECIMALS = 8


def check_exchange(case: Case) -> None:
    """Refuse books that do not fit their own grid, and a desk or margin accounts of assets that are traded nowhere."""
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
    case.require_priced("exchange.cash", exchange.cash)
    traded: dict[str, str] = {}
    for name, book in exchange.books.items():
        _check_book(case, f"exchange.books.{name}", name, book, exchange.cash)
        # Views and indexes find the book of an asset by the asset.
        if traded.setdefault(book.base, name) != name:
            other = traded[book.base]
            case.refuse(f"exchange.books.{name}.base", book.base, f"is traded in {other}: an asset has one book")
    if exchange.desk is not None:
        for name in exchange.desk.lines:
            case.book(f"exchange.desk.lines.{name}", name)
    if exchange.margin is not None:
        _check_margin(case, exchange.margin)


def _check_book(case: Case, key: str, name: str, book: BookSpec, cash: str) -> None:
    for kind, names in (("asset", case.spec.assets), ("venue", case.spec.venues)):
        if name in names:
            case.refuse(key, name, f"is the name of a{'n' * (kind == 'asset')} {kind}: a book needs one of its own")
    case.require_asset(f"{key}.base", book.base)
    if book.base == cash:
        case.refuse(f"{key}.base", book.base, "is the exchange's stable, which books quote in")
    decimals, cash_decimals = case.spec.assets[book.base].decimals, case.spec.assets[cash].decimals
    # The contracts divide by 10^(base decimals + feed decimals - stable decimals): the exponent must not be negative.
    if cash_decimals > decimals + _FEED_DECIMALS:
        case.refuse(f"{key}.base", book.base, f"{decimals} decimals are too few to be valued in {cash}")
    tick_raw = _to_units(case, f"{key}.tick", book.tick, cash)
    lot_raw = _to_units(case, f"{key}.lot", book.lot, book.base)
    # A trade pays price times size in whole units of the stable: the smallest trade must come out even.
    if tick_raw * lot_raw % 10**decimals:
        worth = book.tick * book.lot
        case.refuse(
            f"{key}.lot",
            str(book.lot),
            f"a lot at one tick is worth {worth.normalize():f} {cash}: expected a whole number of its units, "
            f"{Decimal(1).scaleb(-cash_decimals):f}",
        )
    _require_on_grid(case, f"{key}.initial_price", book.initial_price, book)
    _check_reference(case, key, book)
    if book.redemption is not None:
        asset = book.redemption.asset
        case.require_priced(f"{key}.redemption.asset", asset)
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
            f"{key}.index.floor_price", str(book.index.floor_price), f"is above initial_price, {book.initial_price}"
        )
    _check_forgotten_orders(case, key, book)


def _reads_index(case: Case, asset: str, book: str) -> bool:
    """Return whether an asset's price depends on a book's index, through other assets too.

    The sources have been checked and contain no circle, so that the recursion ends.
    """
    source = case.spec.oracle[asset]
    return any(part.book_read == book for part in sources_of(source)) or any(
        _reads_index(case, other, book) for other in assets_read(case.spec, source)
    )


def _to_units(case: Case, key: str, amount: Decimal, asset: str) -> int:
    """Return an amount in smallest units, and refuse one that is not a whole number of them."""
    decimals = case.spec.assets[asset].decimals
    scaled = amount.scaleb(decimals)
    if scaled != scaled.to_integral_value():
        case.refuse(key, str(amount), f"{asset} has {decimals} decimals")
    return int(scaled)


def _require_on_grid(case: Case, key: str, price: Decimal, book: BookSpec) -> None:
    ticks = price / book.tick
    if not 1 <= ticks <= _MOST_TICKS:
        case.refuse(key, str(price), f"expected 1 to {_MOST_TICKS} ticks of {book.tick}")


def _check_reference(case: Case, key: str, book: BookSpec) -> None:
    reference = book.reference
    if isinstance(reference, VenueReference):
        # The pool's price when the crash begins is known only once the positions are built.
        case.pool(f"{key}.reference.venue", reference.venue, second=book.base)
        return
    if isinstance(reference, PathReference):
        case.require_path([reference.asset])
        price_e8 = case.path.price_e8(reference.asset, case.spec.timeline.start_timestamp)
        start = Decimal(price_e8).scaleb(-_FEED_DECIMALS) * reference.ratio
    else:
        start = reference.price
    if abs(book.initial_price - start) > start * _MOST_OFF:
        case.refuse(
            f"{key}.initial_price",
            str(book.initial_price),
            f"its reference starts at {start.normalize():f}: expected at most {_MOST_OFF:.0%} from that",
        )


def _check_forgotten_orders(case: Case, key: str, book: BookSpec) -> None:
    if len(book.forgotten_orders) > _MOST_ORDERS:
        case.refuse(f"{key}.forgotten_orders", len(book.forgotten_orders), f"expected at most {_MOST_ORDERS}")
    for i, order in enumerate(book.forgotten_orders):
        here = f"{key}.forgotten_orders.{i}"
        if order.price % book.tick:
            case.refuse(f"{here}.price", str(order.price), f"expected whole ticks of {book.tick}")
        _require_on_grid(case, f"{here}.price", order.price, book)
        if order.size % book.lot:
            case.refuse(f"{here}.size", str(order.size), f"expected whole lots of {book.lot}")
        # An order across the initial price would be filled by the first quotes around it.
        buys = order.side == "buy"
        if order.price >= book.initial_price if buys else order.price <= book.initial_price:
            case.refuse(
                f"{here}.price",
                str(order.price),
                f"would be filled at once: a forgotten {order.side} is {'under' if buys else 'over'} initial_price, "
                f"{book.initial_price}",
            )


def _check_margin(case: Case, margin: MarginSpec) -> None:
    for name, collateral in margin.collateral.items():
        key = f"exchange.margin.collateral.{name}"
        book = case.book(key, name)
        if collateral.priced_at == "redemption" and book.redemption is None:
            case.refuse(
                f"{key}.priced_at", "redemption", f"nobody redeems {book.base}: add exchange.books.{name}.redemption"
            )
    for name, market in margin.markets.items():
        key = f"exchange.margin.markets.{name}"
        case.book(f"{key}.book", market.book)
