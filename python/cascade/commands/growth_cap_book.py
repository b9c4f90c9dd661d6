"""Write the accounts of `capo-2026-03.yaml`: `python -m cascade.commands.growth_cap_book --out FILE`.

Nobody's positions are in it. Of the event it is reported that 34 accounts were liquidated and what they lost in all,
and not how much each held. Here 34 accounts have health factors that the cap takes under 1, spread evenly, and as many
again stay above it. Debts are the middles of equally likely intervals of a lognormal distribution, in an order that the
seed shuffles, and scaled so that what the pool's rules liquidate is the reported amount. The same seed gives the same
bytes.
"""

from __future__ import annotations

import csv
from decimal import ROUND_UP, Decimal
from math import exp
from pathlib import Path
from statistics import NormalDist

import click
import numpy as np
from eth_utils import keccak, to_checksum_address

__all__ = ["main", "seized_at_the_cap"]

_RATE, _CAP = 1.22893, 1.1939
"""WETH per wstETH, and what the cap leaves of it."""
_THRESHOLD, _BONUS, _CLOSE_FACTOR = 0.95, 0.01, 0.5
"""Of the mode for assets correlated with ether, and of the pool above a health factor of 0.95."""
_SEIZED_WSTETH = 10_938
_WITHIN_REACH, _BEYOND_REACH = 34, 34
_HEALTH_WITHIN, _HEALTH_BEYOND = (1.0020, 1.0280), (1.0320, 1.1500)
"""Health factors at the rate: those within reach are under 1 / (1 - 2.85 %) = 1.0293."""
_SIGMA = 1.3
"""Standard deviation of the logarithm of a debt."""
_PLACES = Decimal("0.00000001")


def seized_at_the_cap(health: float) -> float:
    """Return the wstETH seized per WETH owed, of an account with a health factor at the rate.

    Each liquidation repays half of the debt and seizes 1.01 times as much at the capped rate, until the account is
    healthy at the cap.
    """
    debt, collateral, seized = 1.0, health / _THRESHOLD / _RATE, 0.0
    while collateral * _CAP * _THRESHOLD < debt:
        repaid = debt * _CLOSE_FACTOR
        taken = repaid * (1 + _BONUS) / _CAP
        debt, collateral, seized = debt - repaid, collateral - taken, seized + taken
    return seized


def _spread(bounds: tuple[float, float], count: int) -> list[float]:
    low, high = bounds
    return [low + (high - low) * (number + 0.5) / count for number in range(count)]


@click.command()
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of the shuffle.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("capo-2026-03-accounts.csv"),
    show_default=True,
    help="File that is written.",
)
def main(seed: int, out: Path) -> None:
    """Write the accounts of the scenario capo-2026-03 in long form."""
    rng = np.random.Generator(np.random.PCG64(seed))
    healths = _spread(_HEALTH_WITHIN, _WITHIN_REACH) + _spread(_HEALTH_BEYOND, _BEYOND_REACH)
    sizes = [exp(_SIGMA * NormalDist().inv_cdf((number + 0.5) / _WITHIN_REACH)) for number in range(_WITHIN_REACH)]
    drawn = [sizes[place] for _ in range(2) for place in rng.permutation(_WITHIN_REACH).tolist()]
    seized = sum(size * seized_at_the_cap(health) for size, health in zip(drawn, healths, strict=True))
    with out.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(("account", "asset", "supplied", "borrowed", "used_as_collateral", "emode"))
        for number in rng.permutation(len(drawn)).tolist():
            debt = _amount(drawn[number] * _SEIZED_WSTETH / seized)
            collateral = _amount(float(debt) * healths[number] / _THRESHOLD / _RATE)
            address = to_checksum_address(keccak(text=f"cascade/growth-cap/{seed}/{number}")[12:])
            writer.writerow((address, "wstETH", collateral, 0, "true", 1))
            writer.writerow((address, "WETH", 0, debt, "true", 1))


def _amount(tokens: float) -> Decimal:
    return Decimal(repr(tokens)).quantize(_PLACES, ROUND_UP)


if __name__ == "__main__":
    main()
