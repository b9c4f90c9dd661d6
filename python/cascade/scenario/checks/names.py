"""Names of accounts: whose they are, and that no two are the same."""

from __future__ import annotations

from collections.abc import Sequence

from cascade.scenario.accounts import accounts_of, numbered, pledge_account
from cascade.scenario.checks.case import Case

__all__ = ["check_names"]


def check_names(case: Case) -> None:
    """Refuse a name that two actors would share."""
    harness = (
        "deployer",
        "lender",
        "liquidity-provider",
        "price-poster",
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
    taken = dict.fromkeys(harness, "the harness")
    for name, cohort in case.spec.positions.items():
        names = numbered(name, cohort.count)
        has_accounts = cohort.pledge is not None and cohort.pledge.line is None
        pledged = [pledge_account(member) for member in names] if has_accounts else []
        _take(case, taken, f"positions.{name}", [*names, *pledged])
    for name, agent in case.spec.agents.items():
        _take(case, taken, f"agents.{name}", accounts_of(name, agent))


def _take(case: Case, taken: dict[str, str], key: str, names: Sequence[str]) -> None:
    for name in names:
        if name in taken:
            case.refuse(key, name, f"this actor's name is taken by {taken[name]}: rename one")
        taken[name] = key
