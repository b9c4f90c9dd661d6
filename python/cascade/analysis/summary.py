"""The summary: one dictionary of figures, each defined in the docstring of the function that makes it.

Sums are exact integers of 1e-8 dollars and become floats once, at the end. Every name that ends in `_usd` is dollars.
"""

from __future__ import annotations

from typing import Any

from cascade.analysis.causes.digest import causes
from cascade.analysis.exchange.digest import exchange_figures
from cascade.analysis.frames import Frames
from cascade.analysis.lending.backlog import backlog, liquidation_delay, stuck_debt
from cascade.analysis.lending.concentration import concentration
from cascade.analysis.lending.keepers import keepers
from cascade.analysis.lending.shortfall import shortfalls, shortfalls_by_pair
from cascade.analysis.lending.totals import built_totals, liquidation_totals
from cascade.analysis.lending.who_paid import who_paid, wiped_out
from cascade.analysis.metrics.block_space import block_space
from cascade.analysis.metrics.distributions import collateral_at_risk_by_moment, health_and_ltv
from cascade.analysis.metrics.exits import coverage_of_exits, failed_withdrawals, providers
from cascade.analysis.metrics.regret import regret
from cascade.analysis.metrics.stability import stability, stability_over_time
from cascade.analysis.moments import utc
from cascade.analysis.prices.pricebook import PriceBook
from cascade.analysis.prices.troughs import depth_at_trough, market_trough, troughs
from cascade.recording.store import tables_sha256

__all__ = ["summarise"]


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
        build ended. `blocks`: blocks of the chain mined, the build's included. `transactions`: transactions
        mined in them, `transactions_reverted` of them reverted, `transactions_rejected` proposals never sent.
        `liquidations`: rows of `liquidations`; `liquidated_positions`: borrowers among them;
        `first_liquidation`, `last_liquidation`: their times in UTC, or None.
        `amplification`: None; it needs a second run without liquidations.
        `wiped_out_positions`: borrowers liquidated at least once whose collateral, at the oracle, is worth no more
        than their debt at the end.
        `tables_sha256`: hash over the tables' content.
        The rest as `causes`, `liquidation_totals`, `shortfalls`, `shortfalls_by_pair`, `troughs`, `backlog`,
        `stuck_debt`, `liquidation_delay`, `keepers`, `who_paid`, `depth_at_trough`, `concentration`, `regret`,
        `health_and_ltv` (`start`), `collateral_at_risk_by_moment`, `stability`, `coverage_of_exits` (`exits`),
        `failed_withdrawals` (`withdrawals`), `providers`, `block_space` and `exchange_figures` (`exchange`) define it.
    """
    run = frames.runs.iloc[0]
    book = PriceBook(frames)
    liquidations = frames.liquidations
    status = frames.chain_transactions["status"]
    trough = market_trough(frames, book)
    return {
        "scenario": str(run["scenario"]),
        "run_id": str(run["run_id"]),
        "seed": int(run["seed"]),
        "counterfactual": str(run["counterfactual"]) or None,
        "causes": causes(frames),
        "shortfall_usd": shortfalls(frames, book, trough),
        "shortfall_by_pair_usd": shortfalls_by_pair(frames, book, trough),
        "positions": int(run["positions"]),
        **built_totals(frames),
        "blocks": len(frames.chain_blocks),
        "transactions": int((status != "rejected").sum()),
        "transactions_reverted": int((status == "reverted").sum()),
        "transactions_rejected": int((status == "rejected").sum()),
        "liquidations": len(liquidations),
        "liquidated_positions": int(liquidations["borrower"].nunique()),
        "first_liquidation": utc(liquidations["timestamp"].min()) if len(liquidations) else None,
        "last_liquidation": utc(liquidations["timestamp"].max()) if len(liquidations) else None,
        **liquidation_totals(frames),
        "trough": troughs(frames, book),
        "trough_at": trough,
        "amplification": None,
        "backlog": backlog(frames),
        "stuck_debt": stuck_debt(frames, book),
        "blocks_to_liquidation": liquidation_delay(liquidations),
        "keepers": keepers(frames),
        "who_paid": who_paid(frames, book),
        "wiped_out_positions": wiped_out(frames, book),
        "depth_at_trough": depth_at_trough(frames, trough),
        "concentration": concentration(frames),
        "regret": regret(frames, book, trough),
        "start": health_and_ltv(frames, book),
        "collateral_at_risk_usd": collateral_at_risk_by_moment(frames, book, trough),
        "stability": stability(stability_over_time(frames)),
        "exits": coverage_of_exits(frames, book),
        "withdrawals": failed_withdrawals(frames, book),
        "providers": providers(frames, book),
        "block_space": block_space(frames, book),
        "exchange": exchange_figures(frames, book),
        "tables_sha256": tables_sha256(frames.run_folder / "tables"),
        "wall_seconds": wall_seconds,
    }
