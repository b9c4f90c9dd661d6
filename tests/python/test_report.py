"""The page: whole in one file, inert against hostile text, the same bytes from the same tables."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import cascade
from cascade import Run
from cascade.analysis import Frames, summarise
from cascade.analysis.summary import summary_json
from cascade.report import build_report, save_charts
from cascade.report.run.charts import charts
from cascade.report.run.class_words import pivot_reason
from cascade.report.run.datasets import datasets
from cascade.report.run.words import command, readings
from cascade.report.shared import colours
from cascade.report.shared.colours import style_properties
from cascade.report.shared.datasets import Dataset
from cascade.report.shared.figures import counted, dollars, signed
from cascade.vocabulary import PivotKind

Rows = dict[str, list[dict[str, Any]]]
RunOf = Callable[[Rows], Path]

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>\"'`{{7*7}}&amp;<!--"


class Page(HTMLParser):
    """Elements, ids, links and the text of each script of a page, as a browser would find them."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.source = path.read_text(encoding="utf-8")
        self.elements: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.scripts: list[tuple[str, str]] = []
        self.words: list[str] = []
        self._script: str | None = None
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag == "script":
            self._script = dict(attrs).get("type") or "code"
            self.scripts.append((self._script, ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._script = None

    def handle_data(self, data: str) -> None:
        if self._script is None:
            self.words.append(data)
        else:
            kind, text = self.scripts.pop()
            self.scripts.append((kind, text + data))

    def values(self, name: str) -> list[str]:
        return [value for _, found, value in self.attributes if found == name]

    @property
    def content(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(next(text for kind, text in self.scripts if kind == "application/json"))
        return parsed

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def finished(folder: Path) -> Path:
    summary = summarise(Frames(folder), wall_seconds=1.5)
    (folder / "summary.json").write_text(summary_json(summary), encoding="utf-8")
    return folder


@pytest.fixture
def page(run_of: RunOf, crash_rows: Rows) -> Page:
    return Page(build_report(finished(run_of(crash_rows))))


def test_report__one_file__fetches_nothing_and_is_small(page: Page) -> None:
    assert len(page.source.encode("utf-8")) < 4_000_000
    assert not {"link", "iframe", "object", "embed", "base", "form"} & set(page.elements)
    assert page.values("src") == []
    assert all(link.startswith("#") for link in page.values("href"))
    assert "@import" not in page.source.split("</style>")[0]
    assert "url(" not in page.source.split("</style>")[0]


def test_report__policy__names_exactly_its_own_scripts(page: Page) -> None:
    policy = next(
        value for tag, name, value in page.attributes if (tag, name) == ("meta", "content") and "src" in value
    )
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    code = [text for kind, text in page.scripts if kind == "code"]
    expected = [f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'" for text in code]
    assert rules["default-src"] == "'none'"
    assert rules["script-src"].split(" ") == expected
    assert len(expected) == 3
    assert "unsafe-eval" not in policy


def test_report__headline__every_figure_links_to_a_place_on_the_page(page: Page) -> None:
    ids = set(page.values("id"))
    links = [link.removeprefix("#") for link in page.values("href")]
    assert len(links) > 15
    assert set(links) <= ids


def test_report__liquidations__each_is_a_row_with_its_hash(page: Page, crash_rows: Rows) -> None:
    table = page.content["datasets"]["liquidations"]
    tx, covered = table["columns"].index("tx"), table["columns"].index("covered")
    assert [row[tx] for row in table["rows"]] == [row["tx_hash"] for row in crash_rows["liquidations"]]
    assert [row[covered] for row in table["rows"]] == pytest.approx(
        [row["debt_covered_raw"] / 10**6 for row in crash_rows["liquidations"]]
    )


def test_report__counterfactual__leads_with_its_reason(page: Page) -> None:
    text = page.text
    assert "Counterfactual. the oracle follows an exchange's price by hand" in text
    assert text.index("Counterfactual.") < text.index("Debt covered")


def test_report__no_counterfactual__has_no_banner(run_of: RunOf, crash_rows: Rows) -> None:
    crash_rows["runs"][0]["counterfactual"] = ""
    page = Page(build_report(finished(run_of(crash_rows))))
    assert "banner" not in page.values("class")


def test_report__no_liquidations__draws_its_charts_and_states_it(run_of: RunOf, calm_rows: Rows) -> None:
    folder = finished(run_of(calm_rows))
    page = Page(build_report(folder))
    assert "Nothing was liquidated." in page.text
    assert "Not as expected." in page.text
    assert page.content["datasets"]["liquidations"]["rows"] == []


def test_report__hostile_text_everywhere__stays_text(run_of: RunOf, crash_rows: Rows) -> None:
    run = crash_rows["runs"][0]
    parameters = json.loads(run["parameters"])
    parameters["venues"] = {HOSTILE: parameters["venues"]["curve"]}
    parameters["description"] = HOSTILE
    parameters["provenance"][0]["source"] = HOSTILE
    run.update(scenario=HOSTILE, counterfactual=HOSTILE, engine=HOSTILE, parameters=json.dumps(parameters))
    for row in crash_rows["prices"]:
        row["source"] = row["source"].replace("curve", HOSTILE)
    for row in crash_rows["liquidity"]:
        row["venue"] = HOSTILE
    for row in crash_rows["liquidations"]:
        row.update(borrower=HOSTILE, liquidator=HOSTILE, triggered_by=HOSTILE)
    folder = run_of(crash_rows)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest.update(
        scenario_text=HOSTILE,
        scenario_file=HOSTILE,
        overrides=[HOSTILE],
        tools={HOSTILE: HOSTILE},
        contracts={HOSTILE: HOSTILE},
        expectation={"liquidations": HOSTILE, "met": False, "missed": [HOSTILE]},
    )
    (folder / "manifest.json").write_text(json.dumps(manifest))
    page = Page(build_report(finished(folder)))
    assert [kind for kind, _ in page.scripts] == ["application/json", "code", "code", "code"]
    assert "img" not in page.elements
    assert not [name for _, name, _ in page.attributes if name.startswith("on")]
    assert page.text.count("{{7*7}}") > 5
    table = page.content["datasets"]["liquidations"]
    assert table["rows"][0][table["columns"].index("borrower")] == HOSTILE
    assert HOSTILE not in page.source


def test_report__scenario_that_replays_no_published_event__has_no_record_beside_it(page: Page) -> None:
    assert 'id="published"' not in page.text


def test_report__built_twice__is_the_same_bytes(run_of: RunOf, crash_rows: Rows) -> None:
    folder = finished(run_of(crash_rows))
    first = build_report(folder).read_bytes()
    assert build_report(folder).read_bytes() == first


def test_report__numbers_of_the_headline__are_the_summary_s(page: Page, run_of: RunOf, crash_rows: Rows) -> None:
    summary = summarise(Frames(run_of(crash_rows)))
    for value in (summary.debt_covered_usd, summary.deficit_usd, summary.keepers.net_profit_usd):
        assert dollars(value) in page.text
    assert summary.tables_sha256 in page.text


def test_datasets__price_series__hold_from_the_first_crash_block_to_the_last(run_of: RunOf, crash_rows: Rows) -> None:
    frames = Frames(run_of(crash_rows))
    prices = datasets(frames, summarise(frames))["prices"]
    crash = [row["timestamp"] * 1000 for row in crash_rows["blocks"] if row["phase"] == "crash"]
    by_series: dict[str, list[float]] = {}
    for series, moment in zip(prices.texts("series"), prices.numbers("t"), strict=True):
        by_series.setdefault(series, []).append(moment)
    assert set(by_series) == {"oracle", "price path", "redemption", "spot, curve", "exit, curve"}
    for times in by_series.values():
        assert (times[0], times[-1]) == (min(crash), max(crash))
        assert times == sorted(times)


def test_charts__every_specification__refers_to_a_dataset_and_holds_none(run_of: RunOf, crash_rows: Rows) -> None:
    frames = Frames(run_of(crash_rows))
    data = datasets(frames, summarise(frames))
    made = list(charts(data, day="10 October 2025"))
    assert made
    for chart in made:
        for specification in chart.variants.values():
            assert specification["data"]["name"] in data
            assert "datasets" not in specification


def test_report__causes__lead_the_page_where_events_moved_prices(run_of: RunOf, endogenous_rows: Rows) -> None:
    page = Page(build_report(finished(run_of(endogenous_rows))))
    ids = [value for value in page.values("id") if value in ("causes", "stability", "prices", "liquidations")]
    assert ids == ["causes", "stability", "prices", "liquidations"]
    assert {"ledger", "graph", "generations", "rho", "blockspace"} <= set(page.values("data-chart"))
    assert page.text.index("Fall of USDe") < page.text.index("Debt covered")
    summary = summarise(Frames(run_of(endogenous_rows)))
    assert summary.causes is not None
    keeper = summary.causes.ledger[0].classes["keeper"].net
    assert f"keeper {keeper:+.3f}".replace("-", "\u2212") in page.text


def test_report__more_expensive_asset_that_also_fell__is_not_the_headline(run_of: RunOf, endogenous_rows: Rows) -> None:
    # ETH fell by 400 dollars, 10 %; the main collateral by 0.09, and it is what the page is about.
    last = endogenous_rows["price_moves"][-1]
    endogenous_rows["price_moves"].append(
        {
            **last,
            "log_index": 99,
            "market": "weth-usdc",
            "asset": "WETH",
            "price_before_wad": 4000 * 10**18,
            "price_after_wad": 3600 * 10**18,
            "role": "exogenous",
        }
    )
    page = Page(build_report(finished(run_of(endogenous_rows))))
    assert "Fall of USDe, oracle" in page.text
    assert "Fall of WETH" not in page.text


def test_report__no_causes__shows_none_of_their_figures(page: Page) -> None:
    assert not {"causes", "stability"} & set(page.values("id"))
    assert not {"ledger", "graph", "generations", "rho", "blockspace"} & set(page.values("data-chart"))
    assert "ledger" not in page.content["charts"]


def test_report__hostile_names_in_the_causes__stay_text(run_of: RunOf, endogenous_rows: Rows) -> None:
    for row in endogenous_rows["price_moves"]:
        if row["role"] == "whale":
            row.update(role=HOSTILE, actor=HOSTILE)
        row["market"] = HOSTILE
    parameters = json.loads(endogenous_rows["runs"][0]["parameters"])
    parameters["venues"] = {HOSTILE: parameters["venues"]["curve"]}
    parameters["oracle"]["USDe"]["venue"] = HOSTILE
    endogenous_rows["runs"][0]["parameters"] = json.dumps(parameters)
    for row in endogenous_rows["liquidity"]:
        row["venue"] = HOSTILE
    for row in endogenous_rows["liquidations"]:
        row.update(borrower=HOSTILE + row["borrower"], tx_hash=HOSTILE + row["tx_hash"])
    page = Page(build_report(finished(run_of(endogenous_rows))))
    assert [kind for kind, _ in page.scripts] == ["application/json", "code", "code", "code"]
    assert "img" not in page.elements
    assert HOSTILE not in page.source
    assert f"{HOSTILE} " in page.text.replace("\u2212", " ")


def test_datasets__graph__every_edge_ends_at_two_dots(run_of: RunOf, endogenous_rows: Rows) -> None:
    frames = Frames(run_of(endogenous_rows))
    rows: list[dict[str, Any]] = datasets(frames, summarise(frames))["graph"].records()
    dots = {(row["t"], row["y"]) for row in rows if row["kind"] == "liquidation"}
    edges = [row for row in rows if row["kind"] in ("edge", "pivot edge")]
    inherited = [row for row in rows if row["kind"] == "liquidation" and row["pivot"] == "liquidation"]
    assert sum(row["kind"] == "pivot edge" for row in rows) == len(inherited) == 21
    assert len(dots) == len(endogenous_rows["liquidations"])
    assert edges
    assert all((row["t"], row["y"]) in dots and (row["t2"], row["y2"]) in dots for row in edges)
    assert all(row["t"] <= row["t2"] for row in edges)


def test_charts__of_causes__refer_to_datasets(run_of: RunOf, endogenous_rows: Rows) -> None:
    frames = Frames(run_of(endogenous_rows))
    data = datasets(frames, summarise(frames))
    drawn = charts(data, day="10 October 2025")
    assert [chart.key for chart in drawn[:5]] == ["ledger", "graph", "generations", "rho", "blockspace"]
    assert list(drawn[0].variants) == ["USDe, curve", "USDe at the oracle"]
    for chart in drawn:
        for specification in chart.variants.values():
            assert specification["data"]["name"] in data


def test_readings__of_every_kind_of_pivot__say_its_reason(run_of: RunOf, endogenous_rows: Rows) -> None:
    summary = summarise(Frames(run_of(endogenous_rows)))
    assert summary.causes is not None
    for kind in PivotKind:
        pivots = [replace(summary.causes.pivots[0], kind=kind)]
        reading = readings(replace(summary, causes=replace(summary.causes, pivots=pivots))).graph
        assert f"{pivot_reason(kind)}, 100.0 %" in reading


def test_colours__of_pages_and_charts__have_their_values_in_one_module() -> None:
    package = Path(cascade.__file__).parent
    files = [path for path in package.rglob("*") if path.suffix in (".py", ".css", ".js", ".j2")]
    holders = {path.name for path in files if re.search(r"#[0-9a-fA-F]{6}\b", path.read_text(encoding="utf-8"))}
    assert holders == {"colours.py"}


def test_style__every_colour_that_the_sheet_uses__is_declared() -> None:
    sheet = (Path(cascade.__file__).parent / "report" / "shared" / "assets" / "page.css").read_text(encoding="utf-8")
    used = set(re.findall(r"var\((--[a-z-]+)\)", sheet))
    declared = set(re.findall(r"(--[a-z-]+):", style_properties() + sheet))
    assert used
    assert used <= declared


@pytest.mark.parametrize(("value", "text"), [(0, "0 blocks"), (1, "1 block"), (2, "2 blocks"), (1_000, "1,000 blocks")])
def test_counted__of_a_noun__is_plural_unless_the_count_is_1(value: int, text: str) -> None:
    assert counted(value, "block") == text


@pytest.mark.parametrize(
    ("value", "significant", "text"),
    [
        (-0.3671, 0, "\u22120.367"),
        (0.5, 0, "+0.500"),
        (0.00012345, 0, "+0.000"),
        (0.00012345, 3, "+0.000123"),
        (-3341.42, 3, "\u22123341.420"),
        (0.0, 3, "+0.000"),
        (1e-12, 3, "+0.00000000"),
    ],
)
def test_signed__of_any_size__has_its_sign_and_three_decimals_or_digits(
    value: float, significant: int, text: str
) -> None:
    assert signed(value, significant=significant) == text


def test_dataset__with_nulls_and_text__gives_typed_columns() -> None:
    data = Dataset(["name", "value"], [["b", 1], ["a", None], ["b", 2.5]])
    assert data.names("name") == ["a", "b"]
    assert data.texts("name") == ["b", "a", "b"]
    assert [str(value) for value in data.numbers("value")] == ["1.0", "nan", "2.5"]
    with pytest.raises(ValueError, match="could not convert"):
        data.numbers("name")


def test_save_charts__twice__writes_the_same_pictures(run_of: RunOf, one_looper_rows: Rows) -> None:
    folder = finished(run_of(one_looper_rows))
    first = {path.name: path.read_bytes() for path in save_charts(folder)}
    assert {path.name: path.read_bytes() for path in save_charts(folder)} == first
    assert {"prices-market.png", "health-collateral.png", "liquidations-each.png", "waterfall.png"} <= set(first)
    assert all(content.startswith(b"\x89PNG") for content in first.values())


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "\u2013"),
        (0.0, "$0"),
        (5.5, "$5.50"),
        (999.4, "$999"),
        (1_000, "$1.00 k"),
        (63_658.85, "$63.66 k"),
        (541_089.1, "$541.1 k"),
        (-1_234_567.0, "\u2212$1.23 M"),
        (2.5e9, "$2.50 bn"),
    ],
)
def test_dollars__of_any_size__reads_as_written(value: float | None, text: str) -> None:
    assert dollars(value) == text


def test_command__a_value_with_spaces__is_quoted_for_a_shell(run_of: RunOf, calm_rows: Rows) -> None:
    made_up = Run(run_of(calm_rows)).manifest
    manifest = replace(made_up, scenario_file="scenarios/a b.yaml", seed=3, overrides=("x.y=1; rm -rf /",))
    assert command(manifest) == "cascade replay 'scenarios/a b.yaml' --seed 3 --set 'x.y=1; rm -rf /'"


def test_command__scenario_from_elsewhere__verifies_the_folder_that_holds_it(run_of: RunOf, calm_rows: Rows) -> None:
    manifest = replace(Run(run_of(calm_rows)).manifest, scenario_file="mine.yaml")
    assert command(manifest) == f"cascade verify runs/{manifest.run_id}"


def test_command__shipped_scenario__needs_its_name_only(run_of: RunOf, calm_rows: Rows) -> None:
    manifest = replace(Run(run_of(calm_rows)).manifest, scenario_file="october-2025", seed=2, overrides=())
    assert command(manifest) == "cascade replay october-2025 --seed 2"


def test_colours__of_lines__are_told_apart_with_any_colour_blindness() -> None:
    # Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB; CIELAB with the white of D65.
    simulated = {
        "normal": np.eye(3),
        "protanopia": [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ],
        "deuteranopia": [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.01182, 0.04294, 0.968881],
        ],
        "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
    }
    xyz = np.array(
        [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
    )

    def linear(colour: str) -> Any:
        parts = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
        return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)

    def lab(parts: Any) -> Any:
        scaled = xyz @ np.clip(parts, 0, 1) / np.array([0.95047, 1, 1.08883])
        f = np.where(scaled > 0.008856, np.cbrt(scaled), 7.787 * scaled + 16 / 116)
        return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])

    light = [colours.BLUE, colours.TEAL, colours.ORANGE, colours.PURPLE, colours.GREY, colours.RED, colours.GREEN]
    light.append(colours.OCHRE)
    dark = [colours.dark_charts()[colour] for colour in light]
    for palette, paper in ((light, colours.PAPER), (dark, colours.dark_charts()[colours.PAPER])):
        for kind, matrix in simulated.items():
            seen = [lab(np.array(matrix) @ linear(colour)) for colour in palette]
            closest = min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2))
            assert closest > 20, kind
        luminances = [float(xyz[1] @ linear(colour)) for colour in (*palette, paper)]
        for luminance in luminances[:-1]:
            low, high = sorted((luminance, luminances[-1]))
            assert (high + 0.05) / (low + 0.05) >= 3
