"""Take planned positions through their rounds: supply, then borrow, swap and supply again, from each owner's account.

Amounts are read, not assumed: the amount that a round may borrow is computed from the account at the timestamp of the
very block that the borrowing lands in, because seconds of interest already count against a full LTV.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from cascade.chain.local import Contract, Transaction, address_of
from cascade.errors import CascadeError
from cascade.positions.plan import LTV_SCALE, DeskPledge, PoolPledge, PositionPlan, borrowing_lines_bps
from cascade.units import BPS
from cascade.vocabulary import Intent
from cascade.world.world import MAX_UINT256, World

__all__ = ["BuildFailed", "LoopBuilder", "LoopRound", "require_time_left"]

_ACTION_GAS = 500_000
_APPROVE_GAS = 80_000
_RAY = 10**27
_POSITION_WORDS = 8
_VARIABLE_RATE = 2
"""Aave's number of the variable interest rate mode."""

# Scaled debt is rounded up when minted and again when read: with an index above one, two units may be missing.
_UNITS_LOST_TO_ROUNDING = 2

_Call = tuple[str, tuple[object, ...]]
"""Function and arguments."""


class BuildFailed(CascadeError):
    """Raised when a position cannot be built: the pool or a venue ran dry, or the market is not what was planned."""


@dataclass(frozen=True)
class LoopRound:
    """One round of one position; round 0 is the first supply. Amounts are in smallest units."""

    borrower: str
    cohort: str
    round: int
    block_number: int
    borrowed_raw: int
    swapped_raw: int
    supplied_raw: int
    collateral_raw: int
    """Supplied so far, without interest."""
    debt_raw: int
    """Borrowed so far, without interest."""


@dataclass
class _Loop:
    """A position under construction."""

    plan: PositionPlan
    address: str
    collateral_raw: int = 0
    debt_raw: int = 0
    rounds: list[LoopRound] = field(default_factory=list)


def require_time_left(world: World) -> None:
    """Refuse a set-up whose blocks, one per second, reach into the crash phase.

    Raises
    ------
    BuildFailed
        Naming `timeline.build_seconds`.
    """
    spec = world.scenario.spec
    # A chain with a time of its own reaches the crash when the harness does.
    if not world.chain.keeps_own_time and world.chain.timestamp + 1 >= spec.first_crash_timestamp:
        raise BuildFailed(
            f"{world.scenario.file}: timeline.build_seconds = {spec.timeline.build_seconds}: setting up and building "
            "need more blocks than that, one per second"
        )


