"""Make the cards of the headline: one figure each, with the tables and columns that it is made from."""

from __future__ import annotations

from cascade.analysis.summary import Summary
from cascade.recording.manifest import Expectation
from cascade.report.run.cause_words import cause_cards
from cascade.report.run.price_words import source_name
from cascade.report.shared.figures import Card, clock, count, counted, dollars, exactly, price
from cascade.vocabulary import PriceSource

__all__ = ["cards"]


def cards(summary: Summary, expectation: Expectation) -> list[Card]:
    """Return the cards of a run, those of its causes first."""
    shortfall, keepers, delay = summary.shortfall_usd, summary.keepers, summary.blocks_to_liquidation
    trough = summary.trough_at
    met = "as the scenario expects" if expectation.met else "not as the scenario expects"
    # A run of the exchange alone has no positions, and a share of zero.
    share = 100 * summary.liquidated_positions / max(1, summary.positions)
    return [
        *cause_cards(summary),
        Card(
            label="Positions",
            value=count(summary.positions),
            exact=count(summary.positions),
            notes=[
                f"{count(summary.liquidated_positions)} liquidated ({share:.1f} %)",
                f"{count(summary.wiped_out_positions)} of them without equity left",
            ],
            anchor="#positions",
            source="runs.positions, liquidations.borrower",
        ),
        Card(
            label="Liquidations",
            value=count(summary.liquidations),
            exact=count(summary.liquidations),
            notes=[
                f"{clock(summary.first_liquidation)} to {clock(summary.last_liquidation)} UTC"
                if summary.liquidations
                else "none",
                met,
            ],
            anchor="#every-liquidation",
            source="rows of liquidations",
        ),
        Card(
            label="Debt covered",
            value=dollars(summary.debt_covered_usd),
            exact=exactly(summary.debt_covered_usd),
            notes=[
                f"{dollars(summary.collateral_seized_usd)} of collateral seized",
                f"{dollars(summary.bonus_paid_usd)} of it bonus and fee",
            ],
            anchor="#every-liquidation",
            source="liquidations.debt_covered_raw",
        ),
        Card(
            label="Deficit",
            value=dollars(summary.deficit_usd),
            exact=exactly(summary.deficit_usd),
            notes=["written off, borne by lenders", f"and a shortfall of {dollars(shortfall.end.oracle)} at the end"],
            anchor="#every-liquidation-deficit",
            source="liquidations.deficit_raw",
            is_loss=bool(summary.deficit_usd),
        ),
        Card(
            label="Shortfall at the trough, oracle",
            value=dollars(shortfall.trough.oracle),
            exact=exactly(shortfall.trough.oracle),
            notes=[
                f"{dollars(shortfall.trough.exit)} at exit price",
                f"{dollars(shortfall.trough.redemption)} at redemption",
            ],
            anchor="#losses",
            source="positions x prices at the trough",
            is_loss=bool(shortfall.trough.oracle),
        ),
        Card(
            label=f"Trough of {trough.asset}" if trough else "Trough",
            value=price(trough.price_usd if trough else None),
            exact=f"${trough.price_usd:.8f}" if trough else "no prices",
            notes=[
                f"{source_name(trough.source)}, at {clock(trough.time)} UTC",
                "oracle " + price(summary.trough.get(trough.asset, {}).get(PriceSource.ORACLE)),
            ]
            if trough
            else ["no prices"],
            anchor="#prices",
            source="prices.price_e8",
        ),
        Card(
            label="Time to liquidation",
            value=counted(delay.median, "block") if delay.median is not None else "\u2013",
            exact="median number of blocks since the one that took the health factor under 1",
            notes=[
                f"95 % within {counted(delay.p95, 'block')}" if delay.p95 is not None else "none liquidated",
                f"backlog of at most {counted(summary.backlog.peak_positions, 'position')}",
            ],
            anchor="#health",
            source="liquidations.unhealthy_since_step, health",
        ),
        Card(
            label="Keepers' profit, net",
            value=dollars(keepers.net_profit_usd),
            exact=exactly(keepers.net_profit_usd),
            notes=[
                "gas is not known" if keepers.all_gas_usd is None else f"{dollars(keepers.all_gas_usd)} of gas paid",
                f"{counted(keepers.reverted_attempts, 'attempt')} reverted",
            ],
            anchor="#who-paid",
            source="liquidations.liquidator_profit_raw, transactions.fee_wei",
        ),
    ]
