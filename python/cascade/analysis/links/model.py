"""What a link of the chain is: when, how large, and what fed it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

__all__ = [
    "ACCOUNT_LIQUIDATIONS",
    "CHAIN_LIQUIDATIONS",
    "DESK_LIQUIDATIONS",
    "INPUT",
    "LOOP_UNWINDING",
    "MACRO_SHOCK",
    "MARGIN_CALLS",
    "OTHERS",
    "PERP_LIQUIDATIONS",
    "RESIDUAL",
    "TIME",
    "Fed",
    "Feeder",
    "Link",
    "Moment",
    "Parts",
    "Point",
    "chain_depeg",
    "exchange_depeg",
    "flash_crash",
    "gathered",
    "leverage",
    "recovery",
    "scaled",
    "vacuum",
]

MACRO_SHOCK, MARGIN_CALLS, LOOP_UNWINDING = "macro-shock", "margin-calls", "loop-unwinding"
CHAIN_LIQUIDATIONS, DESK_LIQUIDATIONS = "chain-liquidations", "desk-liquidations"
PERP_LIQUIDATIONS, ACCOUNT_LIQUIDATIONS = "perp-liquidations", "account-liquidations"

INPUT, TIME, OTHERS, RESIDUAL = "input", "time", "others", "residual"
"""Feeders that are no link: what the scenario sets, interest, actors of no link, and what no row explains."""

Feeder = tuple[str, str]
"""Name of the link that fed, and through whom or what."""


def chain_depeg(asset: str) -> str:
    """Link of an asset's fall at a pool of the chain."""
    return f"chain-depeg:{asset}"


def exchange_depeg(asset: str) -> str:
    """Link of an asset's fall under its redemption value at the exchange."""
    return f"exchange-depeg:{asset}"


def leverage(cohort: str) -> str:
    """Link of the leverage of a cohort of unified accounts."""
    return f"leverage:{cohort}"


def vacuum(book: str) -> str:
    """Link of the bids that left a book."""
    return f"liquidity-vacuum:{book}"


def flash_crash(asset: str) -> str:
    """Link of the fall of an asset without an issuer."""
    return f"flash-crash:{asset}"


def recovery(asset: str) -> str:
    """Link of the rise after it."""
    return f"recovery:{asset}"


@dataclass(frozen=True)
class Moment:
    """A point in time of a run."""

    timestamp: int
    step: int
    block: int


@dataclass(frozen=True)
class Point:
    """A value and since when it holds."""

    at: Moment
    value: Fraction


@dataclass(frozen=True)
class Parts:
    """A split of one change.

    Attributes
    ----------
    shares : mapping
        By feeder its share; they sum to 1.
    nets : mapping
        By feeder what all of it came to, whatever pushed the other way included, as a share of the change; they sum to
        1 as well.
    """

    shares: Mapping[Feeder, Fraction]
    nets: Mapping[Feeder, Fraction]

    @classmethod
    def of(cls, shares: Mapping[Feeder, Fraction]) -> Parts:
        """A split in which nothing pushed the other way."""
        return cls(shares, shares)

    @classmethod
    def weighed(cls, amounts: Mapping[Feeder, Fraction]) -> Parts:
        """Shares of amounts; all of it a residual where they sum to nothing."""
        total = sum(amounts.values(), Fraction(0))
        if not total:
            return cls.unknown()
        return cls.of({feeder: amount / total for feeder, amount in amounts.items() if amount})

    @classmethod
    def unknown(cls) -> Parts:
        """A change of which the tables do not say what made it."""
        return cls.of({(RESIDUAL, ""): Fraction(1)})


@dataclass(frozen=True)
class Fed:
    """One feeder of a link, as a row of the table says it."""

    fed_by: str
    through: str
    share: Fraction
    net: Fraction


@dataclass(frozen=True)
class Link:
    """One link as it was found in a run.

    Attributes
    ----------
    name : str
        Of its kind, and after a colon of its subject where there can be several.
    what : str
        One plain sentence.
    started, peaked : Moment
        When it began and when it was largest.
    ended : int
        Unix time of its end; 0 where it had not ended.
    size, size_unit, peak, peak_unit
        How large it was in all, and the value at its peak.
    basis : str
        How shares are found: ledger, pivots, valuation or journal.
    split : callable
        Its feeders; called once every link is known.
    """

    name: str
    what: str
    started: Moment
    peaked: Moment
    ended: int
    size: Fraction
    size_unit: str
    peak: Fraction
    peak_unit: str
    basis: str
    split: Callable[[], Parts]


def scaled(parts: Parts, weight: Fraction) -> Parts:
    """A split times a weight."""
    return Parts(
        {feeder: share * weight for feeder, share in parts.shares.items()},
        {feeder: net * weight for feeder, net in parts.nets.items()},
    )


def gathered(parts: Iterable[Parts]) -> Parts:
    """Sum of splits that were scaled by weights which sum to 1."""
    shares: dict[Feeder, Fraction] = {}
    nets: dict[Feeder, Fraction] = {}
    for part in parts:
        for feeder, share in part.shares.items():
            shares[feeder] = shares.get(feeder, Fraction(0)) + share
        for feeder, net in part.nets.items():
            nets[feeder] = nets.get(feeder, Fraction(0)) + net
    return Parts(shares, nets) if shares else Parts.unknown()
