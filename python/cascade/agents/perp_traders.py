"""Leveraged retail: perpetuals opened before the crash, left to the engine, or closed at a stop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cascade.agents.frozen import FrozenWatch
from cascade.agents.interface import Proposal
from cascade.agents.opening import mark_at_set_up, open_perpetuals
from cascade.chain.local import address_of
from cascade.deployment.exchange import deposit
from cascade.errors import ScenarioError
from cascade.observation import BlockView, PerpPosition
from cascade.scenario.accounts import numbered
from cascade.scenario.model import PerpTraderSpec, whole_of
from cascade.scenario.streams import draw, stream
from cascade.units import BPS, WAD
from cascade.vocabulary import Intent
from cascade.world.world import World

__all__ = ["PerpTraders", "drawn_traders"]

_CLOSE_GAS = 10_000_000
_MOST_FILLS = 64
_ANY_PRICE = 2**256 - 1


@dataclass(frozen=True)
class _Sight:
    view: BlockView
    mark: int
    at_stop: tuple[tuple[str, PerpPosition], ...]


def drawn_traders(name: str, spec: PerpTraderSpec, seed: int) -> list[tuple[str, float, float]]:
    """Return name, equity in the stable, and leverage of each trader of an entry."""
    equities = draw(spec.equity, spec.count, stream(seed, f"agents/{name}/equity"))
    leverages = draw(spec.leverage, spec.count, stream(seed, f"agents/{name}/leverage"))
    return list(zip(numbered(name, spec.count), equities, leverages, strict=True))


class PerpTraders:
    """All traders of an entry: each has an account, and draws its equity and its leverage once.

    Parameters
    ----------
    name : str
        Name of the entry.
    spec : PerpTraderSpec
        The entry.
    seed : int
        Seed of the run.
    members : sequence of PerpTraderSpec, optional
        Figures of each trader, where they differ; None takes those of the entry.
    """

    def __init__(
        self, name: str, spec: PerpTraderSpec, seed: int, members: Sequence[PerpTraderSpec] | None = None
    ) -> None:
        self.name = name
        self.spec = spec
        drawn = drawn_traders(name, spec, seed)
        self.addresses = [address_of(member) for member, _, _ in drawn]
        self._equity = [equity for _, equity, _ in drawn]
        self._leverage = [leverage for _, _, leverage in drawn]
        stops = [member.stop_bps for member in members or [spec] * spec.count]
        self._stop_bps = {
            address: whole_of(stop) for address, stop in zip(self.addresses, stops, strict=True) if stop is not None
        }
        self._watches = {address: FrozenWatch(address) for address in self.addresses}

    def prepare(self, world: World) -> None:
        """Open the accounts and pay their cash in."""
        exchange = world.require_exchange()
        for address in self.addresses:
            exchange.enrol(address, world.actors[address].cohort)
        amounts = zip(self.addresses, self._equity_raw(world), strict=True)
        deposit(world, [(address, exchange.cash, raw) for address, raw in amounts])

    def open(self, world: World) -> None:
        """Buy, or sell, as many whole contracts as equity and leverage make at the mark.

        Raises
        ------
        ScenarioError
            When that is less than one contract for somebody, or nobody quotes as many.
        """
        mark, sign = mark_at_set_up(world, self.spec.market), 1 if self.spec.side == "long" else -1
        wanted = [
            (address, sign * (equity * round(leverage * WAD) // (WAD * mark)))
            for address, equity, leverage in zip(self.addresses, self._equity_raw(world), self._leverage, strict=True)
        ]
        if not all(contracts for _, contracts in wanted):
            raise ScenarioError(
                file=world.scenario.file,
                key=f"agents.{self.name}.equity",
                value=str(min(self._equity)),
                expected="equity times leverage is less than one contract",
            )
        open_perpetuals(world, self.spec.market, wanted)

    def see(self, view: BlockView) -> _Sight:
        """Read which traders are at their stop; none without stops, or without a price."""
        at = view.exchange
        market = self.spec.market
        book = at.exchange.spec.require_margin().markets[market].book
        if not self._stop_bps or not at.book(book).index:
            return _Sight(view, 0, ())
        mark = at.mark_raw(market)
        positions = ((address, at.position(market, address), stop) for address, stop in self._stop_bps.items())
        stopped = ((address, held) for address, held, stop in positions if held.size and _is_at_stop(held, mark, stop))
        return _Sight(view, mark, tuple((a, held) for a, held in stopped if not self._watches[a].is_out(view)))

    def propose(self, sight: _Sight) -> Sequence[Proposal]:
        """Close, at any price that is quoted."""
        margin = sight.view.exchange.exchange.require_margin()
        number = sight.view.exchange.exchange.markets[self.spec.market]
        return [
            Proposal(
                sender=address,
                contract=margin,
                function="tradePerp",
                # A stop is a market order: no price is too bad once it is reached.
                arguments=(number, -held.size, 0 if held.size > 0 else _ANY_PRICE, _MOST_FILLS),
                gas_limit=_CLOSE_GAS,
                tip_wei=0,
                intent=Intent.STOP,
                reason=f"mark {sight.mark}",
                key="stop",
            )
            for address, held in sight.at_stop
        ]

    def _equity_raw(self, world: World) -> list[int]:
        unit = 10 ** world.scenario.spec.assets[world.require_exchange().cash].decimals
        return [round(equity * unit) for equity in self._equity]


def _is_at_stop(held: PerpPosition, mark: int, stop_bps: int) -> bool:
    """Return whether the mark is at least the stop's share (in 1e-4) worse than the entry.

    Size and entry have the same sign, so that the difference is a loss where it is negative, long or short.
    """
    change = (held.size * mark - held.entry) * BPS
    return change <= -stop_bps * abs(held.entry)
