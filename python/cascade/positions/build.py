"""Build the planned positions by their owners' own transactions, and check that the market survived it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from cascade.deployment.venues import whitelist
from cascade.errors import RevertedCall
from cascade.positions.loops import BuildFailed, LoopBuilder, LoopRound, require_time_left
from cascade.positions.plan import LTV_SCALE, DeskPledge, PositionPlan
from cascade.scenario.accounts import pledge_account
from cascade.scenario.model import AmmVenue
from cascade.units import BPS, E8, WAD
from cascade.vocabulary import Role
from cascade.world.world import World

__all__ = ["BuildFailed", "LoopRound", "build_positions", "require_time_left", "role_of"]

_CHUNK = 100
"""Accounts that act in one block: the node keeps batches up to this size in order."""


def build_positions(
    world: World, plans: Sequence[PositionPlan], *, progress: Callable[[int], None] = lambda _: None
) -> list[LoopRound]:
    """Build every position, up to a hundred accounts per block.

    Parameters
    ----------
    progress : callable
        Called with the number of positions that finished since the last call.

    Raises
    ------
    BuildFailed
        When a transaction reverts, most likely for lack of liquidity, or when the loops moved a pool's price by more
        than the scenario allows.
    """
    rounds: list[LoopRound] = []
    plans = [_at_desk_price(world, plan) for plan in plans]
    for cohort in dict.fromkeys(plan.cohort for plan in plans):
        _enlist_members(world, cohort, [plan for plan in plans if plan.cohort == cohort])
    # From here on USDe is minted by its minting contract alone: every loop pays for what it mints.
    world.hand_over_minting()
    used = {cohort.venue for cohort in world.scenario.spec.cohorts.values()}
    pools = {
        name: spec for name, spec in world.scenario.spec.venues.items() if name in used and isinstance(spec, AmmVenue)
    }
    before = {name: world.venues[name].spot_price_wad(world.chain, world.lens) for name in pools}
    try:
        for chunk in _chunks(plans):
            rounds += LoopBuilder(world, chunk).build()
            progress(len(chunk))
        world.chain.settle()
    except RevertedCall as error:
        likely = f"the pool, or {', '.join(sorted(used))}, may hold too little"
        if error.reason.startswith("PriceNotAvailable"):
            likely = "the oracle refuses a price while positions are built, as where max_age_seconds is shorter"
        raise BuildFailed(
            f"{world.scenario.file}: while building positions {error.what} reverted with {error.reason}: {likely}"
        ) from error
    for name, pool in pools.items():
        _require_undrained(name, pool, before[name], world.venues[name].spot_price_wad(world.chain, world.lens))
    return rounds


def role_of(world: World, cohort: str) -> Role:
    """Return the class of actor of a cohort's members: whales where an agent owns them or their equity is borrowed."""
    spec = world.scenario.spec
    is_owned = any(agent.owned_cohort == cohort for agent in spec.agents.values())
    return Role.WHALE if is_owned or spec.cohorts[cohort].pledge is not None else Role.LOOPER


def _enlist_members(world: World, cohort: str, members: Sequence[PositionPlan]) -> None:
    """Give the borrowers of a cohort their addresses, ether, and the tokens that they start from."""
    spec, role = world.scenario.spec.cohorts[cohort], role_of(world, cohort)
    addresses = [world.enlist(plan.borrower, role=role, cohort=cohort) for plan in members]
    pledges = []
    for pledge in (plan.pledge for plan in members if plan.pledge is not None):
        at_desk = isinstance(pledge, DeskPledge)
        # At the desk the loop's own account pledges, and belongs to the cohort already.
        account = world.enlist(pledge.account, role=role, cohort=cohort if at_desk else pledge_account(cohort))
        if at_desk:
            world.require_exchange().enrol(account, cohort)
        pledges.append((account, pledge))
    world.chain.fund([*addresses, *(account for account, _ in pledges)])
    whitelist(world, world.venues[spec.venue], addresses)
    if spec.pledge is not None:
        world.mint(spec.pledge.collateral, ((account, pledge.pledged_raw) for account, pledge in pledges))
    else:
        world.mint(
            spec.collateral, ((address, plan.equity_raw) for address, plan in zip(addresses, members, strict=True))
        )


def _at_desk_price(world: World, plan: PositionPlan) -> PositionPlan:
    """Return the plan with its pledge at the desk revalued at the desk's own price, so that the LTV is as drawn."""
    pledge = plan.pledge
    if not isinstance(pledge, DeskPledge):
        return plan
    exchange = world.require_exchange()
    price_e8 = int(world.chain.call(exchange.index_feeds[pledge.line], "latestAnswer"))
    if price_e8 <= 0:
        raise BuildFailed(
            f"{world.scenario.file}: exchange.books.{pledge.line} has no price when positions are built: some "
            "agent must quote both sides of it before"
        )
    book = exchange.books[pledge.line]
    # Both divisions round up: one unit less would put the LTV above the one drawn, and perhaps above what is lent.
    value_raw = -(-pledge.debt_raw * LTV_SCALE // pledge.ltv_ppm)
    pledged_raw = -(-value_raw * book.base_unit * E8 // (price_e8 * book.cash_unit))
    return replace(plan, pledge=replace(pledge, pledged_raw=pledged_raw))


def _require_undrained(name: str, pool: AmmVenue, before_wad: int, after_wad: int) -> None:
    """Refuse positions whose loops moved the price of a pool too far."""
    drift_bps = abs(after_wad - before_wad) * BPS // before_wad
    if drift_bps > pool.max_build_drift_bps:
        raise BuildFailed(
            f"venues.{name}: the loops moved its price from {before_wad / WAD:.4f} to {after_wad / WAD:.4f}, "
            f"more than max_build_drift_bps {pool.max_build_drift_bps}: deepen the pool, or let the loops mint"
        )


def _chunks(plans: Sequence[PositionPlan]) -> Iterator[Sequence[PositionPlan]]:
    """Yield runs of plans of one cohort, none longer than a block takes."""
    start = 0
    while start < len(plans):
        end = start
        while end < len(plans) and end - start < _CHUNK and plans[end].cohort == plans[start].cohort:
            end += 1
        yield plans[start:end]
        start = end
