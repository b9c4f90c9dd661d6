"""Check that each liquidation adds up, by recomputing it from amounts and prices without the pool's own arithmetic.

Every bound follows from how often an integer division may have rounded, and none is a share of the amount.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from cascade.analysis.frames import Frames
from cascade.errors import AccountingViolation
from cascade.recording.tables import AccountReserveRow, LiquidationRow, TransactionRow
from cascade.units import BPS, NO_DEBT_WAD, WAD
from cascade.vocabulary import TransactionStatus

__all__ = ["check_liquidations"]

_BALANCE_SLACK = 2
"""Units by which a balance may differ from its last value less what was paid: scaled amounts round once each way."""

_FEE_SLACK = 4
"""Two roundings of the fee, and two of the scaled amounts that cap it."""


def check_liquidations(frames: Frames) -> int:
    """Check every liquidation of a run, and that its transaction is in the table of transactions.

    - Covered debt times one plus bonus is worth the collateral seized, at the oracle's prices, or everything was
    seized.

    - The fee is the protocol's share of the bonus part of the collateral seized.

    - Nobody lost more collateral than they had; debt before is at least the debt covered and written off, and equal to
    it where a deficit was booked.

    - The health factor was under 1; afterwards it follows from the balances, and there is none without debt. (This
    holds for borrowers with one collateral and one debt: the health of the account says nothing about one pair
    otherwise.)

    Returns
    -------
    int
        How many liquidations were checked.

    Raises
    ------
    AccountingViolation
        Naming the transaction, the identity and the amounts.
    """
    single = _single_pair_borrowers(frames)
    sent = {row.tx_hash: row for row in frames.rows(TransactionRow) if row.status == TransactionStatus.OK}
    rows = frames.rows(LiquidationRow)
    for row in rows:
        _check_transaction(row, sent)
        _check_seizure(row, 10 ** frames.decimals(row.collateral_asset), 10 ** frames.decimals(row.debt_asset))
        _check_fee(row, _protocol_fee_bps(frames, row.collateral_asset))
        _check_balances(row)
        _check_health(row, alone=row.borrower in single, frames=frames)
    return len(rows)


def _check_transaction(row: LiquidationRow, sent: Mapping[str, TransactionRow]) -> None:
    transaction = sent.get(row.tx_hash)
    if transaction is None:
        raise _violation(row, "no successful transaction of that hash is recorded")
    for name in ("block_number", "gas_used", "fee_wei"):
        here, there = getattr(row, name), getattr(transaction, name)
        if here != there:
            raise _violation(row, f"{name} is {here} here and {there} in transactions")


def _check_seizure(row: LiquidationRow, collateral_unit: int, debt_unit: int) -> None:
    seized, covered = row.collateral_seized_raw, row.debt_covered_raw
    factor = Fraction(BPS + row.bonus_bps, BPS)
    rate = Fraction(row.debt_price_e8 * collateral_unit, row.collateral_price_e8 * debt_unit)
    # seized = round(floor(covered x rate) x factor): the floor loses up to `factor` units, the rounding up to one.
    if -factor - 1 <= seized - covered * rate * factor <= 1:
        return
    # All collateral: covered = ceil(floor(seized / rate) / factor). Where the collateral has earned interest, the fee
    # is capped to the scaled amount that the liquidator's part leaves.
    is_all = 0 <= row.collateral_before_raw - seized <= _BALANCE_SLACK
    if is_all and -1 / factor <= covered - seized / rate / factor <= 1:
        return
    raise _violation(
        row,
        f"{covered} of debt at {row.debt_price_e8}, with a bonus of {row.bonus_bps} bps, is worth "
        f"{float(covered * rate * factor):.3f} of collateral at {row.collateral_price_e8}, seized were {seized}",
    )


def _check_fee(row: LiquidationRow, fee_bps: int) -> None:
    seized, fee = row.collateral_seized_raw, row.protocol_fee_raw
    expected = seized * Fraction(row.bonus_bps, BPS + row.bonus_bps) * Fraction(fee_bps, BPS)
    if abs(fee - expected) > _FEE_SLACK:
        raise _violation(row, f"protocol fee is {fee}, {fee_bps} bps of the bonus in {seized} is {float(expected):.3f}")


def _check_balances(row: LiquidationRow) -> None:
    if row.collateral_seized_raw > row.collateral_before_raw:
        raise _violation(row, f"seized {row.collateral_seized_raw} of {row.collateral_before_raw}")
    left = row.debt_before_raw - row.debt_covered_raw - row.deficit_raw
    if left < 0 or (row.deficit_raw and left):
        raise _violation(
            row,
            f"debt {row.debt_before_raw} less covered {row.debt_covered_raw} less deficit {row.deficit_raw} "
            f"leaves {left}",
        )


def _check_health(row: LiquidationRow, *, alone: bool, frames: Frames) -> None:
    before, after = row.health_factor_before_wad, row.health_factor_after_wad
    if before >= WAD:
        raise _violation(row, f"health factor before was {before}, not under 1e18")
    debt_left = row.debt_before_raw - row.debt_covered_raw - row.deficit_raw
    if not alone:
        return
    if debt_left == 0 or after == NO_DEBT_WAD:
        # Aave reports the largest uint256 without debt; a unit or two can be left over by the rounding of scaled
        # amounts.
        if debt_left > _BALANCE_SLACK or (debt_left == 0 and after < WAD):
            raise _violation(row, f"health factor after is {after} with a debt of {debt_left}")
        return
    low, high = _health_bounds(row, frames)
    if not low <= after <= high:
        raise _violation(row, f"health factor after is {after}, balances say {float(low):.0f} to {float(high):.0f}")


def _health_bounds(row: LiquidationRow, frames: Frames) -> tuple[Fraction, Fraction]:
    # With one pair the threshold cancels: after / before = (collateral after / before) x (debt before / after).
    collateral_unit, debt_unit = (10 ** frames.decimals(asset) for asset in (row.collateral_asset, row.debt_asset))
    collateral_worth = Fraction(row.collateral_price_e8, collateral_unit)
    debt_worth = Fraction(row.debt_price_e8, debt_unit)
    collateral, debt = row.collateral_before_raw, row.debt_before_raw
    collateral_left = collateral - row.collateral_seized_raw
    debt_left = debt - row.debt_covered_raw - row.deficit_raw

    def worth(amount: int, price: Fraction, units: int, e8: int) -> Fraction:
        return max(Fraction(0), (amount + units) * price + e8)

    # Values are rounded to 1e-8 dollars (down for collateral, up for debt), the factor itself to 1e-18.
    before_low = worth(collateral, collateral_worth, 0, -1) / worth(debt, debt_worth, 0, 1)
    before_high = worth(collateral, collateral_worth, 0, 0) / worth(debt, debt_worth, 0, 0)
    slack = _BALANCE_SLACK
    after_low = worth(collateral_left, collateral_worth, -slack, -1) / worth(debt_left, debt_worth, slack, 1)
    least_debt = worth(debt_left, debt_worth, -slack, 0)
    after_high = worth(collateral_left, collateral_worth, slack, 0) / (least_debt or debt_worth)
    factor = row.health_factor_before_wad
    low = (factor - 1) * after_low / before_high - 1
    high = (factor + 1) * after_high / (before_low or before_high) + 1
    return low, high


def _single_pair_borrowers(frames: Frames) -> set[str]:
    pairs = frames.positions[["borrower", "collateral_asset", "debt_asset"]].drop_duplicates()
    # The row of an account of a file names its largest collateral and its largest debt only.
    pairs = pairs[~pairs["borrower"].isin(_accounts_with_several(frames))]
    counts = pairs["borrower"].value_counts()
    # With two pairs, one health factor covers both, and the balances of one pair do not determine it.
    return set(counts.index[counts == 1])


def _accounts_with_several(frames: Frames) -> set[str]:
    """Return the accounts of a file that ever had more than one collateral, or more than one debt."""
    secured: dict[str, set[str]] = {}
    owed: dict[str, set[str]] = {}
    for row in frames.rows(AccountReserveRow):
        if row.used_as_collateral:
            secured.setdefault(row.borrower, set()).add(row.asset)
        if row.borrowed_raw:
            owed.setdefault(row.borrower, set()).add(row.asset)
    return {borrower for held in (secured, owed) for borrower, assets in held.items() if len(assets) > 1}


def _protocol_fee_bps(frames: Frames, asset: str) -> int:
    return int(frames.parameters["lending"]["reserves"][asset]["liquidation_protocol_fee_bps"])


def _violation(row: LiquidationRow, what: str) -> AccountingViolation:
    return AccountingViolation(f"liquidation {row.tx_hash} of {row.borrower}: {what}")
