"""Summarise the exchange in a few figures."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from cascade.analysis.exchange.cash import Cash
from cascade.analysis.exchange.depth import RETURN_SHARES_BPS, BookDepth, book_depths
from cascade.analysis.exchange.desk_spiral import DeskSale, DeskSpiral, desk_spirals
from cascade.analysis.exchange.exposure import net_deltas
from cascade.analysis.exchange.falls import BookFall, book_falls
from cascade.analysis.exchange.forced import ForcedSales, Losses, forced_sales, losses
from cascade.analysis.exchange.leverage import CohortLeverage, cohort_leverages
from cascade.analysis.exchange.takeovers import Takeovers, takeovers
from cascade.analysis.exchange.trading import Trading, trading
from cascade.analysis.frames import Frames
from cascade.analysis.moments import utc
from cascade.analysis.prices.pricebook import PriceBook
from cascade.units import WAD, e8_to_float, to_tokens

__all__ = ["BookFigures", "ExchangeFigures", "LeverageFigures", "exchange_figures"]


@dataclass(frozen=True)
class BookFigures:
    """The crash of one book; prices are in the exchange's stable. Figures are null for a book without a trade."""

    asset: str
    """Asset that the book trades."""
    start: float | None
    """Own price when the crash began; the first one of the crash for a book that had none."""
    low: float | None
    """Lowest price of a trade."""
    low_usd: float | None
    """The same in dollars, with the stable at the oracle."""
    low_at: str | None
    """Time of the first trade at that price."""
    five_minute_fall_pct: float | None
    """Largest fall of a trade's price from the own price five minutes before it, in per cent of that."""
    five_minute_fall_at: str | None
    """Time of that trade; null where no price fell."""
    after_10_minutes: float | None
    """Own price ten minutes after the low; null where the run ended earlier."""
    after_10_minutes_pct: float | None
    """The same in per cent of the price at the start."""
    depth_start_tokens: float | None
    """Bids within 2 % of the middle when the crash began, in tokens."""
    depth_lowest_tokens: float | None
    """The lowest of that depth during the crash, in tokens."""
    depth_lowest_at: str | None
    """Time at which it was lowest."""
    depth_fall_pct: float | None
    """Fall of the depth from the start to its lowest, in per cent."""
    depth_tenth_at: str | None
    """Time after the lowest from which bids within 2 % stood at a tenth of the start or more for a minute; null where
    they never did."""
    depth_half_at: str | None
    """The same of a half of the start."""
    depth_nine_tenths_at: str | None
    """The same of nine tenths of the start."""


@dataclass(frozen=True)
class LeverageFigures:
    """Leverage of one cohort of accounts at the exchange, as the table `margin_cohorts` defines it."""

    start: float | None
    """Leverage of the cohort when the crash began; null without equity, or without such accounts."""
    peak: float | None
    """Highest leverage at the end of a step before the one in which the first of its accounts was liquidated, or of
    any step where none was; null where it never had equity."""
    peak_at: str | None
    """Time of the first such step."""
    is_bare: bool
    """Whether the cohort had no equity left at the end of one of those steps."""
    liquidated_at: str | None
    """Time at which the first liquidation of one of its accounts started; null where none was liquidated."""
    at_liquidation: float | None
    """Median over its liquidated accounts of their own leverage right before their first liquidation, the lower of
    the middle two; null where none was liquidated, or where the median account had no equity left."""


@dataclass(frozen=True)
class TakeoverFigures:
    """How the accounts of one cohort were taken over by the margin engine."""

    accounts: int
    """Number of accounts liquidated."""
    first_at: str
    """Time at which the first account was liquidated first."""
    last_at: str
    """Time at which the last account was liquidated first."""
    minutes: float
    """Minutes between the two."""
    busiest_minute_at: str
    """Beginning of the minute in which most accounts were liquidated first."""
    busiest_minute_pct: float
    """Accounts of that minute, in per cent of all that were liquidated."""


@dataclass(frozen=True)
class SaleGeneration:
    """Sales of the desk of one generation."""

    generation: int
    """1 for loans that reached their line without the desk's own sales; n + 1 for those that would not have been sold
    at the price without the falls that sales of up to generation n had made and that nothing had undone."""
    sales: int
    """Number of sales."""
    borrowers: int
    """Number of borrowers."""
    sold_usd: float
    """Proceeds after the books' fees, in dollars."""


@dataclass(frozen=True)
class SpiralFigures:
    """Sales of pledges on one line of the loan desk."""

    generations: list[SaleGeneration]
    """By generation, from the first."""
    sales_before_makers: int
    """Number of sales before the first liquidation of a maker's account, or before the lowest own price."""
    share_of_fall_pct: float | None
    """Part of the fall of the book's own price until then that these sales made in its ledger, in per cent; null where
    the price had not fallen."""


