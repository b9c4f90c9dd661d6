"""The agents of a scenario, in its order, each with its account, its contracts and its random stream."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, repeat
from typing import Any

from cascade.agents.arbitrageur import Arbitrageur
from cascade.agents.basis_trader import BasisTrader
from cascade.agents.bidder import Bidder
from cascade.agents.custom import OwnAgent, make_own_agent
from cascade.agents.desk_borrower import DeskBorrower
from cascade.agents.desk_whale import DeskWhale
from cascade.agents.dip_buyer import DipBuyer
from cascade.agents.ethena_reserve import EthenaReserve
from cascade.agents.exchange_arbitrageur import ExchangeArbitrageur
from cascade.agents.exchange_keeper import ExchangeKeeper
from cascade.agents.holder_exit import HolderExit
from cascade.agents.interface import Agent
from cascade.agents.keeper import Keeper
from cascade.agents.lender_exit import LenderExit
from cascade.agents.market_maker import MarketMaker
from cascade.agents.market_poster import MarketPoster
from cascade.agents.noise_traders import NoiseTraders
from cascade.agents.oracle_upkeep import OracleUpkeep
from cascade.agents.path_flow import PathFlow
from cascade.agents.path_poster import PathPoster
from cascade.agents.perp_traders import PerpTraders
from cascade.agents.provider_exit import ProviderExit
from cascade.agents.stop_loss import StopLoss
from cascade.agents.transfers_gate import TransfersGate
from cascade.agents.value_buyer import ValueBuyer
from cascade.agents.whale import Whale
from cascade.chain.local import address_of
from cascade.errors import AgentFailed
from cascade.observation import BookEntry
from cascade.scenario.accounts import accounts_of, numbered
from cascade.scenario.model import (
    AgentSpec,
    ArbitrageurSpec,
    BasisTraderSpec,
    BidderSpec,
    CustomAgentSpec,
    DeskBorrowerSpec,
    DeskWhaleSpec,
    DipBuyerSpec,
    EthenaReserveSpec,
    ExchangeArbitrageurSpec,
    ExchangeKeeperSpec,
    HolderExitSpec,
    KeeperSpec,
    LenderExitSpec,
    MarketMakerSpec,
    MarketPosterSpec,
    NoiseTraderSpec,
    PathFlowSpec,
    PathPosterSpec,
    PerpTraderSpec,
    ProviderExitSpec,
    StopLossSpec,
    ValueBuyerSpec,
    WhaleSpec,
)
from cascade.scenario.streams import stream
from cascade.world.world import World

__all__ = ["agents_book", "call_agents"]

_STAGES = ("prepare", "open", "hedge")
"""Methods by which an agent makes itself ready on chain, all agents' first ones first: accounts, deposits and quotes;
then loans and positions, which need a price; then what covers the positions that others opened."""


def call_agents(world: World, own: Mapping[str, OwnAgent]) -> list[Agent]:
    """Make every agent and let it prepare on chain what it needs; those switched off prepare too, and are left out.

    Parameters
    ----------
    own : mapping of str to OwnAgent
        Classes of the scenario's own agents, by entry.

    Raises
    ------
    AgentFailed
        When one of the scenario's own agents raises.
    """
    acting: list[Agent] = []
    entries: list[tuple[AgentSpec, list[Any]]] = []
    for name, spec in world.scenario.spec.agents.items():
        if isinstance(spec, CustomAgentSpec):
            members = [make_own_agent(name, spec, own, seed=world.scenario.seed)]
        else:
            members = list(_MAKERS[type(spec)](name, spec, world))
        owners = [member.name for member in members if isinstance(member, (Whale, DeskWhale))]
        accounts = accounts_of(name, spec) or owners
        # One agent may speak for all accounts of its entry.
        for account, member in zip(accounts, chain(members, repeat(members[-1])), strict=False):
            role = spec.role if isinstance(spec, CustomAgentSpec) else member.role
            cohort = spec.cohort if isinstance(spec, (WhaleSpec, DeskWhaleSpec)) else name
            address = world.enlist(account, role=role, cohort=cohort)
            world.wallets[address] = account
            world.chain.fund([address])
        entries.append((spec, members))
        if spec.active:
            acting += members
    for stage in _STAGES:
        for spec, members in entries:
            for member in members:
                # Of one's own agents `prepare` alone is asked for (docs/AGENTS.md).
                if hasattr(member, stage) and (stage == "prepare" or not isinstance(spec, CustomAgentSpec)):
                    _prepare(member, stage, world, is_own=isinstance(spec, CustomAgentSpec))
    if world.observers:
        acting.append(OracleUpkeep())
    if world.exchange is not None and world.exchange.spec.transfers is not None:
        acting.append(TransfersGate())
    return acting


def _prepare(member: Any, stage: str, world: World, *, is_own: bool) -> None:
    try:
        getattr(member, stage)(world)
    except (Exception, SystemExit) as error:
        if not is_own:
            raise
        raise AgentFailed(agent=member.name, doing="while preparing", seed=world.scenario.seed, error=error) from error


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


def _desk_whales(name: str, spec: DeskWhaleSpec, world: World) -> Iterator[DeskWhale]:
    for member in numbered(spec.cohort, world.scenario.spec.positions[spec.cohort].count):
        yield DeskWhale(member, spec, stream(world.scenario.seed, f"agents/{name}/{member}"))


def _stops(name: str, spec: StopLossSpec, world: World) -> Iterator[StopLoss]:
    cohort = world.scenario.spec.positions[spec.cohort]
    yield StopLoss(name, spec, cohort, stream(world.scenario.seed, f"agents/{name}"))


def _each(make: Callable[..., Any]) -> Callable[[str, Any, World], Iterator[Any]]:
    return lambda name, spec, _: (make(member, spec) for member in numbered(name, spec.count))


def _noise(name: str, spec: NoiseTraderSpec, world: World) -> Iterator[NoiseTraders]:
    streams = [stream(world.scenario.seed, f"agents/{member}") for member in numbered(name, spec.count)]
    yield NoiseTraders(name, spec, streams)


_MAKERS: dict[type[AgentSpec], Callable[[str, Any, World], Iterator[Any]]] = {
    PathPosterSpec: lambda name, spec, _: iter([PathPoster(name, spec)]),
    MarketPosterSpec: lambda name, spec, _: iter([MarketPoster(name, spec)]),
    PathFlowSpec: lambda name, spec, _: iter([PathFlow(name, spec)]),
    ArbitrageurSpec: lambda name, spec, _: iter([Arbitrageur(name, spec)]),
    EthenaReserveSpec: lambda name, spec, world: iter([EthenaReserve(name, spec, world.scenario.spec)]),
    ProviderExitSpec: lambda name, spec, _: iter([ProviderExit(name, spec)]),
    LenderExitSpec: lambda name, spec, _: iter([LenderExit(name, spec)]),
    KeeperSpec: _numbered_with_stream(Keeper),
    DeskBorrowerSpec: _numbered_with_stream(DeskBorrower),
    HolderExitSpec: _numbered_with_stream(HolderExit),
    DipBuyerSpec: _numbered_with_stream(DipBuyer),
    ValueBuyerSpec: _numbered_with_stream(lambda name, spec, _: ValueBuyer(name, spec)),
    WhaleSpec: _whales,
    DeskWhaleSpec: _desk_whales,
    StopLossSpec: _stops,
    MarketMakerSpec: _each(MarketMaker),
    BidderSpec: _each(Bidder),
    BasisTraderSpec: _each(BasisTrader),
    PerpTraderSpec: lambda name, spec, world: iter(
        [PerpTraders(name, spec, stream(world.scenario.seed, f"agents/{name}"))]
    ),
    NoiseTraderSpec: _noise,
    ExchangeArbitrageurSpec: lambda name, spec, _: iter([ExchangeArbitrageur(name, spec)]),
    ExchangeKeeperSpec: lambda name, spec, _: iter([ExchangeKeeper(name, spec)]),
}
