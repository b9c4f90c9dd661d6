"""Print causes found by further runs on a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from rich.console import Console

from cascade.experiments.causes.amplification import Amplification
from cascade.experiments.causes.result import Causes
from cascade.report.shared.figures import NOTHING, count
from cascade.report.shared.terminal import print_table, print_text
from cascade.units import e8_to_float

__all__ = ["print_causes"]


def print_causes(causes: Causes, *, console: Console | None = None) -> None:
    """Print the amplification, the Shapley values where there are any, and every run that was made."""
    console = console or Console()
    market = causes.market
    print_text(
        console,
        f"{market.asset} at {market.source}: from {e8_to_float(market.start_e8):.4f} to "
        f"{e8_to_float(market.trough_e8):.4f}, a fall of {e8_to_float(market.fall_e8):.4f} dollars",
    )
    print_text(console, f"Amplification by forced liquidations: {_amplified(causes.amplification)}")
    if causes.values_e8 is not None:
        print_table(
            console,
            "Shapley values: how the fall is shared",
            ("class of actor", "dollars", "share"),
            _shapley_rows(causes.values_e8),
        )
    print_table(
        console,
        "Runs of the same seed",
        ("active", "liquidations", "trough", "fall"),
        [
            (
                ", ".join(sorted(run.active)) or "none",
                count(run.liquidations),
                f"{e8_to_float(run.fall.trough_e8):.4f}",
                f"{e8_to_float(run.fall.fall_e8):.4f}",
            )
            for run in causes.runs
        ],
    )
    print_text(console, f"Report: {causes.run.folder / 'report.html'}", wrap=False)


def _amplified(amplification: Amplification | None) -> str:
    if amplification is None:
        return "not defined, because no keeper acts"
    if amplification.ratio is None:
        return "not defined, because the market does not fall without them"
    without = e8_to_float(amplification.without_liquidations_e8)
    return f"{amplification.ratio:.3f} times (a fall of {without:.4f} without them)"


def _shapley_rows(values_e8: Mapping[str, Fraction]) -> list[tuple[str, str, str]]:
    """Return a row per class, the largest value first, and the row of the total."""
    total = sum(values_e8.values(), Fraction(0))
    # Classes with equal values come in alphabetical order, so that the table does not change from run to run.
    ordered = sorted(values_e8.items(), key=lambda item: (-item[1], item[0]))
    rows = [(player, _dollars(value), _share(value, total)) for player, value in ordered]
    return [*rows, ("v(all players) - v(empty set)", _dollars(total), _share(total, total))]


def _share(value: Fraction, total: Fraction) -> str:
    return f"{float(100 * value / total):.1f} %" if total else NOTHING


def _dollars(value_e8: Fraction) -> str:
    return f"{e8_to_float(value_e8):.6f}"
