"""Make the events of the scenario: each when its time has come, by the owner of what it sets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from decimal import Decimal

from cascade.agents.event_calls import FROZEN_POSTER, calls_of
from cascade.agents.interface import GWEI, Proposal
from cascade.observation import BlockView
from cascade.scenario.condition import Comparison
from cascade.scenario.model import EventSpec, FeedEvent, TimelineSpec
from cascade.units import E8, WAD
from cascade.vocabulary import Intent, Role
from cascade.world.world import World

__all__ = ["Events"]

_GAS = 3_000_000
"""Enough to freeze a reserve, which looks at every efficiency mode; a smaller block is filled by it alone."""

_TIP_WEI = 1001 * GWEI
"""Before everything else of the block: what the event ends fails from this block on, by the time stated."""


class Events:
    """The owners of contracts, who set what the scenario says, when it says so.

    Conditions are asked at the end of every block until they hold once; the calls go into the next block.
    """

    name = "events"

    def __init__(self, events: dict[str, EventSpec], timeline: TimelineSpec) -> None:
        self._events = events
        self._due: dict[str, int] = {}
        self._made: dict[str, int] = {}
        for name, event in events.items():
            if event.at is not None:
                self._due[name] = int(event.at.astimezone(UTC).timestamp()) + event.delay_seconds
            elif event.step is not None:
                self._due[name] = timeline.time_of(event.step) + event.delay_seconds

    def prepare(self, world: World) -> None:
        """Give ether to the owners, some of whom have sent nothing so far."""
        if any(isinstance(event, FeedEvent) for event in self._events.values()):
            world.enlist(FROZEN_POSTER, role=Role.ORACLE)
        world.chain.fund(
            dict.fromkeys(
                sender
                for name, event in self._events.items()
                for sender, _, _, _ in calls_of(name, event, world, timestamp=0)
            )
        )

    def see(self, view: BlockView) -> BlockView:
        """Read what conditions are about."""
        return view

    def propose(self, sight: BlockView) -> Sequence[Proposal]:
        """Propose the calls of every event that is due in the next block."""
        proposals: list[Proposal] = []
        for name, event in self._events.items():
            if name in self._made:
                continue
            if name not in self._due and self._begins(event, sight):
                begun = sight.next_timestamp if event.after is None else self._made[event.after]
                self._due[name] = begun + event.delay_seconds
            if name in self._due and sight.next_timestamp >= self._due[name]:
                self._made[name] = sight.next_timestamp
                proposals += self._calls(name, event, sight)
        return proposals

    def _begins(self, event: EventSpec, view: BlockView) -> bool:
        if event.after is not None:
            # In the block after at the earliest, whichever of the two the scenario states first.
            return self._made.get(event.after, view.next_timestamp) < view.next_timestamp
        return bool(event.conditions) and all(_holds(condition, view) for condition in event.conditions)

    def _calls(self, name: str, event: EventSpec, view: BlockView) -> list[Proposal]:
        limit = view.world.scenario.spec.chain.block_gas_limit
        return [
            Proposal(
                sender=sender,
                contract=contract,
                function=function,
                arguments=arguments,
                gas_limit=min(_GAS, limit),
                tip_wei=_TIP_WEI,
                intent=Intent.EVENT,
                reason=f"{function.partition('(')[0]}({', '.join(map(str, arguments))})",
                key=f"{name} {number}",
                event=name,
            )
            for number, (sender, contract, function, arguments) in enumerate(
                calls_of(name, event, view.world, timestamp=view.next_timestamp)
            )
        ]


def _holds(condition: Comparison, view: BlockView) -> bool:
    """Return whether a condition holds at the end of the latest block; never where there is no such price."""
    figure = _figure(condition.figure, view)
    return figure is not None and condition.holds_for(figure)


def _figure(name: str, view: BlockView) -> Decimal | None:
    kind, _, of = name.partition(":")
    if kind == "unhealthy":
        return Decimal(sum(state.health_factor_wad < WAD for state in view.positions()))
    if kind == "oracle":
        return _price(view.oracle_price_e8(of), E8)
    if kind == "path":
        return _price(view.path_price_e8(of), E8)
    if kind == "spot":
        return _price(view.spot_price_wad(of), WAD)
    book, state = view.exchange.exchange.books[of], view.exchange.book(of)
    raw = {"book": state.last, "bid": state.bid, "ask": state.ask, "index": state.index}[kind]
    return _price(raw, book.cash_unit)


def _price(raw: int, unit: int) -> Decimal | None:
    return Decimal(raw) / unit if raw > 0 else None
