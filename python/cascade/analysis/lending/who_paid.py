"""Split the borrowers' loss of equity by where it went, and say who bore what they could not pay."""

from __future__ import annotations

from dataclasses import dataclass

from cascade.analysis.frames import Frames
from cascade.analysis.lending.valuation import collateral_e8, debt_e8
from cascade.analysis.prices.pricebook import PriceBook
from cascade.recording.tables import FlowRow, LiquidationRow, OtherDeficitRow, UnwindRow
from cascade.units import e8_to_float, value_e8_down, value_e8_up
from cascade.vocabulary import FlowEvent

__all__ = ["BorrowersLoss", "LendersLoss", "TreasuryGain", "WhoPaid", "who_paid", "wiped_out"]


@dataclass(frozen=True)
class BorrowersLoss:
    """Equity of all positions from the start of the crash to the end of the run, in dollars at the oracle.

    `equity_start_usd` less every loss, plus `absorbed_by_lenders_usd`, less `cash_out_usd` and
    `interest_and_other_usd`, is `equity_end_usd`.
    """

    equity_start_usd: float
    """Equity before the first block of the crash phase."""
    price_loss_seized_usd: float
    """Fall of the collateral that was seized, from the start to its liquidation."""
    price_loss_sold_usd: float
    """Fall of the collateral that owners sold themselves, from the start to its sale."""
    price_loss_kept_usd: float
    """Fall of the collateral that borrowers still hold at the end."""
    sale_slippage_usd: float
    """Value of the collateral that owners sold at the oracle right before each sale, less its proceeds after the
    premium of the flash loan."""
    bonus_usd: float
    """Liquidation bonus that liquidators received."""
    protocol_fee_usd: float
    """Protocol fee of the liquidations, which the treasury received."""
    absorbed_by_lenders_usd: float
    """Debt written off to a deficit: a loss that borrowers were spared."""
    cash_out_usd: float
    """Cash that owners took out of their positions, less the cash that they put in; no loss."""
    interest_and_other_usd: float
    """Interest, changes of the debt's price, and roundings: the remainder of the sum."""
    equity_end_usd: float
    """Equity at the end, negative equity of positions under water included."""
    equity_left_usd: float
    """Equity at the end, where a position under water counts 0."""
    loss_usd: float
    """Equity at the start less the equity left and the cash taken out."""


@dataclass(frozen=True)
class LendersLoss:
    """Loss of the lenders, in dollars at the oracle."""

    deficit_usd: float
    """Debt written off by liquidations."""
    unrealised_usd: float
    """Debt in excess of collateral over the positions that are still open at the end."""
    loss_usd: float
    """Both."""


@dataclass(frozen=True)
class TreasuryGain:
    """Income of the protocol's treasury."""

    protocol_fee_usd: float
    """Protocol fee of the liquidations, in dollars."""


@dataclass(frozen=True)
class WhoPaid:
    """Distribution of the loss. Traders at the venues and the exogenous flow are inputs and are not counted."""

    borrowers: BorrowersLoss
    """The borrowers' equity."""
    lenders: LendersLoss
    """What borrowers could not pay."""
    treasury: TreasuryGain
    """What the protocol gained."""


@dataclass(frozen=True)
class _Taken:
    """Amounts that liquidations took, in dollars with 8 decimals at the oracle prices inside them."""

    price_loss: int
    bonus: int
    fee: int
    deficit: int


@dataclass(frozen=True)
class _Sold:
    """Amounts of the owners' own sales, in dollars with 8 decimals at the oracle right before each sale."""

    price_loss: int
    slippage: int
    cash_out: int


