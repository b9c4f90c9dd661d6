"""Make the section on further runs of the same seed: amplification, and Shapley values where they were asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import altair as alt
import pandas as pd

from cascade.recording.causes import CausesRecord
from cascade.report.shared.colours import GREEN, RED
from cascade.report.shared.datasets import Dataset
from cascade.report.shared.style import Chart, Specification, label_axis, spec
from cascade.units import e8_to_float

__all__ = ["FurtherRuns", "further_runs"]


@dataclass(frozen=True)
class FurtherRuns:
    """The section of the page.

    Attributes
    ----------
    reading : str
        Sentences with the figures.
    datasets : dict of str to Dataset
        Data of the charts by name.
    charts : list of Chart
        `amplification` and `shapley`, as far as there are figures for them.
    """

    reading: str
    datasets: dict[str, Dataset]
    charts: list[Chart]

    @property
    def keys(self) -> list[str]:
        """Keys of the charts, in the order of the section."""
        return [chart.key for chart in self.charts]


def further_runs(run_folder: Path) -> FurtherRuns | None:
    """Return the section of a run whose folder has `causes.json`; None for other runs."""
    file = run_folder / "causes.json"
    if not file.is_file():
        return None
    causes = CausesRecord.from_json(file.read_text(encoding="utf-8"))
    data, drawn, words = {}, [], [f"The market is {causes.asset} at {causes.source}."]
    amplification, shapley = causes.amplification, causes.shapley
    if amplification is not None:
        falls = [e8_to_float(amplification.fall_e8), e8_to_float(amplification.without_liquidations_e8)]
        rows = pd.DataFrame({"label": ["this run", "without forced liquidations"], "usd": falls, "kind": "fall"})
        data["amplification"] = Dataset.of(rows)
        drawn.append(Chart("amplification", {"": _bars("amplification", rows["label"].tolist(), height=110)}))
        words.append(_amplified(amplification.ratio, falls))
    if shapley is not None:
        ordered = sorted(shapley.items(), key=lambda item: (-item[1].usd, item[0]))
        values = [value.usd for _, value in ordered]
        rows = pd.DataFrame({"label": [player for player, _ in ordered], "usd": values})
        rows["kind"] = ["fall" if value >= 0 else "rise" for value in values]
        data["shapley"] = Dataset.of(rows)
        drawn.append(Chart("shapley", {"": _bars("shapley", rows["label"].tolist(), height=50 + 36 * len(ordered))}))
        shares = ", ".join(f"{player} {value.usd:.4f}" for player, value in ordered)
        words.append(f"Shapley values of the fall, in dollars: {shares}.")
    return FurtherRuns(" ".join(words), data, drawn)


def _amplified(ratio: float | None, falls: list[float]) -> str:
    if ratio is None:
        return f"It fell by ${falls[0]:.4f}; without forced liquidations it would not have fallen."
    return (
        f"It fell by ${falls[0]:.4f}, which is {ratio:.2f} times its fall without forced liquidations, ${falls[1]:.4f}."
    )


def _bars(name: str, order: list[str], *, height: int) -> Specification:
    base = alt.Chart(alt.NamedData(name)).encode(y=alt.Y("label:N", sort=order, title=None, axis=label_axis()))
    bars = base.mark_bar(height={"band": 0.62}, cornerRadius=2).encode(
        x=alt.X("usd:Q", title="dollars of the fall", axis=alt.Axis(format="$.3~f", grid=True, tickCount=8)),
        color=alt.Color("kind:N", scale=alt.Scale(domain=["fall", "rise"], range=[RED, GREEN]), legend=None),
        tooltip=[alt.Tooltip("label:N"), alt.Tooltip("usd:Q", title="dollars", format="$.6f")],
    )
    labels = base.mark_text(align="left", dx=6).encode(x="usd:Q", text=alt.Text("usd:Q", format="$.4f"))
    return spec(bars + labels, height=height)
