"""Sizes that are moved: which runs are made, where the edge of a claim lies, and what is said and drawn of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cascade.commands.necessity import show_sizes
from cascade.errors import ScenarioError
from cascade.experiments.execution import HERE
from cascade.experiments.necessity import sizes as module
from cascade.experiments.necessity.curves import SizeCurve, SizePoint, Sizes
from cascade.experiments.necessity.result import RunOutcome
from cascade.experiments.necessity.size_words import lead, size_rows, size_sentence, sizes_markdown
from cascade.experiments.necessity.sizes import examine_sizes, times
from cascade.experiments.runs import Job
from cascade.scenario.load import load_scenario
from cascade.scenario.model import Distribution, MarketMakerSpec, amount_of
from cascade.toolchain.paths import project_root

CASCADE = project_root() / "scenarios" / "maker-cascade.yaml"
CLAIM = "exchange.books.ALT-USDC.five_minute_fall_at_least_bps"
DEBT = "agents.makers.borrowed"
SIZES = {
    "claim": CLAIM,
    "without": {"engine": {"what": "nobody is liquidated", "set": {"agents.engine.accounts": False}}},
    "sizes": {
        "debt": {"what": "debt of each maker", "keys": [DEBT], "factors": [0.5, 0.9, 1, 1.5]},
        "bids": {"what": "bids", "own": 3, "values": [{"at": 8, "set": {"agents.alt-bidders.size": 8_000_000}}]},
    },
}


def outcome(*missed: str) -> RunOutcome:
    return RunOutcome(seed=1, run_id="run-1", tables_sha256="a" * 64, changes=(), missed=missed, figures={})


def point(at: str, met: int, of: int = 20, refused: tuple[str, ...] = ()) -> SizePoint:
    runs = [outcome()] * met + [outcome(CLAIM)] * (of - met)
    return SizePoint(Decimal(at), tuple(runs), refused)


def curve(*points: SizePoint) -> SizeCurve:
    return SizeCurve("debt", "debt of each maker", Decimal(1), points)


def found(*curves: SizeCurve) -> Sizes:
    return Sizes(load_scenario(CASCADE, set={"necessity": SIZES}), CLAIM, (outcome(),) * 20, curves)


STEP = curve(point("0.8", 0), point("0.85", 17), point("0.9", 18), point("1", 20), point("1.1", 20))
NARROW = curve(point("0.9", 17), point("1", 20), point("1.1", 20))


def test_edges__claim_in_18_of_20__stands_and_17_does_not() -> None:
    assert STEP.edges(CLAIM) == (Decimal("0.85"), None)
    assert not STEP.decides(CLAIM)
    assert NARROW.decides(CLAIM)


def test_edges__own_value_does_not_stand__is_the_edge_on_both_sides() -> None:
    assert curve(point("0.9", 20), point("1", 17)).edges(CLAIM) == (Decimal(1), Decimal(1))


def test_edges__point_whose_every_run_was_refused__does_not_stand() -> None:
    refused = SizePoint(Decimal("1.1"), (), ("makers-00 would open at a uniMMR of 1.4",))

    assert curve(point("1", 20), refused).edges(CLAIM) == (None, Decimal("1.1"))


def test_words__say_the_distance_to_the_edge_and_which_size_decides() -> None:
    assert size_sentence(found(STEP), STEP) == (
        "From the scenario's own value, 1: it no longer stands at 0.85 (-15 %), and up to 1.1, the highest value tried."
    )
    assert lead(found(STEP))[1].startswith("No change of 10 % or less of one size that was tried takes it under 90 %")
    assert (
        lead(found(STEP, NARROW))[1]
        == "A change of 10 % or less of debt takes it under 90 % of the runs: this size decides."
    )


def test_rows__of_eighteen_of_twenty__have_wilson_s_interval() -> None:
    # (p + z2/2n -+ z sqrt(p(1-p)/n + z2/4n2)) / (1 + z2/n) with p = 0.9, n = 20, z = 1.959964: 0.6990 and 0.9721.
    assert size_rows(found(STEP), STEP)[2] == ("0.9", "18 of 20", "90 %", "70 to 97 %", "-")


def test_times__numbers_and_distributions__keep_their_kind() -> None:
    drawn = Distribution.model_validate({"kind": "lognormal", "median": 10, "sigma": 0.5, "low": 4, "high": 25})

    assert times(20, Decimal("0.9")) == 18
    assert times(Decimal("1.5"), Decimal("1.1")) == Decimal("1.65")
    assert times(drawn, Decimal("1.1")) == {
        "kind": "lognormal",
        "median": 11,
        "sigma": Decimal("0.5"),
        # Stated in whole numbers, so that they stay whole: 4.4 and 27.5.
        "low": 4,
        "high": 28,
    }


def holds_over(least: int) -> Callable[..., list[RunOutcome]]:
    """In place of runs: the claim holds from a debt on."""

    def read_runs(jobs: Sequence[Job], *others: object, **named: object) -> list[RunOutcome]:
        makers = [job.scenario.spec.agents["makers"] for job in jobs]
        owed = [amount_of(one.borrowed) for one in makers if isinstance(one, MarketMakerSpec)]
        return [outcome(*(() if debt >= least else (CLAIM,))) for debt in owed]

    return read_runs


def test_examine__moves_one_size_at_a_time_and_keeps_why_others_could_not_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "read_runs", holds_over(1_000_000))

    debt, bids = examine_sizes(load_scenario(CASCADE, set={"necessity": SIZES}), seeds=3).curves

    # Each maker owes 1,500,000; 2,250,000 do not fit.
    assert [float(one.at) for one in debt.points] == [0.5, 0.9, 1, 1.5]
    assert [len(one.outcomes) for one in debt.points] == [3, 3, 3, 0]
    assert [one.stands(CLAIM) for one in debt.points] == [False, True, True, False]
    assert len(debt.points[3].refused) == 3
    assert "agents.makers.borrowed = '2250000': makers-00 would open at" in debt.points[3].refused[0]
    assert [float(one.at) for one in bids.points] == [3, 8]
    assert bids.points[1].outcomes[0].changes == ("seed=1", "agents.alt-bidders.size=8000000")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"necessity.sizes.debt.keys": ["agents.makers.owed"]}, "no such parameter"),
        ({"necessity.sizes.debt.factors": []}, "expected either keys and factors, or values"),
        ({"necessity.sizes.debt.factors": [0.9, 0.9]}, "expected each factor or value once"),
        ({"necessity.sizes.debt.own": 2}, "a factor of 1 is the scenario itself"),
        ({"necessity.sizes.debt.keys": ["agents.makers.ladders"]}, "expected keys of numbers or distributions"),
        ({"necessity.sizes": {}}, "sizes to move"),
    ],
)
def test_examine__size_that_cannot_be_moved__is_refused_before_any_run(changes: dict[str, Any], named: str) -> None:
    with pytest.raises(ScenarioError, match=named):
        examine_sizes(load_scenario(CASCADE, set={"necessity": SIZES, **changes}))


def test_examine__unknown_size__is_refused_with_the_nearest_name() -> None:
    with pytest.raises(ScenarioError, match="did you mean debt"):
        examine_sizes(load_scenario(CASCADE, set={"necessity": SIZES}), only=["dept"])


def test_show_sizes__writes_figures_post_and_page_with_every_curve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "read_runs", holds_over(1_400_000))
    file = tmp_path / "near.yaml"
    file.write_text(f"extends: maker-cascade\nname: near\nnecessity: {json.dumps(SIZES)}\n")

    show_sizes(file, seeds=2, only=("debt",), overrides=(), execution=HERE, out=tmp_path)

    (page,) = tmp_path.rglob("sizes.html")
    text = page.read_text(encoding="utf-8")
    content = json.loads((page.parent / "sizes.json").read_text(encoding="utf-8"))
    assert "debt of each maker" in text
    assert "it no longer stands at 0.9 (-10 %)" in text
    assert [one["at"] for one in content["sizes"][0]["points"]] == [0.5, 0.9, 1, 1.5]
    assert "these sizes decide" not in text
    # 1,350,000 are less than 1,400,000, and 0.9 is within a tenth.
    assert "this size decides" in " ".join(capsys.readouterr().out.split())


def test_markdown__of_text_from_a_scenario__is_escaped() -> None:
    assert "## debt: a \\| b" in sizes_markdown(found(SizeCurve("debt", "a | b", Decimal(1), (point("1", 20),))))
