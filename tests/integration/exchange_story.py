"""A crash of one book in eight steps, each order written out: what `test_exchange_recording` knows by hand.

An agent of one's own acts for every account, so that a run has these orders and no others. ALT trades at 10, falls to
a forgotten bid at 1, then an account and a loan are liquidated into a bid at 0.5.
"""

from __future__ import annotations

from typing import Any

from cascade.agents.interface import Proposal
from cascade.deployment.exchange import deposit
from cascade.world.exchange import BUY, SELL

USDC, ALT = 10**6, 10**18

EXCHANGE: dict[str, Any] = {
    "cash": "USDC",
    "books": {
        "alt": {
            "base": "ALT",
            "tick": 0.01,
            "lot": 1,
            "initial_price": 10,
            "taker_fee_bps": 10,
            "reference": {"kind": "fixed", "price": 10.05},
            "redemption": {"asset": "USDC", "ratio": 8},
            "forgotten_orders": [{"price": 1, "size": 100}],
        },
    },
    "desk": {
        "capital": 100_000,
        "insurance_fund": 50,
        "lines": {"alt": {"rate_bps": 0, "call_seconds": 60}},
    },
    "margin": {
        "capital": 100_000,
        "insurance_fund": 500,
        "collateral": {"alt": {"tiers": [{"rate_bps": 7000}]}},
        "markets": {"alt-perp": {"book": "alt", "contract_size": 1, "tiers": [{"rate_bps": 1000}]}},
        "debt_tiers": [{"rate_bps": 500}],
        "rules": {"fee_bps": 100},
    },
}

ROLES = {"quoter": "maker", "leveraged": "maker", "pledger": "whale", "seller": "trader", "engine": "exchange-keeper"}


class Story:
    """Prepares everyone, then sends each step's calls."""

    def __init__(self, *, name: str, parameters: dict[str, Any], rng: Any, address: str) -> None:
        self.name = name
        self.who: dict[str, str] = {}

    def prepare(self, world: Any) -> None:
        exchange = world.exchange
        for name, role in ROLES.items():
            # What a scenario claims of a cohort is said of one of its entries: this agent's is the account liquidated.
            cohort = self.name if name == "leveraged" else f"{name}s"
            self.who[name] = world.enlist(name, role=role, cohort=cohort)
            exchange.enrol(self.who[name], cohort)
        world.chain.fund(self.who.values())
        held = {
            "quoter": {"USDC": 10_000 * USDC, "ALT": 1_000 * ALT},
            "leveraged": {"ALT": 200 * ALT},
            "pledger": {"ALT": 100 * ALT},
            "seller": {"USDC": 1_000 * USDC, "ALT": 500 * ALT},
        }
        deposit(world, [(self.who[name], asset, raw) for name, own in held.items() for asset, raw in own.items()])
        book, desk, margin = exchange.books["alt"].contract, exchange.desk, exchange.margin
        bids, asks = [(9_900_000, 100), (9_800_000, 100)], [(10_100_000, 100)]
        for name, contract, function, arguments in (
            ("quoter", book, "requote", (bids, asks)),
            ("quoter", margin, "quotePerp", (0, 10, 10, 100)),
            ("pledger", desk, "borrow", (0, 100 * ALT, 600 * USDC)),
            ("leveraged", margin, "borrow", (1_200 * USDC,)),
            ("leveraged", book, "placeMarket", (BUY, 100, 10)),
        ):
            world.setup([(self.who[name], contract, function, arguments)], intent="prepare")

    def see(self, view: Any) -> Any:
        return view

    def propose(self, view: Any) -> list[Proposal]:
        exchange, who = view.world.exchange, self.who
        book, desk, margin = exchange.books["alt"].contract, exchange.desk, exchange.margin
        steps: dict[int, list[tuple[str, Any, str, tuple[Any, ...]]]] = {
            0: [
                ("seller", margin, "tradePerp", (0, 5, 20 * USDC, 10)),
                ("seller", book, "placeMarket", (SELL, 50, 10)),
            ],
            1: [("quoter", book, "requote", ([], [(9_500_000, 10)]))],
            2: [("quoter", book, "cancelAll", ())],
            3: [("quoter", book, "placeLimit", (BUY, 500_000, 100, 0))],
            # A price off the grid: it reverts.
            4: [("seller", book, "placeMarket", (SELL, 20, 10)), ("seller", book, "requote", ([], [(1, 1)]))],
            5: [
                ("engine", desk, "marginCall", (0, who["pledger"])),
                ("engine", margin, "liquidate", (who["leveraged"], 8, 100)),
            ],
            6: [("engine", desk, "liquidate", (0, who["pledger"], 1000, 100))],
            7: [("engine", margin, "liquidate", (who["leveraged"], 8, 100))],
        }
        return [
            Proposal(
                sender=who[name],
                contract=contract,
                function=function,
                arguments=arguments,
                gas_limit=5_000_000,
                tip_wei=10**9,
                intent=function,
                reason="the story",
                key=f"{name}-{number}",
            )
            for number, (name, contract, function, arguments) in enumerate(steps.get(view.step, []))
        ]
