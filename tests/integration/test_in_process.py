"""The engine in process against anvil: every shipped scenario, in a small size, table by table and column by column."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

from cascade import Run, Scenario, load_scenario, replay
from cascade.chain.gas_per_intent import GAS_PER_INTENT
from cascade.errors import CascadeError, MirrorDiffers, ToolMissing
from cascade.experiments.causes.find import find_causes
from cascade.experiments.gas import gas_per_intent
from cascade.experiments.verify import verify
from cascade.observation import BlockView
from cascade.observation import view as view_module
from cascade.observation.checks import ContractChecks
from cascade.recording.canonical import column_values
from cascade.recording.tables import TABLES
from cascade.run.verification import OtherTools
from cascade.world.mirror import ExchangeMirror, LendingMirror, MarginMirror, TokenMirror
from cascade.world.venues.stable_swap_math import StableSwapState

from .conftest import SCENARIOS, SMALL, everyone, small

ENGINE = {"run_id", "chain_engine", "parameters", "scenario_sha256"}
"""Columns that name the engine."""
GAS = {"gas_used", "fee_wei", "base_fee_wei"}
"""Columns of gas, which are null in process."""
AFTER_GAS = {"tip_wei", "reason", "tx_hash", "triggered_by"}
"""Columns that follow from the estimated base fee: the tip, the words that name it, and the hash over the tip."""

SHORT: dict[str, dict[str, Any]] = {
    "loop-and-crash": SMALL,
    "frictionless-loop": {},
    "loop-shock": {"prices.shocks.USDe.factor": 0.75},
    "aave-peg": {key: value for key, value in SMALL.items() if not key.startswith("venues")},
    "aave-listing": {**SMALL, "lending.reserves.USDT.lenders_supply": 100_000},
    "redemption-open": {"timeline.end": datetime(2025, 10, 10, 21, 10, tzinfo=UTC)},
    "redemption-reopens": {
        "timeline.end": datetime(2025, 10, 10, 21, 20, tzinfo=UTC),
        "events.redemption-reopens.when": "spot:usde-usdc < 0.995",
        "events.redemption-reopens.delay_seconds": 60,
    },
    "susde-carry": {"timeline.end": datetime(2025, 9, 3, tzinfo=UTC)},
    "usde-unwind": {"timeline.end": datetime(2025, 10, 10, 21, 20, tzinfo=UTC), "positions.loopers.count": 60},
    "capo-2026-03": {
        "timeline.end": datetime(2026, 3, 10, 11, 49, tzinfo=UTC),
        "events.snapshot-aligned.delay_seconds": 60,
    },
    "synthetic-book": {"timeline.end": datetime(2025, 10, 10, 21, 11, tzinfo=UTC)},
    "maker-cascade": {"timeline.end": datetime(2025, 10, 10, 21, 0, tzinfo=UTC)},
    "october-2025": {
        "timeline.end": datetime(2025, 10, 10, 21, 10, tzinfo=UTC),
        "events.redemption-reopens.when": "spot:usde-usdc < 0.995",
        "events.redemption-reopens.delay_seconds": 60,
    },
    "october-2025-record": {"timeline.end": datetime(2025, 10, 10, 21, 10, tzinfo=UTC), "events": {}},
}


def on_both(scenario: dict[str, Scenario], folder: Path) -> tuple[Run, Run]:
    runs = [
        replay(scenario[engine], out=folder / engine, require_expected=False, report=False)
        for engine in ("anvil", "revm")
    ]
    return runs[0], runs[1]


def differing(anvil: Run, revm: Run) -> set[str]:
    """Columns whose values differ, over all tables; rows are compared in their order."""
    found = set()
    for name, table in TABLES.items():
        first, second = getattr(anvil, name), getattr(revm, name)
        assert len(first) == len(second), name
        found |= {one.name for one in table.columns if column_values(first, one) != column_values(second, one)}
    return found


def test_shipped_scenarios__all_of_them__are_compared() -> None:
    assert {file.stem for file in SCENARIOS.glob("*.yaml")} == set(SHORT)


@pytest.mark.parametrize("name", SHORT)
def test_revm__shipped_scenario__has_every_table_of_anvil_but_for_gas(name: str, tmp_path: Path) -> None:
    file = SCENARIOS / f"{name}.yaml"
    changes = {**SHORT[name], "expect": {"liquidations": "none"}}
    scenario = {engine: load_scenario(file, set={**changes, "chain.engine": engine}) for engine in ("anvil", "revm")}

    anvil, revm = on_both(scenario, tmp_path)

    assert differing(anvil, revm) <= ENGINE | GAS | AFTER_GAS
    assert len(anvil.transactions) > 50
    assert revm.transactions["gas_used"].isna().any()
    assert anvil.transactions["gas_used"].notna().all()


def test_revm__every_kind_of_agent__has_every_table_of_anvil_but_for_gas(tmp_path: Path) -> None:
    scenario = {engine: everyone(**{"chain.engine": engine}) for engine in ("anvil", "revm")}

    anvil, revm = on_both(scenario, tmp_path)

    assert differing(anvil, revm) <= ENGINE | GAS | AFTER_GAS


def test_revm__where_nobody_bids__has_the_hashes_of_anvil(tmp_path: Path) -> None:
    scenario = {
        engine: small(**{"chain.engine": engine, "agents.keeper.bid_share_bps": 0}) for engine in ("anvil", "revm")
    }

    anvil, revm = on_both(scenario, tmp_path)

    assert "tx_hash" not in differing(anvil, revm)
    assert len(revm.liquidations) > 20


def test_revm__summary__has_null_where_gas_is_needed(tmp_path: Path) -> None:
    run = replay(small(**{"chain.engine": "revm"}), out=tmp_path, require_expected=False)
    keepers = run.summary.keepers

    assert (keepers.gas_usd, keepers.reverted_gas_usd, keepers.net_profit_usd) == (None, None, None)
    assert keepers.gross_profit_usd is not None
    assert run.summary.block_space.peak_base_fee_gwei is None
    assert run.runs["chain_engine"].tolist() == ["revm"]


def test_revm__with_a_node__is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        CascadeError, match=r"^--network: .*: chain\.engine revm runs in this process and uses no node$"
    ):
        replay(small(**{"chain.engine": "revm"}), out=tmp_path, node_url="http://127.0.0.1:1")


def test_gas_per_intent__against_a_run_on_anvil__adds_up_to_its_gas_within_a_fifth(crash_run: Run) -> None:
    sent = crash_run.transactions
    sent = sent[(sent["phase"] == "crash") & (sent["lane"] == "chain") & (sent["status"] != "rejected")]
    estimated = [
        GAS_PER_INTENT[intent, status == "ok"] for intent, status in zip(sent["intent"], sent["status"], strict=True)
    ]

    assert set(gas_per_intent([crash_run])) <= set(GAS_PER_INTENT)
    assert sum(estimated) == pytest.approx(int(sent["gas_used"].sum()), rel=0.2)


@pytest.mark.parametrize("figure", ["pays", "depth", "trade_to_price"])
def test_replay__figure_computed_in_python_is_one_unit_off__ends_the_run_and_keeps_nothing(
    figure: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = getattr(StableSwapState, figure)

    def wrong(state: StableSwapState, *arguments: Any) -> Any:
        found = right(state, *arguments)
        return found + 1 if isinstance(found, int) else [*found[:-1], found[-1] + 1]

    monkeypatch.setattr(StableSwapState, figure, wrong)

    with pytest.raises(
        MirrorDiffers, match=r"^venues\.usde-usdc: .* at block \d+: computed (\d+), the contract says"
    ) as off:
        replay(small(**{"chain.engine": "revm"}), out=tmp_path, require_expected=False)
    assert off.value.computed == off.value.contract + 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("owner", "figure", "what"),
    [
        (LendingMirror, "pair_figures", "position of"),
        (TokenMirror, "balance_of", "balance of"),
        (view_module, "largest_liquidation", "liquidation of"),
    ],
)
def test_replay__figure_folded_from_events_is_one_unit_off__ends_the_run_and_keeps_nothing(
    owner: Any, figure: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = getattr(owner, figure)

    def wrong(*arguments: Any, **named: Any) -> Any:
        found = right(*arguments, **named)
        if isinstance(found, list):
            return [row._replace(debt_raw=row.debt_raw + 1) for row in found]
        if isinstance(found, int):
            return found + 1
        return found and found._replace(debt_raw=found.debt_raw + 1)

    monkeypatch.setattr(owner, figure, wrong)

    with pytest.raises(
        MirrorDiffers, match=rf"^{what} .* at block \d+: computed \d+, the contract says \d+: please"
    ) as off:
        replay(small(**{"chain.engine": "revm"}), out=tmp_path, require_expected=False)
    assert off.value.computed == off.value.contract + 1
    assert list(tmp_path.iterdir()) == []


def of_the_exchange(**changes: Any) -> Scenario:
    """A scenario with makers who owe, perpetuals and a desk, for a few minutes."""
    shared = {"chain.engine": "revm", "timeline.end": datetime(2025, 10, 10, 20, 53, tzinfo=UTC)}
    return load_scenario(
        SCENARIOS / "maker-cascade.yaml", set={**shared, "expect": {"liquidations": "none"}, **changes}
    )


@pytest.mark.parametrize(
    ("owner", "figure", "what"),
    [(MarginMirror, "figures", "margin account"), (ExchangeMirror, "rows", r"(balances|position|market order)")],
)
def test_replay__figure_of_the_exchange_is_one_unit_off__ends_the_run_and_keeps_nothing(
    owner: Any, figure: str, what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = getattr(owner, figure)

    def wrong(*arguments: Any, **named: Any) -> Any:
        found = right(*arguments, **named)
        if isinstance(found, dict):
            return {account: (row[0] + 1, *row[1:]) for account, row in found.items()}
        return replace(found, equity=found.equity + 1)

    monkeypatch.setattr(owner, figure, wrong)

    with pytest.raises(
        MirrorDiffers, match=rf"^{what} .* at block \d+: computed -?\d+, the contract says -?\d+: please"
    ):
        replay(of_the_exchange(), out=tmp_path, require_expected=False)
    assert list(tmp_path.iterdir()) == []


def test_replay__exchange_compared_after_every_block__never_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared: list[int] = []
    compare = ContractChecks.compare

    def counted(checks: ContractChecks, view: BlockView) -> None:
        compare(checks, view)
        compared.append(view.step)

    monkeypatch.setattr(ContractChecks, "compare", counted)
    run = replay(
        of_the_exchange(
            **{
                "timeline.end": datetime(2025, 10, 10, 21, 0, tzinfo=UTC),
                # A thousand times the usual rate, so that it shows within minutes, on a mark that moves.
                "exchange.margin.markets.ALT-PERP.funding_bps_8h": 1000,
            }
        ),
        out=tmp_path,
        require_expected=False,
        compare_every=1,
    )

    # The view of a block is the one that the next step's agents see.
    assert compared == [step + 1 for step in sorted(set(run.blocks.loc[run.blocks["phase"] == "crash", "step"]))]
    # Accounts that owe and hold perpetuals are among those compared.
    built = run.margin[run.margin["phase"] == "build"]
    assert (built["debt_raw"].astype(object) > 0).any()
    assert len(run.perp_trades)


def test_verify__of_a_run_in_process__repeats_it_there_and_holds_it_to_the_engine_s_version(tmp_path: Path) -> None:
    run = replay(small(**{"chain.engine": "revm"}), out=tmp_path, require_expected=False)

    assert run.manifest.tools["pyrevm"] == version("pyrevm")
    assert verify(run).endswith(" tables are the same")
    manifest = run.folder / "manifest.json"
    told = f'"pyrevm": "{version("pyrevm")}"'
    text = manifest.read_text(encoding="utf-8")
    assert told in text
    manifest.write_text(text.replace(told, '"pyrevm": "0.0.1"'), encoding="utf-8")
    with pytest.raises(OtherTools, match=r"pyrevm 0\.0\.1, here"):
        verify(Run(run.folder))


def test_find_causes__of_a_run_in_process__makes_its_further_runs_there(tmp_path: Path) -> None:
    runs = {
        engine: replay(small(**{"chain.engine": engine}), out=tmp_path / engine, require_expected=False, report=False)
        for engine in ("anvil", "revm")
    }
    found = {engine: find_causes(run).amplification for engine, run in runs.items()}

    assert found["revm"] is not None
    assert found["revm"] == found["anvil"]


def test_revm__package_that_is_not_installed__is_one_line_that_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyrevm", None)

    with pytest.raises(ToolMissing, match=r"^chain\.engine: revm needs the package pyrevm: `pip install pyrevm`$"):
        replay(small(**{"chain.engine": "revm"}), out=tmp_path)
    assert list(tmp_path.iterdir()) == []
