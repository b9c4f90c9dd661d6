"""The stability number against the spiral that it predicts, computed round by round."""

from __future__ import annotations

import pytest

from cascade.analysis.metrics.stability import STABILITY_DEPTH_BPS, sale_elasticity

THRESHOLD, BONUS, COLLATERAL = 0.83, 0.05, 1_000_000.0
FALL = 1e-7


def sales(*, depth: float, rounds: int) -> list[float]:
    """Tokens that leveraged holders must sell in each round, after a first fall from a health factor of one.

    Positions hold C tokens with debt B = LT C p. After a fall they sell s, at the price from before the sale, so that
    LT (C - s) p = B - s p / (1 + b): exactly what restores their health. The sale moves a linear market by s over the
    tokens per dollar that it absorbs, `depth` within 0.5 % of the price, and the next round begins.
    """
    price, collateral = 1.0, COLLATERAL
    debt = THRESHOLD * COLLATERAL * price
    slope = depth / (STABILITY_DEPTH_BPS / 10_000)
    found = []
    price -= FALL
    for _ in range(rounds):
        sold = (debt - THRESHOLD * collateral * price) / (price * (1 / (1 + BONUS) - THRESHOLD))
        debt, collateral = debt - sold * price / (1 + BONUS), collateral - sold
        price -= sold / slope
        found.append(sold)
    return found


def number(depth: float) -> float:
    """rho = e C / (p |dQ/dp|), as the harness defines it."""
    return sale_elasticity(THRESHOLD, BONUS) * COLLATERAL / (depth / (STABILITY_DEPTH_BPS / 10_000))


@pytest.mark.parametrize("rho", [0.1, 0.5, 0.9])
def test_spiral__number_under_one__sells_the_geometric_sum(rho: float) -> None:
    """Fire sales with linear impact have a fixed point: s / (1 - rho) in all, of a first sale s = e C fall.

    Each sale lowers the price by s / K, and each fall by a part d makes holders sell e C d, so that every sale is rho
    times the one before (Cont and Wagalath 2013, Running for the exit; Cont and Schaanning 2017, Fire sales). The fall
    is so small that what is of second order lies under 1e-4 of the sum.
    """
    depth = sale_elasticity(THRESHOLD, BONUS) * COLLATERAL * (STABILITY_DEPTH_BPS / 10_000) / rho
    assert number(depth) == pytest.approx(rho)

    sold = sales(depth=depth, rounds=400)

    first = sale_elasticity(THRESHOLD, BONUS) * COLLATERAL * FALL
    assert sold[0] == pytest.approx(first, rel=1e-4)
    assert sum(sold) == pytest.approx(first / (1 - rho), rel=1e-3)
    assert sold[-1] < first * 1e-6


@pytest.mark.parametrize(("rho", "grows"), [(0.98, False), (1.02, True)])
def test_spiral__around_one__dies_out_or_grows(rho: float, grows: bool) -> None:
    """One is the line: each sale is rho times the one before, so that sales die out under it and grow above it."""
    depth = sale_elasticity(THRESHOLD, BONUS) * COLLATERAL * (STABILITY_DEPTH_BPS / 10_000) / rho
    sold = sales(depth=depth, rounds=40)
    assert (sold[-1] > sold[0]) is grows
    assert sold[1] / sold[0] == pytest.approx(rho, rel=1e-3)