def who_paid(frames: Frames, book: PriceBook) -> WhoPaid:
    """Return where the borrowers' equity went, and who bore what they could not pay.

    Everything is valued at the oracle: equity at the start with the prices before the first crash block, equity at
    the end with the last prices, a liquidation with the prices inside it.
    """
    start_block, end_block = frames.first_crash_block - 1, frames.last_block
    watched = set(frames.positions["borrower"])
    equity_start = sum(
        collateral_e8(frames, book, row, start_block) - debt_e8(frames, book, row, start_block)
        for row in frames.positions_at(start_block)
    )
    equity_end = left = kept_loss = 0
    for row in frames.positions_at(end_block):
        worth = collateral_e8(frames, book, row, end_block)
        equity = worth - debt_e8(frames, book, row, end_block)
        equity_end += equity
        left += max(0, equity)
        kept_loss += collateral_e8(frames, book, row, start_block) - worth
    taken = _seized(frames, book, start_block)
    sold = _unwound(frames, book, start_block)
    added, bought_later = _own_cash(frames, book, watched)
    # Collateral that was supplied during the crash did not fall from the start to its supply.
    kept_loss -= bought_later
    losses = taken.price_loss + taken.bonus + taken.fee - taken.deficit
    losses += kept_loss + sold.price_loss + sold.slippage + sold.cash_out
    # The remainder closes the sum by construction; that it is small is what the reader checks.
    other = equity_start + added - losses - equity_end
    unrealised = left - equity_end
    return WhoPaid(
        borrowers=BorrowersLoss(
            equity_start_usd=e8_to_float(equity_start),
            price_loss_seized_usd=e8_to_float(taken.price_loss),
            price_loss_sold_usd=e8_to_float(sold.price_loss),
            price_loss_kept_usd=e8_to_float(kept_loss),
            sale_slippage_usd=e8_to_float(sold.slippage),
            bonus_usd=e8_to_float(taken.bonus),
            protocol_fee_usd=e8_to_float(taken.fee),
            absorbed_by_lenders_usd=e8_to_float(taken.deficit),
            cash_out_usd=e8_to_float(sold.cash_out - added),
            interest_and_other_usd=e8_to_float(other),
            equity_end_usd=e8_to_float(equity_end),
            equity_left_usd=e8_to_float(left),
            loss_usd=e8_to_float(equity_start - left - (sold.cash_out - added)),
        ),
        lenders=LendersLoss(
            deficit_usd=e8_to_float(taken.deficit),
            unrealised_usd=e8_to_float(unrealised),
            loss_usd=e8_to_float(taken.deficit + unrealised),
        ),
        treasury=TreasuryGain(protocol_fee_usd=e8_to_float(taken.fee)),
    )


def _seized(frames: Frames, book: PriceBook, start_block: int) -> _Taken:
    loss = bonus = fee = deficit = 0
    for row in frames.rows(LiquidationRow):
        collateral = row.collateral_price_e8, frames.decimals(row.collateral_asset)
        debt = row.debt_price_e8, frames.decimals(row.debt_asset)
        seized = value_e8_down(row.collateral_seized_raw, *collateral)
        before = book.oracle(row.collateral_asset, start_block)
        loss += value_e8_down(row.collateral_seized_raw, before, collateral[1]) - seized
        to_treasury = value_e8_down(row.protocol_fee_raw, *collateral)
        bonus += seized - value_e8_up(row.debt_covered_raw, *debt) - to_treasury
        fee += to_treasury
        deficit += value_e8_up(row.deficit_raw, *debt)
    for lost in frames.rows(OtherDeficitRow):
        deficit += value_e8_up(lost.deficit_raw, lost.price_e8 or 0, frames.decimals(lost.asset))
    return _Taken(price_loss=loss, bonus=bonus, fee=fee, deficit=deficit)


def _unwound(frames: Frames, book: PriceBook, start_block: int) -> _Sold:
    loss = slippage = cash = 0
    for row in frames.rows(UnwindRow):
        decimals = frames.decimals(row.collateral_asset)
        worth = value_e8_down(row.collateral_sold_raw, row.collateral_price_e8, decimals)
        before = book.oracle(row.collateral_asset, start_block)
        loss += value_e8_down(row.collateral_sold_raw, before, decimals) - worth
        debt = row.debt_price_e8, frames.decimals(row.debt_asset)
        slippage += worth - value_e8_down(row.proceeds_raw - row.premium_raw, *debt)
        cash += value_e8_down(row.cash_paid_raw, *debt)
    return _Sold(price_loss=loss, slippage=slippage, cash_out=cash)


def _own_cash(frames: Frames, book: PriceBook, watched: set[str]) -> tuple[int, int]:
    """Return the owners' own payments into positions less withdrawals, and the earlier fall of what they added.

    Both are dollars with 8 decimals; each flow is valued at the oracle of its block.
    """
    added = bought_later = 0
    start_block = frames.first_crash_block - 1
    for row in frames.rows(FlowRow):
        if row.account not in watched:
            continue
        decimals, price = frames.decimals(row.asset), book.oracle(row.asset, row.block_number)
        worth = value_e8_down(row.amount_raw, price, decimals)
        added += worth if row.event in (FlowEvent.SUPPLY, FlowEvent.REPAY) else -worth
        if row.event in (FlowEvent.SUPPLY, FlowEvent.WITHDRAW):
            # Valued at the start and at its own block: the difference is a fall that its owner did not bear.
            fell = value_e8_down(row.amount_raw, book.oracle(row.asset, start_block), decimals) - worth
            bought_later += fell if row.event == FlowEvent.SUPPLY else -fell
    return added, bought_later


def wiped_out(frames: Frames, book: PriceBook) -> int:
    """Return the number of borrowers liquidated at least once whose collateral is worth no more than their debt."""
    liquidated = set(frames.liquidations["borrower"])
    worth: dict[str, int] = {}
    for row in frames.positions_at(frames.last_block):
        equity = collateral_e8(frames, book, row, frames.last_block) - debt_e8(frames, book, row, frames.last_block)
        worth[row.borrower] = worth.get(row.borrower, 0) + equity
    return sum(1 for borrower, equity in worth.items() if borrower in liquidated and equity <= 0)
