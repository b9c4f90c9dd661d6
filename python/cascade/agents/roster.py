"""The agents of a scenario, in its order, each with its account, its contracts and its random stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from cascade.agents.arbitrageur import Arbitrageur
from cascade.agents.custom import load_agent_class
from cascade.agents.dip_buyer import DipBuyer
from cascade.agents.ethena_reserve import EthenaReserve
from cascade.agents.interface import Agent
from cascade.agents.keeper import Keeper
from cascade.agents.lender_exit import LenderExit
from cascade.agents.market_poster import MarketPoster
from cascade.agents.oracle_upkeep import OracleUpkeep
from cascade.agents.path_flow import PathFlow
from cascade.agents.path_poster import PathPoster
from cascade.agents.provider_exit import ProviderExit
from cascade.agents.stop_loss import StopLoss
from cascade.agents.value_buyer import ValueBuyer
from cascade.agents.whale import Whale
from cascade.chain.local import address_of
from cascade.deployment.world import World
from cascade.observation import BookEntry
from cascade.scenario.checks import accounts_of, numbered
from cascade.scenario.model import (
    AgentSpec,
    ArbitrageurSpec,
    CustomAgentSpec,
    DipBuyerSpec,
    EthenaReserveSpec,
    KeeperSpec,
    LenderExitSpec,
    MarketPosterSpec,
    PathFlowSpec,
    PathPosterSpec,
    ProviderExitSpec,
    StopLossSpec,
    ValueBuyerSpec,
    WhaleSpec,
)
from cascade.streams import stream

__all__ = ["agents_book", "call_agents"]


def call_agents(world: World) -> list[Agent]:
    """Make every agent and let it prepare on chain what it needs; those switched off prepare too, and are left out."""
    acting: list[Agent] = []
    for name, spec in world.scenario.spec.agents.items():
        members = list(_MAKERS[type(spec)](name, spec, world))
        accounts = accounts_of(name, spec) or [member.name for member in members if isinstance(member, Whale)]
        for account, member in zip(accounts, members, strict=False):
            role = spec.role if isinstance(spec, CustomAgentSpec) else member.role
            cohort = spec.cohort if isinstance(spec, WhaleSpec) else name
            address = world.enlist(account, role=role, cohort=cohort)
            world.wallets[address] = account
            world.chain.fund([address])
        for member in members:
            if hasattr(member, "prepare"):
                member.prepare(world)
        if spec.active:
            acting += members
    if world.observers:
        acting.append(OracleUpkeep())
    return acting


def agents_book(world: World) -> list[BookEntry]:
    """Positions that agents open during the crash."""
    entries = []
    for name, spec in world.scenario.spec.agents.items():
        if isinstance(spec, DipBuyerSpec):
            debt, collateral = world.venues[spec.venue].coins
            entries += [
                BookEntry(member, address_of(member), name, collateral, debt) for member in numbered(name, spec.count)
            ]
    return entries


def _numbered_with_stream(make: Callable[..., Any]) -> Callable[[str, Any, World], Iterator[Any]]:
    def members(name: str, spec: Any, world: World) -> Iterator[Any]:
        for member in numbered(name, spec.count):
            yield make(member, spec, stream(world.scenario.seed, f"agents/{member}"))

    return members


def _whales(name: str, spec: WhaleSpec, world: World) -> Iterator[Whale]:
    for member in numbered(spec.cohort, world.scenario.spec.positions[spec.cohort].count):
        yield Whale(member, spec, stream(world.scenario.seed, f"agents/{name}/{member}"))


def _stops(name: str, spec: StopLossSpec, world: World) -> Iterator[StopLoss]:
    cohort = world.scenario.spec.positions[spec.cohort]
    yield StopLoss(name, spec, cohort, stream(world.scenario.seed, f"agents/{name}"))


def _custom(name: str, spec: CustomAgentSpec, world: World) -> Iterator[Any]:
    scenario = world.scenario
    found = load_agent_class(spec.agent, folder=scenario.folder, file=scenario.file, key=f"agents.{name}.agent")
    yield found(
        name=name, parameters=spec.parameters, rng=stream(scenario.seed, f"agents/{name}"), address=address_of(name)
    )


_MAKERS: dict[type[AgentSpec], Callable[[str, Any, World], Iterator[Any]]] = {
    PathPosterSpec: lambda name, spec, _: iter([PathPoster(name, spec)]),
    MarketPosterSpec: lambda name, spec, _: iter([MarketPoster(name, spec)]),
    PathFlowSpec: lambda name, spec, _: iter([PathFlow(name, spec)]),
    ArbitrageurSpec: lambda name, spec, _: iter([Arbitrageur(name, spec)]),
    EthenaReserveSpec: lambda name, spec, world: iter([EthenaReserve(name, spec, world.scenario.spec)]),
    ProviderExitSpec: lambda name, spec, _: iter([ProviderExit(name, spec)]),
    LenderExitSpec: lambda name, spec, _: iter([LenderExit(name, spec)]),
    KeeperSpec: _numbered_with_stream(Keeper),
    DipBuyerSpec: _numbered_with_stream(DipBuyer),
    ValueBuyerSpec: _numbered_with_stream(lambda name, spec, _: ValueBuyer(name, spec)),
    WhaleSpec: _whales,
    StopLossSpec: _stops,
    CustomAgentSpec: _custom,
}
