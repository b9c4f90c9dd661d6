"""The words of the page: figures as text, what each headline rests on, parameters with where they come from."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cascade.analysis.frames import Frames
from cascade.analysis.summary import Summary
from cascade.recording.manifest import Expectation, Manifest
from cascade.report.run.cause_words import cause_cards, cause_readings
from cascade.report.shared.figures import Card, clock, count, counted, dollars, exactly
from cascade.vocabulary import PriceSource

__all__ = ["Parameter", "cards", "command", "day_of", "parameters", "readings"]


@dataclass(frozen=True)
class Parameter:
    """One parameter of the scenario."""

    path: str
    value: str
    status: str
    source: str


def day_of(frames: Frames) -> str:
    """Day on which the crash phase starts, in UTC."""
    start = datetime.fromtimestamp(int(frames.runs["start_timestamp"].iloc[0]), UTC)
    return f"{start.day} {start:%B %Y}"


def cards(summary: Summary, expectation: Expectation) -> list[Card]:
    """Headline figures, each with what it rests on."""
    shortfall, keepers, delay = summary.shortfall_usd, summary.keepers, summary.blocks_to_liquidation
    trough = summary.trough_at
    met = "as the scenario expects" if expectation.met else "not what the scenario expects"
    share = 100 * summary.liquidated_positions / max(1, summary.positions)
    return [
        *cause_cards(summary),
        Card(
            "Positions",
            count(summary.positions),
            count(summary.positions),
            [
                f"{count(summary.liquidated_positions)} liquidated ({share:.1f} %)",
                f"{count(summary.wiped_out_positions)} of them left with nothing",
            ],
            "#positions",
            "runs.positions, liquidations.borrower",
        ),
        Card(
            "Liquidations",
            count(summary.liquidations),
            count(summary.liquidations),
            [
                f"{clock(summary.first_liquidation)} to {clock(summary.last_liquidation)} UTC"
                if summary.liquidations
                else "none",
                met,
            ],
            "#every-liquidation",
            "rows of liquidations",
        ),
        Card(
            "Debt covered",
            dollars(summary.debt_covered_usd),
            exactly(summary.debt_covered_usd),
            [
                f"{dollars(summary.collateral_seized_usd)} of collateral seized",
                f"{dollars(summary.bonus_paid_usd)} of it bonus and fee",
            ],
            "#every-liquidation",
            "liquidations.debt_covered_raw",
        ),
        Card(
            "Deficit",
            dollars(summary.deficit_usd),
            exactly(summary.deficit_usd),
            ["written off, borne by lenders", f"and {dollars(shortfall.end.oracle)} under water at the end"],
            "#every-liquidation-deficit",
            "liquidations.deficit_raw",
            "bad" if summary.deficit_usd else "",
        ),
        Card(
            "Shortfall at the trough, oracle",
            dollars(shortfall.trough.oracle),
            exactly(shortfall.trough.oracle),
            [
                f"{dollars(shortfall.trough.exit)} at exit price",
                f"{dollars(shortfall.trough.redemption)} at redemption",
            ],
            "#losses",
            "positions x prices at the trough",
            "bad" if shortfall.trough.oracle else "",
        ),
        Card(
            f"Trough of {trough.asset}" if trough else "Trough",
            f"${trough.price_usd:.4f}" if trough else "\u2013",
            f"${trough.price_usd:.8f}" if trough else "\u2013",
            [
                f"{trough.source} at {clock(trough.time)} UTC",
                "oracle " + _price(summary.trough.get(trough.asset, {}).get(PriceSource.ORACLE)),
            ]
            if trough
            else ["no prices"],
            "#prices",
            "prices.price_e8",
        ),
        Card(
            "Time to liquidation",
            counted(delay.median, "block") if delay.median is not None else "\u2013",
            "median, from the block that took the health factor under 1",
            [
                f"95 % within {counted(delay.p95, 'block')}" if delay.p95 is not None else "none liquidated",
                f"backlog of {count(summary.backlog.peak_positions)} at the most",
            ],
            "#health",
            "liquidations.unhealthy_since_step, health",
        ),
        Card(
            "Keepers' profit, net",
            dollars(keepers.net_profit_usd),
            exactly(keepers.net_profit_usd),
            [
                f"{dollars(keepers.gas_usd + keepers.reverted_gas_usd)} of gas paid",
                f"{counted(keepers.reverted_attempts, 'attempt')} reverted",
            ],
            "#who-paid",
            "liquidations.liquidator_profit_raw, transactions.fee_wei",
        ),
    ]


def readings(summary: Summary) -> dict[str, str]:
    """One sentence a section, made of figures only."""
    trough, backlog, shortfall = summary.trough_at, summary.backlog, summary.shortfall_usd
    borrowers, lenders = summary.who_paid.borrowers, summary.who_paid.lenders
    lows = summary.trough.get(trough.asset, {}) if trough else {}
    low = "; ".join(f"{source} {_price(price)}" for source, price in sorted(lows.items()))
    return {
        **cause_readings(summary),
        "prices": f"Lowest prices of {trough.asset}: {low}." if trough else "No price moved.",
        "health": (
            f"At {clock(backlog.at)} UTC, {counted(backlog.peak_positions, 'open position')} with "
            f"{dollars(backlog.peak_debt_usd)} of debt stood under a health factor of 1 at once; "
            f"{count(backlog.end_positions)} at the end."
            if backlog.peak_positions
            else "No open position ended a block under a health factor of 1."
        ),
        "liquidations": (
            f"{counted(summary.liquidations, 'liquidation')} of "
            f"{counted(summary.liquidated_positions, 'borrower')} "
            f"repaid {dollars(summary.debt_covered_usd)} of debt and took "
            f"{dollars(summary.collateral_seized_usd)} of collateral."
            if summary.liquidations
            else "Nothing was liquidated."
        ),
        "losses": (
            f"{dollars(summary.deficit_usd)} was written off. Open positions lacked "
            f"{dollars(shortfall.end.oracle)} at the end at the oracle, {dollars(shortfall.end.exit)} at "
            f"the price the venues would pay for all of it, {dollars(shortfall.end.redemption)} at redemption."
        ),
        "who_paid": (
            f"Borrowers began with {dollars(borrowers.equity_start_usd)} of own capital and lost "
            f"{dollars(borrowers.loss_usd)}; lenders lost {dollars(lenders.loss_usd)}."
        ),
    }


def parameters(frames: Frames) -> dict[str, list[Parameter]]:
    """Every parameter by section, with the status and source of the longest path of `provenance` that covers it."""
    tree = frames.parameters
    claims = {
        str(key): (str(claim["status"]), str(claim["source"]))
        for claim in tree.get("provenance", [])
        for key in claim["keys"]
    }
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


def _leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _leaves(inner, f"{path}.{key}" if path else str(key))
    elif value is not None:
        shown = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        yield path, {"True": "yes", "False": "no"}.get(shown, shown)


def command(manifest: Manifest) -> str:
    """Compose the command that makes the same tables again."""
    if manifest.built_like is not None:
        # On another scenario's positions, which only the run's folder names.
        return shlex.join(["ape", "run", "verify", f"runs/{manifest.run_id}"])
    words = ["ape", "run", "replay", manifest.scenario_file, "--seed", str(manifest.seed)]
    for override in manifest.overrides:
        words += ["--set", override]
    return shlex.join(words)


def _price(value: float | None) -> str:
    return "\u2013" if value is None else f"${value:.4f}"
