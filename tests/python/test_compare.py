"""Two finished runs side by side: what is joined, what is compared, and what is printed, on made-up runs."""

from __future__ import annotations

import io
import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cascade import Run
from cascade.analysis import Frames, summarise
from cascade.errors import CascadeError
from cascade.experiments.compare import Comparison, Outcome, ParameterChange, RowMatch, compare_finished
from cascade.terminal_comparison import print_comparison

from .conftest import write_run

Rows = dict[str, list[dict[str, Any]]]


def finished(folder: Path, rows: Rows) -> Run:
    write_run(folder, rows)
    summary = {"keepers": {"net_profit_usd": 5.5}, **summarise(Frames(folder))}
    (folder / "summary.json").write_text(json.dumps(summary), encoding="utf-8")
    return Run(folder)


def compared(folder: Path, baseline: Rows, change: Rows) -> Comparison:
    return compare_finished(finished(folder / "baseline", baseline), finished(folder / "change", change))


def largest(comparison: Comparison) -> dict[str, int]:
    return {f"{c.table}.{c.column}": c.largest for c in comparison.columns if c.largest}


def printed(comparison: Comparison) -> str:
    text = io.StringIO()
    print_comparison(comparison, console=Console(file=text, width=120))
    return text.getvalue()


def test_compare_finished__same_rows__finds_no_difference(tmp_path: Path, crash_rows: Rows) -> None:
    comparison = compared(tmp_path, crash_rows, deepcopy(crash_rows))

    assert comparison.is_identical
    assert comparison.parameters == ()
    assert largest(comparison) == {}
    assert comparison.rows == (
        RowMatch("liquidations", len(crash_rows["liquidations"]), 0, 0),
        RowMatch("positions", len(crash_rows["positions"]), 0, 0),
    )
    assert "Rows and columns compared: the same in both runs" in printed(comparison)


def test_compare_finished__one_unit_in_a_256_bit_amount__is_found_exactly(tmp_path: Path, crash_rows: Rows) -> None:
    for row in crash_rows["positions"]:
        row["collateral_raw"] += 2**200
    change = deepcopy(crash_rows)
    change["positions"][0]["collateral_raw"] += 1
    comparison = compared(tmp_path, crash_rows, change)

    assert largest(comparison) == {"positions.collateral_raw": 1}
    assert [c.rows_differing for c in comparison.columns if c.largest] == [1]
    assert not comparison.is_identical
    assert "NOT the same in both runs" in printed(comparison)


def test_compare_finished__other_block_numbers_and_gas__are_no_difference(tmp_path: Path, crash_rows: Rows) -> None:
    change = deepcopy(crash_rows)
    for row in (*change["positions"], *change["liquidations"]):
        row["block_number"] += 7
    for row in change["liquidations"]:
        row.update(gas_used=row["gas_used"] + 1, fee_wei=row["fee_wei"] + 1)

    assert compared(tmp_path, crash_rows, change).is_identical


def test_compare_finished__row_that_only_one_run_has__is_counted(tmp_path: Path, crash_rows: Rows) -> None:
    change = deepcopy(crash_rows)
    lost = change["liquidations"].pop()
    change["transactions"] = [row for row in change["transactions"] if row["tx_hash"] != lost["tx_hash"]]
    comparison = compared(tmp_path, crash_rows, change)

    assert comparison.rows[0] == RowMatch("liquidations", len(change["liquidations"]), 1, 0)
    assert not comparison.is_identical
    count = Outcome("liquidations", "", len(crash_rows["liquidations"]), len(change["liquidations"]))
    assert comparison.outcomes[0] == count


def test_compare_finished__changed_parameter__comes_first_with_both_values(tmp_path: Path, crash_rows: Rows) -> None:
    change = deepcopy(crash_rows)
    parameters = json.loads(change["runs"][0]["parameters"])
    parameters["lending"]["reserves"]["USDe"]["ltv_bps"] = 7500
    parameters["venues"]["curve"]["fee_bps"] = "4"
    change["runs"][0]["parameters"] = json.dumps(parameters)
    comparison = compared(tmp_path, crash_rows, change)

    assert comparison.parameters == (
        ParameterChange("lending.reserves.USDe.ltv_bps", "8000", "7500"),
        ParameterChange("venues.curve.fee_bps", None, "4"),
    )
    text = printed(comparison)
    assert text.index("lending.reserves.USDe.ltv_bps") < text.index("Outcomes") < text.index("Largest differences")


def test_compare_finished__two_rows_of_one_identity__are_refused(tmp_path: Path, crash_rows: Rows) -> None:
    change = deepcopy(crash_rows)
    change["positions"].append(dict(change["positions"][0]))

    with pytest.raises(CascadeError, match=r"positions: .* name more than one row"):
        compared(tmp_path, crash_rows, change)
