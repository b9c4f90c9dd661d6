"""Assertions about a run, for the tests of a protocol: `assert_no_deficit(run)`.

One that fails prints the figures behind it, the run's folder, and the command that makes the run again.
"""

from __future__ import annotations

from collections.abc import Mapping

from cascade.report.run.words import command
from cascade.report.shared.figures import exactly
from cascade.run.opened import Run

__all__ = [
    "assert_liquidated_within",
    "assert_no_bad_debt",
    "assert_no_deficit",
    "assert_no_liquidations",
    "assert_nobody_waits_at_the_end",
    "assert_price_stays_above",
]


def assert_no_deficit(run: Run, *, at_most_usd: float = 0.0) -> None:
    """Assert that no debt was written off, or no more than a stated sum in dollars.

    Raises
    ------
    AssertionError
        With the deficit and where the borrowers' equity went.
    """
    summary = run.summary
    if summary.deficit_usd > at_most_usd:
        _fail(
            run,
            f"expected a deficit of {exactly(at_most_usd)} at most",
            {
                "deficit": exactly(summary.deficit_usd),
                "lenders' loss": exactly(summary.who_paid.lenders.loss_usd),
                "debt covered": exactly(summary.debt_covered_usd),
                "liquidations": str(summary.liquidations),
            },
        )


def assert_no_bad_debt(run: Run, *, price: str = "oracle", at_most_usd: float = 0.0) -> None:
    """Assert that no debt exceeded its collateral at the trough, or no more than a stated sum in dollars.

    A run without a deficit can hide one: an oracle that does not follow the market shows none.

    Parameters
    ----------
    price : str
        What collateral is valued at: `oracle`, `exit` (what the venues would pay for all of it) or `redemption`.

    Raises
    ------
    AssertionError
        With the shortfall at each price; also where the run has none at this price, because it is not known then.
    """
    at_trough = run.summary.shortfall_usd.trough
    found = getattr(at_trough, price)
    if found is None or found > at_most_usd:
        figures = {f"shortfall at trough, {kind}": exactly(getattr(at_trough, kind)) for kind in _VALUATIONS}
        _fail(run, f"expected a shortfall of {exactly(at_most_usd)} at most, collateral at the {price} price", figures)


def assert_no_liquidations(run: Run) -> None:
    """Assert that nobody was liquidated.

    Raises
    ------
    AssertionError
        With the number of liquidations and the first of them.
    """
    summary = run.summary
    if summary.liquidations:
        _fail(
            run,
            "expected no liquidation",
            {
                "liquidations": str(summary.liquidations),
                "borrowers": str(summary.liquidated_positions),
                "first": str(summary.first_liquidation),
            },
        )


def assert_liquidated_within(run: Run, *, blocks: int) -> None:
    """Assert that whoever fell under a health factor of 1 was liquidated within so many blocks, and that nobody waits.

    Raises
    ------
    AssertionError
        With the longest wait, and how many still wait at the end.
    """
    summary = run.summary
    longest, waiting = summary.blocks_to_liquidation.max, summary.backlog.end_positions
    if waiting or (longest is not None and longest > blocks):
        _fail(
            run,
            f"expected every liquidation within {blocks} blocks of the fall under 1",
            {
                "longest wait, blocks": str(longest),
                "95 % of waits, blocks": str(summary.blocks_to_liquidation.p95),
                "still waiting at the end": str(waiting),
            },
        )


def assert_nobody_waits_at_the_end(run: Run) -> None:
    """Assert that no open position is under a health factor of 1 at the last block.

    Raises
    ------
    AssertionError
        With how many wait, and the debt that no keeper would take.
    """
    summary = run.summary
    if summary.backlog.end_positions:
        _fail(
            run,
            "expected no position under a health factor of 1 at the end",
            {
                "positions": str(summary.backlog.end_positions),
                "debt that no keeper would take": exactly(summary.stuck_debt.debt_usd),
            },
        )


def assert_price_stays_above(run: Run, asset: str, usd: float, *, source: str = "oracle") -> None:
    """Assert that the price of an asset at a source never fell to a stated price or below it.

    Parameters
    ----------
    source : str
        As the table `prices` names it: `oracle`, `spot:VENUE`, `book:BOOK` and others.

    Raises
    ------
    AssertionError
        With the lowest price; also where the run has no such price, because it is not known then.
    """
    known = run.summary.trough.get(asset, {})
    lowest = known.get(source)
    if lowest is None or lowest <= usd:
        figures = {f"lowest {asset}, {name}": f"${value:.6f}" for name, value in known.items()}
        _fail(run, f"expected {asset}, {source} above ${usd:g}", figures or {f"prices of {asset}": "none in this run"})


_VALUATIONS = ("oracle", "exit", "redemption")


def _fail(run: Run, expected: str, figures: Mapping[str, str]) -> None:
    width = max(len(name) for name in figures)
    lines = [f"  {name:{width}}  {value}" for name, value in figures.items()]
    manifest = run.manifest
    raise AssertionError(
        "\n".join([f"{manifest.run_id}: {expected}", *lines, f"  run: {run.folder}", f"  again: {command(manifest)}"])
    )
