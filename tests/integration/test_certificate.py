"""A run's folder as a certificate: one digit changed in each place is found and named, and a second run repeats it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cascade import Run, replay
from cascade.chain.artifacts import Artifact
from cascade.experiments import verify as verify_module
from cascade.experiments.verify import verify
from cascade.recording.store import table_sha256, write_tables
from cascade.recording.tables import TABLES, PriceRow, TransactionRow
from cascade.run.differences import Part, RunsDiffer
from cascade.run.verification import OtherTools
from cascade.staging.world import prepare

from .conftest import small

SELLER: dict[str, Any] = {
    "kind": "custom",
    "agent": "agents/panic_seller.py:PanicSeller",
    "role": "holder",
    "parameters": {"venue": "usde-usdc", "tokens": 20_000, "below": 0.999, "tranche": 1_000},
}
"""An agent of the user's own, whose source the manifest holds."""


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run with an agent of the user's own, in process."""
    scenario = small(**{"chain.engine": "revm", "agents.seller": SELLER})
    return replay(scenario, out=tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def copied(original: Run, tmp_path: Path) -> Run:
    return Run(shutil.copytree(original.folder, tmp_path / original.folder.name))


def change_manifest(run: Run, change: Callable[[dict[str, Any]], object]) -> Run:
    file = run.folder / "manifest.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    change(content)
    file.write_text(json.dumps(content), encoding="utf-8")
    return Run(run.folder)


def replace_once(content: dict[str, Any], key: str, was: str, now: str) -> None:
    assert content[key].count(was) >= 1
    content[key] = content[key].replace(was, now, 1)


def other_digit(sha256: str) -> str:
    return ("1" if sha256[0] == "0" else "0") + sha256[1:]


def differs(run: Run, part: Part, *texts: str) -> None:
    """Expect `verify` to name a part and to say each of some texts, in one line."""
    with pytest.raises(RunsDiffer) as found:
        verify(run)
    assert found.value.part is part
    assert f": {part}: " in str(found.value)
    for text in texts:
        assert text in str(found.value)
    assert "\n" not in str(found.value)


@pytest.fixture
def no_second_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a second run was made")

    monkeypatch.setattr(verify_module, "replay", refuse)


@pytest.mark.usefixtures("no_second_run")
def test_verify__digit_of_the_scenario_text_changed__names_key_and_both_values(copied: Run) -> None:
    changed = change_manifest(
        copied, lambda manifest: replace_once(manifest, "scenario_text", "tokens: 20000\n", "tokens: 30000\n")
    )

    differs(changed, Part.SCENARIO, "agents.seller.parameters.tokens is 30000, the table runs has 20000")


@pytest.mark.usefixtures("no_second_run")
def test_verify__scenario_text_and_its_hash_changed__names_key_and_both_values(copied: Run) -> None:
    def change(manifest: dict[str, Any]) -> None:
        replace_once(manifest, "scenario_text", "tokens: 20000\n", "tokens: 30000\n")
        del manifest["inputs"]["scenario_text"]

    changed = change_manifest(copied, change)

    differs(changed, Part.SCENARIO, "inputs.scenario_text states none", "agents.seller.parameters.tokens")


@pytest.mark.usefixtures("no_second_run")
def test_verify__digit_of_the_price_path_changed__names_asset_time_and_both_prices(copied: Run) -> None:
    path = [row for row in copied.frames.rows(PriceRow) if row.source == "path"]
    first = next(row for row in path if row.asset == "USDe")
    text = copied.manifest.price_path_text
    # The first point of the asset decides its price at the first block, which lies at or behind it.
    line = next(line for line in text.splitlines() if ",USDe," in line)
    columns = line.split(",")
    columns[2] = f"{float(columns[2]) + 0.01}"
    changed = change_manifest(
        copied, lambda manifest: manifest.update(price_path_text=text.replace(line, ",".join(columns), 1))
    )

    differs(
        changed,
        Part.PATH,
        "price_path_text of the manifest",
        "USDe at ",
        f"the table prices has {first.price_e8}",
    )


@pytest.mark.usefixtures("no_second_run")
def test_verify__digit_of_a_contract_s_hash_changed__is_laid_to_the_manifest(copied: Run) -> None:
    changed = change_manifest(
        copied, lambda m: m["contracts"].update(LendingPool=other_digit(m["contracts"]["LendingPool"]))
    )

    differs(changed, Part.BYTECODE, "contracts of the manifest have together", "a hash in the manifest was changed")


@pytest.mark.usefixtures("no_second_run")
def test_verify__installed_contract_has_other_bytecode__names_it(copied: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def with_other_pool(*arguments: Any, **named: Any) -> Any:
        prepared = prepare(*arguments, **named)
        artifacts = dict(prepared.inputs.artifacts)
        pool: Artifact = artifacts["LendingPool"]
        artifacts["LendingPool"] = replace(
            pool, bytecode=pool.bytecode[:-1] + ("1" if pool.bytecode[-1] == "0" else "0")
        )
        return replace(prepared, inputs=replace(prepared.inputs, artifacts=artifacts))

    monkeypatch.setattr(verify_module, "prepare", with_other_pool)

    differs(copied, Part.BYTECODE, "LendingPool had sha256 ", ", the installed contract has ")


@pytest.mark.usefixtures("no_second_run")
def test_verify__digit_of_an_agent_s_source_changed__is_named_and_not_executed(copied: Run) -> None:
    marker = copied.folder.parent / "executed"

    def change(manifest: dict[str, Any]) -> None:
        manifest["agents"]["seller"]["source"] += f"\nopen({str(marker)!r}, 'w')\n"

    differs(
        change_manifest(copied, change),
        Part.AGENT,
        "agents.seller: agents/panic_seller.py:PanicSeller has other source",
    )
    assert not marker.exists()


@pytest.mark.usefixtures("no_second_run")
def test_verify__version_of_a_tool_changed__is_named_with_both(copied: Run) -> None:
    changed = change_manifest(copied, lambda manifest: manifest["tools"].update(pandas="0.0.1"))

    with pytest.raises(OtherTools, match=r": tool version: was made with pandas 0\.0\.1, here \d"):
        verify(changed)


@pytest.mark.usefixtures("no_second_run")
def test_verify__digit_of_a_figure_of_the_summary_changed__names_its_key(copied: Run) -> None:
    file = copied.folder / "summary.json"
    summary = json.loads(file.read_text(encoding="utf-8"))
    summary["liquidations"] = summary["liquidations"] + 1
    file.write_text(json.dumps(summary), encoding="utf-8")

    was = summary["liquidations"]
    differs(copied, Part.SUMMARY, f"summary.json: liquidations is {was}, its tables give {was - 1}")


@pytest.mark.usefixtures("no_second_run")
def test_verify__digit_of_the_page_changed__names_it(copied: Run) -> None:
    page = copied.report()
    text = page.read_text(encoding="utf-8")
    at = text.rindex("2025")
    page.write_text(text[:at] + "2026" + text[at + 4 :], encoding="utf-8")

    differs(copied, Part.PAGE, "report.html: is not the page of this run")


def test_verify__digit_of_a_table_changed__names_row_column_and_whose_hash(copied: Run) -> None:
    rows = {name: copied.frames.rows(table.row) for name, table in TABLES.items()}
    sent = copied.frames.rows(TransactionRow)
    was = sent[7].gas_limit
    rows["transactions"] = [*sent[:7], replace(sent[7], gas_limit=was + 1), *sent[8:]]
    write_tables(copied.folder / "tables", [row for table in rows.values() for row in table])

    differs(
        Run(copied.folder),
        Part.TABLE,
        f"differs in transactions: row 7, column gas_limit: {was + 1} on disk, {was} in the second run",
        "tables/transactions.parquet was changed after the run",
    )


def test_verify__digit_of_a_table_s_hash_changed__is_laid_to_the_manifest(copied: Run) -> None:
    digest = copied.manifest.tables["prices"]
    changed = change_manifest(copied, lambda manifest: manifest["tables"].update(prices=other_digit(digest)))

    differs(
        changed,
        Part.TABLE,
        f"{digest[:10]} on disk, {digest[:10]} in the second run: tables.prices of manifest.json was changed",
    )
    assert table_sha256(copied.folder / "tables")["prices"] == digest


@contextmanager
def loaded_machine() -> Iterator[None]:
    """Keep every core busy."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for process in busy:
            process.kill()
            process.wait()


def test_verify__elsewhere_in_another_time_zone_and_language_on_a_loaded_machine__is_the_same(copied: Run) -> None:
    environment = {
        **os.environ,
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "4711",
    }
    with loaded_machine():
        done = subprocess.run(
            [sys.executable, "-m", "cascade", "verify", copied.folder.name],
            cwd=copied.folder.parent,
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    assert done.returncode == 0, done.stderr
    assert f"{copied.manifest.run_id}: all {len(TABLES)} tables are the same" in done.stdout


def test_verify__run_in_process_repeated_on_anvil__is_the_same_but_for_gas(copied: Run) -> None:
    assert "tables are the same on anvil, but for gas" in verify(copied, engine="anvil")


def test_verify__on_the_other_engine__still_finds_a_changed_row(copied: Run, crash_run: Run, tmp_path: Path) -> None:
    on_anvil = Run(shutil.copytree(crash_run.folder, tmp_path / "on-anvil"))
    rows = {name: on_anvil.frames.rows(table.row) for name, table in TABLES.items()}
    prices = on_anvil.frames.rows(PriceRow)
    index, was = next(
        (index, row.price_e8) for index, row in enumerate(prices) if row.price_e8 is not None and row.step > 3
    )
    assert was is not None
    rows["prices"] = [*prices[:index], replace(prices[index], price_e8=was + 1), *prices[index + 1 :]]
    write_tables(on_anvil.folder / "tables", [row for table in rows.values() for row in table])

    with pytest.raises(
        RunsDiffer, match=rf"differs in prices: row {index}, column price_e8: {was + 1} on disk, {was} in"
    ):
        verify(Run(on_anvil.folder), engine="revm")
