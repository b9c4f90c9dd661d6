"""One read of the world a block, shared by all agents and by the recorder: the same question is asked once."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeVar

from cascade.chain.local import Contract
from cascade.deployment.world import World

__all__ = ["BlockView", "BookEntry", "ExitCurve", "LiquidationPreview", "PositionState", "Unhealthy"]

WAD = 10**18

_POSITION_WORDS = 8
_PREVIEW_WORDS = 10
_CURVE_STEPS = 48
_CURVE_GROWTH_NUMERATOR, _CURVE_GROWTH_DENOMINATOR = 4, 3

T = TypeVar("T")


@dataclass(frozen=True)
class BookEntry:
    """A borrower whose position is watched, and the pair of reserves it is in."""

    borrower: str
    address: str
    cohort: str
    collateral: str
    debt: str


@dataclass(frozen=True)
class PositionState:
    """A position at a block. Amounts in smallest units, values in dollars with 8 decimals."""

    entry: BookEntry
    collateral_raw: int
    debt_raw: int
    collateral_base_e8: int
    debt_base_e8: int
    health_factor_wad: int


@dataclass(frozen=True)
class LiquidationPreview:
    """What `liquidationCall` would do to a position at most, at the next block's time."""

    entry: BookEntry
    health_factor_wad: int
    debt_raw: int
    collateral_raw: int
    debt_to_cover_raw: int
    collateral_to_liquidator_raw: int
    protocol_fee_raw: int
    bonus_bps: int
    """With the principal, as Aave writes it: 10500 for 5 %."""


Unhealthy = tuple[LiquidationPreview, ...]


@dataclass(frozen=True)
class ExitCurve:
    """What a venue pays for amounts of an asset, read at some points and interpolated in between.

    A pool pays ever less for the next unit, so a straight line between two points never promises too much.
    """

    amounts: tuple[int, ...]
    proceeds: tuple[int, ...]

    def pays(self, amount: int) -> int:
        """Proceeds of selling an amount at once, smallest units; beyond the last point nothing more is paid."""
        if amount <= 0:
            return 0
        after = bisect.bisect_left(self.amounts, amount)
        if after == len(self.amounts):
            return self.proceeds[-1]
        low_amount, low_paid = (self.amounts[after - 1], self.proceeds[after - 1]) if after else (0, 0)
        width, rise = self.amounts[after] - low_amount, self.proceeds[after] - low_paid
        return low_paid + rise * (amount - low_amount) // width


