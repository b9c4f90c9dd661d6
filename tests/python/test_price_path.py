"""Price paths: exact interpolation, and rows that must be refused."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.errors import ScenarioError
from cascade.prices.path import PricePath, PricePoint, parse_price_path, read_price_text
from cascade.scenario.load import Scenario, load_scenario, restore_scenario, vary
from cascade.toolchain.paths import project_root

HEAD = "time,asset,price,status,source\n"


def read(tmp_path: Path, rows: str, head: str = HEAD) -> PricePath:
    file = tmp_path / "path.csv"
    file.write_text(head + rows, encoding="utf-8", newline="")
    return parse_price_path(read_price_text(file), file=file.name, known_assets=["USDe", "USDT"])


def test_path__between_two_points__interpolates_rounded_down_to_the_unit(tmp_path: Path) -> None:
    path = read(
        tmp_path,
        "2025-10-10T21:40:00Z,USDe,1,assumed,x\n2025-10-10T21:40:30Z,USDe,0.9,observed,y\n",
    )
    start = int(datetime.fromisoformat("2025-10-10T21:40:00+00:00").timestamp())

    assert path.price_e8("USDe", start) == 100_000_000
    assert path.price_e8("USDe", start + 10) == 96_666_666  # 1 - 0.1 / 3, rounded down
    assert path.price_e8("USDe", start + 30) == 90_000_000
    assert path.price_e8("USDe", start + 9_999) == 90_000_000
    assert [point.status for point in path.points["USDe"]] == ["assumed", "observed"]


@given(left=st.integers(1, 10**12), right=st.integers(1, 10**12), seconds=st.integers(1, 10**6), share=st.floats(0, 1))
def test_path__anywhere__stays_between_its_neighbours(left: int, right: int, seconds: int, share: float) -> None:
    path = PricePath("x", {"USDe": (PricePoint(0, left, "assumed", ""), PricePoint(seconds, right, "assumed", ""))})

    assert min(left, right) <= path.price_e8("USDe", int(share * seconds)) <= max(left, right)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("2025-10-10T21:40:00Z,USDe,0,,\n", "line 2: price = '0': expected a price above 0"),
        ("2025-10-10T21:40:00Z,USDe,-1,,\n", "line 2: price = '-1'"),
        ("2025-10-10T21:40:00Z,USDe,NaN,,\n", "line 2: price = 'NaN'"),
        ("2025-10-10T21:40:00Z,USDe,one,,\n", "line 2: price = 'one'"),
        ("2025-10-10T21:40:00Z,USDe,0.123456789,,\n", "at most 8 decimals"),
        ("2025-10-10T21:40:00Z,USDX,1,,\n", "line 2: asset = 'USDX': unknown asset"),
        ("2025-10-10T21:40:00,USDe,1,,\n", "line 2: time = '2025-10-10T21:40:00': expected ISO 8601 with a zone"),
        ("yesterday,USDe,1,,\n", "line 2: time = 'yesterday'"),
        ("2025-10-10T21:40:00Z,USDe,1,seen,\n", "line 2: status = 'seen': expected one of observed"),
        ("2025-10-10T21:41:00Z,USDe,1,,\n2025-10-10T21:40:00Z,USDe,1,,\n", "line 3: time"),
        ("2025-10-10T21:41:00Z,USDe,1,,\n2025-10-10T21:41:00Z,USDe,1,,\n", "times of USDe must rise"),
        ("", "has no rows"),
    ],
)
def test_path__bad_row__refused_with_its_line(tmp_path: Path, rows: str, expected: str) -> None:
    with pytest.raises(ScenarioError) as refusal:
        read(tmp_path, rows)

    assert expected in str(refusal.value)
    assert "path.csv" in str(refusal.value)


def test_path__comment_lines__do_not_shift_the_line_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="line 4: price"):
        read(tmp_path, "2025-10-10T21:40:00Z,USDe,0,,\n", head="# one\n# two\n" + HEAD)


def test_path__users_own_three_columns__accepted(tmp_path: Path) -> None:
    path = read(tmp_path, "2025-10-10T21:40:00+02:00,USDT,1.01\n", head="time,asset,price\n")

    assert path.points["USDT"][0].price_e8 == 101_000_000
    assert path.points["USDT"][0].status == "assumed"


def test_path__without_price_column__refused(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="needs the column price"):
        read(tmp_path, "2025-10-10T21:40:00Z,USDe\n", head="time,asset\n")


def test_path__comment_between_rows__does_not_shift_the_line_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match="line 4: price = '0'"):
        read(tmp_path, "2025-10-10T21:40:00Z,USDe,1,,\n# the low\n2025-10-10T21:41:00Z,USDe,0,,\n")


ROW = "2025-10-10T21:40:00Z,USDe,1,,\n"
LATER = "2025-10-10T21:41:00Z,USDe,0.9,,\n"


def test_path__stray_quote__refused_with_the_line_on_which_it_opens(tmp_path: Path) -> None:
    rows = "".join(f"2025-10-10T21:{minute:02}:00Z,USDe,0.9,reported,as seen\n" for minute in range(59))
    lines = rows.splitlines(keepends=True)
    lines[44] = '2025-10-10T21:44:00Z,USDe,0.65,reported,"low of the day\n'
    lines[57] = '2025-10-10T21:57:00Z,USDe,0.9,reported,as reported"\n'

    with pytest.raises(ScenarioError, match="line 46") as refusal:
        read(tmp_path, "".join(lines))

    assert "low of the day" in str(refusal.value)
    assert "a quote opens a cell" in str(refusal.value)


def test_path__quotes_within_a_cell__are_part_of_the_source(tmp_path: Path) -> None:
    path = read(tmp_path, '2025-10-10T21:40:00Z,USDe,1,reported,"yq: ""the low"", Binance"\n')

    assert path.points["USDe"][0].source == 'yq: "the low", Binance'


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_path__line_ends_of_other_systems__give_the_same_points_and_line_numbers(tmp_path: Path, end: str) -> None:
    path = read(tmp_path, (ROW + LATER).replace("\n", end), head=HEAD.replace("\n", end))

    assert [point.price_e8 for point in path.points["USDe"]] == [100_000_000, 90_000_000]
    with pytest.raises(ScenarioError, match="line 4: price = '0'"):
        read(
            tmp_path, (ROW + LATER + "2025-10-10T21:42:00Z,USDe,0,,\n").replace("\n", end), head=HEAD.replace("\n", end)
        )


@pytest.mark.parametrize("character", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"])
def test_path__character_that_only_python_takes_for_a_line_end__stays_in_its_cell(
    tmp_path: Path, character: str
) -> None:
    path = read(tmp_path, f"2025-10-10T21:40:00Z,USDe,1,assumed,one{character}two\n" + LATER)

    assert [point.price_e8 for point in path.points["USDe"]] == [100_000_000, 90_000_000]
    assert path.points["USDe"][0].source == f"one{character}two"
    with pytest.raises(ScenarioError, match="line 3: price = '0'"):
        read(tmp_path, f"2025-10-10T21:40:00Z,USDe,1,assumed,one{character}two\n2025-10-10T21:41:00Z,USDe,0,,\n")


def test_path__byte_order_mark_and_spaces_around_cells__read_as_without(tmp_path: Path) -> None:
    path = read(tmp_path, "2025-10-10T21:40:00Z, USDe , 1.5 ,,\n", head="\ufefftime, asset, price, status, source\n")

    assert path.points["USDe"][0].price_e8 == 150_000_000


@pytest.mark.parametrize(
    ("head", "rows", "expected"),
    [
        ("time,asset,price,price\n", "2025-10-10T21:40:00Z,USDe,1,2\n", "line 1 = .*: has the column 'price' twice"),
        ("# one\n# two\ntime,asset,close\n", "2025-10-10T21:40:00Z,USDe,1\n", "line 3 = .*: needs the column price"),
        (HEAD, ROW.replace(",,\n", ",,,extra\n"), "line 2 = 'extra': the row has 6 cells, the header 5"),
        (HEAD, "2025-10-10T21:40:00Z,USDe,0,,\n# behind\n# the row\n", "line 2: price = '0'"),
        (HEAD, "\n\n2025-10-10T21:40:00Z,USDe,0,,\n", "line 4: price = '0'"),
        ("", "", "needs the column time"),
    ],
)
def test_path__header_or_row_that_does_not_fit__refused_with_its_line(
    tmp_path: Path, head: str, rows: str, expected: str
) -> None:
    with pytest.raises(ScenarioError, match=expected):
        read(tmp_path, rows, head=head)


@pytest.mark.parametrize(
    "time",
    [
        "2025-10-10T21:40:00.5Z",
        "2025-10-10T21:40:00.0000005Z",
        "2025-10-10T21:40:00,25Z",
        "9999-12-31T23:59:59-05:00",
        "10000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+05:00",
        "1760132400",
        "",
    ],
)
def test_path__time_that_is_no_whole_second_of_utc__refused(tmp_path: Path, time: str) -> None:
    with pytest.raises(ScenarioError, match="line 2: time"):
        read(tmp_path, f'"{time}",USDe,1,,\n')


def test_path__fraction_of_zero__is_a_whole_second(tmp_path: Path) -> None:
    path = read(tmp_path, "2025-10-10T21:40:00.000000000Z,USDe,1,,\n")

    assert path.points["USDe"][0].timestamp == 1_760_132_400  # date -u -d 2025-10-10T21:40:00Z +%s


@pytest.mark.parametrize(
    "price",
    [
        "1e999999",
        "1e999999999999999999999",
        "1e-999999999",
        "sNaN",
        "-NaN",
        "Infinity",
        "1.0000000000000000000000000001",
        "12345678901234567890123456789",
        "1" + "0" * 300 + "." + "0" * 300 + "1",
        "1_000",
        "1,5",
        "１",
        "0x10",
        "-0",
        "",
    ],
)
def test_path__price_that_is_no_dollars_of_8_decimals__refused(tmp_path: Path, price: str) -> None:
    with pytest.raises(
        ScenarioError, match=r"line 2: price.*expected a price above 0 in dollars, of at most 8 decimals"
    ):
        read(tmp_path, f'2025-10-10T21:40:00Z,USDe,"{price}",,\n')


@pytest.mark.parametrize(
    ("price", "price_e8"),
    [
        ("1e-8", 1),
        ("9.5E-1", 95_000_000),
        (".5", 50_000_000),
        ("1.", 100_000_000),
        ("0.99990000000000000000000000000000", 99_990_000),
        ("92233720368.54775807", 2**63 - 1),
    ],
)
def test_path__price_in_any_decimal_form__is_exact(tmp_path: Path, price: str, price_e8: int) -> None:
    assert read(tmp_path, f"2025-10-10T21:40:00Z,USDe,{price},,\n").points["USDe"][0].price_e8 == price_e8


def test_price_file__without_an_end__refused_at_once() -> None:
    with pytest.raises(ScenarioError, match="zero: expected a file of at most 256 MB"):
        read_price_text(Path("/dev/zero"))


def test_price_file__pointer_of_git_lfs__says_how_to_get_the_file(tmp_path: Path) -> None:
    file = tmp_path / "path.csv"
    file.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n", encoding="utf-8")

    with pytest.raises(ScenarioError, match=r"path\.csv: is a pointer of Git LFS .*: run `git lfs pull`"):
        read_price_text(file)


def test_price_file__not_utf_8__refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "path.csv"
    file.write_bytes(b"time,asset,price\n2025-10-10T21:40:00Z,USDe\xff,1\n")

    with pytest.raises(ScenarioError, match=r"path\.csv: expected UTF-8 text; line 2 is not"):
        read_price_text(file)


def dollars(folder: Path, *prices: str, **changes: Any) -> Scenario:
    """The frictionless loop on a path of some prices of USDe, one a minute from 21:40."""
    rows = [f"2025-10-10T21:{40 + minute}:00Z,USDe,{price}" for minute, price in enumerate(prices)]
    (folder / "frictionless-loop.csv").write_text("\n".join(["time,asset,price", *rows, ""]), encoding="utf-8")
    text = (project_root() / "scenarios" / "frictionless-loop.yaml").read_text(encoding="utf-8")
    (folder / "frictionless-loop.yaml").write_text(text, encoding="utf-8")
    return load_scenario(folder / "frictionless-loop.yaml", set=changes)


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        (
            ("100000000", "75000000", "75000000"),
            "USDe at 2025-10-10T21:40:00Z = '100000000': expected dollars within 100 times of 1, the price of the "
            "oracle before the crash (a Chainlink answer has 8 decimals: divide by 1e8); if it is meant, add USDe to "
            "prices.unchecked",
        ),
        (
            ("1", "75000000", "0.75"),
            "USDe at 2025-10-10T21:41:00Z = '75000000': expected dollars within 100 times of 1",
        ),
        (("101", "101", "101"), "USDe at 2025-10-10T21:40:00Z = '101': expected dollars within 100 times of 1, "),
        (("1", "0.75", "0.0074"), "= '0.0074': expected dollars within 100 times of 0.75, the price before it; if"),
        (("97", "97", "97"), ""),
        (("1", "0.75", "0.0075"), ""),
    ],
)
def test_prices__too_far_to_be_dollars__are_refused_with_what_they_may_be(
    prices: tuple[str, ...], message: str, tmp_path: Path
) -> None:
    if not message:
        assert dollars(tmp_path, *prices).path.points["USDe"][0].price_e8 == int(prices[0]) * 10**8
        return
    with pytest.raises(ScenarioError) as refused:
        dollars(tmp_path, *prices)
    assert str(refused.value).startswith("frictionless-loop.csv: USDe at ")
    assert message in str(refused.value)


def test_prices__far_and_meant__are_taken(tmp_path: Path) -> None:
    scenario = dollars(tmp_path, "1", "0.001", "500", **{"prices.unchecked": ["USDe"]})

    assert [point.price_e8 for point in scenario.path.points["USDe"]] == [10**8, 10**5, 500 * 10**8]
    with pytest.raises(ScenarioError, match=r"prices\.unchecked = 'USDC': expected an asset of the price path: USDe"):
        dollars(tmp_path, "1", "1", "1", **{"prices.unchecked": ["USDC"]})


def test_shocked__from_a_time_on__multiplies_every_price_and_steps_in_one_second() -> None:
    points = (PricePoint(100, 100_000_000, "observed", "a"), PricePoint(200, 90_000_000, "observed", "b"))
    path = PricePath("x", {"USDe": points, "WETH": points}).shocked("USDe", 150, Decimal("0.5"))

    # 0.95 at the step, halved from this second on; the second before it keeps the line between both points.
    assert [path.price_e8("USDe", at) for at in (100, 149, 150, 175, 200, 999)] == [
        100_000_000,
        95_100_000,
        47_500_000,
        46_250_000,
        45_000_000,
        45_000_000,
    ]
    assert path.points["WETH"] == points
    assert [point.status for point in path.points["USDe"]] == ["observed", "observed", "assumed", "assumed"]


@pytest.mark.parametrize("start", [0, 100, 101, 300])
def test_shocked__at_or_outside_the_points__multiplies_what_is_after_it(start: int) -> None:
    points = (PricePoint(100, 8, "observed", "a"), PricePoint(200, 8, "observed", "b"))
    path = PricePath("x", {"USDe": points}).shocked("USDe", start, Decimal(2))

    for at in (99, 100, 101, 200, 299, 300, 400):
        assert path.price_e8("USDe", at) == (16 if at >= start or start <= 100 else 8)


def test_shocked__to_nothing__is_refused() -> None:
    path = PricePath("x", {"USDe": (PricePoint(100, 8, "observed", "a"),)})

    with pytest.raises(ValueError, match="falls below 1e-8 dollars"):
        path.shocked("USDe", 0, Decimal("0.1"))


def test_shock__of_a_scenario__is_applied_once_however_often_it_is_restored_and_varied() -> None:
    scenario = load_scenario("loop-shock", set={"prices.shocks.USDe.factor": 0.8})
    restored = restore_scenario(
        text=scenario.text, path_file=scenario.path.file, path_text=scenario.path_text, file=scenario.file
    )
    at = scenario.spec.timeline.last_timestamp

    assert scenario.path.price_e8("USDe", at) == 80_000_000
    assert restored.path.points == scenario.path.points
    assert vary(restored, {"seed": 2}).path.points == scenario.path.points
    assert vary(restored, {"prices.shocks.USDe.factor": 0.5}).path.price_e8("USDe", at) == 50_000_000
