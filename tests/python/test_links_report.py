"""The chain of links and the exchange on the page: in order, in words, and inert against hostile text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from cascade.analysis import Frames
from cascade.recording.store import rows_of
from cascade.recording.tables import TABLES, LinkRow
from cascade.report import build_report
from cascade.report.run.chain_datasets import chain_frames
from cascade.report.run.class_words import class_name, pivot_name, pivot_reason
from cascade.report.run.link_words import Place, chain_reading, link_words, place_of, size_of, title_of
from cascade.vocabulary import LinkKind, PivotKind

from .chain_by_hand import SECONDS, START, USDC, ChainByHand, raw
from .test_report import HOSTILE, Page, finished

Rows = dict[str, list[dict[str, Any]]]
RunOf = Callable[[Rows], Path]


def link(order: int, name: str, feeders: dict[str, float], **values: Any) -> list[dict[str, Any]]:
    """Rows of one link that began `order` minutes after the start."""
    begun = START + 60 * order
    row = {
        "run_id": "made-up-7-abcdef",
        "seed": 7,
        "order": order,
        "link": name,
        "what": f"{name} happened.",
        "started_timestamp": begun,
        "peaked_timestamp": begun + 60,
        "ended_timestamp": begun + 120,
        "started_step": order,
        "size": 1_500_000.0,
        "size_unit": "dollars sold",
        "peak": 10.0,
        "peak_unit": "dollars sold in a minute",
        "fed_through": "whale",
        "basis": "ledger",
    }
    return [{**row, "fed_by": by, "fed_share": share, "fed_net": share, **values} for by, share in feeders.items()]


def rows_of_links() -> list[dict[str, Any]]:
    return [
        *link(1, "macro-shock", {"input": 1.0}, ended_timestamp=0, size=30.0, size_unit="% of the start"),
        *link(2, "chain-depeg:USDe", {"loop-unwinding": 0.9, "chain-depeg:USDe": 0.097, "others": 0.003}),
        *link(3, "leverage:makers", {"exchange-depeg:USDe": 1.2, "time": -0.2}, size=1.62, size_unit="times the start"),
    ]


def test_link_words__of_three_links__state_sizes_and_feeders_in_words() -> None:
    words = link_words(rows_of(pd.DataFrame(rows_of_links(), columns=TABLES["links"].column_names), LinkRow))

    assert [(word.order, word.title, word.started, word.ended, word.size) for word in words] == [
        (1, "Macro shock", "20:46:00", "had not ended", "30.0 % of the start"),
        (2, "USDe loses its peg on chain", "20:47:00", "20:49:00", "$1.50 M sold"),
        (3, "Leverage of makers grows", "20:48:00", "20:50:00", "1.62 times the start"),
    ]
    assert [(feeder.share, feeder.name) for feeder in words[1].feeders] == [
        ("90.0 %", "loops unwound"),
        ("9.7 %", "itself"),
    ]
    assert words[1].smaller == "and 1 under 0.5 %"
    assert [feeder.share for feeder in words[2].feeders] == ["120.0 %", "\u221220.0 %"]
    assert words[2].feeders[1].name == "interest"
    assert chain_reading(words).startswith(
        "3 links, in the order in which they began in this run: macro shock 20:46:00, USDe loses its peg on chain 20:47"
    )


@pytest.mark.parametrize(
    ("size", "unit", "text"),
    [
        (38.0, "calls", "38 calls"),
        (2.5e6, "dollars of contracts", "$2.50 M of contracts"),
        (99.9, "% of it", "99.9 % of it"),
    ],
)
def test_size_of__each_unit__reads_as_a_size(size: float, unit: str, text: str) -> None:
    assert size_of(size, unit) == text


def test_title_of__every_declared_link__has_words_and_a_place() -> None:
    meaning = next(column.meaning for column in TABLES["links"].columns if column.name == "link")
    subjects = dict.fromkeys(
        (LinkKind.CHAIN_DEPEG, LinkKind.EXCHANGE_DEPEG, LinkKind.FLASH_CRASH, LinkKind.RECOVERY), "ALT"
    ) | {LinkKind.LEVERAGE: "makers", LinkKind.LIQUIDITY_VACUUM: "ALT-USDC"}
    titles = []
    for kind in LinkKind:
        link_name = kind.of(subjects[kind]) if kind in subjects else kind.value
        assert kind in meaning
        titles.append(title_of(link_name))
        assert kind not in titles[-1]
        assert subjects.get(kind, "") in titles[-1]
        assert place_of(link_name) in Place
    assert len(set(titles)) == len(LinkKind)


def test_title_of__a_kind_that_is_not_declared__is_refused() -> None:
    with pytest.raises(ValueError, match="eclipse"):
        title_of("eclipse:ALT")


def test_class_name__of_move_kinds_and_roles__names_both() -> None:
    names = {
        "keeper": "keeper",
        "forced:maker": "maker, forced sales",
        "quote:maker": "maker, orders placed",
        "cancel:maker": "maker, orders withdrawn",
        "liquidity:provider": "provider, liquidity",
        "my:own-agent": "my:own-agent",
    }
    assert {actor_class: class_name(actor_class) for actor_class in names} == names


def test_pivot_words__of_every_kind__differ() -> None:
    kinds = list(PivotKind)
    assert len({pivot_name(kind) for kind in kinds}) == len({pivot_reason(kind) for kind in kinds}) == len(kinds) == 9


def test_report__links__stand_in_their_order_with_a_bar_each(run_of: RunOf, crash_rows: Rows) -> None:
    crash_rows["links"] = rows_of_links()
    page = Page(build_report(finished(run_of(crash_rows))))
    table = page.content["datasets"]["links"]
    bars = [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]
    end = max(row["timestamp"] for row in crash_rows["blocks"])

    assert [bar["link"] for bar in bars] == [
        "1. Macro shock",
        "2. USDe loses its peg on chain",
        "3. Leverage of makers grows",
    ]
    assert [(bar["t"] // 1000, bar["peak"] // 1000, bar["t2"] // 1000, bar["ended"]) for bar in bars] == [
        (START + 60, START + 120, end, 0), (START + 120, START + 180, START + 240, 1),
        (START + 180, START + 240, START + 300, 1),
    ]  # fmt: skip
    assert "90.0 % loops unwound" in page.text
    assert "#links" in page.values("href")


def test_report__without_links__states_it_and_draws_no_chain(run_of: RunOf, crash_rows: Rows) -> None:
    page = Page(build_report(finished(run_of(crash_rows))))

    assert "No link of the chain happened in this run." in page.text
    assert "links" not in page.content["charts"]
    assert "exchange" not in page.values("id")


def test_report__hostile_text_in_links__stays_text(run_of: RunOf, crash_rows: Rows) -> None:
    crash_rows["links"] = [{**row, "what": HOSTILE, "fed_through": HOSTILE} for row in rows_of_links()]
    page = Page(build_report(finished(run_of(crash_rows))))

    assert HOSTILE in page.text
    assert "img" not in page.elements
    assert len([kind for kind, _ in page.scripts if kind == "code"]) == 3


@pytest.fixture
def exchange_frames(tmp_path: Path) -> Frames:
    """A book that fell and was answered within a block, a cohort that owes, and two forced sales."""
    run = ChainByHand()
    run.price(1, "ALT", "book:ALT-USDC", "1")
    run.price(1, "ALT", "reference:ALT-USDC", "1")
    run.move(3, "book:ALT-USDC", "0.2", role="maker", intent="account-liquidation")
    run.move(3, "book:ALT-USDC", "0.7", role="bidder", kind="quote")
    for block, tokens in ((1, "200"), (3, "50")):
        run.add("liquidity", block, venue="ALT-USDC", within_bps=200, sell_raw=raw(tokens))
    for block, equity, level in ((1, 50, "free"), (3, 10, "warning"), (4, -5, "liquidation")):
        run.add(
            "margin_cohorts",
            block,
            cohort="makers",
            equity_raw=equity * USDC,
            gross_raw=100 * USDC,
            debt_raw=USDC,
            accounts=2,
            **{level: 2},
        )
        run.add("margin_cohorts", block, cohort="longs", equity_raw=USDC, gross_raw=USDC, free=1)
    for block, kind in ((3, "collateral-sold"), (4, "collateral-sold"), (4, "loan-liquidated")):
        run.event(block, kind, asset="ALT", proceeds_raw=10 * USDC)
    return run.frames(tmp_path / "run", blocks=6)


def points(frames: Frames, name: str, *columns: str) -> list[tuple[Any, ...]]:
    frame = chain_frames(frames)[name]
    start = frame["t"].min()
    return [
        (int((t - start) // (1000 * SECONDS)), *rest)
        for t, *rest in zip(frame["t"].tolist(), *(frame[column].tolist() for column in columns), strict=True)
    ]


def test_chain_frames__prices_of_a_book__show_the_low_within_a_block(exchange_frames: Frames) -> None:
    found = points(exchange_frames, "books", "series", "price")

    assert found == [
        (0, "own price", 1.0), (1, "own price", 0.2), (1, "own price", 0.7), (4, "own price", 0.7),
        (0, "reference", 1.0), (4, "reference", 1.0),
    ]  # fmt: skip


def test_chain_frames__bids_leverage_and_sales__are_carried_to_the_end(exchange_frames: Frames) -> None:
    assert points(exchange_frames, "bids", "pct") == [(0, 100.0), (1, 25.0), (4, 25.0)]
    leverage = points(exchange_frames, "cohorts", "cohort", "leverage")
    assert leverage[:2] == [(0, "makers", 2.0), (1, "makers", 10.0)]
    assert [name for _, name, _ in leverage] == ["makers"] * 4
    assert all(value != value for _, _, value in leverage[2:]), "no leverage without equity"
    levels = {
        (block, level): accounts for block, level, accounts in points(exchange_frames, "levels", "level", "accounts")
    }
    assert (levels[0, "free"], levels[1, "free"], levels[1, "warning"], levels[2, "liquidation"]) == (2, 0, 2, 2)
    assert points(exchange_frames, "forced", "series", "usd") == [
        (0, "ALT, accounts", 0.0), (1, "ALT, accounts", 10.0), (2, "ALT, accounts", 20.0), (4, "ALT, accounts", 20.0),
        (0, "ALT, desk", 0.0), (2, "ALT, desk", 10.0), (4, "ALT, desk", 10.0),
    ]  # fmt: skip
