"""Liquidation bots: preview, price the exit, pay for gas, and take what is left if it is enough."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cascade.agents.interface import Proposal
from cascade.chain.local import Contract, address_of
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
class _Sight:
    view: BlockView
    targets: tuple[LiquidationPreview, ...]
    curves: dict[tuple[str, str], ExitCurve]
    stock: dict[str, int]
    """Balance of the bot's contract of each debt; empty where flash loans pay."""
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
        self._liquidator = world.deploy(
            "Liquidator", world.pool.address, self.address, name=f"Liquidator of {self.name}"
        )
        if self.spec.funding == "inventory":
            for asset, reserve in world.scenario.spec.lending.reserves.items():
                if reserve.borrowing:
                    stock = raw_amount(world.scenario.spec, asset, self.spec.inventory)
                    world.mint(asset, [(self._liquidator.address, stock)])

    def see(self, view: BlockView) -> _Sight:
        """Positions that can be liquidated, and what the exit venue pays."""
        targets = tuple(target for target in view.unhealthy() if self._can_handle(view, target))
        curves = {}
        for pair in {(t.entry.collateral, t.entry.debt): None for t in targets}:
            venue = self._exit(view, *pair)
            if venue is not None:
                curves[pair] = view.exit_curve(venue, asset_in=pair[0], asset_out=pair[1])
        stock = {}
        if self.spec.funding == "inventory" and self._liquidator is not None:
            for asset in {target.entry.debt: None for target in targets}:
                stock[asset] = view.token_balance_raw(view.world.tokens[asset], self._liquidator.address)
        ether_usd = float(view.world.scenario.spec.chain.ether_price_usd)
        gas_cost_usd = _GAS_EXPECTED * view.next_base_fee_wei / 1e18 * ether_usd if targets else 0.0
        return _Sight(view, targets, curves, stock, gas_cost_usd)

    def propose(self, sight: _Sight) -> Sequence[Proposal]:
        """Liquidations worth their gas, the largest first."""
        ready = self._past_latency(sight)
        sold: dict[tuple[str, str], int] = {}
        stock = dict(sight.stock)
        proposals: list[Proposal] = []
        for preview in sight.targets:
            # `targets` is sorted by debt, so that a cap cuts off the smallest positions.
            if len(proposals) == self.spec.max_per_block:
                break
            if preview.entry.borrower not in ready or not self._notices(sight, preview):
                continue
            pair = (preview.entry.collateral, preview.entry.debt)
            order = self._size(sight, preview, already_sold=sold.get(pair, 0), payable=stock.get(pair[1]))
            if order is not None:
                sold[pair] = sold.get(pair, 0) + order.seize_raw
                if pair[1] in stock:
                    stock[pair[1]] -= order.cover_raw
                proposals.append(self._proposal(sight, order))
        return proposals

    def _notices(self, sight: _Sight, preview: LiquidationPreview) -> bool:
        """Return whether it sees a target in this block: by lot, whichever other targets there are."""
        name = f"agents/{self.name}/{sight.view.step}/{preview.entry.borrower}"
        return lot(self._seed, name, BPS) < self.spec.attention_bps

    def _exit(self, view: BlockView, collateral: str, debt: str) -> str | None:
        """Return the pool where it sells a collateral for a debt; None where it has none."""
        venues = view.world.venues
        return next((name for name in self.spec.exits if tuple(venues[name].coins) == (debt, collateral)), None)

    def _can_handle(self, view: BlockView, target: LiquidationPreview) -> bool:
        """Return whether it could sell the seized collateral, or pay without selling it."""
        pair = target.entry.collateral, target.entry.debt
        return self.spec.funding == "inventory" or self._exit(view, *pair) is not None

    def _past_latency(self, sight: _Sight) -> set[str]:
        """Borrowers that have been liquidatable for as long as the bot needs to see it."""
        now = sight.view.step
        # Rebuilt in each block: a position that recovers and falls again is seen anew.
        self._first_seen = {
            target.entry.borrower: self._first_seen.get(target.entry.borrower, now) for target in sight.targets
        }
        return {name for name, step in self._first_seen.items() if now - step >= self.spec.latency_blocks}

    def _size(
        self, sight: _Sight, preview: LiquidationPreview, *, already_sold: int, payable: int | None
    ) -> _Order | None:
        best: _Order | None = None
        for share in _SHARES:
            cover, seize = preview.debt_to_cover_raw // share, preview.collateral_to_liquidator_raw // share
            if cover == 0 or (share > 1 and self._leaves_dust(sight.view, preview, share)):
                continue
            # What the stock cannot pay in whole it may pay in part: the next smaller share is tried.
            if payable is not None and cover > payable:
                continue
            profit = self._profit_usd(sight, preview, cover, seize, already_sold)
            if profit >= float(self.spec.min_profit_usd) and (best is None or profit > best.profit_usd):
                best = _Order(preview, MAX_UINT256 if share == 1 else cover, cover, seize, profit)
        return best

    def _leaves_dust(self, view: BlockView, preview: LiquidationPreview, share: int) -> bool:
        assets = view.world.scenario.spec.assets
        seized = (preview.collateral_to_liquidator_raw + preview.protocol_fee_raw) // share
        sides = (
            (preview.entry.debt, preview.debt_raw - preview.debt_to_cover_raw // share),
            (preview.entry.collateral, preview.collateral_raw - seized),
        )
        return any(
            left * view.oracle_price_e8(asset) // 10 ** assets[asset].decimals < _LEFTOVER_BASE_E8
            for asset, left in sides
        )

    def _profit_usd(
        self, sight: _Sight, preview: LiquidationPreview, cover: int, seize: int, already_sold: int
    ) -> float:
        view, spec = sight.view, sight.view.world.scenario.spec
        collateral, debt = preview.entry.collateral, preview.entry.debt
        debt_usd: float = view.oracle_price_e8(debt) / 1e8 / 10 ** spec.assets[debt].decimals
        if (collateral, debt) not in sight.curves:
            collateral_usd: float = view.oracle_price_e8(collateral) / 1e8 / 10 ** spec.assets[collateral].decimals
            return seize * collateral_usd - cover * debt_usd - sight.gas_cost_usd
        # An earlier liquidation of the same block moves the pool before this one sells, so that its proceeds are the
        # difference between two points of the curve.
        curve = sight.curves[collateral, debt]
        proceeds = curve.pays(already_sold + seize) - curve.pays(already_sold)
        # A bot with inventory pays no premium, and its capital has no cost here.
        premium = cover * spec.lending.flash_loan_premium_bps // BPS if self.spec.funding == "flash-loan" else 0
        return (proceeds - cover - premium) * debt_usd - sight.gas_cost_usd

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
