"""Print the figures of a run on a terminal."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from cascade.analysis.causes.digest import CausesDigest
from cascade.analysis.lending.shortfall import Shortfall
from cascade.analysis.summary import Summary
from cascade.recording.manifest import Manifest
from cascade.report.run.class_words import class_name
from cascade.report.run.coverage_words import coverage_sentences
from cascade.report.run.failure_words import failure_sentences, refusal_sentences
from cascade.report.shared.figures import NOTHING, count
from cascade.report.shared.terminal import print_pairs, print_text
from cascade.vocabulary import Valuation

__all__ = ["print_summary", "summary_lines"]

_MOST_GENERATIONS = 6
"""Generations whose R is printed, at most; the page shows all of them."""


def print_summary(folder: Path, *, summary: Summary, manifest: Manifest, console: Console | None = None) -> None:
    """Print the figures of a run, whether it ended as its scenario expects, and the path of its report."""
    console = console or Console()
    for sentence in failure_sentences(summary.agent_failures):
        print_text(console, f"Agent failed: {sentence}", wrap=False)
    for sentence in refusal_sentences(summary.oracle_refusals):
        print_text(console, f"Oracle refused: {sentence}", wrap=False)
    print_pairs(console, manifest.run_id, summary_lines(summary))
    for sentence in coverage_sentences(summary.coverage):
        print_text(console, f"Accounts: {sentence}")
    if summary.counterfactual:
        print_text(console, f"Counterfactual: {summary.counterfactual}")
    expectation = manifest.outcome
    verdict = "as expected" if expectation.met else "NOT as expected"
    print_text(console, f"Outcome: {verdict} (liquidations expected: {expectation.liquidations})")
    for claim in expectation.missed:
        print_text(console, f"Missed: {claim}", wrap=False)
    print_text(console, f"Report: {folder / 'report.html'}", wrap=False)


def summary_lines(summary: Summary) -> list[tuple[str, str]]:
    """Return the figures that a terminal shows of a run: name and value, as text."""
    lines = _causes(summary.causes) if summary.causes else []
    lines += [
        ("positions", count(summary.positions)),
        ("blocks", count(summary.blocks)),
        ("transactions", count(summary.transactions)),
        ("liquidations", count(summary.liquidations)),
        (
            "built",
            f"{_usd(summary.collateral_built_usd)} of collateral on {_usd(summary.debt_built_usd)} of debt",
        ),
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
        # The class that pushed the price down most comes first.
        ordered = sorted(ledger.classes.items(), key=lambda item: (item[1].net, item[0]))
        shown = "; ".join(f"{class_name(name)} {entry.net:+.4f}" for name, entry in ordered)
        lines.append((f"fall of {ledger.asset}, {ledger.market}", f"{-ledger.fall:+.4f}: {shown or 'none'}"))
    ratios = [generation.r for generation in causes.generations if generation.r is not None]
    if ratios:
        first = ", ".join(f"{ratio:.2f}" for ratio in ratios[:_MOST_GENERATIONS])
        lines.append(("generations", f"{count(len(ratios))}, R {first}"))
    return lines


def _shortfall(shortfall: Shortfall) -> str:
    return ", ".join(f"{valuation} {_usd(shortfall.at(valuation))}" for valuation in Valuation)


def _usd(value: float | None) -> str:
    return NOTHING if value is None else f"{value:,.0f} USD"
