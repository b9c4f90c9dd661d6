"""Scenarios that name a listing: which lines win, which assets are listed, what is not modelled, and the way back."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cascade.commands.listing import write_listing
from cascade.errors import ScenarioError
from cascade.experiments.comparison.parameters import parameter_changes
from cascade.listing.snapshot import parse_json, snapshot_of
from cascade.report.run.words import parameters
from cascade.scenario.listing import Listed
from cascade.scenario.load import Scenario, load_scenario, restore_scenario, vary
from cascade.scenario.snapshot_writer import snapshot_json
from cascade.toolchain.paths import project_root

from .listing_files import PT, USDC, USDE, changed, market, snapshot, written

SCENARIOS = project_root() / "scenarios"


def listed(
    folder: Path, tree: Any = None, *, text: str = "", emode: int = 11, reserves: str = "{}", changes: Any = None
) -> Scenario:
    """The flagship, extended by a file that names a listing in a folder below."""
    (folder / "listings").mkdir(exist_ok=True)
    written(folder / "listings", "market.json", market() if tree is None else tree)
    (folder / "mine.yaml").write_text(
        f"extends: {SCENARIOS / 'loop-and-crash.yaml'}\nname: mine\n"
        f"prices: {{path: {SCENARIOS / 'usde-binance-2025-10-10.csv'}}}\n"
        f"lending:\n  listing: {{file: listings/market.json, reserves: {reserves}}}\n"
        # Half of what a loop can have, so that every listing of these tests lends it.
        f"{text}positions: {{loopers: {{emode: {emode}, target: {{leverage: {{high: 2.0, low: 1.5}}}}}}}}\n",
        encoding="utf-8",
    )
    return load_scenario(folder / "mine.yaml", set=changes)


def test_listing__lines__replace_those_of_the_file_that_is_extended(tmp_path: Path) -> None:
    lending = listed(tmp_path).spec.lending

    usde = lending.reserves["USDe"]
    assert (usde.ltv_bps, usde.liquidation_threshold_bps, usde.liquidation_bonus_bps) == (7200, 7500, 850)
    assert (usde.liquidation_protocol_fee_bps, usde.reserve_factor_bps) == (1000, 2500)
    assert (usde.borrowing, usde.supply_cap, usde.borrow_cap) == (True, 960_000_000, 0)
    assert usde.rate.model_dump() == {"optimal_usage_bps": 8000, "base_bps": 0, "slope1_bps": 900, "slope2_bps": 7500}
    assert lending.reserves["USDC"].liquidation_bonus_bps == 450
    # The listing does not say what lenders supply: the scenario does.
    assert lending.reserves["USDC"].lenders_supply == 120_000_000
    mode = lending.emodes[11]
    assert (mode.label, mode.ltv_bps, mode.liquidation_threshold_bps, mode.liquidation_bonus_bps) == (
        *("USDe Stablecoin", 9000),
        *(9300, 200),
    )
    assert (mode.collateral, mode.borrowable) == (["USDe"], ["USDC"])
    assert lending.listing is not None
    assert lending.listing.reserves == {"USDe": USDE.lower(), "USDC": USDC.lower()}


def test_listing__keys_beside_it_and_changes__win_over_it(tmp_path: Path) -> None:
    text = "  reserves: {USDe: {ltv_bps: 7000}}\n"

    lending = listed(tmp_path, text=text, changes={"lending.reserves.USDe.supply_cap": 5_000_000_000}).spec.lending

    assert lending.reserves["USDe"].ltv_bps == 7000
    assert lending.reserves["USDe"].supply_cap == 5_000_000_000
    assert lending.reserves["USDe"].liquidation_threshold_bps == 7500


def test_listing__by_a_change__is_read_before_all_other_changes(tmp_path: Path) -> None:
    file = written(tmp_path, "market.json", market())

    scenario = load_scenario(
        SCENARIOS / "loop-and-crash.yaml",
        set={
            "lending.reserves.USDe.ltv_bps": 7100,
            "lending.listing": {"file": str(file), "reserves": {"USDe": "USDe", "USDC": USDC}},
            "positions.loopers.emode": 11,
        },
    )

    assert scenario.spec.lending.reserves["USDe"].ltv_bps == 7100
    assert scenario.spec.lending.reserves["USDe"].liquidation_threshold_bps == 7500


def test_listing__vary__of_its_file_reads_it_and_of_another_key_does_not(tmp_path: Path) -> None:
    scenario = listed(tmp_path)
    after = written(tmp_path, "after.json", changed(market(), eModes__11__ltv=9200))
    (tmp_path / "listings" / "market.json").unlink()

    assert vary(scenario, {"seed": 4}).spec.lending == scenario.spec.lending.model_copy(
        update={"listing": vary(scenario, {"seed": 4}).spec.lending.listing}
    )
    varied = vary(scenario, {"lending.listing.file": after.name})
    assert varied.spec.lending.emodes[11].ltv_bps == 9200
    changes = parameter_changes(scenario.parameters_json(), varied.parameters_json())
    assert [(change.key, change.baseline, change.change) for change in changes] == [
        ("lending.emodes.11.ltv_bps", "9000", "9200")
    ]


def test_listing__restored__is_the_same_run_without_the_file(tmp_path: Path) -> None:
    scenario = listed(tmp_path)
    (tmp_path / "listings" / "market.json").unlink()

    restored = restore_scenario(
        text=scenario.text, path_file=scenario.path.file, path_text=scenario.path_text, file="mine.yaml"
    )

    assert restored.parameters_json() == scenario.parameters_json()
    assert json.loads(scenario.parameters_json())["lending"]["listing"]["file"] == "market.json"
    assert str(tmp_path) not in scenario.text


def test_scenario__without_listing__has_the_parameters_that_it_had() -> None:
    lending = json.loads(load_scenario(SCENARIOS / "loop-and-crash.yaml").parameters_json())["lending"]

    assert "listing" not in lending


def test_listing__provenance__names_the_snapshot_for_its_lines_alone(tmp_path: Path) -> None:
    class ParametersOnly:
        parameters = json.loads(listed(tmp_path).parameters_json())

    shown = {row.path: row for row in parameters(ParametersOnly())["lending"]}  # type: ignore[arg-type]

    for path in ("reserves.USDe.ltv_bps", "reserves.USDC.rate.slope1_bps", "emodes.11.ltv_bps"):
        row = shown[f"lending.{path}"]
        assert (row.status, row.source) == ("observed", "configuration snapshot market.json"), path
    assert shown["lending.reserves.USDC.lenders_supply"].status == "assumed"
    assert shown["lending.flash_loan_premium_bps"].status == "assumed"


def test_listing__frozen_paused_and_no_flash_loans__are_named_as_not_modelled(tmp_path: Path) -> None:
    tree = changed(
        market(),
        **{
            f"reserves__{USDE}__isFrozen": True,
            f"reserves__{USDC}__isPaused": True,
            f"reserves__{USDC}__isFlashloanable": False,
            f"reserves__{PT}__isFrozen": True,
        },
    )

    listing = listed(tmp_path, tree).spec.lending.listing

    assert listing is not None
    assert listing.not_modelled == [
        "USDe: isFrozen (the reserve is open in the run)",
        "USDC: isPaused (the reserve is open in the run)",
        "USDC: isFlashloanable false (flash loans are open in the run)",
    ]


def test_listing__isolation_and_silo__are_lines_in_dollars(tmp_path: Path) -> None:
    tree = changed(
        market(),
        **{
            f"reserves__{USDE}__debtCeiling": 1_000_000_025,
            f"reserves__{USDC}__isBorrowableInIsolation": True,
            f"reserves__{USDC}__isSiloed": True,
        },
    )

    scenario = listed(tmp_path, tree, emode=0)

    usde, usdc = (scenario.spec.lending.reserves[asset] for asset in ("USDe", "USDC"))
    assert (usde.debt_ceiling_usd, usde.debt_ceiling_cents) == (Decimal("10000000.25"), 1_000_000_025)
    assert (usde.borrowable_in_isolation, usde.siloed_borrowing) == (False, False)
    assert (usdc.borrowable_in_isolation, usdc.siloed_borrowing) == (True, True)
    assert scenario.spec.lending.listing is not None
    assert scenario.spec.lending.listing.not_modelled == []
    parameters_now = json.loads(scenario.parameters_json())["lending"]["reserves"]
    assert parameters_now["USDe"]["debt_ceiling_usd"] == "10000000.25"
    assert "siloed_borrowing" not in parameters_now["USDe"]
    written_again = parse_json(snapshot_json(scenario.spec), file="x")["reserves"]
    assert isinstance(written_again, dict)
    assert [line["debtCeiling"] for line in written_again.values()] == [1_000_000_025, 0]


def test_listing__map_of_assets__takes_other_symbols_and_addresses(tmp_path: Path) -> None:
    tree = changed(market(), **{f"reserves__{PT}__symbol": "USDe", f"reserves__{PT}__ltv": 7000})

    by_address = listed(tmp_path, tree, emode=0, reserves=f"{{USDe: '{PT.lower()}', USDC: USDC}}")

    assert by_address.spec.lending.reserves["USDe"].ltv_bps == 7000
    # The asset that PT stands for is no collateral of the mode.
    assert by_address.spec.lending.emodes == {}


def test_proposed_snapshot__without_maps__is_mapped_as_the_scenario_s_own_listing(tmp_path: Path) -> None:
    tree = changed(market(), **{f"reserves__{USDE}__symbol": "Ethena USD"})
    listed(tmp_path, tree, reserves="{USDe: Ethena USD, USDC: USDC}")
    after = changed(tree, eModes__11__ltv=9200, **{f"reserves__{USDE}__ltv": 7100})

    scenario = load_scenario(tmp_path / "mine.yaml", listed=Listed(snapshot(tmp_path, after, "after.json")))

    assert scenario.spec.lending.reserves["USDe"].ltv_bps == 7100
    assert scenario.spec.lending.emodes[11].ltv_bps == 9200
    other = {**market(), "reserves": {"0x" + "99" * 20: {**market()["reserves"][USDE], "underlying": "0x" + "99" * 20}}}
    other["strategies"] = {"0x" + "99" * 20: market()["strategies"][USDE]}
    other["eModes"] = {}
    moved = load_scenario(
        tmp_path / "mine.yaml",
        listed=Listed(snapshot(tmp_path, other, "other.json")),
        set={"positions.loopers.emode": 0},
    )
    assert moved.spec.lending.listing is not None
    assert moved.spec.lending.listing.reserves == {"USDe": "0x" + "99" * 20}


def test_listing__map_of_modes__takes_these_alone_under_the_scenario_s_numbers(tmp_path: Path) -> None:
    tree = changed(market())
    tree["eModes"]["2"] = {**tree["eModes"]["11"], "eModeCategory": 2, "ltv": 5000}

    scenario = listed(tmp_path, tree, emode=1, changes={"lending.listing.emodes": {1: 11}})

    assert {number: mode.ltv_bps for number, mode in scenario.spec.lending.emodes.items()} == {1: 9000}
    restored = restore_scenario(
        text=scenario.text, path_file=scenario.path.file, path_text=scenario.path_text, file="mine.yaml"
    )
    assert restored.parameters_json() == scenario.parameters_json()


@pytest.mark.parametrize(
    ("tree", "changes", "message"),
    [
        (
            None,
            {"lending.listing.emodes": {1: 12}},
            "lending.listing.emodes = 12: market.json has no such mode; it has 11",
        ),
        (
            None,
            {"lending.listing.emodes": {"1": "x"}},
            "lending.listing.emodes = {'1': 'x'}: expected a map of numbers",
        ),
        (None, {"lending.listing.reserves": {"USDX": "USDe"}}, "lending.listing.reserves = 'USDX': unknown asset: did"),
        (
            None,
            {"lending.listing.reserves": {"USDe": "USDX"}},
            "lending.listing.reserves.USDe = 'USDX': unknown reserve:",
        ),
        (
            None,
            {"lending.listing.reserves": {"USDC": "USDe"}},
            "assets.USDC.decimals = 6: expected 18, as market.json h",
        ),
        (None, {"lending.listing.reserves": ["USDe"]}, "lending.listing.reserves = ['USDe']: expected a map of assets"),
        (
            None,
            {"lending.listing": "market.json"},
            "lending.listing = 'market.json': expected a section with the key fil",
        ),
        (None, {"lending.listing.file": "none.json"}, "none.json: cannot be read: No such file"),
        (None, {"lending.listing.colour": "red"}, "mine.yaml: lending.listing.colour = 'red': unknown key"),
        (
            changed(market(), **{f"reserves__{PT}__symbol": "USDe"}),
            {},
            "lending.listing.reserves.USDe = 'USDe': 2 reserves of market.json have this symbol: state the address",
        ),
        (
            changed(market(), **{f"reserves__{USDE}__isActive": False}),
            {},
            f"market.json: reserves.{USDE.lower()}.isActive = False: USDe is not active: nobody",
        ),
        (
            changed(market(), **{f"strategies__{USDC}": ..., f"reserves__{USDC}__interestRateStrategy": "0x00"}),
            {},
            f"market.json: strategies = '{USDC.lower()}': USDC has no rate strategy in the file",
        ),
        (
            changed(market(), **{f"strategies__{USDC}__variableRateSlope1": str(5 * 10**25 + 10**22)}),
            {},
            f"market.json: strategies.{USDC.lower()}.variableRateSlope1 = '50010000000000000000000000': expected a mul",
        ),
        (
            {**market(), "reserves": {PT: market()["reserves"][PT]}, "eModes": {}},
            {},
            "mine.yaml: lending.listing: no reserve of market.json has the symbol of an asset with a price source",
        ),
        (
            changed(market(), **{f"reserves__{USDE}__liquidationThreshold": 9900}),
            {},
            "lending.reserves.USDe: liquidation_threshold_bps x (1 + bonus) exceeds 100 %",
        ),
    ],
)
def test_listing__that_does_not_fit__is_refused_in_one_line(
    tree: Any, changes: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(ScenarioError) as refused:
        listed(tmp_path, tree, changes=changes)

    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["aave-listing", "loop-and-crash", "usde-unwind", "october-2025"])
def test_snapshot__of_a_shipped_scenario__reads_back_as_the_same_lines(name: str, tmp_path: Path) -> None:
    scenario = load_scenario(SCENARIOS / f"{name}.yaml")
    text = snapshot_json(scenario.spec)
    (tmp_path / "written.json").write_text(text, encoding="utf-8")

    assets = {asset: asset for asset in scenario.spec.lending.reserves}
    again = load_scenario(
        SCENARIOS / f"{name}.yaml",
        set={"lending.listing": {"file": str(tmp_path / "written.json"), "reserves": assets}},
    )

    assert again.spec.lending.reserves == scenario.spec.lending.reserves
    assert again.spec.lending.emodes == scenario.spec.lending.emodes
    assert snapshot_json(again.spec) == text


def test_snapshot__written__has_the_units_of_aave(tmp_path: Path) -> None:
    tree = parse_json(snapshot_json(load_scenario(SCENARIOS / "aave-listing.yaml").spec), file="x")
    found = snapshot_of(tree, file="x")
    usde = next(address for address in found.reserves if found.symbol(address) == "USDe")
    reserves, strategies = tree["reserves"], tree["strategies"]
    assert isinstance(reserves, dict)
    assert isinstance(strategies, dict)

    written_key = next(key for key in reserves if key.lower() == usde)
    assert reserves[written_key]["liquidationBonus"] == 10850
    assert reserves[written_key]["oracleLatestAnswer"] == "100000000"
    assert strategies[written_key]["optimalUsageRatio"] == str(8 * 10**26)
    assert found.modes[11].bonus == 10200
    assert tree["eModes"]["11"]["borrowableBitmap"] == "6"  # type: ignore[index]


def test_listing_command__prints_or_writes_the_same_text(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, out = SCENARIOS / "loop-and-crash.yaml", tmp_path / "out.json"

    write_listing(file, overrides=("lending.reserves.USDe.ltv_bps=7000",), out=None)
    write_listing(file, overrides=("lending.reserves.USDe.ltv_bps=7000",), out=out)

    printed = capsys.readouterr().out
    assert printed == out.read_text(encoding="utf-8") + f"{out}\n"
    assert '"ltv": 7000' in printed
