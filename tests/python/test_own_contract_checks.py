"""Contracts of the user's own: references, artifacts of other tools, and what each part must have."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cascade.chain.abi import Interface
from cascade.chain.artifacts import Artifact, load_artifacts
from cascade.chain.own_source import UnusableContract, read_artifact
from cascade.commands.console import cli
from cascade.deployment.called_functions import PARTS, missing_from
from cascade.deployment.own_contracts import uses_of
from cascade.errors import ScenarioError
from cascade.scenario.load import load_scenario
from cascade.toolchain.paths import project_root

SCENARIOS = project_root() / "scenarios"
ABI: list[dict[str, Any]] = [{"type": "constructor", "inputs": [], "stateMutability": "nonpayable"}]


@pytest.fixture(scope="module")
def shipped() -> dict[str, Artifact]:
    return load_artifacts()


def without(interface: Interface, *names: str) -> Interface:
    return Interface(interface.name, [entry for entry in interface.abi if entry.get("name") not in names])


@pytest.mark.parametrize("part", sorted(PARTS))
def test_parts__contract_of_the_harness__has_all_that_is_called_of_it(part: str, shipped: dict[str, Artifact]) -> None:
    assert missing_from(shipped[PARTS[part].contract].interface, part, shipped) == []
    # Something is called of every part: a contract without functions lacks it.
    assert missing_from(Interface("Empty", []), part, shipped) != []


@pytest.mark.parametrize(
    ("part", "name", "signature"),
    [
        # Called by the harness alone, by contracts alone, and read from logs.
        ("pool", "supply", "supply(address,uint256,address,uint16)"),
        ("pool", "finalizeTransfer", "finalizeTransfer(address,address,address,uint256,uint256)"),
        ("pool", "initReserve", "initReserve(address,address,address)"),
        ("pool", "getUserAccountData", "getUserAccountData(address)"),
        ("pool", "LiquidationCall", "event LiquidationCall"),
        (
            "strategy",
            "calculateInterestRates",
            "calculateInterestRates((uint256,uint256,uint256,uint256,uint256,address,bool,uint256))",
        ),
        ("strategy", "setInterestRateParams", "setInterestRateParams(address,bytes)"),
        ("feed", "decimals", "decimals()"),
        ("stable-swap", "A_precision", "A_precision()"),
        ("constant-product", "getReserves", "getReserves()"),
        ("constant-product", "Sync", "event Sync"),
        ("liquidator", "executeOperation", "executeOperation(address,uint256,uint256,address,bytes)"),
    ],
)
def test_missing_from__one_function_or_event_less__names_it(
    part: str, name: str, signature: str, shipped: dict[str, Artifact]
) -> None:
    whole = shipped[PARTS[part].contract].interface

    assert missing_from(without(whole, name), part, shipped) == [signature]


def test_missing_from__function_with_other_arguments__is_missing(shipped: dict[str, Artifact]) -> None:
    abi = [
        {**entry, "inputs": entry["inputs"][:3]} if entry.get("name") == "supply" else entry
        for entry in shipped["LendingPool"].interface.abi
    ]

    assert missing_from(Interface("Mine", abi), "pool", shipped) == ["supply(address,uint256,address,uint16)"]  # type: ignore[arg-type]


def test_missing_from__function_that_nobody_calls__is_not_asked_for(shipped: dict[str, Artifact]) -> None:
    # Of the rate strategy's many views, the pool and the configurator call none.
    assert missing_from(without(shipped["LendingPool"].interface, "repayWithATokens"), "pool", shipped) == []


@pytest.mark.parametrize(
    "artifact",
    [
        {"abi": ABI, "bytecode": "0x6001"},
        {"abi": ABI, "bytecode": {"object": "0x6001", "linkReferences": {}}},
        {"abi": ABI, "evm": {"bytecode": {"object": "6001"}}},
        {"abi": ABI, "deploymentBytecode": {"bytecode": "0x6001"}},
    ],
    ids=["hardhat", "foundry", "solc", "ape"],
)
def test_artifact__of_each_tool__gives_the_same_contract(artifact: dict[str, Any]) -> None:
    found = read_artifact(json.dumps(artifact), "Mine")

    assert (found.name, found.bytecode, found.interface.abi) == ("Mine", "0x6001", ABI)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "is no artifact"),
        ("[]", "is no artifact"),
        ('{"abi": []}', "is no artifact"),
        ('{"abi": 1, "bytecode": "0x6001"}', "its abi is no list of entries"),
        ('{"abi": [{"name": "f"}], "bytecode": "0x6001"}', "its abi is no list of entries"),
        ('{"abi": [], "bytecode": "0x"}', "has no bytecode: it is abstract or an interface"),
        ('{"abi": [], "bytecode": "0xzz"}', "its bytecode is no hexadecimal text"),
        ('{"abi": [], "bytecode": {"object": "0x73__$abc$__6001"}}', "calls libraries that have to be deployed first"),
    ],
)
def test_artifact__that_cannot_be_deployed__says_why(text: str, why: str) -> None:
    with pytest.raises(UnusableContract, match=why):
        read_artifact(text, "Mine")


@pytest.mark.parametrize("source", ["MyPool.sol", "MyPool", "MyPool.sol:", "MyPool.sol:1x", 5, ":MyPool"])
def test_source__that_names_no_contract__is_refused_with_the_two_forms(source: object) -> None:
    with pytest.raises(ScenarioError, match=r"lending\.contract\.source = .*expected path/File\.sol:Contract, or"):
        load_scenario("frictionless-loop", set={"lending.contract": {"source": source}})


def test_contract__under_aaves_own_engine__is_refused() -> None:
    changes = {"lending.engine": "aave-v3", "lending.strategy": {"source": "a.json"}}
    with pytest.raises(ScenarioError, match="contract and strategy need engine mock"):
        load_scenario("frictionless-loop", set=changes)


def test_parameters__without_contracts_of_ones_own__name_none() -> None:
    # The ids of all runs before there were any depend on it.
    parameters = json.loads(load_scenario("usde-unwind").parameters_json())

    assert "contract" not in parameters["lending"]
    assert "strategy" not in parameters["lending"]
    assert not [venue for venue in parameters["venues"].values() if "contract" in venue]
    assert "contract" not in parameters["agents"]["keeper"]


def test_uses__every_place__has_its_key_and_part() -> None:
    mine = {"source": "a.json"}
    feed = {"kind": "contract", "contract": mine, "initial_price_usd": 1}
    changes: dict[str, object] = {
        "lending.contract": mine,
        "lending.strategy": mine,
        "oracle.USDe": {"kind": "cap", "cap_usd": 1, "source": feed},
        "oracle.USDC": feed,
        "venues.usde-usdc.contract": mine,
        "agents.keeper.contract": mine,
    }
    spec = load_scenario("usde-unwind", set=changes).spec

    assert [(use.key, use.part) for use in uses_of(spec)] == [
        ("lending.contract", "pool"),
        ("lending.strategy", "strategy"),
        ("oracle.USDe.source.contract", "feed"),
        ("oracle.USDC.contract", "feed"),
        ("venues.usde-usdc.contract", "stable-swap"),
        ("agents.keeper.contract", "liquidator"),
    ]


def test_extends__scenario_in_another_folder__its_contracts_stay_where_they_are(tmp_path: Path) -> None:
    base, mine = tmp_path / "base", tmp_path / "mine"
    base.mkdir()
    mine.mkdir()
    (base / "base.yaml").write_text(
        "extends: frictionless-loop\nlending: {contract: {source: contracts/Pool.sol:Pool}}\n", encoding="utf-8"
    )
    (mine / "mine.yaml").write_text("extends: ../base/base.yaml\n", encoding="utf-8")

    found = [load_scenario(folder).spec.lending.contract for folder in (base / "base.yaml", mine / "mine.yaml")]

    assert [contract.source for contract in found if contract] == [
        "contracts/Pool.sol:Pool",
        "../base/contracts/Pool.sol:Pool",
    ]


def test_contracts_command__new_folder__has_the_sources_without_what_tests_deploy(tmp_path: Path) -> None:
    result = CliRunner().invoke(cli, ["contracts", str(tmp_path / "contracts")])

    assert result.exit_code == 0, result.output
    copied = {file.relative_to(tmp_path / "contracts") for file in (tmp_path / "contracts").rglob("*.sol")}
    ours = {file.relative_to(project_root() / "contracts") for file in (project_root() / "contracts").rglob("*.sol")}
    assert copied == {file for file in ours if file.parts[0] not in ("harness", ".cache")}


def test_contracts_command__folder_with_a_file__is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "Mine.sol").touch()

    result = CliRunner().invoke(cli, ["contracts", str(tmp_path)])

    assert result.exit_code == 2
    assert result.output == f"error: {tmp_path}: expected a folder that is new or empty\n"
    assert [file.name for file in tmp_path.iterdir()] == ["Mine.sol"]