class BlockView:
    """The chain after its latest block, read-only.

    Attributes
    ----------
    world : World
        Addresses and parameters.
    step : int
        The step whose block comes next.
    timestamp : int
        Time of the latest block.
    next_timestamp : int
        Time of the next one: interest is read as of then where a transaction will meet it then.
    """

    def __init__(self, world: World, *, book: Sequence[BookEntry], step: int, next_timestamp: int) -> None:
        self.world = world
        self.book = tuple(book)
        self.step = step
        self.timestamp = world.chain.timestamp
        self.next_timestamp = next_timestamp
        self._known: dict[object, object] = {}

    @property
    def next_base_fee_wei(self) -> int:
        """Base fee of the next block."""
        return self._once("base-fee", self.world.chain.next_base_fee_wei)

    def oracle_price_e8(self, asset: str) -> int:
        """What the lending pool sees; 0 where its oracle reverts."""
        return self._oracle_prices()[asset]

    def path_price_e8(self, asset: str) -> int:
        """The exogenous path at the next block's time."""
        return self.world.scenario.path.price_e8(asset, self.next_timestamp)

    def feed_answer(self, asset: str) -> tuple[int, int]:
        """Latest answer of an asset's feed (8 decimals) and its Unix time."""

        def read() -> tuple[int, int]:
            _, answer, _, updated_at, _ = self.world.chain.call(self.world.feeds[asset], "latestRoundData")
            return answer, updated_at

        return self._once(("feed", asset), read)

    def spot_price_wad(self, venue: str) -> int:
        """Price of a pool's second coin in its first."""
        contract = self.world.venues[venue].contract
        return self._once(("spot", venue), lambda: int(self.world.chain.call(contract, "get_p", 0)))

    def trade_to_price(self, venue: str, target_wad: int) -> tuple[int, int, int]:
        """Coin to sell, coin to buy and amount that bring a stable-swap pool to a price."""
        contract = self.world.venues[venue].contract

        def read() -> tuple[int, int, int]:
            i, j, dx = self.world.chain.call(self.world.lens, "stableSwapTradeToPrice", contract.address, target_wad)
            return i, j, dx

        return self._once(("trade", venue, target_wad), read)

    def depth(self, venue: str, within_bps: Sequence[int]) -> list[int]:
        """Two words a distance: what can be sold and bought of the second coin before its price has moved so far."""
        contract = self.world.venues[venue].contract
        return self._once(
            ("depth", venue, tuple(within_bps)),
            lambda: list(self.world.chain.call(self.world.lens, "stableSwapDepth", contract.address, list(within_bps))),
        )

    def positions(self) -> list[PositionState]:
        """Every watched position, as of the latest block."""
        return self._once("positions", self._read_positions)

    def unhealthy(self) -> Unhealthy:
        """Every position that can be liquidated in the next block, the largest debt first."""
        return self._once("unhealthy", self._read_unhealthy)

    def exit_curve(self, venue: str, *, asset_in: str, asset_out: str) -> ExitCurve:
        """What a venue pays, up to all open collateral of the asset sold at once."""
        return self._once(("exit", venue, asset_in), lambda: self._read_exit_curve(venue, asset_in, asset_out))

    def open_collateral_raw(self, asset: str) -> int:
        """Collateral of an asset that still stands behind debt."""
        return sum(
            state.collateral_raw for state in self.positions() if state.entry.collateral == asset and state.debt_raw
        )

    def _oracle_prices(self) -> dict[str, int]:
        def read() -> dict[str, int]:
            assets = list(self.world.scenario.spec.oracle)
            addresses = [self.world.tokens[asset].address for asset in assets]
            found = self.world.chain.call(self.world.lens, "prices", self.world.oracle.address, addresses)
            return dict(zip(assets, found, strict=True))

        return self._once("oracle", read)

    def _read_positions(self) -> list[PositionState]:
        states = []
        for members, collateral, debt in self._pairs(self.book):
            words = self.world.chain.call_in_chunks(
                self.world.lens, "positions", self.world.pool.address, collateral.address, debt.address,
                each=[entry.address for entry in members],
            )  # fmt: skip
            for i, entry in enumerate(members):
                row = words[i * _POSITION_WORDS : (i + 1) * _POSITION_WORDS]
                states.append(PositionState(entry, row[0], row[1], row[2], row[3], row[7]))
        return states

    def _read_unhealthy(self) -> Unhealthy:
        # A price already posted is seen at the latest block; interest of the seconds to the next one is in the preview.
        candidates = [state.entry for state in self.positions() if state.health_factor_wad < WAD]
        found: list[LiquidationPreview] = []
        for members, collateral, debt in self._pairs(candidates):
            words = self.world.chain.call_in_chunks(
                self.world.lens, "previewLiquidations", self.world.pool.address, collateral.address, debt.address,
                each=[entry.address for entry in members], timestamp=self.next_timestamp,
            )  # fmt: skip
            for i, entry in enumerate(members):
                row = words[i * _PREVIEW_WORDS : (i + 1) * _PREVIEW_WORDS]
                if row[3]:
                    found.append(LiquidationPreview(entry, row[0], row[1], row[2], row[3], row[4], row[5], row[6]))
        return tuple(sorted(found, key=lambda preview: (-preview.debt_raw, preview.entry.borrower)))

    def _read_exit_curve(self, venue: str, asset_in: str, asset_out: str) -> ExitCurve:
        largest = max(self.open_collateral_raw(asset_in), 10 ** self.world.scenario.spec.assets[asset_in].decimals)
        amounts = [largest]
        for _ in range(_CURVE_STEPS - 1):
            smaller = amounts[-1] * _CURVE_GROWTH_DENOMINATOR // _CURVE_GROWTH_NUMERATOR
            if smaller == 0:
                break
            amounts.append(smaller)
        amounts.reverse()
        increments = [amounts[0]] + [larger - smaller for smaller, larger in pairwise(amounts)]
        deployed = self.world.venues[venue]
        proceeds = self.world.chain.call(
            self.world.lens, "quoteCumulative", deployed.contract.address, deployed.exit_kind,
            self.world.tokens[asset_in].address, self.world.tokens[asset_out].address, increments,
        )  # fmt: skip
        return ExitCurve(tuple(amounts), tuple(proceeds))

    def _pairs(self, entries: Sequence[BookEntry]) -> list[tuple[list[BookEntry], Contract, Contract]]:
        grouped: dict[tuple[str, str], list[BookEntry]] = {}
        for entry in entries:
            grouped.setdefault((entry.collateral, entry.debt), []).append(entry)
        tokens = self.world.tokens
        return [(members, tokens[collateral], tokens[debt]) for (collateral, debt), members in grouped.items()]

    def _once(self, question: object, ask: Callable[[], T]) -> T:
        if question not in self._known:
            self._known[question] = ask()
        return self._known[question]  # type: ignore[return-value]
