"""Say in a sentence what a chart would not show: a constant, one bar, one generation, or nothing at all."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from cascade.report.shared.datasets import Dataset
from cascade.report.shared.figures import counted, dollars
from cascade.report.shared.style import Chart, Specification, data_name

__all__ = ["spoken"]

_MOST_SERIES = 6
"""Constant series that a sentence lists, at most."""

Say = Callable[[Dataset], str]
"""Returns the sentence that stands for a chart of these rows; empty where the chart has something to show."""


def spoken(charts: Sequence[Chart], data: dict[str, Dataset]) -> tuple[list[Chart], dict[str, str]]:
    """Split charts into those that have something to show, and the sentences that stand for the others.

    A variant without anything to show is left out; a chart without a variant left becomes a sentence.

    Returns
    -------
    list of Chart
        Charts to draw.
    dict of str to str
        Sentences by key of the chart.
    """
    drawn, said = [], {}
    for chart in charts:
        sentences = {label: _sentence(chart.key, label, one, data) for label, one in chart.variants.items()}
        variants = {label: one for label, one in chart.variants.items() if not sentences[label]}
        if variants:
            drawn.append(Chart(chart.key, variants))
        else:
            # Variants that show the same in another way would repeat each other; those of the ledger are of several
            # prices.
            by_subject = {sentence.partition(":")[0]: sentence for sentence in reversed(sentences.values())}
            said[chart.key] = " ".join(reversed(by_subject.values()))
    return drawn, said


def _sentence(key: str, label: str, specification: Specification, data: dict[str, Dataset]) -> str:
    rows = data[data_name(specification)]
    if not rows.rows:
        return _EMPTY.get(key, "Nothing of this kind happened in this run.")
    say = _SAY.get((key, label)) or _SAY.get((key, ""))
    return say(_drawn(rows, specification)) if say is not None else ""


_EMPTY = {
    "links": "No link of the chain happened in this run.",
    "ledger": "No price fell.",
    "graph": "Nothing was liquidated, so nothing led to a liquidation.",
    "generations": "Nothing was liquidated: there is no generation of liquidations.",
    "liquidations": "Nothing was liquidated.",
    "deficit": "No debt was written off.",
    "depth": "No venue bought collateral in this run.",
    "health": "There was no open position.",
    "forced": "No engine of the exchange sold anything against the will of its owner.",
    "cohorts": "No cohort at the exchange owed stablecoins when the crash began.",
    "levels": "No cohort at the exchange owed stablecoins when the crash began.",
}


def _constant(what: str, field: str, by: str = "", write: str = "{:,.6g}") -> Say:
    """Return what says that none of the series of a dataset changes; series are named by a column."""

    def say(rows: Dataset) -> str:
        values: dict[str, set[float]] = {}
        names = rows.texts(by) if by else [""] * len(rows.rows)
        for name, value in zip(names, rows.numbers(field), strict=True):
            if not math.isnan(value):
                values.setdefault(name, set()).add(value)
        if not values:
            return f"{what} is not known in this run."
        if any(len(found) > 1 for found in values.values()):
            return ""
        parts = [f"{name} {write.format(min(found))}".strip() for name, found in sorted(values.items())]
        rest = f", and {len(parts) - _MOST_SERIES} more" if len(parts) > _MOST_SERIES else ""
        return f"{what} did not change during the crash: {', '.join(parts[:_MOST_SERIES])}{rest}."

    return say


def _drawn(rows: Dataset, specification: Specification) -> Dataset:
    """Return the rows that a specification draws: those that its filters on a field's values let through."""
    kept = rows.rows
    parts = [specification, *specification.get("layer", ())]
    # A filter of one layer alone leaves the rows of the others.
    steps = specification.get("transform") or [step for part in parts[1:2] for step in part.get("transform", ())]
    for step in steps:
        chosen = step.get("filter")
        if isinstance(chosen, dict) and chosen.get("field") in rows.columns:
            values = set(chosen["oneOf"]) if "oneOf" in chosen else {chosen["equal"]}
            position = rows.columns.index(chosen["field"])
            kept = [row for row in kept if row[position] in values]
    return Dataset(rows.columns, kept)


