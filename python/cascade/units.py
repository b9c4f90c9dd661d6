"""Every conversion between exact integers and what a person reads.

Integers stay integers until analysis: `to_raw` and `to_tokens` are exact, the functions that return a float say so
and are for figures nobody computes with afterwards.
"""

from __future__ import annotations

from decimal import Context, Decimal, Inexact, InvalidOperation, Overflow
from typing import NewType

from cascade.errors import CascadeError

__all__ = [
    "BPS",
    "E8",
    "NO_DEBT_WAD",
    "WAD",
    "Bps",
    "InexactAmount",
    "PriceE8",
    "TokenAmount",
    "Wad",
    "bps_to_pct",
    "e8_to_float",
    "gas_cost_e8",
    "price_to_e8",
    "to_raw",
    "to_tokens",
    "usd_value",
    "value_e8_down",
    "value_e8_up",
    "wad_to_float",
]

Wad = NewType("Wad", int)
"""Fixed point with 18 decimals: health factors."""

Bps = NewType("Bps", int)
"""Hundredths of a per cent."""

TokenAmount = NewType("TokenAmount", int)
"""Smallest units of a token."""

PriceE8 = NewType("PriceE8", int)
"""Dollars with 8 decimals, a token."""

WAD = 10**18
BPS = 10_000
E8 = 10**8

NO_DEBT_WAD = Wad(2**256 - 1)
"""The health factor of an account without debt."""

_EXACT = Context(prec=200, traps=[Inexact, InvalidOperation, Overflow])


class InexactAmount(CascadeError, ValueError):
    """An amount that the token's smallest unit cannot express.

    Attributes
    ----------
    amount : Decimal or int
        What was asked for, in tokens.
    decimals : int
        Decimals of the token.
    """

    def __init__(self, *, amount: Decimal | int, decimals: int) -> None:
        self.amount, self.decimals = amount, decimals
        super().__init__(f"{Decimal(amount):f} is no whole number of units of 1e-{decimals}")


def to_raw(amount: Decimal | int, decimals: int) -> TokenAmount:
    """Tokens to smallest units, exactly.

    Raises
    ------
    InexactAmount
        When the amount is no whole number of units, or not finite.
    TypeError
        When the amount is a float: it has been rounded already.
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
    """Dollars to dollars with 8 decimals, exactly; refuses what `to_raw` refuses."""
    return PriceE8(to_raw(price, 8))


def to_tokens(raw: int, decimals: int) -> Decimal:
    """Smallest units to tokens, exactly."""
    return _EXACT.scaleb(Decimal(raw), -decimals)


def value_e8_down(raw: int, price_e8: int, decimals: int) -> int:
    """Value of an amount in dollars with 8 decimals, rounded down, as the pool values collateral."""
    return raw * price_e8 // int(10**decimals)


def value_e8_up(raw: int, price_e8: int, decimals: int) -> int:
    """Value of an amount in dollars with 8 decimals, rounded up, as the pool values debt."""
    return -(-raw * price_e8 // int(10**decimals))


def gas_cost_e8(fee_wei: int, ether_price_e8: int) -> int:
    """Cost of a fee in dollars with 8 decimals, rounded up."""
    return value_e8_up(fee_wei, ether_price_e8, 18)


def usd_value(raw: int, price_e8: int, decimals: int) -> float:
    """Value of an amount in dollars, as a float for analysis."""
    return e8_to_float(value_e8_down(raw, price_e8, decimals))


def e8_to_float(value_e8: int) -> float:
    """Dollars with 8 decimals to dollars, the float nearest to it."""
    return value_e8 / E8


def wad_to_float(value_wad: int) -> float:
    """Return the float nearest to a wad; infinite for the health factor of an account without debt."""
    return float("inf") if value_wad == NO_DEBT_WAD else value_wad / WAD


def bps_to_pct(value_bps: int) -> float:
    """Hundredths of a per cent to per cent."""
    return value_bps / 100
