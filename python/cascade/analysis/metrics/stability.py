"""The stability number: sales that a fall of the price forces, over the sales that move the price by as much."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cascade.analysis.frames import Frames
from cascade.analysis.lending.baskets import Baskets
from cascade.analysis.lending.exposures import is_account
from cascade.analysis.metrics.lines import bonus_bps, threshold
from cascade.analysis.moments import utc
from cascade.analysis.prices.pricebook import PriceBook
from cascade.recording.tables import PositionRow
from cascade.units import BPS, e8_to_float, to_tokens
from cascade.vocabulary import Phase

__all__ = ["NEAR_THE_LINE", "STABILITY_DEPTH_BPS", "Stability", "sale_elasticity", "stability", "stability_over_time"]

STABILITY_DEPTH_BPS = 50
"""Fall of a venue's price over which its depth is taken, in 1e-4."""

NEAR_THE_LINE = 1.01
"""Health factor under which collateral counts as within 1 % of the line."""


@dataclass(frozen=True)
class Stability:
    """Stability number of one collateral asset along the crash (see `stability_over_time`)."""

    start_rho: float | None
    """Value after the first block of the crash phase, which says little of the path; null where it is infinite."""
    max_rho: float | None
    """Largest value over the blocks of the crash phase; null where it is infinite, as `unbounded` says."""
    unbounded: bool
    """Whether some block had liquidatable collateral and no depth at all."""
    at: str
    """Time of the first block with the largest value."""
    price_usd: float
    """Oracle price of the asset at that block, in dollars."""
    blocks_above_one: int
    """Number of blocks with a value above 1."""
    max_rho_near: float | None
    """Largest value with all collateral within 1 % of the liquidation line counted as liquidatable; null where it is
    infinite."""


def sale_elasticity(threshold: float, bonus: float) -> float:
    """Return the elasticity of forced sales: per cent of its collateral sold per per cent of fall of the price.

    For a position at a health factor of one, e = LT / (1 / (1 + b) - LT): the closer the threshold LT stands to what a
    liquidation with bonus b leaves, the more must be sold. Infinite where a liquidation cannot restore health.
    """
    left = 1 / (1 + bonus) - threshold
    return threshold / left if left > 0 else float("inf")


def stability_over_time(frames: Frames) -> pd.DataFrame:
    """Return the stability number of each collateral asset that a venue quotes, at the end of every crash block.

    rho = e C / (p |dQ/dp|). C is the liquidatable collateral in tokens (health factor under 1; each position's with
    its own e), p the price, Q what the venues absorb: |dQ/dp| is what can be sold before the price has fallen by 0.5 %,
    over 0.5 % of p, so that p |dQ/dp| is that depth over 0.005, summed over the venues. Above 1, each sale makes more
    collateral sellable than it sold: a cascade runs by itself.

    Returns
    -------
    DataFrame
        `block_number`, `timestamp`, `asset`, `price_usd` (oracle), `depth_tokens` (within 0.5 %),
        `liquidatable_tokens`, `rho`, and `near_tokens`, `rho_near`: the same with all collateral within 1 % of the
        line. Infinite where there is such collateral and no depth. Balances are those last written, interest since is
        left out.
    """
    book, depths = PriceBook(frames), _depths(frames)
    holdings, baskets = _Holdings.of(frames), _baskets(frames)
    crash = frames.chain_blocks[frames.chain_blocks["phase"] == Phase.CRASH].sort_values("block_number")
    rows: list[tuple[object, ...]] = []
    known: dict[str, tuple[float, ...]] = {}
    priced: dict[str, tuple[int, ...]] = {}
    changed = set(frames.positions["block_number"].tolist())
    for block, timestamp in zip(crash["block_number"].tolist(), crash["timestamp"].tolist(), strict=True):
        # Both advance, whatever the first says.
        moved = any([holdings.advance(block), baskets.advance(block), block in changed])
        for asset, history in depths.items():
            state = (
                history.at(block),
                *(book.oracle(name, block) for name in (asset, *holdings.debts, *baskets.assets)),
            )
            # Most blocks change neither a position nor a price: the figures of the block before still hold.
            if moved or priced.get(asset) != state:
                priced[asset] = state
                depth = history.at(block) / 10 ** frames.decimals(asset)
                known[asset] = _figures(holdings, baskets, book, asset, block=block, depth=depth)
            rows.append((block, timestamp, asset, *known[asset]))
    names = [
        "block_number",
        "timestamp",
        "asset",
        "price_usd",
        "depth_tokens",
        "liquidatable_tokens",
        "rho",
        "near_tokens",
        "rho_near",
    ]
    return pd.DataFrame(rows, columns=names)


