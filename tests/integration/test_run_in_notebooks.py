"""A run in SQL, in charts, and in a notebook."""

from __future__ import annotations

import math
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from cascade import Run
from cascade.errors import ToolMissing
from cascade.recording.tables import TABLES
from cascade.report.run.notebook import NoSuchChart
from cascade.run.queries import QueryRefused
from cascade.toolchain.paths import project_root

NOTEBOOK = project_root() / "examples" / "notebook" / "run.ipynb"


def test_sql__sums_of_exact_and_of_dollar_columns__are_those_of_the_frame(crash_run: Run) -> None:
    covered_raw = sum(crash_run.liquidations["debt_covered_raw"])
    answer = crash_run.sql(
        "select count(*) as n, sum(debt_covered_raw) as raw, sum(debt_covered_usd) as usd, "
        "min(health_factor_before) as health from liquidations_usd"
    )

    assert answer["n"].tolist() == [len(crash_run.liquidations)]
    assert answer["raw"].iloc[0] == pytest.approx(covered_raw, rel=1e-12)
    assert answer["usd"].iloc[0] == pytest.approx(crash_run.summary.debt_covered_usd, rel=1e-9)
    assert answer["health"].iloc[0] == pytest.approx(
        min(crash_run.liquidations["health_factor_before_wad"]) / 10**18, rel=1e-12
    )


def test_sql__table_as_it_was_written__holds_every_digit(crash_run: Run) -> None:
    answer = crash_run.sql("select health_factor_before_wad as wad from liquidations order by log_index, tx_hash")

    assert sorted(map(int, answer["wad"])) == sorted(crash_run.liquidations["health_factor_before_wad"])


@pytest.mark.parametrize("name", sorted(TABLES))
def test_sql__every_table__has_its_rows_in_both_views(name: str, crash_run: Run) -> None:
    answer = crash_run.sql(f"select (select count(*) from {name}) as one, (select count(*) from {name}_usd) as other")

    assert answer.iloc[0].tolist() == [len(getattr(crash_run, name))] * 2


def test_sql__price_that_is_missing__is_null_and_not_zero(crash_run: Run) -> None:
    missing = [value for value in crash_run.prices["price_e8"].tolist() if value is None or math.isnan(value)]
    answer = crash_run.sql("select count(*) filter (price_usd is null) as n, min(price_usd) as least from prices_usd")

    assert answer["n"].iloc[0] == len(missing)
    assert answer["least"].iloc[0] > 0


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("select * from nowhere", "Table with name nowhere does not exist"),
        ("selec", "syntax error"),
        ("select * from read_csv('/etc/hostname')", "disabled by configuration"),
        ("select * from query", "does not exist"),
    ],
)
def test_sql__what_is_no_query_of_the_tables__is_refused_in_one_line(query: str, why: str, crash_run: Run) -> None:
    with pytest.raises(QueryRefused, match=f"^sql: .*{why}") as refused:
        crash_run.sql(query)
    assert "\n" not in str(refused.value)


def test_sql__duckdb_not_installed__says_what_to_install(crash_run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr("cascade.run.queries.importlib.import_module", missing)

    with pytest.raises(ToolMissing, match=r"^run\.sql needs the package duckdb: `pip install duckdb`$"):
        crash_run.sql("select 1")


def test_chart__by_name_and_by_its_beginning__is_a_chart_with_its_data(crash_run: Run) -> None:
    whole, first = crash_run.chart("liquidations-cumulated").to_dict(), crash_run.chart("prices").to_dict()

    assert max(row["count"] for row in whole["datasets"]["cumulated"]) == len(crash_run.liquidations)
    assert first["datasets"].keys() == {"prices"}


def test_chart__that_the_run_does_not_have__names_those_that_it_has(crash_run: Run) -> None:
    with pytest.raises(NoSuchChart, match=r"^chart 'price': the run has links, .*prices-market, .*$"):
        crash_run.chart("price")


def test_dir__completes_tables_and_methods(crash_run: Run) -> None:
    assert {*TABLES, "sql", "chart", "summary", "report"} <= set(dir(crash_run))


class _Texts(HTMLParser):
    """Collects the texts and the tags of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.tags: list[str] = []

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)


def test_repr_html__run__shows_outcome_figures_and_tables_and_escapes_names(crash_run: Run, tmp_path: Path) -> None:
    parsed = _Texts()
    parsed.feed(crash_run._repr_html_())

    assert crash_run.manifest.run_id in parsed.texts
    assert f"{len(crash_run.liquidations):,}" in parsed.texts
    assert "run.liquidations" in parsed.texts
    assert set(parsed.tags) <= {"h3", "p", "table", "tr", "th", "td", "details", "summary", "code"}


def test_notebook__of_the_examples__runs_to_its_end_with_a_table_and_charts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(project_root() / "python"))
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]  # nbformat states no types
    assert not any(cell.get("outputs") for cell in notebook.cells), "outputs are not kept in the repository"

    done = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()

    shown = [output.get("data", {}).get("text/html", "") for cell in done.cells for output in cell.get("outputs", ())]
    assert sum("<table" in html for html in shown) == 3
    assert sum("vegaEmbed" in html for html in shown) == 2
