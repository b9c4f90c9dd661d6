"""Swaps and price moves, from the events of pools and feeds, in the order of the log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cascade.chain.local import Log, Receipt
from cascade.scenario.model import ConstantProductVenue, ParMintVenue
from cascade.scenario.sources import posted_leaf
from cascade.units import WAD
from cascade.world.venue import DeployedVenue
from cascade.world.world import World

__all__ = ["MarketEvents", "PriceMove", "Swap"]

_E8_TO_WAD = 10**10


@dataclass(frozen=True)
class Swap:
    """One exchange at a venue. Amounts in smallest units."""

    log_index: int
    venue: str
    asset_in: str
    amount_in_raw: int
    asset_out: str
    amount_out_raw: int


@dataclass(frozen=True)
class PriceMove:
    """One event that set a price; `kind` is swap, liquidity, post or observe."""

    log_index: int
    market: str
    asset: str
    kind: str
    before_wad: int
    after_wad: int


class MarketEvents:
    """Reads receipts in order, and remembers each market's last price."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._last_wad: dict[str, int] = {}
        self._venues: dict[str, DeployedVenue] = {}
        self._feeds: dict[str, tuple[str, str, str]] = {}
        self._known = (0, 0, 0)

    def read(self, receipt: Receipt) -> tuple[list[Swap], list[PriceMove]]:
        """What a transaction swapped, and the prices it moved."""
        self._know_addresses()
        logs = receipt.logs_of(self._venues.keys() | self._feeds.keys()) if receipt.ok else ()
        swaps: list[Swap] = []
        moves: list[PriceMove] = []
        for position, log in enumerate(logs):
            address = log.address.lower()
            if address in self._feeds:
                moves += self._answers(log, *self._feeds[address])
                continue
            venue = self._venues[address]
            found = _traded(venue, log)
            if found is not None:
                swaps.append(found)
            price = _price_wad(venue, log, self._world)
            if price is not None:
                kind = _kind(log, logs, position)
                moves.append(self._move(log, venue.name, venue.coins[1], kind, price))
        return swaps, moves

    def _know_addresses(self) -> None:
        # Venues and feeds are deployed one by one while set-up blocks are already recorded.
        world = self._world
        known = (len(world.venues), len(world.posted_feeds), len(world.observers))
        if known == self._known:
            return
        self._known = known
        self._venues = {venue.contract.address.lower(): venue for venue in world.venues.values()}
        for asset, feed in world.posted_feeds.items():
            self._feeds[feed.address.lower()] = (f"feed:{asset}", asset, "post")
            # The first answer is in the block that deployed the feed, before its address was known here.
            leaf = posted_leaf(world.scenario.spec.oracle[asset])
            assert leaf is not None
            self._last_wad.setdefault(f"feed:{asset}", int(leaf.initial_price_usd * 10**8) * _E8_TO_WAD)
        for name, source in world.observers.items():
            self._feeds[source.address.lower()] = (f"oracle:{name}", name.partition(":")[0], "observe")

    def _answers(self, log: Log, market: str, asset: str, kind: str) -> Iterator[PriceMove]:
        answer = log.arguments.get({"AnswerUpdated": "current", "Observed": "answer"}.get(log.event, ""))
        if answer is not None:
            yield self._move(log, market, asset, kind, answer * _E8_TO_WAD)

    def _move(self, log: Log, market: str, asset: str, kind: str, after: int) -> PriceMove:
        before = self._last_wad.get(market, after)
        self._last_wad[market] = after
        return PriceMove(log.log_index, market, asset, kind, before, after)


def _kind(log: Log, logs: Sequence[Log], position: int) -> str:
    """What moved the price: a pair says it right after `Sync`, a stable-swap pool right before `SpotPrice`."""
    beside = position + 1 if log.event == "Sync" else position - 1
    neighbour = logs[beside] if 0 <= beside < len(logs) else None
    swapped = (
        neighbour is not None and neighbour.address == log.address and neighbour.event in ("Swap", "TokenExchange")
    )
    return "swap" if swapped else "liquidity"


def _price_wad(venue: DeployedVenue, log: Log, world: World) -> int | None:
    """Price of the venue's second coin in its first after an event, or None where the event sets none."""
    if log.event == "SpotPrice":
        price: int = log.arguments["priceWad"]
        return price
    if log.event != "Sync" or not isinstance(venue.spec, ConstantProductVenue):
        return None
    # coins[0] is the pair's token0: it was deployed so.
    quote, asset = (10 ** world.scenario.spec.assets[coin].decimals for coin in venue.coins)
    reserve_quote, reserve_asset = log.arguments["reserve0"], log.arguments["reserve1"]
    return reserve_quote * asset * WAD // (reserve_asset * quote) if reserve_asset else 0


def _traded(venue: DeployedVenue, log: Log) -> Swap | None:
    arguments = log.arguments if log.event in _TRADES else {}
    coins = venue.coins
    found: tuple[str, int, str, int] | None = None
    if isinstance(venue.spec, ParMintVenue):
        usde = (coins[1], arguments.get("usde_amount", 0))
        paid = (coins[0], arguments.get("collateral_amount", 0))
        found = {"Mint": (*paid, *usde), "Redeem": (*usde, *paid)}.get(log.event)
    elif log.event == "TokenExchange":
        found = (
            coins[arguments["sold_id"]],
            arguments["tokens_sold"],
            coins[arguments["bought_id"]],
            arguments["tokens_bought"],
        )
    elif log.event == "Swap":
        sold = 0 if arguments["amount0In"] else 1
        found = (coins[sold], arguments[f"amount{sold}In"], coins[1 - sold], arguments[f"amount{1 - sold}Out"])
    if found is None:
        return None
    asset_in, amount_in, asset_out, amount_out = found
    return Swap(log.log_index, venue.name, asset_in, amount_in, asset_out, amount_out)


_TRADES = ("Mint", "Redeem", "TokenExchange", "Swap")
