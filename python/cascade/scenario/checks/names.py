"""Check the names of accounts: no two actors may share one."""

from __future__ import annotations

from collections.abc import Sequence

from cascade.scenario.accounts import pledge_account
from cascade.scenario.model import Case, numbered

__all__ = ["check_names"]

_OWN_NAMES = (
    "deployer",
    "lender",
    "liquidity-provider",
    "price-poster",
    "price-poster-frozen",
    "oracle-upkeep",
    "treasury",
    "custody",
    "ethena",
    "hedge-market",
    "stakers",
    "exchange",
    "exchange-fees",
    "exchange-outside",
    "desk-insurance",
    "margin-insurance",
    "forgotten",
    "first-buyer",
    "first-seller",
)
"""Accounts that the harness opens itself."""


def check_names(case: Case) -> None:
    """Refuse a name that two actors would share: an account's address is derived from its name."""
    # Addresses are derived from names alone, which makes a name the one key of an actor in all tables.
    taken = dict.fromkeys(_OWN_NAMES, "the harness")
    for name, cohort in case.spec.cohorts.items():
        names = numbered(name, cohort.count)
        has_accounts = cohort.pledge is not None and cohort.pledge.line is None
        pledged = [pledge_account(member) for member in names] if has_accounts else []
        _take(case, taken, f"positions.{name}", [*names, *pledged])
    for name, agent in case.spec.agents.items():
        _take(case, taken, f"agents.{name}", agent.account_names(name))


def _take(case: Case, taken: dict[str, str], key: str, names: Sequence[str]) -> None:
    for name in names:
        if name in taken:
            case.refuse(key, name, f"this actor's name is taken by {taken[name]}: rename one")
        taken[name] = key
