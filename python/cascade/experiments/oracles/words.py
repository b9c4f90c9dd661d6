"""A comparison of oracle designs: the same rows for the terminal, for Markdown and for the page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from cascade.report.shared.figures import number
from cascade.report.shared.markdown import escaped, markdown_table
from cascade.units import e8_to_float

if TYPE_CHECKING:
    from cascade.experiments.oracles.compare import DesignRun, OracleComparison

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
"""The shortfalls are those at the market's trough, of the positions in the main collateral."""


def design_row(design: DesignRun) -> tuple[str, ...]:
    """One design's figures, as the headings name them."""
    summary = design.run.summary
    market = None if design.market is None else e8_to_float(design.market.trough_e8)
    ratio = None if design.amplification is None else design.amplification.ratio
    return (
        design.name,
        number(summary["liquidations"], ""),
        number(summary["debt_covered_usd"], ""),
        number(summary["deficit_usd"], ""),
        *(number(_shortfall(summary, kind), "") for kind in ("oracle", "exit", "redemption")),
        number(market, "USD each"),
        number(design.oracle_trough_usd, "USD each"),
        number(ratio, "times"),
    )


def _shortfall(summary: dict[str, Any], kind: str) -> float | None:
    trough = summary["trough_at"]
    if trough is None:
        return None
    pairs = [
        one["trough"][kind]
        for pair, one in summary["shortfall_by_pair_usd"].items()
        if pair.split("/")[0] == trough["asset"]
    ]
    return None if None in pairs else sum(pairs)


def recovery_note(comparison: OracleComparison) -> str:
    """The flow that holds in every design, which belongs into the heading."""
    if not comparison.recovery:
        return "No recovery flow is stated: without one, designs hardly differ."
    return f"Recovery flow in every design: {'; '.join(comparison.recovery)}."


def oracle_note(comparison: OracleComparison) -> str:
    """What is the same in every run."""
    count, seed = len(comparison.designs), comparison.scenario.seed
    if comparison.has_same_positions:
        return f"{count} runs of seed {seed}, on the same positions to the unit."
    return f"{count} runs of seed {seed}; their positions differ, because a design changes what the build borrows."


def oracle_markdown(comparison: OracleComparison) -> str:
    """The comparison as a post."""
    return "\n".join(_lines(comparison)) + "\n"


def _lines(comparison: OracleComparison) -> Iterator[str]:
    yield from (f"# {escaped(comparison.scenario.spec.name)}: oracle designs", "")
    yield from (escaped(recovery_note(comparison)), "", escaped(oracle_note(comparison)), "")
    yield from markdown_table(HEADINGS, [design_row(design) for design in comparison.designs], figures_from=1)
    yield from ("## Designs", "")
    sources = [(design.name, design.sources, design.run.manifest.run_id) for design in comparison.designs]
    yield from markdown_table(("design", "price sources", "run"), sources)
