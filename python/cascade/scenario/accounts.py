"""Names of a scenario's accounts, and amounts in the smallest unit of an asset."""

from __future__ import annotations

from decimal import Decimal

from cascade.scenario.model import UINT256_MAX, AgentBase, Sections, numbered

__all__ = ["accounts_of", "numbered", "pledge_account", "raw_amount"]


def pledge_account(borrower: str) -> str:
    """Return the name of the account that holds the pledge under a loop, where the lending pool lends on it."""
    return f"{borrower}-pledge"


def accounts_of(name: str, agent: AgentBase, spec: Sections) -> list[str]:
    """Return the names of the accounts that an agent entry acts through.

    They are the accounts that the entry opens, or those of the positions that it owns; agents that act through the
    harness's own accounts have none.
    """
    if agent.owned_cohort is not None:
        return numbered(agent.owned_cohort, spec.cohorts[agent.owned_cohort].count)
    return agent.account_names(name)


def raw_amount(spec: Sections, asset: str, amount: Decimal) -> int:
    """Return an amount of tokens in smallest units, exactly.

    Raises
    ------
    ValueError
        When the asset has fewer decimals than the amount, or the amount exceeds uint256.
    """
    scaled = amount * 10 ** spec.assets[asset].decimals
    # Refused and not rounded: an amount that a scenario states is the amount that the run has.
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{asset} has {spec.assets[asset].decimals} decimals")
    if scaled > UINT256_MAX:
        raise ValueError(f"exceeds uint256: at most {UINT256_MAX} smallest units of {asset}")
    return int(scaled)
