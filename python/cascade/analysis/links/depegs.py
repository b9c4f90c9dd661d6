"""Find depegs: an asset below its start at a pool, or an issued token below its redemption value in a book."""

from __future__ import annotations

from fractions import Fraction

from cascade.analysis.frames import Parameters
from cascade.analysis.links.evidence import Evidence
from cascade.analysis.links.model import Link, Point, Split
from cascade.analysis.links.spells import lowest_spell
from cascade.units import E8, WAD
from cascade.vocabulary import LinkBasis, LinkKind, PriceSource

__all__ = ["chain_depegs", "exchange_depegs", "forgotten_at", "redemption_usd"]

LINE = Fraction(99, 100)
"""Share of its value under which an asset has lost its peg."""


def chain_depegs(run: Evidence) -> list[Link]:
    """Return the depeg of each asset at the pool of the chain where it fell most.

    Prices are those at the ends of blocks. An asset of the price path is left out: its pools follow the path.
    """
    deepest: dict[str, tuple[Fraction, str]] = {}
    for market in run.markets:
        if ":" in market:
            continue
        points = _block_ends(run, market)
        asset = _asset(run, market)
        # Such a pool is led along the path by the exogenous flow: its fall is the macro shock, and no depeg.
        if asset in run.path_assets or not points[0].value:
            continue
        low = min(point.value for point in points) / points[0].value
        deepest[asset] = min(deepest.get(asset, (low, market)), (low, market))
    links = []
    for asset, (_, market) in sorted(deepest.items()):
        points = _block_ends(run, market)
        start = points[0].value
        spell = lowest_spell(points, start * LINE)
        if spell is None:
            continue
        low = points[spell.low].value
        links.append(
            Link(
                LinkKind.CHAIN_DEPEG.of(asset),
                f"{asset} fell in the pool {market} from {float(start):.4f} to {float(low):.4f}.",
                spell.started,
                spell.peaked,
                spell.ended,
                100 * (1 - low / start),
                "% of the start",
                low,
                "in the pool's quote coin",
                LinkBasis.LEDGER,
                _split(run, market, 0, spell.peaked.block),
            )
        )
    return links


def exchange_depegs(run: Evidence) -> list[Link]:
    """Return the falls of books' own prices under the redemption value of their asset.

    The ledger runs from the last moment at which the price was at the line to its lowest ratio: before it, price and
    value moved together.
    """
    links = []
    for book, spec in sorted(run.books.items()):
        if f"book:{book}" not in run.markets or not spec.get("redemption"):
            continue
        moves = run.market(f"book:{book}")
        points = _ratios(run, book, spec)
        spell = lowest_spell(points, LINE)
        if spell is None:
            continue
        low = points[spell.low].value
        # Point n + 1 belongs to move n: one row less than points.
        price = Fraction(moves.rows[max(spell.low - 1, 0)].price_after_wad, WAD)
        what = f"{spec['base']} fell in {book} to {float(price):.6g}, {float(100 * low):.1f} % of its redemption value"
        if forgotten_at(spec, price):
            what += ": the price of a forgotten order, an input"
        links.append(
            Link(
                LinkKind.EXCHANGE_DEPEG.of(spec["base"]),
                f"{what}.",
                spell.started,
                spell.peaked,
                spell.ended,
                100 * (1 - low),
                "% under redemption",
                low,
                "of redemption",
                LinkBasis.LEDGER,
                _split_moves(run, book, max(spell.first - 1, 0), spell.low),
            )
        )
    return links


def redemption_usd(run: Evidence, spec: Parameters, block: int) -> Fraction | None:
    """Return the price that the issuer of a book's asset pays at a block, in dollars; None where no table has it."""
    recorded = run.prices.at(spec["base"], PriceSource.REDEMPTION, block)
    if recorded is not None:
        return Fraction(recorded, E8)
    value = spec["redemption"]
    price = run.prices.last(value["asset"], PriceSource.ORACLE, block)
    return None if price is None else Fraction(price, E8) * Fraction(str(value["ratio"]))


def forgotten_at(spec: Parameters, price: Fraction) -> bool:
    """Return whether a price is that of an order that the scenario left in the book."""
    return any(Fraction(str(order["price"])) == price for order in spec.get("forgotten_orders") or [])


def _split(run: Evidence, market: str, first: int, block: int) -> Split:
    moves = run.market(market)
    return lambda: moves.split(first, moves.until(block))


def _split_moves(run: Evidence, book: str, first: int, last: int) -> Split:
    moves = run.market(f"book:{book}")
    return lambda: moves.split(first, last)


def _asset(run: Evidence, market: str) -> str:
    return run.market(market).rows[0].asset


def _block_ends(run: Evidence, market: str) -> list[Point]:
    """Return the price when the crash began, and the price at the end of each block that moved it."""
    rows = run.market(market).rows
    points = [Point(run.start, Fraction(rows[0].price_before_wad, WAD))]
    ends = {row.block_number: row for row in rows}
    return points + [Point(run.moment(row), Fraction(row.price_after_wad, WAD)) for row in ends.values()]


def _ratios(run: Evidence, book: str, spec: Parameters) -> list[Point]:
    """Return own price over redemption value, at the start and after each move; point n + 1 is that of move n."""
    moves = run.market(f"book:{book}")
    points = []
    for number, row in enumerate([moves.rows[0], *moves.rows]):
        # The start is valued before the first block of the crash, whose own posts have not happened yet.
        block = run.start.block - 1 if number == 0 else row.block_number
        value = redemption_usd(run, spec, block)
        stable = run.prices.last(run.cash, PriceSource.ORACLE, block)
        price = Fraction(row.price_before_wad if number == 0 else row.price_after_wad, WAD)
        dollars = price * Fraction(E8 if stable is None else stable, E8)
        at = run.start if number == 0 else run.moment(row)
        points.append(Point(at, dollars / value if value else Fraction(1)))
    return points
