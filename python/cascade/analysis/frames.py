"""The tables of a run as frames, and the same with dollars beside the integers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar, cast

import pandas as pd

from cascade.errors import CascadeError
from cascade.recording.canonical import canonical_sha256
from cascade.recording.store import RecordedTables, read_table, rows_of
from cascade.recording.tables import TABLES, LiquidationRow, PositionRow, PriceRow, Row
from cascade.units import (
    PriceE8,
    bps_to_pct,
    e8_to_float,
    gas_cost_e8,
    price_to_e8,
    value_e8_down,
    value_e8_up,
    wad_to_float,
)
from cascade.vocabulary import Lane, Phase

__all__ = ["Frames", "Parameters", "TamperedTable", "UnknownAsset", "liquidations_usd", "positions_usd", "prices_usd"]

Parameters = dict[str, Any]
"""A section of the scenario as JSON has it: what a value is depends on its key."""

R = TypeVar("R", bound=Row)
T = TypeVar("T")


class UnknownAsset(CascadeError, LookupError):
    """Raised when a table names an asset that the parameters of the run lack, or lacks a price that they promise.

    Attributes
    ----------
    asset : str
        Symbol.
    """

    def __init__(self, *, asset: str, missing: str) -> None:
        self.asset = asset
        super().__init__(f"{asset}: the run holds no {missing}")


class TamperedTable(CascadeError, ValueError):
    """Raised when a table is read whose content differs from the one that the run wrote."""

    def __init__(self, file: Path, *, expected: str, found: str) -> None:
        super().__init__(
            f"{file} is not what the run wrote: expected sha256 {expected[:10]}, as in its manifest, got {found[:10]}"
        )


@dataclass(frozen=True)
class Frames:
    """Every table of one run, read when first asked for.

    Attributes
    ----------
    run_folder : Path
        Folder of the run; the tables are in `tables/` below it.
    hashes : mapping of str to str
        Hash of the content that each table must have, from the manifest; a table without an entry is not checked.
    recorded : RecordedTables, optional
        Tables of the run that this process has just written: they are not read from their files again.
    """

    run_folder: Path
    hashes: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)
    recorded: RecordedTables | None = field(default=None, repr=False, compare=False)

    def table(self, name: str) -> pd.DataFrame:
        """Read one table anew; see docs/TABLES.md for its columns.

        Raises
        ------
        TamperedTable
            When its content is not the one that the run wrote.
        """
        if self.recorded is not None and name in self.recorded:
            return self.recorded.frame(name)
        folder = self.run_folder / "tables"
        frame = read_table(folder, name)
        expected = self.hashes.get(name)
        if expected is not None and (found := canonical_sha256(frame, name)) != expected:
            raise TamperedTable(folder / f"{name}.parquet", expected=expected, found=found)
        return frame

    def rows(self, kind: type[R]) -> list[R]:
        """Return one table as typed rows, in the order in which they were written: `frames.rows(LiquidationRow)`."""
        name = kind.table_name
        found = self._rows.get(name)
        if found is None:
            if self.recorded is not None and name in self.recorded:
                found = self.recorded.rows[name]
            else:
                found = rows_of(getattr(self, name), kind)
            self._rows[name] = found
        return cast(list[R], found)

    def once(self, make: Callable[[Frames], T]) -> T:
        """Return what a function makes of these tables; it is called the first time only."""
        if make not in self._made:
            self._made[make] = make(self)
        return cast(T, self._made[make])

    @cached_property
    def _made(self) -> dict[Callable[[Frames], object], object]:
        return {}

    @cached_property
    def _rows(self) -> dict[str, Sequence[Row]]:
        return {}

    def __getattr__(self, name: str) -> pd.DataFrame:
        # Every table of docs/TABLES.md is an attribute: `frames.liquidations`. Read once, then kept.
        if name not in TABLES:
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        frame = self.table(name)
        self.__dict__[name] = frame
        return frame

    @cached_property
    def chain_blocks(self) -> pd.DataFrame:
        """Blocks of the chain, without those of the exchange."""
        return self.blocks[self.blocks["lane"] == Lane.CHAIN]

    @cached_property
    def chain_transactions(self) -> pd.DataFrame:
        """Transactions of the chain, proposals that were never sent included."""
        return self.transactions[self.transactions["lane"] == Lane.CHAIN]

    @cached_property
    def venue_liquidity(self) -> pd.DataFrame:
        """Depth of the venues, without that of the exchange's books."""
        return self.liquidity[self.liquidity["venue"].isin(list(self.parameters.get("venues", {})))]

    @cached_property
    def parameters(self) -> Parameters:
        """Every parameter of the scenario, defaults included, as JSON holds it."""
        parameters: Parameters = json.loads(self.runs["parameters"].iloc[0])
        return parameters

    @property
    def ether_price_e8(self) -> PriceE8:
        """Price of ether in dollars with 8 decimals, for the cost of gas: the scenario's `chain.ether_price_usd`."""
        return price_to_e8(Decimal(str(self.parameters["chain"]["ether_price_usd"])))

    def decimals(self, asset: str) -> int:
        """Return the decimals of a token, by its symbol."""
        try:
            return int(self.parameters["assets"][asset]["decimals"])
        except KeyError:
            raise UnknownAsset(asset=asset, missing="decimals of it") from None

    @cached_property
    def first_crash_block(self) -> int:
        """Number of the first block of the crash phase; one past the last block when there is none."""
        crash = self.blocks.loc[self.blocks["phase"] == Phase.CRASH, "block_number"]
        return int(crash.min()) if len(crash) else self.last_block + 1

    @cached_property
    def first_chain_block(self) -> int:
        """Number of the first of the chain's own blocks in the crash phase; the exchange's first one may precede it."""
        crash = self.chain_blocks.loc[self.chain_blocks["phase"] == Phase.CRASH, "block_number"]
        return int(crash.min()) if len(crash) else self.last_block + 1

    @cached_property
    def last_block(self) -> int:
        """Number of the last block."""
        return int(self.blocks["block_number"].max()) if len(self.blocks) else 0

    @cached_property
    def timestamps(self) -> dict[int, int]:
        """Unix time of each block, by number."""
        return dict(zip(self.blocks["block_number"].tolist(), self.blocks["timestamp"].tolist(), strict=True))

    def positions_at(self, block_number: int) -> list[PositionRow]:
        """Return the last row of each position that was written at or before a block, in the order of writing."""
        found = self._latest_at.get(block_number)
        if found is None:
            latest: dict[tuple[str, str, str], PositionRow] = {}
            for row in self._positions_by_block:
                if row.block_number > block_number:
                    break
                key = row.borrower, row.collateral_asset, row.debt_asset
                # Taken out first: a position stands where its last row does.
                latest.pop(key, None)
                latest[key] = row
            found = self._latest_at[block_number] = tuple(latest.values())
        return list(found)

    @cached_property
    def _positions_by_block(self) -> list[PositionRow]:
        return sorted(self.rows(PositionRow), key=attrgetter("block_number"))

    @cached_property
    def _latest_at(self) -> dict[int, tuple[PositionRow, ...]]:
        return {}

    def position_frame_at(self, block_number: int) -> pd.DataFrame:
        """Return the same as a frame, with the index of `positions`."""
        known = self.positions[self.positions["block_number"] <= block_number]
        known = known.sort_values("block_number", kind="stable")
        return known.drop_duplicates(["borrower", "collateral_asset", "debt_asset"], keep="last")


