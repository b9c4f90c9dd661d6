"""Two finished runs side by side: what is joined, what is compared, and what is printed, on made-up runs."""

from __future__ import annotations

import io
import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cascade import Run
from cascade.analysis import Frames, summarise
from cascade.analysis.summary import summary_json
from cascade.errors import CascadeError
from cascade.experiments.causes.amplification import Amplification
from cascade.experiments.comparison.compare import compare_finished
from cascade.experiments.comparison.markdown import comparison_markdown
from cascade.experiments.comparison.page import build_comparison
from cascade.experiments.comparison.result import (
    Comparison,
    ImpossiblePosition,
    LiquidatableAtOnce,
    Outcome,
    ParameterChange,
    RowMatch,
)
from cascade.experiments.comparison.terminal import print_comparison
from cascade.report.shared.markdown import escaped

from .conftest import write_run

Rows = dict[str, list[dict[str, Any]]]


def finished(folder: Path, rows: Rows) -> Run:
    write_run(folder, rows)
    (folder / "summary.json").write_text(summary_json(summarise(Frames(folder))), encoding="utf-8")
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


def test_compare_finished__fates__name_who_is_saved_and_who_is_newly_lost(tmp_path: Path, crash_rows: Rows) -> None:
    change = deepcopy(crash_rows)
    saved, renamed = (sorted({row["borrower"] for row in crash_rows["liquidations"]})[i] for i in (0, 1))
    gone = {row["tx_hash"] for row in change["liquidations"] if row["borrower"] == saved}
    change["liquidations"] = [row for row in change["liquidations"] if row["borrower"] != saved]
    change["transactions"] = [row for row in change["transactions"] if row["tx_hash"] not in gone]
    for table in ("liquidations", "positions", "loops"):
        for row in change[table]:
            row["borrower"] = "someone-new" if row["borrower"] == renamed else row["borrower"]
    comparison = compared(tmp_path, crash_rows, change)

    assert comparison.saved == (saved, renamed)
    assert comparison.newly_lost == ("someone-new",)
    assert not comparison.has_same_positions
    text = printed(comparison)
    assert f"Saved: {saved}, {renamed}" in text
    assert "Newly lost: someone-new" in text
    assert "The positions differ" in text


def test_compare_finished__lines_changed_before_the_crash__names_who_is_liquidatable_at_once(
    tmp_path: Path, crash_rows: Rows
) -> None:
    change = deepcopy(crash_rows)
    built = [row for row in change["positions"] if row["event"] == "built"]
    built[0]["health_factor_wad"] = 10**18 - 1
    built[1]["health_factor_wad"] = 10**18
    before = next(row for row in crash_rows["positions"] if row["event"] == "built")["health_factor_wad"]
    comparison = compared(tmp_path, crash_rows, change)

    expected = LiquidatableAtOnce(built[0]["borrower"], "loopers", "USDe", 10**18 - 1, before)
    assert comparison.at_once == (expected,)
    assert comparison.has_same_positions
    assert "Liquidatable at once under the change: 1" in printed(comparison)


def test_compare_finished__blocks_to_clear__from_first_to_last_block_under_one(
    tmp_path: Path, crash_rows: Rows
) -> None:
    under = [
        row["block_number"] for row in crash_rows["health"] if row["step"] >= 0 and row["health_high_bps"] <= 10_000
    ]
    comparison = compared(tmp_path, crash_rows, deepcopy(crash_rows))
    outcomes = {outcome.name: outcome for outcome in comparison.outcomes}

    assert outcomes["blocks to clear"].baseline == max(under) - min(under) + 1
    assert outcomes["lenders' loss"].baseline == outcomes["lenders' loss"].change
    assert outcomes["amplification by liquidations"].baseline is None


def test_parameter_change__group__is_what_a_proposal_lists() -> None:
    groups = {
        key: ParameterChange(key, "1", "2").group
        for key in (
            "lending.reserves.USDe.ltv_bps",
            "lending.emodes.1.ltv_bps",
            "lending.engine",
            "oracle.USDe.kind",
            "venues.usde-usdc.amplification",
            "chain.base_fee_gwei",
            "seed",
        )
    }

    assert list(groups.values()) == [
        "Reserve USDe",
        "eMode 1",
        "Lending pool",
        "Oracle of USDe",
        "Venue usde-usdc",
        "chain",
        "seed",
    ]


@pytest.fixture
def change_of_lines(tmp_path: Path, crash_rows: Rows) -> Comparison:
    change = deepcopy(crash_rows)
    parameters = json.loads(change["runs"][0]["parameters"])
    parameters["lending"]["reserves"]["USDe"]["ltv_bps"] = 7500
    change["runs"][0]["parameters"] = json.dumps(parameters)
    baseline, changed = (
        finished(tmp_path / name, rows) for name, rows in (("baseline", crash_rows), ("change", change))
    )
    named = (ImpossiblePosition("loopers-0003", "loopers", "USDe", 783_000, 7500),)
    return compare_finished(
        baseline, changed, impossible=named, amplified=(Amplification(36, 12), Amplification(30, 12))
    )


