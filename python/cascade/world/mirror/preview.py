"""The largest liquidation of an account that `liquidationCall` of Aave V3.6 would make, foretold to the last unit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from cascade.units import BPS, WAD
from cascade.world.mirror.lending import LendingMirror

__all__ = ["Preview", "largest_liquidation"]

_HALF_BPS = 5_000
_FULL_CLOSE_WAD = 95 * WAD // 100
"""At this health factor and below, all of a debt may be repaid."""
_SMALL_BASE_E8 = 2_000 * 10**8
"""All of a debt may be repaid where either side of the pair is worth less than this, in dollars with 8 decimals."""
_DUST_BASE_E8 = 1_000 * 10**8
"""What must be left of either side, unless one of them is gone, in dollars with 8 decimals."""


class Preview(NamedTuple):
    """A liquidation that is possible, in smallest units of the two assets."""

    health_factor_wad: int
    debt_raw: int
    collateral_raw: int
    debt_to_cover_raw: int
    collateral_to_liquidator_raw: int
    protocol_fee_raw: int
    bonus_bps: int
    """Bonus with the principal, as Aave states it: 10500 for 5 %."""


class _Terms(NamedTuple):
    """What the largest liquidation of a pair follows from; one is made per unhealthy account and block."""

    debt_raw: int
    collateral_raw: int
    debt_price_e8: int
    collateral_price_e8: int
    debt_unit: int
    collateral_unit: int
    bonus_bps: int
    most_raw: int
    """Debt that one call may cover."""

    def debt_base_e8(self, amount: int) -> int:
        return -(-amount * self.debt_price_e8 // self.debt_unit)

    def collateral_base_e8(self, amount: int) -> int:
        return amount * self.collateral_price_e8 // self.collateral_unit

    def outcome(self, offered: int) -> tuple[int, int, bool]:
        """Return the debt covered, the collateral seized, and whether too little of either is left."""
        covered = min(offered, self.most_raw)
        worth = (self.debt_price_e8 * covered * self.collateral_unit) // (self.collateral_price_e8 * self.debt_unit)
        seized = _half_up(worth * self.bonus_bps, BPS)
        if seized > self.collateral_raw:
            seized = self.collateral_raw
            worth = (self.collateral_price_e8 * seized * self.debt_unit) // (self.debt_price_e8 * self.collateral_unit)
            covered = -(-worth * BPS // self.bonus_bps)
        return covered, seized, self._leaves_dust(self.debt_raw - covered, self.collateral_raw - seized)

    def _leaves_dust(self, debt_left: int, collateral_left: int) -> bool:
        if not debt_left or not collateral_left:
            return False
        return self.debt_base_e8(debt_left) < _DUST_BASE_E8 or self.collateral_base_e8(collateral_left) < _DUST_BASE_E8


def largest_liquidation(
    mirror: LendingMirror,
    account: str,
    *,
    collateral: str,
    debt: str,
    prices_e8: Mapping[str, int],
    timestamp: int,
) -> Preview | None:
    """Return the largest liquidation of one pair of an account's reserves; None where the pool would refuse any.

    Parameters
    ----------
    account : str
        Address.
    collateral, debt : str
        Symbols of the pair.
    prices_e8 : mapping of str to int
        Prices of all assets at the time of the liquidation, in dollars with 8 decimals; 0 where the oracle refuses.
    timestamp : int
        Unix time of the liquidation.
    """
    sides = [mirror.lines()[asset] for asset in (collateral, debt)]
    used = mirror.collateral_of(account)
    if any(not prices_e8[asset] for asset in (*used, *mirror.debts_of(account), collateral, debt)):
        return None
    _, total_debt, health = mirror.account_values(account, prices_e8, timestamp=timestamp)
    debt_raw = mirror.debt_raw(account, debt, timestamp=timestamp)
    is_open = all(lines.is_open and lines.no_liquidation_until < timestamp for lines in sides)
    if health >= WAD or not is_open or not debt_raw or collateral not in used:
        return None
    collateral_raw = mirror.supply_raw(account, collateral, timestamp=timestamp)
    terms = _Terms(
        debt_raw=debt_raw,
        collateral_raw=collateral_raw,
        debt_price_e8=prices_e8[debt],
        collateral_price_e8=prices_e8[collateral],
        debt_unit=sides[1].unit,
        collateral_unit=sides[0].unit,
        bonus_bps=mirror.bonus_bps(account, collateral),
        most_raw=debt_raw,
    )
    terms = _limited(terms, health, total_debt)
    found = _largest(terms)
    if found is None:
        return None
    covered, seized = found
    bonus = seized - _half_up(seized * BPS, terms.bonus_bps)
    fee = _half_up(bonus * sides[0].protocol_fee_bps, BPS)
    return Preview(health, debt_raw, collateral_raw, covered, seized - fee, fee, terms.bonus_bps)


def _limited(terms: _Terms, health_wad: int, total_debt_e8: int) -> _Terms:
    """Return the terms with the debt that one call may cover.

    It is half of all that the account owes, while it is near health and both sides of the pair are worth enough.
    """
    debt_base, collateral_base = terms.debt_base_e8(terms.debt_raw), terms.collateral_base_e8(terms.collateral_raw)
    if health_wad <= _FULL_CLOSE_WAD or debt_base < _SMALL_BASE_E8 or collateral_base < _SMALL_BASE_E8:
        return terms
    half_e8 = _half_up(total_debt_e8 * _HALF_BPS, BPS)
    if debt_base <= half_e8:
        return terms
    return terms._replace(most_raw=half_e8 * terms.debt_unit // terms.debt_price_e8)


def _largest(terms: _Terms) -> tuple[int, int] | None:
    """Return what the largest call that leaves no dust covers and seizes; None where there is no such call."""
    covered, seized, leaves_dust = terms.outcome(terms.most_raw)
    if not leaves_dust:
        return (covered, seized) if covered else None
    # Less debt covered leaves more of both sides, so that bisection finds the last amount that passes.
    passing, failing = 0, covered
    while failing - passing > 1:
        middle = (passing + failing) // 2
        if terms.outcome(middle)[2]:
            failing = middle
        else:
            passing = middle
    if not passing:
        return None
    covered, seized, _ = terms.outcome(passing)
    return covered, seized


def _half_up(numerator: int, denominator: int) -> int:
    return (numerator + denominator // 2) // denominator
