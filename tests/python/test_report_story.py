"""What a page leads with, and what it says instead of drawing a chart that shows nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cascade.analysis import Frames, summarise
from cascade.analysis.summary import Summary
from cascade.recording.manifest import Expectation
from cascade.report.run.charts import charts
from cascade.report.run.claim_lines import claim_lines
from cascade.report.run.datasets import datasets
from cascade.report.run.silent import spoken
from cascade.report.run.story import story
from cascade.report.run.words import parameters as stated_parameters

Rows = dict[str, list[dict[str, Any]]]
RunOf = Callable[[Rows], Path]

MET = Expectation(liquidations="some", met=True, missed=())


def expecting(rows: Rows, expect: dict[str, Any]) -> Rows:
    parameters = json.loads(rows["runs"][0]["parameters"])
    rows["runs"][0]["parameters"] = json.dumps({**parameters, "expect": expect})
    return rows


def told(run_of: RunOf, rows: Rows, **changes: Any) -> list[str]:
    frames = Frames(run_of(rows))
    return [card.label for card in story(replace(summarise(frames), **changes), frames, MET).cards]


def test_story__figures__are_five_at_most_with_claimed_ones_first(run_of: RunOf, crash_rows: Rows) -> None:
    claimed = {"troughs": [{"asset": "USDe", "source": "oracle", "at_most_usd": 0.9}]}
    frames = Frames(run_of(expecting(crash_rows, claimed)))
    found = story(summarise(frames), frames, MET)
    borrowers = len({row["borrower"] for row in crash_rows["liquidations"]})
    everyone = crash_rows["runs"][0]["positions"]
    crash = [row["price_e8"] for row in crash_rows["prices"] if (row["asset"], row["source"]) == ("USDe", "oracle")]
    fall = 1 - min(crash) / crash[0]
    assert len(found.cards) == 5
    first_two = {"USDe, oracle": fall, "Borrowers liquidated in the pool": borrowers / everyone}
    assert [card.label for card in found.cards[:2]] == sorted(first_two, key=lambda label: -first_two[label])
    by_label = {card.label: card.value for card in found.cards}
    assert by_label["USDe, oracle"] == f"\u2212{100 * fall:.1f} %"
    assert by_label["Borrowers liquidated in the pool"] == f"{borrowers} of {everyone}"


def test_claims__met_missed_and_without_a_price__stand_beside_the_figures_of_the_run(
    run_of: RunOf, crash_rows: Rows
) -> None:
    troughs = [
        {"asset": "USDe", "source": "oracle", "at_most_usd": "0.9999"},
        {"asset": "USDe", "source": "oracle", "at_least_usd": "0.9999"},
        {"asset": "USDe", "source": "book:none", "at_least_usd": "0.5"},
    ]
    rows = expecting(crash_rows, {"liquidations": "none", "troughs": troughs})
    parameters = json.loads(rows["runs"][0]["parameters"])
    parameters["provenance"] = [{"status": "reported", "source": "a newspaper", "keys": ["expect.troughs"]}]
    rows["runs"][0]["parameters"] = json.dumps(parameters)
    frames = Frames(run_of(rows))
    found = claim_lines(frames, stated_parameters(frames))
    oracle = [row["price_e8"] for row in rows["prices"] if (row["asset"], row["source"]) == ("USDe", "oracle")]
    lowest = f"{min(oracle) / 10**8:.4f}"
    assert [line.found for line in found[:3]] == [str(len(rows["liquidations"])), lowest, lowest]
    assert found[3].found.startswith("the run has no such price")
    assert [line.is_met for line in found] == [False, True, False, False]
    assert [line.source for line in found] == ["", *["a newspaper"] * 3]


def test_story__claim_on_a_price__replaces_the_price_of_the_market(run_of: RunOf, crash_rows: Rows) -> None:
    without = told(run_of, crash_rows)
    claimed = expecting(crash_rows, {"troughs": [{"asset": "USDe", "source": "spot:curve"}]})
    assert "USDe, price path" in without
    assert "USDe, spot, curve" in told(run_of, claimed)


def test_story__debt_written_off__is_among_the_five_however_small(run_of: RunOf, crash_rows: Rows) -> None:
    # With a claim on a second asset there are six candidates, and the debt written off is the smallest part of all.
    claims = {"troughs": [{"asset": asset, "source": "oracle"} for asset in ("USDe", "USDC")]}
    expecting(crash_rows, claims)
    assert told(run_of, crash_rows, deficit_usd=0.01)[-1] == "Written off, borne by lenders"
    labels = told(run_of, crash_rows, deficit_usd=0.0)
    assert len(labels) == 5
    assert "Written off, borne by lenders" not in labels


def test_story__nothing_happened__says_so_in_one_sentence(run_of: RunOf, calm_rows: Rows) -> None:
    frames = Frames(run_of(calm_rows))
    sentence = story(summarise(frames), frames, replace(MET, liquidations="none")).sentence
    everyone = calm_rows["runs"][0]["positions"]
    assert f"one of the {everyone} borrowers of the lending pool was liquidated" in sentence
    assert "lenders lost nothing" in sentence
    assert sentence.endswith(": as the scenario claims.")


@pytest.mark.parametrize(
    ("met", "words"), [(True, "as the scenario claims."), (False, "not all that the scenario claims.")]
)
def test_story__verdict__ends_the_sentence(met: bool, words: str, run_of: RunOf, crash_rows: Rows) -> None:
    frames = Frames(run_of(crash_rows))
    assert story(summarise(frames), frames, replace(MET, met=met)).sentence.endswith(words)


def said(run_of: RunOf, rows: Rows) -> tuple[set[str], dict[str, str]]:
    frames = Frames(run_of(rows))
    summary: Summary = summarise(frames)
    data = datasets(frames, summary)
    drawn, sentences = spoken(charts(data, day="10 October 2025"), data)
    return {chart.key for chart in drawn}, sentences


def test_spoken__calm_run__says_what_its_charts_would_not_show(run_of: RunOf, calm_rows: Rows) -> None:
    drawn, sentences = said(run_of, calm_rows)
    assert sentences["liquidations"] == "Nothing was liquidated."
    assert sentences["deficit"] == "No debt was written off."
    assert not drawn & set(sentences)


def test_spoken__crash__draws_its_charts(run_of: RunOf, crash_rows: Rows) -> None:
    drawn, sentences = said(run_of, crash_rows)
    assert {"prices", "health", "liquidations", "deficit", "waterfall"} <= drawn
    assert not drawn & set(sentences)


def test_spoken__price_that_never_moves__is_a_sentence_with_its_value(run_of: RunOf, calm_rows: Rows) -> None:
    for row in calm_rows["prices"]:
        row["price_e8"] = 99_000_000
    drawn, sentences = said(run_of, calm_rows)
    assert "prices" not in drawn
    assert "0.99" in sentences["prices"]


def test_spoken__price_that_moves_once__is_drawn(run_of: RunOf, calm_rows: Rows) -> None:
    for row in calm_rows["prices"]:
        row["price_e8"] = 99_000_000
    oracle = next(row for row in calm_rows["prices"] if (row["asset"], row["source"]) == ("USDe", "oracle"))
    last = calm_rows["blocks"][-1]
    moved = {name: last[name] for name in ("block_number", "timestamp", "phase", "step")}
    calm_rows["prices"].append({**oracle, **moved, "price_e8": 98_000_000})
    assert "prices" in said(run_of, calm_rows)[0]


def test_spoken__one_generation__is_a_sentence_with_its_debt(run_of: RunOf, endogenous_rows: Rows) -> None:
    frames = Frames(run_of(endogenous_rows))
    data = datasets(frames, summarise(frames))
    many = len(data["generations"].rows)
    assert many > 1
    drawn, _ = spoken(charts(data, day=""), data)
    assert "generations" in {chart.key for chart in drawn}
    data["generations"] = type(data["generations"])(data["generations"].columns, data["generations"].rows[:1])
    _, sentences = spoken(charts(data, day=""), data)
    count = int(data["generations"].numbers("liquidations")[0])
    assert sentences["generations"].startswith(f"{count} liquidation")
    assert "in one generation" in sentences["generations"]
