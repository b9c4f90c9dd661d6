"""The exchange's reading on the page, from a summary by hand."""

from __future__ import annotations

from dataclasses import replace

from cascade.analysis.exchange.digest import BookFigures, ExchangeFigures
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
)


def test_reading__of_a_crash__states_falls_liquidations_payers_and_net_delta() -> None:
    assert exchange_reading(FIGURES) == (
        "2 trades of $1.50 M; $250.0 k of that were forced sales. "
        "Largest falls from a price five minutes earlier: ALT-USDC 85.6 % to 21:31:18 UTC. "
        "Unified accounts liquidated: 20 of makers; the insurance fund paid $1.00 M, $0 of positions "
        "were auto-deleveraged, and $49.54 k is bad debt. "
        "Net delta of each account of makers at the start: ALT $1.00 M, USDe $0."
    )


def test_reading__no_liquidation_and_no_fall__leaves_both_sentences_out() -> None:
    quiet = replace(FIGURES, books={}, accounts_liquidated={}, net_delta_usd={})

    assert exchange_reading(quiet) == "2 trades of $1.50 M; $250.0 k of that were forced sales."


def test_reading__scenario_without_an_exchange__is_empty() -> None:
    assert exchange_reading(None) == ""
