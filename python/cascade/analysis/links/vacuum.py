"""Find liquidity vacuums: bids near the price of each book that makers quote, and the causes of their removal."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from cascade.analysis.exchange.members import Members
from cascade.analysis.links.evidence import Evidence, Place
from cascade.analysis.links.model import Feeder, Link, Moment, Parts, Point, Split
from cascade.analysis.links.spells import lowest_spell
from cascade.recording.store import rows_of
from cascade.recording.tables import ExchangeEventRow, LiquidityRow, TradeRow
from cascade.vocabulary import (
    HEADLINE_DEPTH_BPS,
    BookSide,
    ExchangeEvent,
    Intent,
    LinkBasis,
    LinkKind,
    Motive,
    Phase,
    Role,
    TransactionStatus,
)

__all__ = ["vacuums"]

_LINE = Fraction(1, 2)
_NEAR = Fraction(5, 100)
_FULL = Fraction(90, 100)
_LOOKED_SECONDS = 600
"""Time after its beginning within which the lowest point is searched: makers leave for other reasons later."""

_FORGOTTEN = Role.EXCHANGE
"""Role of the account whose orders the scenario left in books."""


def vacuums(run: Evidence) -> list[Link]:
    """Return the books whose bids within 2 % fell under half of their depth before the crash.

    The peak is the first moment within 5 % of the start of the lowest depth of ten minutes. The causes are read from
    the journal at that moment. Each ladder that was not standing counts with its bids, by the cause of its last
    removal: a margin under the maker's line, a price under the reference, or the maker's liquidation. Accounts whose
    quotes stood, or who stepped back because they had bought their part, count with the amount that they had bought
    since bids were last nearly whole, by the link of the seller.
    """
    links = []
    for book in sorted(run.books):
        makers = _makers(run, book)
        points = _bids(run, book)
        if not makers or not points or not points[0].value:
            continue
        start = points[0].value
        spell = lowest_spell(_first_minutes(points, start * _LINE), start * _LINE)
        if spell is None:
            continue
        window = [point for point in points if spell.started.block <= point.at.block <= spell.peaked.block]
        # The peak is where bids first came near their low, since they hover there while makers come and go.
        low = min(point.value for point in window)
        peaked = next(point.at for point in window if point.value <= low + start * _NEAR)
        whole = lowest_spell(points, start * _LINE)
        what = (
            f"Bids within 2 % in {book} fell from {_tokens(start)} to {_tokens(low)} "
            f"{run.books[book]['base']}, by {float(100 * (1 - low / start)):.1f} %."
        )
        links.append(
            Link(
                LinkKind.LIQUIDITY_VACUUM.of(book),
                what,
                spell.started,
                peaked,
                whole.ended if whole else 0,
                100 * (1 - low / start),
                "% of the start",
                low,
                "tokens bid within 2 %",
                LinkBasis.JOURNAL,
                _why(run, book, {**makers, **_bidders(run, book)}, peaked, since=_last_full(points, peaked)),
            )
        )
    return links


def _tokens(amount: Fraction) -> str:
    return f"{float(amount):,.0f}" if amount >= 1000 else f"{float(amount):.3g}"


def _bids(run: Evidence, book: str) -> list[Point]:
    frame = run.frames.liquidity
    frame = frame[(frame["venue"] == book) & (frame["within_bps"] == HEADLINE_DEPTH_BPS)]
    rows = rows_of(frame.sort_values("block_number", kind="stable"), LiquidityRow)
    unit = 10 ** run.frames.decimals(run.books[book]["base"])
    before = [row for row in rows if row.phase != Phase.CRASH][-1:]
    # The last depth before the crash is the start: the build phase places orders one by one.
    points = [Point(run.start, Fraction(row.sell_raw, unit)) for row in before]
    return points + [Point(run.moment(row), Fraction(row.sell_raw, unit)) for row in rows if row.phase == Phase.CRASH]


def _first_minutes(points: list[Point], line: Fraction) -> list[Point]:
    """Return the points up to ten minutes after the first one under a line."""
    first = next((point.at.timestamp for point in points if point.value < line), None)
    if first is None:
        return points
    return [point for point in points if point.at.timestamp <= first + _LOOKED_SECONDS]


@dataclass(frozen=True)
class _Ladder:
    """Bids that one account quotes in a book, and the account's cohort."""

    cohort: str
    size: Fraction


def _makers(run: Evidence, book: str) -> dict[str, _Ladder]:
    """Return the accounts with a ladder in a book, by the parameters of their entry and their own figures."""
    agents = run.frames.parameters.get("agents", {})
    # By the parameters and not by orders: a maker that quotes nothing at the moment is the very one to be found.
    members = {
        name: Members(run.frames, name) for name, agent in agents.items() if book in (agent.get("ladders") or {})
    }
    rows = run.frames.margin
    pairs = dict.fromkeys(zip(rows["account"].tolist(), rows["cohort"].tolist(), strict=True))
    return {
        account: _Ladder(cohort, _bid_size(members[cohort], account, book))
        for account, cohort in pairs
        if cohort in members
    }


