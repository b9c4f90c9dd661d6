"""StableSwap for two coins in Python, to the unit what the contracts compute.

A pool's depth takes the contract's lens some hundred swaps to find, and is asked for in every block that moves a price.
`StableSwapMath.sol` and `MarketLens.sol` have the formulas, with their derivations; names and steps are the same here.
Property tests compare both, and so does every run at intervals (`cascade.observation.checks`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from cascade.errors import CascadeError
from cascade.units import BPS, WAD

__all__ = ["PriceOutOfReach", "StableSwapState"]

_COINS = 2
_AMP_PRECISION = 100
_FEE_DENOMINATOR = 10**10
_MOST_ROUNDS = 255
_GROWTH = 4
_MOST_GROWTHS = 24
_TRADE_PRECISION = 10**9
_PRICE_TOLERANCE = 10**6

_Pair = tuple[int, int]


class PriceOutOfReach(CascadeError, ArithmeticError):
    """Raised when no trade of sensible size brings a pool to a price."""


@dataclass(frozen=True)
class StableSwapState:
    """A pool between two trades.

    Attributes
    ----------
    balances : tuple of int
        In smallest units of each coin.
    rates : tuple of int
        Factor by which a balance is brought to 18 decimals, in 1e18.
    amp : int
        Coefficient A, times 100.
    fee, offpeg_fee_multiplier, admin_fee : int
        In 1e-10.
    """

    balances: _Pair
    rates: _Pair
    amp: int
    fee: int
    offpeg_fee_multiplier: int
    admin_fee: int

    @cached_property
    def spot_price_wad(self) -> int:
        """Price of coin 1 in coin 0."""
        return self._spot_price_wad(self.balances)

    def pays(self, sold: int, amount: int) -> int:
        """Return what selling an amount of one coin pays in the other; 0 for nothing."""
        return self._exchange(sold, amount)[0] if amount else 0

    def trade_to_price(self, target_wad: int) -> _Pair:
        """Return the index of the coin to sell and the amount after which the price is at or past a target.

        A billionth less would not reach it; the amount is 0 where the price is within a millionth of the target.

        Raises
        ------
        PriceOutOfReach
            When no sensible trade reaches it.
        """
        price = self.spot_price_wad
        sold = 1 if price > target_wad else 0
        if abs(price - target_wad) * _PRICE_TOLERANCE <= target_wad:
            return sold, 0
        return sold, self._trade_to_price_up(sold, target_wad)

    def depth(self, within_bps: Sequence[int]) -> list[int]:
        """Return two amounts of coin 1 per distance in 1e-4: sold until its price fell so far, bought likewise."""
        price, words = self.spot_price_wad, []
        for distance in within_bps:
            paid = self._trade_to_price_up(0, price * (BPS + distance) // BPS)
            words += [self._trade_to_price_up(1, price * (BPS - distance) // BPS), self.pays(0, paid)]
        return words

    # --- The curve

    @cached_property
    def _scaled(self) -> _Pair:
        return self._to_scaled(self.balances)

    @cached_property
    def _own_invariant(self) -> int:
        return _invariant(self._scaled, self.amp)

    def _to_scaled(self, balances: _Pair) -> _Pair:
        return self.rates[0] * balances[0] // WAD, self.rates[1] * balances[1] // WAD

    def _spot_price_wad(self, balances: _Pair) -> int:
        x, y = self._to_scaled(balances)
        d = _invariant((x, y), self.amp)
        product = d // 4 * d // x * d // y
        ann0 = self.amp * _COINS * x // _AMP_PRECISION
        return WAD * (ann0 + product * x // y) // (ann0 + product)

    def _exchange(self, sold: int, amount: int) -> _Pair:
        """Return what a swap pays, and the administrator's part of its fee."""
        bought, before = 1 - sold, self._scaled
        x = before[sold] + amount * self.rates[sold] // WAD
        y = _balance_at_invariant(x, self.amp, self._own_invariant)
        gross = before[bought] - y - 1
        rate = _dynamic_fee((before[sold] + x) // 2, (before[bought] + y) // 2, self.fee, self.offpeg_fee_multiplier)
        charged = gross * rate // _FEE_DENOMINATOR
        admin = charged * self.admin_fee // _FEE_DENOMINATOR * WAD // self.rates[bought]
        return (gross - charged) * WAD // self.rates[bought], admin

    # --- The search

    def _trade_to_price_up(self, sold: int, target_wad: int) -> int:
        _, lacking = _past(self.spot_price_wad, sold, target_wad)
        short, reaching = 0, self.balances[sold] // 1000 + 1
        is_past, excess = self._past_after(sold, reaching, target_wad)
        growths = 0
        while not is_past:
            if growths == _MOST_GROWTHS:
                raise PriceOutOfReach(f"no trade brings the pool to a price of {target_wad / WAD:g}")
            growths += 1
            short, lacking, reaching = reaching, excess, reaching * _GROWTH
            is_past, excess = self._past_after(sold, reaching, target_wad)
        was_past: bool | None = None
        while reaching - short > reaching // _TRADE_PRECISION + 1:
            middle = _between(short, reaching, lacking, excess)
            is_past, distance = self._past_after(sold, middle, target_wad)
            if is_past:
                reaching, excess = middle, distance
                if was_past is True:
                    lacking //= 2
            else:
                short, lacking = middle, distance
                if was_past is False:
                    excess //= 2
            was_past = is_past
        return reaching

    def _past_after(self, sold: int, amount: int, target_wad: int) -> tuple[bool, int]:
        paid, admin = self._exchange(sold, amount)
        left = self.balances[1 - sold] - paid - admin
        if left == 0:
            return True, target_wad
        held = self.balances[sold] + amount
        return _past(self._spot_price_wad((held, left) if sold == 0 else (left, held)), sold, target_wad)


def _between(short: int, reaching: int, lacking: int, excess: int) -> int:
    width, edge = reaching - short, reaching // (2 * _TRADE_PRECISION) + 1
    if width <= 2 * edge or lacking + excess == 0:
        return short + width // 2
    guess = short + width * lacking // (lacking + excess)
    return min(max(guess, short + edge), reaching - edge)


def _past(price_wad: int, sold: int, target_wad: int) -> tuple[bool, int]:
    is_past = price_wad >= target_wad if sold == 0 else price_wad <= target_wad
    return is_past, abs(price_wad - target_wad)


def _invariant(scaled: _Pair, amp: int) -> int:
    x, y = scaled
    d = total = x + y
    if not total:
        return 0
    ann = amp * _COINS
    for _ in range(_MOST_ROUNDS):
        product = d * d // x * d // y // 4
        previous = d
        d = (ann * total // _AMP_PRECISION + product * _COINS) * d
        d //= (ann - _AMP_PRECISION) * previous // _AMP_PRECISION + 3 * product
        if abs(d - previous) <= 1:
            return d
    raise PriceOutOfReach(f"the invariant of {x} and {y} did not converge")


def _balance_at_invariant(x: int, amp: int, d: int) -> int:
    ann = amp * _COINS
    c = d * d // (x * _COINS) * d * _AMP_PRECISION // (ann * _COINS)
    b = x + d * _AMP_PRECISION // ann
    y = d
    for _ in range(_MOST_ROUNDS):
        previous = y
        y = (y * y + c) // (2 * y + b - d)
        if abs(y - previous) <= 1:
            return y
    raise PriceOutOfReach(f"the balance beside {x} did not converge")


def _dynamic_fee(x: int, y: int, fee: int, offpeg_fee_multiplier: int) -> int:
    if offpeg_fee_multiplier <= _FEE_DENOMINATOR:
        return fee
    total = x + y
    balance = (offpeg_fee_multiplier - _FEE_DENOMINATOR) * 4 * x * y // (total * total)
    return offpeg_fee_multiplier * fee // (balance + _FEE_DENOMINATOR)
