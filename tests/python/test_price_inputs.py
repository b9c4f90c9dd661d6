"""Scenarios whose prices come from files of others: loading, changing and restoring them, and the command."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from cascade.commands.prices import show_prices
from cascade.errors import CascadeError, ScenarioError
from cascade.report.run.words import parameters
from cascade.scenario.load import Scenario, load_scenario, restore_scenario, vary
from cascade.toolchain.paths import project_root

START = 1_760_132_400  # 2025-10-10T21:40:00Z, at which the frictionless loop starts; it ends 120 s later
LOOP = project_root() / "scenarios" / "frictionless-loop.yaml"


def series(*prices: str, first: int = START, step: int = 60) -> str:
    return "\n".join(f"{first + step * place},{price}" for place, price in enumerate(prices)) + "\n"


def loop(folder: Path, sources: dict[str, Any] | None = None, **changes: Any) -> Scenario:
    """Load the frictionless loop from a folder of its own, with price sources."""
    for name in ("frictionless-loop.yaml", "frictionless-loop.csv"):
        (folder / name).write_text((LOOP.parent / name).read_text(encoding="utf-8"), encoding="utf-8")
    given = {"prices.sources": sources, **changes} if sources is not None else changes
    return load_scenario(folder / "frictionless-loop.yaml", set=given)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with prices of a day around the timeline, in a folder below it."""
    (tmp_path / "data").mkdir()
    day = ["1"] * 720 + ["1", "0.9", "0.8"] + ["0.8"] * 720
    (tmp_path / "data" / "usde.csv").write_text(series(*day, first=START - 720 * 60), encoding="utf-8")
    return tmp_path


SOURCE: dict[str, Any] = {
    **{"file": "data/usde.csv", "format": "time-price"},
    **{"status": "observed", "source": "made up\nby hand"},
}


def test_source__beside_a_path__replaces_the_rows_of_its_asset_within_the_timeline(folder: Path) -> None:
    plain, scenario = loop(folder), loop(folder, {"USDe": SOURCE})

    points = scenario.path.points["USDe"]
    build = scenario.spec.timeline.build_seconds
    assert points[0].timestamp == START - build
    assert [point.price_e8 for point in points[-3:]] == [100_000_000, 90_000_000, 80_000_000]
    assert points[-1].timestamp == START + 120 == scenario.spec.timeline.last_timestamp
    assert {(point.status, point.source) for point in points} == {("observed", "made up by hand")}
    others = {asset: rows for asset, rows in plain.path.points.items() if asset != "USDe"}
    assert {asset: rows for asset, rows in scenario.path.points.items() if asset != "USDe"} == others
    assert scenario.path.price_e8("USDe", START + 30) == 95_000_000


def test_source__alone__needs_no_path(folder: Path) -> None:
    scenario = loop(folder, {"USDe": SOURCE}, **{"prices.path": None})

    assert list(scenario.path.points) == ["USDe"]
    assert scenario.path.file == "prices.csv"
    with pytest.raises(ScenarioError, match=r"yaml: prices: needs path, sources or both"):
        loop(folder, {}, **{"prices.path": None})


def test_scenario__without_sources__has_the_parameters_that_it_had() -> None:
    parameters_now = json.loads(load_scenario(LOOP).parameters_json())

    assert set(parameters_now["prices"]) == {"path", "max_gap", "unchecked"}
    assert parameters_now["prices"]["path"] == "frictionless-loop.csv"


def test_restored__from_its_texts__is_the_same_run_without_any_file(folder: Path) -> None:
    for changes in ({}, {"prices.path": None}):
        scenario = loop(folder, {"USDe": SOURCE}, **changes)
        restored = restore_scenario(
            text=scenario.text, path_file=scenario.path.file, path_text=scenario.path_text, file="again.yaml"
        )

        assert restored.path.points == scenario.path.points
        assert restored.parameters_json() == scenario.parameters_json()
        assert restored.text == scenario.text
        assert "data/" not in scenario.text
        assert json.loads(scenario.parameters_json())["prices"]["sources"]["USDe"]["file"] == "usde.csv"
        # A change of another key needs no file either.
        assert vary(restored, {"seed": 9}).path.points == scenario.path.points


