"""Shapley values of games whose solution is known, in exact fractions."""

from __future__ import annotations

from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cascade.experiments.causes.shapley import coalitions, shapley_values

PLAYERS = ("keeper", "looper", "whale")


def game(values: dict[str, int]) -> dict[frozenset[str], int]:
    """A game by its sets, each named by the first letters of its players."""
    return {frozenset(p for p in PLAYERS if p[0] in letters): worth for letters, worth in values.items()}


def mean_over_orders(players: tuple[str, ...], worth: dict[frozenset[str], int], player: str) -> Fraction:
    """The definition itself: mean contribution over every order of joining."""
    gains = []
    for order in permutations(players):
        before = frozenset(order[: order.index(player)])
        gains.append(worth[before | {player}] - worth[before])
    return Fraction(sum(gains), len(gains))


def test_coalitions__three_players__are_the_eight_sets() -> None:
    sets = coalitions(PLAYERS)

    assert len(sets) == len(set(sets)) == 8
    assert sets[0] == frozenset()
    assert sets[-1] == frozenset(PLAYERS)


def test_shapley__glove_game__is_two_thirds_and_a_sixth_each() -> None:
    # One left glove (whale), two right ones: a pair is worth 1. Textbook solution: 2/3, 1/6, 1/6.
    worth = game({"": 0, "k": 0, "l": 0, "w": 0, "kl": 0, "kw": 1, "lw": 1, "klw": 1})

    assert shapley_values(PLAYERS, worth) == {
        "keeper": Fraction(1, 6),
        "looper": Fraction(1, 6),
        "whale": Fraction(2, 3),
    }


def test_shapley__dummy__gets_nothing_and_symmetric_players__get_the_same() -> None:
    # Keeper and whale bring 10 each and 7 more together; the looper brings nothing to anyone; nobody brings 5.
    worth = game({"": 5, "k": 15, "l": 5, "w": 15, "kl": 15, "kw": 32, "lw": 15, "klw": 32})
    values = shapley_values(PLAYERS, worth)

    assert values == {"keeper": Fraction(27, 2), "looper": 0, "whale": Fraction(27, 2)}
    assert sum(values.values()) == 32 - 5


def test_shapley__player_who_slows_the_fall__gets_a_negative_value() -> None:
    worth = game({"": 0, "k": 0, "l": 0, "w": 100, "kl": 0, "kw": 100, "lw": 60, "klw": 60})

    assert shapley_values(PLAYERS, worth)["looper"] == -20


@given(st.lists(st.integers(0, 10**8), min_size=16, max_size=16))
def test_shapley__any_game_of_four__is_efficient_and_the_mean_over_orders(worths: list[int]) -> None:
    players = ("a", "b", "c", "d")
    worth = dict(zip(coalitions(players), worths, strict=True))
    values = shapley_values(players, worth)

    assert sum(values.values()) == worth[frozenset(players)] - worth[frozenset()]
    assert values == {player: mean_over_orders(players, worth, player) for player in players}


def test_shapley__a_set_without_its_run__is_an_error() -> None:
    worth = game({"": 0, "k": 1, "l": 1, "w": 1, "kl": 1, "kw": 1, "klw": 1})

    with pytest.raises(KeyError):
        shapley_values(PLAYERS, worth)
