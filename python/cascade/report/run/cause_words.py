"""The words of the causes: one sentence a figure, and the headline's two cards."""

from __future__ import annotations

from cascade.analysis.causes.digest import CausesDigest, LedgerFigures
from cascade.analysis.prices.troughs import MarketTrough
from cascade.analysis.summary import Summary
from cascade.report.shared.figures import MINUS, Card, clock, count, counted, dollars
from cascade.vocabulary import PivotKind

__all__ = ["cause_cards", "cause_readings"]


def cause_cards(summary: Summary) -> list[Card]:
    """Who made the fall, and how far it fed itself; none where no event moved a price."""
    causes = summary.causes
    if not causes:
        return []
    cards = []
    ledger = _main_ledger(causes, summary.trough_at)
    if ledger and ledger.classes:
        classes = ledger.classes
        down = min(classes, key=lambda name: (classes[name].gross_down, name))
        up = max(classes, key=lambda name: (classes[name].gross_up, name))
        notes = [f"{down} {_signed(classes[down].gross_down)} in all"]
        if classes[up].gross_up:
            notes.append(f"{up} {_signed(classes[up].gross_up)}")
        cards.append(
            Card(
                f"Fall of {ledger.asset}, {_place(ledger)}",
                _signed(-ledger.fall),
                f"{ledger.start:.6f} to {ledger.trough:.6f}, residual {ledger.residual:g}",
                notes,
                "#causes",
                "price_moves, by role",
            )
        )
    generations = causes.generations
    first = generations[0].r if generations else None
    if generations:
        of_others = sum(row.liquidations for row in generations if row.generation > 1)
        cards.append(
            Card(
                "Generations",
                count(len(generations)),
                "longest chain of liquidations, each its pivot's next",
                [
                    f"{counted(of_others, 'liquidation')} caused by another",
                    "R of the first " + ("unknown" if first is None else f"{first:.2f}"),
                ],
                "#causes",
                "price_moves, liquidations",
            )
        )
    return cards


def cause_readings(summary: Summary) -> dict[str, str]:
    """One sentence a figure; empty where no event moved a price."""
    causes = summary.causes
    if not causes:
        return {}
    return {"ledger": _ledger(causes, summary.trough_at), "graph": _graph(causes), "stability": _stability(summary)}


def _main_ledger(causes: CausesDigest, trough: MarketTrough | None) -> LedgerFigures | None:
    # Of the main collateral, the price that fell by the largest share of itself; the oracle's of two alike.
    main = [one for one in causes.ledger if trough and one.asset == trough.asset] or causes.ledger
    return max(main, key=lambda one: (round(one.fall / one.start, 6), one.market == "oracle"), default=None)


def _ledger(causes: CausesDigest, trough: MarketTrough | None) -> str:
    ledger = _main_ledger(causes, trough)
    if ledger is None or not ledger.classes:
        return "No price fell."
    parts = ", ".join(f"{name} {_signed(entry.net)}" for name, entry in ledger.classes.items())
    return (
        f"{ledger.asset} ({_place(ledger)}) went from {ledger.start:.4f} to {ledger.trough:.4f} at "
        f"{clock(ledger.trough_at)} UTC: {parts}."
    )


def _graph(causes: CausesDigest) -> str:
    total = sum(row.debt_covered_usd for row in causes.pivots)
    if not total:
        return "Nothing was liquidated."
    by_kind: dict[PivotKind, float] = {}
    for row in causes.pivots:
        by_kind[row.kind] = by_kind.get(row.kind, 0.0) + row.debt_covered_usd
    ordered = sorted(by_kind.items(), key=lambda item: (-item[1], item[0]))
    shares = "; ".join(f"{_words(kind)} {100 * usd / total:.1f} %" for kind, usd in ordered)
    numbers = counted(len(causes.generations), "generation")
    missed = causes.liquidations_not_replayed
    doubt = f" {counted(missed, 'liquidation')} saw another oracle price than the replay: doubt their causes."
    return (
        f"What took the liquidated positions under 1, by debt covered: {shares}. {numbers} in all."
        f"{doubt if missed else ''}"
    )


def _stability(summary: Summary) -> str:
    space = summary.block_space
    parts = []
    for asset, entry in summary.stability.items():
        if entry.max_rho_near == 0:
            continue
        if entry.unbounded:
            parts.append(f"Some collateral in {asset} was liquidatable with no depth left to sell it into.")
        else:
            parts.append(
                f"The stability number of {asset} was {entry.max_rho:.2f} at the most (at {clock(entry.at)} UTC, "
                f"oracle {entry.price_usd:.4f}), above 1 in {counted(entry.blocks_above_one, 'block')}."
            )
    if space.liquidations_delayed:
        waited = counted(space.liquidations_delayed, "liquidation")
        longest, cost = counted(space.max_blocks_delayed, "block"), dollars(space.deficit_of_waiting_usd)
        parts.append(f"{waited} waited for block space, {longest} at the most, which cost {cost} of deficit.")
    else:
        parts.append("No liquidation waited for block space.")
    return " ".join(parts)


def _place(ledger: LedgerFigures) -> str:
    return "oracle" if ledger.market == "oracle" else str(ledger.market)


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", MINUS)


def _words(kind: PivotKind) -> str:
    match kind:
        case PivotKind.LIQUIDATION:
            return "sales by other liquidations"
        case PivotKind.VOLUNTARY:
            return "voluntary sales"
        case PivotKind.FORCED:
            return "sales by the exchange's engines"
        case PivotKind.EXOGENOUS:
            return "the price path"
        case PivotKind.LIQUIDITY:
            return "liquidity that was placed or withdrawn"
        case PivotKind.SWITCH:
            return "a change of the oracle's source"
        case PivotKind.TIME:
            return "interest"
        case PivotKind.ROUNDING:
            return "roundings of the oracle"
        case PivotKind.UNEXPLAINED:
            return "moves that the tables do not explain"
