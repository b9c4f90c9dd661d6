"""Configuration snapshots: reading them in each of their forms, what differs between two, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cascade.errors import ScenarioError
from cascade.experiments.proposal.read import read_proposal
from cascade.experiments.proposal.words import unchanged
from cascade.listing.changes import Change, applied, changes_of, is_diff
from cascade.listing.snapshot import read_json, snapshot_of
from cascade.listing.words import group_of, value_of

from .listing_files import (
    ETHEREUM,
    ETHEREUM_AFTER,
    PT,
    STRATEGY,
    USDC,
    USDE,
    changed,
    market,
    rate,
    snapshot,
    written,
)

E, C, P = USDE.lower(), USDC.lower(), PT.lower()


def test_ethereum__real_snapshot__has_the_lines_of_usde_and_its_mode() -> None:
    found = snapshot_of(read_json(ETHEREUM), file="x")
    usde = next(address for address in found.reserves if found.symbol(address) == "USDe")

    assert usde == "0x4c9edd5852cd905f086c759e8383e09bff1e68b3"
    assert (len(found.reserves), len(found.modes)) == (48, 16)
    line = found.reserves[usde]
    assert (line.ltv, line.liquidation_threshold, line.liquidation_bonus, line.supply_cap) == (
        *(7200, 7500, 10850),
        960_000_000,
    )
    assert found.rates[usde].optimal_usage_ratio == 8 * 10**26
    mode = found.modes[11]
    assert (mode.label, mode.ltv, mode.threshold, mode.bonus) == ("USDe Stablecoin", 9000, 9300, 10200)
    assert [found.symbol(address) for address in mode.collateral] == ["USDe"]
    # Its bitmap is 34359738632, which is 2^35 + 2^8 + 2^3.
    assert [found.symbol(address) for address in mode.borrowable] == ["USDC", "USDT", "USDS"]
    assert [found.reserves[address].id for address in mode.borrowable] == [3, 8, 35]


def test_ethereum__real_pair__changes_nothing_and_says_so() -> None:
    proposal = read_proposal(ETHEREUM, ETHEREUM_AFTER)

    assert set(proposal.after.tree) - set(proposal.before.tree) == {"logs", "raw"}
    assert proposal.changes == ()
    assert unchanged(proposal) == (
        "Nothing changes: the configuration of 48 reserves and 16 efficiency modes is the same in both files, beside "
        "logs and raw, which hold events and storage. There is nothing to run."
    )


def test_snapshot__numbers_as_text_or_number__are_the_same(tmp_path: Path) -> None:
    numbers = market()
    texts = changed(market())
    for line in texts["reserves"].values():
        line.update({key: str(value) for key, value in line.items() if type(value) is int})
    for mode in texts["eModes"].values():
        mode["collateralBitmap"] = int(mode["collateralBitmap"])
    for strategy in texts["strategies"].values():
        strategy.update({key: int(value) for key, value in strategy.items() if str(value).isdecimal()})

    first, second = snapshot(tmp_path, numbers), snapshot(tmp_path, texts, "after.json")

    assert second.reserves == first.reserves
    assert second.rates == first.rates
    assert second.modes == first.modes
    assert changes_of(first, second) == ()


def test_snapshot__large_number_in_exponent_form__stays_exact(tmp_path: Path) -> None:
    text = str(market()).replace("'", '"').replace("True", "true").replace("False", "false")
    exact = text.replace(f'"{8 * 10**26}"', "8e+26")

    assert snapshot(tmp_path, exact).rates[E].optimal_usage_ratio == 8 * 10**26


def test_snapshot__old_file__takes_modes_from_reserves_and_strategies_by_their_address(tmp_path: Path) -> None:
    old = market()
    old["strategies"] = {STRATEGY: rate("45", "4", "60")}
    for key in ("collateralBitmap", "borrowableBitmap"):
        del old["eModes"]["11"][key]
    old["eModes"]["11"]["priceSource"] = "0x" + "00" * 20
    old["eModes"]["0"] = {"eModeCategory": 0, "label": "", "ltv": 0, "liquidationThreshold": 0, "liquidationBonus": 0}
    for address, line in old["reserves"].items():
        line.update(stableBorrowRateEnabled=False, stableDebtToken="0x" + "00" * 20, id=line["id"])
        line["eModeCategory"] = 0 if address == USDC else 11

    found = snapshot(tmp_path, old)

    assert list(found.modes) == [11]
    assert found.modes[11].collateral == (E, P)
    # PT-USDe cannot be borrowed at all.
    assert found.modes[11].borrowable == (E,)
    assert [found.rates[address].variable_rate_slope2 for address in (E, C, P)] == [6 * 10**26] * 3


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ("[1]", "x.json: expected one JSON object"),
        ('{"reserves": ', "x.json: line 1: expected JSON: "),
        ('{"a": 1, "a": 2}', "x.json: a: is given twice"),
        ("{}", "x.json: is no configuration snapshot of an Aave market: it needs the object reserves"),
        (changed(market(), eModes=[]), "x.json: eModes: is no configuration snapshot"),
        (changed(market(), **{f"reserves__{USDE}__ltv": "high"}), f"reserves.{USDE}.ltv = 'high': expected an integer"),
        (
            changed(market(), **{f"reserves__{USDE}__ltv": 72.5}),
            f"reserves.{USDE}.ltv = 72.5: expected an in",
        ),
        (changed(market(), **{f"reserves__{USDE}__ltv": True}), f"reserves.{USDE}.ltv = True: expected an integer"),
        (
            changed(market(), **{f"reserves__{USDE}__ltv": 10001}),
            "ltv = 10001: Input should be less than or equal to 10000",
        ),
        (changed(market(), **{f"reserves__{USDE}__ltv": ...}), f"x.json: reserves.{USDE}.ltv: Field required"),
        (
            changed(market(), **{f"reserves__{USDE}__liquidationBonus": 850}),
            f"reserves.{USDE}.liquidationBonus = 850: expected 10000 and the bonus, as 10850 for 8.5 %",
        ),
        (changed(market(), **{f"reserves__{USDE}__id": 3}), f"reserves.{C}.id = 3: USDe has this id too"),
        (changed(market(), **{f"reserves__{USDE}__id": 128}), f"reserves.{USDE}.id = 128: Input should be less"),
        (
            changed(market(), **{f"reserves__{USDE}__underlying": USDC}),
            f"x.json: reserves.{USDE}.underlying = '{USDC}': expected the address that the reserve is keyed by",
        ),
        (
            changed(market(), **{f"reserves__{USDE}": ..., "reserves__0x12": market()["reserves"][USDE]}),
            "x.json: reserves = '0x12': expected the asset's address: 0x and 40 hexadecimal digits",
        ),
        (
            changed(market(), eModes__11__borrowableBitmap=str(1 << 3 | 1 << 7)),
            "x.json: eModes.11.borrowableBitmap = '136': bit 7 names no reserve: no reserve has this id",
        ),
        (
            changed(market(), eModes__11__liquidationBonus=200),
            "eModes.11.liquidationBonus = 200: expected 10000 and the",
        ),
        (changed(market(), eModes__11__ltv=-1), "eModes.11.ltv = -1: Input should be greater than or equal to 0"),
        (changed(market(), eModes__stable={}), "x.json: eModes = 'stable': expected the number of a mode, 1 to 255"),
        (
            changed(market(), **{f"strategies__{USDE}__variableRateSlope1": None}),
            f"strategies.{E}.variableRateSlope1: expected an integer",
        ),
    ],
)
def test_snapshot__what_is_none__is_refused_in_one_line(tree: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ScenarioError) as refused:
        snapshot(tmp_path, tree, "x.json")

    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_changes__of_a_mode_a_reserve_and_a_strategy__are_found_and_state_is_not(tmp_path: Path) -> None:
    before = snapshot(tmp_path, market())
    tree = changed(
        market(),
        eModes__11__ltv=9200,
        eModes__11__borrowableBitmap=str(1 << 3 | 1 << 30),
        **{
            f"reserves__{USDE}__debtCeiling": 4_000_000_000,
            f"reserves__{USDE}__oracleLatestAnswer": "1",
            f"reserves__{USDE}__virtualBalance": "2",
            f"strategies__{USDC}__variableRateSlope1": str(6 * 10**25),
            "poolConfig__oracle": "0x" + "22" * 20,
        },
    )
    # The same address in lower case is no change.
    tree["reserves"][E] = {**tree["reserves"].pop(USDE), "underlying": E}
    after = snapshot(tmp_path, tree, "after.json")

    found = changes_of(before, after)

    assert set(found) == {
        Change("reserves", E, "debtCeiling", 0, 4_000_000_000),
        Change("strategies", C, "variableRateSlope1", 5 * 10**25, 6 * 10**25),
        Change("eModes", "11", "ltv", 9000, 9200),
        Change("eModes", "11", "borrowableBitmap", "8", str(8 + 2**30)),
        Change("poolConfig", "", "oracle", "0x" + "11" * 20, "0x" + "22" * 20),
    }
    words = {change.key: (group_of(change, before, after), value_of(change, change.after, after)) for change in found}
    assert words == {
        "debtCeiling": ("Reserve USDe", "40,000,000.00 $ [4000000000]"),
        "variableRateSlope1": ("Reserve USDC", "6 %"),
        "ltv": ("eMode 11 USDe Stablecoin", "92 % [9200]"),
        "borrowableBitmap": ("eMode 11 USDe Stablecoin", "USDC, USDe"),
        "oracle": ("Pool", "0x" + "22" * 20),
    }


@pytest.mark.parametrize(
    ("part", "key", "value", "expected"),
    [
        ("reserves", "liquidationBonus", 10850, "8.5 % [10850]"),
        ("reserves", "liquidationBonus", 0, "0"),
        ("reserves", "reserveFactor", "1000", "10 % [1000]"),
        ("reserves", "supplyCap", 960_000_000, "960,000,000 USDe"),
        ("reserves", "borrowCap", 0, "none"),
        ("reserves", "debtCeiling", 0, "none"),
        ("reserves", "isFrozen", True, "yes"),
        ("reserves", "isFrozen", None, "–"),
        ("strategies", "optimalUsageRatio", 925 * 10**24, "92.5 %"),
        ("strategies", "variableRateSlope2", 3 * 10**27, "300 %"),
        ("eModes", "collateralBitmap", "0", "none"),
        ("eModes", "label", "Stable", "Stable"),
    ],
)
def test_value__in_words__is_as_proposals_show_it(
    part: str, key: str, value: object, expected: str, tmp_path: Path
) -> None:
    assert value_of(Change(part, E, key, value, value), value, snapshot(tmp_path, market())) == expected


def test_changes__new_mode_and_new_reserve__have_nothing_before(tmp_path: Path) -> None:
    without = market()
    del without["eModes"]["11"], without["reserves"][PT], without["strategies"][PT]

    found = changes_of(snapshot(tmp_path, without), snapshot(tmp_path, market(), "after.json"))

    assert {change.before for change in found} == {None}
    assert {(change.part, change.entry) for change in found} == {("eModes", "11"), ("reserves", P), ("strategies", P)}


DIFF: dict[str, Any] = {
    "reserves": {E: {"ltv": {"from": "7200", "to": 7300}}},
    "eModes": {"11": {"ltv": {"from": 9000, "to": 9200}}, "12": {"from": None, "to": {"ltv": 1}}},
    "raw": {"anything": 1},
}


def test_diff__applied_to_its_snapshot__changes_its_leaves_alone() -> None:
    before = market()

    after = applied(DIFF, before, file="diff.json", before_file="before.json")

    expected = changed(market(), eModes__11__ltv=9200, eModes__12={"ltv": 1}, **{f"reserves__{USDE}__ltv": 7300})
    assert after == expected
    assert before == market()


@pytest.mark.parametrize(
    ("diff", "message"),
    [
        (
            {"eModes": {"11": {"ltv": {"from": 9100, "to": 9200}}}},
            "diff.json: eModes.11.ltv.from = 9100: expected the value before the change: before.json has 9000",
        ),
        (
            {"eModes": {"12": {"ltv": {"from": 9000, "to": 1}}}},
            "eModes.12.ltv.from = 9000: expected the value before the change: b",
        ),
        (
            {"eModes": {"11": {"from": None, "to": {"ltv": 1}}}},
            "eModes.11.from: expected the value before the change: before.json has",
        ),
    ],
)
def test_diff__of_another_snapshot__is_refused_with_the_value_that_stands(diff: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError) as refused:
        applied(diff, market(), file="diff.json", before_file="before.json")
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("tree", "expected"),
    [(DIFF, True), (market(), False), ({}, False), ({"raw": {}}, False), ({"eModes": {"1": {"from": 1}}}, False)],
)
def test_is_diff__pairs_at_every_leaf__and_nothing_else(tree: dict[str, Any], expected: bool) -> None:
    assert is_diff(tree) is expected


def test_proposal__diff_as_second_file_and_as_first__is_read_and_refused(tmp_path: Path) -> None:
    before = written(tmp_path, "before.json", market())
    diff = written(tmp_path, "diff.json", {"eModes": {"11": DIFF["eModes"]["11"]}})

    proposal = read_proposal(before, diff)

    assert [(row.group, row.key, row.before, row.after) for row in proposal.changes] == [
        ("eMode 11 USDe Stablecoin", "ltv", "90 % [9000]", "92 % [9200]")
    ]
    with pytest.raises(
        ScenarioError, match=r"diff\.json: is the diff of two snapshots: give the snapshot that it starts"
    ):
        read_proposal(diff, before)
