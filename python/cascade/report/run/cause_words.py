"""Word the causes of a fall: the two cards of the headline, and a reading for each figure."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.analysis.causes.digest import CausesDigest, LedgerFigures
from cascade.analysis.prices.troughs import MarketTrough
from cascade.analysis.summary import Summary
from cascade.report.run.class_words import class_name, pivot_reason
from cascade.report.run.price_words import source_name
from cascade.report.shared.figures import Card, clock, count, counted, dollars, signed
from cascade.vocabulary import PivotKind, PriceSource

__all__ = ["CauseReadings", "cause_cards", "cause_readings"]


def cause_cards(summary: Summary) -> list[Card]:
    """Return the cards on who made prices fall and how far the fall fed itself; none where no event moved a price."""
    causes = summary.causes
    if not causes:
        return []
    cards = []
    ledger = _main_ledger(causes, summary.trough_at)
    if ledger and ledger.classes:
        classes = ledger.classes
        down = min(classes, key=lambda name: (classes[name].gross_down, name))
        up = max(classes, key=lambda name: (classes[name].gross_up, name))
        notes = [f"{class_name(down)} {signed(classes[down].gross_down)} in all"]
        if classes[up].gross_up:
            notes.append(f"{class_name(up)} {signed(classes[up].gross_up)}")
        cards.append(
            Card(
                label=f"Fall of {ledger.asset}, {_place(ledger)}",
                value=signed(-ledger.fall),
                exact=f"{ledger.start:.6f} to {ledger.trough:.6f}, residual {ledger.residual:g}",
                notes=notes,
                anchor="#causes",
                source="price_moves.role",
            )
        )
    generations = causes.generations
    first = generations[0].r if generations else None
    if generations:
        of_others = sum(row.liquidations for row in generations if row.generation > 1)
        cards.append(
            Card(
                label="Generations",
                value=count(len(generations)),
                exact="length of the longest chain of liquidations, each of which made the next one possible",
                notes=[
                    f"{count(of_others)} caused by another liquidation",
                    "R of the first: " + ("unknown" if first is None else f"{first:.2f}"),
                ],
                anchor="#causes",
                source="price_moves, liquidations",
            )
        )
    return cards


@dataclass(frozen=True)
class CauseReadings:
    """Readings of the figures of causes; each is empty where no event moved a price.

    Attributes
    ----------
    ledger : str
        The fall of the main collateral, by class of actor.
    graph : str
        What took health factors under 1.
    stability : str
        The stability number, and waiting for block space.
    """

    ledger: str
    graph: str
    stability: str


def cause_readings(summary: Summary) -> CauseReadings:
    """Return the readings of the figures of causes."""
    causes = summary.causes
    if not causes:
        return CauseReadings(ledger="", graph="", stability="")
    return CauseReadings(ledger=_ledger(causes, summary.trough_at), graph=_graph(causes), stability=_stability(summary))


def _main_ledger(causes: CausesDigest, trough: MarketTrough | None) -> LedgerFigures | None:
    """Return the ledger of the main collateral's price that fell by the largest share of itself."""
    ledgers = causes.ledger
    main = [one for one in ledgers if trough and one.asset == trough.asset] or ledgers
    # Rounded, because the oracle may repeat a venue's price with fewer decimals. Of equal falls, the oracle's counts.
    return max(main, key=lambda one: (round(one.fall / one.start, 6), one.market == PriceSource.ORACLE), default=None)


def _ledger(causes: CausesDigest, trough: MarketTrough | None) -> str:
    ledger = _main_ledger(causes, trough)
    if ledger is None or not ledger.classes:
        return "No price fell."
    # The class that pushed the price down most comes first.
    ordered = sorted(ledger.classes.items(), key=lambda item: (item[1].net, item[0]))
    parts = "; ".join(f"{class_name(name)} {signed(entry.net)}" for name, entry in ordered)
    return (
        f"{ledger.asset} ({_place(ledger)}) fell from {ledger.start:.4f} to {ledger.trough:.4f} at "
        f"{clock(ledger.trough_at)} UTC. Net of each class of actor: {parts}."
    )


def _graph(causes: CausesDigest) -> str:
    total = sum(row.debt_covered_usd for row in causes.pivots)
    if not total:
        return "The lending pool liquidated nothing."
    by_kind: dict[PivotKind, float] = {}
    for row in causes.pivots:
        by_kind[row.kind] = by_kind.get(row.kind, 0.0) + row.debt_covered_usd
    ordered = sorted(by_kind.items(), key=lambda item: (-item[1], item[0]))
    shares = "; ".join(f"{pivot_reason(kind)}, {100 * usd / total:.1f} %" for kind, usd in ordered)
    reading = (
        f"Share of the debt covered, by what took the health factor under 1: {shares}. The liquidations form "
        f"{counted(len(causes.generations), 'generation')}."
    )
    missed = causes.liquidations_not_replayed
    if missed:
        reading += (
            f" The recorded oracle price of {counted(missed, 'liquidation')} differs from the replayed one, so the "
            "causes found there are not reliable."
        )
    return reading


def _stability(summary: Summary) -> str:
    space = summary.block_space
    parts = []
    for asset, entry in summary.stability.items():
        # No collateral in the asset ever was near the line of liquidation.
        if entry.max_rho_near == 0:
            continue
        if entry.unbounded:
            parts.append(f"At times, collateral in {asset} was liquidatable while no venue had depth left to buy it.")
        else:
            parts.append(
                f"The stability number of {asset} was {_start(entry.start_rho)} at the start and at most "
                f"{entry.max_rho:.2f} along the path (at {clock(entry.at)} UTC, at "
                f"an oracle price of {entry.price_usd:.4f}), and above 1 in "
                f"{counted(entry.blocks_above_one, 'block')}."
            )
    if space.liquidations_delayed:
        waited = counted(space.liquidations_delayed, "liquidation")
        longest, cost = counted(space.max_blocks_delayed, "block"), dollars(space.deficit_of_waiting_usd)
        parts.append(f"{waited} waited for block space, for at most {longest}; waiting added {cost} to the deficit.")
    else:
        parts.append("No liquidation waited for block space.")
    return " ".join(parts)


def _start(rho: float | None) -> str:
    return "infinite" if rho is None else f"{rho:.2f}"


def _place(ledger: LedgerFigures) -> str:
    return source_name(ledger.market)