def liquidations_usd(frames: Frames) -> pd.DataFrame:
    """Return the liquidations with the dollar values of their amounts.

    Collateral and debt are valued at the oracle's prices inside the liquidation, profit at the debt's price, gas at
    the scenario's price of an ether.

    Returns
    -------
    DataFrame
        The columns of `liquidations`, and `debt_covered_usd`, `collateral_seized_usd`, `bonus_usd` (seized less
        covered, the protocol's fee included), `protocol_fee_usd`, `deficit_usd`, `exit_proceeds_usd`, `profit_usd`
        (before gas), `gas_usd`, `delay_blocks` (blocks from the health factor's fall under 1), `bonus_pct`,
        `health_factor_before`, `health_factor_after`.
    """
    frame = frames.liquidations.copy()
    for name, values in _liquidation_columns(frames).items():
        frame[name] = _floats(frame, values, e8_to_float)
    frame["delay_blocks"] = frame["step"] - frame["unhealthy_since_step"]
    frame["bonus_pct"] = [bps_to_pct(value) for value in frame["bonus_bps"].tolist()]
    for when in ("before", "after"):
        frame[f"health_factor_{when}"] = _floats(frame, frame[f"health_factor_{when}_wad"].tolist(), wad_to_float)
    return frame


def _floats(frame: pd.DataFrame, values: Sequence[int | None], to_float: Callable[[int], float]) -> pd.Series[float]:
    """Return exact values as a column of floats; a missing one is NaN."""
    found = [float("nan") if value is None else to_float(value) for value in values]
    return pd.Series(found, index=frame.index, dtype="float64")


