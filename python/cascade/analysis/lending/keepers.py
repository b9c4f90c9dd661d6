"""Sum what liquidations earned and cost the keepers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from cascade.analysis.frames import Frames
from cascade.analysis.prices.pricebook import PriceBook
from cascade.recording.tables import LiquidationRow
from cascade.units import e8_to_float, gas_cost_e8, value_e8_down, value_e8_up
from cascade.vocabulary import Phase, Role, TransactionStatus

__all__ = ["KeeperFigures", "keepers"]


@dataclass(frozen=True)
class KeeperFigures:
    """Earnings and costs of all keepers together; amounts at the oracle prices in each liquidation, unless said.

    Proceeds and profit are null where a liquidator did not report them (`unreported`), and what gas cost is null in a
    run in process, which knows no gas.
    """

    active: int
    """Number of keepers with at least one liquidation."""
    unreported: int
    """Number of liquidations by callers of the pool itself, of which no table holds proceeds and profit."""
    gross_profit_usd: float | None
    """What sales of collateral brought, and what collateral that was kept is worth at the end, less the debt repaid."""
    collateral_held_usd: float | None
    """Collateral that keepers kept instead of selling it, protocol fee excluded."""
    collateral_held_at_end_usd: float | None
    """The same collateral at the last prices that the oracle gave."""
    exit_slippage_usd: float | None
    """Value of the collateral sold less what the venues paid for it; negative where they paid more."""
    bonus_usd: float
    """Value of the collateral received in excess of the debt repaid, protocol fee excluded."""
    bonus_kept_usd: float | None
    """The bonus less the slippage at which the collateral was sold."""
    gas_usd: float | None
    """Fees of the keepers' successful transactions in the crash phase, at the scenario's price of ether."""
    reverted_attempts: int
    """Number of the keepers' transactions that reverted in the crash phase."""
    reverted_gas_usd: float | None
    """Fees of those, at the scenario's price of ether."""
    net_profit_usd: float | None
    """Gross profit less the fees of successful and reverted transactions."""

    @property
    def all_gas_usd(self) -> float | None:
        """Fees of successful and reverted transactions together; None where gas is not known."""
        if self.gas_usd is None or self.reverted_gas_usd is None:
            return None
        return self.gas_usd + self.reverted_gas_usd


def keepers(frames: Frames) -> KeeperFigures:
    """Return what liquidating earned and cost."""
    gross = held = slippage = bonus = unreported = 0
    kept: Counter[str] = Counter()
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
            kept[row.collateral_asset] += row.collateral_seized_raw - row.protocol_fee_raw
    sent = frames.chain_transactions
    sent = sent[(sent["role"] == Role.KEEPER) & (sent["phase"] == Phase.CRASH)]
    reverted = sent[sent["status"] == TransactionStatus.REVERTED]
    gas = _cost_e8(frames, sent[sent["status"] == TransactionStatus.OK])
    wasted = _cost_e8(frames, reverted)

    def known(*amounts_e8: int | None) -> float | None:
        # A sum that lacks some of its parts would pass for the whole.
        found = [amount for amount in amounts_e8 if amount is not None]
        return None if unreported or len(found) < len(amounts_e8) else e8_to_float(sum(found))

    fees = [None if amount is None else -amount for amount in (gas, wasted)]
    at_end = _at_end_e8(frames, kept)

    return KeeperFigures(
        active=int(frames.liquidations["liquidator"].nunique()),
        unreported=unreported,
        gross_profit_usd=known(gross, at_end),
        collateral_held_usd=known(held),
        collateral_held_at_end_usd=known(at_end),
        exit_slippage_usd=known(slippage),
        bonus_usd=e8_to_float(bonus),
        bonus_kept_usd=known(bonus - slippage),
        gas_usd=None if gas is None else e8_to_float(gas),
        reverted_attempts=len(reverted),
        reverted_gas_usd=None if wasted is None else e8_to_float(wasted),
        net_profit_usd=known(gross, at_end, *fees),
    )


def _at_end_e8(frames: Frames, kept: Mapping[str, int]) -> int | None:
    """Return what amounts by asset are worth after the last block, in dollars with 8 decimals."""
    if not kept:
        return 0
    book, last = PriceBook(frames), int(frames.chain_blocks["block_number"].max())
    prices = {asset: book.oracle(asset, last) for asset in kept}
    return sum(value_e8_down(raw, prices[asset], frames.decimals(asset)) for asset, raw in kept.items())


def _cost_e8(frames: Frames, transactions: pd.DataFrame) -> int | None:
    """Return what the gas of some transactions cost, in dollars with 8 decimals; None where it is not known."""
    fees = transactions["fee_wei"].tolist()
    return None if None in fees else gas_cost_e8(sum(fees), frames.ether_price_e8)
