"""Every conversion between exact integers and the figures that a person reads.

Amounts, prices and rates are exact integers until analysis. `to_raw`, `price_to_e8` and `to_tokens` are exact;
functions whose names end in `_down` or `_up` say which way they round; functions that return a float are for figures
that nothing exact is computed from afterwards.
"""

from __future__ import annotations

from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from fractions import Fraction
from typing import NewType

from cascade.errors import CascadeError

__all__ = [
    "BPS",
    "E8",
    "NO_DEBT_WAD",
    "PPM",
    "UINT256_MAX",
    "WAD",
    "Bps",
    "InexactAmount",
    "PriceE8",
    "TokenAmount",
    "Wad",
    "bps_to_pct",
    "e8_to_float",
    "gas_cost_e8",
    "ppm_to_pct",
    "price_to_e8",
    "price_to_e8_down",
    "to_raw",
    "to_tokens",
    "usd_value",
    "value_e8_down",
    "value_e8_up",
    "wad_to_float",
]

Wad = NewType("Wad", int)
"""Fixed point with 18 decimals: health factors, ratios, prices in a stable."""

Bps = NewType("Bps", int)
"""Rate in hundredths of a per cent."""

TokenAmount = NewType("TokenAmount", int)
"""Amount in the smallest units of a token."""

PriceE8 = NewType("PriceE8", int)
"""Dollars per token, with 8 decimals."""

WAD = 10**18
"""One, as a wad."""

BPS = 10_000
"""One, in hundredths of a per cent."""

PPM = 10**6
"""One, in millionths."""

E8 = 10**8
"""One dollar, with 8 decimals."""

UINT256_MAX = 2**256 - 1
"""Largest integer that a contract holds."""

NO_DEBT_WAD = Wad(UINT256_MAX)
"""The health factor of an account without debt: the largest `uint256`, as in Aave."""

_ETHER_DECIMALS = 18

# More digits than any uint256 amount has, with a trap on inexact results: a conversion is exact or it raises.
_EXACT = Context(prec=200, traps=[Inexact, InvalidOperation, Overflow])


class InexactAmount(CascadeError, ValueError):
    """Raised when an amount has more decimal places than its token, or is not finite.

    Attributes
    ----------
    amount : Decimal or int
        The amount that was asked for, in tokens.
    decimals : int
        Decimals of the token.
    """

    def __init__(self, *, amount: Decimal | int, decimals: int) -> None:
        self.amount, self.decimals = amount, decimals
        number = Decimal(amount)
        fault = f"has more than {decimals} decimal places" if number.is_finite() else "is not a finite number"
        super().__init__(f"{number:f} {fault}")


def to_raw(amount: Decimal | int, decimals: int) -> TokenAmount:
    """Return an amount of tokens in the token's smallest units, exactly.

    Raises
    ------
    InexactAmount
        When the amount has more decimal places than the token, or is not finite.
    TypeError
        When the amount is a float, which has been rounded already.
    """
    if isinstance(amount, bool) or not isinstance(amount, (int, Decimal)):
        raise TypeError(f"amount {amount!r} is a {type(amount).__name__}: pass a Decimal or an int")
    if isinstance(amount, Decimal) and not amount.is_finite():
        raise InexactAmount(amount=amount, decimals=decimals)
    raw = _EXACT.scaleb(Decimal(amount), decimals)
    if raw != raw.to_integral_value():
        raise InexactAmount(amount=amount, decimals=decimals)
    return TokenAmount(int(raw))


def price_to_e8(price: Decimal | int) -> PriceE8:
    """Return a price in dollars as dollars with 8 decimals, exactly; refuses what `to_raw` refuses."""
    return PriceE8(to_raw(price, 8))


def price_to_e8_down(price: Decimal | int) -> PriceE8:
    """Return a price in dollars as dollars with 8 decimals, rounded down, as a feed with 8 decimals would hold it."""
    return PriceE8(int(price * E8))


def to_tokens(raw: int, decimals: int) -> Decimal:
    """Return an amount in a token's smallest units as tokens, exactly."""
    return _EXACT.scaleb(Decimal(raw), -decimals)


def value_e8_down(raw: int, price_e8: int, decimals: int) -> int:
    """Return the value of an amount in dollars with 8 decimals, rounded down, as the pool values collateral."""
    return raw * price_e8 // int(10**decimals)


def value_e8_up(raw: int, price_e8: int, decimals: int) -> int:
    """Return the value of an amount in dollars with 8 decimals, rounded up, as the pool values debt."""
    # Floor division of the negative rounds away from zero, without a float in between.
    return -(-raw * price_e8 // int(10**decimals))


def gas_cost_e8(fee_wei: int, ether_price_e8: int) -> int:
    """Return the cost of a fee in dollars with 8 decimals, rounded up."""
    return value_e8_up(fee_wei, ether_price_e8, _ETHER_DECIMALS)


def usd_value(raw: int, price_e8: int, decimals: int) -> float:
    """Return the value of an amount in dollars, as a float for analysis."""
    return e8_to_float(value_e8_down(raw, price_e8, decimals))


def e8_to_float(value_e8: int | Fraction) -> float:
    """Return dollars with 8 decimals as the nearest float of dollars."""
    return float(value_e8 / E8)


def wad_to_float(value_wad: int) -> float:
    """Return the float nearest to a wad; infinite for the health factor of an account without debt."""
    return float("inf") if value_wad == NO_DEBT_WAD else value_wad / WAD


def bps_to_pct(value_bps: int) -> float:
    """Return hundredths of a per cent as per cent."""
    return value_bps / 100


def ppm_to_pct(value_ppm: int) -> float:
    """Return millionths as per cent."""
    return value_ppm / (PPM // 100)
