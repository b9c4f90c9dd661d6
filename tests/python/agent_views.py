"""Made-up sights of the chain for tests of agents: what a view answers, without a chain."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from cascade.agents.interface import Agent, MarginNote, Proposal
from cascade.chain.local import Contract, address_of
from cascade.observation import BlockView, BookEntry, ExitCurve, PositionState
from cascade.scenario.model import CohortSpec
from cascade.world.venues import LiquidityCall

E8, WAD, USDE, WETH, USDC = 10**8, 10**18, 10**18, 10**18, 10**6
UINT_MAX = 2**256 - 1
GWEI = 10**9
DECIMALS = {"USDe": 18, "USDC": 6, "WETH": 18}
THRESHOLD_BPS = 8300
PREMIUM_BPS = 5


def contract(name: str) -> Contract:
    """A contract of which only the address is looked at."""
    return cast(Contract, SimpleNamespace(address=address_of(f"contract {name}")))


def swap(*, asset_in: str, amount_raw: int, receiver: str, least_raw: int = 0) -> SimpleNamespace:
    return SimpleNamespace(
        contract=contract("pool"), function="swap", arguments=(asset_in, amount_raw, least_raw, receiver)
    )


def withdrawal(shares: int, receiver: str) -> list[LiquidityCall]:
    return [LiquidityCall("remove_liquidity(uint256,uint256[])", (shares, [0, 0]))]


POOL = SimpleNamespace(
    coins=("USDC", "USDe"),
    exit_kind=1,
    contract=contract("pool"),
    spender=contract("pool"),
    spec=None,
    swap=swap,
    withdrawal=withdrawal,
)


def cohort(name: str, *, count: int = 1, pledge: bool = False) -> CohortSpec:
    return CohortSpec.model_validate(
        {
            "count": count,
            "collateral": "USDe",
            "debt": "USDC",
            "venue": "minting",
            "equity": {"kind": "fixed", "value": 1000},
            "target": {"ltv_per_round_bps": 5000},
            "pledge": {"collateral": "WETH", "ltv": {"kind": "fixed", "value": 0.6}} if pledge else None,
        }
    )


def world(**cohorts: CohortSpec) -> Any:
    reserves = {
        asset: SimpleNamespace(ltv_bps=8000, liquidation_threshold_bps=THRESHOLD_BPS, borrowing=True)
        for asset in DECIMALS
    }
    spec = SimpleNamespace(
        cohorts=cohorts,
        assets={asset: SimpleNamespace(decimals=decimals) for asset, decimals in DECIMALS.items()},
        lending=SimpleNamespace(reserves=reserves, emodes={}, flash_loan_premium_bps=PREMIUM_BPS),
        chain=SimpleNamespace(ether_price_usd=Decimal(4000)),
    )
    tokens = {asset: contract(asset) for asset in DECIMALS}
    return SimpleNamespace(
        scenario=SimpleNamespace(spec=spec, seed=1),
        venues={"pool": POOL},
        tokens=tokens,
        a_tokens={asset: contract(f"a{asset}") for asset in DECIMALS},
        pool=contract("lending pool"),
        deleverager=contract("deleverager"),
        posted_feeds={"USDe": contract("feed")},
        observers={},
    )


def position(
    borrower: str, *, collateral: int, debt: int, asset: str = "USDe", price_e8: int = E8, health: int | None = None
) -> PositionState:
    """Amounts in smallest units; values as the pool rounds them, the debt at one dollar."""
    collateral_base = collateral * price_e8 // 10 ** DECIMALS[asset]
    debt_base = -(-debt * E8 // USDC)
    computed = collateral_base * THRESHOLD_BPS * WAD // debt_base // 10_000 if debt_base else UINT_MAX
    entry = BookEntry(borrower, address_of(borrower), borrower.rpartition("-")[0], asset, "USDC")
    return PositionState(entry, collateral, debt, collateral_base, debt_base, computed if health is None else health)


def at_price(numerator: int, denominator: int = 1) -> ExitCurve:
    """A pool so deep that its price never moves: dollars a USDe, as a fraction."""
    most = 10**9
    return ExitCurve((most * USDE,), (most * USDC * numerator // denominator,))


@dataclass
class View:
    """What agents ask of a block view."""

    world: Any
    step: int = 0
    timestamp: int = 1000
    spot_wad: int = WAD
    oracle_e8: dict[str, int] = field(default_factory=lambda: {"USDe": E8, "USDC": E8, "WETH": 4000 * E8})
    states: dict[str, PositionState] = field(default_factory=dict)
    wallet: dict[str, int] = field(default_factory=dict)
    sells: ExitCurve = field(default_factory=lambda: at_price(1))
    buys: ExitCurve = field(default_factory=lambda: at_price(1))
    pool_cash: int = 10**9 * USDC
    frozen_feeds: tuple[str, ...] = ()
    balance: int = 0
    feed: tuple[int, int] = (E8, 0)
    next_base_fee_wei: int = 0

    @property
    def next_timestamp(self) -> int:
        return self.timestamp + 12

    def position(self, borrower: str) -> PositionState:
        return self.states[borrower]

    def members(self, cohort: str) -> list[PositionState]:
        return [state for state in self.states.values() if state.entry.cohort == cohort]

    def spot_price_wad(self, venue: str) -> int:
        return self.spot_wad

    def oracle_price_e8(self, asset: str) -> int:
        return self.oracle_e8[asset]

    def wallet_raw(self, address: str, asset: str) -> int:
        return self.wallet.get(asset, 0)

    def exit_curve(self, venue: str, *, asset_in: str, asset_out: str) -> ExitCurve:
        assert (asset_in, asset_out) == ("USDe", "USDC")
        return self.sells

    def buy_curve(self, venue: str, *, most_raw: int) -> ExitCurve:
        return self.buys

    def pool_cash_raw(self, asset: str) -> int:
        return self.pool_cash

    def token_balance_raw(self, token: Any, address: str) -> int:
        return self.balance

    def is_feed_frozen(self, asset: str) -> bool:
        return asset in self.frozen_feeds

    def feed_answer(self, asset: str) -> tuple[int, int]:
        return self.feed


def answers(agent: Agent, view: object) -> list[Proposal | MarginNote]:
    """Show an agent a made-up view, which answers only what the agent asks, and return all that it says."""
    return list(agent.propose(agent.see(cast(BlockView, view))))


def asked(agent: Agent, view: object) -> list[Proposal]:
    """Return the proposals alone of an agent that is shown a made-up view."""
    return [answer for answer in answers(agent, view) if isinstance(answer, Proposal)]


def delays(*values: int) -> np.random.Generator:
    """Return a random stream whose whole numbers are given."""
    return cast(np.random.Generator, _Delays(values))


class _Delays:
    """The one method of a random stream that draws delays."""

    def __init__(self, values: tuple[int, ...]) -> None:
        self.values = values

    def integers(self, low: int, high: int, size: int) -> np.ndarray[Any, Any]:
        assert all(low <= value < high for value in self.values)
        return np.array(self.values[:size])
