"""Price paths: exact interpolation, and rows that must be refused."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.errors import ScenarioError
from cascade.prices.path import PricePath, PricePoint, read_price_path

HEAD = "time,asset,price,status,source\n"


def read(tmp_path: Path, rows: str, head: str = HEAD) -> PricePath:
    file = tmp_path / "path.csv"
    file.write_text(head + rows, encoding="utf-8")
    return read_price_path(file, known_assets=["USDe", "USDT"])


def test_path__between_two_points__interpolates_down_to_the_unit(tmp_path: Path) -> None:
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
