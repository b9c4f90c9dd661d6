"""Agents on chain: what they act on, and that no two act as one."""

from __future__ import annotations

from cascade.scenario.checks.case import Case
from cascade.scenario.checks.exchange_agents import check_exchange_agent
from cascade.scenario.model import (
    AgentSpec,
    ArbitrageurSpec,
    CustomAgentSpec,
    DeskWhaleSpec,
    DipBuyerSpec,
    EthenaReserveSpec,
    FixedRateVenue,
    KeeperSpec,
    LenderExitSpec,
    MarketPosterSpec,
    ParMintVenue,
    PathFlowSpec,
    PathPosterSpec,
    ProviderExitSpec,
    StopLossSpec,
    ValueBuyerSpec,
    WhaleSpec,
)
from cascade.scenario.sources import posted_leaf

__all__ = ["check_agents"]


_HARNESS_ROLES = (
    "looper",
    "whale",
    "keeper",
    "buyer",
    "dip-buyer",
    "arbitrageur",
    "provider",
    "lender",
    "oracle",
    "exogenous",
    "deployer",
    "treasury",
    "issuer",
    "custody",
    "staker",
    "agent",
    "unknown",
    "exchange",
    "engine",
    "maker",
    "bidder",
    "retail",
    "basis-trader",
    "noise",
    "spot-seller",
    "desk-borrower",
)
"""Classes of actor that tables and figures read in a way of their own."""


def check_agents(case: Case) -> None:
    """Refuse agents that act on what is not there, or for whom another acts already."""
    posted: dict[str, str] = {}
    owned: dict[str, str] = {}
    leaving: dict[str, str] = {}
    for name, agent in case.spec.agents.items():
        key = f"agents.{name}"
        for asset in _assets_posted(case, key, agent):
            if asset in posted:
                case.refuse(key, asset, f"is posted twice: by {posted[asset]} too")
            posted[asset] = name
        if isinstance(agent, KeeperSpec):
            _keeper_exits(case, key, agent)
        elif isinstance(agent, (WhaleSpec, DeskWhaleSpec, StopLossSpec)):
            _owner(case, key, agent)
            if not isinstance(agent, StopLossSpec) and owned.setdefault(agent.cohort, name) != name:
                case.refuse(f"{key}.cohort", agent.cohort, f"is owned by {owned[agent.cohort]} already")
        elif isinstance(agent, (ValueBuyerSpec, DipBuyerSpec, ProviderExitSpec, LenderExitSpec)):
            case.amm(f"{key}.venue", agent.venue)
            if isinstance(agent, (ProviderExitSpec, LenderExitSpec)):
                _leaver(case, name, agent, leaving)
            if isinstance(agent, DipBuyerSpec):
                _dip_buyer(case, key, agent)
        elif isinstance(agent, ArbitrageurSpec):
            _arbitrageur(case, key, agent)
        elif isinstance(agent, EthenaReserveSpec):
            if case.spec.ethena is None:
                case.refuse(f"{key}.kind", agent.kind, "there is no reserve: add ethena")
            if owned.setdefault("ethena", name) != name:
                case.refuse(f"{key}.kind", agent.kind, f"the reserve is run by {owned['ethena']} already")
        elif isinstance(agent, CustomAgentSpec) and agent.role in _HARNESS_ROLES:
            case.refuse(f"{key}.role", agent.role, "is a class of the harness's own actors: choose another word")
        check_exchange_agent(case, name, agent)
        _require_path(case, agent)


def _assets_posted(case: Case, key: str, agent: AgentSpec) -> list[str]:
    if isinstance(agent, PathPosterSpec):
        for asset in agent.assets:
            if asset not in case.spec.oracle or posted_leaf(case.spec.oracle[asset]) is None:
                case.refuse(f"{key}.assets", asset, "expected an asset whose oracle is, or holds, a posted feed")
        return agent.assets
    if isinstance(agent, (MarketPosterSpec, PathFlowSpec)):
        quote = case.amm(f"{key}.venue", agent.venue, second=agent.asset).coins[0]
        if quote not in case.spec.oracle:
            case.refuse(f"{key}.venue", agent.venue, f"its quote {quote} has no price source: add oracle.{quote}")
    if isinstance(agent, MarketPosterSpec):
        # A design of the oracle comparison may do without the feed; the agent then has nothing to post.
        leaf = case.spec.oracle.get(agent.asset)
        return [agent.asset] if leaf is not None and posted_leaf(leaf) is not None else []
    return []


