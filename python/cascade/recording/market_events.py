"""Swaps at venues and moves of prices on the chain, from the events of pools and feeds in the order of the log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cascade.chain.local import Log
from cascade.errors import MissingPart
from cascade.recording.mined import MinedTransaction
from cascade.recording.tables import PriceMoveRow, SwapRow
from cascade.scenario.model import ConstantProductVenue, ParMintVenue
from cascade.scenario.sources import posted_leaf
from cascade.units import WAD
from cascade.vocabulary import MoveKind
from cascade.world.venue import DeployedVenue
from cascade.world.world import World

__all__ = ["MarketEvents"]

_E8_TO_WAD = 10**10
_TRADES = ("Mint", "Redeem", "TokenExchange", "Swap")
"""Events of venues that are swaps: of the minting contract, of a stable-swap pool and of a pair."""

_ANSWERS = {"AnswerUpdated": "current", "Observed": "answer"}
"""Events of feeds that set a price (dollars with 8 decimals), and which of their arguments holds it."""


@dataclass(frozen=True)
class _Feed:
    """A feed, or a source that observes prices, as a market of `price_moves`."""

    market: str
    asset: str
    kind: MoveKind


@dataclass(frozen=True)
class _Swap:
    """Assets and amounts (smallest units) of one swap."""

    asset_in: str
    amount_in_raw: int
    asset_out: str
    amount_out_raw: int


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
                swap = _swap(venue, log)
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
    price = _price_wad(venue, logs[position], world)
    return None if price is None else _Move(venue.name, venue.coins[1], _kind(logs, position), price)


def _kind(logs: Sequence[Log], position: int) -> MoveKind:
    """Return whether a swap moved a venue's price or a change of its liquidity, from the event beside the price's.

    A pair emits `Swap` right after `Sync`; a stable-swap pool emits `TokenExchange` right before `SpotPrice`.
    """
    log = logs[position]
    beside = position + 1 if log.event == "Sync" else position - 1
    neighbour = logs[beside] if 0 <= beside < len(logs) else None
    swapped = (
        neighbour is not None and neighbour.address == log.address and neighbour.event in ("Swap", "TokenExchange")
    )
    return MoveKind.SWAP if swapped else MoveKind.LIQUIDITY


def _price_wad(venue: DeployedVenue, log: Log, world: World) -> int | None:
    """Return the price of a venue's second coin in its first (1e18 scale), or None where the event sets none."""
    if log.event == "SpotPrice":
        price: int = log.arguments["priceWad"]
        return price
    if log.event != "Sync" or not isinstance(venue.spec, ConstantProductVenue):
        return None
    # A pair is deployed with the quote coin first, so that coins[0] is its token0.
    quote, asset = (10 ** world.scenario.spec.assets[coin].decimals for coin in venue.coins)
    reserve_quote, reserve_asset = log.arguments["reserve0"], log.arguments["reserve1"]
    return reserve_quote * asset * WAD // (reserve_asset * quote) if reserve_asset else 0


def _swap(venue: DeployedVenue, log: Log) -> _Swap | None:
    """Return the swap that an event reports, or None where it reports none."""
    if log.event not in _TRADES:
        return None
    coins, event = venue.coins, log.arguments
    if isinstance(venue.spec, ParMintVenue):
        paid, minted = event["collateral_amount"], event["usde_amount"]
        if log.event == "Mint":
            return _Swap(coins[0], paid, coins[1], minted)
        return _Swap(coins[1], minted, coins[0], paid)
    if log.event == "TokenExchange":
        return _Swap(coins[event["sold_id"]], event["tokens_sold"], coins[event["bought_id"]], event["tokens_bought"])
    if log.event == "Swap":
        sold = 0 if event["amount0In"] else 1
        return _Swap(coins[sold], event[f"amount{sold}In"], coins[1 - sold], event[f"amount{1 - sold}Out"])
    return None


def _swap_row(mined: MinedTransaction, log: Log, venue: DeployedVenue, swap: _Swap) -> SwapRow:
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