def _bidders(run: Evidence, book: str) -> dict[str, _Ladder]:
    """Return the accounts of bidders in a book, with their parts of the size of their entry."""
    found: dict[str, _Ladder] = {}
    for name, agent in run.frames.parameters.get("agents", {}).items():
        if agent.get("kind") == "bidder" and agent["book"] == book:
            members = Members(run.frames, name)
            weights = {account: members.figure(account, "weight", 1) for account in members.accounts}
            size = Fraction(str(agent["size"])) / sum(weights.values())
            found |= {account: _Ladder(name, size * weight) for account, weight in weights.items()}
    return found


def _bid_size(members: Members, account: str, book: str) -> Fraction:
    return members.figure(account, f"ladders.{book}.bid_size") * members.figure(account, "scale", 1)


def _last_full(points: list[Point], peaked: Moment) -> int:
    """Return the last block before a moment at which bids were nearly those of the start."""
    full = [point for point in points if point.at.block <= peaked.block and point.value >= points[0].value * _FULL]
    return full[-1].at.block


def _why(run: Evidence, book: str, quoting: dict[str, _Ladder], peaked: Moment, *, since: int) -> Split:
    def split() -> Parts:
        amounts: dict[Feeder, Fraction] = {}
        last = _last_acts(run, book, peaked)
        for account, (_, kind, motive) in last.items():
            if kind != Intent.REQUOTE and account in quoting:
                feeder = _gone(run, book, quoting[account], kind, motive)
                amounts[feeder] = amounts.get(feeder, Fraction(0)) + quoting[account].size
        for place, account, role, link, amount in _fills(run, book, peaked):
            if place[0] > since and last.get(account, ((0, 0), Intent.REQUOTE, ""))[1] == Intent.REQUOTE:
                feeder = (link, f"bids of {role}s filled")
                amounts[feeder] = amounts.get(feeder, Fraction(0)) + amount
        return Parts.weighed(amounts)

    return split


def _gone(run: Evidence, book: str, ladder: _Ladder, kind: str, motive: str) -> Feeder:
    if kind == "liquidation":
        return LinkKind.ACCOUNT_LIQUIDATIONS, "quotes cancelled by the engine"
    if motive == Motive.LOW_MARGIN:
        return LinkKind.LEVERAGE.of(ladder.cohort), "quotes pulled at a low margin"
    spec = run.books[book]
    link = LinkKind.EXCHANGE_DEPEG.of(spec["base"]) if spec.get("redemption") else LinkKind.FLASH_CRASH.of(spec["base"])
    return link, "quotes pulled at a low price"


def _last_acts(run: Evidence, book: str, peaked: Moment) -> dict[str, tuple[Place, str, str]]:
    """Return the last act on each account's quotes up to a moment: placed, pulled, or cancelled by a liquidation.

    A ladder that was gone already keeps the cause that it had.
    """
    frame = run.frames.transactions
    frame = frame[
        (frame["phase"] == Phase.CRASH)
        & (frame["status"] == TransactionStatus.OK)
        & (frame["target"] == book)
        & frame["intent"].isin([Intent.REQUOTE, Intent.PULL])
        & (frame["block_number"] <= peaked.block)
        # Whoever has bought its part was filled: what it bought says why its bids are gone.
        & (frame["motive"] != Motive.FULL)
    ]
    names = ("block_number", "transaction_index", "actor", "intent", "motive")
    acts: list[tuple[Place, str, str, str]] = [
        ((block, index), actor, intent, motive)
        for block, index, actor, intent, motive in zip(*(frame[name].tolist() for name in names), strict=True)
    ]
    acts += [
        ((row.block_number, run.index_of(row.tx_hash)), row.account, "liquidation", "")
        for row in run.frames.rows(ExchangeEventRow)
        # A liquidation cancels all of an account's orders, and that is no transaction of the maker's.
        if row.kind == ExchangeEvent.LIQUIDATION_STARTED and row.block_number <= peaked.block
    ]
    last: dict[str, tuple[Place, str, str]] = {}
    for place, account, kind, motive in sorted(acts):
        if kind == Intent.REQUOTE or last.get(account, ((0, 0), Intent.REQUOTE, ""))[1] == Intent.REQUOTE:
            last[account] = (place, kind, motive)
    return last


def _fills(run: Evidence, book: str, peaked: Moment) -> list[tuple[Place, str, str, str, Fraction]]:
    """Return the bids that were filled up to a moment: place, account, role, link of the seller, and amount.

    Orders that the scenario left in the book are no quotes, and lie far from its price.
    """
    frame = run.frames.trades
    frame = frame[
        (frame["book"] == book) & (frame["taker_side"] == BookSide.SELL) & (frame["block_number"] <= peaked.block)
    ]
    frame = frame[frame["maker_role"] != _FORGOTTEN]
    unit = 10 ** run.frames.decimals(run.books[book]["base"])
    return [
        (
            (row.block_number, run.index_of(row.tx_hash)),
            row.maker,
            row.maker_role,
            run.link_of_sale(book, row),
            Fraction(row.base_raw, unit),
        )
        for row in rows_of(frame.sort_values(["block_number", "log_index"], kind="stable"), TradeRow)
    ]
