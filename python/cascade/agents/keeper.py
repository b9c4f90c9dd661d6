"""Liquidation bots: preview, price the exit, pay for gas, and take what is left if it is enough."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from cascade.agents.interface import Proposal
from cascade.chain.local import Contract, address_of
from cascade.deployment.own_contracts import deploy_part
from cascade.errors import MissingPart
from cascade.observation import BlockView, ExitCurve, LiquidationPreview
from cascade.scenario.accounts import raw_amount
from cascade.scenario.model import KeeperSpec
from cascade.scenario.streams import lot
from cascade.units import BPS
from cascade.vocabulary import Intent
from cascade.world.world import MAX_UINT256, World

__all__ = ["Keeper"]

_GAS_LIMIT = 800_000
_GAS_EXPECTED = 650_000
"""Gas of a liquidation with flash loan and exit swap, for the test of profit."""

_MOST_TIP_WEI = 400 * 10**9
"""Under the oracle's and the exogenous flow's tips, which open a block."""

_SHARES = (1, 2, 4, 8, 16)
"""Sizes tried, as fractions of the most that may be repaid: what is too much for the pool may pay in part."""

_LEFTOVER_BASE_E8 = 1000 * 10**8
"""A partial liquidation must leave this much of both sides (MustNotLeaveDust)."""


@dataclass(frozen=True)
class _Pair:
    """What all targets of one collateral and one debt share."""

    collateral_price_e8: int
    debt_price_e8: int
    collateral_unit: int
    debt_unit: int
    curve: ExitCurve | None
    """Proceeds of the collateral where the bot sells it; None where it keeps what it seizes."""
    premium_bps: int
    """Premium of a flash loan; 0 where the bot pays from its stock."""

    @cached_property
    def debt_usd(self) -> float:
        """Dollars per smallest unit of the debt."""
        return self.debt_price_e8 / 1e8 / self.debt_unit

    def leaves_dust(self, debt_left: int, collateral_left: int) -> bool:
        """Return whether a partial liquidation leaves too little of either side."""
        return (
            debt_left * self.debt_price_e8 // self.debt_unit < _LEFTOVER_BASE_E8
            or collateral_left * self.collateral_price_e8 // self.collateral_unit < _LEFTOVER_BASE_E8
        )

    def paid_for(self, sold: int) -> int:
        """Return what the pool pays for what earlier liquidations of the same block sell."""
        return 0 if self.curve is None else self.curve.pays(sold)

    def profit_usd(self, cover: int, seize: int, *, already_sold: int, already_paid: int) -> float:
        """Return the profit of a liquidation before its gas.

        An earlier liquidation of the same block moves the pool before this one sells, so that its proceeds are the
        difference between two points of the curve.
        """
        if self.curve is None:
            return seize * (self.collateral_price_e8 / 1e8 / self.collateral_unit) - cover * self.debt_usd
        proceeds = self.curve.pays(already_sold + seize) - already_paid
        # A bot with inventory pays no premium, and its capital has no cost here.
        return (proceeds - cover - cover * self.premium_bps // BPS) * self.debt_usd


@dataclass(frozen=True)
class _Sight:
    view: BlockView
    targets: tuple[LiquidationPreview, ...]
    pairs: dict[tuple[str, str], _Pair]
    stock: dict[str, int]
    """Balance of the bot's contract of each debt; empty where flash loans pay."""
    cash: dict[str, int]
    """What the pool can lend of each debt in a flash loan; empty where the bot pays from its stock."""
    gas_cost_usd: float


@dataclass(frozen=True)
class _Order:
    preview: LiquidationPreview
    debt_to_cover: int
    """All that the pool takes where the whole is meant: else interest and a newer price would leave a rest."""
    cover_raw: int
    seize_raw: int
    profit_usd: float


