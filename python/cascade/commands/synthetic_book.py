"""Write a synthetic file of accounts: `python -m cascade.commands.synthetic_book --out FILE`.

Nobody's positions are in it. What is drawn follows stated distributions, each of which is met as closely as the number
of accounts allows: a figure takes the middles of equally likely intervals, in an order that the seed shuffles. The same
number and seed give the same bytes. docs/POSITIONS.md states the distributions; `scenarios/synthetic-book.yaml` uses
the file that the defaults write, and its listing and prices before the crash are the ones below.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from math import exp
from pathlib import Path
from statistics import NormalDist
from typing import TypeVar

import click
import numpy as np
from eth_utils import keccak, to_checksum_address

__all__ = ["KINDS", "PRICES_USD", "Kind", "SyntheticRow", "main", "synthetic_rows"]

PRICES_USD: Mapping[str, int] = {"USDe": 1, "USDC": 1, "USDT": 1, "WETH": 4400, "WBTC": 122_000}
"""Dollars per token before the crash."""

_THRESHOLD_BPS: Mapping[str, int] = {"USDe": 7500, "USDC": 7800, "USDT": 7800, "WETH": 8300, "WBTC": 7800}
_MODE, _MODE_THRESHOLD_BPS = 1, 9300
"""The efficiency mode of USDe loops, and its liquidation threshold."""
_PLACES: Mapping[str, int] = {"USDe": 6, "USDC": 6, "USDT": 6, "WETH": 8, "WBTC": 8}
"""Decimals of amounts: fewer than the token has where it has more."""

_PARETO_EXPONENT, _PARETO_LOW_USD, _PARETO_HIGH_USD = 1.1, 2_000, 10_000_000
"""Size of an account: its debt, or its supply where it owes nothing."""
T = TypeVar("T")
_COLUMNS = ("account", "asset", "supplied", "borrowed", "used_as_collateral", "emode")


@dataclass(frozen=True)
class Kind:
    """A kind of account.

    Attributes
    ----------
    share_pct : int
        Share of the accounts, in per cent.
    collaterals : tuple of dict
        Baskets of collateral, of which each account has one: value shares in per cent by asset.
    debts : tuple of dict
        Baskets of debt likewise; empty for suppliers.
    excess_median, excess_sigma : float
        Health factor less 1: a lognormal distribution's median and standard deviation of the logarithm.
    emode : int
        Efficiency mode.
    """

    share_pct: int
    collaterals: tuple[Mapping[str, int], ...]
    debts: tuple[Mapping[str, int], ...] = ()
    excess_median: float = 0.0
    excess_sigma: float = 0.0
    emode: int = 0


KINDS: Mapping[str, Kind] = {
    "supplier": Kind(15, ({"USDC": 100}, {"USDT": 100}, {"WETH": 100}, {"WBTC": 60, "WETH": 40})),
    "usde-loop": Kind(
        35, ({"USDe": 100},), ({"USDC": 100}, {"USDT": 100}), excess_median=0.05, excess_sigma=0.7, emode=_MODE
    ),
    "one-collateral": Kind(
        30, ({"WETH": 100}, {"WBTC": 100}), ({"USDC": 100}, {"USDT": 100}), excess_median=0.5, excess_sigma=0.8
    ),
    "several": Kind(
        20,
        ({"WETH": 70, "WBTC": 30}, {"USDe": 50, "WETH": 50}, {"WETH": 40, "WBTC": 30, "USDe": 30}),
        ({"USDC": 60, "USDT": 40}, {"USDC": 100}, {"USDT": 75, "WETH": 25}),
        excess_median=0.4,
        excess_sigma=0.8,
    ),
}
"""Kinds of account; their shares sum to 100 %."""

_LEAST_EXCESS, _MOST_EXCESS = 0.002, 20.0
"""Bounds of a health factor less 1: closer to 1 the pool's own roundings decide."""


@dataclass(frozen=True)
class SyntheticRow:
    """One row of the file; amounts in whole tokens."""

    account: str
    asset: str
    supplied: Decimal
    borrowed: Decimal
    emode: int


