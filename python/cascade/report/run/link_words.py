"""The chain of links in words: names, sizes and feeders as a person reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from cascade.analysis.moments import clock
from cascade.report.shared.figures import MINUS, counted, dollars

__all__ = ["FeederWords", "LinkWords", "chain_reading", "link_words", "place_of", "title_of"]

_TITLES = {
    "macro-shock": "Macro shock",
    "margin-calls": "Margin calls",
    "loop-unwinding": "Loops unwound",
    "chain-depeg": "{} loses its peg on chain",
    "exchange-depeg": "{} falls under its value, exchange",
    "chain-liquidations": "Liquidations on chain",
    "desk-liquidations": "Desk loans liquidated",
    "perp-liquidations": "Perpetuals liquidated",
    "leverage": "Leverage of {} grows",
    "account-liquidations": "Unified accounts liquidated",
    "liquidity-vacuum": "Bids leave {}",
    "flash-crash": "Flash crash of {}",
    "recovery": "{} recovers",
}

_FEEDERS = {
    "input": "inputs of the scenario",
    "time": "interest",
    "others": "actors of no link",
    "residual": "what no row explains",
}

_BASES = {
    "ledger": "moves of the price, by who made them",
    "pivots": "the move that took each health factor under 1",
    "valuation": "holdings times changes of prices",
    "journal": "the journal: reasons of transactions, or the scenario",
}

_ON_CHAIN = ("loop-unwinding", "chain-depeg", "chain-liquidations")

_LEAST_SHARE = 0.005
"""Feeders with less are counted, not named."""


@dataclass(frozen=True)
class FeederWords:
    """One feeder of a link."""

    share: str
    name: str
    through: str


@dataclass(frozen=True)
class LinkWords:
    """One link."""

    order: int
    title: str
    what: str
    started: str
    peaked: str
    ended: str
    size: str
    feeders: list[FeederWords]
    smaller: str
    """How many feeders are not named; empty for none."""
    basis: str


def title_of(link: str) -> str:
    """Name of a link in words."""
    kind, _, subject = link.partition(":")
    return _TITLES.get(kind, kind).format(subject)


def place_of(link: str) -> str:
    """Where a link happened: input, margin calls of both places, on chain, or exchange."""
    kind = link.partition(":")[0]
    if kind == "macro-shock":
        return "input"
    if kind == "margin-calls":
        return "chain and desk"
    return "on chain" if kind in _ON_CHAIN else "exchange"


def link_words(links: pd.DataFrame) -> list[LinkWords]:
    """Links of a run in order, each with its feeders."""
    found = []
    for order, group in links.groupby("order", sort=True):
        rows = group.to_dict("records")
        first = rows[0]
        named = [row for row in rows if abs(row["fed_share"]) >= _LEAST_SHARE]
        rest = len(rows) - len(named)
        found.append(
            LinkWords(
                int(str(order)),
                title_of(first["link"]),
                first["what"],
                clock(first["started_timestamp"]),
                clock(first["peaked_timestamp"]),
                clock(first["ended_timestamp"]) if first["ended_timestamp"] else "had not ended",
                size_of(first["size"], first["size_unit"]),
                [_feeder(row) for row in named],
                f"and {rest} under 0.5 %" if rest else "",
                _BASES.get(first["basis"], first["basis"]),
            )
        )
    return found


def _feeder(row: dict[Any, Any]) -> FeederWords:
    name = "itself" if row["fed_by"] == row["link"] else _FEEDERS.get(row["fed_by"]) or _inside(title_of(row["fed_by"]))
    share = f"{abs(100 * row['fed_share']):.1f} %"
    return FeederWords(f"{MINUS if row['fed_share'] < 0 else ''}{share}", name, row["fed_through"])


def size_of(size: float, unit: str) -> str:
    """A size with its unit, as in `35.2 % of the start`."""
    if unit.startswith("dollars"):
        return f"{dollars(size)} {unit.removeprefix('dollars').strip()}".strip()
    if unit.startswith("%"):
        return f"{size:.1f} {unit}"
    return f"{size:,.2f} {unit}" if size % 1 else f"{size:,.0f} {unit}"


def _inside(title: str) -> str:
    """A title inside a sentence: a word keeps its capitals, a symbol too."""
    word = title.split(" ", maxsplit=1)[0]
    return title[:1].lower() + title[1:] if word[1:].islower() else title


def chain_reading(links: list[LinkWords]) -> str:
    """One sentence: how many links, and in which order they began."""
    if not links:
        return "No link of the chain happened in this run."
    names = ", ".join(f"{_inside(link.title)} {link.started}" for link in links)
    return f"{counted(len(links), 'link')}, in the order in which they began in this run: {names}."
