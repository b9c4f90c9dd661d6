"""Whether a run ended as its scenario claims."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cascade.analysis.frames import Frames
from cascade.analysis.pricebook import PriceBook
from cascade.scenario.model import ExpectedTrough, ExpectSpec
from cascade.units import e8_to_float, to_tokens

__all__ = ["judge"]


def judge(expect: ExpectSpec, frames: Frames) -> dict[str, Any]:
    """Hold the claims of a scenario against the tables of its run.

    Returns
    -------
    dict
        `liquidations`: the claim, some or none. `met`: whether every claim held. `missed`: a sentence for each that
        did not, with the claim and the outcome.
    """
    missed = [*_liquidations(expect, frames), *_troughs(expect, frames)]
    return {"liquidations": expect.liquidations, "met": not missed, "missed": missed}


def _liquidations(expect: ExpectSpec, frames: Frames) -> Iterator[str]:
    if (len(frames.liquidations) > 0) != (expect.liquidations == "some"):
        yield f"expect.liquidations = {expect.liquidations!r}: the run had {len(frames.liquidations)}"


def _troughs(expect: ExpectSpec, frames: Frames) -> Iterator[str]:
    book = PriceBook(frames)
    for number, claim in enumerate(expect.troughs):
        key = f"expect.troughs.{number} = {_claimed(claim)}"
        lowest = book.lowest(claim.asset, claim.source, frames.first_crash_block)
        if lowest is None:
            priced = ", ".join(book.sources(claim.asset)) or "none"
            yield f"{key}: the run has no such price; sources of {claim.asset}: {priced}"
        elif not _is_within(claim, lowest[0]):
            yield f"{key}: its lowest price was {e8_to_float(lowest[0]):.4f} dollars"


def _is_within(claim: ExpectedTrough, price_e8: int) -> bool:
    price = to_tokens(price_e8, 8)
    above = claim.at_least_usd is None or price >= claim.at_least_usd
    return above and (claim.at_most_usd is None or price <= claim.at_most_usd)


def _claimed(claim: ExpectedTrough) -> str:
    bounds = (("at least", claim.at_least_usd), ("at most", claim.at_most_usd))
    return f"{claim.asset}, {claim.source}, " + ", ".join(f"{words} {usd}" for words, usd in bounds if usd is not None)