def _liquidation_columns(frames: Frames) -> dict[str, list[int | None]]:
    columns: dict[str, list[int | None]] = {
        name: []
        for name in (
            "debt_covered_usd",
            "collateral_seized_usd",
            "bonus_usd",
            "protocol_fee_usd",
            "deficit_usd",
            "exit_proceeds_usd",
            "profit_usd",
            "gas_usd",
        )
    }
    ether = frames.ether_price_e8 if len(frames.liquidations) else 0
    for row in frames.rows(LiquidationRow):
        collateral = row.collateral_price_e8, frames.decimals(row.collateral_asset)
        debt = row.debt_price_e8, frames.decimals(row.debt_asset)
        covered = value_e8_up(row.debt_covered_raw, *debt)
        seized = value_e8_down(row.collateral_seized_raw, *collateral)
        columns["debt_covered_usd"].append(covered)
        columns["collateral_seized_usd"].append(seized)
        columns["bonus_usd"].append(seized - covered)
        columns["protocol_fee_usd"].append(value_e8_down(row.protocol_fee_raw, *collateral))
        columns["deficit_usd"].append(value_e8_up(row.deficit_raw, *debt))
        for name, raw in (("exit_proceeds_usd", row.exit_proceeds_raw), ("profit_usd", row.liquidator_profit_raw)):
            columns[name].append(None if raw is None else value_e8_down(raw, *debt))
        columns["gas_usd"].append(None if row.fee_wei is None else gas_cost_e8(row.fee_wei, ether))
    return columns


def positions_usd(frames: Frames) -> pd.DataFrame:
    """Return the positions with their dollar values at the oracle.

    Returns
    -------
    DataFrame
        The columns of `positions`, and `collateral_usd`, `debt_usd`, `equity_usd` (negative when the debt exceeds
        the collateral), `health_factor`; NaN while the oracle refuses a price.
    """
    frame = frames.positions.copy()
    collateral, debt = frame["collateral_base_e8"].tolist(), frame["debt_base_e8"].tolist()
    # Equity is subtracted in exact integers: the difference of two rounded floats would be another figure.
    equity = [None if a is None or b is None else a - b for a, b in zip(collateral, debt, strict=True)]
    for name, values in (("collateral_usd", collateral), ("debt_usd", debt), ("equity_usd", equity)):
        frame[name] = _floats(frame, values, e8_to_float)
    frame["health_factor"] = _floats(frame, frame["health_factor_wad"].tolist(), wad_to_float)
    return frame


def prices_usd(frames: Frames) -> pd.DataFrame:
    """Return the prices in dollars.

    Returns
    -------
    DataFrame
        The columns of `prices`, and `price_usd`; NaN where there is no price.
    """
    frame = frames.prices.copy()
    frame["price_usd"] = _floats(frame, [row.price_e8 for row in frames.rows(PriceRow)], e8_to_float)
    return frame
