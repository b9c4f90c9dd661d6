"""Price files of others: each layout by hand, with the points worked out on paper, and the rows that are refused.

Layouts after their writers' public documentation; the figures are made up. 1760129220 is 2025-10-10T20:47:00Z.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cascade.errors import ScenarioError
from cascade.prices.formats import PriceFormat, format_of
from cascade.prices.path import PricePath, PricePoint, parse_price_path, read_price_text
from cascade.prices.source import Gap, SourceLayout, SourceReading, read_source

T = 1_760_129_220
KLINES_HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore"
)


def kline(minute: int, prices: str, *, per_second: int = 1000) -> str:
    start = (T + 60 * minute) * per_second
    return f"{start},{prices},12.5,{start + 60 * per_second - 1},12.1,7,6.0,5.9,0"


def read(text: str | bytes, folder: Path, layout: str, **how: object) -> SourceReading:
    file = folder / "mine.csv"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    keys = {"layout": PriceFormat(layout), **how}
    return read_source(read_price_text(file), file=file.name, how=SourceLayout(**keys))  # type: ignore[arg-type]


def pairs(reading: SourceReading) -> list[tuple[int, int]]:
    """Seconds after T, and prices in 1e-8 dollars."""
    return [(point.timestamp - T, point.price_e8) for point in reading.points]


TWO_BARS = ("1.0,1.0002,0.9,0.95", "0.95,0.97,0.6567,0.96")


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ({}, [(60, 95_000_000), (120, 96_000_000)]),
        ({"price": "close"}, [(60, 95_000_000), (120, 96_000_000)]),
        ({"price": "open"}, [(0, 100_000_000), (60, 95_000_000)]),
        ({"price": "low"}, [(30, 90_000_000), (90, 65_670_000)]),
        ({"price": "high"}, [(30, 100_020_000), (90, 97_000_000)]),
        (
            {"inside": "low-first"},
            [
                *((0, 100_000_000), (20, 90_000_000), (40, 100_020_000), (59, 95_000_000)),
                *((60, 95_000_000), (80, 65_670_000), (100, 97_000_000), (119, 96_000_000)),
            ],
        ),
        (
            {"inside": "high-first"},
            [
                *((0, 100_000_000), (20, 100_020_000), (40, 90_000_000), (59, 95_000_000)),
                *((60, 95_000_000), (80, 97_000_000), (100, 65_670_000), (119, 96_000_000)),
            ],
        ),
    ],
)
def test_klines__each_price_of_a_bar__stands_where_it_was_known(
    how: dict[str, object], expected: list[tuple[int, int]], tmp_path: Path
) -> None:
    text = "\n".join(kline(minute, prices) for minute, prices in enumerate(TWO_BARS))

    reading = read(text, tmp_path, "klines", **how)

    assert pairs(reading) == expected
    assert reading.bar_range is not None
    assert [point.price_e8 for point in reading.bar_range] == [65_670_000, 100_020_000]
    assert (reading.rows, reading.interval, reading.gaps) == (2, 60, ())


def test_klines__header_bom_crlf_and_microseconds__are_the_same_bars(tmp_path: Path) -> None:
    plain = read("\n".join(kline(n, prices) for n, prices in enumerate(TWO_BARS)), tmp_path, "klines")
    lines = [KLINES_HEADER, kline(0, TWO_BARS[0]), KLINES_HEADER, "", kline(1, TWO_BARS[1], per_second=10**6)]

    other = read(b"\xef\xbb\xbf" + "\r\n".join(lines).encode(), tmp_path, "klines")

    assert other.points == plain.points


def test_klines__json_of_the_interface__is_read_like_the_csv(tmp_path: Path) -> None:
    rows = [kline(n, prices).split(",") for n, prices in enumerate(TWO_BARS)]
    # The interface writes times and counts as numbers and prices as text.
    entries = [[int(row[0]), *row[1:6], int(row[6]), row[7], int(row[8]), *row[9:]] for row in rows]

    assert pairs(read(json.dumps(entries), tmp_path, "klines")) == [(60, 95_000_000), (120, 96_000_000)]
    entries[1][4] = None
    with pytest.raises(ScenarioError, match=r"mine\.csv: entry 2: close: expected a price above 0"):
        read(json.dumps(entries), tmp_path, "klines")


def test_bars__newest_first_with_a_repeated_row_and_a_gap__are_turned_and_counted(tmp_path: Path) -> None:
    newest_first = [kline(minute, "1,1,1,1") for minute in (5, 4, 3, 3, 1, 0)]

    reading = read("\n".join(newest_first), tmp_path, "klines")

    assert [second for second, _ in pairs(reading)] == [60, 120, 240, 300, 360]
    assert (reading.turned_round, reading.duplicates, reading.rows) == (True, 1, 5)
    assert reading.gaps == (Gap(T + 60, 120),)


def test_bars__overlap_of_two_joined_files__counts_once(tmp_path: Path) -> None:
    joined = [kline(minute, "1,1,1,1") for minute in (0, 1, 2, 1, 2, 3)]

    reading = read("\n".join(joined), tmp_path, "klines")

    assert [second for second, _ in pairs(reading)] == [60, 120, 180, 240]
    assert (reading.turned_round, reading.duplicates) == (False, 2)


def test_ccxt__with_and_without_header__takes_the_usual_distance_as_length(tmp_path: Path) -> None:
    rows = "\n".join(f"{(T + 300 * n) * 1000},1,1.01,0.99,{close},10" for n, close in enumerate(("1.0", "0.995", "1")))
    expected = [(300, 100_000_000), (600, 99_500_000), (900, 100_000_000)]

    assert pairs(read(rows, tmp_path, "ccxt")) == expected
    assert pairs(read("timestamp,open,high,low,close,volume\n" + rows, tmp_path, "ccxt")) == expected
    fetched = [
        [float(cell) if place else int(cell) for place, cell in enumerate(row.split(","))] for row in rows.split()
    ]
    assert pairs(read(json.dumps(fetched), tmp_path, "ccxt")) == expected


def test_one_bar__without_a_stated_length__is_refused_and_with_one_read(tmp_path: Path) -> None:
    row = f"{T * 1000},1,1.01,0.99,1,10"

    assert pairs(read(row, tmp_path, "ccxt", bar_seconds=60)) == [(60, 100_000_000)]
    with pytest.raises(ScenarioError, match="line 1: open_time = '1760129220000': one bar alone has no length"):
        read(row, tmp_path, "ccxt")


@pytest.mark.parametrize(
    "times",
    [
        (str(T), str(T + 60)),
        ("2025-10-10T20:47:00Z", "2025-10-10T20:48:00Z"),
        ("2025-10-10T22:47:00+02:00", "2025-10-10T22:48:00+02:00"),
    ],
)
def test_tradingview__seconds_or_iso_times__and_other_columns(times: tuple[str, str], tmp_path: Path) -> None:
    rows = [f"{time},1,1.01,0.98,{close},5,NaN" for time, close in zip(times, ("1", "0.99"), strict=True)]

    reading = read("\n".join(["time,open,high,low,close,Volume,RSI", *rows]), tmp_path, "tradingview")

    assert pairs(reading) == [(60, 100_000_000), (120, 99_000_000)]


@pytest.mark.parametrize("unit", [1, 10**3, 10**6])
def test_time_price__epoch_in_any_unit__is_whole_seconds_and_the_last_of_a_second_stands(
    unit: int, tmp_path: Path
) -> None:
    rows = [f"{T * unit},1", f"{(T + 60) * unit},0.99"]
    if unit > 1:
        rows.insert(1, f"{T * unit + unit // 2},0.995")

    first = 99_500_000 if unit > 1 else 100_000_000
    assert pairs(read("\n".join(rows), tmp_path, "time-price")) == [(0, first), (60, 99_000_000)]


def test_time_price__wide_file__takes_the_columns_that_are_named(tmp_path: Path) -> None:
    text = f"block,ts,usde_usd\n1,{T},0.5\n2,{T + 12},0.6\n"

    columns = {"time": "ts", "price": "usde_usd"}
    assert pairs(read(text, tmp_path, "time-price", columns=columns)) == [(0, 50_000_000), (12, 60_000_000)]
    with pytest.raises(
        ScenarioError, match="line 1: expected the layout time-price, found a header without a column p"
    ):
        read(text, tmp_path, "time-price")
    with pytest.raises(ScenarioError, match="a header without a column nothing"):
        read(text, tmp_path, "time-price", columns={"price": "nothing"})


def test_coingecko__csv_and_json__round_to_the_decimals_of_a_feed(tmp_path: Path) -> None:
    csv_text = (
        "snapped_at,price,market_cap,total_volume\n"
        "2025-10-10 20:47:00 UTC,0.9998123456789012,14000000000.5,1.5\n2025-10-10 20:52:00 UTC,0.65670000499999,,\n"
    )
    entries = [[T * 1000, 0.9998123456789012], [(T + 300) * 1000 + 417, 0.65670000500001]]
    json_text = json.dumps({"prices": entries, "market_caps": [], "total_volumes": []})

    assert pairs(read(csv_text, tmp_path, "coingecko")) == [(0, 99_981_235), (300, 65_670_000)]
    assert pairs(read(json_text, tmp_path, "coingecko")) == [(0, 99_981_235), (300, 65_670_001)]


PHASE = 3 << 64


def test_chainlink__rounds__hold_until_the_next_and_count_what_is_missing(tmp_path: Path) -> None:
    rows = [
        f"{PHASE + 7},99990000,{T - 5},{T},{PHASE + 7}",
        f"{PHASE + 8},0,{T + 90},0,{PHASE + 7}",
        f"{PHASE + 10},65000000,{T + 99},{T + 100},{PHASE + 10}",
        f"{(4 << 64) + 1},66000000,{T + 101},{T + 101},{(4 << 64) + 1}",
    ]

    reading = read(
        "\n".join(["roundId,answer,startedAt,updatedAt,answeredInRound", *rows]), tmp_path, "chainlink-rounds"
    )

    # Held until the second before the next round; the ids of another aggregator start again.
    assert pairs(reading) == [(0, 99_990_000), (99, 99_990_000), (100, 65_000_000), (101, 66_000_000)]
    assert (reading.incomplete, reading.missing_rounds, reading.rows) == (1, 2, 3)
    held = PricePath("x", {"USDe": reading.points})
    assert [held.price_e8("USDe", T + second) for second in (50, 99, 100, 500)] == [
        *(99_990_000, 99_990_000, 65_000_000, 66_000_000)
    ]


def test_chainlink__eighteen_decimals__are_stated(tmp_path: Path) -> None:
    text = f"roundId,answer,updatedAt\n1,999000000000000000,{T}\n2,999100000000000000,{T + 60}\n"

    assert pairs(read(text, tmp_path, "chainlink-rounds", decimals=18))[0] == (0, 99_900_000)


@pytest.mark.parametrize(
    ("layout", "text", "message"),
    [
        ("klines", kline(0, "1,0.9,0.8,0.85"), "line 1: high = '0.9': expected the highest price of the bar; its open"),
        ("klines", kline(0, "1,1.1,1.05,1.06"), "line 1: low = '1.05': expected the lowest price of the bar; its open"),
        ("klines", kline(0, "1,1,0,1"), "line 1: low = '0': expected a price above 0"),
        ("klines", kline(0, "1,NaN,1,1"), "line 1: high = 'NaN': expected a price above 0"),
        ("klines", kline(0, "1,,1,1"), "line 1: high: expected a price above 0; remove a row without one"),
        (
            "klines",
            f"{kline(0, '1,2,1,1')}\n{kline(0, '1,1,1,1')}",
            "line 2: high = '1': line 1 has another value for this time: remove one",
        ),
        (
            "klines",
            "\n".join(kline(minute, "1,1,1,1") for minute in (0, 2, 1, 3)),
            f"line 3: open_time = '{(T + 60) * 1000}': the time must rise; line 2 has {(T + 120) * 1000}",
        ),
        (
            "klines",
            "\n".join(kline(minute, "1,1,1,1") for minute in (3, 1, 2, 0)),
            f"line 3: open_time = '{(T + 120) * 1000}': the time falls from the first row to the last, and rises here",
        ),
        (
            "klines",
            kline(0, "1,1,1,1") + "\n" + kline(0, "1,1,1,1").replace(str(T), str(T + 30)),
            "line 2: open_time = '1760129250000': the bar opens 30 s before the one before it has ended",
        ),
        ("klines", f"{T}500,1,1,1,1,1,{T}999,1,1,1,1,0", "line 1: open_time = '1760129220500': expected a bar that op"),
        ("klines", f"{T}000,1,1,1,1,1,{T - 1}999,1,1,1,1,0", "close_time = '1760129219999': expected a time after the"),
        ("klines", f"{T}000,1,1,1,1,1", "line 1: expected the layout klines, found 6 columns without a header; it loo"),
        ("klines", KLINES_HEADER.replace("low", "least") + "\n" + kline(0, "1,1,1,1"), "found a header without a col"),
        ("ccxt", kline(0, "1,1,1,1"), "found 12 columns without a header; it looks like klines"),
        ("coingecko", f"{T},1", "expected the layout coingecko, found 2 columns without a header; it looks like time-"),
        ("chainlink-rounds", f"time,price\n{T},1", "found a header without a column roundId; it looks like time-price"),
        ("tradingview", '{"prices": []}', "expected the layout tradingview, found JSON; it looks like coingecko"),
        ("coingecko", '{"prices": [[1]]}', "entry 1 = ['1']: expected a list of 2 values: time, price"),
        ("coingecko", '{"prices": []}', "mine.csv: has no rows"),
        ("coingecko", '{"prices": [', "mine.csv: expected JSON: "),
        ("time-price", "", "mine.csv: has no rows"),
        ("time-price", "time,price\n", "mine.csv: has no rows"),
        ("time-price", f"{T},1\n{T + 1},1,1", f"line 2 = '{T + 1},1,1': the row has 3 cells, the first one 2"),
        (
            "time-price",
            "1.760129E+12,1",
            "line 1: time = '1.760129E+12': expected a Unix time in seconds, milliseconds",
        ),
        ("time-price", "20251010,1", "line 1: time = '20251010': expected a Unix time in seconds"),
        (
            "time-price",
            "time,price\n2025-10-10T20:47:00,1",
            "with a zone, as 2025-10-10T20:50:00Z; this time has no zo",
        ),
        ("time-price", "time,price\nnoon,1", "line 2: time = 'noon': expected a Unix time"),
        (
            "time-price",
            f"{T},0.000000004",
            "line 1 = '0.000000004': expected a price in dollars, of at least 0.00000001",
        ),
        ("time-price", f"{T},1e99", "line 1: price = '1e99': expected a price above 0"),
        ("time-price", f'{T},"1', "line 1 = '1760129220,\"1': a quote opens a cell"),
        ("chainlink-rounds", f"roundId,answer,updatedAt\n1.1E+20,1,{T}", "line 2: roundId = '1.1E+20': expected an in"),
        (
            "chainlink-rounds",
            f"roundId,answer,updatedAt\n1,0.9999,{T}",
            "answer = '0.9999': expected an integer; its d",
        ),
        (
            "chainlink-rounds",
            f"roundId,answer,updatedAt\n1,-5,{T}",
            "line 2: answer = '-5': expected an answer above 0",
        ),
        ("chainlink-rounds", "roundId,answer,updatedAt\n1,100,0", "mine.csv: has no round that was completed"),
        (
            "chainlink-rounds",
            f"roundId,answer,updatedAt\n1,1000000000000000000,{T}",
            "line 2: answer = '1000000000000000000': is 10,000,000,000 dollars with 8 decimals: state `decimals`",
        ),
        (
            "tradingview",
            f"when,open,high,low,close\n{T},1,1,1,1",
            "without a column open_time (named opentime, timestamp, time, datetime, unix, date)",
        ),
        (
            "chainlink-rounds",
            f"roundId,answer,updatedAt\n1,100000000,{T}\n1,99000000,{T}",
            "line 3: answer = '99000000': line 2 has another value for this round: remove one",
        ),
        (
            "chainlink-rounds",
            f"roundId,answer,updatedAt\n1,100000000,{T}\n2,99000000,{T - 1}",
            "line 3: updatedAt = '1760129219': the time must rise; line 2 has 1760129220",
        ),
    ],
)
def test_source__what_cannot_be_read__is_refused_with_its_line(
    layout: str, text: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ScenarioError) as refused:
        read(text, tmp_path, layout)

    assert str(refused.value).startswith("mine.csv: ")
    assert message in str(refused.value)
    assert "\n" not in str(refused.value)


def test_inside__bars_of_four_seconds_and_of_three__taken_and_refused(tmp_path: Path) -> None:
    rows = f"{T},1,1.1,0.9,1\n"

    four = read("time,open,high,low,close\n" + rows, tmp_path, "tradingview", inside="low-first", bar_seconds=4)
    assert [second for second, _ in pairs(four)] == [0, 1, 2, 3]
    with pytest.raises(ScenarioError, match="a path inside the bar needs bars of at least 4 s; this one has 3 s"):
        read("time,open,high,low,close\n" + rows, tmp_path, "tradingview", inside="low-first", bar_seconds=3)


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        (kline(0, "1,1,1,1"), PriceFormat.KLINES),
        (KLINES_HEADER, PriceFormat.KLINES),
        ("Open time,Open,High,Low,Close,Volume,Close time", PriceFormat.KLINES),
        (f"{T}000,1,1,1,1,1", PriceFormat.CCXT),
        ("timestamp,open,high,low,close,volume", PriceFormat.CCXT),
        ("time,open,high,low,close,Volume", PriceFormat.TRADINGVIEW),
        (f"{T},1", PriceFormat.TIME_PRICE),
        ("date,price", PriceFormat.TIME_PRICE),
        ("snapped_at,price,market_cap,total_volume", PriceFormat.COINGECKO),
        ('{"prices": []}', PriceFormat.COINGECKO),
        ("roundId,answer,startedAt,updatedAt,answeredInRound", PriceFormat.CHAINLINK_ROUNDS),
        ("round_id,answer,started_at,updated_at,answered_in_round", PriceFormat.CHAINLINK_ROUNDS),
        ("user,reserve,balance", None),
        ("", None),
        ("[]", None),
        ("{", None),
    ],
)
def test_format__first_row__tells_the_layout(text: str, layout: PriceFormat | None) -> None:
    assert format_of(text) is layout


def points(*times: int) -> tuple[PricePoint, ...]:
    return tuple(PricePoint(time, 10**8 + time, "observed", 'a, "quoted" source') for time in times)


@pytest.mark.parametrize(
    ("start", "end", "kept"),
    [
        (10, 30, (10, 20, 30)),
        (11, 29, (10, 20, 30)),
        (20, 20, (20,)),
        (0, 5, (10,)),
        (0, 10, (10,)),
        (40, 50, (40,)),
        (45, 50, (40,)),
        (31, 99, (30, 40)),
    ],
)
def test_path__clipped__gives_the_same_prices_inside(start: int, end: int, kept: tuple[int, ...]) -> None:
    whole = PricePath("x", {"USDe": points(10, 20, 30, 40)})

    clipped = whole.within(start, end)

    assert tuple(point.timestamp for point in clipped.points["USDe"]) == kept
    for time in range(start, end + 1):
        assert clipped.price_e8("USDe", time) == whole.price_e8("USDe", time)


def test_path__written_as_csv__reads_as_the_same_points() -> None:
    path = PricePath("x", {"USDC": points(T), "USDe": points(T, T + 1)})

    assert parse_price_path(path.to_csv(), file="x", known_assets=["USDC", "USDe"]).points == path.points


@pytest.mark.parametrize("name", ["Date", "datetime", "time", "timestamp"])
def test_tradingview__usual_names_of_the_time__are_read(name: str, tmp_path: Path) -> None:
    text = f"{name},Open,High,Low,Close\n2025-10-10T20:47:00Z,1,2,0.5,1.5\n2025-10-10T20:48:00Z,1.5,2,0.5,1\n"

    # 20:47 UTC of that day is 1,760,129,220; a close stands at the end of its bar.
    assert [(point.timestamp, point.price_e8) for point in read(text, tmp_path, "tradingview").points] == [
        (1_760_129_280, 150_000_000),
        (1_760_129_340, 100_000_000),
    ]


@pytest.mark.parametrize(("answer", "is_read"), [(99_999_999 * 10**8, True), (100_000_000 * 10**8, False)])
def test_chainlink_rounds__answer_beyond_any_price__asks_for_the_decimals(
    answer: int, is_read: bool, tmp_path: Path
) -> None:
    text = f"roundId,answer,updatedAt\n1,{answer},{T}\n"

    if is_read:
        assert read(text, tmp_path, "chainlink-rounds").points[0].price_e8 == answer
    else:
        with pytest.raises(ScenarioError, match="state `decimals`"):
            read(text, tmp_path, "chainlink-rounds")
