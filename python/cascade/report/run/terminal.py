"""Print the figures of a run on a terminal."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from cascade.analysis.causes.digest import CausesDigest
from cascade.analysis.lending.shortfall import Shortfall
from cascade.analysis.summary import Summary
from cascade.recording.manifest import Manifest
from cascade.vocabulary import Valuation

__all__ = ["print_summary"]


def print_summary(folder: Path, *, summary: Summary, manifest: Manifest, console: Console | None = None) -> None:
    """Print the figures of a run and where its report is."""
    console = console or Console()
    table = Table(title=manifest.run_id, show_header=False, title_justify="left")
    for name, value in _lines(summary):
        table.add_row(name, value)
    console.print(table)
    if summary.counterfactual:
        console.print(f"Counterfactual: {summary.counterfactual}", markup=False)
    expectation = manifest.expectation
    verdict = "as expected" if expectation.met else "NOT as expected"
    console.print(f"Outcome: {verdict} ({expectation.liquidations} liquidations expected)", markup=False)
    for claim in expectation.missed:
        console.print(f"Missed: {claim}", markup=False, highlight=False, soft_wrap=True)
    console.print(f"Report: {folder / 'report.html'}", markup=False, soft_wrap=True)


def _lines(summary: Summary) -> list[tuple[str, str]]:
    lines = _causes(summary.causes) if summary.causes else []
    lines += [
        ("positions", f"{summary.positions:,}"),
        ("blocks", f"{summary.blocks:,}"),
        ("transactions", f"{summary.transactions:,}"),
        ("liquidations", f"{summary.liquidations:,}"),
        ("built", f"{_usd(summary.collateral_built_usd)} of collateral on {_usd(summary.debt_built_usd)} of debt"),
        ("debt covered", _usd(summary.debt_covered_usd)),
        ("deficit", _usd(summary.deficit_usd)),
        ("shortfall at end", _shortfall(summary.shortfall_usd.end)),
        ("shortfall at trough", _shortfall(summary.shortfall_usd.trough)),
    ]
    for asset, by_source in summary.trough.items():
        shown = ", ".join(f"{source} {price:.4f}" for source, price in by_source.items())
        lines.append((f"lowest {asset}", shown))
    lines.append(("tables sha256", summary.tables_sha256))
    if summary.wall_seconds is not None:
        lines.append(("wall time", f"{summary.wall_seconds:.1f} s"))
    return lines


def _causes(causes: CausesDigest) -> list[tuple[str, str]]:
    lines = []
    for ledger in causes.ledger:
        shown = ", ".join(f"{name} {entry.net:+.4f}" for name, entry in ledger.classes.items())
        lines.append((f"fall of {ledger.asset}, {ledger.market}", f"{-ledger.fall:+.4f}: {shown or 'none'}"))
    ratios = [generation.r for generation in causes.generations if generation.r is not None]
    if ratios:
        lines.append(("generations", f"{len(ratios)}, R " + ", ".join(f"{ratio:.2f}" for ratio in ratios[:6])))
    return lines


def _shortfall(shortfall: Shortfall) -> str:
    return ", ".join(f"{valuation} {_usd(shortfall.at(valuation))}" for valuation in Valuation)


def _usd(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f} USD"
