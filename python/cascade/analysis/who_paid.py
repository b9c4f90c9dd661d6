"""Where the borrowers' equity went."""

from __future__ import annotations

from cascade.analysis.frames import Frames
from cascade.analysis.pricebook import PriceBook
from cascade.analysis.valuation import collateral_e8, debt_e8
from cascade.units import e8_to_float, value_e8_down, value_e8_up

__all__ = ["who_paid", "wiped_out"]


def who_paid(frames: Frames, book: PriceBook) -> dict[str, dict[str, float]]:
    """Where the borrowers' equity went, and who bore what they could not.

    Everything at the oracle: equity at the start with the prices before the first crash block, equity at the end with
    the last prices, a liquidation with the prices inside it.

    Returns
    -------
    dict
        `borrowers`: `equity_start_usd`; less `price_loss_seized_usd` (fall of the seized collateral from the start
        to its liquidation), less `price_loss_kept_usd` (fall of what they still hold), less `bonus_usd` (to
        liquidators) and `protocol_fee_usd`, plus `absorbed_by_lenders_usd` (deficit), less
        `interest_and_other_usd` (interest, change of the debt's price, rounding: what closes the sum), is
        `equity_end_usd` (signed, summed over positions). `equity_left_usd` counts a position under water as 0 and
        `loss_usd` is the start less that.
        `lenders`: `deficit_usd` written off, `unrealised_usd` still under water at the end, `loss_usd` both.
        `treasury`: `protocol_fee_usd`. The venues' traders and the exogenous flow are inputs and are not counted.
    """
    start_block, end_block = frames.first_crash_block - 1, frames.last_block
    equity_start = sum(
        collateral_e8(frames, book, row, start_block) - debt_e8(frames, book, row, start_block)
        for row in frames.positions_at(start_block).to_dict("records")
    )
    equity_end = left = kept_loss = 0
    for row in frames.positions_at(end_block).to_dict("records"):
        worth = collateral_e8(frames, book, row, end_block)
        equity = worth - debt_e8(frames, book, row, end_block)
        equity_end += equity
        left += max(0, equity)
        kept_loss += collateral_e8(frames, book, row, start_block) - worth
    seized_loss = bonus = fee = deficit = 0
    for row in frames.liquidations.to_dict("records"):
        decimals = frames.decimals(row["collateral_asset"])
        seized = value_e8_down(row["collateral_seized_raw"], row["collateral_price_e8"], decimals)
        before = book.oracle(row["collateral_asset"], start_block)
        seized_loss += value_e8_down(row["collateral_seized_raw"], before, decimals) - seized
        to_treasury = value_e8_down(row["protocol_fee_raw"], row["collateral_price_e8"], decimals)
        debt = row["debt_price_e8"], frames.decimals(row["debt_asset"])
        bonus += seized - value_e8_up(row["debt_covered_raw"], *debt) - to_treasury
        fee += to_treasury
        deficit += value_e8_up(row["deficit_raw"], *debt)
    other = equity_start - seized_loss - kept_loss - bonus - fee + deficit - equity_end
    unrealised = left - equity_end
    borrowers = {
        "equity_start_usd": equity_start,
        "price_loss_seized_usd": seized_loss,
        "price_loss_kept_usd": kept_loss,
        "bonus_usd": bonus,
        "protocol_fee_usd": fee,
        "absorbed_by_lenders_usd": deficit,
        "interest_and_other_usd": other,
        "equity_end_usd": equity_end,
        "equity_left_usd": left,
        "loss_usd": equity_start - left,
    }
    lenders = {"deficit_usd": deficit, "unrealised_usd": unrealised, "loss_usd": deficit + unrealised}
    return {
        "borrowers": {name: e8_to_float(value) for name, value in borrowers.items()},
        "lenders": {name: e8_to_float(value) for name, value in lenders.items()},
        "treasury": {"protocol_fee_usd": e8_to_float(fee)},
    }


def wiped_out(frames: Frames, book: PriceBook) -> int:
    """Borrowers liquidated at least once whose collateral is worth no more than their debt at the end."""
    liquidated = set(frames.liquidations["borrower"])
    worth: dict[str, int] = {}
    for row in frames.positions_at(frames.last_block).to_dict("records"):
        equity = collateral_e8(frames, book, row, frames.last_block) - debt_e8(frames, book, row, frames.last_block)
        worth[row["borrower"]] = worth.get(row["borrower"], 0) + equity
    return sum(1 for borrower, equity in worth.items() if borrower in liquidated and equity <= 0)
