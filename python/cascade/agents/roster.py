"""Make the agents of a scenario, in its order, each with its account, its contracts and its random stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import TypeVar

import numpy as np

from cascade.agents.arbitrageur import Arbitrageur
from cascade.agents.basis_trader import BasisTrader
from cascade.agents.bidder import Bidder
from cascade.agents.custom import OwnAgent, make_own_agent
from cascade.agents.desk_borrower import DeskBorrower
from cascade.agents.desk_whale import DeskWhale
from cascade.agents.dip_buyer import DipBuyer
from cascade.agents.ethena_reserve import EthenaReserve
from cascade.agents.events import Events
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
from cascade.errors import AgentFailed, RevertedCall
from cascade.observation import BookEntry
from cascade.scenario.accounts import accounts_of
from cascade.scenario.members import members_of
from cascade.scenario.model import (
    AgentBase,
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
    amount_of,
)
from cascade.scenario.streams import stream
from cascade.world.world import World

__all__ = ["MAKERS", "agents_book", "call_agents"]

_STAGES = ("prepare", "open", "hedge")
"""Methods by which an agent makes itself ready on chain; a stage begins once all agents have finished the one before.

`prepare` opens accounts, pays in deposits and quotes; `open` takes loans and positions, which need a price; `hedge`
covers the positions that others opened.
"""

Kind = TypeVar("Kind", bound=AgentBase)
Make = Callable[[str, Kind, World], Iterable[Agent]]
"""Makes the members of an entry from its name, its parameters and the world."""


def call_agents(world: World, own: Mapping[str, OwnAgent]) -> list[Agent]:
    """Make every agent and let it prepare on chain what it needs; return those that act.

    Inactive agents are made and prepared too, so that switching one off changes nothing else.

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
    entries: list[tuple[AgentBase, list[Agent]]] = []
    for name, spec in world.scenario.spec.agents.items():
        if isinstance(spec, CustomAgentSpec):
            members: list[Agent] = [make_own_agent(name, spec, own, seed=world.scenario.seed)]
        else:
            members = MAKERS[type(spec)](name, spec, world)
        for account in accounts_of(name, spec, world.scenario.spec):
            address = world.enlist(account, role=spec.actor_class, cohort=spec.owned_cohort or name)
            world.chain.fund([address])
        entries.append((spec, members))
        if spec.active:
            acting += members
    # Stage by stage and not agent by agent: a trader can open a perpetual only once everyone who quotes has quoted.
    for stage in _STAGES:
        for entry, members in entries:
            is_own = isinstance(entry, CustomAgentSpec)
            # A user's agent is asked for `prepare` alone (docs/AGENTS.md): its `open` may mean something else.
            if stage == "prepare" or not is_own:
                for member in members:
                    _make_ready(member, stage, world, is_own=is_own)
    # Upkeep and the gate are the harness's own: they act whenever there is something for them to do.
    if world.observers:
        acting.append(OracleUpkeep())
    if world.exchange is not None and world.exchange.spec.transfers is not None:
        acting.append(TransfersGate())
    if world.scenario.spec.events:
        events = Events(world.scenario.spec.events, world.scenario.spec.timeline)
        events.prepare(world)
        acting.append(events)
    return acting


def _make_ready(member: Agent, stage: str, world: World, *, is_own: bool) -> None:
    try:
        if hasattr(member, stage):
            getattr(member, stage)(world)
    except (Exception, SystemExit) as error:
        # What a built-in agent refuses by itself is in its own words; a revert has only the contract's.
        if not is_own and not isinstance(error, RevertedCall):
            raise
        doing = "while preparing" if stage == "prepare" else "while opening its account"
        raise AgentFailed(agent=member.name, doing=doing, seed=world.scenario.seed, error=error) from error


def agents_book(world: World) -> list[BookEntry]:
    """Return the positions that agents open during the crash."""
    spec = world.scenario.spec
    entries = []
    for name, agent in spec.agents.items():
        opened = agent.opened_position(spec)
        if opened is not None:
            collateral, debt = opened
            members = agent.account_names(name)
            entries += [BookEntry(member, address_of(member), name, collateral, debt) for member in members]
    return entries


def _one(make: Callable[[str, Kind], Agent]) -> Make[Kind]:
    """Make one agent, which acts for every account of its entry."""
    return lambda name, spec, _: [make(name, spec)]


def _each(make: Callable[[str, Kind], Agent]) -> Make[Kind]:
    """Make one agent per account, with the figures that are drawn for it."""
    return lambda name, spec, world: [make(member, own) for member, own in _members(name, spec, world)]


