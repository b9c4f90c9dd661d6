"""Read the world once per block, for all agents and for the recorder: the same question is asked once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cascade.chain.local import Contract, address_of
from cascade.errors import MissingPart
from cascade.observation.curve import ExitCurve
from cascade.observation.exchange_view import ExchangeView
from cascade.observation.once import Once
from cascade.observation.records import (
    BookEntry,
    LiquidationPreview,
    PositionState,
    RedemptionWindow,
    ReserveHolding,
    ReserveState,
    Unhealthy,
    grouped_by_pair,
)
from cascade.scenario.model import FeedEvent
from cascade.units import BPS, WAD
from cascade.world.mirror import largest_liquidation
from cascade.world.world import World

__all__ = ["BlockView", "owes"]

_CURVE_STEPS = 48
_MOST_DECIMALS = 36
"""Most decimals that an asset may have."""
_CURVE_GROWTH_NUMERATOR, _CURVE_GROWTH_DENOMINATOR = 4, 3


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
    scenario_timestamp : int
        Time of the next one in the scenario, by which its price path and its timeline go. It is the next block's,
        except on a chain with a time of its own.
    """

    def __init__(
        self,
        world: World,
        *,
        book: Sequence[BookEntry],
        step: int,
        next_timestamp: int,
        scenario_timestamp: int | None = None,
    ) -> None:
        self.world = world
        self.book = tuple(book)
        self.step = step
        self.timestamp = world.chain.timestamp
        self.next_timestamp = next_timestamp
        self.scenario_timestamp = next_timestamp if scenario_timestamp is None else scenario_timestamp
        self._once = Once()
        self._prices: dict[str, int] | None = None

    @property
    def exchange(self) -> ExchangeView:
        """The exchange, where the scenario has one."""
        return self._once(
            "exchange",
            lambda: ExchangeView(self.world, next_timestamp=self.next_timestamp, spot_price_wad=self.spot_price_wad),
        )

    @property
    def next_base_fee_wei(self) -> int:
        """Base fee of the next block."""
        return self._once("base-fee", self.world.chain.next_base_fee_wei)

    def oracle_price_e8(self, asset: str) -> int:
        """Return the price that the lending pool sees, in dollars with 8 decimals; 0 where its oracle reverts."""
        return self._oracle_prices()[asset]

    def is_valued(self, entry: BookEntry) -> bool:
        """Return whether the oracle prices every asset of a position: otherwise it has no value and no health."""
        prices = self._oracle_prices()
        if not entry.reserves:
            return bool(prices[entry.collateral] and prices[entry.debt])
        return all(prices[asset] for asset in entry.reserves)

    def is_valued_next(self, collateral: str, debt: str) -> bool:
        """Return whether the oracle prices both assets at the next block's time."""
        prices = self._next_oracle_prices()
        return bool(prices[collateral] and prices[debt])

    def path_price_e8(self, asset: str) -> int:
        """Return the exogenous path's price at the next block's time, in dollars with 8 decimals."""
        # Of the next block and not the latest: an agent that follows the path acts in the block for which it holds.
        return self.world.scenario.path.price_e8(asset, self.scenario_timestamp)

    def feed_answer(self, asset: str) -> tuple[int, int]:
        """Return the latest answer of the feed that is posted for an asset (8 decimals), and its Unix time."""

        def read() -> tuple[int, int]:
            _, answer, _, updated_at, _ = self.world.chain.call(self.world.posted_feeds[asset], "latestRoundData")
            return answer, updated_at

        return self._once(("feed", asset), read)

    def is_feed_frozen(self, asset: str) -> bool:
        """Return whether an event has taken the feed that is posted for an asset out of its operator's hands."""
        # Asked only where a scenario has such an event: the answer is known otherwise.
        if not any(isinstance(e, FeedEvent) and e.asset == asset for e in self.world.scenario.spec.events.values()):
            return False
        return self._once(
            ("poster", asset),
            lambda: str(self.world.chain.call(self.world.posted_feeds[asset], "poster")) != address_of(FeedEvent.owner),
        )

    def spot_price_wad(self, venue: str) -> int:
        """Return the price of a pool's second coin in its first (1e18 scale)."""
        deployed = self.world.venues[venue]

        return self._once(("spot", venue), lambda: deployed.spot_price_wad(self.world.chain, self.world.lens))

    def trade_to_price(self, venue: str, target_wad: int) -> tuple[str, int]:
        """Return the asset and the amount to sell that bring a pool to a price of its second coin in its first."""
        deployed, chain, lens = self.world.venues[venue], self.world.chain, self.world.lens
        return self._once(("trade", venue, target_wad), lambda: deployed.trade_to_price(chain, lens, target_wad))

    def depth(self, venue: str, within_bps: Sequence[int]) -> list[int]:
        """Return how much of a pool's second coin can be sold and bought before its price has moved by each distance.

        Two amounts in smallest units per distance: sold, then bought.
        """
        deployed, chain, lens = self.world.venues[venue], self.world.chain, self.world.lens
        return self._once(("depth", venue, tuple(within_bps)), lambda: deployed.depth(chain, lens, within_bps))

    def wallet_raw(self, address: str, asset: str) -> int:
        """Return an account's balance of a token, after the latest block."""
        return self.world.balances.balance_of(self.world.tokens[asset], address)

    def pool_cash_raw(self, asset: str) -> int:
        """Return the amount that the lending pool could pay out of a reserve."""
        token = self.world.tokens[asset].address
        return self._once(
            ("cash", asset), lambda: int(self.world.chain.call(self.world.pool, "getVirtualUnderlyingBalance", token))
        )

    def token_balance_raw(self, token: Contract, address: str) -> int:
        """Return an account's balance of any token, at the next block's time."""
        return self._once(
            ("token", token.address, address),
            lambda: int(self.world.chain.call(token, "balanceOf", address, timestamp=self.next_timestamp)),
        )

    def redemption(self, venue: str) -> RedemptionWindow:
        """Return a minting contract's redemption in the next block, and in all from its buffer, in tokens minted.

        The counters of the latest block are not those of the next: limit and buffer alone determine the redemption.
        """
        minting = self.world.venues[venue].contract

        def read() -> RedemptionWindow:
            return RedemptionWindow(
                # As of the latest block: a closure in the next one is not foreseen, and the redemption would then
                # revert.
                limit_raw=int(self.world.chain.call(minting, "maxRedeemPerBlock")),
                buffer_raw=int(self.world.chain.call(minting, "redeemableFromBuffer")),
            )

        return self._once(("redemption", venue), read)

    def redeemable_raw(self, venue: str) -> int:
        """Return the largest redemption in the next block, in tokens minted; 0 where the window is closed."""
        return self.redemption(venue).next_block_raw

    def reserve(self) -> ReserveState:
        """Return USDe's reserve as of the latest block."""
        return self._once("reserve", self._read_reserve)

    def positions(self) -> list[PositionState]:
        """Return every watched position, as of the latest block."""
        return self._once("positions", self._read_positions)

    def position(self, borrower: str) -> PositionState:
        """Return one watched position, by the name of its account."""
        return self._once("positions-by-name", lambda: {s.entry.borrower: s for s in self.positions()})[borrower]

    def members(self, cohort: str) -> list[PositionState]:
        """Return the watched positions of a cohort, in the order in which they were planned."""

        def grouped() -> dict[str, list[PositionState]]:
            found: dict[str, list[PositionState]] = {}
            for state in self.positions():
                found.setdefault(state.entry.cohort, []).append(state)
            return found

        return self._once("positions-by-cohort", grouped).get(cohort, [])

    def unhealthy(self) -> Unhealthy:
        """Return every position that can be liquidated in the next block, the largest debt first."""
        return self._once("unhealthy", self._read_unhealthy)

    def exit_curve(self, venue: str, *, asset_in: str, asset_out: str) -> ExitCurve:
        """Return the proceeds of a venue for amounts up to all watched collateral of the asset.

        Raises
        ------
        MissingPart
            When the venue does not trade the two assets.
        """
        if {asset_in, asset_out} != set(self.world.venues[venue].coins):
            raise MissingPart(f"trade of {asset_in} for {asset_out} at venues.{venue}")
        return self._once(("exit", venue, asset_in), lambda: self._read_exit_curve(venue, asset_in))

    def buy_curve(self, venue: str, *, most_raw: int) -> ExitCurve:
        """Return what a pool pays of its second coin for amounts of its first, up to an amount."""
        quote, _ = self.world.venues[venue].coins
        return self._once(("buy", venue, most_raw), lambda: self._read_curve(venue, quote, most_raw))

    def open_collateral_raw(self, asset: str) -> int:
        """Return the collateral of an asset that still secures debt."""
        return sum(held for state, held in self._collateral(asset) if owes(state))

    def holdings(self, address: str, assets: Sequence[str] = ()) -> list[ReserveHolding]:
        """Return what an account holds of each reserve that it uses, and of those named, as of the latest block."""
        accounts, used = self.world.accounts, self.world.accounts.collateral_of(address)
        found = []
        for asset in dict.fromkeys([*assets, *used, *accounts.debts_of(address)]):
            secures = asset in used
            found.append(
                ReserveHolding(
                    asset,
                    accounts.supply_raw(address, asset, timestamp=self.timestamp),
                    accounts.debt_raw(address, asset, timestamp=self.timestamp),
                    secures,
                    accounts.threshold_bps(address, asset) if secures else 0,
                    accounts.bonus_bps(address, asset) - BPS if secures else 0,
                )
            )
        return found

    def _read_reserve(self) -> ReserveState:
        world, ethena = self.world, self.world.scenario.spec.require_ethena()
        reserve, vault, venue = world.require_reserve(), world.tokens[ethena.staked], world.venues[ethena.minting]
        stable, usde = (world.tokens[coin] for coin in venue.coins)

        def asked(contract: Contract, function: str, *arguments: object) -> int:
            return int(world.chain.call(contract, function, *arguments))

        return ReserveState(
            spot_raw=asked(reserve, "spotQuantity"),
            short_raw=asked(reserve, "shortQuantity"),
            short_entry_raw=asked(reserve, "shortEntryValue"),
            mark_e8=asked(reserve, "markE8"),
            cash_raw=asked(reserve, "cash"),
            funding_raw=asked(reserve, "fundingAccrued"),
            undistributed_raw=asked(reserve, "undistributedFunding"),
            nav_raw=asked(reserve, "netAssetValue"),
            buffer_raw=asked(stable, "balanceOf", venue.contract.address),
            usde_supply_raw=asked(usde, "totalSupply"),
            staked_assets_raw=asked(vault, "totalAssets"),
            staked_shares_raw=asked(vault, "totalSupply"),
        )

    def _oracle_prices(self) -> dict[str, int]:
        # Asked for once per position: kept in an attribute, which is read faster than any question is looked up.
        if self._prices is None:
            self._prices = self._read_oracle(self.timestamp)
        return self._prices

    def _next_oracle_prices(self) -> dict[str, int]:
        # An average or a vesting rate goes on between two blocks, and an answer can become too old.
        return self._once("next-oracle", lambda: self._read_oracle(self.next_timestamp))

    def _read_oracle(self, timestamp: int) -> dict[str, int]:
        world, assets = self.world, list(self.world.scenario.spec.oracle)
        addresses = [world.tokens[asset].address for asset in assets]
        found = world.chain.call(world.lens, "prices", world.oracle.address, addresses, timestamp=timestamp)
        return dict(zip(assets, found, strict=True))

    def _read_positions(self) -> list[PositionState]:
        found: list[PositionState] = []
        prices = self._oracle_prices()
        for (collateral, debt), members in grouped_by_pair(self.book).items():
            figures = self.world.accounts.pair_figures(
                [entry.address for entry in members],
                collateral=collateral,
                debt=debt,
                prices_e8=prices,
                timestamp=self.timestamp,
            )
            found += [PositionState(entry, *row) for entry, row in zip(members, figures, strict=True)]
        return found

    def _read_unhealthy(self) -> Unhealthy:
        # A price already posted is seen at the latest block; interest of the seconds to the next one is in the preview.
        candidates = [state.entry for state in self.positions() if state.health_factor_wad < WAD]
        found: list[LiquidationPreview] = []
        for entry in self._by_pair(candidates):
            preview = largest_liquidation(
                self.world.accounts,
                entry.address,
                collateral=entry.collateral,
                debt=entry.debt,
                prices_e8=self._next_oracle_prices(),
                timestamp=self.next_timestamp,
            )
            if preview is not None:
                found.append(LiquidationPreview(entry, *preview))
        # Names decide between equal debts, so that the order does not depend on the cohorts' order.
        return tuple(
            sorted(found, key=lambda one: (-self._worth_of_debt(one), one.entry.borrower, one.entry.collateral))
        )

    def _by_pair(self, entries: Sequence[BookEntry]) -> Iterator[BookEntry]:
        """Yield each entry, and an entry per pair of an account that is in several reserves."""
        accounts = self.world.accounts
        for entry in entries:
            if not entry.reserves:
                yield entry
                continue
            for collateral in accounts.collateral_of(entry.address):
                for debt in accounts.debts_of(entry.address):
                    yield replace(entry, collateral=collateral, debt=debt)

    def _worth_of_debt(self, preview: LiquidationPreview) -> int:
        """Return the value of a debt, to be compared: not rounded, so that larger amounts are worth more."""
        debt = preview.entry.debt
        decimals = self.world.scenario.spec.assets[debt].decimals
        return preview.debt_raw * self._next_oracle_prices()[debt] * int(10 ** (_MOST_DECIMALS - decimals))

    def _collateral(self, asset: str) -> Iterator[tuple[PositionState, int]]:
        """Yield the watched positions whose collateral an asset is, and how much of it they hold."""
        accounts = self.world.accounts
        for state in self.positions():
            if state.entry.reserves:
                if asset in state.entry.reserves and asset in accounts.collateral_of(state.entry.address):
                    yield state, accounts.supply_raw(state.entry.address, asset, timestamp=self.timestamp)
            elif state.entry.collateral == asset:
                yield state, state.collateral_raw

    def _read_exit_curve(self, venue: str, asset_in: str) -> ExitCurve:
        # No liquidation and no unwinding can sell more than all positions hold: the curve needs no point beyond.
        held = sum(held for _, held in self._collateral(asset_in))
        # With nothing held there is no largest amount; one token keeps the curve defined.
        least = 10 ** self.world.scenario.spec.assets[asset_in].decimals
        return self._read_curve(venue, asset_in, max(held, least))

    def _read_curve(self, venue: str, asset_in: str, largest: int) -> ExitCurve:
        # Points grow by a third, downwards from the largest amount: the error of interpolation is then alike in
        # relative terms for small and large sales, and 48 points reach a millionth of the largest.
        amounts = [largest]
        for _ in range(_CURVE_STEPS - 1):
            smaller = amounts[-1] * _CURVE_GROWTH_DENOMINATOR // _CURVE_GROWTH_NUMERATOR
            if smaller == 0:
                break
            amounts.append(smaller)
        amounts.reverse()
        proceeds = self.world.venues[venue].quotes(
            self.world.chain, self.world.lens, asset_in=asset_in, amounts_raw=amounts
        )
        return ExitCurve(tuple(amounts), tuple(proceeds))


def owes(state: PositionState) -> bool:
    """Return whether a position has debt: of an account in several reserves, any of them."""
    return bool(state.debt_raw or (state.entry.reserves and state.debt_base_e8))
