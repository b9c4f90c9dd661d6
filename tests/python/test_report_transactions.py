"""Transactions in full on the page: what they say, how they fold, and that nothing in them is executed."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from cascade.analysis import Frames, summarise
from cascade.analysis.summary import summary_json
from cascade.recording.tables import LiquidationRow
from cascade.recording.transaction_record import (
    BalanceChange,
    Call,
    EventRecord,
    TransactionRecord,
    read_traces,
    traces_json,
)
from cascade.report import build_report
from cascade.report.run.transactions import transaction_words

from .browser import chromium, module_fixture, opened, serious
from .conftest import Rows, write_run

HOSTILE = "<script>window.hacked=1</script><img src=x onerror=window.hacked=1>"

SALE = Call(kind="CALL", target=HOSTILE, function="exchange", arguments={"i": HOSTILE}, answer="7", gas_used=300)
FAILED = Call(kind="CALL", target="USDC", function="transfer", error=HOSTILE, gas_used=100)
POOL = Call(kind="CALL", target="LendingPool", function="liquidationCall", gas_used=500, calls=(SALE, FAILED))
ROOT = Call(kind="CALL", target="Liquidator of keeper-0", function="liquidate", gas_used=1000, calls=(POOL,))


def record_of(row: LiquidationRow) -> TransactionRecord:
    return TransactionRecord(
        why=("first", "deficit"),
        liquidations=(1,),
        tx_hash=row.tx_hash,
        block_number=row.block_number,
        transaction_index=3,
        caller=row.liquidator,
        role="keeper",
        target="Liquidator of keeper-0",
        function="liquidate",
        arguments={"borrower": row.borrower},
        status="ok",
        gas_used=1000,
        gas_limit=2000,
        reason=HOSTILE,
        events=(EventRecord(log_index=4, contract="USDC", event="Transfer", arguments={"value": HOSTILE}),),
        balances=(BalanceChange(account=HOSTILE, asset="USDC", before_raw="2500000", after_raw="1000000"),),
        call=ROOT,
    )


def written(folder: Path, rows: Rows) -> Path:
    write_run(folder, rows)
    (folder / "summary.json").write_text(summary_json(summarise(Frames(folder))), encoding="utf-8")
    first = Frames(folder).rows(LiquidationRow)[0]
    (folder / "traces.json").write_text(traces_json([record_of(first)]), encoding="utf-8")
    return folder


@module_fixture
def run(tmp_path_factory: pytest.TempPathFactory, _crash_rows: Rows) -> Path:
    return written(tmp_path_factory.mktemp("transactions") / "run", deepcopy(_crash_rows))


@module_fixture
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def test_traces__written_and_read__are_the_same(run: Path) -> None:
    first = Frames(run).rows(LiquidationRow)[0]

    assert read_traces(run) == [record_of(first)]


def test_words__of_a_liquidation__are_its_row_in_whole_tokens(run: Path) -> None:
    frames = Frames(run)
    row = frames.rows(LiquidationRow)[0]
    words = transaction_words(frames, record_of(row))
    ((_, collateral, debt),) = [liquidation.rows for liquidation in words.liquidations]
    left = row.debt_before_raw - row.debt_covered_raw - row.deficit_raw

    assert words.title == f"Liquidation 1 of {row.borrower}: the first, left a deficit"
    assert words.balances == [(HOSTILE, "USDC", "2.5000", "1.0000", "-1.5000")]
    assert debt == ("debt, USDC", f"{row.debt_before_raw / 10**6:,.4f}", f"{left / 10**6:,.4f}")
    assert collateral[1:] == (
        f"{row.collateral_before_raw / 10**18:,.4f}",
        f"{(row.collateral_before_raw - row.collateral_seized_raw) / 10**18:,.4f}",
    )


def test_flame__of_nested_calls__lies_below_its_caller_side_by_side(run: Path) -> None:
    frames = Frames(run)
    flame = transaction_words(frames, record_of(frames.rows(LiquidationRow)[0])).flame

    assert [(bar.left, bar.width, bar.depth) for bar in flame] == [
        (0.0, 100.0, 0),
        (0.0, 50.0, 1),
        (0.0, 30.0, 2),
        (30.0, 10.0, 2),
    ]
    assert [bar.is_failed for bar in flame] == [False, False, False, True]


@pytest.mark.parametrize("width", [1280, 390])
def test_page__transaction_opened_and_unfolded__is_inert_accessible_and_no_wider_than_the_window(
    width: int, browser: Browser, run: Path
) -> None:
    with opened(browser, build_report(run), width=width) as (page, seen):
        section = page.locator("#transactions")
        section.locator("summary").first.click()
        pool = section.locator("code", has_text="LendingPool.liquidationCall")
        assert pool.is_hidden()
        section.locator(".calls summary").first.click()
        section.locator(".calls summary").nth(1).click()
        assert pool.is_visible()
        assert section.locator(".flame span").count() == 4
        # Names, reasons and arguments that are scripts stay text.
        assert page.evaluate("window.hacked") is None
        assert section.locator("img").count() == 0
        assert HOSTILE in section.locator(".particulars").first.inner_text()
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
        assert serious(page) == []
        assert seen.messages == []
        assert seen.requests == []


def test_page__run_without_liquidations__has_no_such_section(tmp_path: Path, calm_rows: Rows) -> None:
    write_run(tmp_path / "run", calm_rows)
    (tmp_path / "run" / "summary.json").write_text(summary_json(summarise(Frames(tmp_path / "run"))), encoding="utf-8")

    assert 'id="transactions"' not in build_report(tmp_path / "run").read_text(encoding="utf-8")
