"""The exchange's reading on the page, from a summary by hand."""

from __future__ import annotations

from typing import Any

from cascade.report.run.exchange_words import exchange_reading

SUMMARY: dict[str, Any] = {
    "trades": 2,
    "volume_usd": 1_500_000.0,
    "forced_volume_usd": 250_000.0,
    "books": {
        "ALT-USDC": {"five_minute_fall_pct": 85.64, "five_minute_fall_at": "2025-10-10T21:31:18Z"},
        "USDe-USDC": {"five_minute_fall_pct": None, "five_minute_fall_at": None},
    },
    "accounts_liquidated": {"makers": 20},
    "insurance_used_usd": {"margin": 1_000_000.0, "desk": 0.0},
    "adl": {"usd": 0.0},
    "bad_debt_usd": 49_536.25,
    "net_delta_usd": {"makers": {"ALT": 1_000_000.0, "USDe": 0.0}},
}


def test_reading__of_a_crash__says_falls_liquidations_payers_and_net_delta() -> None:
    assert exchange_reading(SUMMARY) == (
        "2 trades of $1.50 M; $250.0 k of it were forced sales. "
        "Largest falls from a price five minutes earlier: ALT-USDC 85.6 % to 21:31:18 UTC. "
        "Unified accounts liquidated: 20 of makers; the insurance fund paid $1.00 M, $0 were deleveraged, "
        "$49.54 k is bad debt. "
        "Net delta of each of makers at the start: ALT $1.00 M, USDe $0."
    )


def test_reading__nobody_liquidated_and_no_fall__leaves_out_what_did_not_happen() -> None:
    quiet = {**SUMMARY, "books": {}, "accounts_liquidated": {}, "net_delta_usd": {}}

    assert exchange_reading(quiet) == "2 trades of $1.50 M; $250.0 k of it were forced sales."


def test_reading__scenario_without_an_exchange__is_empty() -> None:
    assert exchange_reading(None) == ""
