"""Assemble `report.html`, the page of one run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cascade.analysis.frames import Frames
from cascade.analysis.summary import Summary, read_summary
from cascade.recording.manifest import Manifest, read_manifest
from cascade.recording.tables import TABLES, Column, LinkRow, RunRow
from cascade.report.run.account_lines import AccountLine, account_lines
from cascade.report.run.cards import cards
from cascade.report.run.charts import charts
from cascade.report.run.claim_lines import ClaimLine, claim_lines
from cascade.report.run.class_words import pivot_name
from cascade.report.run.coverage_words import coverage_sentences
from cascade.report.run.datasets import datasets, health_stride
from cascade.report.run.event_words import event_marks, event_sentences, marked
from cascade.report.run.exchange_words import exchange_reading
from cascade.report.run.failure_words import failure_sentences, refusal_sentences
from cascade.report.run.further_runs import FurtherRuns, further_runs
from cascade.report.run.link_words import LinkWords, chain_reading, link_words
from cascade.report.run.network_words import network_sentences
from cascade.report.run.player import player
from cascade.report.run.published_words import Published, published
from cascade.report.run.silent import spoken
from cascade.report.run.story import Story, story
from cascade.report.run.transactions import TransactionWords, kept_transactions
from cascade.report.run.words import Parameter, Readings, command, day_of, parameters, readings
from cascade.report.shared.document import document, write_page
from cascade.report.shared.figures import Card
from cascade.vocabulary import PivotKind

__all__ = ["build_report", "report_text"]

_TEMPLATE = Path(__file__).with_name("page.html.j2")


@dataclass(frozen=True)
class _TableFacts:
    """One table of the run: its name, meaning and columns, how many rows it has, and the hash over its content."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    rows: int
    sha256: str


@dataclass(frozen=True)
class _Page:
    """What the template shows.

    Attributes
    ----------
    summary : Summary
        Figures of the run.
    manifest : Manifest
        Scenario, tools, hashes and expectation of the run.
    run : RunRow
        The row of the table `runs`.
    description : str
        Description of the scenario; may be empty.
    day : str
        Day of the crash.
    failures : list of str
        Sentences on the user's own agents that raised.
    refusals : list of str
        Sentences on prices that the oracle refused.
    network : list of str
        Sentences on the network that the run played on; empty on a chain of its own.
    events : list of str
        Sentences on what owners set during the crash.
    coverage : list of str
        Sentences on the part of a file of accounts that stands in the run.
    accounts : list of AccountLine
        The largest accounts of the file; empty without a file.
    story : Story
        The sentence and the five figures that the page leads with.
    cards : list of Card
        Further figures.
    said : dict of str to str
        Sentences in the place of charts that have nothing to show, by key of the chart.
    readings : Readings
        A reading per section.
    chain : list of LinkWords
        Links of the run in their order.
    chain_reading, exchange_reading : str
        Readings of the chain and of the exchange.
    further : FurtherRuns, optional
        The section on further runs of the same seed; None without such runs.
    health_stride : int
        Crash blocks between two moments of the chart of health factors.
    has_rho, has_exchange, has_loops, has_player : bool
        Whether there is a stability number, an exchange, the leverage of loops, and a crash to play.
    parameters : dict of str to list of Parameter
        Parameters by section.
    claims : list of ClaimLine
        What the scenario claims under `expect`, beside the run's figures.
    command : str
        Command that makes the same tables again.
    tables : list of _TableFacts
        Tables of the run.
    transactions : list of TransactionWords
        Transactions that the run keeps in full.
    published : list of Published
        Published figures of the event beside those of the run; empty for a scenario that replays none.
    """

    summary: Summary
    manifest: Manifest
    run: RunRow
    description: str
    day: str
    failures: list[str]
    refusals: list[str]
    network: list[str]
    events: list[str]
    coverage: list[str]
    accounts: list[AccountLine]
    story: Story
    cards: list[Card]
    said: dict[str, str]
    readings: Readings
    chain: list[LinkWords]
    chain_reading: str
    exchange_reading: str
    further: FurtherRuns | None
    health_stride: int
    has_rho: bool
    has_exchange: bool
    has_loops: bool
    has_player: bool
    parameters: dict[str, list[Parameter]]
    claims: list[ClaimLine]
    command: str
    tables: list[_TableFacts]
    transactions: list[TransactionWords]
    published: list[Published]


def build_report(run_folder: Path) -> Path:
    """Write `report.html` of a finished run.

    Parameters
    ----------
    run_folder : Path
        Folder with `tables/`, `summary.json` and `manifest.json`.

    Returns
    -------
    Path
        Path of the page, which is one file: it opens from disk and needs no network.
    """
    return write_page(run_folder / "report.html", report_text(run_folder))


def report_text(run_folder: Path) -> str:
    """Return the text of the page of a finished run; the same tables and figures give the same text."""
    summary = read_summary(run_folder)
    manifest = read_manifest(run_folder)
    frames = Frames(run_folder, manifest.tables)
    data, day, further = datasets(frames, summary), day_of(frames), further_runs(run_folder)
    drawn, said = spoken(charts(data, day=day), data)
    drawn = marked(drawn, event_marks(frames))
    if further is not None:
        data |= further.datasets
        drawn += further.charts
    played = player(frames, data)
    stated = parameters(frames)
    chain = link_words(frames.rows(LinkRow))
    page = _Page(
        summary=summary,
        manifest=manifest,
        run=frames.rows(RunRow)[0],
        description=str(frames.parameters.get("description") or ""),
        day=day,
        failures=failure_sentences(summary.agent_failures),
        refusals=refusal_sentences(summary.oracle_refusals),
        network=network_sentences(manifest.network),
        events=event_sentences(summary.events),
        coverage=coverage_sentences(summary.coverage),
        accounts=account_lines(frames),
        story=story(summary, frames, manifest.outcome),
        cards=cards(summary, manifest.outcome),
        said=said,
        readings=readings(summary),
        chain=chain,
        chain_reading=chain_reading(chain),
        exchange_reading=exchange_reading(summary.exchange),
        further=further,
        health_stride=health_stride(frames),
        has_rho="rho" in data and bool(data["rho"].rows),
        has_exchange="books" in data,
        has_loops=bool(data["leverage"].rows),
        has_player=played is not None,
        parameters=stated,
        claims=claim_lines(frames, stated),
        command=command(manifest),
        tables=_tables(frames, manifest),
        transactions=kept_transactions(run_folder, frames),
        published=published(frames, summary),
    )
    return document(
        _TEMPLATE,
        page=page,
        datasets=data,
        charts=drawn,
        scripts=["page.js", "walk.js"],
        player=played,
        content={"pivots": {kind.value: pivot_name(kind) for kind in PivotKind}},
    )


def _tables(frames: Frames, manifest: Manifest) -> list[_TableFacts]:
    return [
        # A run of an earlier version may lack a table: it is read as an empty one, and has no hash.
        _TableFacts(name, table.meaning, table.columns, len(getattr(frames, name)), manifest.tables.get(name, ""))
        for name, table in TABLES.items()
    ]
