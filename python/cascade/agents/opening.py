"""Perpetuals opened before the crash, at the mark, with those who quote."""

from __future__ import annotations

from collections.abc import Sequence

from cascade.errors import ScenarioError
from cascade.vocabulary import Intent
from cascade.world.world import World

__all__ = ["OUTSIDE", "contracts_held", "mark_at_set_up", "open_perpetuals"]

OUTSIDE = "exchange-outside"
"""Account of whoever was paid for what was bought before the run began."""

_TRADE_GAS = 8_000_000
_MOST_FILLS = 64
_TOLERANCE_PCT = 1


def mark_at_set_up(world: World, market: str) -> int:
    """Mark price, in smallest units of the stable a contract."""
    exchange = world.require_exchange()
    return int(world.chain.call(exchange.require_margin(), "markPrice", exchange.markets[market]))


def contracts_held(world: World, market: str, addresses: Sequence[str]) -> list[int]:
    """Contracts of each account; negative is short."""
    exchange = world.require_exchange()
    words = world.chain.call_in_chunks(
        exchange.lens, "positions", exchange.require_margin().address, exchange.markets[market], each=list(addresses)
    )
    return [size - 2**256 if size >= 2**255 else size for size in words[::2]]


def open_perpetuals(world: World, market: str, wanted: Sequence[tuple[str, int]]) -> None:
    """Buy contracts (sell where negative) for each account, within 1 % of the mark.

    Raises
    ------
    ScenarioError
        When nobody quotes as much.
    """
    exchange = world.require_exchange()
    mark, number = mark_at_set_up(world, market), exchange.markets[market]
    accounts = [address for address, _ in wanted]
    before = contracts_held(world, market, accounts)
    world.setup(
        (
            (address, exchange.require_margin(), "tradePerp", (number, contracts, _limit(mark, contracts), _MOST_FILLS))
            for address, contracts in wanted
        ),
        intent=Intent.OPEN_PERPETUAL,
        gas=_TRADE_GAS,
    )
    after = contracts_held(world, market, accounts)
    for (address, contracts), old, new in zip(wanted, before, after, strict=True):
        if new - old != contracts:
            raise ScenarioError(
                file=world.scenario.file,
                key=f"exchange.margin.markets.{market}",
                value=contracts,
                expected=f"{world.actors[address].name} found quotes for {abs(new - old)} contracts within "
                f"{_TOLERANCE_PCT} % of the mark: let basis traders quote more",
            )


def _limit(mark: int, contracts: int) -> int:
    return mark * (100 + (_TOLERANCE_PCT if contracts > 0 else -_TOLERANCE_PCT)) // 100
