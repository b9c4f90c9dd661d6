"""Turn an event of the scenario into the calls of its owner."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cascade.chain.local import Contract, address_of
from cascade.scenario.accounts import raw_amount
from cascade.scenario.model import (
    CircuitBreakerEvent,
    CollateralEvent,
    EmodeEvent,
    EventSpec,
    FeedEvent,
    HaltEvent,
    IndexEvent,
    OracleEvent,
    ParMintVenue,
    RedemptionEvent,
    ReserveEvent,
    ScenarioSpec,
    TransfersEvent,
)
from cascade.units import BPS
from cascade.world.world import MAX_UINT256, World

__all__ = ["FROZEN_POSTER", "EventCall", "calls_of"]

EventCall = tuple[str, Contract, str, tuple[Any, ...]]
"""Sender, contract, function, arguments."""

_NO_ADDRESS = "0x" + "00" * 20
_LONGEST_HALT = 364 * 86_400
"""Length of a halt that another event ends; a book takes up to 365 days, from an exchange's block that is earlier."""

FROZEN_POSTER = "price-poster-frozen"
"""Account that a frozen feed is posted by, which never posts."""


def calls_of(name: str, event: EventSpec, world: World, *, timestamp: int) -> list[EventCall]:
    """Return the calls that make an event, in their order.

    Parameters
    ----------
    name : str
        Name of the event.
    timestamp : int
        Unix time of the block that they are meant for.
    """
    spec, owner = world.scenario.spec, address_of(event.owner)
    match event:
        case RedemptionEvent():
            minting = world.venues[event.venue].contract
            return [(owner, minting, *call) for call in _redemption(event, spec)]
        case TransfersEvent():
            return [(owner, world.require_exchange().vault, "setTransfers", (event.open, event.open))]
        case HaltEvent():
            until = timestamp + (event.seconds or _LONGEST_HALT) if event.halted else 0
            return [(owner, _book(world, event.book), "setHalt", (until,))]
        case CircuitBreakerEvent():
            given = (event.fall_bps, event.window_seconds, event.halt_seconds)
            return [(owner, _book(world, event.book), "setCircuitBreaker", given)]
        case IndexEvent():
            exchange = world.require_exchange()
            feed = exchange.redemption_feeds.get(event.book)
            floor = int(event.floor_price * exchange.books[event.book].cash_unit)
            address = feed.address if feed is not None else _NO_ADDRESS
            return [(owner, _book(world, event.book), "setIndex", (address, event.redemption_weight_bps, floor))]
        case ReserveEvent():
            token = world.tokens[event.asset].address
            return [(owner, world.configurator, function, (token, *given)) for function, given in _reserve(event)]
        case CollateralEvent():
            lines = (event.ltv_bps, event.liquidation_threshold_bps, BPS + event.liquidation_bonus_bps)
            token = world.tokens[event.asset].address
            return [(owner, world.configurator, "configureReserveAsCollateral", (token, *lines))]
        case EmodeEvent():
            lines = (event.ltv_bps, event.liquidation_threshold_bps, BPS + event.liquidation_bonus_bps)
            return [(owner, world.configurator, "setEModeCategory", (event.mode, *lines, str(event.mode)))]
        case FeedEvent():
            feed = world.posted_feeds[event.asset]
            # The poster hands the feed to an account that never posts, and gets it back from there.
            sender, poster = (event.owner, FROZEN_POSTER) if event.frozen else (FROZEN_POSTER, event.owner)
            return [(address_of(sender), feed, "setPoster", (address_of(poster),))]
        case OracleEvent():
            token, source = world.tokens[event.asset].address, world.event_sources[name].address
            return [(owner, world.oracle, "setAssetSources", ([token], [source]))]


def _book(world: World, name: str) -> Contract:
    return world.require_exchange().books[name].contract


def _redemption(event: RedemptionEvent, spec: ScenarioSpec) -> Iterator[tuple[str, tuple[Any, ...]]]:
    if not event.open:
        yield "disableMintRedeem", ()
        return
    venue = spec.venues[event.venue]
    stated = venue.redemption.fee_bps if isinstance(venue, ParMintVenue) else 0
    yield "setFees", (0, stated if event.fee_bps is None else event.fee_bps)
    for function, limit in (
        ("setMaxRedeemPerBlock", event.limit_per_block),
        ("setMaxMintPerBlock", event.mint_limit_per_block),
    ):
        yield function, (MAX_UINT256 if limit is None else raw_amount(spec, venue.pair[1], limit),)


def _reserve(event: ReserveEvent) -> Iterator[tuple[str, tuple[Any, ...]]]:
    for function, value in (
        ("setReserveFreeze", event.frozen),
        ("setReserveLtvzero", event.ltv_zero),
        ("setReservePause(address,bool)", event.paused),
        ("setReserveBorrowing", event.borrowing),
        ("setSupplyCap", event.supply_cap),
        ("setBorrowCap", event.borrow_cap),
    ):
        if value is not None:
            yield function, (value,)