def synthetic_rows(*, accounts: int, seed: int) -> list[SyntheticRow]:
    """Return the rows of a synthetic file.

    Parameters
    ----------
    accounts : int
        Number of accounts; the shares of the kinds are rounded down, and the last kind takes what is left.
    seed : int
        Seed of the shuffles, and part of the accounts' addresses.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    counts = [accounts * kind.share_pct // 100 for kind in KINDS.values()]
    counts[-1] += accounts - sum(counts)
    sizes = iter(_shuffled([_pareto_usd(_middle(i, accounts)) for i in range(accounts)], rng))
    found: list[list[SyntheticRow]] = []
    for (name, kind), count in zip(KINDS.items(), counts, strict=True):
        excesses = _shuffled([_excess(kind, _middle(i, count)) for i in range(count)], rng)
        collaterals = _shuffled([kind.collaterals[i % len(kind.collaterals)] for i in range(count)], rng)
        debts = _shuffled([kind.debts[i % len(kind.debts)] if kind.debts else {} for i in range(count)], rng)
        for number in range(count):
            address = to_checksum_address(keccak(text=f"cascade/synthetic/{seed}/{name}/{number}")[12:])
            found.append(
                _account(
                    address,
                    kind,
                    size_usd=next(sizes),
                    health=1 + excesses[number],
                    collateral=collaterals[number],
                    debt=debts[number],
                )
            )
    # Kinds are mixed, so that the first lines of the file are no sample of one kind.
    return [row for rows in _shuffled(found, rng) for row in rows]


def _account(
    address: str,
    kind: Kind,
    *,
    size_usd: float,
    health: float,
    collateral: Mapping[str, int],
    debt: Mapping[str, int],
) -> list[SyntheticRow]:
    """Return the rows of one account: debts of its size, and collateral that gives it its health factor."""
    owed = {asset: _tokens(size_usd * share / 100, asset) for asset, share in debt.items()}
    owed_usd = sum((amount * PRICES_USD[asset] for asset, amount in owed.items()), Decimal(0))
    supplied_usd = Decimal(repr(size_usd))
    if owed:
        weighted = sum(share * _threshold_bps(kind, asset) for asset, share in collateral.items())
        supplied_usd = owed_usd * Decimal(repr(health)) * 1_000_000 / weighted
    supplied = {asset: _tokens(supplied_usd * share / 100, asset) for asset, share in collateral.items()}
    return [
        SyntheticRow(address, asset, supplied.get(asset, Decimal(0)), owed.get(asset, Decimal(0)), kind.emode)
        for asset in dict.fromkeys([*supplied, *owed])
    ]


def _threshold_bps(kind: Kind, asset: str) -> int:
    return _MODE_THRESHOLD_BPS if kind.emode and asset == "USDe" else _THRESHOLD_BPS[asset]


def _tokens(usd: float | Decimal, asset: str) -> Decimal:
    """Return an amount worth at least so many dollars."""
    return (Decimal(repr(usd) if isinstance(usd, float) else usd) / PRICES_USD[asset]).quantize(
        Decimal(10) ** -_PLACES[asset], ROUND_UP
    )


def _middle(number: int, count: int) -> float:
    """Return the middle of one of `count` equally likely intervals."""
    return (number + 0.5) / count


def _pareto_usd(share: float) -> float:
    """Return a quantile of a Pareto distribution that is cut off at both ends, in whole cents."""
    low, high = float(_PARETO_LOW_USD) ** -_PARETO_EXPONENT, float(_PARETO_HIGH_USD) ** -_PARETO_EXPONENT
    size: float = (low - share * (low - high)) ** (-1 / _PARETO_EXPONENT)
    return round(size, 2)


def _excess(kind: Kind, share: float) -> float:
    """Return a quantile of the health factor less 1, to a millionth."""
    if not kind.debts:
        return 0.0
    drawn = kind.excess_median * exp(kind.excess_sigma * NormalDist().inv_cdf(share))
    return round(min(max(drawn, _LEAST_EXCESS), _MOST_EXCESS), 6)


def _shuffled(values: Sequence[T], rng: np.random.Generator) -> list[T]:
    return [values[place] for place in rng.permutation(len(values)).tolist()]


@click.command()
@click.option("--accounts", type=click.IntRange(min=20), default=2000, show_default=True, help="Number of accounts.")
@click.option("--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Seed of the shuffles.")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("synthetic-book.csv"),
    show_default=True,
    help="File that is written.",
)
def main(accounts: int, seed: int, out: Path) -> None:
    """Write a synthetic file of accounts in long form."""
    with out.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for row in synthetic_rows(accounts=accounts, seed=seed):
            writer.writerow((row.account, row.asset, _plain(row.supplied), _plain(row.borrowed), "true", row.emode))


def _plain(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


if __name__ == "__main__":
    main()