def stability(over_time: pd.DataFrame) -> dict[str, Stability]:
    """Return the largest stability number of each collateral asset, from what `stability_over_time` returns."""
    figures = {}
    for asset, rows in over_time.groupby("asset", sort=True):
        rho = rows["rho"].to_numpy(dtype=np.float64)
        # The first of equals, and the first infinite value where there is one.
        top = rows.iloc[int(np.argmax(rho))]
        figures[str(asset)] = Stability(
            start_rho=_finite(float(rho[0])),
            max_rho=_finite(float(rho.max())),
            unbounded=bool(np.isinf(rho).any()),
            at=utc(top["timestamp"]),
            price_usd=float(top["price_usd"]),
            blocks_above_one=int((rho > 1).sum()),
            max_rho_near=_finite(float(rows["rho_near"].max())),
        )
    return figures


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _figures(
    holdings: _Holdings, baskets: Baskets, book: PriceBook, asset: str, *, block: int, depth: float
) -> tuple[float, ...]:
    health = holdings.health(book, block)
    chosen = holdings.of_asset.get(asset, np.zeros(len(health), dtype=np.bool_))
    column = baskets.column(asset)
    of_baskets = baskets.health(book, block) if column is not None else np.zeros(0)
    figures: list[float] = []
    for line in (1.0, NEAR_THE_LINE):
        under = chosen & (health < line)
        sold = float(holdings.collateral[under].sum())
        pressure = float((holdings.elasticity[under] * holdings.collateral[under]).sum())
        if column is not None:
            weak = of_baskets < line
            held = baskets.collateral[weak, column]
            sold += float(held.sum())
            lines = zip(baskets.threshold[weak, column].tolist(), baskets.bonus[weak, column].tolist(), strict=True)
            # What an account does not hold has no line, and presses on nothing.
            pressure += float((np.array([sale_elasticity(*one) if one[0] else 0.0 for one in lines]) * held).sum())
        flow = depth / (STABILITY_DEPTH_BPS / BPS)
        # Nothing to sell is stable without any depth; something to sell without depth is infinitely unstable.
        rho = pressure / flow if flow else float("inf") if pressure else 0.0
        figures += [sold, rho]
    return e8_to_float(book.oracle(asset, block)), depth, *figures


@dataclass(frozen=True)
class _History:
    blocks: list[int]
    amounts: list[int]

    def at(self, block: int) -> int:
        index = int(np.searchsorted(self.blocks, block, side="right"))
        return self.amounts[index - 1] if index else 0


def _depths(frames: Frames) -> dict[str, _History]:
    # Depth of an asset over all venues that quote it, each change of any of them a new sum.
    depths = frames.venue_liquidity
    rows = depths[depths["within_bps"] == STABILITY_DEPTH_BPS].sort_values("block_number", kind="stable")
    last: dict[str, dict[str, int]] = {}
    sums: dict[str, dict[int, int]] = {}
    columns = (rows[name].tolist() for name in ("venue", "block_number", "sell_raw"))
    for venue, block, amount in zip(*columns, strict=True):
        asset = frames.parameters["venues"][venue]["coins"][1]
        last.setdefault(asset, {})[venue] = amount
        sums.setdefault(asset, {})[block] = sum(last[asset].values())
    reserves = frames.account_reserves
    secured = reserves.loc[reserves["used_as_collateral"], "asset"].tolist()
    held = {*frames.positions["collateral_asset"].tolist(), *secured}
    return {asset: _History(list(by), list(by.values())) for asset, by in sorted(sums.items()) if asset in held}


def _baskets(frames: Frames) -> Baskets:
    rows = [row for row in frames.rows(PositionRow) if is_account(frames, row.borrower)]
    return Baskets(frames, sorted(rows, key=lambda row: row.block_number))


class _Holdings:
    """Balances of every position of one pair in tokens, as they stand at a block that only advances."""

    def __init__(self, frames: Frames, changes: list[PositionRow], keys: list[tuple[str, str, str]]) -> None:
        self._frames, self._changes, self._next = frames, changes, 0
        self._index = {key: number for number, key in enumerate(keys)}
        self._pairs = {
            pair: np.array([key[1:] == pair for key in keys], dtype=np.bool_) for pair in sorted({k[1:] for k in keys})
        }
        self.debts = sorted({debt for _, debt in self._pairs})
        self.of_asset: dict[str, npt.NDArray[np.bool_]] = {
            asset: np.array([key[1] == asset for key in keys], dtype=np.bool_) for asset in {key[1] for key in keys}
        }
        self.collateral = np.zeros(len(keys))
        self.elasticity = np.zeros(len(keys))
        self._debt = np.zeros(len(keys))
        self._threshold = np.zeros(len(keys))

    @classmethod
    def of(cls, frames: Frames) -> _Holdings:
        rows = [row for row in frames.rows(PositionRow) if not is_account(frames, row.borrower)]
        changes = sorted(rows, key=lambda row: row.block_number)
        keys = sorted({(row.borrower, row.collateral_asset, row.debt_asset) for row in changes})
        return cls(frames, changes, keys)

    def advance(self, block: int) -> bool:
        """Apply every change up to a block, and return whether there was one."""
        first = self._next
        while self._next < len(self._changes) and self._changes[self._next].block_number <= block:
            self._take(self._changes[self._next])
            self._next += 1
        return self._next > first

    def _take(self, row: PositionRow) -> None:
        at = self._index[row.borrower, row.collateral_asset, row.debt_asset]
        decimals = self._frames.decimals(row.collateral_asset), self._frames.decimals(row.debt_asset)
        # Floats from here on: the number is a ratio for comparison with 1, and no amount is paid by it.
        self.collateral[at] = float(to_tokens(row.collateral_raw, decimals[0]))
        self._debt[at] = float(to_tokens(row.debt_raw, decimals[1]))
        self._threshold[at] = line = float(threshold(self._frames, row))
        bonus = bonus_bps(self._frames, row.cohort, row.collateral_asset) / BPS
        self.elasticity[at] = sale_elasticity(line, bonus)

    def health(self, book: PriceBook, block: int) -> npt.NDArray[np.float64]:
        """Return the health factor of each position; infinite without debt."""
        health = np.full(len(self.collateral), np.inf)
        for (collateral, debt), chosen in self._pairs.items():
            owed = self._debt[chosen] * e8_to_float(book.oracle(debt, block))
            worth = self.collateral[chosen] * self._threshold[chosen] * e8_to_float(book.oracle(collateral, block))
            health[chosen] = np.divide(worth, owed, out=np.full(len(owed), np.inf), where=owed > 0)
        return health
