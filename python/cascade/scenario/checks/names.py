"""Names of accounts: whose they are, and that no two are the same."""

from __future__ import annotations

from collections.abc import Sequence

from cascade.scenario.checks.case import Case
from cascade.scenario.model import (
    AgentSpec,
    ArbitrageurSpec,
    BasisTraderSpec,
    BidderSpec,
    CustomAgentSpec,
    DeskBorrowerSpec,
    DipBuyerSpec,
    ExchangeArbitrageurSpec,
    ExchangeKeeperSpec,
    HolderExitSpec,
    KeeperSpec,
    MarketMakerSpec,
    NoiseTraderSpec,
    PathFlowSpec,
    PerpTraderSpec,
    ValueBuyerSpec,
)

__all__ = ["accounts_of", "check_names", "numbered", "pledge_account"]


def numbered(name: str, count: int) -> list[str]:
    """Names of the members of a group, of equal length: `name-00` to `name-99`."""
    width = len(str(count - 1))
    return [f"{name}-{i:0{width}d}" for i in range(count)]


def pledge_account(borrower: str) -> str:
    """Name of the account that holds the first layer under a loop."""
    return f"{borrower}-pledge"


def accounts_of(name: str, agent: AgentSpec) -> list[str]:
    """Names of the accounts that an agent entry opens; those that act for others open none."""
    if isinstance(agent, (KeeperSpec, ValueBuyerSpec, DipBuyerSpec, HolderExitSpec, DeskBorrowerSpec)):
        return numbered(name, agent.count)
    if isinstance(agent, (MarketMakerSpec, BidderSpec, PerpTraderSpec, BasisTraderSpec, NoiseTraderSpec)):
        return numbered(name, agent.count)
    if isinstance(agent, (PathFlowSpec, ArbitrageurSpec, CustomAgentSpec, ExchangeKeeperSpec, ExchangeArbitrageurSpec)):
        return [name]
    return []


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
