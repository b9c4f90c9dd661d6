"""Sum what liquidations earned and cost the keepers."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.analysis.frames import Frames
from cascade.recording.tables import LiquidationRow
from cascade.units import e8_to_float, gas_cost_e8, value_e8_down, value_e8_up
from cascade.vocabulary import Phase, Role, TransactionStatus

__all__ = ["KeeperFigures", "keepers"]


@dataclass(frozen=True)
class KeeperFigures:
    """Earnings and costs of all keepers together; amounts at the oracle prices in each liquidation.

    Proceeds and profit are null where a liquidator did not report them (`unreported`).
    """

    active: int
    """Number of keepers with at least one liquidation."""
    unreported: int
    """Number of liquidations by callers of the pool itself, of which no table holds proceeds and profit."""
    gross_profit_usd: float | None
    """Profits before gas, in dollars at the debt's price."""
    collateral_held_usd: float | None
    """Collateral that keepers kept instead of selling it, protocol fee excluded; their profit counts it as 0."""
    exit_slippage_usd: float | None
    """Value of the collateral sold less what the venues paid for it; negative where they paid more."""
    bonus_usd: float
    """Value of the collateral received in excess of the debt repaid, protocol fee excluded."""
    bonus_kept_usd: float | None
    """The bonus less the slippage at which the collateral was sold."""
    gas_usd: float
    """Fees of the keepers' successful transactions in the crash phase, at the scenario's price of ether."""
    reverted_attempts: int
    """Number of the keepers' transactions that reverted in the crash phase."""
    reverted_gas_usd: float
    """Fees of those, at the scenario's price of ether."""
    net_profit_usd: float | None
    """Gross profit less the fees of successful and reverted transactions; collateral that is held stays out."""


def keepers(frames: Frames) -> KeeperFigures:
    """Return what liquidating earned and cost."""
    gross = held = slippage = bonus = unreported = 0
    for row in frames.rows(LiquidationRow):
        collateral = row.collateral_price_e8, frames.decimals(row.collateral_asset)
        debt = row.debt_price_e8, frames.decimals(row.debt_asset)
        received = value_e8_down(row.collateral_seized_raw - row.protocol_fee_raw, *collateral)
        bonus += received - value_e8_up(row.debt_covered_raw, *debt)
        if row.liquidator_profit_raw is None or row.exit_proceeds_raw is None:
            unreported += 1
            continue
        gross += value_e8_down(row.liquidator_profit_raw, *debt)
        if row.exit_proceeds_raw:
            slippage += received - value_e8_down(row.exit_proceeds_raw, *debt)
        else:
            held += received
    sent = frames.chain_transactions
    sent = sent[(sent["role"] == Role.KEEPER) & (sent["phase"] == Phase.CRASH)]
    reverted = sent[sent["status"] == TransactionStatus.REVERTED]
    gas = gas_cost_e8(sum(sent.loc[sent["status"] == TransactionStatus.OK, "fee_wei"].tolist()), frames.ether_price_e8)
    wasted = gas_cost_e8(sum(reverted["fee_wei"].tolist()), frames.ether_price_e8)

    def known(amount_e8: int) -> float | None:
        # A sum that lacks some of its parts would pass for the whole.
        return None if unreported else e8_to_float(amount_e8)

    return KeeperFigures(
        active=int(frames.liquidations["liquidator"].nunique()),
        unreported=unreported,
        gross_profit_usd=known(gross),
        collateral_held_usd=known(held),
        exit_slippage_usd=known(slippage),
        bonus_usd=e8_to_float(bonus),
        bonus_kept_usd=known(bonus - slippage),
        gas_usd=e8_to_float(gas),
        reverted_attempts=len(reverted),
        reverted_gas_usd=e8_to_float(wasted),
        net_profit_usd=known(gross - gas - wasted),
    )
