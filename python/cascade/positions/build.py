"""Build the planned positions: supply, then borrow, swap and supply again, from each owner's own account.

Amounts are read, not assumed: what a round may borrow is computed from the account at the timestamp of the very block
it lands in, because seconds of interest already count against a full LTV.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from cascade.chain.local import Contract, Transaction, address_of
from cascade.deployment.venues import whitelist
from cascade.errors import CascadeError, RevertedCall
from cascade.positions.plan import LTV_SCALE, PledgePlan, PositionPlan, borrowing_lines_bps
from cascade.scenario.accounts import pledge_account
from cascade.scenario.model import AmmVenue, ConstantProductVenue, DeskWhaleSpec, ParMintVenue, WhaleSpec
from cascade.world.venue import DeployedVenue
from cascade.world.world import MAX_UINT256, World

__all__ = ["BuildFailed", "LoopRound", "build_positions", "require_time_left", "role_of"]

_CHUNK = 100
_ACTION_GAS = 500_000
_APPROVE_GAS = 80_000
_RAY = 10**27
_POSITION_WORDS = 8
# Scaled debt is rounded up when minted and again when read: with an index above one, two units may be missing.
_UNITS_LOST_TO_ROUNDING = 2


class BuildFailed(CascadeError):
    """A position could not be built: the pool or the venue ran dry, or the market is not what the plan supposed."""


@dataclass(frozen=True)
class LoopRound:
    """One round of one position; round 0 is the first supply. Amounts in smallest units."""

    borrower: str
    cohort: str
    round: int
    block_number: int
    borrowed_raw: int
    swapped_raw: int
    supplied_raw: int
    collateral_raw: int
    """Supplied so far, interest left out."""
    debt_raw: int
    """Borrowed so far, interest left out."""


@dataclass
class _Loop:
    plan: PositionPlan
    address: str
    collateral_raw: int = 0
    debt_raw: int = 0
    rounds: list[LoopRound] = field(default_factory=list)


def build_positions(
    world: World, plans: Sequence[PositionPlan], *, progress: Callable[[int], None] = lambda _: None
) -> list[LoopRound]:
    """Build every position, some hundred accounts a block.

    Parameters
    ----------
    progress : callable
        Told how many positions have finished since the last call.

    Raises
    ------
    BuildFailed
        When a transaction reverts, for want of liquidity most of all, naming the position.
    """
    rounds: list[LoopRound] = []
    plans = [_at_desk_price(world, plan) for plan in plans]
    for cohort in dict.fromkeys(plan.cohort for plan in plans):
        _enlist_members(world, cohort, [plan for plan in plans if plan.cohort == cohort])
    world.hand_over_minting()
    before = {name: _spot_wad(world, venue) for name, venue in world.venues.items() if _loops_through(world, venue)}
    try:
        for chunk in _chunks(plans):
            rounds += _Builder(world, chunk).build()
            progress(len(chunk))
        world.chain.settle()
    except RevertedCall as error:
        venues = ", ".join(sorted({cohort.venue for cohort in world.scenario.spec.positions.values()}))
        raise BuildFailed(
            f"{world.scenario.file}: while building positions {error.what} reverted with {error.reason}: the pool, or "
            f"{venues}, may hold too little"
        ) from error
    for name, spot in before.items():
        _require_undrained(world.venues[name], spot, _spot_wad(world, world.venues[name]))
    return rounds


def role_of(world: World, cohort: str) -> str:
    """Class of actor of a cohort's members."""
    spec = world.scenario.spec
    owners = [agent for agent in spec.agents.values() if isinstance(agent, (WhaleSpec, DeskWhaleSpec))]
    owned = any(agent.cohort == cohort for agent in owners)
    return "whale" if owned or spec.positions[cohort].pledge is not None else "looper"


def _enlist_members(world: World, cohort: str, members: Sequence[PositionPlan]) -> None:
    role = role_of(world, cohort)
    addresses = [world.enlist(plan.borrower, role=role, cohort=cohort) for plan in members]
    pledges = [plan.pledge for plan in members if plan.pledge is not None]
    accounts = [
        world.enlist(pledge.account, role=role, cohort=pledge_account(cohort) if pledge.line is None else cohort)
        for pledge in pledges
    ]
    for account, pledge in zip(accounts, pledges, strict=True):
        if pledge.line is not None:
            assert world.exchange is not None
            world.exchange.enrol(account, cohort)
    world.chain.fund([*addresses, *accounts])
    whitelist(world, world.venues[world.scenario.spec.positions[cohort].venue], addresses)
    if pledges:
        amounts = ((account, pledge.pledged_raw) for account, pledge in zip(accounts, pledges, strict=True))
        world.mint(pledges[0].asset, amounts)
        return
    world.mint(
        world.scenario.spec.positions[cohort].collateral,
        ((address, plan.equity_raw) for address, plan in zip(addresses, members, strict=True)),
    )