def _keeper_exits(case: Case, key: str, agent: KeeperSpec) -> None:
    taken: dict[str, str] = {}
    for name in agent.exits:
        case.require_venue(f"{key}.exits", name)
        venue = case.spec.venues[name]
        if isinstance(venue, ParMintVenue):
            case.refuse(f"{key}.exits", name, "a minting contract buys nothing from a keeper: name a pool")
        if venue.coins[1] in taken:
            case.refuse(f"{key}.exits", name, f"sells {venue.coins[1]}, as {taken[venue.coins[1]]} does: name one")
        taken[venue.coins[1]] = name


def _owner(case: Case, key: str, agent: WhaleSpec | DeskWhaleSpec | StopLossSpec) -> None:
    cohort = case.spec.positions.get(agent.cohort)
    if cohort is None:
        case.refuse(f"{key}.cohort", agent.cohort, f"unknown cohort; positions has {', '.join(case.spec.positions)}")
    venue = case.amm(f"{key}.venue", agent.venue, second=cohort.collateral)
    if venue.coins[0] != cohort.debt:
        case.refuse(f"{key}.venue", agent.venue, f"does not swap {cohort.collateral} to {cohort.debt}")
    if isinstance(agent, WhaleSpec) and cohort.pledge is None:
        if agent.leave_below is None:
            case.refuse(f"{key}.cohort", agent.cohort, "has no pledge: without leave_below its owners never act")
    elif isinstance(agent, WhaleSpec) and cohort.pledge is not None and cohort.pledge.line is not None:
        case.refuse(f"{key}.cohort", agent.cohort, "its pledge is the desk's, which calls it: expected a desk-whale")
    elif isinstance(agent, WhaleSpec) and cohort.pledge is not None:
        pledged = cohort.pledge.collateral
        line_bps = case.spec.lending.reserves[pledged].liquidation_threshold_bps
        if agent.warning_ltv_bps >= line_bps:
            case.refuse(
                f"{key}.warning_ltv_bps",
                agent.warning_ltv_bps,
                f"the pool liquidates {pledged} at {line_bps}: a call comes before that",
            )


def _leaver(case: Case, name: str, agent: ProviderExitSpec | LenderExitSpec, leaving: dict[str, str]) -> None:
    """One agent a pool or reserve: all speak for the same account, and would count each other's exits as theirs."""
    key, what = ("venue", agent.venue) if isinstance(agent, ProviderExitSpec) else ("asset", agent.asset)
    if isinstance(agent, LenderExitSpec):
        reserve = case.spec.lending.reserves.get(agent.asset)
        if reserve is None or not reserve.lenders_supply:
            case.refuse(f"agents.{name}.asset", what, "expected an asset of lending.reserves with lenders_supply")
    if leaving.setdefault(f"{key} {what}", name) != name:
        case.refuse(f"agents.{name}.{key}", what, f"is left by {leaving[f'{key} {what}']} already")


def _dip_buyer(case: Case, key: str, agent: DipBuyerSpec) -> None:
    venue = case.amm(f"{key}.venue", agent.venue)
    quote, asset = venue.coins
    reserve = case.spec.lending.reserves.get(asset)
    if reserve is None or agent.ltv_bps > reserve.ltv_bps:
        lent = 0 if reserve is None else reserve.ltv_bps
        case.refuse(f"{key}.ltv_bps", agent.ltv_bps, f"the pool lends {lent / 10_000:.2%} on {asset}")
    if quote not in case.spec.lending.reserves or not case.spec.lending.reserves[quote].borrowing:
        case.refuse(f"{key}.venue", agent.venue, f"{quote} cannot be borrowed")


def _arbitrageur(case: Case, key: str, agent: ArbitrageurSpec) -> None:
    pair = set(case.amm(f"{key}.venue", agent.venue).coins)
    case.require_venue(f"{key}.against", agent.against)
    other = case.spec.venues[agent.against]
    trades = {other.asset_in, other.asset_out} if isinstance(other, ParMintVenue) else set(other.coins)
    if agent.against == agent.venue or trades != pair or isinstance(other, FixedRateVenue):
        case.refuse(
            f"{key}.against",
            agent.against,
            f"expected a minting contract or another pool of {' and '.join(sorted(pair))}",
        )


def _require_path(case: Case, agent: AgentSpec) -> None:
    timeline = case.spec.timeline
    followed = agent.assets if isinstance(agent, PathPosterSpec) else []
    followed = [agent.asset] if isinstance(agent, PathFlowSpec) else followed
    case.path.require_covers(
        followed,
        start=timeline.start_timestamp,
        end=timeline.last_timestamp,
        max_gap=case.spec.prices.max_gap,
    )
