"""Agents at the exchange that name what it does not have: refused in one line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from cascade.errors import ScenarioError
from cascade.scenario.load import Scenario, load_scenario

from .exchange_views import SPEC

TREE: dict[str, Any] = {
    "name": "books",
    "timeline": {
        "start": datetime(2025, 10, 10, 21, tzinfo=UTC),
        "end": datetime(2025, 10, 10, 21, 1, tzinfo=UTC),
    },
    "assets": {"USDC": {"decimals": 6}, "ALT": {}, "BETH": {}, "OTHER": {}},
    "prices": {"path": "path.csv"},
    "oracle": {"USDC": {"kind": "posted"}},
    "lending": {"reserves": {}},
    "positions": {},
    "exchange": SPEC,
    "agents": {},
}
LADDER = {"levels": 5, "bid_size": 1, "ask_size": 1}
MAKER = {"kind": "market-maker", "inventory": {"ALT": 1, "USDC": 1}, "ladders": {"alt": LADDER}}
BIDDER = {"kind": "bidder", "book": "alt", "size": 1, "capital": 1}
RETAIL = {
    "kind": "perp-trader",
    "market": "alt-perp",
    "equity": {"kind": "fixed", "value": 1},
    "leverage": {"kind": "fixed", "value": 1},
}
BASIS = {
    "kind": "basis-trader",
    "market": "alt-perp",
    "cash": 1,
    "quote_contracts": 1,
    "max_hedge_contracts": 1,
}
NOISE = {"kind": "noise-trader", "book": "alt", "order": {"kind": "fixed", "value": 1}, "base": 1, "cash": 1}
SOME = {"kind": "uniform", "low": 100, "high": 900}
KINDS = [MAKER, BIDDER, RETAIL, BASIS, NOISE]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    points = "".join(f"2025-10-10T21:0{minute}:00Z,ALT,1,assumed,made up\n" for minute in (0, 1))
    (tmp_path / "path.csv").write_text(f"time,asset,price,status,source\n{points}", encoding="utf-8")
    (tmp_path / "books.yaml").write_text(yaml.safe_dump(TREE), encoding="utf-8")
    return tmp_path


def loaded(folder: Path, changes: dict[str, Any]) -> Scenario:
    return load_scenario(folder / "books.yaml", set=changes)


@pytest.mark.parametrize("agent", KINDS)
def test_scenario__each_kind_at_its_exchange__is_accepted(folder: Path, agent: dict[str, Any]) -> None:
    assert list(loaded(folder, {"agents.a": agent}).spec.agents) == ["a"]


@pytest.mark.parametrize("agent", KINDS)
def test_scenario__each_kind_without_an_exchange__refused(folder: Path, agent: dict[str, Any]) -> None:
    with pytest.raises(ScenarioError) as refused:
        loaded(folder, {"agents.a": agent, "exchange": None})

    assert f"agents.a.kind = '{agent['kind']}': there is no exchange: add exchange" in str(refused.value)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"agents.a": {**BIDDER, "book": "doge"}},
            "agents.a.book = 'doge': unknown book; exchange.books has alt, beth",
        ),
        ({"agents.a": {**NOISE, "book": "doge"}}, "agents.a.book = 'doge': unknown book"),
        ({"agents.a": {**MAKER, "ladders": {"doge": LADDER}}}, "agents.a.ladders = 'doge': unknown book"),
        (
            {"agents.a": {**RETAIL, "market": "doge-perp"}},
            "agents.a.market = 'doge-perp': unknown perpetual; exchange.margin.markets has alt-perp",
        ),
        ({"agents.a": BASIS, "exchange.margin": None}, "agents.a.market = 'alt-perp': unknown perpetual; "),
        (
            {"agents.a": BASIS, "exchange.margin.markets.alt-perp.book": "doge"},
            "alt-perp.book = 'doge': unknown book",
        ),
        (
            {"agents.a": {**MAKER, "short_contracts": {"doge-perp": 1}}},
            "agents.a.short_contracts = 'doge-perp': unknown",
        ),
        (
            {"agents.a": {**MAKER, "inventory": {"OTHER": 1}}},
            "agents.a.inventory = 'OTHER': expected an asset of the exchange: ALT, BETH, USDC",
        ),
        (
            {"agents.a": {**MAKER, "borrowed": 1}, "exchange.margin": None},
            "agents.a.borrowed = '1': nobody lends: add exchange.margin",
        ),
        (
            {"agents.a": {**MAKER, "ladders": {"alt": {**LADDER, "spread_bps": 0, "step_bps": 2_500}}}},
            "agents.a.ladders.alt.levels = 5: the last bid is 10000 in 1e-4 below the middle",
        ),
        ({"agents.a": {**BASIS, "count": 40}, "agents.b": {**BASIS, "count": 25}}, "at most 64 traders quote a market"),
        ({"agents.a": {**BIDDER, "capital": 0.0000001}}, "agents.a.capital = '1E-7': USDC has 6 decimals"),
        ({"agents.a": {**BASIS, "cash": 0.0000001}}, "agents.a.cash = '1E-7': USDC has 6 decimals"),
        ({"agents.a": {**NOISE, "base": 1e-19}}, "agents.a.base = '1E-19': ALT has 18 decimals"),
        ({"agents.a": {**MAKER, "borrowed": 0.0000001}}, "agents.a.borrowed = '1E-7': USDC has 6 decimals"),
        ({"agents.a": {**MAKER, "inventory": {"ALT": 1e-19}}}, "agents.a.inventory.ALT = '1E-19': ALT has 18 decimals"),
        (
            {"agents.a": {**MAKER, "ladders": {"alt": {**LADDER, "ask_size": 1e-19}}}},
            "agents.a.ladders.alt.ask_size = '1E-19': ALT has 18 decimals",
        ),
        (
            {"agents.a": {**MAKER, "requote_bps": {"kind": "uniform", "low": 100, "high": 6_000}}},
            "agents.a.requote_bps: can draw 6000: expected at least 1, at most 5000",
        ),
        (
            {"agents.a": {**MAKER, "return_blocks": {"kind": "uniform", "low": 0.5, "high": 20}}},
            "agents.a.return_blocks: low 0.5: is drawn in whole numbers: expected a whole number",
        ),
        (
            {"agents.a": {**MAKER, "ladders": {"alt": {**LADDER, "step_bps": {**SOME, "high": 2_500}}}}},
            "agents.a.ladders.alt.levels = 5: the last bid is 10010 in 1e-4 below the middle",
        ),
        (
            {"agents.a": {**MAKER, "inventory": {"ALT": {"kind": "uniform", "low": 1e-19, "high": 1}}}},
            "agents.a.inventory.ALT.low = '1E-19': ALT has 18 decimals",
        ),
        (
            {"agents.a": {**MAKER, "borrowed": SOME}, "exchange.margin": None},
            "agents.a.borrowed = '900': nobody lends: add exchange.margin",
        ),
        (
            {"agents.a": {**MAKER, "skew_bps": {**SOME, "hihg": 3}}},
            "agents.a.skew_bps.hihg = 3: unknown key: did you mean high?",
        ),
        (
            {"agents.a": {**MAKER, "skew_bps": {"kind": "uniform", "low": 3}}},
            "agents.a.skew_bps: kind uniform needs high",
        ),
        ({"agents.a": {**MAKER, "requote_bps": 6_000}}, "agents.a.requote_bps = 6000: Input should be less than"),
        ({"agents.a": {**MAKER, "diversity": 1.5}}, "agents.a.diversity = 1.5: Input should be less than"),
        (
            {"agents.a": {**BIDDER, "from_bps": {**SOME, "high": 3_000}, "to_bps": 2_000}},
            "agents.a: from_bps 3000 exceeds to_bps 2000",
        ),
        ({"agents.a": {**BIDDER, "doubt_bps": {**SOME, "high": 10_000}}}, "agents.a.doubt_bps: can draw 10000"),
        ({"agents.exchange": {"kind": "custom", "agent": "x.py:X"}}, "this actor's name is taken by the harness"),
        (
            {"agents.mine": {"kind": "custom", "agent": "x.py:X", "role": "maker"}},
            "agents.mine.role = 'maker': is a class of the harness's own actors",
        ),
    ],
)
def test_scenario__agent_of_a_missing_part_of_the_exchange__refused_in_one_line(
    folder: Path, changes: dict[str, Any], expected: str
) -> None:
    with pytest.raises(ScenarioError) as refused:
        loaded(folder, changes)

    assert expected in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "changes",
    [
        {"agents.a": {**BASIS, "count": 40}, "agents.b": {**BASIS, "count": 24}},
        {"agents.a": {**MAKER, "ladders": {"alt": {**LADDER, "spread_bps": 0, "step_bps": 2_499}}}},
        {"agents.a": MAKER, "exchange.margin": None},
    ],
)
def test_scenario__agent_just_inside__is_accepted(folder: Path, changes: dict[str, Any]) -> None:
    assert loaded(folder, changes)
