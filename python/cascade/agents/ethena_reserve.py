"""Run USDe's reserve: settle funding, pay it to stakers, and refill the redemption buffer from spot and short."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cascade.agents.interface import GWEI, Proposal
from cascade.chain.local import Contract, address_of
from cascade.observation import BlockView, ReserveState
from cascade.scenario.accounts import raw_amount
from cascade.scenario.model import EthenaReserveSpec, ScenarioSpec

__all__ = ["EthenaReserve"]

_GAS = 500_000
_ROUNDING_UNITS = 2
"""Units by which closing a part of the hedge may bring less than its share of the entry value."""


@dataclass(frozen=True)
class _Sight:
    reserve: Contract
    state: ReserveState
    next_timestamp: int
    vesting: bool
    """Whether earlier rewards still vest in the next block."""
    mintable_raw: int
    """Largest amount that can be minted in the next block."""


class EthenaReserve:
    """Settle funding each interval, and pay settled funding as rewards as soon as the last ones have vested.

    It keeps the buffer at its level of the start, by its limit per block: from cash, and where that does not suffice by
    selling spot and covering as much of the short, which brings their entry value at any price. Settled funding belongs
    to the stakers and refills nothing. Funding that it owes is paid from cash, raised in the same way.
    """

    def __init__(self, name: str, spec: EthenaReserveSpec, scenario: ScenarioSpec) -> None:
        self.name = name
        self.spec = spec
        self.address = address_of("ethena")
        ethena = scenario.require_ethena()
        paid, minted = scenario.venues[ethena.minting].pair
        self._refill_raw = raw_amount(scenario, paid, spec.refill_per_block)
        self._scale = 10 ** (scenario.assets[minted].decimals - scenario.assets[paid].decimals)
        self._interval = ethena.rewards_interval_seconds
        self._due: int | None = None
        self._buffer_raw = 0

    def see(self, view: BlockView) -> _Sight:
        """Read the reserve, and whether the vault and the minting contract accept rewards."""
        world, ethena = view.world, view.world.scenario.spec.require_ethena()
        vault, minting = world.tokens[ethena.staked], world.venues[ethena.minting].contract
        unvested = world.chain.call(vault, "getUnvestedAmount", timestamp=view.next_timestamp)
        return _Sight(
            world.require_reserve(),
            view.reserve(),
            view.next_timestamp,
            unvested > 0,
            int(world.chain.call(minting, "maxMintPerBlock")),
        )

    def propose(self, sight: _Sight) -> Sequence[Proposal]:
        """Settle funding when due, distribute settled funding, and refill the buffer."""
        state = sight.state
        if self._due is None:
            self._due, self._buffer_raw = sight.next_timestamp + self._interval, state.buffer_raw
        proposals: list[Proposal] = []
        cash = state.cash_raw - max(state.undistributed_raw, 0)
        # Rewards are minted USDe: more than the minting contract allows in a block waits for the next.
        if 0 < state.undistributed_raw <= sight.mintable_raw // self._scale and not sight.vesting:
            proposals.append(self._call(sight, "distribute", state.undistributed_raw))
        wanted = min(self._refill_raw, max(self._buffer_raw - state.buffer_raw, 0))
        if sight.next_timestamp >= self._due and state.funding_raw:
            # More may be owed by the next block than is now.
            owed = 2 * max(-state.funding_raw, 0)
            if cash >= owed:
                proposals.append(self._call(sight, "settleFunding"))
                self._due += self._interval
                cash -= owed
            else:
                wanted = max(wanted, owed)
                return [*proposals, *self._raise(sight, wanted - cash)]
        if wanted:
            proposals += self._raise(sight, wanted - cash)
            proposals.append(
                self._call(sight, "refillBuffer", min(wanted, cash + self._raised_raw(state, wanted - cash)))
            )
        return [proposal for proposal in proposals if proposal.arguments != (0,)]

    def _raise(self, sight: _Sight, missing_raw: int) -> list[Proposal]:
        """Close as much of the hedge as brings the missing amount; all of it where that is less."""
        quantity = _closed(sight.state, missing_raw)
        return [self._call(sight, "close", quantity)] if quantity else []

    @staticmethod
    def _raised_raw(state: ReserveState, missing_raw: int) -> int:
        """Return the least proceeds of closing a part of the hedge."""
        quantity = _closed(state, missing_raw)
        return max(state.short_entry_raw * quantity // state.short_raw - _ROUNDING_UNITS, 0) if quantity else 0

    def _call(self, sight: _Sight, function: str, *arguments: int) -> Proposal:
        return Proposal(
            sender=self.address,
            contract=sight.reserve,
            function=function,
            arguments=arguments,
            gas_limit=_GAS,
            tip_wei=int(self.spec.tip_gwei * GWEI),
            intent=_INTENTS[function],
            reason=f"buffer {sight.state.buffer_raw}, cash {sight.state.cash_raw}",
            key=function,
        )


_INTENTS = {"distribute": "reward", "settleFunding": "settle", "refillBuffer": "refill", "close": "unhedge"}


def _closed(state: ReserveState, missing_raw: int) -> int:
    """Return the quantity whose share of the entry value is the missing amount, and a little for roundings."""
    if missing_raw <= 0 or not state.short_entry_raw:
        return 0
    wanted = (missing_raw + _ROUNDING_UNITS) * state.short_raw
    return min(-(-wanted // state.short_entry_raw), state.short_raw)
