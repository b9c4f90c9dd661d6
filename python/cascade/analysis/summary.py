"""The summary of a run: every figure, each defined in the docstring of the class that holds it.

Sums are exact integers of 1e-8 dollars and become floats once, at the end. Names that end in `_usd` are dollars, those
in `_pct` per cent. Times are texts in UTC. `summary.json` is the serialisation of `Summary`, and docs/SUMMARY.md is
generated from these classes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pydantic

from cascade.analysis.agent_failures import AgentFailure, agent_failures
from cascade.analysis.causes.digest import CausesDigest, causes
from cascade.analysis.events import EventFigures, events
from cascade.analysis.exchange.digest import ExchangeFigures, exchange_figures
from cascade.analysis.frames import Frames
from cascade.analysis.lending.backlog import (
    Backlog,
    LiquidationDelay,
    StuckDebt,
    backlog,
    liquidation_delay,
    stuck_debt,
)
from cascade.analysis.lending.concentration import Concentration, concentration
from cascade.analysis.lending.coverage import AccountsCoverage, accounts_coverage
from cascade.analysis.lending.keepers import KeeperFigures, keepers
from cascade.analysis.lending.shortfall import PairShortfall, ShortfallByMoment, shortfalls, shortfalls_by_pair
from cascade.analysis.lending.totals import BuiltTotals, LiquidationTotals, built_totals, liquidation_totals
from cascade.analysis.lending.who_paid import WhoPaid, who_paid, wiped_out
from cascade.analysis.metrics.block_space import BlockSpace, block_space
from cascade.analysis.metrics.distributions import (
    CollateralAtRisk,
    StartDistributions,
    collateral_at_risk_by_moment,
    health_and_ltv,
)
from cascade.analysis.metrics.exits import (
    ExitCoverage,
    ProviderLoss,
    Withdrawals,
    coverage_of_exits,
    failed_withdrawals,
    providers,
)
from cascade.analysis.metrics.regret import Regret, regret
from cascade.analysis.metrics.stability import Stability, stability, stability_over_time
from cascade.analysis.moments import utc
from cascade.analysis.prices.pricebook import PriceBook
from cascade.analysis.prices.troughs import MarketTrough, depth_at_trough, market_trough, oracle_refusals, troughs
from cascade.errors import CascadeError
from cascade.recording.store import tables_sha256 as hash_of_tables
from cascade.vocabulary import TransactionStatus

__all__ = ["SUMMARY_FILE", "Summary", "read_summary", "summarise", "summary_json"]

SUMMARY_FILE = "summary.json"


@dataclass(frozen=True, kw_only=True)
class Summary(BuiltTotals, LiquidationTotals):
    """Every figure of one run. A figure that could not be determined is null, never 0."""

    scenario: str
    """Name of the scenario."""
    run_id: str
    """Name of the run, as its folder has it."""
    seed: int
    """Seed of the random streams."""
    counterfactual: str | None
    """Why the run is a counterfactual, in the words of its scenario; null where it is none."""
    causes: CausesDigest | None
    """Causes of prices and liquidations; null where no event moved a price."""
    shortfall_usd: ShortfallByMoment
    """Debt in excess of collateral over all open positions."""
    shortfall_by_pair_usd: dict[str, PairShortfall]
    """Loss of the lenders by pair of collateral and debt asset, as `USDe/USDC`."""
    positions: int
    """Number of positions built."""
    coverage: AccountsCoverage | None
    """Part of the file of accounts that stands in the run; null for a scenario without such a file."""
    blocks: int
    """Number of blocks of the chain, those of the build included."""
    transactions: int
    """Number of transactions mined in them."""
    transactions_reverted: int
    """Number of those that reverted."""
    transactions_rejected: int
    """Number of proposals that were never sent."""
    agent_failures: dict[str, AgentFailure]
    """The user's own agents that raised, by name: the run lacks what they would have done."""
    events: dict[str, EventFigures]
    """Events of the scenario by name: what its owners set during the crash."""
    liquidations: int
    """Number of liquidations: rows of the table `liquidations`."""
    liquidated_positions: int
    """Number of borrowers liquidated at least once."""
    first_liquidation: str | None
    """Time of the first liquidation; null without one."""
    last_liquidation: str | None
    """Time of the last liquidation; null without one."""
    oracle_refusals: dict[str, int]
    """Number of blocks of the crash at whose end the lending pool's oracle refused the price of an asset, by asset:
    dollar values of those blocks use the last price that it gave."""
    trough: dict[str, dict[str, float]]
    """Lowest price during the crash, in dollars, by asset and source."""
    trough_at: MarketTrough | None
    """Lowest price of the market of the main collateral; null without positions or prices."""
    amplification: float | None = None
    """Fall of the price over its fall in a second run of the same seed without liquidations; null until
    `cascade causes` has made that run."""
    shapley: dict[str, float] | None = None
    """Shapley value of each class of actor for the fall, in dollars; null until `cascade causes --shapley` has made
    the runs that it needs."""
    backlog: Backlog
    """Positions that waited to be liquidated."""
    stuck_debt: StuckDebt
    """Debt that no keeper would take at the end."""
    blocks_to_liquidation: LiquidationDelay
    """How long positions waited to be liquidated."""
    keepers: KeeperFigures
    """Earnings and costs of the keepers."""
    who_paid: WhoPaid
    """Where the borrowers' equity went."""
    wiped_out_positions: int
    """Number of borrowers liquidated at least once whose collateral is worth no more than their debt at the end."""
    depth_at_trough: dict[str, dict[str, float]]
    """Tokens that each venue would have bought at the trough, by venue and distance from its price in 1e-4."""
    concentration: Concentration
    """Concentration of collateral and of liquidations."""
    regret: Regret
    """Liquidations of positions that were solvent at the recovery price."""
    start: StartDistributions
    """Distributions over the open positions when the crash starts."""
    collateral_at_risk_usd: CollateralAtRisk
    """Collateral that a further fall would make liquidatable."""
    stability: dict[str, Stability]
    """Largest stability number by collateral asset."""
    exits: dict[str, ExitCoverage]
    """Money in reach of the claims when the crash starts, by collateral asset."""
    withdrawals: Withdrawals
    """Withdrawals that lenders tried."""
    providers: dict[str, ProviderLoss]
    """Loss of liquidity providers against holding, by venue."""
    block_space: BlockSpace
    """Queue, fees and waiting."""
    exchange: ExchangeFigures | None
    """The exchange; null for a scenario without one."""
    tables_sha256: str
    """Hash over the content of all tables."""
    wall_seconds: float | None = None
    """Time that the run took, in seconds; no table holds it and no hash covers it."""
    crash_wall_seconds: float | None = None
    """The part of it that the crash phase took."""
    crash_node_seconds: float | None = None
    """The part of that which was spent waiting for the node."""
    anvil_peak_memory_mb: float | None = None
    """Largest memory of the node, in megabytes."""


