"""Save the causes of a fall into the folder of the run."""

from __future__ import annotations

import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from cascade.analysis.summary import SUMMARY_FILE, summary_json
from cascade.experiments.causes.result import Causes
from cascade.recording.causes import AmplificationRecord, CausesRecord, CoalitionRecord, ShapleyRecord
from cascade.report.run.page import build_report
from cascade.units import e8_to_float

__all__ = ["save_causes"]


def save_causes(causes: Causes) -> Path:
    """Write `causes.json` into the run's folder and its figures into the run's summary, and draw the page again.

    The tables stay as they are, so that the run is verified as before.

    Returns
    -------
    Path
        Path of `causes.json`.
    """
    folder, record = causes.run.folder, _record_of(causes)
    summary = replace(
        causes.run.summary,
        amplification=None if record.amplification is None else record.amplification.ratio,
        shapley=None if record.shapley is None else {name: value.usd for name, value in record.shapley.items()},
    )
    file = folder / "causes.json"
    _replace(file, record.to_json())
    _replace(folder / SUMMARY_FILE, summary_json(summary))
    # Last, because the page shows what both files hold.
    build_report(folder)
    return file


def _record_of(causes: Causes) -> CausesRecord:
    amplification, values_e8 = causes.amplification, causes.values_e8
    return CausesRecord(
        run_id=causes.run.manifest.run_id,
        asset=causes.market.asset,
        source=causes.market.source,
        start_e8=causes.market.start_e8,
        players=causes.players,
        amplification=None
        if amplification is None
        else AmplificationRecord(
            fall_e8=amplification.fall_e8,
            without_liquidations_e8=amplification.without_liquidations_e8,
            ratio=amplification.ratio,
        ),
        runs=tuple(
            CoalitionRecord(
                active=tuple(sorted(run.active)),
                run_id=run.run_id,
                liquidations=run.liquidations,
                trough_e8=run.fall.trough_e8,
                fall_e8=run.fall.fall_e8,
            )
            for run in causes.runs
        ),
        shapley=None if values_e8 is None else {player: _shapley_of(value) for player, value in values_e8.items()},
    )


def _shapley_of(value_e8: Fraction) -> ShapleyRecord:
    return ShapleyRecord(numerator_e8=value_e8.numerator, denominator=value_e8.denominator, usd=e8_to_float(value_e8))


def _replace(file: Path, text: str) -> None:
    """Replace a file in one step, so that an interrupted command leaves the whole old text or the whole new one."""
    partial = file.with_name(f".partial-{file.name}-{os.getpid()}")
    partial.write_text(text, encoding="utf-8")
    partial.replace(file)
