"""Causes by further runs on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from cascade.experiments.causes.further_runs import Causes
from cascade.units import e8_to_float

__all__ = ["print_causes"]


def print_causes(causes: Causes, *, console: Console | None = None) -> None:
    """Print the amplification, the Shapley values where there are any, and every run that was made."""
    console = console or Console()
    market, amplification = causes.market, causes.amplification
    console.print(
        f"{market.asset} at {market.source}: from {e8_to_float(market.start_e8):.4f} to "
        f"{e8_to_float(market.trough_e8):.4f}, a fall of {e8_to_float(market.fall_e8):.4f} dollars",
        markup=False,
        highlight=False,
    )
    if amplification is None:
        console.print("Amplification: no keeper acts, so there is nothing to switch off")
    else:
        ratio = "without them it did not fall" if amplification.ratio is None else f"{amplification.ratio:.3f} times"
        console.print(
            f"Amplification by forced liquidations: {ratio} (a fall of "
            f"{e8_to_float(amplification.without_liquidations_e8):.4f} without them)",
            markup=False,
            highlight=False,
        )
    if causes.values_e8 is not None:
        console.print(_shapley(causes))
    runs = Table(title="Runs of the same seed", title_justify="left")
    for heading in ("active", "liquidations", "trough", "fall"):
        runs.add_column(heading, justify="left" if heading == "active" else "right")
    for one in causes.runs:
        runs.add_row(
            ", ".join(sorted(one.active)) or "none",
            f"{one.liquidations:,}",
            f"{e8_to_float(one.fall.trough_e8):.4f}",
            f"{e8_to_float(one.fall.fall_e8):.4f}",
        )
    console.print(runs)
    console.print(f"Report: {causes.run.folder / 'report.html'}", markup=False, highlight=False, soft_wrap=True)


def _shapley(causes: Causes) -> Table:
    assert causes.values_e8 is not None
    table = Table(title="Shapley values: how the fall is shared", title_justify="left")
    for heading in ("class of actor", "dollars", "share"):
        table.add_column(heading, justify="left" if heading == "class of actor" else "right")
    total = sum(causes.values_e8.values())
    for player, value in sorted(causes.values_e8.items(), key=lambda item: (-item[1], item[0])):
        share = f"{float(100 * value / total):.1f} %" if total else "-"
        table.add_row(player, f"{float(value / 10**8):.6f}", share)
    table.add_row("all, less nobody", f"{float(total / 10**8):.6f}", "100.0 %" if total else "-")
    return table
