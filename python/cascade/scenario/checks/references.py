"""Run all checks of a scenario, in the order of its sections."""

from __future__ import annotations

from collections.abc import Mapping

from cascade.account_files import AccountFile
from cascade.prices.path import PricePath
from cascade.scenario.checks.agents import check_agents
from cascade.scenario.checks.amounts import check_amounts
from cascade.scenario.checks.claims import check_expectation, check_parameters_named
from cascade.scenario.checks.events import check_events
from cascade.scenario.checks.exchange import check_exchange
from cascade.scenario.checks.markets import check_ethena, check_lending, check_venues
from cascade.scenario.checks.names import check_names
from cascade.scenario.checks.positions import check_accounts, check_cohort
from cascade.scenario.checks.prices import check_assets, check_designs, check_oracles, check_path
from cascade.scenario.model import Case, ScenarioSpec

__all__ = ["check_references"]


def check_references(spec: ScenarioSpec, path: PricePath, *, file: str, accounts: Mapping[str, AccountFile]) -> None:
    """Refuse names that stand for nothing and values that do not fit together.

    Each section may rely on the sections checked before it: agents, for instance, look up coins of venues that are
    known to exist.

    Raises
    ------
    ScenarioError
        For the first fault, in the order of the file's sections.
    """
    case = Case(spec, path, file, accounts)
    check_assets(case)
    check_oracles(case)
    check_designs(case, spec.oracle_comparison.designs)
    check_lending(case)
    check_venues(case)
    check_ethena(case)
    check_exchange(case)
    check_path(case)
    for name, cohort in spec.cohorts.items():
        check_cohort(case, name, cohort)
    check_accounts(case)
    check_agents(case)
    check_names(case)
    check_events(case, spec.events)
    check_amounts(case)
    check_expectation(case, spec.expect)
    check_parameters_named(case, spec)
