"""Word the page: a reading per section, parameters with their sources, and the command that repeats the run."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from cascade.analysis.frames import Frames
from cascade.analysis.lending.backlog import Backlog
from cascade.analysis.lending.who_paid import WhoPaid
from cascade.analysis.summary import Summary
from cascade.recording.manifest import Manifest
from cascade.report.run.cause_words import cause_readings
from cascade.report.run.price_words import source_name
from cascade.report.shared.figures import clock, count, counted, dollars, price
from cascade.units import bps_to_pct

__all__ = ["Parameter", "Readings", "command", "day_of", "parameters", "readings"]


@dataclass(frozen=True)
class Parameter:
    """One parameter of the scenario.

    Attributes
    ----------
    path : str
        Dotted path of the parameter.
    value : str
        Its value as text.
    status : str
        `observed`, `reported` or `assumed`; empty where the scenario claims nothing.
    source : str
        Where the value comes from; empty likewise.
    """

    path: str
    value: str
    status: str
    source: str


@dataclass(frozen=True)
class Readings:
    """One reading per section of the page: sentences made of figures only; an empty one is left out.

    Attributes
    ----------
    ledger, graph, stability : str
        Causes of the fall; empty where no event moved a price.
    prices, health, liquidations, losses, who_paid, depth, positions : str
        The other sections.
    """

    ledger: str
    graph: str
    stability: str
    prices: str
    health: str
    liquidations: str
    losses: str
    who_paid: str
    depth: str
    positions: str


def day_of(frames: Frames) -> str:
    """Return the day on which the crash starts, in UTC."""
    start = datetime.fromtimestamp(int(frames.runs["start_timestamp"].iloc[0]), UTC)
    return f"{start.day} {start:%B %Y}"


def readings(summary: Summary) -> Readings:
    """Return the readings of a run."""
    causes = cause_readings(summary)
    return Readings(
        ledger=causes.ledger,
        graph=causes.graph,
        stability=causes.stability,
        prices=_prices(summary),
        health=_health(summary.backlog),
        liquidations=_liquidations(summary),
        losses=_losses(summary),
        who_paid=_who_paid(summary.who_paid),
        depth=_depth(summary.depth_at_trough),
        positions=_positions(summary),
    )


def _prices(summary: Summary) -> str:
    trough = summary.trough_at
    # Without positions there is no main collateral, although prices may have moved.
    if trough is None:
        return ""
    lows = summary.trough.get(trough.asset, {})
    low = "; ".join(f"{source_name(source)} {price(value)}" for source, value in sorted(lows.items()))
    return f"Lowest prices of {trough.asset}: {low}."


def _health(backlog: Backlog) -> str:
    if not backlog.peak_positions:
        return "No open position ended a block under a health factor of 1."
    return (
        f"At {clock(backlog.at)} UTC, {counted(backlog.peak_positions, 'open position')} with "
        f"{dollars(backlog.peak_debt_usd)} of debt had a health factor under 1, more than at any other time; at the "
        f"end, {count(backlog.end_positions)} did."
    )


def _liquidations(summary: Summary) -> str:
    if not summary.liquidations:
        return "Nothing was liquidated."
    return (
        f"{counted(summary.liquidations, 'liquidation')} of {counted(summary.liquidated_positions, 'borrower')} "
        f"repaid {dollars(summary.debt_covered_usd)} of debt and seized "
        f"{dollars(summary.collateral_seized_usd)} of collateral."
    )


def _losses(summary: Summary) -> str:
    shortfall = summary.shortfall_usd.end
    return (
        f"{dollars(summary.deficit_usd)} was written off. The shortfall of open positions at the end was "
        f"{dollars(shortfall.oracle)} at the oracle's price, {dollars(shortfall.exit)} at the price that the "
        f"venues would pay for all of the collateral, and {dollars(shortfall.redemption)} at redemption."
    )


def _who_paid(who_paid: WhoPaid) -> str:
    borrowers, lenders = who_paid.borrowers, who_paid.lenders
    return (
        f"Borrowers began with {dollars(borrowers.equity_start_usd)} of equity and lost "
        f"{dollars(borrowers.loss_usd)}; lenders lost {dollars(lenders.loss_usd)}."
    )


def _depth(depth_at_trough: dict[str, dict[str, float]]) -> str:
    if not depth_at_trough:
        return ""
    venues = []
    for venue, depths in depth_at_trough.items():
        # JSON has the distances as text, in the order of text.
        nearest = sorted((int(bps), tokens) for bps, tokens in depths.items())
        shown = ", ".join(f"{tokens:,.0f} tokens within {bps_to_pct(bps):g} %" for bps, tokens in nearest)
        venues.append(f"{venue}: {shown}")
    return f"Depth at the trough: {'; '.join(venues)}."


def _positions(summary: Summary) -> str:
    concentration = summary.concentration
    liquidated = f"{count(summary.liquidated_positions)} of {counted(summary.positions, 'position')}"
    fate = f"{liquidated} {'was' if summary.liquidated_positions == 1 else 'were'} liquidated later."
    if concentration.collateral_top10_pct is None:
        return fate
    return (
        f"The ten largest borrowers held {concentration.collateral_top10_pct:.1f} % of the collateral "
        f"(Herfindahl-Hirschman index {concentration.collateral_hhi:.4f}). {fate}"
    )


def parameters(frames: Frames) -> dict[str, list[Parameter]]:
    """Return every parameter by section, each with the status and source that `provenance` states for it.

    Of several paths that cover a parameter, the longest is the most specific and counts.
    """
    tree = frames.parameters
    claims = {
        str(key): (str(claim["status"]), str(claim["source"]))
        for claim in tree.get("provenance", [])
        for key in claim["keys"]
    }
    for asset, source in tree.get("prices", {}).get("sources", {}).items():
        # A source states its own provenance, which holds for each of its points.
        claims.setdefault(f"prices.sources.{asset}", (str(source["status"]), str(source["source"] or source["file"])))
    sections: dict[str, list[Parameter]] = {"scenario": []}
    for path, value in _leaves(tree):
        section = path.split(".")[0] if "." in path else "scenario"
        if path == "provenance":
            continue
        steps = path.split(".")
        covers = [".".join(steps[:i]) for i in range(len(steps), 0, -1)]
        status, source = next((claims[cover] for cover in covers if cover in claims), ("", ""))
        sections.setdefault(section, []).append(Parameter(path, value, status, source))
    return sections


def _leaves(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the dotted path and the text of every value of a tree of parameters."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else str(key))
    elif isinstance(value, bool):
        yield path, "yes" if value else "no"
    # A parameter that is null is not set, and has no row.
    elif value is not None:
        yield path, ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def command(manifest: Manifest) -> str:
    """Return the command that makes the same tables again, to be run in the project's folder.

    Of a run on a network it checks the tables alone.
    """
    is_path, is_shipped = "/" in manifest.scenario_file, "." not in manifest.scenario_file
    if manifest.built_like is not None or manifest.network is not None or not (is_path or is_shipped):
        # Only the run's folder holds a scenario from elsewhere, and the baseline whose positions another one stands on.
        return shlex.join(["cascade", "verify", f"runs/{manifest.run_id}"])
    words = ["cascade", "replay", manifest.scenario_file, "--seed", str(manifest.seed)]
    for override in manifest.overrides:
        words += ["--set", override]
    return shlex.join(words)
