"""Members of an agent entry that differ: what is drawn for each, and what changes a draw and what does not."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from cascade.scenario.load import Scenario, load_scenario
from cascade.scenario.members import drawn_figures, members_of
from cascade.scenario.model import MarketMakerSpec, StopLossSpec

from .test_exchange_agent_refusals import BIDDER, LADDER, MAKER, folder

__all__ = ["folder"]

SEED = 5
WIDE = {"kind": "uniform", "low": 100, "high": 300}
WHOLE = {"kind": "uniform", "low": 10, "high": 90}


def makers(folder: Path, count: int, **keys: Any) -> Scenario:
    agent = {**MAKER, "count": count, "inventory": {"ALT": WIDE, "USDC": 1}, **keys}
    return load_scenario(folder / "books.yaml", set={"agents.makers": agent, "seed": SEED})


def drawn(scenario: Scenario, entry: str = "makers") -> dict[tuple[str, str], Decimal]:
    return {
        (figure.member, figure.key): figure.value
        for figure in drawn_figures(scenario.spec, seed=scenario.seed)
        if figure.entry == entry
    }


def own_stream(name: str) -> np.random.Generator:
    """The generator of a name, as docs/MODEL.md describes it."""
    digest = hashlib.sha256(name.encode()).digest()
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence([SEED, int.from_bytes(digest[:8], "big")])))


def test_draw__of_each_member__is_uniform_from_the_stream_of_its_name_and_key(folder: Path) -> None:
    found = drawn(makers(folder, 3))

    for number in range(3):
        share = own_stream(f"agents/makers/makers-{number}/inventory.ALT").uniform(100.0, 300.0)
        # ALT has 18 decimals, and a drawn figure eight at the most.
        assert found[f"makers-{number}", "inventory.ALT"] == round(Decimal(repr(float(share))), 8)


def test_draw__one_member_more_and_another_figure__changes_nobody_s_draw(folder: Path) -> None:
    few = drawn(makers(folder, 9))
    more = drawn(makers(folder, 11, borrowed=WIDE))
    renumbered = {(f"makers-0{member[-1]}", key): value for (member, key), value in few.items()}

    assert renumbered.items() <= more.items()
    assert len(more) == 22


def test_draw__whole_key__is_a_whole_number_and_amount_has_the_decimals_of_its_asset(folder: Path) -> None:
    scenario = makers(folder, 20, borrowed=WIDE, requote_bps=WHOLE, ladders={"alt": {**LADDER, "levels": WHOLE}})
    members = members_of("makers", scenario.spec.agents["makers"], scenario.spec, seed=scenario.seed)

    specs = [own for _, own in members if isinstance(own, MarketMakerSpec)]
    assert len({spec.requote_bps for spec in specs}) > 10
    assert all(isinstance(spec.requote_bps, int) and 10 <= spec.requote_bps <= 90 for spec in specs)
    assert all(isinstance(spec.ladders["alt"].levels, int) for spec in specs)
    # USDC has six decimals.
    assert all(spec.borrowed == round(spec.borrowed, 6) for spec in specs if isinstance(spec.borrowed, Decimal))
    assert {spec.inventory["USDC"] for spec in specs} == {Decimal(1)}


@pytest.mark.parametrize(("diversity", "width"), [(1, 1), (0.5, 0.5), (0, 0)])
def test_diversity__shrinks_each_draw_towards_the_middle(folder: Path, diversity: float, width: float) -> None:
    whole = drawn(makers(folder, 4))
    narrowed = drawn(makers(folder, 4, diversity=diversity))

    for key, value in whole.items():
        assert float(narrowed[key]) == pytest.approx(200 + width * (float(value) - 200), abs=1e-7)


def test_diversity__of_a_lognormal__shrinks_towards_the_median(folder: Path) -> None:
    sizes = {"kind": "lognormal", "median": 2, "sigma": 1, "low": 0.5, "high": 8}

    assert set(drawn(makers(folder, 4, scale=sizes, diversity=0)).values()) == {Decimal(200), Decimal(2)}


def test_members__of_an_entry_without_distributions__are_the_entry_itself(folder: Path) -> None:
    scenario = load_scenario(folder / "books.yaml", set={"agents.makers": {**BIDDER, "count": 2}})
    entry = scenario.spec.agents["makers"]

    assert drawn(scenario) == {}
    assert [own is entry for _, own in members_of("makers", entry, scenario.spec, seed=1)] == [True, True]


def test_stops__target_of_each_position__is_drawn_for_it() -> None:
    scenario = load_scenario(
        Path(__file__).parents[2] / "scenarios" / "loop-and-crash.yaml",
        set={
            "agents.stops": {
                "kind": "stop-loss",
                "cohort": "loopers",
                "venue": "usde-usdc",
                "trigger_health_factor": {"kind": "fixed", "value": 1.01},
                "target_health_factor": {"kind": "uniform", "low": 1.05, "high": 1.25},
            }
        },
    )
    members = members_of("stops", scenario.spec.agents["stops"], scenario.spec, seed=scenario.seed)

    targets = {own.target_health_factor for _, own in members if isinstance(own, StopLossSpec)}
    assert len(targets) == len(members) == scenario.spec.cohorts["loopers"].count
    assert all(Decimal("1.05") <= target <= Decimal("1.25") for target in targets if isinstance(target, Decimal))
