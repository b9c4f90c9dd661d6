"""Define a link of the chain: its times, its size, and its feeders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from cascade.vocabulary import LinkBasis, NoLink

__all__ = ["Fed", "Feeder", "Link", "Moment", "Parts", "Point", "Split", "gathered", "scaled"]

Feeder = tuple[str, str]
"""Name of the feeding link, and the class of actor or the effect through which it fed."""


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
    """A split of one change by feeder.

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
        """Return a split in which nothing pushed the other way."""
        return cls(shares, shares)

    @classmethod
    def weighed(cls, amounts: Mapping[Feeder, Fraction]) -> Parts:
        """Return the shares of amounts; a residual of 1 where they sum to 0."""
        total = sum(amounts.values(), Fraction(0))
        if not total:
            return cls.unknown()
        return cls.of({feeder: amount / total for feeder, amount in amounts.items() if amount})

    @classmethod
    def unknown(cls) -> Parts:
        """Return the split of a change that the tables do not explain."""
        return cls.of({(NoLink.RESIDUAL, ""): Fraction(1)})


Split = Callable[[], Parts]
"""Makes the split of a link's feeders. It is called once every link is known."""


@dataclass(frozen=True)
class Fed:
    """One feeder of a link, as a row of the table."""

    fed_by: str
    through: str
    share: Fraction
    net: Fraction


@dataclass(frozen=True)
class Link:
    """One link that was found in a run.

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
    basis: LinkBasis
    split: Split


def scaled(parts: Parts, weight: Fraction) -> Parts:
    """Return a split times a weight."""
    return Parts(
        {feeder: share * weight for feeder, share in parts.shares.items()},
        {feeder: net * weight for feeder, net in parts.nets.items()},
    )


def gathered(parts: Iterable[Parts]) -> Parts:
    """Return the sum of splits that were scaled by weights which sum to 1."""
    shares: dict[Feeder, Fraction] = {}
    nets: dict[Feeder, Fraction] = {}
    for part in parts:
        for feeder, share in part.shares.items():
            shares[feeder] = shares.get(feeder, Fraction(0)) + share
        for feeder, net in part.nets.items():
            nets[feeder] = nets.get(feeder, Fraction(0)) + net
    return Parts(shares, nets) if shares else Parts.unknown()