class Keeper:
    """One bot with its own account and its own Liquidator contract; a lot decides whether it sees a target."""

    def __init__(self, name: str, spec: KeeperSpec, seed: int) -> None:
        self.name = name
        self.spec = spec
        self.address = address_of(name)
        self._seed = seed
        self._liquidator: Contract | None = None
        self._first_seen: dict[str, int] = {}

    def prepare(self, world: World) -> None:
        """Deploy the bot's contract and give it its inventory."""
        self._liquidator = deploy_part(
            world,
            "liquidator",
            self.spec.contract,
            world.pool.address,
            self.address,
            name=f"Liquidator of {self.name}",
            key=f"agents.{self.name}.contract",
            known={"owner": self.address},
        )
        if self.spec.funding == "inventory":
            for asset, reserve in world.scenario.spec.lending.reserves.items():
                if reserve.borrowing:
                    stock = raw_amount(world.scenario.spec, asset, self.spec.inventory)
                    world.mint(asset, [(self._liquidator.address, stock)])

    def see(self, view: BlockView) -> _Sight:
        """Positions that can be liquidated, and what the exit venue pays."""
        unhealthy = view.unhealthy()
        handled = {pair for pair in {_pair_of(target) for target in unhealthy} if self._can_handle(view, pair)}
        targets = tuple(target for target in unhealthy if _pair_of(target) in handled)
        pairs = {pair: self._pair(view, *pair) for pair in {(t.entry.collateral, t.entry.debt): None for t in targets}}
        stock, cash, debts = {}, {}, {target.entry.debt: None for target in targets}
        if self.spec.funding == "flash-loan":
            cash = {asset: view.pool_cash_raw(asset) for asset in debts}
        elif self._liquidator is not None:
            for asset in debts:
                stock[asset] = view.token_balance_raw(view.world.tokens[asset], self._liquidator.address)
        ether_usd = float(view.world.scenario.spec.chain.ether_price_usd)
        gas_cost_usd = _GAS_EXPECTED * view.next_base_fee_wei / 1e18 * ether_usd if targets else 0.0
        return _Sight(view, targets, pairs, stock, cash, gas_cost_usd)

    def propose(self, sight: _Sight) -> Sequence[Proposal]:
        """Liquidations worth their gas, the largest first."""
        ready = self._past_latency(sight)
        sold: dict[tuple[str, str], int] = {}
        stock = dict(sight.stock)
        proposals: list[Proposal] = []
        for previews in _by_borrower(sight.targets):
            # `targets` is sorted by debt, so that a cap cuts off the smallest positions.
            if len(proposals) == self.spec.max_per_block:
                break
            if previews[0].entry.borrower not in ready or not self._notices(sight, previews[0]):
                continue
            order = self._best(sight, previews, sold, stock)
            if order is not None:
                pair = (order.preview.entry.collateral, order.preview.entry.debt)
                sold[pair] = sold.get(pair, 0) + order.seize_raw
                if pair[1] in stock:
                    stock[pair[1]] -= order.cover_raw
                proposals.append(self._proposal(sight, order))
        return proposals

    def _notices(self, sight: _Sight, preview: LiquidationPreview) -> bool:
        """Return whether it sees a target in this block: by lot, whichever other targets there are."""
        name = f"agents/{self.name}/{sight.view.step}/{preview.entry.borrower}"
        return lot(self._seed, name, BPS) < self.spec.attention_bps

    def _pair(self, view: BlockView, collateral: str, debt: str) -> _Pair:
        spec, venue = view.world.scenario.spec, self._exit(view, collateral, debt)
        return _Pair(
            collateral_price_e8=view.oracle_price_e8(collateral),
            debt_price_e8=view.oracle_price_e8(debt),
            collateral_unit=10 ** spec.assets[collateral].decimals,
            debt_unit=10 ** spec.assets[debt].decimals,
            curve=None if venue is None else view.exit_curve(venue, asset_in=collateral, asset_out=debt),
            premium_bps=spec.lending.flash_loan_premium_bps if self.spec.funding == "flash-loan" else 0,
        )

    def _exit(self, view: BlockView, collateral: str, debt: str) -> str | None:
        """Return the pool where it sells a collateral for a debt; None where it has none."""
        venues = view.world.venues
        return next((name for name in self.spec.exits if tuple(venues[name].coins) == (debt, collateral)), None)

    def _can_handle(self, view: BlockView, pair: tuple[str, str]) -> bool:
        """Return whether it could sell the seized collateral of a pair, or pay its debt without selling it."""
        return self.spec.funding == "inventory" or self._exit(view, *pair) is not None

    def _past_latency(self, sight: _Sight) -> set[str]:
        """Borrowers that have been liquidatable for as long as the bot needs to see it."""
        now = sight.view.step
        # Rebuilt in each block: a position that recovers and falls again is seen anew.
        self._first_seen = {
            target.entry.borrower: self._first_seen.get(target.entry.borrower, now) for target in sight.targets
        }
        return {name for name, step in self._first_seen.items() if now - step >= self.spec.latency_blocks}

    def _best(
        self,
        sight: _Sight,
        previews: Sequence[LiquidationPreview],
        sold: Mapping[tuple[str, str], int],
        stock: Mapping[str, int],
    ) -> _Order | None:
        """Return the most profitable liquidation of an account over its pairs of collateral and debt.

        Of equal profits the first pair counts. None where no pair pays.
        """
        best: _Order | None = None
        for preview in previews:
            pair = (preview.entry.collateral, preview.entry.debt)
            # A flash loan is paid back before the next one: it takes nothing from what another may borrow.
            payable = stock.get(pair[1], sight.cash.get(pair[1]))
            order = self._size(sight, preview, already_sold=sold.get(pair, 0), payable=payable)
            if order is not None and (best is None or order.profit_usd > best.profit_usd):
                best = order
        return best

    def _size(
        self, sight: _Sight, preview: LiquidationPreview, *, already_sold: int, payable: int | None
    ) -> _Order | None:
        best: _Order | None = None
        pair, least_usd = sight.pairs[preview.entry.collateral, preview.entry.debt], float(self.spec.min_profit_usd)
        already_paid = pair.paid_for(already_sold)
        for share in _SHARES:
            cover, seize = preview.debt_to_cover_raw // share, preview.collateral_to_liquidator_raw // share
            taken = (preview.collateral_to_liquidator_raw + preview.protocol_fee_raw) // share
            if cover == 0 or (share > 1 and pair.leaves_dust(preview.debt_raw - cover, preview.collateral_raw - taken)):
                continue
            # What the stock or a flash loan cannot pay in whole it may pay in part: the next smaller share is tried.
            if payable is not None and cover > payable:
                continue
            profit = pair.profit_usd(cover, seize, already_sold=already_sold, already_paid=already_paid)
            profit -= sight.gas_cost_usd
            if profit >= least_usd and (best is None or profit > best.profit_usd):
                best = _Order(preview, MAX_UINT256 if share == 1 else cover, cover, seize, profit)
        return best

    @property
    def _prepared_liquidator(self) -> Contract:
        """Return the bot's own contract, which `prepare` deploys."""
        if self._liquidator is None:
            raise MissingPart(f"liquidator of {self.name}")
        return self._liquidator

    def _proposal(self, sight: _Sight, order: _Order) -> Proposal:
        world, entry = sight.view.world, order.preview.entry
        spec = world.scenario.spec
        bid_usd = order.profit_usd * self.spec.bid_share_bps / BPS
        # The auction is for the profit: the bot bids a share of it, spread over the gas that it expects to use.
        tip_wei = int(bid_usd / float(spec.chain.ether_price_usd) * 1e18 / _GAS_EXPECTED)
        exit_name = self._exit(sight.view, entry.collateral, entry.debt)
        venue = world.venues[exit_name] if exit_name is not None else None
        arguments = (
            world.tokens[entry.collateral].address,
            world.tokens[entry.debt].address,
            entry.address,
            order.debt_to_cover,
            venue.exit_kind if venue else 0,
            venue.contract.address if venue else "0x" + "00" * 20,
            self.spec.funding == "flash-loan",
            0,
        )
        return Proposal(
            sender=self.address,
            contract=self._prepared_liquidator,
            function="liquidate",
            arguments=(arguments,),
            gas_limit=_GAS_LIMIT,
            tip_wei=min(tip_wei, _MOST_TIP_WEI),
            intent=Intent.LIQUIDATE,
            reason=f"{entry.borrower} at health {order.preview.health_factor_wad / 1e18:.4f}, "
            f"expects {order.profit_usd:.2f} dollars",
            key=entry.borrower,
        )


def _pair_of(target: LiquidationPreview) -> tuple[str, str]:
    """Return the symbols of collateral and debt."""
    return target.entry.collateral, target.entry.debt


def _by_borrower(targets: Iterable[LiquidationPreview]) -> list[list[LiquidationPreview]]:
    """Return the possible liquidations of each borrower, in the order of the first of each."""
    found: dict[str, list[LiquidationPreview]] = {}
    for target in targets:
        found.setdefault(target.entry.borrower, []).append(target)
    return list(found.values())
