"""Transactions that a run keeps in full, and its chain rebuilt for any other."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from cascade import Run, replay
from cascade.chain.ape_console import console_names
from cascade.chain.rpc import Rpc
from cascade.experiments.rebuilding import rebuilt_chain
from cascade.recording.store import table_sha256, write_tables
from cascade.recording.tables import TABLES, LiquidationRow, TransactionRow
from cascade.recording.transaction_record import Call, TransactionRecord, read_traces
from cascade.run.differences import Part, RunsDiffer
from cascade.run.progress import quiet
from cascade.run.verification import check_folder, compare_runs
from cascade.toolchain.paths import project_root

from .conftest import small

CASCADE = str(Path(sys.executable).with_name("cascade"))


def cascade(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [CASCADE, *arguments], cwd=project_root(), capture_output=True, text=True, timeout=300, check=False
    )


def every_call(call: Call) -> list[Call]:
    return [call, *(one for below in call.calls for one in every_call(below))]


def of_kind(run: Run, why: str) -> list[TransactionRecord]:
    return [one for one in read_traces(run.folder) if why in one.why]


def test_traces__of_a_run__are_its_first_largest_and_last_liquidations_and_those_with_a_deficit(crash_run: Run) -> None:
    rows = crash_run.frames.rows(LiquidationRow)
    # USDC has six decimals and a price of one dollar here: the largest amount is the largest value.
    assert {(row.debt_asset, row.debt_price_e8) for row in rows} == {("USDC", 10**8)}
    largest = max(range(len(rows)), key=lambda number: rows[number].debt_covered_raw)
    with_deficit = [row.tx_hash for row in rows if row.deficit_raw][:12]

    assert [one.tx_hash for one in of_kind(crash_run, "first")] == [rows[0].tx_hash]
    assert [one.liquidations for one in of_kind(crash_run, "largest")] == [(largest + 1,)]
    assert [one.tx_hash for one in of_kind(crash_run, "last")] == [rows[-1].tx_hash]
    assert [one.tx_hash for one in of_kind(crash_run, "deficit")] == with_deficit
    assert with_deficit


def test_traces__call_and_gas__are_those_of_the_tables(crash_run: Run) -> None:
    sent = {row.tx_hash: row for row in crash_run.frames.rows(TransactionRow)}
    rows = crash_run.frames.rows(LiquidationRow)
    for record in read_traces(crash_run.folder):
        row, (number,) = sent[record.tx_hash], record.liquidations
        assert record.call is not None
        assert (record.caller, record.block_number, record.gas_used) == (row.actor, row.block_number, row.gas_used)
        assert record.call.gas_used == row.gas_used
        assert record.function == "liquidate"
        assert f"borrower: {rows[number - 1].borrower}" in record.arguments["order"]
        calls = every_call(record.call)
        # A transaction's own gas is less what it had refunded, which its calls do not know: a fifth at the most.
        assert sum(below.gas_used for below in record.call.calls) <= 1.25 * row.gas_used
        assert all(call.gas_used >= sum(below.gas_used for below in call.calls) for call in calls[1:])
        pool = [call for call in calls if (call.target, call.function) == ("LendingPool", "liquidationCall")]
        assert [call.arguments["borrower" if "borrower" in call.arguments else "user"] for call in pool] == [
            rows[number - 1].borrower
        ]
        read = [call.answer for call in calls if (call.target, call.function) == ("PriceOracle", "getAssetPrice")]
        assert str(rows[number - 1].collateral_price_e8) in read


def test_traces__balances__change_by_the_transfers_of_the_transaction_alone(crash_run: Run) -> None:
    for record in read_traces(crash_run.folder):
        transfers = [event for event in record.events if event.event == "Transfer"]
        for row in record.balances:
            own = [event for event in transfers if event.contract == row.asset]
            came = sum(int(event.arguments["value"]) for event in own if event.arguments["to"] == row.account)
            went = sum(int(event.arguments["value"]) for event in own if event.arguments["from"] == row.account)
            assert int(row.after_raw) - int(row.before_raw) == came - went
            assert int(row.before_raw) >= 0
        assert {"aUSDC", "usde-usdc"} <= {row.account for row in record.balances}


def test_traces__balances_of_two_transactions_with_nothing_between__join(crash_run: Run) -> None:
    """A rebuilt chain, stopped before and after, has the balances that the record states."""
    record = of_kind(crash_run, "largest")[0]
    (pool,) = (row for row in record.balances if (row.account, row.asset) == ("usde-usdc", "USDe"))
    with rebuilt_chain(crash_run, wanted=record.tx_hash, progress=quiet()) as rebuilt:
        world = rebuilt.node.world
        held = int(world.chain.call(world.tokens["USDe"], "balanceOf", world.venues["usde-usdc"].contract.address))
        later = [
            one
            for one in crash_run.frames.rows(TransactionRow)
            if one.block_number == record.block_number and one.transaction_index > record.transaction_index
        ]

        assert rebuilt.record is not None
        assert rebuilt.record.call == record.call
        assert replace_why(rebuilt.record) == replace_why(record)
        # Liquidations later in the block sold more into the venue; without one the venue holds what the record states.
        assert held == int(pool.after_raw) if not later else held >= int(pool.after_raw)


def replace_why(record: TransactionRecord) -> dict[str, object]:
    return {name: getattr(record, name) for name in record.__struct_fields__ if name != "why"}


def test_traces__of_the_same_run_twice__have_the_same_bytes(crash_run: Run, tmp_path: Path) -> None:
    again = replay(small(), out=tmp_path, report=False)

    assert (again.folder / "traces.json").read_bytes() == (crash_run.folder / "traces.json").read_bytes()
    assert again.manifest.traces_sha256 == crash_run.manifest.traces_sha256


def test_traces__of_a_run_in_process__have_all_but_calls_and_gas(tmp_path: Path, crash_run: Run) -> None:
    run = replay(small(**{"chain.engine": "revm"}), out=tmp_path, report=False)
    here, there = read_traces(run.folder), read_traces(crash_run.folder)

    assert [(one.liquidations, one.events, one.balances) for one in here] == [
        (one.liquidations, one.events, one.balances) for one in there
    ]
    assert {(one.call, one.gas_used) for one in here} == {(None, None)}


def test_check_folder__digit_of_a_trace_changed__is_named(crash_run: Run, tmp_path: Path) -> None:
    copied = Run(shutil.copytree(crash_run.folder, tmp_path / crash_run.folder.name))
    file = copied.folder / "traces.json"
    was = file.read_text(encoding="utf-8")
    traces = json.loads(was)
    traces[0]["gas_used"] += 1
    file.write_text(json.dumps(traces), encoding="utf-8")

    with pytest.raises(RunsDiffer, match=r"traces\.json has sha256 \w+, traces_sha256 of the manifest states") as found:
        check_folder(copied)
    assert found.value.part is Part.TRACES
    # The hash was changed too: the second run tells what differs.
    manifest = replace(copied.manifest, traces_sha256="0" * 64)
    (copied.folder / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")
    with pytest.raises(RunsDiffer, match=r"traces\.json: 0\.gas_used is \d+ on disk, \d+ in the second run"):
        compare_runs(Run(copied.folder), crash_run)


def test_inspect__liquidation_that_the_run_did_not_keep__is_shown_from_the_rebuilt_chain(crash_run: Run) -> None:
    rows = crash_run.frames.rows(LiquidationRow)
    kept = {number for one in read_traces(crash_run.folder) for number in one.liquidations}
    number = next(number for number in range(1, len(rows) + 1) if number not in kept)
    row = rows[number - 1]

    done = cascade("inspect", str(crash_run.folder), "--liquidation", str(number))

    assert done.returncode == 0, done.stderr
    assert row.tx_hash in done.stdout
    assert f"block        {row.block_number}, position" in done.stdout
    assert f"{row.gas_used:,} of " in done.stdout
    assert f"Liquidation {number} of {row.borrower}" in done.stdout
    # Rounded down, so that a health factor under 1 is never shown as 1.
    shown = row.health_factor_before_wad // 10**14
    assert f" {shown // 10_000}.{shown % 10_000:04} " in done.stdout
    assert f"{row.debt_before_raw / 10**6:,.4f}" in done.stdout
    assert "LendingPool.liquidationCall(" in done.stdout
    assert row.triggered_by == "" or row.triggered_by in done.stdout


def test_inspect__node__has_the_block_and_ends_at_an_interrupt(crash_run: Run) -> None:
    row = crash_run.frames.rows(LiquidationRow)[0]
    process = subprocess.Popen(
        [CASCADE, "inspect", str(crash_run.folder), "--at", str(row.block_number), "--node"],
        cwd=project_root(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = next(line for line in process.stdout if "Ctrl-C ends it" in line)
        rpc = Rpc(said.split("runs at ")[1].split(",")[0])
        assert int(str(rpc.call("eth_blockNumber")), 16) == row.block_number
        block = rpc.call("eth_getBlockByNumber", "latest", False)
        assert isinstance(block, dict)
        hashes = block["transactions"]
        assert isinstance(hashes, list)
        assert row.tx_hash in hashes
        rpc.close()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.communicate()


def test_inspect__console__has_contracts_by_name_and_ape_s_trace(crash_run: Run) -> None:
    row = crash_run.frames.rows(LiquidationRow)[0]

    done = cascade(
        "inspect",
        str(crash_run.folder),
        "--at",
        str(row.block_number),
        "--code",
        "print('supply', USDC.totalSupply(), contracts['Liquidator of keeper-0'] == Liquidator_of_keeper_0)",
        "--code",
        f"chain.provider.get_transaction_trace('{row.tx_hash}').show()",
    )

    assert done.returncode == 0, done.stderr
    assert "supply " in done.stdout
    assert "True" in done.stdout
    assert "liquidationCall" in done.stdout


def test_inspect__transactions_of_the_run_are_others__is_refused_at_the_block(crash_run: Run, tmp_path: Path) -> None:
    copied = Run(shutil.copytree(crash_run.folder, tmp_path / crash_run.folder.name))
    rows = {name: copied.frames.rows(table.row) for name, table in TABLES.items()}
    sent = copied.frames.rows(TransactionRow)
    place = next(place for place, row in enumerate(sent) if row.phase == "crash" and row.tx_hash)
    forged = "0x" + "ab" * 32
    rows["transactions"] = [*sent[:place], replace(sent[place], tx_hash=forged), *sent[place + 1 :]]
    write_tables(copied.folder / "tables", [row for table in rows.values() for row in table])
    manifest = replace(copied.manifest, tables=table_sha256(copied.folder / "tables"))
    (copied.folder / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")

    done = cascade("inspect", str(copied.folder), "--liquidation", "5", "--at", str(copied.frames.last_block))

    assert done.returncode == 1
    assert (
        f"transactions: block {sent[place].block_number} of the rebuilt chain transaction "
        f"{sent[place].transaction_index} is {sent[place].tx_hash}, {forged} in the run" in done.stderr
    )
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--liquidation", "0"], "--liquidation = 0: expected a number from 1 to "),
        (["--trace", "0x" + "12" * 32], "no transaction of the run's crash has this hash"),
        (["--liquidation", "1", "--trace", "0x12"], "--liquidation and --trace: expected one of them"),
        (["--at", "1"], "--at = 1: expected a block of the crash, from "),
        (["--liquidation", "1", "--at", "1"], "--at = 1: expected a block from "),
    ],
)
def test_inspect__no_such_thing__is_one_line_with_exit_code_2(
    crash_run: Run, arguments: list[str], expected: str
) -> None:
    done = cascade("inspect", str(crash_run.folder), *arguments)

    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("error:")]
    assert expected in line


def test_script__named_like_a_module_of_the_standard_library__hides_it_from_nobody() -> None:
    ape = Path(sys.executable).with_name("ape")
    done = subprocess.run(
        [str(ape), "run", "inspect", "--help"],
        cwd=project_root(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "--liquidation" in done.stdout


def test_console_names__letters_that_no_variable_has__become_underscores() -> None:
    assert console_names(["USDe", "Liquidator of keeper-0", "usde-usdc", "usde_usdc", "1inch", "class"]) == {
        "USDe": "USDe",
        "Liquidator of keeper-0": "Liquidator_of_keeper_0",
        "usde-usdc": "usde_usdc",
        "usde_usdc": "usde_usdc_",
        "1inch": "_1inch",
        "class": "_class",
    }
