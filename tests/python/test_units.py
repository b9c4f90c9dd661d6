"""Conversions between exact integers and tokens, dollars and factors."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.errors import CascadeError
from cascade.units import (
    NO_DEBT_WAD,
    InexactAmount,
    bps_to_pct,
    gas_cost_e8,
    ppm_to_pct,
    price_to_e8,
    price_to_e8_down,
    to_raw,
    to_tokens,
    usd_value,
    value_e8_down,
    value_e8_up,
    wad_to_float,
)

amounts = st.integers(min_value=0, max_value=2**256 - 1)
decimals = st.integers(min_value=0, max_value=36)


@given(raw=amounts, places=decimals)
def test_to_raw__of_to_tokens__is_the_same_integer(raw: int, places: int) -> None:
    assert to_raw(to_tokens(raw, places), places) == raw


def test_to_raw__one_unit_finer_than_the_token__is_refused() -> None:
    assert to_raw(Decimal("0.000001"), 6) == 1
    with pytest.raises(InexactAmount, match=r"0\.0000001 has more than 6 decimal places") as caught:
        to_raw(Decimal("0.0000001"), 6)
    assert (caught.value.amount, caught.value.decimals) == (Decimal("0.0000001"), 6)
    assert isinstance(caught.value, CascadeError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("amount", [1.5, True, "1", None])
def test_to_raw__anything_but_a_decimal_or_int__is_a_type_error(amount: Any) -> None:
    with pytest.raises(TypeError, match="pass a Decimal or an int"):
        to_raw(amount, 6)


@pytest.mark.parametrize("amount", ["NaN", "Infinity", "-Infinity"])
def test_to_raw__not_finite__is_refused(amount: str) -> None:
    with pytest.raises(InexactAmount, match=f"{amount} is not a finite number"):
        to_raw(Decimal(amount), 6)


def test_to_tokens__a_large_amount__keeps_every_digit() -> None:
    assert to_tokens(2**256 - 1, 18) == Decimal(
        "115792089237316195423570985008687907853269984665640564039457.584007913129639935"
    )


def test_price_to_e8__eight_decimals__is_exact() -> None:
    assert price_to_e8(Decimal("0.6567")) == 65_670_000
    with pytest.raises(InexactAmount):
        price_to_e8(Decimal("0.000000001"))


@given(raw=amounts, price=st.integers(min_value=1, max_value=10**14), places=decimals)
def test_value_e8__rounded_both_ways__brackets_the_exact_value(raw: int, price: int, places: int) -> None:
    exact = Fraction(raw * price, 10**places)
    low, high = value_e8_down(raw, price, places), value_e8_up(raw, price, places)
    assert low <= exact <= high
    assert high - low == (0 if exact.denominator == 1 else 1)


def test_usd_value__of_tokens__is_dollars() -> None:
    assert usd_value(368_928 * 10**18, 75_000_000, 18) == 276_696.0


def test_gas_cost_e8__of_one_gwei__rounds_up() -> None:
    assert gas_cost_e8(10**18, 4000 * 10**8) == 4000 * 10**8
    assert gas_cost_e8(1, 4000 * 10**8) == 1
    assert gas_cost_e8(0, 4000 * 10**8) == 0


def test_wad_to_float__without_debt__is_infinite() -> None:
    assert wad_to_float(NO_DEBT_WAD) == float("inf")
    assert wad_to_float(95 * 10**16) == 0.95


def test_bps_to_pct__of_a_bonus__is_per_cent() -> None:
    assert bps_to_pct(500) == 5.0


def test_ppm_to_pct__of_an_ltv__is_per_cent() -> None:
    assert ppm_to_pct(825_000) == 82.5


def test_price_to_e8_down__ninth_decimal__is_dropped() -> None:
    assert price_to_e8_down(Decimal("1.000000019")) == 100_000_001
    assert price_to_e8_down(Decimal("0.999999999")) == 99_999_999
