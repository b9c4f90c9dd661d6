"""Exact Shapley values of a game of few players."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from math import factorial

from cascade.errors import AccountingViolation

__all__ = ["Coalition", "coalitions", "shapley_values"]

Coalition = frozenset[str]
"""A set of players, by name."""


def coalitions(players: Sequence[str]) -> list[Coalition]:
    """Return every set of the players, from the empty set to all of them."""
    return [frozenset(chosen) for size in range(len(players) + 1) for chosen in combinations(players, size)]


def shapley_values(players: Sequence[str], worth: Mapping[Coalition, int]) -> dict[str, Fraction]:
    """Return each player's mean contribution over all orders in which the players can join.

    With v(S) the worth of a set S and n the number of players, the value of player i is the sum, over every set S
    without i, of |S|! (n - |S| - 1)! / n! (v(S and i) - v(S)).

    Parameters
    ----------
    players : sequence of str
        Names of the players.
    worth : mapping of Coalition to int
        Worth of every set of players, the empty set included.

    Returns
    -------
    dict of str to Fraction
        Exact values in the unit of `worth`; they sum to v(all players) - v(empty set).

    Raises
    ------
    AccountingViolation
        When the values do not have that sum.
    """
    count = len(players)
    values = {}
    for player in players:
        others = [other for other in players if other != player]
        total = Fraction(0)
        for before in coalitions(others):
            orders = factorial(len(before)) * factorial(count - len(before) - 1)
            total += Fraction(orders, factorial(count)) * (worth[before | {player}] - worth[before])
        values[player] = total
    expected = worth[frozenset(players)] - worth[frozenset()]
    if sum(values.values()) != expected:
        raise AccountingViolation(
            f"Shapley values sum to {sum(values.values())}, v(all players) - v(empty set) is {expected}"
        )
    return values