def _ledger(rows: Dataset) -> str:
    if len(rows.rows) > 1:
        return ""
    (row,) = rows.records()
    return f"{row['ledger']}: every move was made by one class of actor, {row['class']}, {row['text']} in all."


def _generations(rows: Dataset) -> str:
    if len(rows.rows) > 1:
        return ""
    number, usd = int(rows.numbers("liquidations")[0]), rows.numbers("usd")[0]
    return (
        f"{counted(number, 'liquidation')}, with {dollars(usd)} of debt covered, in one generation: the sale of "
        "collateral that a liquidation seized led to no other liquidation."
    )


def _graph(rows: Dataset) -> str:
    dots = [row for row in rows.records() if row["kind"] == "liquidation"]
    if len(dots) > 1:
        return ""
    return f"One liquidation, at {dots[0]['time']} UTC: no other one led to it." if dots else _EMPTY["graph"]


def _liquidations(rows: Dataset) -> str:
    times = rows.texts("time")
    if len(times) > 1:
        return ""
    (covered,) = rows.numbers("covered")
    return f"One liquidation, at {times[0]} UTC, covered {dollars(covered)} of debt."


def _cumulated(rows: Dataset) -> str:
    last = int(max(rows.numbers("count")))
    return "One liquidation makes no sum." if last == 1 else "" if last else _EMPTY["liquidations"]


def _leverage(rows: Dataset) -> str:
    bins = sorted(set(zip(rows.numbers("low"), rows.numbers("high"), strict=True)))
    if len(bins) > 1:
        return ""
    fates = zip(rows.texts("fate"), rows.numbers("positions"), strict=True)
    parts = ", ".join(f"{positions:,.0f} {fate}" for fate, positions in fates)
    low, high = bins[0]
    return f"Every position had a leverage between {low:g} and {high:g} when the build ended: {parts}."


def _risk(rows: Dataset) -> str:
    if any(rows.numbers("debt_usd")):
        return ""
    furthest = max(rows.numbers("fall_pct"))
    return f"No fall of the oracle price by up to {furthest:g} % would make any debt liquidatable."


def _bars(of_what: str, field: str) -> Say:
    def say(rows: Dataset) -> str:
        return "" if any(rows.numbers(field)) else f"{of_what} zero in this run."

    return say


def _links(rows: Dataset) -> str:
    return "" if len(rows.rows) > 1 else "One link happened, and the table below has it."


_SAY: dict[tuple[str, str], Say] = {
    ("links", ""): _links,
    ("ledger", ""): _ledger,
    ("graph", ""): _graph,
    ("generations", ""): _generations,
    ("rho", ""): _constant("The stability number", "rho", "series"),
    ("blockspace", "queue"): _constant("The number of transactions left waiting", "queued"),
    ("blockspace", "base fee"): _constant("The base fee in gwei", "gwei"),
    ("prices", ""): _constant("Every price", "price", "series"),
    ("books", ""): _constant("Every price in the books", "price", "book"),
    ("bids", ""): _constant("The share of bids left, in per cent,", "pct", "book"),
    ("cohorts", ""): _constant("Leverage", "leverage", "cohort"),
    ("levels", ""): _constant("The number of accounts by level of margin", "accounts", "level"),
    ("forced", ""): _constant("The sum of forced sales", "usd", "series"),
    ("health", ""): _constant("The number of open positions by health factor", "positions", "bucket"),
    ("liquidations", "each"): _liquidations,
    ("liquidations", "cumulated"): _cumulated,
    ("shortfall", ""): _constant("The shortfall of open positions", "usd", "series", "${:,.0f}"),
    ("waterfall", ""): _bars("The borrowers' equity was", "change"),
    ("parties", ""): _bars("The gain or loss of every party was", "usd"),
    ("depth", ""): _constant("The depth of the venues", "tokens", "series"),
    ("leverage", ""): _leverage,
    ("risk", ""): _risk,
}
"""What to say by key of the chart and label of the variant; an empty label stands for every variant."""