def _members(name: str, spec: Kind, world: World) -> list[tuple[str, Kind]]:
    return members_of(name, spec, world.scenario.spec, seed=world.scenario.seed)


def _bidders(name: str, spec: BidderSpec, world: World) -> Iterator[Agent]:
    members = _members(name, spec, world)
    weights = [Fraction(amount_of(own.weight)) for _, own in members]
    for (member, own), weight in zip(members, weights, strict=True):
        yield Bidder(member, own, weight / sum(weights))


def _each_with_stream(make: Callable[[str, Kind, np.random.Generator], Agent]) -> Make[Kind]:
    """Make one agent per account, with a random stream of the account's name."""

    def members(name: str, spec: Kind, world: World) -> Iterator[Agent]:
        for member in accounts_of(name, spec, world.scenario.spec):
            yield make(member, spec, stream(world.scenario.seed, f"agents/{member}"))

    return members


def _owners(make: Callable[[str, Kind, np.random.Generator], Agent]) -> Make[Kind]:
    """Make one agent per position of the cohort that it owns; the entry's name distinguishes its stream."""

    def members(name: str, spec: Kind, world: World) -> Iterator[Agent]:
        for member in accounts_of(name, spec, world.scenario.spec):
            yield make(member, spec, stream(world.scenario.seed, f"agents/{name}/{member}"))

    return members


def _stop_losses(name: str, spec: StopLossSpec, world: World) -> Iterator[Agent]:
    cohort = world.scenario.spec.cohorts[spec.cohort]
    members = [own for _, own in _members(name, spec, world)]
    yield StopLoss(name, spec, cohort, world.scenario.seed, members)


def _perp_traders(name: str, spec: PerpTraderSpec, world: World) -> Iterator[Agent]:
    yield PerpTraders(name, spec, world.scenario.seed, [own for _, own in _members(name, spec, world)])


def _keepers(name: str, spec: KeeperSpec, world: World) -> Iterator[Agent]:
    for member in accounts_of(name, spec, world.scenario.spec):
        yield Keeper(member, spec, world.scenario.seed)


def _noise_traders(name: str, spec: NoiseTraderSpec, world: World) -> Iterator[Agent]:
    streams = [stream(world.scenario.seed, f"agents/{member}") for member in spec.account_names(name)]
    yield NoiseTraders(name, spec, streams, [own for _, own in _members(name, spec, world)])


def _reserve(name: str, spec: EthenaReserveSpec, world: World) -> Iterator[Agent]:
    yield EthenaReserve(name, spec, world.scenario.spec)


def _kind(spec: type[Kind], make: Make[Kind]) -> tuple[type[AgentBase], Callable[[str, AgentBase, World], list[Agent]]]:
    """Join a class of parameters to what makes its agents, and check at run time what the types say."""

    def members(name: str, entry: AgentBase, world: World) -> list[Agent]:
        if not isinstance(entry, spec):
            raise TypeError(f"agents.{name} is a {type(entry).__name__}, expected a {spec.__name__}")
        return list(make(name, entry, world))

    return spec, members


MAKERS = dict(
    [
        _kind(PathPosterSpec, _one(PathPoster)),
        _kind(MarketPosterSpec, _one(MarketPoster)),
        _kind(PathFlowSpec, _one(PathFlow)),
        _kind(ArbitrageurSpec, _one(Arbitrageur)),
        _kind(EthenaReserveSpec, _reserve),
        _kind(ProviderExitSpec, _one(ProviderExit)),
        _kind(LenderExitSpec, _one(LenderExit)),
        _kind(KeeperSpec, _keepers),
        _kind(DeskBorrowerSpec, _each_with_stream(DeskBorrower)),
        _kind(HolderExitSpec, _each_with_stream(HolderExit)),
        _kind(DipBuyerSpec, _each_with_stream(DipBuyer)),
        _kind(ValueBuyerSpec, _each(ValueBuyer)),
        _kind(WhaleSpec, _owners(Whale)),
        _kind(DeskWhaleSpec, _owners(DeskWhale)),
        _kind(StopLossSpec, _stop_losses),
        _kind(MarketMakerSpec, _each(MarketMaker)),
        _kind(BidderSpec, _bidders),
        _kind(BasisTraderSpec, _each(BasisTrader)),
        _kind(PerpTraderSpec, _perp_traders),
        _kind(NoiseTraderSpec, _noise_traders),
        _kind(ExchangeArbitrageurSpec, _one(ExchangeArbitrageur)),
        _kind(ExchangeKeeperSpec, _one(ExchangeKeeper)),
    ]
)
"""Makers of agents by class of parameters: the one place that joins a kind to its agents."""
