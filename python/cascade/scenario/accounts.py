"""Accounts of a scenario: what each one is called, and amounts in the smallest unit of an asset."""

from __future__ import annotations

from decimal import Decimal

from cascade.scenario.model import (
    UINT256_MAX,
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
    ScenarioSpec,
    ValueBuyerSpec,
)

__all__ = ["accounts_of", "numbered", "pledge_account", "raw_amount"]


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


def raw_amount(spec: ScenarioSpec, asset: str, amount: Decimal) -> int:
    """Tokens to smallest units, exactly.

    Raises
    ------
    ValueError
        When the asset has fewer decimals than the amount, or the amount passes uint256.
    """
    scaled = amount * 10 ** spec.assets[asset].decimals
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{asset} has {spec.assets[asset].decimals} decimals")
    if scaled > UINT256_MAX:
        raise ValueError(f"exceeds uint256: at most {UINT256_MAX} smallest units of {asset}")
    return int(scaled)
