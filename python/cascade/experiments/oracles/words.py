"""Word a comparison of oracle designs: the same rows for the terminal, for Markdown and for the page."""

from __future__ import annotations

from collections.abc import Iterator

from cascade.experiments.oracles.result import DesignRun, OracleComparison
from cascade.report.shared.figures import counted, number
from cascade.report.shared.markdown import escaped, markdown_table
from cascade.run.opened import Run
from cascade.units import e8_to_float
from cascade.vocabulary import Valuation

__all__ = ["HEADINGS", "design_row", "oracle_markdown", "oracle_note", "recovery_note"]

HEADINGS = (
    "design",
    "liquidations",
    "debt covered, USD",
    "deficit, USD",
    "shortfall at oracle, USD",
    "shortfall at exit, USD",
    "shortfall at redemption, USD",
    "market trough",
    "oracle trough",
    "amplification",
)
"""Headings of the rows. Shortfalls are those at the market's trough, of the positions in the main collateral."""


def design_row(design: DesignRun) -> tuple[str, ...]:
    """Return the figures of one design, in the order of the headings."""
    summary = design.run.summary
    market = None if design.market is None else e8_to_float(design.market.trough_e8)
    ratio = None if design.amplification is None else design.amplification.ratio
    return (
        design.name,
        number(summary.liquidations, ""),
        number(summary.debt_covered_usd, ""),
        number(summary.deficit_usd, ""),
        *(number(_shortfall(design.run, price), "") for price in Valuation),
        number(market, "USD each"),
        number(design.oracle_trough_usd, "USD each"),
        number(ratio, "times"),
    )


def _shortfall(run: Run, price: Valuation) -> float | None:
    """Return the shortfall at the trough of all pairs with the main collateral; None where a pair has no such price."""
    trough = run.summary.trough_at
    if trough is None:
        return None
    values = [
        shortfalls.trough.at(price)
        for pair, shortfalls in run.summary.shortfall_by_pair_usd.items()
        # A pair is named COLLATERAL/DEBT.
        if pair.split("/")[0] == trough.asset
    ]
    # A sum that leaves out a pair without a price would look like a smaller loss.
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def recovery_note(comparison: OracleComparison) -> str:
    """Return a sentence about the recovery flow that every design shares."""
    if not comparison.recovery:
        return "No recovery flow is stated; without one, designs hardly differ."
    return f"Recovery flow in every design: {'; '.join(comparison.recovery)}."


def oracle_note(comparison: OracleComparison) -> str:
    """Return a sentence about the seed and the positions of the runs."""
    runs, seed = counted(len(comparison.designs), "run"), comparison.scenario.seed
    if comparison.has_same_positions:
        return f"{runs} of seed {seed}, on the same positions to the unit."
    return f"{runs} of seed {seed}; their positions differ, because a design changes what the build borrows."


def oracle_markdown(comparison: OracleComparison) -> str:
    """Return the comparison as a post in Markdown."""
    return "\n".join(_lines(comparison)) + "\n"


def _lines(comparison: OracleComparison) -> Iterator[str]:
    yield from (f"# {escaped(comparison.scenario.spec.name)}: oracle designs", "")
    yield from (escaped(recovery_note(comparison)), "", escaped(oracle_note(comparison)), "")
    yield from markdown_table(HEADINGS, [design_row(design) for design in comparison.designs], figures_from=1)
    yield from ("## Designs", "")
    sources = [(design.name, design.sources, design.run.manifest.run_id) for design in comparison.designs]
    yield from markdown_table(("design", "price sources", "run"), sources)