@dataclass(frozen=True, kw_only=True)
class ExchangeFigures(Trading, ForcedSales, Losses):
    """The exchange in the crash phase."""

    books: dict[str, BookFigures]
    """By book."""
    net_delta_usd: dict[str, dict[str, float]]
    """Net delta of the average maker at the start, by cohort and asset, in dollars: holdings at the book's initial
    price less perpetuals sold short."""
    leverage: dict[str, LeverageFigures]
    """By cohort."""
    takeovers: dict[str, TakeoverFigures]
    """First liquidations of unified accounts, by cohort; empty without any."""
    desk_spirals: dict[str, SpiralFigures]
    """Sales of the loan desk by line; empty without any."""


def exchange_figures(frames: Frames, book: PriceBook) -> ExchangeFigures | None:
    """Return the figures of the exchange; None for a scenario without one."""
    spec = frames.parameters.get("exchange")
    if spec is None:
        return None
    cash = Cash(frames, book)
    falls, depths = book_falls(frames, book), book_depths(frames)
    return ExchangeFigures(
        **vars(trading(frames, cash)),
        **vars(forced_sales(frames, cash)),
        **vars(losses(frames, cash)),
        books={
            name: _book(frames, entry["base"], falls.get(name), depths.get(name))
            for name, entry in spec["books"].items()
        },
        net_delta_usd=net_deltas(frames),
        leverage={name: _leverage(entry) for name, entry in cohort_leverages(frames).items()},
        takeovers={name: _takeover(entry) for name, entry in takeovers(frames).items()},
        desk_spirals={line: _spiral(entry, cash) for line, entry in desk_spirals(frames).items()},
    )


def _book(frames: Frames, asset: str, fall: BookFall | None, depth: BookDepth | None) -> BookFigures:
    share = fall.share_of_start if fall else None
    later = fall.later_wad if fall else None
    decimals = frames.decimals(depth.asset) if depth else 0
    returned = depth.returned_at if depth else {}
    tenth, half, nine_tenths = (None if (at := returned.get(share)) is None else utc(at) for share in RETURN_SHARES_BPS)
    return BookFigures(
        asset=asset,
        start=fall.start_wad / WAD if fall else None,
        low=fall.low_wad / WAD if fall else None,
        low_usd=e8_to_float(fall.low_e8) if fall else None,
        low_at=utc(fall.low_at) if fall else None,
        five_minute_fall_pct=float(fall.fall * 100) if fall else None,
        five_minute_fall_at=utc(fall.fall_at) if fall and fall.fall else None,
        after_10_minutes=None if later is None else later / WAD,
        after_10_minutes_pct=None if share is None else float(share * 100),
        depth_start_tokens=float(to_tokens(depth.start_raw, decimals)) if depth else None,
        depth_lowest_tokens=float(to_tokens(depth.lowest_raw, decimals)) if depth else None,
        depth_lowest_at=utc(depth.lowest_at) if depth else None,
        depth_fall_pct=float(depth.fall_bps / 100) if depth else None,
        depth_tenth_at=tenth,
        depth_half_at=half,
        depth_nine_tenths_at=nine_tenths,
    )


def _takeover(found: Takeovers) -> TakeoverFigures:
    return TakeoverFigures(
        accounts=found.accounts,
        first_at=utc(found.first_at),
        last_at=utc(found.last_at),
        minutes=(found.last_at - found.first_at) / 60,
        busiest_minute_at=utc(found.busiest_at),
        busiest_minute_pct=100 * found.busiest / found.accounts,
    )


def _spiral(found: DeskSpiral, cash: Cash) -> SpiralFigures:
    generations: dict[int, list[DeskSale]] = {}
    for sale in found.sales:
        generations.setdefault(sale.generation, []).append(sale)
    return SpiralFigures(
        generations=[
            SaleGeneration(
                generation=number,
                sales=len(generations[number]),
                borrowers=len({sale.account for sale in generations[number]}),
                sold_usd=e8_to_float(
                    sum(cash.value_e8(sale.proceeds_raw, sale.block_number) for sale in generations[number])
                ),
            )
            for number in sorted(generations)
        ],
        sales_before_makers=found.sales_before,
        share_of_fall_pct=None if found.share is None else float(100 * found.share),
    )


def _leverage(entry: CohortLeverage) -> LeverageFigures:
    return LeverageFigures(
        start=_number(entry.start),
        peak=_number(entry.peak),
        peak_at=utc(entry.peak_at) if entry.peak is not None else None,
        is_bare=entry.is_bare,
        liquidated_at=None if entry.liquidated_at is None else utc(entry.liquidated_at),
        at_liquidation=_number(entry.at_liquidation),
    )


def _number(value: Fraction | None) -> float | None:
    return None if value is None else float(value)
