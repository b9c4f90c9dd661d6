"""What does not fit together in a scenario of many agents and price sources: refused in one line, before any chain."""

from __future__ import annotations

from typing import Any

import pytest

from cascade.errors import ScenarioError
from cascade.positions.plan import plan_positions
from cascade.scenario.load import load_scenario
from cascade.toolchain.paths import project_root

UNWIND = project_root() / "scenarios" / "usde-unwind.yaml"
SPOT = {"kind": "amm-spot", "venue": "usde-usdc"}
POSTED = {"kind": "posted"}
PAIR = {"kind": "constant-product", "coins": ["USDC", "USDe"], "reserves": {"USDC": 1, "USDe": 1}}
FIXED_RATE = {"kind": "fixed-rate", "coins": ["USDC", "USDe"], "reserves": {"USDC": 1, "USDe": 1}}
WHALE = {"kind": "whale", "cohort": "whales", "venue": "usde-usdc"}
DIP = {"kind": "dip-buyer", "venue": "usde-usdc", "capital": 1, "buy_below": {"kind": "fixed", "value": 1}}
LEAVING = {"venue": "usde-usdc", "below_price": 1}
PROVIDER = {"kind": "provider-exit", **LEAVING}
LENDER = {"kind": "lender-exit", "asset": "USDC", **LEAVING}
STOP = {
    "kind": "stop-loss",
    "cohort": "loopers",
    "venue": "usde-usdc",
    "trigger_health_factor": {"kind": "fixed", "value": 1.05},
}