class LoopBuilder:
    """Builds some positions of one cohort, round by round, all of them in the same blocks.

    Parameters
    ----------
    world : World
        Deployed, with the borrowers enlisted and funded.
    plans : sequence of PositionPlan
        Positions of one cohort.
    """

    def __init__(self, world: World, plans: Sequence[PositionPlan]) -> None:
        self.world = world
        self.cohort = world.scenario.spec.cohorts[plans[0].cohort]
        self.collateral, self.debt = world.tokens[self.cohort.collateral], world.tokens[self.cohort.debt]
        self.venue = world.venues[self.cohort.venue]
        self.ltv_bps, _ = borrowing_lines_bps(world.scenario.spec, self.cohort)
        staked = world.scenario.spec.assets[self.cohort.collateral].stakes
        self.staked = world.tokens[staked] if staked is not None and self.venue.spec.mints else None
        """Token that the venue pays, where staking it makes the collateral; None where it pays the collateral."""
        self.debt_unit = 10 ** world.scenario.spec.assets[self.cohort.debt].decimals
        by_name = {actor.name: address for address, actor in world.actors.items()}
        self.loops = [_Loop(plan, by_name[plan.borrower]) for plan in plans]

    def build(self) -> list[LoopRound]:
        """Build the positions and return every round of each."""
        pool = self.world.pool
        self._approve(self.collateral, pool)
        self._approve(self.debt, self.venue.spender)
        if self.staked is not None:
            self._approve(self.staked, self.collateral)
        if self.cohort.emode:
            self._send(Intent.ENTER_EMODE, pool, lambda _: ("setUserEMode", (self.cohort.emode,)))
        self._supply(self._first_supply(), [0] * len(self.loops), number=0)
        if self.world.scenario.spec.lending.reserves[self.cohort.collateral].debt_ceiling_usd:
            # The pool does not switch isolated collateral on by itself.
            asset = self.collateral.address
            self._send(Intent.SET_COLLATERAL, pool, lambda _: ("setUserUseReserveAsCollateral", (asset, True)))
        for number in range(1, self.cohort.rounds + 1):
            borrowed = self._borrow()
            self._swap(borrowed)
            received = self._balances(self.collateral)
            self._supply(received, borrowed, number=number)
        return [entry for loop in self.loops for entry in loop.rounds]

    def _first_supply(self) -> list[int]:
        """Return the equity of each position: own capital, or the first layer, which is borrowed here."""
        pool_pledges = [(loop, loop.plan.pledge) for loop in self.loops if isinstance(loop.plan.pledge, PoolPledge)]
        desk_pledges = [(loop, loop.plan.pledge) for loop in self.loops if isinstance(loop.plan.pledge, DeskPledge)]
        if pool_pledges:
            self._borrow_of_pool(pool_pledges)
        elif desk_pledges:
            self._borrow_of_desk(desk_pledges)
        else:
            return [loop.plan.equity_raw for loop in self.loops]
        self._swap([pledge.debt_raw for _, pledge in (*pool_pledges, *desk_pledges)])
        return self._balances(self.collateral)

    def _borrow_of_desk(self, pledges: Sequence[tuple[_Loop, DeskPledge]]) -> None:
        """Pay the pledge into the exchange, borrow, and take the stables out."""
        exchange = self.world.require_exchange()
        vault, desk = exchange.vault, exchange.require_desk()
        # All positions of a cohort have the pledge of one section: one asset, one line.
        asset, number = self.world.tokens[pledges[0][1].asset], exchange.lines[pledges[0][1].line]
        self._approve(asset, vault)
        self._mine(
            self._action(
                loop.address, vault, Intent.DEPOSIT, ("deposit", (asset.address, pledge.pledged_raw, loop.address))
            )
            for loop, pledge in pledges
            if pledge.pledged_raw
        )
        self._mine(
            self._action(loop.address, desk, Intent.BORROW, ("borrow", (number, pledge.pledged_raw, pledge.debt_raw)))
            for loop, pledge in pledges
            if pledge.pledged_raw
        )
        self._mine(
            self._action(loop.address, vault, Intent.WITHDRAW, ("withdraw", (self.debt.address, pledge.debt_raw)))
            for loop, pledge in pledges
            if pledge.debt_raw
        )

    def _borrow_of_pool(self, pledges: Sequence[tuple[_Loop, PoolPledge]]) -> None:
        """Supply the pledge from its own account, borrow, and hand the stables to the loop's account."""
        world, pool, debt = self.world, self.world.pool, self.debt
        asset = world.tokens[pledges[0][1].asset]
        accounts = [(loop, pledge, address_of(pledge.account)) for loop, pledge in pledges]
        self._mine(
            self._action(account, asset, Intent.APPROVE, ("approve", (pool.address, MAX_UINT256)))
            for _, _, account in accounts
        )
        self._mine(
            self._action(account, pool, Intent.PLEDGE, ("supply", (asset.address, pledge.pledged_raw, account, 0)))
            for _, pledge, account in accounts
        )
        if world.scenario.spec.lending.reserves[pledges[0][1].asset].debt_ceiling_usd:
            switch = ("setUserUseReserveAsCollateral", (asset.address, True))
            self._mine(self._action(account, pool, Intent.SET_COLLATERAL, switch) for _, _, account in accounts)
        self._mine(
            self._action(
                account, pool, Intent.BORROW, ("borrow", (debt.address, pledge.debt_raw, _VARIABLE_RATE, 0, account))
            )
            for _, pledge, account in accounts
        )
        self._mine(
            self._action(account, debt, Intent.TRANSFER, ("transfer", (loop.address, pledge.debt_raw)))
            for loop, pledge, account in accounts
        )

    def _borrow(self) -> list[int]:
        """Borrow up to the LTV of the plan, at the timestamp of the next block; return the amounts."""
        world, timestamp = self.world, self.world.chain.latest_next_time
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
        # Interest has raised the index once any block has passed with debt in it.
        spare = _UNITS_LOST_TO_ROUNDING if index_ray > _RAY else 0
        amounts = []
        for i, loop in enumerate(self.loops):
            collateral_e8, debt_e8 = words[i * _POSITION_WORDS + 2], words[i * _POSITION_WORDS + 3]
            wanted_e8 = collateral_e8 * loop.plan.ltv_ppm // LTV_SCALE - debt_e8
            allowed_e8 = collateral_e8 * self.ltv_bps // BPS - debt_e8
            # Both are rounded down to units of the debt, so that neither LTV is exceeded.
            wanted, allowed = (e8 * self.debt_unit // price_e8 for e8 in (wanted_e8, allowed_e8))
            amounts.append(max(min(wanted, allowed - spare), 0))
        self._send_amounts(
            Intent.BORROW,
            world.pool,
            amounts,
            lambda loop, raw: ("borrow", (self.debt.address, raw, _VARIABLE_RATE, 0, loop.address)),
        )
        return amounts

    def _swap(self, amounts: Sequence[int]) -> None:
        """Swap borrowed tokens to collateral at the cohort's venue, and stake them where the collateral is staked."""
        swaps = [
            (loop, self.venue.swap(asset_in=self.cohort.debt, amount_raw=amount, receiver=loop.address))
            for loop, amount in zip(self.loops, amounts, strict=True)
            if amount
        ]
        self._mine(
            self._action(loop.address, swap.contract, Intent.SWAP, (swap.function, swap.arguments))
            for loop, swap in swaps
        )
        if self.staked is not None:
            self._send_amounts(
                Intent.STAKE,
                self.collateral,
                self._balances(self.staked),
                lambda loop, raw: ("deposit", (raw, loop.address)),
            )

    def _supply(self, amounts: Sequence[int], borrowed: Sequence[int], *, number: int) -> None:
        """Supply collateral, and note the round of each position."""
        asset = self.collateral.address
        self._send_amounts(
            Intent.SUPPLY, self.world.pool, amounts, lambda loop, raw: ("supply", (asset, raw, loop.address, 0))
        )
        if self.world.chain.keeps_own_time:
            # The number of the block is known once it is mined.
            self.world.chain.settle()
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

    def _approve(self, token: Contract, spender: Contract) -> None:
        self._mine(
            self._action(
                loop.address, token, Intent.APPROVE, ("approve", (spender.address, MAX_UINT256)), gas_limit=_APPROVE_GAS
            )
            for loop in self.loops
        )

    def _send(self, intent: Intent, contract: Contract, call: Callable[[_Loop], _Call]) -> None:
        self._mine(self._action(loop.address, contract, intent, call(loop)) for loop in self.loops)

    def _send_amounts(
        self, intent: Intent, contract: Contract, amounts: Sequence[int], call: Callable[[_Loop, int], _Call]
    ) -> None:
        """Send a call with an amount from each position; those whose amount is zero send nothing."""
        self._mine(
            self._action(loop.address, contract, intent, call(loop, raw))
            for loop, raw in zip(self.loops, amounts, strict=True)
            if raw
        )

    @staticmethod
    def _action(
        sender: str, contract: Contract, intent: Intent, call: _Call, *, gas_limit: int = _ACTION_GAS
    ) -> Transaction:
        function, arguments = call
        return Transaction(sender, contract.address, contract.encode(function, *arguments), gas_limit, intent=intent)

    def _mine(self, transactions: Iterable[Transaction]) -> None:
        """Submit transactions to the next block; nothing to submit leaves the block unmined."""
        block = list(transactions)
        if block:
            chain = self.world.chain
            require_time_left(self.world)
            chain.submit(block, timestamp=chain.timestamp + 1)
