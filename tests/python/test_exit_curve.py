"""What a venue pays between the points read of it."""

from __future__ import annotations

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from cascade.observation import ExitCurve
from cascade.observation.curve import largest, smallest


def constant_product(amount: int, *, depth: int = 10**9) -> int:
    return depth * amount // (depth + amount)


AMOUNTS = tuple(10**3 * 2**k for k in range(20))
CURVE = ExitCurve(AMOUNTS, tuple(constant_product(amount) for amount in AMOUNTS))


@given(st.integers(1, AMOUNTS[-1]))
def test_curve__of_a_pool__never_promises_more_than_the_pool_pays(amount: int) -> None:
    assert CURVE.pays(amount) <= constant_product(amount) + 1


@given(st.integers(0, 2 * AMOUNTS[-1]), st.integers(0, 2 * AMOUNTS[-1]))
def test_curve__more_sold__pays_no_less(first: int, second: int) -> None:
    low, high = sorted((first, second))

    assert CURVE.pays(low) <= CURVE.pays(high)


def test_curve__at_a_point_read__is_that_point() -> None:
    assert [CURVE.pays(amount) for amount in AMOUNTS] == list(CURVE.proceeds)


def test_curve__beyond_its_end__pays_nothing_more() -> None:
    assert CURVE.pays(10 * AMOUNTS[-1]) == CURVE.proceeds[-1]
    assert CURVE.pays(0) == 0


@given(st.integers(0, 60), st.integers(-1, 70))
def test_largest_and_smallest__of_a_condition_that_turns_once__are_where_brute_force_finds_them(
    limit: int, turn: int
) -> None:
    holding = [amount for amount in range(limit + 1) if amount <= turn]
    met = [amount for amount in range(limit + 1) if amount >= turn]

    assert largest(limit, lambda amount: amount <= turn) == max(holding, default=0)
    assert smallest(limit, lambda amount: amount >= turn) == min(met, default=limit)


STEPS = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 20)), min_size=1, max_size=6)


def falling(steps: list[tuple[int, int]]) -> ExitCurve:
    """A curve of some steps of (amount, proceeds), the dearest first, as a pool's is."""
    ordered = sorted(steps, key=lambda step: -step[1] / step[0])
    return ExitCurve(tuple(accumulate(a for a, _ in ordered)), tuple(accumulate(p for _, p in ordered)))


@given(STEPS, st.integers(0, 60), st.integers(0, 5), st.integers(1, 5))
def test_most_at__an_average_price__is_accepted_and_the_next_unit_within_reach_is_not(
    steps: list[tuple[int, int]], limit: int, numerator: int, denominator: int
) -> None:
    curve = falling(steps)
    reach = min(limit, curve.amounts[-1])
    found = curve.most_at(numerator, denominator, limit=limit)

    def accepted(amount: int) -> bool:
        return curve.pays(amount) * denominator >= amount * numerator

    # Proceeds are whole units: within one of them the average may turn more than once.
    assert 0 <= found <= reach
    assert accepted(found)
    assert found == reach or not accepted(found + 1)
    exact = [a for a in range(reach + 1) if (curve.pays(a) + 1) * denominator <= a * numerator]
    assert not exact or found < exact[0] or accepted(found)


@given(STEPS, st.integers(0, 80))
def test_next_after__is_the_step_that_an_amount_ends_in(steps: list[tuple[int, int]], amount: int) -> None:
    curve = falling(steps)
    starts = (0, *curve.amounts[:-1])
    paid = (0, *curve.proceeds[:-1])
    inside = [i for i, start in enumerate(starts) if start < amount <= curve.amounts[i]]
    i = inside[0] if inside else (0 if amount == 0 else len(curve.amounts) - 1)

    assert curve.next_after(amount) == (curve.amounts[i] - starts[i], curve.proceeds[i] - paid[i])
