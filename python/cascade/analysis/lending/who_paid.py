"""Where the borrowers' equity went."""

from __future__ import annotations

from cascade.analysis.frames import Frames
from cascade.analysis.lending.valuation import collateral_e8, debt_e8
from cascade.analysis.prices.pricebook import PriceBook
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
        liquidators) and `protocol_fee_usd`, plus `absorbed_by_lenders_usd` (deficit), less what owners sold
        themselves: `price_loss_sold_usd` (fall of it from the start to its sale) and `sale_slippage_usd` (its worth at
        the oracle right before, less proceeds, with the flash loan's premium), less `cash_out_usd` (cash that
        unwinding left in hand, less what owners put into positions from their own), less `interest_and_other_usd`
        (interest, change of the debt's price, rounding: what closes the sum), is `equity_end_usd` (signed, summed over
        positions). `equity_left_usd` counts a position under water as 0 and `loss_usd` is the start, less that, less
        the cash out.
        `lenders`: `deficit_usd` written off, `unrealised_usd` still under water at the end, `loss_usd` both.
        `treasury`: `protocol_fee_usd`. The venues' traders and the exogenous flow are inputs and are not counted.
    """
    start_block, end_block = frames.first_crash_block - 1, frames.last_block
    watched = set(frames.positions["borrower"])
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
    taken = _seized(frames, book, start_block)
    sold = _unwound(frames, book, start_block)
    added, bought_later = _own_cash(frames, book, watched)
    kept_loss -= bought_later
    losses = taken["price_loss_seized_usd"] + taken["bonus_usd"] + taken["protocol_fee_usd"] - taken["deficit"]
    losses += kept_loss + sold["price_loss_sold_usd"] + sold["sale_slippage_usd"] + sold["cash_out"]
    other = equity_start + added - losses - equity_end
    deficit, unrealised = taken["deficit"], left - equity_end
    borrowers = {
        "equity_start_usd": equity_start,
        "price_loss_seized_usd": taken["price_loss_seized_usd"],
        "price_loss_sold_usd": sold["price_loss_sold_usd"],
        "price_loss_kept_usd": kept_loss,
        "sale_slippage_usd": sold["sale_slippage_usd"],
        "bonus_usd": taken["bonus_usd"],
        "protocol_fee_usd": taken["protocol_fee_usd"],
        "absorbed_by_lenders_usd": deficit,
        "cash_out_usd": sold["cash_out"] - added,
        "interest_and_other_usd": other,
        "equity_end_usd": equity_end,
        "equity_left_usd": left,
        "loss_usd": equity_start - left - (sold["cash_out"] - added),
    }
    lenders = {"deficit_usd": deficit, "unrealised_usd": unrealised, "loss_usd": deficit + unrealised}
    return {
        "borrowers": {name: e8_to_float(value) for name, value in borrowers.items()},
        "lenders": {name: e8_to_float(value) for name, value in lenders.items()},
        "treasury": {"protocol_fee_usd": e8_to_float(taken["protocol_fee_usd"])},
    }


def _seized(frames: Frames, book: PriceBook, start_block: int) -> dict[str, int]:
    """What liquidations took, at the oracle's prices inside them."""
    loss = bonus = fee = deficit = 0
    for row in frames.liquidations.to_dict("records"):
        decimals = frames.decimals(row["collateral_asset"])
        seized = value_e8_down(row["collateral_seized_raw"], row["collateral_price_e8"], decimals)
        before = book.oracle(row["collateral_asset"], start_block)
        loss += value_e8_down(row["collateral_seized_raw"], before, decimals) - seized
        to_treasury = value_e8_down(row["protocol_fee_raw"], row["collateral_price_e8"], decimals)
        debt = row["debt_price_e8"], frames.decimals(row["debt_asset"])
        bonus += seized - value_e8_up(row["debt_covered_raw"], *debt) - to_treasury
        fee += to_treasury
        deficit += value_e8_up(row["deficit_raw"], *debt)
    return {"price_loss_seized_usd": loss, "bonus_usd": bonus, "protocol_fee_usd": fee, "deficit": deficit}


def _unwound(frames: Frames, book: PriceBook, start_block: int) -> dict[str, int]:
    """What owners sold themselves, at the oracle's prices right before each sale."""
    loss = slippage = cash = 0
    for row in frames.unwinds.to_dict("records"):
        decimals = frames.decimals(row["collateral_asset"])
        worth = value_e8_down(row["collateral_sold_raw"], row["collateral_price_e8"], decimals)
        before = book.oracle(row["collateral_asset"], start_block)
        loss += value_e8_down(row["collateral_sold_raw"], before, decimals) - worth
        debt = row["debt_price_e8"], frames.decimals(row["debt_asset"])
        slippage += worth - value_e8_down(row["proceeds_raw"] - row["premium_raw"], *debt)
        cash += value_e8_down(row["cash_paid_raw"], *debt)
    return {"price_loss_sold_usd": loss, "sale_slippage_usd": slippage, "cash_out": cash}


def _own_cash(frames: Frames, book: PriceBook, watched: set[str]) -> tuple[int, int]:
    """What owners put in from their own hands less what they took, and by how much what they added had fallen before.

    Each flow is valued at the oracle of its block. Collateral supplied during the crash never fell from the start to
    there, so that part is no loss of theirs.
    """
    added = bought_later = 0
    start_block = frames.first_crash_block - 1
    for row in frames.flows.to_dict("records"):
        if row["account"] not in watched:
            continue
        decimals, price = frames.decimals(row["asset"]), book.oracle(row["asset"], row["block_number"])
        worth = value_e8_down(row["amount_raw"], price, decimals)
        added += worth if row["event"] in ("supply", "repay") else -worth
        if row["event"] in ("supply", "withdraw"):
            fell = value_e8_down(row["amount_raw"], book.oracle(row["asset"], start_block), decimals) - worth
            bought_later += fell if row["event"] == "supply" else -fell
    return added, bought_later


def wiped_out(frames: Frames, book: PriceBook) -> int:
    """Borrowers liquidated at least once whose collateral is worth no more than their debt at the end."""
    liquidated = set(frames.liquidations["borrower"])
    worth: dict[str, int] = {}
    for row in frames.positions_at(frames.last_block).to_dict("records"):
        equity = collateral_e8(frames, book, row, frames.last_block) - debt_e8(frames, book, row, frames.last_block)
        worth[row["borrower"]] = worth.get(row["borrower"], 0) + equity
    return sum(1 for borrower, equity in worth.items() if borrower in liquidated and equity <= 0)
