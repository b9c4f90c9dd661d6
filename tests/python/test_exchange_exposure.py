"""Net delta of makers, as their scenario states it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from cascade.analysis.exchange.exposure import net_deltas
from cascade.recording.tables import DrawnFigureRow

MAKER: dict[str, Any] = {
    "kind": "market-maker",
    "inventory": {"ALT": 1_000, "USDe": "700.5", "USDC": 400},
    "short_contracts": {},
}


def deltas(drawn: tuple[DrawnFigureRow, ...] = (), **keys: Any) -> dict[str, dict[str, float]]:
    exchange = {
        "books": {
            "alt": {"base": "ALT", "initial_price": "0.5"},
            "usde": {"base": "USDe", "initial_price": 1},
        },
        "margin": {"markets": {"alt-perp": {"book": "alt", "contract_size": 100}}},
    }
    agents = {"makers": {**MAKER, **keys}, "noise": {"kind": "noise-trader"}}
    frames: Any = SimpleNamespace(
        parameters={"exchange": exchange, "agents": agents}, rows=lambda kind: drawn if kind is DrawnFigureRow else []
    )
    return net_deltas(frames)


def test_net_delta__no_short__is_the_holdings_at_initial_prices_without_the_stable() -> None:
    assert deltas() == {"makers": {"ALT": 500.0, "USDe": 700.5}}


def test_net_delta__short_as_large_as_the_holding__is_zero_for_that_asset() -> None:
    assert deltas(short_contracts={"alt-perp": 10})["makers"] == {"ALT": 0.0, "USDe": 700.5}


def test_net_delta__short_without_holding__is_negative() -> None:
    assert deltas(inventory={"USDC": 400}, short_contracts={"alt-perp": 3})["makers"] == {"ALT": -150.0}


def test_net_delta__makers_that_differ__is_that_of_the_average_maker() -> None:
    # 1,000 and 3,000 ALT at 0.5, the second at twice its size; 700.5 and 1,401 USDe.
    drawn = tuple(
        DrawnFigureRow(run_id="r", seed=1, account=account, cohort="makers", key=key, value=value)
        for account, key, value in (
            ("makers-0", "inventory.ALT", "1000"),
            ("makers-1", "inventory.ALT", "3000.0"),
            ("makers-0", "scale", "1"),
            ("makers-1", "scale", "2"),
        )
    )
    distribution = {"kind": "uniform", "low": 1_000, "high": 3_000}
    found = deltas(drawn, count=2, inventory={"ALT": distribution, "USDe": "700.5"})

    assert found["makers"] == {"ALT": (1_000 + 6_000) / 2 * 0.5, "USDe": (700.5 + 1_401) / 2}
