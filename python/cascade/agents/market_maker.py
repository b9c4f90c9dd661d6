"""Market makers of the exchange: ladders around a reference, from a unified account that borrowed for its inventory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from cascade.agents.frozen import FrozenWatch
from cascade.agents.interface import Proposal
from cascade.agents.ladder import (
    Rung,
    asks_above,
    base_raw,
    bids_below,
    cut,
    even_lots,
    is_fallen,
    requote_gas,
    steps_wad,
    value_raw,
)
from cascade.agents.opening import OUTSIDE, open_perpetuals
from cascade.chain.local import address_of
from cascade.deployment.exchange import deposit
from cascade.observation import Balance, BlockView, BookState, MarginAccount
from cascade.scenario.accounts import raw_amount
from cascade.scenario.model import MarketMakerSpec, amount_of, whole_of
from cascade.units import BPS, WAD
from cascade.vocabulary import Intent, Motive, Role
from cascade.world.exchange import DeployedBook, DeployedExchange
from cascade.world.world import World

__all__ = ["MarketMaker"]

_CANCEL_GAS = 20_000_000


@dataclass(frozen=True)
class _Sight:
    view: BlockView
    is_out: bool
    account: MarginAccount | None
    books: dict[str, BookState]
    references: dict[str, int]
    balances: dict[str, Balance]


@dataclass(frozen=True)
class _Standing:
    """A ladder as it was last placed."""

    step: int
    middle_wad: int
    share_bps: int
    base_raw: int
    """Base that the account held then: another balance means that somebody traded."""
    best_bid: int
    best_ask: int
    is_partial: bool
    """Whether less was free than wanted, or orders of others stood in its way."""


@dataclass
class _Purse:
    """Balances that are left for the ladders of a step, by asset."""

    cash: str
    free: dict[str, int]
    most: dict[str, int]
    """Largest amount that all ladders together may lock."""
    wanted: dict[str, int]
    """Amount that all ladders together would lock."""
    is_short: bool = field(default=False, init=False)

    def pay(self, asset: str, *, needed_raw: int, wanted_raw: int) -> int:
        """Most that a ladder may lock of what it needs: its part of what all may, and no more than is free."""
        most, wanted = self.most[asset], self.wanted[asset]
        part = needed_raw if wanted <= most else min(needed_raw, wanted_raw * most // wanted)
        # Where all ladders together want more than they may lock, each gets its share in proportion; the books' order
        # in the scenario then decides nothing.
        paid = min(part, self.free[asset])
        self.is_short = self.is_short or paid < part
        self.free[asset] -= paid
        return paid


class MarketMaker:
    """One maker. It remembers the ladder that it placed last in each book, and when it last pulled from one.

    Parameters
    ----------
    name : str
        Account of the maker.
    spec : MarketMakerSpec
        Its own figures: `scenario.members` draws those of each maker.
    """

    def __init__(self, name: str, spec: MarketMakerSpec) -> None:
        self.name = name
        self.spec = spec
        self.address = address_of(name)
        self._watch = FrozenWatch(self.address)
        self._scale = Fraction(amount_of(spec.scale))
        self._pull_wad = None if spec.pull_margin is None else int(amount_of(spec.pull_margin) * WAD)
        self._pull_fall_bps = None if spec.pull_fall_bps is None else whole_of(spec.pull_fall_bps)
        self._levels = {book: whole_of(ladder.levels) for book, ladder in spec.ladders.items()}
        self._distances = {
            book: steps_wad(
                self._levels[book], first_bps=whole_of(ladder.spread_bps), step_bps=whole_of(ladder.step_bps)
            )
            for book, ladder in spec.ladders.items()
        }
        self._skew_bps, self._requote_bps = whole_of(spec.skew_bps), whole_of(spec.requote_bps)
        self._refill_blocks, self._return_blocks = whole_of(spec.refill_blocks), whole_of(spec.return_blocks)
        self._start: dict[str, int] = {}
        self._sizes: dict[str, tuple[int, int]] = {}
        self._standing: dict[str, _Standing] = {}
        self._driven_out_at: dict[str, int] = {}

    def prepare(self, world: World) -> None:
        """Open the account, pay the inventory in, and place the first ladders around the initial prices."""
        exchange = world.require_exchange()
        exchange.enrol(self.address, world.actors[self.address].cohort)
        self._start = {asset: self._raw(world, asset, amount_of(held)) for asset, held in self.spec.inventory.items()}
        self._sizes = {
            name: (
                self._raw(world, exchange.books[name].base, amount_of(ladder.bid_size)),
                self._raw(world, exchange.books[name].base, amount_of(ladder.ask_size)),
            )
            for name, ladder in self.spec.ladders.items()
        }
        deposit(world, [(self.address, asset, raw) for asset, raw in self._start.items()])
        balances = {asset: Balance(self._start.get(asset, 0), 0) for asset in exchange.assets}
        middles = {name: int(exchange.books[name].spec.initial_price * WAD) for name in self.spec.ladders}
        purse = self._purse(exchange, balances, middles, dict.fromkeys(middles, BPS))
        ladders = {
            name: self._place(exchange.books[name], middle_wad, BPS, balances, purse, step=0)
            for name, middle_wad in middles.items()
        }
        world.setup(
            (
                (self.address, exchange.books[name].contract, "requote", ladder)
                for name, ladder in ladders.items()
                if any(ladder)
            ),
            intent=Intent.REQUOTE,
            gas=requote_gas(max(len(bids) + len(asks) for bids, asks in ladders.values())),
        )

    def open(self, world: World) -> None:
        """Borrow what the inventory was bought with and pay it away; go short."""
        exchange = world.require_exchange()
        borrowed = self._raw(world, exchange.cash, amount_of(self.spec.borrowed))
        if borrowed:
            token = world.tokens[exchange.cash]
            outside = world.enlist(OUTSIDE, role=Role.EXCHANGE)
            world.setup([(self.address, exchange.require_margin(), "borrow", (borrowed,))], intent=Intent.BORROW)
            world.setup([(self.address, exchange.vault, "withdraw", (token.address, borrowed))], intent=Intent.WITHDRAW)
            world.setup([(self.address, token, "transfer", (outside, borrowed))], intent=Intent.PAY)
        for market, stated in self.spec.short_contracts.items():
            contracts = int(whole_of(stated) * self._scale)
            if contracts:
                open_perpetuals(world, market, [(self.address, -contracts)])

    def see(self, view: BlockView) -> _Sight:
        """Its account and balances, its books, and their references."""
        at = view.exchange
        exchange = at.exchange
        is_out = self._watch.is_out(view)
        account = at.account(self.address) if exchange.margin is not None else None
        names = self.spec.ladders
        assets = {exchange.cash: None, **{exchange.books[name].base: None for name in names}}
        return _Sight(
            view,
            is_out,
            account,
            {name: at.book(name) for name in names},
            {name: at.reference_wad(name) for name in names},
            {asset: at.balance(self.address, asset) for asset in assets},
        )

    def propose(self, sight: _Sight) -> Sequence[Proposal]:
        """Cancel where it is driven out; replace each ladder that is due."""
        step, exchange = sight.view.step, sight.view.exchange.exchange
        if sight.is_out:
            # The engine cancelled all of its orders.
            self._standing.clear()
            self._driven_out_at = dict.fromkeys(self.spec.ladders, step)
            return []
        proposals: list[Proposal] = []
        shares = {name: self._share_bps(sight, name) for name in self.spec.ladders}
        middles = {name: self._middle_wad(sight, exchange.books[name]) for name in self.spec.ladders}
        purse: _Purse | None = None
        for name, share_bps in shares.items():
            book = exchange.books[name]
            if not share_bps:
                # One cancellation is enough. Repeated in each block it would cost the exchange's lane a transaction
                # without effect.
                if self._standing.pop(name, None) is not None:
                    proposals.append(self._cancellation(sight, book))
                continue
            why = self._why_due(sight, book, middles[name], share_bps)
            if not why:
                continue
            purse = purse or self._purse(exchange, sight.balances, middles, shares)
            had = self._standing.get(name)
            bids, asks = self._place(
                book, middles[name], share_bps, sight.balances, purse, step=step, state=sight.books[name]
            )
            if bids or asks or (had is not None and (had.best_bid or had.best_ask)):
                proposals.append(self._requote(book, bids, asks, why))
        return proposals

    def _raw(self, world: World, asset: str, amount: Decimal) -> int:
        """Return a stated size of this maker in smallest units, its scale included."""
        return int(raw_amount(world.scenario.spec, asset, amount) * self._scale)

    def _share_bps(self, sight: _Sight, name: str) -> int:
        """Share of its ladder that it quotes: all, what it is obliged to, or nothing."""
        step = sight.view.step
        if self._is_margin_low(sight) or self._has_fallen(sight, name):
            self._driven_out_at[name] = step
        since = self._driven_out_at.get(name)
        if since is None or step - since >= self._return_blocks:
            return BPS
        return whole_of(self.spec.obligation.share_bps) if self.spec.obligation is not None else 0

    def _is_margin_low(self, sight: _Sight) -> bool:
        account, line = sight.account, self._pull_wad
        return line is not None and account is not None and account.uni_mmr_wad < line

    def _has_fallen(self, sight: _Sight, name: str) -> bool:
        """Return whether the last price, held between best bid and ask, is far enough under the reference."""
        if self._pull_fall_bps is None:
            return False
        book, state = sight.view.exchange.exchange.books[name], sight.books[name]
        return is_fallen(book, state, reference_wad=sight.references[name], fall_bps=self._pull_fall_bps)

    def _middle_wad(self, sight: _Sight, book: DeployedBook) -> int:
        reference, start = sight.references[book.name], self._start.get(book.base, 0)
        if not self._skew_bps or not start:
            return reference
        # Skew is capped at the starting inventory on both sides, so that the middle moves by `skew_bps` at most.
        excess = max(min(sight.balances[book.base].total - start, start), -start)
        return reference - reference * self._skew_bps * excess // (start * BPS)

    def _why_due(self, sight: _Sight, book: DeployedBook, middle_wad: int, share_bps: int) -> str:
        """Return why a ladder is replaced now; empty where it is not."""
        standing, state = self._standing.get(book.name), sight.books[book.name]
        if standing is None:
            return "no ladder"
        if share_bps != standing.share_bps:
            return f"share {share_bps} of {BPS}"
        if abs(middle_wad - standing.middle_wad) * BPS >= self._requote_bps * standing.middle_wad:
            return f"middle {middle_wad / WAD:.6g}"
        if sight.view.step - standing.step < self._refill_blocks:
            return ""
        if sight.balances[book.base].total != standing.base_raw:
            return "traded against"
        lacks_bid = state.bid < standing.best_bid
        lacks_ask = standing.best_ask and (not state.ask or state.ask > standing.best_ask)
        return "incomplete" if lacks_bid or lacks_ask or standing.is_partial else ""

    def _purse(
        self,
        exchange: DeployedExchange,
        balances: dict[str, Balance],
        middles: dict[str, int],
        shares: dict[str, int],
    ) -> _Purse:
        wanted = dict.fromkeys(balances, 0)
        for name in self.spec.ladders:
            book = exchange.books[name]
            bid_raw, ask_raw = self._sizes[name]
            wanted[exchange.cash] += _bids_worth(book, bid_raw, middles[name]) * shares[name] // BPS
            wanted[book.base] += ask_raw * shares[name] // BPS
        return _Purse(
            exchange.cash,
            {asset: balance.free for asset, balance in balances.items()},
            # At most half of a balance, for the reason in `committable_raw`: a new ladder must be payable while the old
            # one is.
            {asset: balance.total // 2 for asset, balance in balances.items()},
            wanted,
        )

    def _place(
        self,
        book: DeployedBook,
        middle_wad: int,
        share_bps: int,
        balances: dict[str, Balance],
        purse: _Purse,
        *,
        step: int,
        state: BookState | None = None,
    ) -> tuple[tuple[Rung, ...], tuple[Rung, ...]]:
        """Return the ladder that it can pay for, and remember it as standing."""
        levels = self._levels[book.name]
        bid_raw, ask_raw = (size * share_bps // BPS for size in self._sizes[book.name])
        distances = self._distances[book.name]
        purse.is_short = False
        bids = bids_below(book, middle_wad, distances, even_lots(book.lots(bid_raw), levels))
        needed = value_raw(book, bids)
        paid = purse.pay(purse.cash, needed_raw=needed, wanted_raw=_bids_worth(book, bid_raw, middle_wad))
        bids = cut(bids, needed_raw=needed, most_raw=paid)
        best_bid = max((price for price, _ in bids), default=0)
        # Rounded to the grid, the lowest ask can meet the highest bid; the contract refuses a ladder that crosses
        # itself.
        asks = asks_above(book, middle_wad, distances, even_lots(book.lots(ask_raw), levels), over_raw=best_bid)
        needed = base_raw(book, asks)
        asks = cut(asks, needed_raw=needed, most_raw=purse.pay(book.base, needed_raw=needed, wanted_raw=ask_raw))
        best_ask = min((price for price, _ in asks), default=0)
        # Remembered so that the ladder is completed once its balance or the book allows, even if the reference stands
        # still.
        is_partial = purse.is_short or (state is not None and _is_in_the_way(state, best_bid, best_ask))
        self._standing[book.name] = _Standing(
            step, middle_wad, share_bps, balances[book.base].total, best_bid, best_ask, is_partial
        )
        return bids, asks

    def _requote(self, book: DeployedBook, bids: tuple[Rung, ...], asks: tuple[Rung, ...], why: str) -> Proposal:
        return Proposal(
            sender=self.address,
            contract=book.contract,
            function="requote",
            arguments=(bids, asks),
            gas_limit=requote_gas(len(bids) + len(asks)),
            tip_wei=0,
            intent=Intent.REQUOTE,
            reason=why,
            key=f"quotes {book.name}",
        )

    def _cancellation(self, sight: _Sight, book: DeployedBook) -> Proposal:
        why, motive = "price under reference", Motive.LOW_PRICE
        if sight.account is not None and self._is_margin_low(sight):
            why, motive = f"uniMMR {sight.account.uni_mmr_wad / WAD:.4f}", Motive.LOW_MARGIN
        return Proposal(
            sender=self.address,
            contract=book.contract,
            function="cancelAll",
            arguments=(),
            gas_limit=_CANCEL_GAS,
            tip_wei=0,
            intent=Intent.PULL,
            reason=why,
            motive=motive,
            key=f"quotes {book.name}",
        )


def _bids_worth(book: DeployedBook, bid_raw: int, middle_wad: int) -> int:
    """Return the value of an amount of base at the middle, in the stable: bids below it never need more."""
    return -(-bid_raw * middle_wad * book.cash_unit // (WAD * book.base_unit))


def _is_in_the_way(state: BookState, best_bid: int, best_ask: int) -> bool:
    """Return whether orders in the book would keep a rung out of it, unless they move in the same block."""
    return bool((state.ask and best_bid >= state.ask) or (best_ask and best_ask <= state.bid))
