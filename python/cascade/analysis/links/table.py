"""Assemble the chain of links of a run, as rows of its table."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from cascade.analysis.frames import Frames
from cascade.analysis.links.depegs import chain_depegs, exchange_depegs
from cascade.analysis.links.evidence import Evidence
from cascade.analysis.links.flash_crash import flash_crashes
from cascade.analysis.links.forced_sales import chain_liquidations, desk_liquidations, perp_liquidations
from cascade.analysis.links.leverage import account_liquidations, rising_leverage
from cascade.analysis.links.macro import macro_shock
from cascade.analysis.links.margin_calls import margin_calls
from cascade.analysis.links.model import Fed, Link, Parts
from cascade.analysis.links.unwinding import loop_unwinding
from cascade.analysis.links.vacuum import vacuums
from cascade.recording.tables import LinkRow, RunRow
from cascade.vocabulary import LinkKind, NoLink

__all__ = ["find_links", "link_rows"]

_FINDERS: tuple[Callable[[Evidence], list[Link]], ...] = (
    macro_shock,
    margin_calls,
    loop_unwinding,
    chain_depegs,
    exchange_depegs,
    chain_liquidations,
    desk_liquidations,
    perp_liquidations,
    rising_leverage,
    account_liquidations,
    vacuums,
    flash_crashes,
)
"""Functions that find links; of two links that began in one block, the one found first comes first."""


def find_links(frames: Frames) -> list[tuple[Link, tuple[Fed, ...]]]:
    """Return the links of a run in the order in which they began, each with its feeders by falling share.

    No order is imposed: a link is placed by its first moment.
    """
    run = Evidence(frames)
    if not run.moments:
        return []
    found = [link for find in _FINDERS for link in find(run)]
    by_name = {link.name: link for link in found}
    ordered = sorted(found, key=lambda link: link.started.block)
    return [(link, _feeders(link, link.split(), by_name)) for link in ordered]


def link_rows(frames: Frames) -> list[LinkRow]:
    """Return the rows of the table `links`: one per link and feeder. Exact numbers become floats here."""
    (run,) = frames.rows(RunRow)
    return [
        LinkRow(
            run_id=run.run_id,
            seed=run.seed,
            order=order,
            link=link.name,
            what=link.what,
            started_timestamp=link.started.timestamp,
            peaked_timestamp=link.peaked.timestamp,
            ended_timestamp=link.ended,
            started_step=link.started.step,
            size=float(link.size),
            size_unit=link.size_unit,
            peak=float(link.peak),
            peak_unit=link.peak_unit,
            fed_by=fed.fed_by,
            fed_through=fed.through,
            fed_share=float(fed.share),
            fed_net=float(fed.net),
            basis=link.basis,
        )
        for order, (link, feeders) in enumerate(find_links(frames), start=1)
        for fed in feeders
    ]


def _feeders(link: Link, parts: Parts, by_name: dict[str, Link]) -> tuple[Fed, ...]:
    merged: dict[str, list[tuple[Fraction, Fraction, str]]] = {}
    zero = Fraction(0)
    for name, through in parts.shares.keys() | parts.nets.keys():
        share, net = parts.shares.get((name, through), zero), parts.nets.get((name, through), zero)
        merged.setdefault(_known(name, link, by_name), []).append((share, net, through))
    rows = [
        Fed(
            name,
            ", ".join(dict.fromkeys(t for _, _, t in sorted(of, key=lambda part: (-part[0], part[2])) if t)),
            sum((share for share, _, _ in of), zero),
            sum((net for _, net, _ in of), zero),
        )
        for name, of in merged.items()
    ]
    return tuple(sorted(rows, key=lambda fed: (-fed.share, -fed.net, fed.fed_by)))


def _known(name: str, link: Link, by_name: dict[str, Link]) -> str:
    """Return a feeder's name where that link happened and had begun before the fed link had ended; else `others`."""
    if name in set(NoLink):
        return name
    feeder = by_name.get(name)
    if feeder is None:
        return NoLink.INPUT if name == LinkKind.MACRO_SHOCK else NoLink.OTHERS
    return NoLink.OTHERS if link.ended and feeder.started.timestamp > link.ended else name
