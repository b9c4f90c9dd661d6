"""Word the chain of links: names, sizes and feeders as a person reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import assert_never

from cascade.analysis.moments import clock
from cascade.recording.tables import LinkRow
from cascade.report.shared.figures import MINUS, counted, dollars
from cascade.vocabulary import LinkBasis, LinkKind, NoLink

__all__ = [
    "FeederWords",
    "LinkWords",
    "Place",
    "chain_reading",
    "link_words",
    "place_of",
    "size_of",
    "title_of",
]

_LEAST_SHARE = 0.005
"""Feeders with a smaller share are counted, not named."""

_LEAST_SHARE_TEXT = f"{100 * _LEAST_SHARE:g} %"


class Place(StrEnum):
    """Where a link of the chain happened."""

    INPUT = "input"
    CHAIN_AND_DESK = "chain and desk"
    ON_CHAIN = "on chain"
    EXCHANGE = "exchange"


@dataclass(frozen=True)
class FeederWords:
    """One feeder of a link.

    Attributes
    ----------
    share : str
        Share of the link's size that it made, as `90.0 %`.
    name : str
        Name of the link or of the input that fed.
    through : str
        Classes of actor, assets or reasons through which it fed.
    """

    share: str
    name: str
    through: str


@dataclass(frozen=True)
class LinkWords:
    """One link.

    Attributes
    ----------
    order : int
        Place of the link in the chain, from 1.
    title : str
        Name of the link.
    what : str
        A sentence about what happened.
    started, peaked, ended : str
        Times of day in UTC.
    size : str
        Size of the link with its unit.
    feeders : list of FeederWords
        What fed it, the largest share first.
    smaller : str
        How many feeders are not named; empty where every feeder is.
    basis : str
        How the shares were found.
    """

    order: int
    title: str
    what: str
    started: str
    peaked: str
    ended: str
    size: str
    feeders: list[FeederWords]
    smaller: str
    basis: str


def title_of(link: str) -> str:
    """Return the name of a link in words.

    Parameters
    ----------
    link : str
        The link's kind and, where there can be several of the kind, its subject: `flash-crash:ALT`.

    Raises
    ------
    ValueError
        When the text before the colon is no kind of link.
    """
    kind, subject = _parts(link)
    # No default: a kind that this page cannot word is a type error, not a failure at the end of a long run.
    match kind:
        case LinkKind.MACRO_SHOCK:
            return "Macro shock"
        case LinkKind.MARGIN_CALLS:
            return "Margin calls"
        case LinkKind.LOOP_UNWINDING:
            return "Loops unwound"
        case LinkKind.CHAIN_DEPEG:
            return f"{subject} loses its peg on chain"
        case LinkKind.EXCHANGE_DEPEG:
            return f"{subject} trades below its redemption value"
        case LinkKind.CHAIN_LIQUIDATIONS:
            return "Liquidations on chain"
        case LinkKind.DESK_LIQUIDATIONS:
            return "Desk loans liquidated"
        case LinkKind.PERP_LIQUIDATIONS:
            return "Perpetuals liquidated"
        case LinkKind.LEVERAGE:
            return f"Leverage of {subject} grows"
        case LinkKind.ACCOUNT_LIQUIDATIONS:
            return "Unified accounts liquidated"
        case LinkKind.LIQUIDITY_VACUUM:
            return f"Bids leave {subject}"
        case LinkKind.FLASH_CRASH:
            return f"Flash crash of {subject}"
        case LinkKind.RECOVERY:
            return f"{subject} recovers"
        case _:
            assert_never(kind)


def place_of(link: str) -> Place:
    """Return where a link happened; margin calls happen on chain and at the desk."""
    kind, _ = _parts(link)
    match kind:
        case LinkKind.MACRO_SHOCK:
            return Place.INPUT
        case LinkKind.MARGIN_CALLS:
            return Place.CHAIN_AND_DESK
        case LinkKind.LOOP_UNWINDING | LinkKind.CHAIN_DEPEG | LinkKind.CHAIN_LIQUIDATIONS:
            return Place.ON_CHAIN
        case (
            LinkKind.EXCHANGE_DEPEG
            | LinkKind.DESK_LIQUIDATIONS
            | LinkKind.PERP_LIQUIDATIONS
            | LinkKind.LEVERAGE
            | LinkKind.ACCOUNT_LIQUIDATIONS
            | LinkKind.LIQUIDITY_VACUUM
            | LinkKind.FLASH_CRASH
            | LinkKind.RECOVERY
        ):
            return Place.EXCHANGE
        case _:
            assert_never(kind)


def _parts(link: str) -> tuple[LinkKind, str]:
    kind, _, subject = link.partition(":")
    return LinkKind(kind), subject


def link_words(rows: Sequence[LinkRow]) -> list[LinkWords]:
    """Return the links of a run in their order, each with its feeders.

    Parameters
    ----------
    rows : sequence of LinkRow
        The table `links`, which has one row per link and feeder.
    """
    ordered = sorted(rows, key=lambda row: row.order)
    return [_link(list(feeders)) for _, feeders in groupby(ordered, key=lambda row: row.order)]


def _link(rows: list[LinkRow]) -> LinkWords:
    first = rows[0]
    named = [row for row in rows if abs(row.fed_share) >= _LEAST_SHARE]
    rest = len(rows) - len(named)
    return LinkWords(
        order=first.order,
        title=title_of(first.link),
        what=first.what,
        started=clock(first.started_timestamp),
        peaked=clock(first.peaked_timestamp),
        ended=clock(first.ended_timestamp) if first.ended_timestamp else "had not ended",
        size=size_of(first.size, first.size_unit),
        feeders=[_feeder(row) for row in named],
        smaller=f"and {rest} under {_LEAST_SHARE_TEXT}" if rest else "",
        basis=_basis(LinkBasis(first.basis)),
    )


def _basis(basis: LinkBasis) -> str:
    match basis:
        case LinkBasis.LEDGER:
            return "moves of the price, by who made them"
        case LinkBasis.PIVOTS:
            return "the move that took each health factor under 1"
        case LinkBasis.VALUATION:
            return "holdings times changes of prices"
        case LinkBasis.JOURNAL:
            return "motives of transactions, or the scenario"
        case _:
            assert_never(basis)


def _feeder(row: LinkRow) -> FeederWords:
    # A feeder that pushed the other way has a negative share.
    sign = MINUS if row.fed_share < 0 else ""
    share = f"{sign}{abs(100 * row.fed_share):.1f} %"
    return FeederWords(share, _feeder_name(row), row.fed_through)


def _feeder_name(row: LinkRow) -> str:
    if row.fed_by == row.link:
        return "itself"
    if row.fed_by not in set(NoLink):
        return _within_sentence(title_of(row.fed_by))
    feeder = NoLink(row.fed_by)
    match feeder:
        case NoLink.INPUT:
            return "inputs of the scenario"
        case NoLink.TIME:
            return "interest"
        case NoLink.OTHERS:
            return "actors of no link"
        case NoLink.RESIDUAL:
            return "unexplained by any row"
        case _:
            assert_never(feeder)


def size_of(size: float, unit: str) -> str:
    """Return a size with its unit, as in `35.2 % of the start`."""
    if unit.startswith("dollars"):
        return f"{dollars(size)} {unit.removeprefix('dollars').strip()}".strip()
    if unit.startswith("%"):
        return f"{size:.1f} {unit}"
    return f"{size:,.2f} {unit}" if size % 1 else f"{size:,.0f} {unit}"


def _within_sentence(title: str) -> str:
    """Return a title as it stands within a sentence; a symbol such as `USDe` keeps its capitals."""
    word = title.split(" ", maxsplit=1)[0]
    return title[:1].lower() + title[1:] if word[1:].islower() else title


def chain_reading(links: Sequence[LinkWords]) -> str:
    """Return a sentence with the number of links, and the order in which they began."""
    if not links:
        return "No link of the chain happened in this run."
    names = ", ".join(f"{_within_sentence(link.title)} {link.started}" for link in links)
    return f"{counted(len(links), 'link')}, in the order in which they began in this run: {names}."
