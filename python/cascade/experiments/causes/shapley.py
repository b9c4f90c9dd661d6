"""Shapley values of a game of few players, exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from math import factorial

from cascade.errors import AccountingViolation

__all__ = ["coalitions", "shapley_values"]

Coalition = frozenset[str]


def coalitions(players: Sequence[str]) -> list[Coalition]:
    """Every set of the players, the smaller first."""
    return [frozenset(chosen) for size in range(len(players) + 1) for chosen in combinations(players, size)]


def shapley_values(players: Sequence[str], worth: Mapping[Coalition, int]) -> dict[str, Fraction]:
    """Each player's mean contribution over all orders in which the players could have come.

    Parameters
    ----------
    players : sequence of str
        Their names.
    worth : mapping
        What each set of players brings about, the empty set included.

    Returns
    -------
    dict
        Exact values in the unit of `worth`; they sum to what all bring about less what none does.

    Raises
    ------
    AccountingViolation
        When they do not.
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
        raise AccountingViolation(f"Shapley values sum to {sum(values.values())}, all players bring about {expected}")
    return values
