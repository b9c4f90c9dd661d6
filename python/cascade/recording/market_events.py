"""Swaps at venues and moves of prices on the chain, from the events of pools and feeds in the order of the log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cascade.chain.local import Log
from cascade.errors import MissingPart
from cascade.recording.mined import MinedTransaction
from cascade.recording.tables import PriceMoveRow, SwapRow
from cascade.scenario.sources import posted_leaf
from cascade.vocabulary import MoveKind
from cascade.world.venues import DeployedVenue, Swap
from cascade.world.world import World

__all__ = ["MarketEvents"]

_E8_TO_WAD = 10**10
_ANSWERS = {"AnswerUpdated": "current", "Observed": "answer"}
"""Events of feeds that set a price (dollars with 8 decimals), and which of their arguments holds it."""


@dataclass(frozen=True)
class _Feed:
    """A feed, or a source that observes prices, as a market of `price_moves`."""

    market: str
    asset: str
    kind: MoveKind


@dataclass(frozen=True)
class _Move:
    """A price that one event set, as price of the asset at a market (1e18 scale)."""

    market: str
    asset: str
    kind: MoveKind
    after_wad: int


class MarketEvents:
    """Read receipts in order, and remember each market's last price."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._last_wad: dict[str, int] = {}
        self._venues: dict[str, DeployedVenue] = {}
        self._feeds: dict[str, _Feed] = {}
        self._known = (0, 0, 0)

    def read(self, mined: MinedTransaction) -> Iterator[SwapRow | PriceMoveRow]:
        """Yield a row per swap of one transaction, and one per event that set a price."""
        self._know_addresses()
        receipt = mined.receipt
        logs = receipt.logs_of(self._venues.keys() | self._feeds.keys()) if receipt.ok else ()
        for position, log in enumerate(logs):
            address = log.address.lower()
            if address in self._feeds:
                move = _answer(log, self._feeds[address])
            else:
                venue = self._venues[address]
                swap = venue.swap_of(log)
                if swap is not None:
                    yield _swap_row(mined, log, venue, swap)
                move = _venue_move(venue, logs, position, self._world)
            if move is not None:
                yield self._move_row(mined, log, move)

    def _know_addresses(self) -> None:
        # Venues and feeds are deployed one by one while set-up blocks are already recorded.
        world = self._world
        known = (len(world.venues), len(world.posted_feeds), len(world.observers))
        if known == self._known:
            return
        self._known = known
        self._venues = {venue.contract.address.lower(): venue for venue in world.venues.values()}
        for asset, feed in world.posted_feeds.items():
            self._feeds[feed.address.lower()] = _Feed(f"feed:{asset}", asset, MoveKind.POST)
            # The first answer is in the block that deployed the feed, before its address was known here.
            leaf = posted_leaf(world.scenario.spec.oracle[asset])
            if leaf is None:
                raise MissingPart(f"oracle.{asset} with a posted feed")
            self._last_wad.setdefault(f"feed:{asset}", int(leaf.initial_price_usd * 10**8) * _E8_TO_WAD)
        for name, source in world.observers.items():
            asset = name.partition(":")[0]
            self._feeds[source.address.lower()] = _Feed(f"oracle:{name}", asset, MoveKind.OBSERVE)

    def _move_row(self, mined: MinedTransaction, log: Log, move: _Move) -> PriceMoveRow:
        # A market's first price is a move of size zero: there was no price before it.
        before_wad = self._last_wad.get(move.market, move.after_wad)
        self._last_wad[move.market] = move.after_wad
        return PriceMoveRow(
            **mined.at,
            transaction_index=mined.receipt.transaction_index,
            log_index=log.log_index,
            tx_hash=mined.receipt.tx_hash,
            market=move.market,
            asset=move.asset,
            kind=move.kind,
            actor=mined.sender.name,
            role=mined.sender.role,
            cohort=mined.sender.cohort,
            intent=mined.transaction.intent,
            price_before_wad=before_wad,
            price_after_wad=move.after_wad,
        )


def _answer(log: Log, feed: _Feed) -> _Move | None:
    """Return the price that a feed's event sets, or None where the event sets none."""
    answer = log.arguments.get(_ANSWERS.get(log.event, ""))
    return None if answer is None else _Move(feed.market, feed.asset, feed.kind, answer * _E8_TO_WAD)


def _venue_move(venue: DeployedVenue, logs: Sequence[Log], position: int, world: World) -> _Move | None:
    quote, asset = (10 ** world.scenario.spec.assets[coin].decimals for coin in venue.coins)
    price_wad = venue.price_of(logs[position], (quote, asset))
    if price_wad is None:
        return None
    kind = MoveKind.SWAP if venue.is_trade(logs, position) else MoveKind.LIQUIDITY
    return _Move(venue.name, venue.coins[1], kind, price_wad)


def _swap_row(mined: MinedTransaction, log: Log, venue: DeployedVenue, swap: Swap) -> SwapRow:
    return SwapRow(
        **mined.stamp(log),
        venue=venue.name,
        actor=mined.sender.name,
        role=mined.sender.role,
        asset_in=swap.asset_in,
        asset_out=swap.asset_out,
        amount_in_raw=swap.amount_in_raw,
        amount_out_raw=swap.amount_out_raw,
    )
