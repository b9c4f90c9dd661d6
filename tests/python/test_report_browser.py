"""The page in a browser: silent, accessible, light, inert, and readable at every width, in the dark and in print."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from cascade.analysis import Frames, summarise
from cascade.analysis.summary import summary_json
from cascade.report import build_report

from .browser import chromium, module_fixture, opened, serious
from .conftest import write_run

Rows = dict[str, list[dict[str, Any]]]

HOSTILE = "<script>window.hacked=1</script><img src=x onerror=window.hacked=1>"


def drawn_page(folder: Path, rows: Rows) -> Path:
    write_run(folder, rows)
    (folder / "summary.json").write_text(summary_json(summarise(Frames(folder))), encoding="utf-8")
    return build_report(folder)


@module_fixture
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@module_fixture
def report(tmp_path_factory: pytest.TempPathFactory, _endogenous_rows: Rows) -> Path:
    """The page of a run whose liquidations made one another."""
    return drawn_page(tmp_path_factory.mktemp("report") / "run", deepcopy(_endogenous_rows))


@module_fixture
def hostile(tmp_path_factory: pytest.TempPathFactory, _crash_rows: Rows, report: Path) -> Path:
    """The page of a run with a token, a venue, borrowers and keepers whose name is a script."""
    rows = deepcopy(_crash_rows)
    parameters = json.loads(rows["runs"][0]["parameters"])
    parameters["venues"] = {HOSTILE: parameters["venues"]["curve"]}
    parameters["venues"][HOSTILE]["coins"] = ["USDC", HOSTILE]
    parameters["assets"][HOSTILE] = parameters["assets"]["USDe"]
    parameters["lending"]["reserves"][HOSTILE] = parameters["lending"]["reserves"]["USDe"]
    rows["runs"][0].update(parameters=json.dumps(parameters), scenario=HOSTILE)
    for table in rows.values():
        for row in table:
            row.update({column: HOSTILE for column, value in row.items() if value == "USDe"})
    for row in rows["prices"]:
        row["source"] = row["source"].replace("curve", HOSTILE)
    for row in rows["liquidity"]:
        row["venue"] = HOSTILE
    for row in rows["liquidations"]:
        row.update(borrower=HOSTILE, liquidator=HOSTILE)
    return drawn_page(tmp_path_factory.mktemp("hostile") / "run", rows)


def overflow(page: Page) -> int:
    found: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return found


def test_page__every_chart_drawn__says_nothing_on_the_console_and_asks_no_host(browser: Browser, report: Path) -> None:
    with opened(browser, report) as (page, seen):
        page.evaluate("window.cascade.drawAll()")
        charts = page.locator("figure.chart").count()
        assert charts > 8
        assert page.locator("figure.chart svg.marks").count() == charts
        walks_through_the_causes(page)
        shares_its_cursor(page)
        assert seen.messages == []
        assert seen.requests == []
    assert report.stat().st_size < 15_000_000


def walks_through_the_causes(page: Page) -> None:
    """By key and by pointer: here the sale of each of 27 liquidations lowers the positions of all later ones."""
    said = page.locator("#walk-said")
    page.locator("#walk").focus()
    page.keyboard.press("Home")
    assert "Liquidation 1 of 27" in said.inner_text()
    assert "voluntary trade (whale). Lowered by 0 earlier liquidations; lowered 26 later ones." in said.inner_text()
    page.keyboard.press("ArrowDown")
    assert "Liquidation 2 of 27" in said.inner_text()
    assert (
        "sale of a liquidation (keeper). Lowered by 1 earlier liquidation; lowered 25 later ones." in said.inner_text()
    )
    # Whole lines from what moved it, dashed lines to what it moved, a ring around it.
    graph = page.locator("figure[data-chart=graph]")
    assert [graph.locator(f".over {mark}").count() for mark in ("path.before", "path.after", "circle")] == [1, 25, 1]
    page.keyboard.press("ArrowUp")
    assert "Liquidation 1 of 27" in said.inner_text()
    page.keyboard.press("ArrowUp")
    assert said.inner_text() == "Liquidation 1: no earlier liquidation moved it."
    page.keyboard.press("End")
    graph.scroll_into_view_if_needed()
    ring = graph.locator(".over circle").bounding_box()
    assert ring is not None
    spot = ring["x"] + ring["width"] / 2, ring["y"] + ring["height"] / 2
    dot = "([x, y]) => document.elementFromPoint(x, y).closest('.mark-symbol') !== null"
    assert page.evaluate(dot, list(spot))
    page.keyboard.press("Home")
    page.mouse.move(*spot)
    assert "Liquidation 27 of 27" in said.inner_text()
    page.locator("#walk").focus()
    page.keyboard.press("Enter")
    assert page.locator("#rows tr.chosen").count() == 1


def shares_its_cursor(page: Page) -> None:
    """The cursor of the player stands in the charts over time, and a click in one of them moves the player."""
    prices = page.locator("figure[data-chart=prices] .plot")
    prices.scroll_into_view_if_needed()
    line = prices.locator(".over .cursor")
    last = page.evaluate("window.cascade.player.last")
    page.evaluate("window.cascade.player.go(0)")
    start = line.bounding_box()
    page.evaluate("window.cascade.player.go(window.cascade.player.last)")
    end = line.bounding_box()
    assert start is not None
    assert end is not None
    assert end["x"] - start["x"] > 100
    page.mouse.click((start["x"] + end["x"]) / 2, end["y"] + end["height"] / 2)
    assert abs(page.evaluate("window.cascade.player.state.at") - last / 2) <= 1
    middle = line.bounding_box()
    assert middle is not None
    assert abs(middle["x"] - (start["x"] + end["x"]) / 2) <= (end["x"] - start["x"]) / last


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (390, False)])
def test_page__axe__finds_nothing_serious(width: int, dark: bool, browser: Browser, report: Path) -> None:
    with opened(browser, report, width=width, dark=dark) as (page, _):
        page.evaluate("window.cascade.drawAll()")
        for closed in page.locator("details:not([open]) > summary").all()[:3]:
            closed.click()
        assert serious(page) == []


def test_page__image_without_a_name__is_found_by_axe(browser: Browser, report: Path) -> None:
    with opened(browser, report) as (page, _):
        page.evaluate("document.querySelector('.plot').removeAttribute('aria-label')")
        assert [found.split(":")[0] for found in serious(page)] == ["role-img-alt"]


# 640 pixels are what a window of 1280 has at a zoom of 200 %.
@pytest.mark.parametrize("width", [390, 640])
def test_page__narrow__does_not_scroll_sideways(width: int, browser: Browser, report: Path) -> None:
    with opened(browser, report, width=width) as (page, _):
        page.evaluate("window.cascade.drawAll()")
        assert overflow(page) <= 0
        assert page.locator(".story").is_visible()


def test_page__opened__draws_a_chart_when_it_comes_into_view(browser: Browser, report: Path) -> None:
    with opened(browser, report) as (page, _):
        last = page.locator("figure.chart").last
        assert last.locator("svg.marks").count() == 0
        last.scroll_into_view_if_needed()
        last.locator("svg.marks").wait_for(timeout=10_000)


def test_page__story__is_there_before_the_chart_library_has_run(browser: Browser, report: Path) -> None:
    window = browser.new_context()
    page = window.new_page()
    # As the first of the two scripts begins, nothing of Vega is known, and the five figures stand in the document.
    page.add_init_script(
        "Object.defineProperty(window, 'cascade', {configurable: true, set(value) {"
        " window.early = [typeof window.vegaEmbed, document.querySelectorAll('.five .card').length];"
        " Object.defineProperty(window, 'cascade', {value, writable: true}); }})"
    )
    page.goto(report.as_uri())
    assert page.evaluate("window.early") == ["undefined", 5]
    window.close()


def test_page__dark__has_dark_paper_and_charts_and_prints_light(browser: Browser, report: Path) -> None:
    def lightness(selector: str, what: str) -> float:
        colour: str = page.evaluate(
            f"getComputedStyle(document.querySelector({json.dumps(selector)})).getPropertyValue({json.dumps(what)})"
        )
        red, green, blue = (int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(", ")[:3])
        return (red + green + blue) / 765

    with opened(browser, report, dark=True) as (page, _):
        page.evaluate("window.cascade.drawAll()")
        assert lightness("main > section", "background-color") < 0.2
        assert lightness("figure svg text", "fill") > 0.5
        assert lightness("h1", "color") > 0.8
        page.emulate_media(media="print")
        assert lightness("h1", "color") < 0.2
        assert not page.locator("nav").is_visible()


def test_page__token_named_like_a_script__does_nothing(browser: Browser, hostile: Path) -> None:
    with opened(browser, hostile) as (page, seen):
        page.evaluate("window.cascade.drawAll()")
        assert page.locator("h1").inner_text() == HOSTILE
        assert HOSTILE in page.locator("#rows tbody").inner_text()
        assert page.evaluate("window.hacked") is None
        assert page.locator("img").count() == 0
        assert seen.messages == []


def test_table__sort_find_and_save__follow_the_reader(browser: Browser, report: Path) -> None:
    with opened(browser, report) as (page, _):
        section = page.locator("#reproduce")
        table = section.locator("table.plain").first
        table.locator("th .sort", has_text="rows").click()
        counts = [int(text.replace(",", "")) for text in table.locator("tbody td:nth-child(2)").all_inner_texts()]
        assert counts == sorted(counts, reverse=True)
        assert table.locator("th[aria-sort=descending]").inner_text().strip().startswith("rows")
        section.locator("input[type=search]").first.fill("liquidations")
        shown = table.locator("tbody tr").all_inner_texts()
        assert shown
        assert all("liquidations" in text for text in shown)
        with page.expect_download() as saving:
            section.locator(".table-tools button", has_text="CSV").first.click()
        lines = Path(saving.value.path()).read_text(encoding="utf-8").splitlines()
        assert len(lines) == 1 + len(shown)
        # A hash that the page cuts short is saved whole.
        assert max(len(cell.strip('"')) for cell in lines[1].split(",")) == 64


def test_page__ten_thousand_liquidations__searches_sorts_and_pages_without_a_stutter(
    browser: Browser, report: Path, tmp_path: Path
) -> None:
    text = report.read_text(encoding="utf-8")
    start = text.index('id="content">') + len('id="content">')
    end = text.index("</script>", start)
    content = json.loads(text[start:end])
    table = content["datasets"]["liquidations"]
    tx, covered = table["columns"].index("tx"), table["columns"].index("covered")
    few = table["rows"]
    # The policy names the scripts that run; the data beside them may change.
    table["rows"] = [
        [*row[:tx], f"0x{number:064x}", *row[tx + 1 : covered], 1.0 + number, *row[covered + 1 :]]
        for number, row in ((number, few[number % len(few)]) for number in range(10_000))
    ]
    many = tmp_path / "many.html"
    many.write_text(text[:start] + json.dumps(content).replace("<", "\\u003c") + text[end:], encoding="utf-8")
    with opened(browser, many) as (page, seen):
        assert page.locator("#rows tbody tr").count() == 25
        drawn = page.evaluate(
            """() => {
              const drawn = [];
              const after = (act) => { act(); drawn.push(document.querySelectorAll("#rows tbody tr").length); };
              const find = document.getElementById("find");
              const heads = [...document.querySelectorAll("#rows th button")];
              const head = heads.find((one) => one.textContent === "covered, $");
              for (const wanted of ["0x", "0x0000", ""]) {
                find.value = wanted;
                after(() => find.dispatchEvent(new Event("input")));
              }
              after(() => head.click());
              after(() => document.getElementById("next").click());
              return drawn;
            }"""
        )
        # What a search, a sort and a step of pages draw does not grow with the table: a page of rows each.
        assert drawn == [25] * 5
        cells = page.locator("#rows tbody tr td.number:nth-child(8)").all_inner_texts()
        assert cells[0] == "9,975.00"
        figure = page.locator("figure[data-chart=liquidations]")
        figure.scroll_into_view_if_needed()
        # Ten thousand dots stand on one canvas instead of as many elements.
        figure.locator("canvas").wait_for(timeout=15_000)
        assert seen.messages == []
