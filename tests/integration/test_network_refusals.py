"""What a deployment refuses before it sends anything: one line each, exit code 2."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from cascade import Scenario, load_scenario
from cascade.chain.live.ape_side import load_payer
from cascade.chain.rpc import Rpc
from cascade.commands.console import cli
from cascade.deploy import deploy
from cascade.errors import CascadeError, ChainError, ScenarioError
from cascade.run.progress import quiet
from cascade.staging.networks import NetworkOptions

from .conftest import SCENARIOS
from .refusing_proxy import CHAIN_ID, Proxy, node_of_others

ETHER = 10**18
FRICTIONLESS = SCENARIOS / "frictionless-loop.yaml"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Proxy, Rpc]]:
    with node_of_others(home=tmp_path_factory.mktemp("home")) as (proxy, rpc):
        yield proxy, rpc


@pytest.fixture
def proxy(node: tuple[Proxy, Rpc]) -> Iterator[Proxy]:
    proxy, rpc = node
    proxy.fault = None
    proxy.raw.clear()
    rpc.call("anvil_setBalance", load_payer("TEST::0").address, hex(100 * ETHER))
    yield proxy
    proxy.fault = None


@pytest.fixture
def options(proxy: Proxy, tmp_path: Path) -> NetworkOptions:
    return NetworkOptions(network=proxy.url, account="TEST::0", deployments=tmp_path / "deployments", confirmations=1)


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario(FRICTIONLESS)


def refusal(scenario: Scenario, options: NetworkOptions) -> str:
    with pytest.raises(CascadeError) as error:
        deploy(scenario, options, progress=quiet())
    assert error.value.exit_code == 2
    return " ".join(str(error.value).split())


def test_deploy__network_that_is_not_there__is_refused(scenario: Scenario, options: NetworkOptions) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        gone = f"http://127.0.0.1:{free.getsockname()[1]}"

    assert refusal(scenario, replace(options, network=gone)).startswith(f"{gone}: the node stopped answering")


@pytest.mark.parametrize(
    ("network", "expected"),
    [
        ("ethereum:nowhere:node", "No network in 'ethereum' named 'nowhere'."),
        ("nothing:at:all", "No ecosystem named 'nothing'."),
        ("ethereum:sepolia:wrong", "No provider named 'wrong'"),
    ],
)
def test_deploy__network_that_ape_does_not_know__is_refused(
    network: str, expected: str, scenario: Scenario, options: NetworkOptions
) -> None:
    said = refusal(scenario, replace(options, network=network))

    assert said.startswith(f"--network = '{network}': {expected}")


def test_deploy__account_that_ape_does_not_have__is_refused(
    scenario: Scenario, options: NetworkOptions, proxy: Proxy
) -> None:
    assert "--account = 'nobody': ape has no such account" in refusal(scenario, replace(options, account="nobody"))
    assert proxy.raw == []


def test_deploy__other_chain_than_stated__is_refused(scenario: Scenario, options: NetworkOptions, proxy: Proxy) -> None:
    said = refusal(scenario, replace(options, chain_id=11155111))

    assert said == f"{proxy.url}: is a node of chain {CHAIN_ID}, and --chain-id is chain 11155111"
    assert proxy.raw == []


def test_deploy__main_network__is_refused_unless_it_is_meant(
    scenario: Scenario, options: NetworkOptions, proxy: Proxy
) -> None:
    def as_mainnet(method: str, params: list[Any]) -> Any:
        return {"result": "0x1"} if method == "eth_chainId" else None

    proxy.fault = as_mainnet
    assert "pass --yes-this-is-mainnet if that is meant" in refusal(scenario, options)
    # Where it is meant, the next check comes: the paying account.
    assert "nobody" in refusal(scenario, replace(options, is_mainnet_meant=True, account="nobody"))
    assert proxy.raw == []


def test_deploy__node_without_a_time_for_views__is_refused(
    scenario: Scenario, options: NetworkOptions, proxy: Proxy
) -> None:
    proxy.fault = lambda method, params: {"result": "0x" + "00" * 32} if method == "eth_call" else None

    assert "does not run views at a stated time" in refusal(scenario, options)
    assert proxy.raw == []


def test_deploy__account_without_funds__says_how_much_is_missing(
    scenario: Scenario, options: NetworkOptions, proxy: Proxy, node: tuple[Proxy, Rpc]
) -> None:
    payer = load_payer("TEST::0").address
    node[1].call("anvil_setBalance", payer, hex(10**15))
    said = refusal(scenario, options)

    found = re.fullmatch(
        rf"account TEST::0 \({payer}\) has 0\.001000, and (0\.\d{{6}}) are needed: (0\.\d{{6}}) are missing", said
    )
    # What is needed depends on the base fee, which falls with every empty block of the node.
    assert found
    assert Decimal(found[1]) - Decimal("0.001") == Decimal(found[2])
    assert proxy.raw == []


def test_deploy__ceiling_below_the_estimate__is_refused(
    scenario: Scenario, options: NetworkOptions, proxy: Proxy
) -> None:
    said = refusal(scenario, replace(options, max_cost=Decimal("0.0001")))

    assert said.startswith("--max-cost = 0.0001: the transactions are estimated to cost 0.0")
    assert said.endswith("nothing was sent")
    assert proxy.raw == []


@pytest.mark.parametrize(
    ("name", "changes", "key"),
    [("october-2025", {}, "exchange"), ("frictionless-loop", {"chain.engine": "revm"}, "chain.engine")],
)
def test_deploy__scenario_that_needs_a_chain_of_its_own__is_refused(
    name: str, changes: dict[str, Any], key: str, options: NetworkOptions, proxy: Proxy
) -> None:
    asked = sum(proxy.counts.values())
    with pytest.raises(ScenarioError, match=rf"{name}.yaml: {key}: .*: it cannot play on a network"):
        deploy(load_scenario(SCENARIOS / f"{name}.yaml", set=changes), options, progress=quiet())

    assert sum(proxy.counts.values()) == asked


def test_deploy__that_stands__is_checked_and_left_as_it_is(
    scenario: Scenario, options: NetworkOptions, proxy: Proxy, node: tuple[Proxy, Rpc]
) -> None:
    # An account that has no more than what is asked for can pay for it all.
    payer = load_payer("TEST::0").address
    node[1].call("anvil_setBalance", payer, hex(10**15))
    needed = Decimal(re.findall(r"and ([0-9.]+) are needed", refusal(scenario, options))[0])
    node[1].call("anvil_setBalance", payer, hex(int(needed * ETHER)))
    file = deploy(scenario, options, progress=quiet()).file
    journal = file.with_name("frictionless-loop.journal.jsonl")
    stated, kept = json.loads(file.read_text(encoding="utf-8")), journal.read_text(encoding="utf-8")
    sent = len(proxy.raw)
    assert (stated["chain_id"], stated["state"]) == (CHAIN_ID, "deployed")
    for entry in stated["contracts"].values():
        assert len(node[1].call_as(str, "eth_getCode", entry["address"], "latest")) > 2

    again = deploy(scenario, options, progress=quiet())

    assert len(proxy.raw) == sent
    assert json.loads(again.file.read_text(encoding="utf-8"))["contracts"] == stated["contracts"]

    # Other parameters, other bytecode, another payer, another chain, and code that is gone.
    other = load_scenario(FRICTIONLESS, set={"lending.reserves.USDe.liquidation_bonus_bps": 600})
    assert "was deployed with other parameters" in refusal(other, options)
    assert "--account is" in refusal(scenario, replace(options, account="TEST::1"))
    for old, new, expected in (
        ('"LendingPool":"', '"LendingPool":"0', "was deployed with another bytecode of LendingPool"),
        (f'"chain_id":{CHAIN_ID}', '"chain_id":5', f"was deployed on chain 5, and the node is of chain {CHAIN_ID}"),
        ('"genesis_hash":"0x', '"genesis_hash":"0x0', "which has been started again since"),
    ):
        journal.write_text(kept.replace(old, new, 1), encoding="utf-8")
        assert expected in refusal(scenario, options)
    journal.write_text(kept, encoding="utf-8")
    file.write_text(json.dumps({**stated, "state": "played", "played_as": "a-run"}), encoding="utf-8")
    assert "was played already, as a-run: --anew deploys and plays again" in refusal(scenario, options)
    file.write_text(json.dumps(stated), encoding="utf-8")
    pool = stated["contracts"]["LendingPool"]["address"]
    for code, expected in (("0x", "has no code"), ("0x00", "has other code")):
        node[1].call("anvil_setCode", pool, code)
        assert f"LendingPool at {pool} {expected}" in refusal(scenario, options)
    assert len(proxy.raw) == sent


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("--max-cost", "much"), "error: --max-cost = much: expected an amount of the network's coin above 0"),
        (("--max-tip", "-1"), "error: --max-tip = -1: expected an amount of gwei above 0"),
    ],
)
def test_command__amount_that_is_none__is_one_line(arguments: tuple[str, ...], line: str) -> None:
    command = ["deploy", str(FRICTIONLESS), "--network", "http://127.0.0.1:1", "--account", "a", *arguments]
    result = CliRunner().invoke(cli, command)

    assert result.exit_code == 2
    assert line in result.output


def test_journal__line_that_cannot_be_read__is_named(scenario: Scenario, options: NetworkOptions) -> None:
    folder = options.deployments / f"chain-{CHAIN_ID}"
    folder.mkdir(parents=True)
    (folder / "frictionless-loop.journal.jsonl").write_text("not JSON\n", encoding="utf-8")

    with pytest.raises(ChainError, match="line 1 is no line of a journal"):
        deploy(scenario, options, progress=quiet())


def test_command__network_of_ape_s_configuration__is_reached_and_held_to_its_chain_id(
    proxy: Proxy, tmp_path: Path
) -> None:
    (tmp_path / "ape-config.yaml").write_text(
        "networks:\n"
        "  custom:\n"
        "    - {name: rough, chain_id: 7358, ecosystem: ethereum, default_provider: node}\n"
        f"node:\n  ethereum:\n    rough: {{uri: '{proxy.url}'}}\n",
        encoding="utf-8",
    )
    command = (str(Path(sys.executable).with_name("cascade")), "deploy", "frictionless-loop", "--account", "TEST::0")
    done = subprocess.run(
        [*command, "--network", "ethereum:rough:node"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1] == (
        f"error: {proxy.url}: is a node of chain {CHAIN_ID}, and --network ethereum:rough:node is chain 7358"
    )
    assert proxy.raw == []
    assert not (tmp_path / "deployments").exists()
