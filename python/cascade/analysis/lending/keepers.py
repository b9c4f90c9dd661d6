"""What liquidating earned and cost."""

from __future__ import annotations

from typing import Any

from cascade.analysis.frames import CRASH, Frames
from cascade.units import e8_to_float, gas_cost_e8, value_e8_down, value_e8_up

__all__ = ["keepers"]


def keepers(frames: Frames) -> dict[str, Any]:
    """Count what liquidating earned and cost.

    Returns
    -------
    dict
        `active`: keepers with at least one liquidation. `gross_profit_usd`: their profits before gas, at the debt's
        oracle price. `collateral_held_usd`: collateral kept instead of sold (profit counts it 0), fee excluded, at
        the oracle's price in the liquidation. `exit_slippage_usd`: collateral sold at the oracle's price less what
        the venue paid for it, negative when it paid more. `bonus_usd`: what they got above the debt they repaid, at
        the oracle's prices, the protocol's fee excluded; `bonus_kept_usd`: that less the slippage given away.
        `gas_usd`: fees of their successful transactions in the
        crash phase, at the scenario's price of an ether. `reverted_attempts`, `reverted_gas_usd`: the same of
        reverted ones. `net_profit_usd`: gross, less both; what is held stays out.
    """
    gross = held = slippage = bonus = 0
    for row in frames.liquidations.to_dict("records"):
        decimals = frames.decimals(row["collateral_asset"]), frames.decimals(row["debt_asset"])
        gross += value_e8_down(row["liquidator_profit_raw"], row["debt_price_e8"], decimals[1])
        received = value_e8_down(
            row["collateral_seized_raw"] - row["protocol_fee_raw"], row["collateral_price_e8"], decimals[0]
        )
        bonus += received - value_e8_up(row["debt_covered_raw"], row["debt_price_e8"], decimals[1])
        if row["exit_proceeds_raw"]:
            slippage += received - value_e8_down(row["exit_proceeds_raw"], row["debt_price_e8"], decimals[1])
        else:
            held += received
    sent = frames.chain_transactions
    sent = sent[(sent["role"] == "keeper") & (sent["phase"] == CRASH)]
    reverted = sent[sent["status"] == "reverted"]
    gas = gas_cost_e8(sum(sent.loc[sent["status"] == "ok", "fee_wei"].tolist()), frames.ether_price_e8)
    wasted = gas_cost_e8(sum(reverted["fee_wei"].tolist()), frames.ether_price_e8)
    return {
        "active": int(frames.liquidations["liquidator"].nunique()),
        "gross_profit_usd": e8_to_float(gross),
        "collateral_held_usd": e8_to_float(held),
        "exit_slippage_usd": e8_to_float(slippage),
        "bonus_usd": e8_to_float(bonus),
        "bonus_kept_usd": e8_to_float(bonus - slippage),
        "gas_usd": e8_to_float(gas),
        "reverted_attempts": len(reverted),
        "reverted_gas_usd": e8_to_float(wasted),
        "net_profit_usd": e8_to_float(gross - gas - wasted),
    }
