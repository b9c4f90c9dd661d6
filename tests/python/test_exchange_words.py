"""The exchange's reading on the page, from a summary by hand."""

from __future__ import annotations

from dataclasses import replace

from cascade.analysis.exchange.digest import (
    BookFigures,
    ExchangeFigures,
    SaleGeneration,
    SpiralFigures,
    TakeoverFigures,
)
from cascade.analysis.exchange.forced import Deleveraging, InsuranceUsed
from cascade.report.run.exchange_words import exchange_reading

NO_BOOK = BookFigures(
    asset="USDe",
    start=None,
    low=None,
    low_usd=None,
    low_at=None,
    five_minute_fall_pct=None,
    five_minute_fall_at=None,
    after_10_minutes=None,
    after_10_minutes_pct=None,
    depth_start_tokens=None,
    depth_lowest_tokens=None,
    depth_lowest_at=None,
    depth_fall_pct=None,
    depth_tenth_at=None,
    depth_half_at=None,
    depth_nine_tenths_at=None,
)

FIGURES = ExchangeFigures(
    transactions=0,
    transactions_reverted=0,
    trades=2,
    volume_usd=1_500_000.0,
    forced_volume_usd=250_000.0,
    perp_trades=0,
    perp_volume_usd=0.0,
    perp_liquidated_usd=0.0,
    accounts_liquidated={"makers": 20},
    collateral_sold_usd={},
    margin_calls=0,
    margin_calls_met=0,
    margin_calls_sold=0,
    desk_liquidations=0,
    desk_borrowers=0,
    pledges_sold_usd={},
    halts=0,
    insurance_used_usd=InsuranceUsed(margin=1_000_000.0, desk=0.0),
    adl=Deleveraging(fills=0, accounts=0, usd=0.0),
    bad_debt_usd=49_536.25,
    desk_loss_usd=0.0,
    books={
        "ALT-USDC": replace(NO_BOOK, five_minute_fall_pct=85.64, five_minute_fall_at="2025-10-10T21:31:18Z"),
        "USDe-USDC": NO_BOOK,
    },
    net_delta_usd={"makers": {"ALT": 1_000_000.0, "USDe": 0.0}},
    leverage={},
    takeovers={},
    desk_spirals={},
)


def test_reading__of_a_crash__states_falls_liquidations_payers_and_net_delta() -> None:
    assert exchange_reading(FIGURES) == (
        "2 trades of $1.50 M; $250.0 k of that were forced sales. "
        "Largest falls from a price five minutes earlier: ALT-USDC 85.6 % to 21:31:18 UTC. "
        "Unified accounts liquidated: 20 of makers; the insurance fund paid $1.00 M, $0 of positions "
        "were auto-deleveraged, and $49.54 k is bad debt. "
        "Net delta of the average account of makers at the start: ALT $1.00 M, USDe $0."
    )


def test_reading__no_liquidation_and_no_fall__leaves_both_sentences_out() -> None:
    quiet = replace(FIGURES, books={}, accounts_liquidated={}, net_delta_usd={})

    assert exchange_reading(quiet) == "2 trades of $1.50 M; $250.0 k of that were forced sales."


def test_reading__takeovers_spiral_and_return_of_bids__are_told_with_what_never_came() -> None:
    told = replace(
        FIGURES,
        books={
            "ALT-USDC": replace(
                NO_BOOK,
                depth_fall_pct=99.0,
                depth_tenth_at="2025-10-10T21:45:00Z",
                depth_half_at="2025-10-10T22:05:12Z",
            ),
            "USDe-USDC": replace(NO_BOOK, depth_fall_pct=40.0),
        },
        accounts_liquidated={},
        net_delta_usd={},
        takeovers={
            "makers": TakeoverFigures(
                accounts=14,
                first_at="2025-10-10T21:20:00Z",
                last_at="2025-10-10T21:41:30Z",
                minutes=21.5,
                busiest_minute_at="2025-10-10T21:33:00Z",
                busiest_minute_pct=50.0,
            )
        },
        desk_spirals={
            "ALT-USDC": SpiralFigures(
                generations=[SaleGeneration(1, 5, 4, 900_000.0), SaleGeneration(2, 1, 1, 100_000.0)],
                sales_before_makers=4,
                share_of_fall_pct=12.34,
            )
        },
    )

    assert exchange_reading(told) == (
        "2 trades of $1.50 M; $250.0 k of that were forced sales. "
        "14 accounts of makers were taken over within 21.5 minutes, from 21:20:00 to 21:41:30 UTC, and 50 % of them "
        "in the busiest minute. "
        "The desk sold pledges on ALT-USDC: 5 sales of $900.0 k in generation 1, 1 sale of $100.0 k in generation 2. "
        "4 of these sales came before the first maker was taken over, and made 12.3 % of the fall until then. "
        "After their low, bids within 2 % in ALT-USDC stood again at a tenth of the start at 21:45:00, at a half of "
        "the start at 22:05:12, at nine tenths of the start never (UTC)."
    )


def test_reading__scenario_without_an_exchange__is_empty() -> None:
    assert exchange_reading(None) == ""