def refusal(changes: dict[str, Any]) -> str:
    with pytest.raises(ScenarioError) as refused:
        # What a command does before it starts anything.
        plan_positions(load_scenario(UNWIND, set={"sensitivity": {}, **changes}))
    message = str(refused.value)
    assert "\n" not in message
    assert refused.value.exit_code == 2
    return message


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"oracle.USDC": {"kind": "same-as", "asset": "USDT"}}, "oracle.USDC.asset = 'USDT': has no price source"),
        ({"oracle.USDX": POSTED}, "oracle.USDX = 'USDX': unknown asset"),
        (
            {"oracle": {"USDe": POSTED, "USDC": POSTED}, "agents": {}},
            "lending.reserves.WETH = 'WETH': listed without a price source: add oracle.WETH",
        ),
        (
            {"oracle.USDC": {"kind": "same-as", "asset": "USDe"}},
            "oracle.USDC = 'USDe': price sources form a cycle: USDe -> USDC -> USDe",
        ),
        (
            {"oracle.USDC": {"kind": "same-as", "asset": "WETH"}, "oracle.WETH": {"kind": "same-as", "asset": "USDC"}},
            "price sources form a cycle: USDC -> WETH -> USDC",
        ),
        (
            {"oracle.USDe": {"kind": "cap", "cap_usd": 1, "source": {"kind": "same-as", "asset": "USDe"}}},
            "oracle.USDe = 'USDe': price sources form a cycle: USDe -> USDe",
        ),
        (
            {"oracle.USDe": {"kind": "median", "sources": [SPOT, SPOT, SPOT, SPOT]}},
            "oracle.USDe.sources = 4: expected an odd number of sources",
        ),
        ({"oracle.USDe": {"kind": "median", "sources": [SPOT, SPOT]}}, "at least 3 items"),
        ({"oracle.USDe": {"kind": "median", "sources": [SPOT, POSTED, POSTED]}}, "oracle.USDe"),
        (
            {"venues.fixed": FIXED_RATE, "oracle.USDe": {"kind": "amm-spot", "venue": "fixed"}},
            "oracle.USDe.venue = 'fixed': expected a stable-swap or constant-product pool",
        ),
        (
            {"oracle.USDe": {"kind": "amm-spot", "venue": "usde-minting"}},
            "oracle.USDe.venue = 'usde-minting': expected a stable-swap or constant-product pool",
        ),
        (
            {"oracle.USDe": {"kind": "amm-spot", "venue": "weth-usdc"}},
            "oracle.USDe.venue = 'weth-usdc': prices WETH, its second coin, not USDe",
        ),
        ({"oracle.USDe": {"kind": "amm-spot", "venue": "nowhere"}}, "oracle.USDe.venue = 'nowhere': unknown venue"),
        ({"venues.usde-usdc.reserves": {"USDC": 5}}, "venues.usde-usdc.reserves.USDe = 0: a venue without liquidity"),
        ({"venues.usde-usdc.reserves.USDe": 0}, "venues.usde-usdc.reserves.USDe = 0: Input should be greater than 0"),
        ({"venues.usde-usdc.reserves.WETH": 1}, "venues.usde-usdc.reserves = 'WETH': expected one of its coins"),
        (
            {"venues.weth-usdc.coins": ["WETH", "WETH"]},
            "venues.weth-usdc = 'WETH': the two assets of a venue must differ",
        ),
        ({"agents.others": WHALE}, "agents.others.cohort = 'whales': is owned by whales-owners already"),
        ({"agents.others": {**WHALE, "cohort": "nobody"}}, "agents.others.cohort = 'nobody': unknown cohort"),
        (
            {"agents.others": {**WHALE, "cohort": "loopers"}},
            "agents.others.cohort = 'loopers': has no pledge: without leave_below its owners never act",
        ),
        (
            {"agents.whales-owners.warning_ltv_bps": 8300},
            "agents.whales-owners.warning_ltv_bps = 8300: the pool liquidates WETH at 8300: "
            "expected a warning below that",
        ),
        (
            {"agents.whales-owners.cure_ltv_bps": 7000},
            "agents.whales-owners: cure_ltv_bps 7000 must be below warning_ltv_bps 7000",
        ),
        (
            {"agents.whales-owners.venue": "weth-usdc"},
            "expected a stable-swap or constant-product pool whose second coin",
        ),
        (
            {"agents.keeper.exits": ["usde-minting"]},
            "agents.keeper.exits = 'usde-minting': a minting contract buys nothing from a keeper: name a pool",
        ),
        (
            {"venues.other": PAIR, "agents.keeper.exits": ["usde-usdc", "other"]},
            "agents.keeper.exits = 'other': sells USDe, as usde-usdc does: name one exit per collateral and debt",
        ),
        (
            {"positions.whales.pledge.ltv": {"kind": "fixed", "value": 0.8051}},
            "positions.whales.pledge.ltv = '0.8051': the pool lends 80.50% on WETH",
        ),
        (
            {"positions.whales.pledge.collateral": "WBTC"},
            "positions.whales.pledge.collateral = 'WBTC': expected an asset of lending.reserves",
        ),
        ({"positions.whales.venue": "usde-usdc"}, "positions.whales.venue = 'usde-usdc': a cohort with a pledge mints"),
        ({"agents.dips": {**DIP, "ltv_bps": 8001}}, "agents.dips.ltv_bps = 8001: the pool lends 80.00% on USDe"),
        (
            {"agents.dips": {**DIP, "venue": "usde-minting"}},
            "agents.dips.venue = 'usde-minting': expected a stable-swap",
        ),
        (
            {"agents.arb": {"kind": "arbitrageur", "venue": "usde-usdc", "against": "weth-usdc", "capital": 1}},
            "agents.arb.against = 'weth-usdc': expected a minting contract or another pool of USDC and USDe",
        ),
        (
            {"agents.arb": {"kind": "arbitrageur", "venue": "usde-usdc", "against": "usde-usdc", "capital": 1}},
            "agents.arb.against = 'usde-usdc': expected a minting contract or another pool",
        ),
        (
            {"agents.stops.target_health_factor": 1.05},
            "agents.stops: target_health_factor 1.05 must be above 1 and above every trigger, 1.05",
        ),
        ({"agents.p": PROVIDER, "agents.q": PROVIDER}, "agents.q.venue = 'usde-usdc': is left by p already"),
        ({"agents.p": LENDER, "agents.q": LENDER}, "agents.q.asset = 'USDC': is left by p already"),
        ({"agents.p": {**LENDER, "asset": "USDX"}}, "agents.p.asset = 'USDX': expected an asset of lending.reserves"),
        (
            {"agents.p": {**LENDER, "asset": "WETH"}},
            "agents.p.asset = 'WETH': expected an asset of lending.reserves with",
        ),
        (
            {"agents.b": {"kind": "value-buyer", "venue": "usde-usdc", "capital": 1, "from_price": 1, "to_price": 1}},
            "agents.b: to_price 1 must be below from_price 1",
        ),
        (
            {"oracle.USDe": POSTED, "agents.m": {"kind": "market-poster", "asset": "USDe", "venue": "weth-usdc"}},
            "agents.m.venue = 'weth-usdc': expected a stable-swap or constant-product pool whose second coin is USDe",
        ),
        (
            {
                "oracle.USDe": POSTED,
                "agents.m": {"kind": "market-poster", "asset": "USDe", "venue": "usde-usdc"},
                "agents.n": {"kind": "market-poster", "asset": "USDe", "venue": "usde-usdc"},
            },
            " = 'USDe': is posted by ",
        ),
        (
            {
                "assets.USDT": {"decimals": 6},
                "venues.usdt": {"kind": "stable-swap", "coins": ["USDT", "USDe"], "reserves": {"USDT": 1, "USDe": 1}},
                "oracle.USDe": POSTED,
                "agents.m": {"kind": "market-poster", "asset": "USDe", "venue": "usdt"},
            },
            "agents.m.venue = 'usdt': its quote USDT has no price source: add oracle.USDT",
        ),
        (
            {"agents.mine": {"kind": "custom", "agent": "x.py:X", "role": "lender"}},
            "agents.mine.role = 'lender': is a class of the harness's own actors: choose another word",
        ),
        ({"agents.deployer": {"kind": "custom", "agent": "x.py:X"}}, "this actor's name is taken by the harness"),
        ({"agents.b": {**DIP, "capital": 0.0000001}}, "agents.b.capital = '1E-7': USDC has 6 decimals"),
    ],
)
def test_scenario__that_does_not_fit_together__refused_in_one_line(changes: dict[str, Any], expected: str) -> None:
    assert expected in refusal(changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"agents.dips": {**DIP, "ltv_bps": 8000}},
        {"agents.whales-owners.warning_ltv_bps": 8299},
        {"positions.whales.pledge.ltv": {"kind": "fixed", "value": 0.805}},
        {"oracle.USDe": {"kind": "median", "sources": [SPOT, SPOT, POSTED]}},
        {"agents.p": PROVIDER, "agents.q": LENDER},
        {"agents.q": {**PROVIDER, "venue": "weth-usdc"}, "agents.p": PROVIDER},
        {"agents.others": {**STOP, "target_health_factor": 1.06}},
    ],
)
def test_scenario__just_inside__is_accepted(changes: dict[str, Any]) -> None:
    assert plan_positions(load_scenario(UNWIND, set={"sensitivity": {}, **changes}))
