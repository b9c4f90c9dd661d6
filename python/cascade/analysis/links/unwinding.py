"""Loops that their owners sold: because they were called, because a price frightened them, or at a stop."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from cascade.analysis.links.evidence import Evidence
from cascade.analysis.links.flows import Event, busiest, counted, ended, total
from cascade.analysis.links.model import (
    LOOP_UNWINDING,
    MACRO_SHOCK,
    MARGIN_CALLS,
    OTHERS,
    Feeder,
    Link,
    Parts,
    chain_depeg,
)

__all__ = ["loop_unwinding"]

_CALLED, _LEAVES, _STOPS = "called", "left as the pool's price fell", "stops"

_REASONS = {"called": _CALLED, "gives up": _CALLED, "leaves": _LEAVES, "health": _STOPS}
"""How an owner's reason begins, and what it says. Giving up is what follows a call whose deadline passed."""


def loop_unwinding(run: Evidence) -> list[Link]:
    """Loops sold by their owners, in dollars that the sales brought.

    Why each was sold is in the journal: the reason of its transaction. A call feeds it, or the fall of the collateral
    at the pool, which is what owners who leave and owners with a stop watch; of an asset of the path the path's.
    """
    rows = run.frames.unwinds.sort_values(["block_number", "log_index"], kind="stable").to_dict("records")
    if not rows:
        return []
    transactions = run.frames.transactions
    reasons = dict(zip(transactions["tx_hash"].tolist(), transactions["reason"].tolist(), strict=True))
    events = [
        Event(run.moment(row), run.dollars(row["debt_asset"], row["proceeds_raw"], row["block_number"])) for row in rows
    ]
    amounts: dict[Feeder, Fraction] = {}
    sums: dict[str, Fraction] = {}
    for row, event in zip(rows, events, strict=True):
        why = _why(reasons.get(row["tx_hash"], ""))
        feeder = _feeder(run, why, row)
        amounts[feeder] = amounts.get(feeder, Fraction(0)) + event.dollars
        sums[why] = sums.get(why, Fraction(0)) + event.dollars
    size = total(events)
    shares = (
        ", ".join(
            f"{why} {float(100 * amount / size):.0f} %"
            for why, amount in sorted(sums.items(), key=lambda item: -item[1])
        )
        if size
        else "nothing"
    )
    peaked, peak = busiest(events, run.start.timestamp)
    return [
        Link(
            LOOP_UNWINDING,
            f"{counted(len(rows), 'sale')} of loops by their owners: {shares}.",
            events[0].at,
            peaked,
            ended(events, run),
            size,
            "dollars sold",
            peak,
            "dollars sold in a minute",
            "journal",
            lambda: Parts.weighed(amounts),
        )
    ]


def _why(reason: str) -> str:
    return next((why for begins, why in _REASONS.items() if reason.startswith(begins)), "for other reasons")


def _feeder(run: Evidence, why: str, row: dict[Any, Any]) -> Feeder:
    if why == _CALLED:
        return MARGIN_CALLS, why
    if why in (_LEAVES, _STOPS):
        asset = row["collateral_asset"]
        return MACRO_SHOCK if asset in run.path_assets else chain_depeg(asset), why
    return OTHERS, why
