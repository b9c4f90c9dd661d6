"""The classes of actor that further runs switch off.

Buyers, arbitrageurs, oracles and exogenous flow are the environment: they act in every run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cascade.errors import CascadeError
from cascade.scenario.load import Scenario, vary
from cascade.scenario.model import ScenarioSpec

__all__ = ["MOST_PLAYERS", "TooManyPlayers", "entries_of", "players_of", "switched_off"]

MOST_PLAYERS = 5
"""Shapley values take a run for every set of players: 32 runs at this number."""


class TooManyPlayers(CascadeError, ValueError):
    """Raised when Shapley values are asked for among more classes of actor than runs are made for."""


def players_of(spec: ScenarioSpec, *, groups: Sequence[Sequence[str]] = ()) -> dict[str, tuple[str, ...]]:
    """Return the classes of actor that a scenario can switch off, each with its entries of `agents`.

    Parameters
    ----------
    spec : ScenarioSpec
        The scenario.
    groups : sequence
        Classes to take together, as one player named `a+b`.

    Raises
    ------
    CascadeError
        When a group names a class that does not act, or one that is named twice.
    """
    found: dict[str, tuple[str, ...]] = {}
    for name, agent in spec.agents.items():
        if agent.active and agent.is_player:
            found[agent.actor_class] = (*found.get(agent.actor_class, ()), name)
    for group in groups:
        entries: list[str] = []
        for actor_class in group:
            if actor_class not in found:
                classes = ", ".join(found)
                raise CascadeError(f"--group {'+'.join(group)}: {actor_class}: expected some of {classes}, each once")
            # Taken out, so that a class that is named twice is missing the second time.
            entries += found.pop(actor_class)
        found["+".join(group)] = tuple(entries)
    return found


def entries_of(players: Mapping[str, Sequence[str]], chosen: Iterable[str]) -> frozenset[str]:
    """Return the entries of `agents` that belong to the chosen players."""
    return frozenset(entry for player in chosen for entry in players[player])


def switched_off(scenario: Scenario, entries: Iterable[str]) -> Scenario:
    """Return the scenario with some entries of `agents` inactive."""
    return vary(scenario, {f"agents.{name}.active": False for name in entries})
