"""Choose what a page leads with: five figures of the run, and the sentence that they make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cascade.analysis.exchange.digest import BookFigures
from cascade.analysis.frames import Frames
from cascade.analysis.moments import clock as time_of_day
from cascade.analysis.prices.pricebook import PriceBook
from cascade.analysis.summary import Summary
from cascade.recording.manifest import Expectation
from cascade.report.run.price_words import source_name
from cascade.report.shared.figures import MINUS, Card, clock, count, dollars, exactly
from cascade.units import e8_to_float
from cascade.vocabulary import PriceSource

__all__ = ["Story", "story"]

_MOST_FIGURES = 5
_PERCENT = 100


@dataclass(frozen=True)
class Story:
    """The opening of a page.

    Attributes
    ----------
    sentence : str
        What happened, made of the figures in their order, and whether the scenario claims it.
    cards : list of Card
        The figures.
    """

    sentence: str
    cards: list[Card]


@dataclass(frozen=True)
class _Figure:
    """A figure that a page could lead with.

    Attributes
    ----------
    share : float
        Part of the whole that was lost: of a price, of the accounts or borrowers, of the money. 0 where nothing was.
    is_claimed : bool
        Whether the scenario claims something about its subject under `expect`.
    words : str
        The figure as a part of the sentence.
    card : Card
        The figure as a card.
    is_written_off : bool
        Whether it is what lenders lost.
    """

    share: float
    is_claimed: bool
    words: str
    card: Card
    is_written_off: bool = False


def story(summary: Summary, frames: Frames, expectation: Expectation) -> Story:
    """Return the opening of the page of a run.

    Every candidate is a part of a whole, so that candidates of different kinds can be compared: the fall of a price,
    the accounts of a cohort liquidated at the exchange, the borrowers liquidated in the lending pool, the borrowers'
    equity lost, the positions that stood under a health factor of 1 at the worst moment, and the debt written off.
    Each asset has one fall: that of its book where the scenario claims one, else that of a price that the scenario
    claims, else that of its book, and for the main collateral without any of these that of its market.

    The figures are chosen by this rule:

    1. Figures whose subject the scenario claims something about come before all others.
    2. Within each of the two groups, the larger part comes first; of equal parts, the one earlier in the list above.
    3. The first five are shown. Where debt was written off and is not among them, it takes the place of the fifth.
    """
    found = [*_falls(summary, frames), *_cohorts(summary, frames), *_lending(summary)]
    ranked = sorted(found, key=lambda figure: (not figure.is_claimed, -figure.share))
    chosen = ranked[:_MOST_FIGURES]
    written_off = next((figure for figure in ranked if figure.is_written_off and figure.share > 0), None)
    if written_off is not None and written_off not in chosen:
        chosen = [*chosen[: _MOST_FIGURES - 1], written_off]
    return Story(_sentence([figure.words for figure in chosen], expectation), [figure.card for figure in chosen])


def _sentence(parts: list[str], expectation: Expectation) -> str:
    if not parts:
        return "The run has no position, no account and no price that could fall."
    *firsts, last = parts
    said = f"{', '.join(firsts)}, and {last}" if firsts else last
    verdict = "as the scenario claims" if expectation.met else "which is not all that the scenario claims"
    # A symbol such as `wBETH` keeps its letters.
    start = said[:1].upper() if said.split()[0].islower() else said[:1]
    return f"{start}{said[1:]}: {verdict}."


def _falls(summary: Summary, frames: Frames) -> Iterator[_Figure]:
    expect = frames.parameters.get("expect") or {}
    claimed_books = set(((expect.get("exchange") or {}).get("books")) or {})
    claimed_sources: dict[str, list[str]] = {}
    for claim in expect.get("troughs") or ():
        claimed_sources.setdefault(claim["asset"], []).append(claim["source"])
    books: dict[str, list[tuple[str, BookFigures]]] = {}
    for name, figures in (summary.exchange.books if summary.exchange else {}).items():
        books.setdefault(figures.asset, []).append((name, figures))
    trough = summary.trough_at
    prices = PriceBook(frames)
    main = [trough.asset] if trough is not None else []
    for asset in sorted({*claimed_sources, *books, *main}):
        of_book = [_book_fall(name, book, is_claimed=name in claimed_books) for name, book in books.get(asset, ())]
        sources = claimed_sources.get(asset, [])
        of_source = [_fall(frames, prices, asset, source, is_claimed=True) for source in sources]
        of_market = (
            [_fall(frames, prices, asset, trough.source, is_claimed=False)] if trough and asset == trough.asset else []
        )
        first = [figure for figure in of_book if figure and figure.is_claimed]
        others = [[figure for figure in group if figure] for group in (of_source, of_book, of_market)]
        deepest = next((group for group in (first, *others) if group), None)
        if deepest:
            yield max(deepest, key=lambda figure: figure.share)


def _book_fall(name: str, book: BookFigures, *, is_claimed: bool) -> _Figure | None:
    if book.five_minute_fall_pct is None or book.low is None:
        return None
    fell = f"{book.five_minute_fall_pct:.1f} %"
    notes = [f"from {book.start:.6g} to {book.low:.6g} at {clock(book.low_at)} UTC"]
    if book.depth_fall_pct is not None:
        notes.append(f"bids within 2 % fell by {book.depth_fall_pct:.0f} %")
    return _Figure(
        share=book.five_minute_fall_pct / _PERCENT,
        is_claimed=is_claimed,
        words=f"{book.asset} fell by {fell} within five minutes at the exchange",
        card=Card(
            label=f"{book.asset} within five minutes, {name}",
            value=f"{MINUS}{fell}",
            exact=f"largest fall of a trade's price from the price five minutes earlier, at "
            f"{clock(book.five_minute_fall_at)} UTC: {book.five_minute_fall_pct:.6f} %",
            notes=notes,
            anchor="#exchange",
            source="trades.price_raw, liquidity.sell_raw",
        ),
    )


def _fall(frames: Frames, prices: PriceBook, asset: str, source: str, *, is_claimed: bool) -> _Figure | None:
    first = frames.first_chain_block
    lowest = prices.lowest(asset, source, frames.first_crash_block)
    start = prices.last(asset, source, first - 1) or prices.last(asset, source, first)
    if lowest is None or not start:
        return None
    low, block = lowest
    share = max(0.0, 1 - low / start)
    fell = f"{_PERCENT * share:.1f} %"
    place = source_name(source)
    return _Figure(
        share=share,
        is_claimed=is_claimed,
        words=f"{asset} fell by {fell} ({place})" if share else f"{asset} did not fall ({place})",
        card=Card(
            label=f"{asset}, {place}",
            value=f"{MINUS if share else ''}{fell}",
            exact=f"${e8_to_float(start):.8f} to ${e8_to_float(low):.8f}",
            notes=[
                f"from ${e8_to_float(start):.6g} to ${e8_to_float(low):.6g}",
                f"at {time_of_day(frames.timestamps.get(block, 0))} UTC" if share else "its lowest of the crash",
            ],
            anchor="#prices" if not source.startswith(PriceSource.BOOK) else "#exchange",
            source="prices.price_e8",
        ),
    )


def _cohorts(summary: Summary, frames: Frames) -> Iterator[_Figure]:
    exchange = summary.exchange
    if exchange is None:
        return
    expect: dict[str, Any] = frames.parameters.get("expect") or {}
    claimed = set(((expect.get("exchange") or {}).get("cohorts")) or {})
    margin = frames.margin
    for cohort in sorted({*exchange.accounts_liquidated, *claimed}):
        accounts = int(margin.loc[margin["cohort"] == cohort, "account"].nunique())
        if not accounts:
            continue
        gone = exchange.accounts_liquidated.get(cohort, 0)
        leverage = exchange.leverage.get(cohort)
        notes = []
        if leverage is not None and leverage.start is not None and leverage.peak is not None:
            notes.append(f"leverage {leverage.start:.2f} at the start, {leverage.peak:.2f} at its peak")
        if leverage is not None and leverage.liquidated_at is not None:
            notes.append(f"first at {clock(leverage.liquidated_at)} UTC")
        yield _Figure(
            share=gone / accounts,
            is_claimed=cohort in claimed,
            words=_liquidated(gone, accounts, "account", f" of {cohort}"),
            card=Card(
                label=f"Accounts of {cohort} liquidated",
                value=f"{count(gone)} of {count(accounts)}",
                exact=f"{_PERCENT * gone / accounts:.2f} % of the accounts of {cohort} at the exchange",
                notes=notes,
                anchor="#exchange",
                source="exchange_events.account, margin.account",
            ),
        )


def _lending(summary: Summary) -> Iterator[_Figure]:
    if not summary.positions:
        return
    gone, everyone = summary.liquidated_positions, summary.positions
    yield _Figure(
        share=gone / everyone,
        # Every scenario claims `some` or `none`.
        is_claimed=True,
        words=_liquidated(gone, everyone, "borrower", " of the lending pool"),
        card=Card(
            label="Borrowers liquidated in the pool",
            value=f"{count(gone)} of {count(everyone)}",
            exact=f"{_PERCENT * gone / everyone:.2f} % of the positions built",
            notes=[
                f"{dollars(summary.debt_covered_usd)} of debt repaid by liquidators"
                if gone
                else "none of them had to repay",
                f"{clock(summary.first_liquidation)} to {clock(summary.last_liquidation)} UTC" if gone else "",
            ],
            anchor="#every-liquidation",
            source="liquidations.borrower, runs.positions",
        ),
    )
    paid = summary.who_paid.borrowers
    if paid.equity_start_usd > 0:
        lost = min(1.0, max(0.0, paid.loss_usd / paid.equity_start_usd))
        yield _Figure(
            share=lost,
            is_claimed=False,
            words=f"borrowers lost {_PERCENT * lost:.1f} % of their equity",
            card=Card(
                label="Borrowers' equity lost",
                value=f"{_PERCENT * lost:.1f} %",
                exact=f"{exactly(paid.loss_usd)} of {exactly(paid.equity_start_usd)}",
                notes=[f"{dollars(paid.loss_usd)} of {dollars(paid.equity_start_usd)}"],
                anchor="#who-paid",
                source="positions, liquidations, flows",
            ),
        )
    waiting = summary.backlog
    yield _Figure(
        share=waiting.peak_positions / everyone,
        is_claimed=False,
        words=f"{count(waiting.peak_positions)} of {count(everyone)} positions stood under a health factor of 1 at once"
        if waiting.peak_positions
        else "no position ended a block under a health factor of 1",
        card=Card(
            label="Positions under 1 at once",
            value=f"{count(waiting.peak_positions)} of {count(everyone)}",
            exact=f"{exactly(waiting.peak_debt_usd)} of debt",
            notes=[
                f"{dollars(waiting.peak_debt_usd)} of debt at {clock(waiting.at)} UTC"
                if waiting.peak_positions
                else "no health factor ended a block under 1"
            ],
            anchor="#health",
            source="health.positions",
        ),
    )
    share = summary.deficit_usd / summary.debt_built_usd if summary.debt_built_usd else 0.0
    yield _Figure(
        share=min(1.0, share),
        is_claimed=False,
        is_written_off=True,
        words=f"lenders lost {dollars(summary.deficit_usd)}" if summary.deficit_usd else "lenders lost nothing",
        card=Card(
            label="Written off, borne by lenders",
            value=dollars(summary.deficit_usd),
            exact=exactly(summary.deficit_usd),
            notes=[f"{_PERCENT * share:.2f} % of the debt that was built"],
            anchor="#every-liquidation-deficit",
            source="liquidations.deficit_raw, other_deficits.deficit_raw",
            is_loss=bool(summary.deficit_usd),
        ),
    )


def _liquidated(gone: int, everyone: int, noun: str, of_what: str) -> str:
    if not gone:
        return f"none of the {count(everyone)} {noun}s{of_what} was liquidated"
    if gone == everyone:
        return (
            f"all {count(gone)} {noun}s{of_what} were liquidated" if gone > 1 else f"the {noun}{of_what} was liquidated"
        )
    verb = "was" if gone == 1 else "were"
    return f"{count(gone)} of {count(everyone)} {noun}s{of_what} {verb} liquidated"
