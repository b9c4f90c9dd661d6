"""Where two runs diverge: links side by side, by hand-made tables."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from cascade.experiments.comparison.divergence import divergence_rows
from cascade.recording.tables import LinkRow

START = 1_760_129_100
"""20:45:00 UTC."""


def link(
    order: int, name: str, *, size: float, unit: str = "dollars sold", start: int = 0, peak: int = 60
) -> dict[str, Any]:
    return {
        "order": order,
        "link": name,
        "what": "something",
        "started_timestamp": START + start,
        "peaked_timestamp": START + peak,
        "ended_timestamp": 0,
        "started_step": 0,
        "size": size,
        "size_unit": unit,
        "peak": size,
        "peak_unit": unit,
        "fed_by": "input",
        "fed_through": "",
        "fed_share": 1.0,
        "fed_net": 1.0,
        "basis": "ledger",
    }


def diverging(baseline: list[dict[str, Any]], change: list[dict[str, Any]]) -> list[tuple[str, str, str, str]]:
    tables = [[LinkRow(run_id="by-hand", seed=1, **row) for row in rows] for rows in (baseline, change)]
    runs = [SimpleNamespace(frames=SimpleNamespace(rows=lambda _, found=found: found)) for found in tables]
    comparison: Any = SimpleNamespace(baseline=runs[0], change=runs[1])
    return divergence_rows(comparison)


def test_divergence__link_of_one_run_only__is_where_they_diverge_and_the_change_s_own_come_last() -> None:
    rows = diverging(
        [link(1, "macro-shock", size=30, unit="% of the start"), link(2, "chain-liquidations", size=5e6)],
        [link(1, "desk-liquidations", size=1e6), link(2, "macro-shock", size=30, unit="% of the start")],
    )

    assert [(name, verdict) for name, _, _, verdict in rows] == [
        ("Macro shock", "alike"),
        ("Liquidations on chain", "diverges"),
        ("Desk loans liquidated", "diverges"),
    ]
    assert rows[1][2] == "did not happen"
    assert rows[2][1] == "did not happen"


def test_divergence__link_of_both_runs__has_size_start_and_peak_of_each() -> None:
    ((_, before, after, _),) = diverging(
        [link(1, "loop-unwinding", size=30_090_000.0, start=600, peak=2160)], [link(1, "loop-unwinding", size=1.2e6)]
    )

    assert before == "$30.09 M sold; from 20:55:00, peak at 21:21:00"
    assert after == "$1.20 M sold; from 20:45:00, peak at 20:46:00"


def test_divergence__sizes__are_alike_up_to_a_factor_of_two() -> None:
    assert diverging([link(1, "loop-unwinding", size=2.0)], [link(1, "loop-unwinding", size=1.0)])[0][3] == "alike"
    assert diverging([link(1, "loop-unwinding", size=0.99)], [link(1, "loop-unwinding", size=2.0)])[0][3] == "diverges"


def test_divergence__runs_without_links__have_no_rows() -> None:
    assert diverging([], []) == []