def summarise(
    frames: Frames,
    *,
    tables_sha256: str | None = None,
    wall_seconds: float | None = None,
    crash_wall_seconds: float | None = None,
    crash_node_seconds: float | None = None,
    anvil_peak_memory_mb: float | None = None,
) -> Summary:
    """Return every figure of a run, from its tables.

    Parameters
    ----------
    frames : Frames
        The tables of the run.
    tables_sha256 : str, optional
        Hash over the content of all tables, where it is known; None computes it.
    wall_seconds, crash_wall_seconds, crash_node_seconds, anvil_peak_memory_mb : float, optional
        Figures of the machine, as `Summary` defines them.
    """
    run = frames.runs.iloc[0]
    book = PriceBook(frames)
    liquidations = frames.liquidations
    status = frames.chain_transactions["status"]
    trough = market_trough(frames, book)
    return Summary(
        **vars(built_totals(frames, book)),
        **vars(liquidation_totals(frames)),
        scenario=str(run["scenario"]),
        run_id=str(run["run_id"]),
        seed=int(run["seed"]),
        counterfactual=str(run["counterfactual"]) or None,
        causes=causes(frames),
        shortfall_usd=shortfalls(frames, book, trough),
        shortfall_by_pair_usd=shortfalls_by_pair(frames, book, trough),
        positions=int(run["positions"]),
        coverage=accounts_coverage(frames),
        blocks=len(frames.chain_blocks),
        transactions=int((status != TransactionStatus.REJECTED).sum()),
        transactions_reverted=int((status == TransactionStatus.REVERTED).sum()),
        transactions_rejected=int((status == TransactionStatus.REJECTED).sum()),
        agent_failures=agent_failures(frames),
        events=events(frames),
        liquidations=len(liquidations),
        liquidated_positions=int(liquidations["borrower"].nunique()),
        first_liquidation=utc(liquidations["timestamp"].min()) if len(liquidations) else None,
        last_liquidation=utc(liquidations["timestamp"].max()) if len(liquidations) else None,
        oracle_refusals=oracle_refusals(frames, book),
        trough=troughs(frames, book),
        trough_at=trough,
        backlog=backlog(frames),
        stuck_debt=stuck_debt(frames, book),
        blocks_to_liquidation=liquidation_delay(liquidations),
        keepers=keepers(frames),
        who_paid=who_paid(frames, book),
        wiped_out_positions=wiped_out(frames, book),
        depth_at_trough=depth_at_trough(frames, trough),
        concentration=concentration(frames, book),
        regret=regret(frames, book, trough),
        start=health_and_ltv(frames, book),
        collateral_at_risk_usd=collateral_at_risk_by_moment(frames, book, trough),
        stability=stability(stability_over_time(frames)),
        exits=coverage_of_exits(frames, book),
        withdrawals=failed_withdrawals(frames, book),
        providers=providers(frames, book),
        block_space=block_space(frames, book),
        exchange=exchange_figures(frames, book),
        tables_sha256=tables_sha256 or hash_of_tables(frames.run_folder / "tables"),
        wall_seconds=wall_seconds,
        crash_wall_seconds=crash_wall_seconds,
        crash_node_seconds=crash_node_seconds,
        anvil_peak_memory_mb=anvil_peak_memory_mb,
    )


def summary_json(summary: Summary) -> str:
    """Return the text of `summary.json`, with sorted keys, so that two summaries can be compared line by line."""
    content = _adapter().dump_python(summary, by_alias=True)
    return json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def read_summary(run_folder: Path) -> Summary:
    """Return the summary of a finished run.

    Raises
    ------
    CascadeError
        When `summary.json` is missing, or is not the summary of a run of this version.
    """
    file = run_folder / SUMMARY_FILE
    try:
        return _adapter().validate_json(file.read_bytes())
    except OSError as error:
        raise CascadeError(f"{file}: cannot be read: {error.strerror}") from error
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise CascadeError(f"{file}: {key or 'its content'}: {first['msg']}: expected the summary of a run") from error


@cache
def _adapter() -> pydantic.TypeAdapter[Summary]:
    return pydantic.TypeAdapter(Summary)