def test_vary__of_a_source__reads_its_file_again_and_no_other(folder: Path) -> None:
    bars = "\n".join(
        f"{(START - 60 + 60 * n) * 1000},1,1,{low},1,5" for n, low in enumerate(("0.9", "0.8", "0.7", "0.6"))
    )
    (folder / "data" / "bars.csv").write_text(bars, encoding="utf-8")
    source = {"file": "data/bars.csv", "format": "ccxt"}
    scenario = loop(folder, {"USDe": source})
    (folder / "frictionless-loop.csv").unlink()

    varied = vary(scenario, {"prices.sources.USDe.price": "low"})

    assert [point.price_e8 for point in varied.path.points["USDe"]] == [90_000_000, 80_000_000, 70_000_000, 60_000_000]
    # A later end needs points that the clipped path has not kept.
    (folder / "data" / "bars.csv").unlink()
    assert vary(scenario, {"seed": 3}).path.points == scenario.path.points
    with pytest.raises(ScenarioError, match=r"frictionless-loop\.csv: cannot be read"):
        vary(vary(scenario, {"prices.path": None}), {"prices.path": "frictionless-loop.csv"})


def test_vary__of_the_timeline__takes_points_that_were_left_out_before(folder: Path) -> None:
    scenario = loop(folder, {"USDe": SOURCE})

    later = vary(scenario, {"timeline.end": "2025-10-10T21:43:00Z"})

    assert later.path.points["USDe"][-1].timestamp == START + 180


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ({"USDX": SOURCE}, "frictionless-loop.yaml: prices.sources = 'USDX': unknown asset: did you mean USDe?"),
        ({"USDe": {"file": "data/usde.csv"}}, "prices.sources.USDe.format: Field required"),
        (
            {"USDe": {**SOURCE, "format": "kline"}},
            "prices.sources.USDe.format = 'kline': unknown format: did you mean klines?",
        ),
        ({"USDe": {**SOURCE, "file": "data/none.csv"}}, "data/none.csv: cannot be read: No such file"),
        ({"USDe": {**SOURCE, "price": "low"}}, "prices.sources.USDe: format time-price has no bars: it takes no price"),
        ({"USDe": {**SOURCE, "inside": "low-first"}}, "format time-price has no bars: it takes no inside"),
        ({"USDe": {**SOURCE, "decimals": 18}}, "format time-price takes no decimals"),
        ({"USDe": {**SOURCE, "format": "ccxt", "time_column": "t"}}, "format ccxt takes no time_column"),
        (
            {"USDe": {**SOURCE, "format": "ccxt", "price": "low", "inside": "low-first"}},
            "price and inside exclude each other",
        ),
        ({"USDe": {**SOURCE, "format": "klines"}}, "usde.csv: line 1: expected the layout klines, found 2 columns"),
        ({"USDe": {**SOURCE, "colour": 1}}, "prices.sources.USDe.colour = 1: unknown key"),
    ],
)
def test_sources__that_do_not_fit__are_refused_in_one_line(sources: dict[str, Any], message: str, folder: Path) -> None:
    with pytest.raises(ScenarioError) as refused:
        loop(folder, sources)

    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        (
            ("100000000", "99000000", "98000000"),
            "mine.csv: USDe at 2025-10-10T21:40:00Z = '100000000': expected dollars",
        ),
        (("1", "0.9"), "mine.csv: USDe = '2025-10-10T21:40:00Z to 2025-10-10T21:41:00Z': the path must cover the"),
    ],
)
def test_sources__not_plausible_or_too_short__are_refused_by_their_own_name(
    prices: tuple[str, ...], message: str, folder: Path
) -> None:
    (folder / "mine.csv").write_text(series(*prices), encoding="utf-8")

    with pytest.raises(ScenarioError) as refused:
        loop(folder, {"USDe": {"file": "mine.csv", "format": "time-price"}})
    assert str(refused.value).startswith(message)


