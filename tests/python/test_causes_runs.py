"""Causes by further runs without a chain: who plays, what is written beside a run, what its page says."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from cascade import Run, load_scenario
from cascade.analysis import Frames, summarise
from cascade.analysis.prices.fall import Fall, NoMarket, fall_at, main_market
from cascade.analysis.summary import summary_json
from cascade.errors import CascadeError
from cascade.experiments.causes.amplification import Amplification, keepers_off
from cascade.experiments.causes.find import find_causes
from cascade.experiments.causes.players import TooManyPlayers, players_of
from cascade.experiments.causes.result import Causes, CoalitionRun
from cascade.experiments.causes.save import save_causes
from cascade.experiments.causes.terminal import print_causes
from cascade.scenario.load import vary
from cascade.toolchain.paths import project_root

Rows = dict[str, list[dict[str, Any]]]
RunOf = Callable[[Rows], Path]

UNWIND = project_root() / "scenarios" / "usde-unwind.yaml"

MORE_CLASSES = [
    "agents.leaving-provider={kind: provider-exit, venue: usde-usdc, below_price: 0.9}",
    "agents.leaving-lender={kind: lender-exit, asset: USDC, venue: usde-usdc, below_price: 0.9}",
    "agents.dips={kind: dip-buyer, venue: usde-usdc, capital: 1000, buy_below: {kind: fixed, value: 0.8}}",
]


@pytest.fixture
def finished(run_of: RunOf, crash_rows: Rows) -> Run:
    folder = run_of(crash_rows)
    (folder / "summary.json").write_text(summary_json(summarise(Frames(folder))), encoding="utf-8")
    return Run(folder)


def found(run: Run, *, ratio_of: tuple[int, int] = (36_320_000, 12_000_000), name: str = "keeper") -> Causes:
    """Causes as two classes would have them: v(nobody) 0, v(keeper) 1, v(whale) 12, v(both) 36.32 million."""
    market = Fall("USDe", "spot:curve", 10**8, 63_680_000)

    def outcome(active: set[str], fall_e8: int) -> CoalitionRun:
        return CoalitionRun(frozenset(active), "x", Fall("USDe", "spot:curve", 10**8, 10**8 - fall_e8), 3)

    both, alone = ratio_of
    return Causes(
        run=run,
        market=market,
        players={name: ("bots",), "whale": ("owners",)},
        amplification=Amplification(both, alone),
        runs=(outcome({name, "whale"}, both), outcome({"whale"}, alone), outcome({name}, 1_000_000), outcome(set(), 0)),
        values_e8={name: Fraction(25_320_001, 2), "whale": Fraction(47_320_000, 2)},
    )


def test_players__shipped_crash__are_whales_loopers_with_stops_and_keepers() -> None:
    assert players_of(load_scenario(UNWIND).spec) == {
        "whale": ("whales-owners",),
        "looper": ("stops",),
        "keeper": ("keeper",),
    }


def test_players__entry_switched_off_in_the_scenario__does_not_play() -> None:
    assert "looper" not in players_of(load_scenario(UNWIND, overrides=["agents.stops.active=false"]).spec)


def test_players__group__is_one_player_with_the_entries_of_all() -> None:
    players = players_of(load_scenario(UNWIND).spec, groups=[["whale", "looper"]])

    assert players == {"keeper": ("keeper",), "whale+looper": ("whales-owners", "stops")}


@pytest.mark.parametrize("group", [["whale", "buyer"], ["whale", "whale"], ["nobody"]])
def test_players__group_of_what_does_not_play__is_refused(group: list[str]) -> None:
    with pytest.raises(CascadeError, match=r"--group .*: expected some of .*keeper.*, each once"):
        players_of(load_scenario(UNWIND).spec, groups=[group])


def test_keepers_off__every_keeper__is_inactive_and_nothing_else_differs() -> None:
    second = "agents.more={kind: keeper, exits: [usde-usdc], count: 2}"
    scenario = load_scenario(UNWIND, overrides=[second])
    without = keepers_off(scenario)

    assert without is not None
    assert not without.spec.agents["keeper"].active
    assert not without.spec.agents["more"].active
    assert vary(without, {"agents.keeper.active": True, "agents.more.active": True}).spec == scenario.spec
    assert keepers_off(without) is None


def test_find_causes__six_classes__are_refused_before_any_run(finished: Run) -> None:
    scenario = load_scenario(UNWIND, overrides=MORE_CLASSES)
    manifest = json.loads((finished.folder / "manifest.json").read_text(encoding="utf-8"))
    manifest |= {
        "scenario_text": scenario.text,
        "price_path_file": "macro-2025-10-10.csv",
        "price_path_text": scenario.path_text,
        "scenario_file": "six.yaml",
    }
    (finished.folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")

    with pytest.raises(TooManyPlayers, match=r"^six\.yaml: 6 classes .* at most 5: take some together, as --group "):
        find_causes(Run(finished.folder), shapley=True)


def test_main_market__made_up_fall__is_the_venue_s_own(finished: Run) -> None:
    # The venue is at 0.995 of the path, which falls from 1.00 to 0.64; before the crash it stands at 1.00.
    assert main_market(finished.frames) == Fall("USDe", "spot:curve", 10**8, 63_680_000)
    assert main_market(finished.frames).fall_e8 == 36_320_000


def test_main_market__collateral_that_no_venue_trades__is_refused(run_of: RunOf, crash_rows: Rows) -> None:
    crash_rows["prices"] = [row for row in crash_rows["prices"] if row["source"] != "spot:curve"]

    with pytest.raises(NoMarket, match="no venue trades USDe"):
        main_market(Frames(run_of(crash_rows)))


def test_fall__price_that_only_rises__is_zero(run_of: RunOf, calm_rows: Rows) -> None:
    first = next(i for i, row in enumerate(calm_rows["prices"]) if row["phase"] == "crash")
    calm_rows["prices"][first:] = [
        {**row, "price_e8": 10**8 + 5} for row in calm_rows["prices"][first:] if row["source"] == "oracle"
    ]
    fall = fall_at(Frames(run_of(calm_rows)), "USDe", "oracle")

    assert (fall.start_e8, fall.trough_e8, fall.fall_e8) == (10**8, 10**8, 0)


def test_amplification__no_fall_without_liquidations__has_no_ratio() -> None:
    assert Amplification(5, 0).ratio is None
    assert Amplification(30, 12).ratio == 2.5


def test_save_causes__finished_run__writes_figures_and_leaves_the_tables_alone(finished: Run) -> None:
    before = {file.name: file.read_bytes() for file in (finished.folder / "tables").iterdir()}
    file = save_causes(found(finished))
    written = json.loads(file.read_text(encoding="utf-8"))
    summary = Run(finished.folder).summary

    assert file == finished.folder / "causes.json"
    assert written["amplification"] == {
        "fall_e8": 36_320_000,
        "without_liquidations_e8": 12_000_000,
        "ratio": 36_320_000 / 12_000_000,
    }
    assert written["shapley"]["keeper"] == {"numerator_e8": 25_320_001, "denominator": 2, "usd": 0.126600005}
    assert [run["active"] for run in written["runs"]] == [["keeper", "whale"], ["whale"], ["keeper"], []]
    assert summary.amplification == 36_320_000 / 12_000_000
    assert summary.shapley == {"keeper": 0.126600005, "whale": 0.2366}
    assert {file.name: file.read_bytes() for file in (finished.folder / "tables").iterdir()} == before
    assert not list(finished.folder.glob(".partial*"))


def test_page__of_a_run_with_causes__has_their_section_and_without__has_none(finished: Run) -> None:
    without = finished.report().read_text(encoding="utf-8")
    save_causes(found(finished))
    page = finished.report().read_text(encoding="utf-8")

    assert 'id="further-runs"' not in without
    assert 'id="further-runs"' in page
    assert "3.03 times its fall without forced liquidations, $0.1200" in page
    assert "whale 0.2366, keeper 0.1266" in page
    assert '"shapley"' in page


def test_page__class_named_like_markup__stays_text(finished: Run) -> None:
    hostile = "</script><script>alert(1)</script>"
    save_causes(found(finished, name=hostile))

    assert hostile not in finished.report().read_text(encoding="utf-8")


def test_print_causes__shares__sum_to_the_whole(finished: Run) -> None:
    text = io.StringIO()
    print_causes(found(finished), console=Console(file=text, width=120))

    assert "from 1.0000 to 0.6368, a fall of 0.3632 dollars" in text.getvalue()
    assert "3.027 times (a fall of 0.1200 without them)" in text.getvalue()
    assert "65.1 %" in text.getvalue()
    assert "34.9 %" in text.getvalue()
