"""Quantiles and their order-statistic intervals against the published tables and the binomial itself."""

from __future__ import annotations

from math import comb

import pytest

from cascade.experiments.endogeneity.intervals import quantile


def ranks(count: int, share_pct: int) -> tuple[float | None, float | None]:
    """Ranks of both ends: of the values 1, 2, ... a rank is the value."""
    found = quantile([float(value) for value in range(count, 0, -1)], share_pct)
    return found.low, found.high


@pytest.mark.parametrize(
    ("count", "expected"),
    # Ranks of the 95 % interval of a median, as in any table of them.
    [(6, (1, 6)), (10, (2, 9)), (20, (6, 15)), (25, (8, 18)), (50, (18, 33))],
)
def test_median__ranks_of_its_interval__are_those_of_the_tables(count: int, expected: tuple[int, int]) -> None:
    assert ranks(count, 50) == expected


def test_median__five_values__cannot_be_bounded() -> None:
    # The median lies outside all five values with chance 2 x 1/32, more than 5 %.
    assert ranks(5, 50) == (None, None)


@pytest.mark.parametrize("share_pct", [95, 99])
def test_far_quantile__twenty_values__has_no_upper_end(share_pct: int) -> None:
    # All twenty lie under it with chance 0.95^20 = 36 %, 0.99^20 = 82 %.
    low, high = ranks(20, share_pct)

    assert high is None
    assert low is not None


def test_95_per_cent_quantile__73_values__is_the_first_count_to_bound_it() -> None:
    # 0.95^72 = 2.49 % is the first power under 2.5 %; the highest value must exceed the quantile that surely.
    assert ranks(71, 95)[1] is None
    assert ranks(72, 95)[1] == 72


@pytest.mark.parametrize("count", [20, 73, 100])
def test_interval__either_end__misses_with_at_most_a_fortieth(count: int) -> None:
    low, high = ranks(count, 95)

    def at_most(successes: int) -> float:
        return sum(comb(count, k) * 0.95**k * 0.05 ** (count - k) for k in range(successes + 1))

    assert low is not None
    assert at_most(int(low) - 1) <= 0.025 < at_most(int(low))
    if high is not None:
        assert 1 - at_most(int(high) - 1) <= 0.025 < 1 - at_most(int(high) - 2)


def test_quantile__value__is_the_nearest_rank_from_above() -> None:
    values = [float(value) for value in range(1, 21)]

    assert [quantile(values, share).value for share in (50, 95, 99)] == [10, 19, 20]
    assert quantile([7.0], 50).value == 7
