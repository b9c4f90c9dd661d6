"""Oracle designs side by side, without a chain: what is refused, and the rows of the shipped designs."""

from __future__ import annotations

import io
import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cascade import Run, load_scenario
from cascade.analysis import Frames, summarise
from cascade.analysis.prices.fall import main_market
from cascade.analysis.summary import summary_json
from cascade.errors import ScenarioError
from cascade.experiments.causes.amplification import Amplification
from cascade.experiments.oracles.compare import compare_oracles
from cascade.experiments.oracles.page import build_oracles
from cascade.experiments.oracles.result import DesignRun, OracleComparison
from cascade.experiments.oracles.terminal import print_oracles
from cascade.experiments.oracles.words import HEADINGS, design_row, oracle_markdown
from cascade.scenario.load import vary
from cascade.scenario.model import ParMintVenue
from cascade.toolchain.paths import project_root

from .conftest import write_run

Rows = dict[str, list[dict[str, Any]]]

SCENARIOS = project_root() / "scenarios"
RECOVERY = "venues.usde-minting.redemption={limit_per_block: 50000, open: true}"


def finished(folder: Path, rows: Rows) -> Run:
    write_run(folder, rows)
    (folder / "summary.json").write_text(summary_json(summarise(Frames(folder))), encoding="utf-8")
    return Run(folder)


@pytest.fixture
def comparison(tmp_path: Path, crash_rows: Rows, calm_rows: Rows) -> OracleComparison:
    runs = {"spot": finished(tmp_path / "spot", crash_rows), "</script>": finished(tmp_path / "calm", calm_rows)}
    return OracleComparison(
        scenario=load_scenario(SCENARIOS / "usde-unwind.yaml"),
        recovery=(RECOVERY,),
        designs=tuple(
            DesignRun(name, "{USDe: {kind: amm-spot}}", run, main_market(run.frames), Amplification(30, 10))
            for name, run in runs.items()
        ),
        has_same_positions=True,
    )


def test_compare_oracles__scenario_without_designs__is_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        ScenarioError, match=r"^loop-and-crash\.yaml: oracle_comparison\.designs: --oracle needs"
    ) as refused:
        compare_oracles(load_scenario(SCENARIOS / "loop-and-crash.yaml"), out=tmp_path)
    assert refused.value.exit_code == 2
    assert list(tmp_path.iterdir()) == []


def test_compare_oracles__design_that_is_not_stated__is_named_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="--oracle = 'chainlink': unknown design; the scenario has spot, posted, "):
        compare_oracles(load_scenario(SCENARIOS / "usde-unwind.yaml"), ["spot", "chainlink"], out=tmp_path)


def test_shipped_designs__each_with_the_recovery_flow__is_a_scenario() -> None:
    scenario = load_scenario(SCENARIOS / "usde-unwind.yaml")
    stated = scenario.spec.oracle_comparison
    common = vary(scenario, stated.set)

    assert list(stated.designs) == ["spot", "posted", "twap-30m", "peg", "cap", "median", "delayed"]
    minting = common.spec.venues["usde-minting"]
    assert isinstance(minting, ParMintVenue)
    assert minting.redemption.open
    assert common.spec.agents["redeemer"].kind == "arbitrageur"
    for sources in stated.designs.values():
        raw = json.loads(next(iter(sources.values())).model_dump_json())
        assert raw["kind"] in ("amm-spot", "posted", "amm-twap", "same-as", "cap", "median", "delayed")


def test_design_row__made_up_crash__has_its_figures_under_their_headings(comparison: OracleComparison) -> None:
    crash = comparison.designs[0]
    row = dict(zip(HEADINGS, design_row(crash), strict=True))
    summary = crash.run.summary

    assert row["design"] == "spot"
    assert row["liquidations"] == f"{summary.liquidations:,}"
    assert row["debt covered, USD"] == f"{summary.debt_covered_usd:,.0f}"
    assert row["shortfall at oracle, USD"] == f"{summary.shortfall_usd.trough.oracle:,.0f}"
    # The venue is 0.5 % under the path, which falls to 0.64 and is what the oracle says.
    assert (row["market trough"], row["oracle trough"]) == ("0.636800", "0.640000")
    assert row["amplification"] == "3.000"


def test_words__heading__states_the_recovery_flow_everywhere(comparison: OracleComparison, tmp_path: Path) -> None:
    text = io.StringIO()
    print_oracles(comparison, console=Console(file=text, width=200))
    page = build_oracles(comparison, tmp_path / "page").read_text(encoding="utf-8")
    post = oracle_markdown(comparison)

    for shown in (text.getvalue(), page):
        assert f"Recovery flow in every design: {RECOVERY}" in shown
        assert "on the same positions to the unit" in shown
    assert "limit\\_per\\_block: 50000" in post
    assert post.index("Recovery flow") < post.index("| design |")
    lead = page.split('class="lead"', 1)[1]
    assert lead.index(RECOVERY) < lead.index("<section")


def test_words__no_recovery_flow__says_that_designs_hardly_differ(comparison: OracleComparison) -> None:
    bare = OracleComparison(comparison.scenario, (), comparison.designs, has_same_positions=False)

    assert "No recovery flow is stated" in oracle_markdown(bare)
    assert "their positions differ" in oracle_markdown(bare)


def test_page__design_named_like_markup__stays_text_and_is_drawn(comparison: OracleComparison, tmp_path: Path) -> None:
    page = build_oracles(comparison, tmp_path).read_text(encoding="utf-8")
    content = json.loads(page.split('id="content">', 1)[1].split("</script>", 1)[0])

    assert "<td></script></td>" not in page
    assert {row[2] for row in content["datasets"]["market"]["rows"]} == {"spot", "</script>"}
    assert set(content["charts"]) == {"market", "oracle"}


def test_comparison__same_rows_twice__is_two_designs_with_the_same_figures(
    comparison: OracleComparison, tmp_path: Path, crash_rows: Rows
) -> None:
    again = finished(tmp_path / "again", deepcopy(crash_rows))
    other = DesignRun("again", "", again, main_market(again.frames), None)

    assert design_row(other)[1:-1] == design_row(comparison.designs[0])[1:-1]
    assert design_row(other)[-1] == "-"
