"""cascade: replay a leverage cascade on real contracts. A scenario goes in, transactions happen, tables come out.

>>> from cascade import load_scenario, replay
>>> run = replay(load_scenario("scenarios/frictionless-loop.yaml"))  # doctest: +SKIP
>>> run.liquidations  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cascade.harness import replay
    from cascade.run.opened import Run
    from cascade.scenario.load import Scenario, load_scenario

__all__ = ["Run", "Scenario", "load_scenario", "replay"]

_HOMES = {
    "Run": "cascade.run.opened",
    "Scenario": "cascade.scenario.load",
    "load_scenario": "cascade.scenario.load",
    "replay": "cascade.harness",
}


def __getattr__(name: str) -> object:
    # Imported on first use: the set-up of the tools imports this package before its requirements are installed.
    import importlib

    if name not in _HOMES:
        raise AttributeError(f"module 'cascade' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
