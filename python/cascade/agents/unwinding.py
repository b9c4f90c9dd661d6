"""Selling a loop's collateral to repay it: sizes, and the call that does it in one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cascade.agents.interface import GWEI, Proposal
from cascade.observation import BlockView, ExitCurve, PositionState
from cascade.observation.curve import smallest
from cascade.scenario.model import DeskWhaleSpec, WhaleSpec
from cascade.units import BPS, WAD
from cascade.vocabulary import Intent, Motive
from cascade.world.world import MAX_UINT256, World

__all__ = ["Sale", "approve_unwinding", "sale_of", "unwind", "unwind_tranche"]

_UNWIND_GAS = 1_000_000
_DANGER_WAD = 105 * WAD // 100
LEAST_SALE_USD = 100
"""A smaller sale is not worth its gas."""


@dataclass(frozen=True)
class Sale:
    """The amount that a position could sell at a pool, and its proceeds.

    Attributes
    ----------
    curve : ExitCurve
        Of the pool, as of the block before.
    floor_numerator, floor_denominator : int
        Least proceeds over amount that its owner accepts, in smallest units.
    premium_bps : int
        Premium of the flash loan.
    """

    position: PositionState
    curve: ExitCurve
    floor_numerator: int
    floor_denominator: int
    premium_bps: int

    def most_raw(self, limit: int) -> int:
        """Return the largest amount that can be sold at once within the slippage accepted."""
        return self.curve.most_at(
            self.floor_numerator, self.floor_denominator, limit=min(limit, self.position.collateral_raw)
        )

    def cash_raw(self, amount: int) -> int:
        """Return the cash left by a sale that repays debt in proportion, at a constant LTV; negative under water."""
        # Rounded up, as is the premium: too little repaid would raise the LTV of what is left.
        repaid = -(-self.position.debt_raw * amount // self.position.collateral_raw)
        return self.curve.pays(amount) - repaid - -(-repaid * self.premium_bps // BPS)


def sale_of(view: BlockView, venue: str, position: PositionState, *, max_slippage_bps: int) -> Sale:
    """Return the sale of a position at a pool whose second coin is its collateral."""
    assets = view.world.scenario.spec.assets
    quote, asset = view.world.venues[venue].coins
    price_wad = view.spot_price_wad(venue)
    return Sale(
        position=position,
        curve=view.exit_curve(venue, asset_in=asset, asset_out=quote),
        floor_numerator=price_wad * 10 ** assets[quote].decimals * (BPS - max_slippage_bps),
        floor_denominator=WAD * 10 ** assets[asset].decimals * BPS,
        premium_bps=view.world.scenario.spec.lending.flash_loan_premium_bps,
    )


def unwind(
    view: BlockView,
    venue: str,
    sale: Sale,
    *,
    amount_raw: int,
    cash_raw: int,
    tip_wei: int,
    intent: str,
    reason: str,
    motive: Motive,
) -> Proposal:
    """Sell an amount of a position's collateral, repay from it, keep some cash; all of it leaves nothing behind.

    A sale of everything asks for no cash: what is left after the debt is paid out anyway, and a debt that has grown by
    some interest until then would otherwise keep a rest without collateral, which the pool refuses.
    """
    world, position = view.world, sale.position
    deployed = world.venues[venue]
    least = amount_raw * sale.floor_numerator // sale.floor_denominator
    everything = amount_raw >= position.collateral_raw
    cash = 0 if everything else max(cash_raw, 0)
    order = (
        world.tokens[position.entry.collateral].address,
        world.tokens[position.entry.debt].address,
        MAX_UINT256 if everything else amount_raw,
        cash,
        deployed.exit_kind,
        deployed.contract.address,
        least,
        position.entry.address,
    )
    return Proposal(
        sender=position.entry.address,
        contract=world.deleverager,
        function="unwind",
        arguments=(order,),
        gas_limit=_UNWIND_GAS,
        tip_wei=tip_wei,
        intent=intent,
        reason=reason,
        motive=motive,
        key=intent,
    )


def unwind_tranche(
    view: BlockView,
    spec: WhaleSpec | DeskWhaleSpec,
    sale: Sale,
    *,
    start_raw: int,
    wanted_raw: int | None,
    price_wad: int,
    why: str,
    motive: Motive,
) -> list[Proposal]:
    """Return the next tranche of a whale's loop, at most enough for the cash wanted; empty where it is dust.

    Parameters
    ----------
    start_raw : int
        Collateral that the loop started with, of which a tranche is a share.
    wanted_raw : int, optional
        Cash that is needed; None sells a whole tranche.
    """
    loop = sale.position
    limit = -(-start_raw * spec.tranche_bps // BPS)
    amount = sale.most_raw(limit)
    # The last rest goes with the tranche before it, where the pool takes both: dust is worth no transaction.
    rest = loop.collateral_raw
    if amount * 10 >= rest * 9 and sale.most_raw(rest) == rest:
        amount = rest
    # A loop near its own line is saved first: cash taken out of it would leave it unhealthy, and the pool refuse.
    in_danger = loop.debt_raw > 0 and loop.health_factor_wad < _DANGER_WAD
    cash = sale.cash_raw(amount) if amount and not in_danger else 0
    if wanted_raw is not None and cash > wanted_raw:
        amount = smallest(amount, lambda sold: sale.cash_raw(sold) >= wanted_raw)
        cash = sale.cash_raw(amount)
    unit = 10 ** view.world.scenario.spec.assets[loop.entry.collateral].decimals
    if amount * price_wad < LEAST_SALE_USD * WAD * unit:
        return []
    return [
        unwind(
            view,
            spec.venue,
            sale,
            amount_raw=amount,
            cash_raw=cash,
            tip_wei=int(spec.tip_gwei * GWEI),
            intent=Intent.UNWIND,
            reason=f"{why}: pool at {price_wad / WAD:.4f}",
            motive=motive,
        )
    ]


def approve_unwinding(world: World, owners: Iterable[str], *, collateral: str) -> None:
    """Let the deleverager take the owners' aTokens."""
    token, spender, owners = world.a_tokens[collateral], world.deleverager.address, list(owners)
    world.chain.fund(owners)
    world.setup(((owner, token, "approve", (spender, MAX_UINT256)) for owner in owners), intent=Intent.APPROVE)
