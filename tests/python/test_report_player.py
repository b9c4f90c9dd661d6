"""The player: every series has one value per moment, and the page plays, steps and drags through them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from cascade.analysis import Frames, summarise
from cascade.analysis.summary import summary_json
from cascade.errors import ToolMissing
from cascade.report import build_report
from cascade.report.run.datasets import datasets
from cascade.report.run.player import player
from cascade.report.shared import bundle

from .browser import chromium, module_fixture, opened
from .conftest import write_run

Rows = dict[str, list[dict[str, Any]]]
RunOf = Callable[[Rows], Path]


@module_fixture
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@module_fixture
def rows(_crash_rows: Rows) -> Rows:
    return deepcopy(_crash_rows)


@module_fixture
def report(tmp_path_factory: pytest.TempPathFactory, rows: Rows) -> Path:
    folder = write_run(tmp_path_factory.mktemp("player") / "run", rows)
    (folder / "summary.json").write_text(summary_json(summarise(Frames(folder))), encoding="utf-8")
    return build_report(folder)


def content(report: Path) -> dict[str, Any]:
    frames = Frames(report.parent)
    made = player(frames, datasets(frames, summarise(frames)))
    assert made is not None
    return made


def crash_times(rows: Rows) -> list[int]:
    return [row["timestamp"] for row in rows["blocks"] if row["phase"] == "crash"]


def place(page: Page) -> int:
    found: int = page.evaluate("window.cascade.player.state.at")
    return found


def test_player__every_series__has_one_value_per_crash_block(report: Path, rows: Rows) -> None:
    made = content(report)
    times = crash_times(rows)
    assert made["times"] == times
    lines = [line for lines in made["prices"].values() for line in lines]
    lines += [*made["sales"], *made["space"], *made["health"]]
    lines += [
        {"values": rung[side]} for one in made["depth"].values() for rung in one["rungs"] for side in ("bids", "asks")
    ]
    assert len(lines) > 10
    assert {len(line["values"]) for line in lines} == {len(times)}


def test_player__oracle_price__is_the_last_of_the_table_at_each_block(report: Path, rows: Rows) -> None:
    oracle = {
        row["timestamp"]: row["price_e8"] / 1e8
        for row in rows["prices"]
        if (row["asset"], row["source"]) == ("USDe", "oracle")
    }
    expected = [oracle[max(moment for moment in oracle if moment <= time)] for time in crash_times(rows)]
    shown = next(line for line in content(report)["prices"]["USDe"] if line["name"] == "oracle")
    assert shown["values"] == pytest.approx(expected, rel=1e-6)


def test_player__events__are_the_liquidations_at_the_block_that_had_them(report: Path, rows: Rows) -> None:
    events = content(report)["events"]
    times = crash_times(rows)
    assert sorted(events["tx"]) == sorted(row["tx_hash"] for row in rows["liquidations"])
    by_tx = {row["tx_hash"]: row["timestamp"] for row in rows["liquidations"]}
    assert events["at"] == [bisect_left(times, by_tx[tx]) for tx in events["tx"]]
    assert events["at"] == sorted(events["at"])


def test_player__health__counts_every_open_position(report: Path, rows: Rows) -> None:
    health = content(report)["health"]
    by_block: dict[int, int] = {}
    for row in rows["health"]:
        if row["phase"] == "crash":
            by_block[row["timestamp"]] = by_block.get(row["timestamp"], 0) + row["positions"]
    shown = [sum(bucket["values"][i] for bucket in health) for i in range(len(crash_times(rows)))]
    assert shown == [by_block[time] for time in crash_times(rows)]


def test_player__one_block__has_nothing_to_play(run_of: RunOf, calm_rows: Rows) -> None:
    crash = [row for row in calm_rows["blocks"] if row["phase"] == "crash"]
    calm_rows["blocks"] = [row for row in calm_rows["blocks"] if row not in crash[1:]]
    frames = Frames(run_of(calm_rows))
    assert player(frames, {}) is None


def test_keys__step_and_leap__move_the_moment_of_every_part(browser: Browser, report: Path, rows: Rows) -> None:
    times = crash_times(rows)
    with opened(browser, report) as (page, seen):
        page.locator("#player-root").focus()
        for key, expected in (
            ("ArrowRight", 1),
            ("ArrowRight", 2),
            ("ArrowLeft", 1),
            ("Shift+ArrowRight", 11),
            ("End", len(times) - 1),
            ("ArrowRight", len(times) - 1),
            ("Home", 0),
            ("n", content(report)["events"]["at"][0]),
        ):
            page.keyboard.press(key)
            assert place(page) == expected, key
        first = content(report)["events"]["at"][0]
        happened = sum(at <= first for at in content(report)["events"]["at"])
        assert (
            page.locator(".player-panel h3", has_text="Liquidations:")
            .inner_text()
            .startswith(f"Liquidations: {happened} ")
        )
        left = page.evaluate("[...document.querySelectorAll('.u-cursor-x')].map((one) => one.style.transform)")
        assert len(left) >= 2
        assert len(set(left)) == 1
        # The live region and the hidden table follow once the moment stands still.
        expect(page.locator("#player-root [role=status]")).to_contain_text("liquidations so far")
        values = page.locator("#player-values tr").all_text_contents()
        assert any(text.startswith("Prices in dollars, oracle") for text in values)
        assert seen.messages == []


def test_play__until_the_end__stops_there_and_shows_every_liquidation(
    browser: Browser, report: Path, rows: Rows
) -> None:
    with opened(browser, report) as (page, seen):
        page.locator(".player-bar select").select_option("240")
        page.get_by_role("button", name="Play", exact=True).click()
        assert page.get_by_role("button", name="Pause").is_visible()
        last = len(crash_times(rows)) - 1
        page.get_by_role("button", name="Play", exact=True).wait_for()
        assert place(page) == last
        total = len(rows["liquidations"])
        assert page.locator(".player-panel h3", has_text=f"Liquidations: {total} of {total}").count() == 1
        assert seen.messages == []


def test_drag__in_a_chart_or_on_the_slider__moves_the_moment(browser: Browser, report: Path, rows: Rows) -> None:
    last = len(crash_times(rows)) - 1
    with opened(browser, report) as (page, _):
        over = page.locator(".u-over").first
        over.scroll_into_view_if_needed()
        box = over.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 2, box["y"] + 20)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20, steps=3)
        page.mouse.up()
        assert abs(place(page) - last / 2) <= 1
        page.locator(".player-bar input[type=range]").fill("3")
        assert place(page) == 3


def test_event__clicked__leads_to_its_row(browser: Browser, report: Path, rows: Rows) -> None:
    with opened(browser, report) as (page, _):
        page.locator("#player-root").focus()
        page.keyboard.press("End")
        page.locator(".player-events button").first.click()
        expect(page.locator("#rows tr.chosen")).to_have_count(1)
        chosen = page.locator("#find").input_value()
        assert chosen in {row["tx_hash"] for row in rows["liquidations"]}


def test_plot_library__nowhere__names_what_installs_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bundle, "node_modules", lambda: (tmp_path,))
    monkeypatch.setattr(bundle, "shipped", lambda: tmp_path)
    with pytest.raises(ToolMissing, match=r"uPlot.*not installed: run `make setup`"):
        bundle.plot_library.__wrapped__()


def test_plot_library__in_an_installed_package__is_read_from_what_it_ships(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "uplot").mkdir()
    (tmp_path / "uplot" / "uPlot.iife.min.js").write_text("script")
    (tmp_path / "uplot" / "uPlot.min.css").write_text("style")
    monkeypatch.setattr(bundle, "node_modules", lambda: (tmp_path / "empty",))
    monkeypatch.setattr(bundle, "shipped", lambda: tmp_path)
    assert bundle.plot_library.__wrapped__() == ("script", "style")