def test_markdown__change_of_lines__shows_before_and_after_then_positions_then_outcomes(
    change_of_lines: Comparison,
) -> None:
    post = comparison_markdown(change_of_lines)

    assert "| `lending.reserves.USDe.ltv_bps` | 80.00 % \\[8000\\] \u2192 75.00 % \\[7500\\] |" in post
    assert "| loopers-0003 | loopers | USDe | 78.30 % | 75.00 % |" in post
    assert "| amplification by liquidations | 3.000 | 2.500 | -0.500 |" in post
    order = [post.index(heading) for heading in ("### Reserve USDe", "makes impossible", "## Outcomes", "## Reproduce")]
    assert order == sorted(order)
    assert "Liquidatable at once" not in post


def test_markdown__every_table__has_as_many_cells_in_each_row(change_of_lines: Comparison) -> None:
    widths: list[int] = []
    lines = comparison_markdown(change_of_lines).splitlines()
    assert any(line.startswith("|") for line in lines)
    for line in lines:
        if not line.startswith("|"):
            widths = []
            continue
        widths.append(line.replace("\\|", "").count("|"))
        assert len(set(widths)) == 1, line


def test_markdown__hostile_text__stays_text() -> None:
    assert escaped("a|b <img src=x> `c` [d](e)\n# f") == "a\\|b \\<img src=x\\> \\`c\\` \\[d\\](e) \\# f"


def test_print_comparison__change_of_lines__names_impossible_positions_before_outcomes(
    change_of_lines: Comparison,
) -> None:
    text = printed(change_of_lines)

    assert "80.00 % [8000]" in text
    assert "75.00 % [7500]" in text
    assert text.index("Impossible under the change: 1") < text.index("78.30 %") < text.index("Outcomes")
    assert "amplification by liquidations" in text


def test_page__change_of_lines__holds_all_of_it_and_fetches_nothing(
    change_of_lines: Comparison, tmp_path: Path
) -> None:
    path = build_comparison(change_of_lines, tmp_path / "page")
    source = path.read_text(encoding="utf-8")
    page, content = without_scripts(source), json.loads(between(source, 'id="content">', "</script>"))

    assert path.name == "compare.html"
    for text in ("Reserve USDe", "80.00 % [8000]", "75.00 % [7500]", "loopers-0003", "78.30 %", "3.000", "2.500"):
        assert text in page, text
    assert set(content["charts"]) == {"prices-baseline", "prices-change", "health-baseline", "health-change"}
    assert {f'data-chart="{key}"' in page for key in content["charts"]} == {True}
    assert "default-src &#39;none&#39;" in page
    assert " src=" not in page
    assert "://" not in page


def test_page__both_runs__are_drawn_on_one_scale(change_of_lines: Comparison, tmp_path: Path) -> None:
    source = build_comparison(change_of_lines, tmp_path).read_text(encoding="utf-8")
    content = json.loads(between(source, 'id="content">', "</script>"))
    domains = {
        key: [layer["encoding"]["y"]["scale"]["domain"] for layer in spec[""].get("layer", [spec[""]])]
        for key, spec in content["charts"].items()
    }

    assert domains["prices-baseline"] == domains["prices-change"]
    assert domains["health-baseline"] == domains["health-change"]
    # The made-up venue stands 0.5 % under a path that falls to 0.64.
    assert domains["prices-baseline"][0] == [pytest.approx(0.6368), 1.0]


def test_page__hostile_names__stay_text(tmp_path: Path, crash_rows: Rows) -> None:
    hostile = "</script><script>alert(1)</script>"
    for table in ("liquidations", "positions", "loops"):
        for row in crash_rows[table]:
            row["borrower"] = hostile if row["borrower"] == "loopers-0000" else row["borrower"]
    change = deepcopy(crash_rows)
    change["runs"][0]["counterfactual"] = hostile
    comparison = compare_finished(
        finished(tmp_path / "a", crash_rows),
        finished(tmp_path / "b", change),
        impossible=(ImpossiblePosition(hostile, hostile, hostile, 1, 1),),
    )

    assert hostile not in build_comparison(comparison, tmp_path).read_text(encoding="utf-8")
    assert "\n<script" not in comparison_markdown(comparison)
    assert hostile not in comparison_markdown(comparison)


def between(text: str, start: str, end: str) -> str:
    return text.split(start, 1)[1].split(end, 1)[0]


def without_scripts(source: str) -> str:
    return re.sub(r"<script.*?</script>", "", source, flags=re.DOTALL)