def test_sources__a_gap_longer_than_the_scenario_takes__is_refused(folder: Path) -> None:
    (folder / "mine.csv").write_text(series("1", "0.9", "0.8"), encoding="utf-8")
    source = {"USDe": {"file": "mine.csv", "format": "time-price"}}

    assert loop(folder, source, **{"prices.max_gap": 60}).path.points["USDe"][1].timestamp == START + 60
    with pytest.raises(ScenarioError, match=r"mine\.csv: USDe = '60 s after .*': a gap of at most max_gap, 59 s"):
        loop(folder, source, **{"prices.max_gap": 59})


def test_provenance__of_a_source__stands_at_its_parameters(folder: Path) -> None:
    class ParametersOnly:
        parameters = json.loads(loop(folder, {"USDe": SOURCE}).parameters_json())

    shown = parameters(ParametersOnly())["prices"]  # type: ignore[arg-type]

    row = next(row for row in shown if row.path == "prices.sources.USDe.file")
    assert (row.value, row.status, row.source) == ("usde.csv", "observed", "made up\nby hand")


def test_prices_command__klines__shows_what_would_be_read(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        f"{(START + 60 * n) * 1000},1,1,{low},1,5,{(START + 60 * n + 60) * 1000 - 1},1,1,1,1,0"
        for n, low in ((3, "0.99"), (1, "0.6567"), (1, "0.6567"), (0, "1"))
    ]
    (folder / "k.csv").write_text("\n".join(rows), encoding="utf-8")

    show_prices(folder / "k.csv", format=None, price="low")

    text = " ".join(re.sub("[│┌┐└┘─┬┴├┤]", " ", capsys.readouterr().out).split())
    for part in (
        "layout klines",
        "rows 3",
        "newest first, turned round",
        "rows that stand twice, counted once 1",
        "lowest low of a bar 0.6567 at 2025-10-10T21:41:00Z",
        "1, 1 row missing; the longest is 120 s after 2025-10-10T21:41:00Z",
        "first 1 at 2025-10-10T21:40:30Z",
        "last 0.99 at 2025-10-10T21:43:30Z",
        "lowest 0.6567 at 2025-10-10T21:41:30Z",
        "highest 1 at 2025-10-10T21:40:30Z",
        "largest step -34.33 % at 2025-10-10T21:41:30Z",
        "In a scenario: prices: {sources: {ASSET: {file: k.csv, format: klines, price: low}}}",
    ):
        assert part in text, part
    assert "█" in text
    assert "▁" in text


def test_prices_command__path_of_this_project__shows_each_asset(capsys: pytest.CaptureFixture[str]) -> None:
    show_prices(project_root() / "scenarios" / "usde-binance-2025-10-10.csv")

    text = capsys.readouterr().out
    assert "USDe: usde-binance-2025-10-10.csv" in text
    assert "0.6567 at 2025-10-10T21:43:00Z" in text
    with pytest.raises(CascadeError, match="is a price path of this project, which takes no --price"):
        show_prices(project_root() / "scenarios" / "usde-binance-2025-10-10.csv", price="low")


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        (
            "user,reserve\n0x1,2\n",
            {},
            "x.csv: has none of the known layouts (klines, ccxt, tradingview, time-price, coin",
        ),
        (series("1", "1"), {"price": "low"}, "x.csv: format time-price has no bars: it takes no price"),
        (series("1", "1"), {"bar_seconds": 0}, "x.csv: --bar-seconds: Input should be greater than or equal to 1"),
        (series("1", "0"), {}, "x.csv: line 2: price = '0': expected a price above 0"),
    ],
)
def test_prices_command__what_a_scenario_would_refuse__is_refused(
    text: str, options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    (tmp_path / "x.csv").write_text(text, encoding="utf-8")

    with pytest.raises(CascadeError) as refused:
        show_prices(tmp_path / "x.csv", **options)
    assert message in str(refused.value)


def test_ids__of_the_same_points_in_another_file__differ_by_their_keys_alone(folder: Path) -> None:
    (folder / "copy.csv").write_bytes((folder / "data" / "usde.csv").read_bytes())

    first, second = loop(folder, {"USDe": SOURCE}), loop(folder, {"USDe": {**SOURCE, "file": "copy.csv"}})

    assert first.path_json() == second.path_json()
    assert first.parameters_json() != second.parameters_json()
