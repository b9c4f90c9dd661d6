"""The page of a folder of runs lists them, and compares two of them with a click."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from playwright.sync_api import Browser, expect

from cascade.analysis import Frames, summarise
from cascade.analysis.summary import summary_json
from cascade.commands.console.report import cli
from cascade.errors import CascadeError
from cascade.report import build_report
from cascade.report.index.page import build_index

from .browser import chromium, module_fixture, opened, serious
from .conftest import write_run

Rows = dict[str, list[dict[str, Any]]]


@module_fixture
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def finished(folder: Path, rows: Rows, *, name: str, text: str) -> None:
    write_run(folder, rows)
    (folder / "summary.json").write_text(summary_json(summarise(Frames(folder))), encoding="utf-8")
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest.update(run_id=name, scenario_text=text)
    (folder / "manifest.json").write_text(json.dumps(manifest))


@module_fixture
def runs(tmp_path_factory: pytest.TempPathFactory, _crash_rows: Rows) -> Path:
    """Three runs: two of the same tables, and one without its first liquidation; and a folder that is no run."""
    folder = tmp_path_factory.mktemp("runs")
    rows, fewer = deepcopy(_crash_rows), deepcopy(_crash_rows)
    del fewer["liquidations"][0]
    finished(
        folder / "a run",
        rows,
        name="first",
        text="name: made-up\nchain: {base_fee_gwei: 1}\nassets: {A: {decimals: 6}}\n",
    )
    finished(folder / "b", deepcopy(rows), name="second", text="name: made-up\nchain: {base_fee_gwei: 1}\n")
    finished(folder / "c", fewer, name="third", text="name: made-up\nchain: {base_fee_gwei: 2}\n")
    build_report(folder / "a run")
    shutil.copytree(folder / "c", folder / "d")
    (folder / "d" / "summary.json").write_text("{}")
    (folder / "notes").mkdir()
    build_index(folder)
    return folder


def test_index__runs__are_listed_with_links_and_reasons(browser: Browser, runs: Path) -> None:
    with opened(browser, runs / "index.html") as (page, seen):
        assert page.locator("table.runs tbody td:nth-child(2)").all_inner_texts() == ["first", "second", "third"]
        links = page.locator("table.runs a").all()
        assert [link.get_attribute("href") for link in links] == ["a%20run/report.html"]
        assert page.locator(".said").inner_text().startswith("d is left out: ")
        links[0].click()
        expect(page.locator(".story")).to_be_visible()
        assert seen.messages == []
        assert seen.requests == []


def test_index__two_runs_chosen__are_compared(browser: Browser, runs: Path) -> None:
    figures = [json.loads((runs / name / "summary.json").read_text()) for name in ("a run", "c")]
    with opened(browser, runs / "index.html") as (page, _):
        box = page.get_by_role("checkbox")
        box.nth(0).check()
        expect(page.locator("#verdict")).to_have_text("first is chosen: choose a second run.")
        box.nth(2).check()
        rows = {
            cells[0]: cells[1:]
            for row in page.locator("#differences tr").all()
            if (cells := row.locator("td").all_inner_texts())
        }
        assert rows["chain.base_fee_gwei"] == ["1", "2"]
        assert rows["assets.A.decimals"] == ["6", "\u2013"]
        before, after = (found["liquidations"] for found in figures)
        assert rows["liquidations"] == [str(before), str(after), str(after - before)]
        assert after == before - 1
        assert "positions" not in rows
        assert serious(page) == []


def test_index__third_choice__replaces_the_earlier_one_and_equal_tables_are_said_to_be(
    browser: Browser, runs: Path
) -> None:
    with opened(browser, runs / "index.html") as (page, _):
        box = page.get_by_role("checkbox")
        for number in (2, 0, 1):
            box.nth(number).check()
        assert [one.is_checked() for one in box.all()] == [True, True, False]
        expect(page.locator("#verdict")).to_have_text("first and second: the same tables, byte for byte.")


def test_index__of_no_runs__is_an_error_that_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(CascadeError, match=r"holds no finished run: expected folders with manifest\.json"):
        build_index(tmp_path)
    assert not (tmp_path / "index.html").exists()


def test_report__index_of_a_folder__prints_its_path(runs: Path) -> None:
    done = CliRunner().invoke(cli, [str(runs), "--index"])
    assert (done.exit_code, done.output.strip()) == (0, str(runs / "index.html"))
    refused = CliRunner().invoke(cli, [str(runs), "--index", "--png"])
    assert refused.exit_code == 2
    assert "--png: an index has no charts" in refused.output
