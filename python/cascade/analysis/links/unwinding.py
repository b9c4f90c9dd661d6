"""Find the loops that their owners sold: after a margin call, to leave at a price, or at a stop."""

from __future__ import annotations

from fractions import Fraction

from cascade.analysis.links.evidence import Evidence
from cascade.analysis.links.flows import Event, busiest, counted, ended, total
from cascade.analysis.links.model import Feeder, Link, Parts
from cascade.recording.tables import TransactionRow, UnwindRow
from cascade.vocabulary import LinkBasis, LinkKind, Motive, NoLink

__all__ = ["loop_unwinding"]


def loop_unwinding(run: Evidence) -> list[Link]:
    """Return the loops sold by their owners, in dollars that the sales brought.

    The motive of each transaction says why. A margin call feeds the sale, or the fall of the collateral at the pool,
    which owners who leave and owners with a stop watch; for an asset of the price path, the fall of the path.
    """
    rows = sorted(run.frames.rows(UnwindRow), key=lambda row: (row.block_number, row.log_index))
    if not rows:
        return []
    # By transaction, since the table of sales does not hold why its sender proposed it.
    motives = {row.tx_hash: row.motive for row in run.frames.rows(TransactionRow)}
    events = [Event(run.moment(row), run.dollars(row.debt_asset, row.proceeds_raw, row.block_number)) for row in rows]
    amounts: dict[Feeder, Fraction] = {}
    sums: dict[str, Fraction] = {}
    for row, event in zip(rows, events, strict=True):
        motive = motives.get(row.tx_hash, Motive.NONE)
        why, feeder = _why(motive), _feeder(run, motive, row)
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
            LinkKind.LOOP_UNWINDING,
            f"{counted(len(rows), 'sale')} of loops by their owners: {shares}.",
            events[0].at,
            peaked,
            ended(events, run),
            size,
            "dollars sold",
            peak,
            "dollars sold in a minute",
            LinkBasis.JOURNAL,
            lambda: Parts.weighed(amounts),
        )
    ]


def _why(motive: str) -> str:
    match motive:
        case Motive.MARGIN_CALL:
            return "called"
        case Motive.LEAVING:
            return "left as the pool's price fell"
        case Motive.STOP:
            return "stops"
        case _:
            return "for other reasons"


def _feeder(run: Evidence, motive: str, row: UnwindRow) -> Feeder:
    why, asset = _why(motive), row.collateral_asset
    match motive:
        case Motive.MARGIN_CALL:
            return LinkKind.MARGIN_CALLS, why
        case Motive.LEAVING | Motive.STOP:
            return LinkKind.MACRO_SHOCK if asset in run.path_assets else LinkKind.CHAIN_DEPEG.of(asset), why
        case _:
            return NoLink.OTHERS, why
