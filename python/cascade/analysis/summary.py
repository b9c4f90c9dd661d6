"""The summary: one dictionary of figures, each defined in the docstring of the function that makes it.

Sums are exact integers of 1e-8 dollars and become floats once, at the end. Every name that ends in `_usd` is dollars.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from math import ceil
from typing import Any

import pandas as pd

from cascade.analysis.frames import CRASH, Frames
from cascade.analysis.pricebook import PriceBook
from cascade.recording.store import tables_sha256
from cascade.units import e8_to_float, gas_cost_e8, to_tokens, value_e8_down, value_e8_up

__all__ = ["VALUATIONS", "market_trough", "summarise"]

VALUATIONS = ("oracle", "exit", "redemption")
"""Prices at which open positions are valued."""

_HEALTHY_BPS = 10_000


def summarise(frames: Frames, *, wall_seconds: float | None = None) -> dict[str, Any]:
    """Every figure of a run, from its tables.

    Parameters
    ----------
    frames : Frames
        The run.
    wall_seconds : float, optional
        How long the run took; no table knows, and no hash covers it.

    Returns
    -------
    dict
        `scenario`, `run_id`, `seed`, `counterfactual` (text, or None): as `runs` has them.
        `positions`: positions built; `collateral_built_usd` and `debt_built_usd`: theirs, at the oracle, when the
        build ended. `blocks`: blocks mined, the build's included. `transactions`: transactions
        mined, `transactions_reverted` of them reverted, `transactions_rejected` proposals never sent.
        `liquidations`: rows of `liquidations`; `liquidated_positions`: borrowers among them;
        `first_liquidation`, `last_liquidation`: their times in UTC, or None.
        `amplification`: None; it needs a second run without liquidations.
        `wiped_out_positions`: borrowers liquidated at least once whose collateral, at the oracle, is worth no more
        than their debt at the end.
        `tables_sha256`: hash over the tables' content.
        The rest as `liquidation_totals`, `shortfalls`, `troughs`, `backlog`, `liquidation_delay`, `keepers`,
        `who_paid`, `depth_at_trough` and `concentration` define it.
    """
    run = frames.runs.iloc[0]
    book = PriceBook(frames)
    liquidations = frames.liquidations
    status = frames.transactions["status"]
    trough = market_trough(frames, book)
    return {
        "scenario": str(run["scenario"]),
        "run_id": str(run["run_id"]),
        "seed": int(run["seed"]),
        "counterfactual": str(run["counterfactual"]) or None,
        "positions": int(run["positions"]),
        **_built(frames),
        "blocks": len(frames.blocks),
        "transactions": int((status != "rejected").sum()),
        "transactions_reverted": int((status == "reverted").sum()),
        "transactions_rejected": int((status == "rejected").sum()),
        "liquidations": len(liquidations),
        "liquidated_positions": int(liquidations["borrower"].nunique()),
        "first_liquidation": _utc(liquidations["timestamp"].min()) if len(liquidations) else None,
        "last_liquidation": _utc(liquidations["timestamp"].max()) if len(liquidations) else None,
        **liquidation_totals(frames),
        "shortfall_usd": shortfalls(frames, book, trough),
        "trough": troughs(frames, book),
        "trough_at": trough,
        "amplification": None,
        "backlog": backlog(frames),
        "blocks_to_liquidation": liquidation_delay(liquidations),
        "keepers": keepers(frames),
        "who_paid": who_paid(frames, book),
        "wiped_out_positions": _wiped_out(frames, book),
        "depth_at_trough": depth_at_trough(frames, trough),
        "concentration": concentration(frames),
        "tables_sha256": tables_sha256(frames.run_folder / "tables"),
        "wall_seconds": wall_seconds,
    }


def liquidation_totals(frames: Frames) -> dict[str, float]:
    """Sum over the liquidations, each valued at the oracle's prices inside it.

    Returns
    -------
    dict
        `debt_covered_usd`: debt repaid by liquidators. `collateral_seized_usd`: collateral taken, fee included.
        `bonus_paid_usd`: seized less covered, the protocol's fee included. `protocol_fee_usd`: the treasury's part
        of that. `deficit_usd`: debt written off to the reserves' deficit.
    """
    covered = seized = fee = deficit = 0
    for row in frames.liquidations.to_dict("records"):
        collateral = row["collateral_price_e8"], frames.decimals(row["collateral_asset"])
        debt = row["debt_price_e8"], frames.decimals(row["debt_asset"])
        covered += value_e8_up(row["debt_covered_raw"], *debt)
        seized += value_e8_down(row["collateral_seized_raw"], *collateral)
        fee += value_e8_down(row["protocol_fee_raw"], *collateral)
        deficit += value_e8_up(row["deficit_raw"], *debt)
    return {
        "debt_covered_usd": e8_to_float(covered),
        "collateral_seized_usd": e8_to_float(seized),
        "bonus_paid_usd": e8_to_float(seized - covered),
        "protocol_fee_usd": e8_to_float(fee),
        "deficit_usd": e8_to_float(deficit),
    }


def market_trough(frames: Frames, book: PriceBook) -> dict[str, Any] | None:
    """Where the market of the main collateral was lowest.

    The main collateral is the asset with the most collateral at the oracle when the crash starts. Its market is its
    price path; where it has none, the spot venue that fell deepest; where there is none, the oracle. The trough is
    the first crash block at which that price was lowest.

    Returns
    -------
    dict or None
        `asset`, `source`, `price_usd`, `block_number`, `timestamp`, `time`; None without positions or prices.
    """
    start = frames.positions_at(frames.first_crash_block - 1)
    if start.empty:
        return None
    by_asset = _sum_by(start, "collateral_asset")
    asset = max(by_asset, key=lambda symbol: (by_asset[symbol], symbol))
    spots = [source for source in book.sources(asset) if source.startswith("spot:")]
    for sources in (["path"], spots, ["oracle"]):
        found = [(low, source) for source in sources if (low := book.lowest(asset, source, frames.first_crash_block))]
        if found:
            (price, block), source = min(found)
            timestamp = frames.timestamps.get(block, 0)
            return {
                "asset": asset, "source": source, "price_usd": e8_to_float(price),
                "block_number": block, "timestamp": timestamp, "time": _utc(timestamp),
            }  # fmt: skip
    return None


def troughs(frames: Frames, book: PriceBook) -> dict[str, dict[str, float]]:
    """Lowest price of each asset at each source that held during the crash: asset -> source -> dollars."""
    return {
        asset: {
            source: e8_to_float(low[0])
            for source in book.sources(asset)
            if (low := book.lowest(asset, source, frames.first_crash_block))
        }
        for asset in book.assets
    }


def shortfalls(frames: Frames, book: PriceBook, trough: dict[str, Any] | None) -> dict[str, dict[str, float | None]]:
    """Debt over collateral of the open positions, on top of what was already written off to a deficit.

    Sum over positions of max(0, debt - collateral): debt at the oracle's price, collateral at the oracle's, at the
    exit price (the best venue's average for all open collateral) and at redemption, all as they held at the block.
    Balances are those of each position's last row at or before the block, so interest since then is left out.

    Returns
    -------
    dict
        At `end` (the last block) and at `trough` (see `market_trough`): dollars by valuation; None where a valuation
        has no price for an open position's collateral, or there is no trough.
    """
    blocks = {"end": frames.last_block, "trough": trough["block_number"] if trough else None}
    return {
        name: {kind: None if block is None else _shortfall(frames, book, block, kind) for kind in VALUATIONS}
        for name, block in blocks.items()
    }


def _shortfall(frames: Frames, book: PriceBook, block: int, kind: str) -> float | None:
    total = 0
    for row in frames.positions_at(block).to_dict("records"):
        if not row["debt_raw"]:
            continue
        price = book.valuation(row["collateral_asset"], kind, block)
        if price is None:
            return None
        collateral = value_e8_down(row["collateral_raw"], price, frames.decimals(row["collateral_asset"]))
        total += max(0, _debt_e8(frames, book, row, block) - collateral)
    return e8_to_float(total)


def backlog(frames: Frames) -> dict[str, Any]:
    """Open positions under a health factor of 1 at the end of a block, at the most.

    Returns
    -------
    dict
        `peak_positions`; `peak_debt_usd`: their debt at the oracle at that block; `at`: its time, or None;
        `end_positions`: the same count at the last block.
    """
    under = frames.health[(frames.health["phase"] == CRASH) & (frames.health["health_high_bps"] <= _HEALTHY_BPS)]
    if under.empty:
        return {"peak_positions": 0, "peak_debt_usd": 0.0, "at": None, "end_positions": 0}
    counts = under.groupby("block_number", sort=True)["positions"].sum()
    block = int(counts.idxmax())
    peak = under[under["block_number"] == block]
    return {
        "peak_positions": int(counts.loc[block]),
        "peak_debt_usd": e8_to_float(sum(peak["debt_base_e8"].tolist())),
        "at": _utc(peak["timestamp"].iloc[0]),
        "end_positions": int(counts.get(frames.last_block, 0)),
    }


def liquidation_delay(liquidations: pd.DataFrame) -> dict[str, int | None]:
    """Blocks from the one that took a health factor under 1 to the first liquidation after it.

    One value a borrower and fall under 1; `median` and `p95` are the smallest values that at least half and 95 % of
    all do not exceed, so each is a delay that happened. None without liquidations.
    """
    first = liquidations.sort_values(["block_number", "log_index"]).drop_duplicates(
        ["borrower", "unhealthy_since_step"]
    )
    first = first[first["unhealthy_since_step"] >= 0]
    delays = sorted((first["step"] - first["unhealthy_since_step"]).tolist())
    if not delays:
        return {"median": None, "p95": None, "max": None}
    return {"median": _nearest_rank(delays, 50), "p95": _nearest_rank(delays, 95), "max": delays[-1]}


def _nearest_rank(ordered: Sequence[int], per_cent: int) -> int:
    return ordered[ceil(len(ordered) * per_cent / 100) - 1]


def keepers(frames: Frames) -> dict[str, Any]:
    """Count what liquidating earned and cost.

    Returns
    -------
    dict
        `active`: keepers with at least one liquidation. `gross_profit_usd`: their profits before gas, at the debt's
        oracle price. `collateral_held_usd`: collateral kept instead of sold (profit counts it 0), fee excluded, at
        the oracle's price in the liquidation. `exit_slippage_usd`: collateral sold at the oracle's price less what
        the venue paid for it, negative when it paid more. `gas_usd`: fees of their successful transactions in the
        crash phase, at the scenario's price of an ether. `reverted_attempts`, `reverted_gas_usd`: the same of
        reverted ones. `net_profit_usd`: gross, less both; what is held stays out.
    """
    gross = held = slippage = 0
    for row in frames.liquidations.to_dict("records"):
        decimals = frames.decimals(row["collateral_asset"]), frames.decimals(row["debt_asset"])
        gross += value_e8_down(row["liquidator_profit_raw"], row["debt_price_e8"], decimals[1])
        received = value_e8_down(
            row["collateral_seized_raw"] - row["protocol_fee_raw"], row["collateral_price_e8"], decimals[0]
        )
        if row["exit_proceeds_raw"]:
            slippage += received - value_e8_down(row["exit_proceeds_raw"], row["debt_price_e8"], decimals[1])
        else:
            held += received
    sent = frames.transactions[(frames.transactions["role"] == "keeper") & (frames.transactions["phase"] == CRASH)]
    reverted = sent[sent["status"] == "reverted"]
    gas = gas_cost_e8(sum(sent.loc[sent["status"] == "ok", "fee_wei"].tolist()), frames.ether_price_e8)
    wasted = gas_cost_e8(sum(reverted["fee_wei"].tolist()), frames.ether_price_e8)
    return {
        "active": int(frames.liquidations["liquidator"].nunique()),
        "gross_profit_usd": e8_to_float(gross),
        "collateral_held_usd": e8_to_float(held),
        "exit_slippage_usd": e8_to_float(slippage),
        "gas_usd": e8_to_float(gas),
        "reverted_attempts": len(reverted),
        "reverted_gas_usd": e8_to_float(wasted),
        "net_profit_usd": e8_to_float(gross - gas - wasted),
    }


def who_paid(frames: Frames, book: PriceBook) -> dict[str, dict[str, float]]:
    """Where the borrowers' equity went, and who bore what they could not.

    Everything at the oracle: equity at the start with the prices before the first crash block, equity at the end with
    the last prices, a liquidation with the prices inside it.

    Returns
    -------
    dict
        `borrowers`: `equity_start_usd`; less `price_loss_seized_usd` (fall of the seized collateral from the start
        to its liquidation), less `price_loss_kept_usd` (fall of what they still hold), less `bonus_usd` (to
        liquidators) and `protocol_fee_usd`, plus `absorbed_by_lenders_usd` (deficit), less
        `interest_and_other_usd` (interest, change of the debt's price, rounding: what closes the sum), is
        `equity_end_usd` (signed, summed over positions). `equity_left_usd` counts a position under water as 0 and
        `loss_usd` is the start less that.
        `lenders`: `deficit_usd` written off, `unrealised_usd` still under water at the end, `loss_usd` both.
        `treasury`: `protocol_fee_usd`. The venues' traders and the exogenous flow are inputs and are not counted.
    """
    start_block, end_block = frames.first_crash_block - 1, frames.last_block
    equity_start = sum(
        _collateral_e8(frames, book, row, start_block) - _debt_e8(frames, book, row, start_block)
        for row in frames.positions_at(start_block).to_dict("records")
    )
    equity_end = left = kept_loss = 0
    for row in frames.positions_at(end_block).to_dict("records"):
        worth = _collateral_e8(frames, book, row, end_block)
        equity = worth - _debt_e8(frames, book, row, end_block)
        equity_end += equity
        left += max(0, equity)
        kept_loss += _collateral_e8(frames, book, row, start_block) - worth
    seized_loss = bonus = fee = deficit = 0
    for row in frames.liquidations.to_dict("records"):
        decimals = frames.decimals(row["collateral_asset"])
        seized = value_e8_down(row["collateral_seized_raw"], row["collateral_price_e8"], decimals)
        before = book.oracle(row["collateral_asset"], start_block)
        seized_loss += value_e8_down(row["collateral_seized_raw"], before, decimals) - seized
        to_treasury = value_e8_down(row["protocol_fee_raw"], row["collateral_price_e8"], decimals)
        debt = row["debt_price_e8"], frames.decimals(row["debt_asset"])
        bonus += seized - value_e8_up(row["debt_covered_raw"], *debt) - to_treasury
        fee += to_treasury
        deficit += value_e8_up(row["deficit_raw"], *debt)
    other = equity_start - seized_loss - kept_loss - bonus - fee + deficit - equity_end
    unrealised = left - equity_end
    borrowers = {
        "equity_start_usd": equity_start,
        "price_loss_seized_usd": seized_loss,
        "price_loss_kept_usd": kept_loss,
        "bonus_usd": bonus,
        "protocol_fee_usd": fee,
        "absorbed_by_lenders_usd": deficit,
        "interest_and_other_usd": other,
        "equity_end_usd": equity_end,
        "equity_left_usd": left,
        "loss_usd": equity_start - left,
    }
    lenders = {"deficit_usd": deficit, "unrealised_usd": unrealised, "loss_usd": deficit + unrealised}
    return {
        "borrowers": {name: e8_to_float(value) for name, value in borrowers.items()},
        "lenders": {name: e8_to_float(value) for name, value in lenders.items()},
        "treasury": {"protocol_fee_usd": e8_to_float(fee)},
    }


def depth_at_trough(frames: Frames, trough: dict[str, Any] | None) -> dict[str, dict[str, float]]:
    """How much collateral each venue would buy at the market's trough: venue -> within bps -> tokens.

    Tokens of the venue's second coin, the first being its quote.
    """
    if trough is None:
        return {}
    known = frames.liquidity[frames.liquidity["block_number"] <= trough["block_number"]]
    last = known.sort_values("block_number", kind="stable").drop_duplicates(["venue", "within_bps"], keep="last")
    depths: dict[str, dict[str, float]] = {}
    for row in last.sort_values(["venue", "within_bps"]).to_dict("records"):
        asset = frames.parameters["venues"][row["venue"]]["coins"][1]
        tokens = float(to_tokens(row["sell_raw"], frames.decimals(asset)))
        depths.setdefault(row["venue"], {})[str(row["within_bps"])] = tokens
    return depths


def concentration(frames: Frames) -> dict[str, float | None]:
    """How concentrated collateral and liquidating were.

    Returns
    -------
    dict
        `collateral_hhi`: sum of squared shares of the borrowers' collateral at the oracle when the crash starts, from
        1/positions to 1. `collateral_top10_pct`: share of the ten largest. `keepers_hhi`: the same index over the
        keepers' debt covered, in dollars. None where there is nothing to share.
    """
    start = frames.positions_at(frames.first_crash_block - 1)
    holdings = sorted(_sum_by(start, "borrower").values(), reverse=True)
    covered: dict[str, int] = {}
    for row in frames.liquidations.to_dict("records"):
        worth = value_e8_up(row["debt_covered_raw"], row["debt_price_e8"], frames.decimals(row["debt_asset"]))
        covered[row["liquidator"]] = covered.get(row["liquidator"], 0) + worth
    total = sum(holdings)
    return {
        "collateral_hhi": _hhi(holdings),
        "collateral_top10_pct": 100 * sum(holdings[:10]) / total if total else None,
        "keepers_hhi": _hhi(list(covered.values())),
    }


def _sum_by(positions: pd.DataFrame, key: str) -> dict[str, int]:
    totals: dict[str, int] = {}
    for name, value in zip(positions[key].tolist(), positions["collateral_base_e8"].tolist(), strict=True):
        totals[name] = totals.get(name, 0) + value
    return totals


def _hhi(amounts: Sequence[int]) -> float | None:
    total = sum(amounts)
    return sum(amount * amount for amount in amounts) / total**2 if total else None


def _built(frames: Frames) -> dict[str, float]:
    built = frames.positions[frames.positions["event"] == "built"]
    return {f"{side}_built_usd": e8_to_float(sum(built[f"{side}_base_e8"])) for side in ("collateral", "debt")}


def _wiped_out(frames: Frames, book: PriceBook) -> int:
    liquidated = set(frames.liquidations["borrower"])
    worth: dict[str, int] = {}
    for row in frames.positions_at(frames.last_block).to_dict("records"):
        equity = _collateral_e8(frames, book, row, frames.last_block) - _debt_e8(frames, book, row, frames.last_block)
        worth[row["borrower"]] = worth.get(row["borrower"], 0) + equity
    return sum(1 for borrower, equity in worth.items() if borrower in liquidated and equity <= 0)


def _collateral_e8(frames: Frames, book: PriceBook, row: dict[Any, Any], block: int) -> int:
    price = book.oracle(row["collateral_asset"], block)
    return value_e8_down(row["collateral_raw"], price, frames.decimals(row["collateral_asset"]))


def _debt_e8(frames: Frames, book: PriceBook, row: dict[Any, Any], block: int) -> int:
    price = book.oracle(row["debt_asset"], block)
    return value_e8_up(row["debt_raw"], price, frames.decimals(row["debt_asset"]))


def _utc(timestamp: Any) -> str:
    return datetime.fromtimestamp(int(timestamp), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