def _at_desk_price(world: World, plan: PositionPlan) -> PositionPlan:
    """What is pledged at the desk, by the price that the desk sees now: the LTV drawn, never a unit more."""
    if plan.pledge is None or plan.pledge.line is None:
        return plan
    exchange, pledge = world.exchange, plan.pledge
    assert exchange is not None
    price_e8 = int(world.chain.call(exchange.index_feeds[plan.pledge.line], "latestAnswer"))
    if price_e8 <= 0:
        raise BuildFailed(
            f"{world.scenario.file}: exchange.books.{pledge.line} has no price when positions are built: some "
            "agent must quote both sides of it before"
        )
    book = exchange.books[plan.pledge.line]
    value_raw = -(-pledge.debt_raw * LTV_SCALE // pledge.ltv_ppm)
    pledged_raw = -(-value_raw * book.base_unit * 10**8 // (price_e8 * book.cash_unit))
    return replace(plan, pledge=replace(pledge, pledged_raw=pledged_raw))


def require_time_left(world: World) -> None:
    """Refuse a set-up whose blocks, one a second, reach into the crash phase.

    Raises
    ------
    BuildFailed
        Naming `timeline.build_seconds`.
    """
    spec = world.scenario.spec
    if world.chain.timestamp + 1 >= spec.first_crash_timestamp:
        raise BuildFailed(
            f"{world.scenario.file}: timeline.build_seconds = {spec.timeline.build_seconds}: setting up and building "
            "need more blocks than that, one per second"
        )


def _loops_through(world: World, venue: DeployedVenue) -> bool:
    used = {cohort.venue for cohort in world.scenario.spec.positions.values()}
    return venue.name in used and isinstance(venue.spec, AmmVenue)


def _spot_wad(world: World, venue: DeployedVenue) -> int:
    if isinstance(venue.spec, ConstantProductVenue):
        token = world.tokens[venue.coins[1]].address
        return int(world.chain.call(world.lens, "constantProductSpotPriceWad", venue.contract.address, token))
    return int(world.chain.call(venue.contract, "get_p", 0))


def _require_undrained(venue: DeployedVenue, before_wad: int, after_wad: int) -> None:
    assert isinstance(venue.spec, AmmVenue)
    drift_bps = abs(after_wad - before_wad) * 10_000 // before_wad
    if drift_bps > venue.spec.max_build_drift_bps:
        raise BuildFailed(
            f"venues.{venue.name}: the loops moved its price from {before_wad / 1e18:.4f} to {after_wad / 1e18:.4f}, "
            f"more than max_build_drift_bps {venue.spec.max_build_drift_bps}: deepen the pool, or let the loops mint"
        )


def _chunks(plans: Sequence[PositionPlan]) -> Iterator[Sequence[PositionPlan]]:
    start = 0
    while start < len(plans):
        end = start
        while end < len(plans) and end - start < _CHUNK and plans[end].cohort == plans[start].cohort:
            end += 1
        yield plans[start:end]
        start = end


class _Builder:
    """Some positions of one cohort, taken through their rounds together."""

    def __init__(self, world: World, plans: Sequence[PositionPlan]) -> None:
        self.world = world
        self.cohort = world.scenario.spec.positions[plans[0].cohort]
        self.collateral, self.debt = world.tokens[self.cohort.collateral], world.tokens[self.cohort.debt]
        self.venue = world.venues[self.cohort.venue]
        self.ltv_bps, _ = borrowing_lines_bps(world.scenario.spec, self.cohort)
        staked = world.scenario.spec.assets[self.cohort.collateral].stakes
        mints = isinstance(self.venue.spec, ParMintVenue)
        self.staked = world.tokens[staked] if staked is not None and mints else None
        """What the venue pays where that is staked to become the collateral."""
        self.debt_unit = 10 ** world.scenario.spec.assets[self.cohort.debt].decimals
        by_name = {actor.name: address for address, actor in world.actors.items()}
        self.loops = [_Loop(plan, by_name[plan.borrower]) for plan in plans]

    def build(self) -> list[LoopRound]:
        pool = self.world.pool
        self._send("approve", self.collateral, lambda _: ("approve", pool.address, MAX_UINT256), gas=_APPROVE_GAS)
        self._send(
            "approve", self.debt, lambda _: ("approve", self.venue.spender.address, MAX_UINT256), gas=_APPROVE_GAS
        )
        if self.staked is not None:
            vault = self.collateral.address
            self._send("approve", self.staked, lambda _: ("approve", vault, MAX_UINT256), gas=_APPROVE_GAS)
        if self.cohort.emode:
            self._send("enter-emode", pool, lambda _: ("setUserEMode", self.cohort.emode))
        equities = self._borrow_equity() if self.cohort.pledge is not None else [p.plan.equity_raw for p in self.loops]
        self._supply(equities, [0] * len(self.loops), number=0)
        for number in range(1, self.cohort.rounds + 1):
            borrowed = self._borrow()
            self._swap(borrowed)
            received = self._balances(self.collateral)
            self._supply(received, borrowed, number=number)
        return [entry for loop in self.loops for entry in loop.rounds]

    def _borrow_equity(self) -> list[int]:
        """Pledge, borrow, and mint what was borrowed to collateral: the first layer."""
        pledges = [loop.plan.pledge for loop in self.loops if loop.plan.pledge is not None]
        if pledges[0].line is None:
            self._borrow_of_pool(pledges)
        else:
            self._borrow_of_desk(pledges, pledges[0].line)
        self._swap([pledge.debt_raw for pledge in pledges])
        return self._balances(self.collateral)

    def _borrow_of_desk(self, pledges: Sequence[PledgePlan], line: str) -> None:
        """Pay the pledge into the exchange, borrow, and take the stables out."""
        exchange, asset = self.world.exchange, self.world.tokens[pledges[0].asset]
        assert exchange is not None
        assert exchange.desk is not None
        vault, number = exchange.vault, exchange.lines[line]
        pledged, lent = [pledge.pledged_raw for pledge in pledges], [pledge.debt_raw for pledge in pledges]
        owed = dict(zip((pledge.account for pledge in pledges), lent, strict=True))
        self._send("approve", asset, lambda _: ("approve", vault.address, MAX_UINT256), gas=_APPROVE_GAS)
        self._send_amounts("deposit", vault, pledged, lambda loop, raw: ("deposit", asset.address, raw, loop.address))
        self._send_amounts(
            "borrow", exchange.desk, pledged, lambda loop, raw: ("borrow", number, raw, owed[loop.plan.borrower])
        )
        self._send_amounts("withdraw", vault, lent, lambda _, raw: ("withdraw", self.debt.address, raw))

    def _borrow_of_pool(self, pledges: Sequence[PledgePlan]) -> None:
        """Supply the pledge from its account, borrow, and hand the stables to the loop's."""
        world, pool = self.world, self.world.pool
        asset, debt = world.tokens[pledges[0].asset], self.debt.address
        accounts = {pledge.account: address_of(pledge.account) for pledge in pledges}
        for intent, contract, call in (
            ("approve", asset, lambda _pledge, _account: ("approve", pool.address, MAX_UINT256)),
            ("pledge", pool, lambda p, a: ("supply", asset.address, p.pledged_raw, a, 0)),
            ("borrow", pool, lambda p, a: ("borrow", debt, p.debt_raw, 2, 0, a)),
        ):
            self._mine(
                [
                    Transaction(
                        accounts[pledge.account],
                        contract.address,
                        contract.encode(*_named(call(pledge, accounts[pledge.account]))),
                        _ACTION_GAS,
                        intent=intent,
                    )
                    for pledge in pledges
                ]
            )
        self._mine(
            [
                Transaction(
                    accounts[pledge.account],
                    debt,
                    self.debt.encode("transfer", loop.address, pledge.debt_raw),
                    _ACTION_GAS,
                    intent="transfer",
                )
                for loop, pledge in zip(self.loops, pledges, strict=True)
            ]
        )

    def _borrow(self) -> list[int]:
        world, timestamp = self.world, self.world.chain.timestamp + 1
        addresses = [loop.address for loop in self.loops]
        words = world.chain.call_in_chunks(
            world.lens,
            "positions",
            world.pool.address,
            self.collateral.address,
            self.debt.address,
            each=addresses,
            timestamp=timestamp,
        )
        price_e8 = world.chain.call(world.oracle, "getAssetPrice", self.debt.address)
        index_ray = world.chain.call(
            world.pool, "getReserveNormalizedVariableDebt", self.debt.address, timestamp=timestamp
        )
        spare = _UNITS_LOST_TO_ROUNDING if index_ray > _RAY else 0
        amounts = []
        for i, loop in enumerate(self.loops):
            collateral_e8, debt_e8 = words[i * _POSITION_WORDS + 2], words[i * _POSITION_WORDS + 3]
            wanted_e8 = collateral_e8 * loop.plan.ltv_ppm // LTV_SCALE - debt_e8
            allowed_e8 = collateral_e8 * self.ltv_bps // 10_000 - debt_e8
            wanted, allowed = (e8 * self.debt_unit // price_e8 for e8 in (wanted_e8, allowed_e8))
            amounts.append(max(min(wanted, allowed - spare), 0))
        self._send_amounts(
            "borrow", world.pool, amounts, lambda loop, raw: ("borrow", self.debt.address, raw, 2, 0, loop.address)
        )
        return amounts

    def _swap(self, amounts: Sequence[int]) -> None:
        transactions = []
        for loop, amount in zip(self.loops, amounts, strict=True):
            if amount:
                swap = self.venue.swap(asset_in=self.cohort.debt, amount_raw=amount, receiver=loop.address)
                data = swap.contract.encode(swap.function, *swap.arguments)
                transactions.append(Transaction(loop.address, swap.contract.address, data, _ACTION_GAS, intent="swap"))
        self._mine(transactions)
        if self.staked is not None:
            self._send_amounts(
                "stake",
                self.collateral,
                self._balances(self.staked),
                lambda loop, raw: ("deposit", raw, loop.address),
            )

    def _supply(self, amounts: Sequence[int], borrowed: Sequence[int], *, number: int) -> None:
        asset = self.collateral.address
        self._send_amounts(
            "supply", self.world.pool, amounts, lambda loop, raw: ("supply", asset, raw, loop.address, 0)
        )
        for loop, supplied, debt in zip(self.loops, amounts, borrowed, strict=True):
            loop.collateral_raw += supplied
            loop.debt_raw += debt
            loop.rounds.append(
                LoopRound(
                    borrower=loop.plan.borrower,
                    cohort=loop.plan.cohort,
                    round=number,
                    block_number=self.world.chain.block_number,
                    borrowed_raw=debt,
                    swapped_raw=supplied if number else 0,
                    supplied_raw=supplied,
                    collateral_raw=loop.collateral_raw,
                    debt_raw=loop.debt_raw,
                )
            )

    def _balances(self, token: Contract) -> list[int]:
        addresses = [loop.address for loop in self.loops]
        return self.world.chain.call_in_chunks(self.world.lens, "balances", [token.address], each=addresses)

    def _send(
        self, intent: str, contract: Contract, call: Callable[[_Loop], tuple[object, ...]], *, gas: int = _ACTION_GAS
    ) -> None:
        self._mine(
            [
                Transaction(loop.address, contract.address, contract.encode(*_named(call(loop))), gas, intent=intent)
                for loop in self.loops
            ]
        )

    def _send_amounts(
        self,
        intent: str,
        contract: Contract,
        amounts: Sequence[int],
        call: Callable[[_Loop, int], tuple[object, ...]],
    ) -> None:
        self._mine(
            [
                Transaction(
                    loop.address,
                    contract.address,
                    contract.encode(*_named(call(loop, raw))),
                    _ACTION_GAS,
                    intent=intent,
                )
                for loop, raw in zip(self.loops, amounts, strict=True)
                if raw
            ]
        )

    def _mine(self, transactions: Sequence[Transaction]) -> None:
        if not transactions:
            return
        chain = self.world.chain
        require_time_left(self.world)
        chain.submit(transactions, timestamp=chain.timestamp + 1)


def _named(call: tuple[object, ...]) -> tuple[str, *tuple[object, ...]]:
    function, *arguments = call
    return (str(function), *arguments)
