"""Arbitrage between a book of the exchange and an on-chain pool, from stock on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cascade.agents.interface import GWEI, Proposal
from cascade.chain.local import Contract, address_of
from cascade.deployment.exchange import deposit
from cascade.observation import BlockView
from cascade.scenario.accounts import raw_amount
from cascade.scenario.model import ExchangeArbitrageurSpec
from cascade.units import BPS, WAD
from cascade.vocabulary import Intent
from cascade.world.exchange import BUY, SELL, DeployedBook
from cascade.world.venues import DeployedVenue
from cascade.world.world import MAX_UINT256, World

__all__ = ["ExchangeArbitrageur"]

_SWAP_GAS = 400_000
_MOVE_GAS = 200_000
_ORDER_GAS = 30_000_000
_IMMEDIATE_OR_CANCEL = 1
_LEAST_TRADE_RAW_SHARE = 1000
"""Divisor of the largest trade per block: a smaller trade is not worth its gas."""


@dataclass(frozen=True)
class _Gap:
    """A trade worth making: a purchase on one side and a sale on the other at the same time.

    Attributes
    ----------
    side : int
        What the book's order does: `SELL` where the pool is cheap.
    limit_raw : int
        Worst price of that order, on the book's grid.
    lots : int
        That the book has up to it.
    pool_in_raw : int
        What the pool takes until its price is the worst accepted: stables where it is cheap, else the base.
    pool_worst_wad : int
        Worst price accepted at the pool after its fee, stables a base token.
    pool_cost_wad : int
        Its price now after the fee: what the first unit costs, or brings.
    """

    side: int
    limit_raw: int
    lots: int
    pool_in_raw: int
    pool_worst_wad: int
    pool_cost_wad: int


@dataclass(frozen=True)
class _Stock:
    """Stock of an asset, on chain and free at the exchange."""

    chain_raw: int
    exchange_raw: int


@dataclass(frozen=True)
class _Sight:
    view: BlockView
    book: DeployedBook
    venue: DeployedVenue
    cash: _Stock
    base: _Stock
    price_wad: int
    """Price at the pool, before fees."""
    gap: _Gap | None


class ExchangeArbitrageur:
    """Buy where the asset is cheap and sell where it is dear, until both prices meet in the middle of the gap.

    Neither order is filled at a price that leaves less than half its edge on that side. The two are separate
    transactions: an amount that one side does not fill remains as stock. It moves stock when a side holds less than a
    block's trade, and waits while transfers are degraded.
    """

    def __init__(self, name: str, spec: ExchangeArbitrageurSpec) -> None:
        self.name = name
        self.spec = spec
        self.address = address_of(name)

    def prepare(self, world: World) -> None:
        """Give it its stock on both sides, and approve pool and exchange."""
        exchange, venue = world.require_exchange(), world.venues[self.spec.venue]
        exchange.enrol(self.address, self.name)
        base = exchange.books[self.spec.book].base
        amounts = {
            asset: raw_amount(world.scenario.spec, asset, amount)
            for asset, amount in ((exchange.cash, self.spec.cash), (base, self.spec.base))
        }
        deposit(world, [(self.address, asset, raw) for asset, raw in amounts.items()])
        for asset, raw in amounts.items():
            world.mint(asset, [(self.address, raw)])
        world.setup(
            [(self.address, world.tokens[asset], "approve", (venue.spender.address, MAX_UINT256)) for asset in amounts],
            intent=Intent.APPROVE,
        )

    def see(self, view: BlockView) -> _Sight:
        """Read both prices, and its stock on both sides."""
        exchange = view.exchange.exchange
        book, venue = exchange.books[self.spec.book], view.world.venues[self.spec.venue]

        def stock(asset: str) -> _Stock:
            return _Stock(view.wallet_raw(self.address, asset), view.exchange.balance(self.address, asset).free)

        price = view.spot_price_wad(venue.name)
        return _Sight(
            view, book, venue, stock(exchange.cash), stock(book.base), price, self._gap(view, book, venue, price)
        )

    def propose(self, sight: _Sight) -> Sequence[Proposal]:
        """Propose both legs of a trade, then the moves of stock."""
        legs, spent = self._legs(sight, sight.gap) if sight.gap is not None else ([], {})
        return [*legs, *self._moves(sight, spent)]

    def _gap(self, view: BlockView, book: DeployedBook, venue: DeployedVenue, price_wad: int) -> _Gap | None:
        state = view.exchange.book(book.name)
        if state.halted_until > view.exchange.lane_timestamp:
            return None
        kept_bps, kept_wad = BPS - book.spec.taker_fee_bps, WAD - venue.highest_fee_wad
        edge_bps = self.spec.min_edge_bps
        buys_wad, sells_wad = -(-price_wad * WAD // kept_wad), price_wad * kept_wad // WAD
        brings_wad = book.price_wad(state.bid) * kept_bps // BPS
        if state.bid and brings_wad > buys_wad:
            middle = (buys_wad + brings_wad) // 2
            worst_wad = middle * (2 * BPS - edge_bps) // (2 * BPS)
            limit = book.price_raw(-(-middle * (2 * BPS + edge_bps) // (2 * kept_bps)), up=True)
            if worst_wad <= buys_wad or limit > state.bid:
                return None
            sold, amount = view.trade_to_price(venue.name, worst_wad * kept_wad // WAD)
            lots = sum(size for at, size in view.exchange.levels(book.name, BUY) if at >= limit)
            return _Gap(SELL, limit, lots, amount if sold == venue.coins[0] else 0, worst_wad, buys_wad)
        costs_wad = -(-book.price_wad(state.ask) * BPS // kept_bps)
        if state.ask and costs_wad < sells_wad:
            middle = (sells_wad + costs_wad) // 2
            worst_wad = -(-middle * (2 * BPS + edge_bps) // (2 * BPS))
            limit = book.price_raw(middle * (2 * BPS - edge_bps) * kept_bps // (2 * BPS * BPS))
            if worst_wad >= sells_wad or limit < state.ask:
                return None
            sold, amount = view.trade_to_price(venue.name, -(-worst_wad * WAD // kept_wad))
            lots = sum(size for at, size in view.exchange.levels(book.name, SELL) if at <= limit)
            return _Gap(BUY, limit, lots, amount if sold == venue.coins[1] else 0, worst_wad, sells_wad)
        return None

    def _legs(self, sight: _Sight, gap: _Gap) -> tuple[list[Proposal], dict[str, _Stock]]:
        """Return the book's order and the pool's swap, of one size, and the amounts that they may spend."""
        book, venue = sight.book, sight.venue
        cash, base = venue.coins
        most = raw_amount(sight.view.world.scenario.spec, base, self.spec.max_per_block)
        if gap.side == SELL:
            in_pool = _base_raw(min(gap.pool_in_raw, sight.cash.chain_raw), gap.pool_cost_wad, book)
            size = min(most, gap.lots * book.lot_raw, in_pool, sight.base.exchange_raw)
        else:
            affordable = sight.cash.exchange_raw * book.base_unit // gap.limit_raw
            size = min(most, gap.lots * book.lot_raw, gap.pool_in_raw, sight.base.chain_raw, affordable)
        lots = book.lots(size)
        size = lots * book.lot_raw
        if size * _LEAST_TRADE_RAW_SHARE < most or not lots:
            return [], {}
        if gap.side == SELL:
            paid = min(_cash_raw(size, gap.pool_cost_wad, book), sight.cash.chain_raw)
            least = _base_raw(paid, gap.pool_worst_wad, book)
            swap = venue.swap(asset_in=cash, amount_raw=paid, receiver=self.address, least_raw=least)
            spent = {cash: _Stock(paid, 0), base: _Stock(0, size)}
        else:
            least = _cash_raw(size, gap.pool_worst_wad, book)
            swap = venue.swap(asset_in=base, amount_raw=size, receiver=self.address, least_raw=least)
            spent = {cash: _Stock(0, book.value_raw(lots, gap.limit_raw)), base: _Stock(size, 0)}
        state = sight.view.exchange.book(book.name)
        best = state.bid if gap.side == SELL else state.ask
        reason = f"pool at {sight.price_wad / WAD:.4f}, book at {book.price_wad(best) / WAD:.4f}"
        return [
            Proposal(
                sender=self.address,
                contract=book.contract,
                function="placeLimit",
                arguments=(gap.side, gap.limit_raw, lots, _IMMEDIATE_OR_CANCEL),
                gas_limit=_ORDER_GAS,
                tip_wei=0,
                intent=Intent.SELL if gap.side == SELL else "buy",
                reason=reason,
                key="order",
            ),
            Proposal.of_swap(
                swap,
                sender=self.address,
                gas_limit=_SWAP_GAS,
                tip_wei=int(self.spec.tip_gwei * GWEI),
                intent=Intent.BUY if gap.side == SELL else "sell",
                reason=reason,
                key="swap",
            ),
        ], spent

    def _moves(self, sight: _Sight, spent: dict[str, _Stock]) -> list[Proposal]:
        """Move half of the difference where a side holds less than a block's trade and the other more."""
        if sight.view.exchange.is_transfer_degraded():
            return []
        cash, base = sight.venue.coins
        block_raw = raw_amount(sight.view.world.scenario.spec, base, self.spec.max_per_block)
        needs = {cash: _cash_raw(block_raw, sight.price_wad, sight.book), base: block_raw}
        proposals = []
        for asset, held in ((cash, sight.cash), (base, sight.base)):
            used = spent.get(asset, _Stock(0, 0))
            here, there, least = held.chain_raw - used.chain_raw, held.exchange_raw - used.exchange_raw, needs[asset]
            half = abs(here - there) // 2
            if not half or min(here, there) >= least or max(here, there) <= least:
                continue
            vault, token = sight.view.exchange.exchange.vault, sight.view.world.tokens[asset].address
            if here > there:
                proposals.append(self._move(vault, "deposit", (token, half, self.address), asset))
            else:
                proposals.append(self._move(vault, "withdraw", (token, half), asset))
        return proposals

    def _move(self, vault: Contract, function: str, arguments: tuple[object, ...], asset: str) -> Proposal:
        return Proposal(
            sender=self.address,
            contract=vault,
            function=function,
            arguments=arguments,
            gas_limit=_MOVE_GAS,
            tip_wei=int(self.spec.tip_gwei * GWEI),
            intent=function,
            reason=f"short of {asset} on the other side",
            key=f"move {asset}",
        )


def _base_raw(cash_raw: int, price_wad: int, book: DeployedBook) -> int:
    """Return the value of an amount of the stable in the base, rounded down."""
    return cash_raw * WAD * book.base_unit // (price_wad * book.cash_unit) if price_wad else 0


def _cash_raw(base_raw: int, price_wad: int, book: DeployedBook) -> int:
    """Return the value of an amount of the base in the stable, rounded down."""
    return base_raw * price_wad * book.cash_unit // (WAD * book.base_unit)
