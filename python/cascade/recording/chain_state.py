"""State of the chain at the end of a step: prices, health factors, depth of the venues, and USDe's reserve."""

from __future__ import annotations

import bisect
from collections.abc import Iterator

from cascade.observation import BlockView, ReserveState, owes
from cascade.recording.tables import BlockStamp, HealthRow, LiquidityRow, PriceRow, ReserveRow
from cascade.units import BPS, E8, WAD
from cascade.vocabulary import DEPTH_WITHIN_BPS, PriceSource
from cascade.world.venues import DeployedVenue
from cascade.world.world import World

__all__ = ["ChainState"]

_HEALTH_EDGES_BPS = (
    0, 5000, 8000, 9000, 9500, 10_000, 10_100, 10_200, 10_500, 11_000, 11_500, 12_000, 13_000, 15_000, 20_000, 2**31,
)  # fmt: skip
"""Edges of the buckets of health factors, in 1e-4."""


class ChainState:
    """Make rows from views of the chain, and remember what was recorded last: most rows are written on change.

    Parameters
    ----------
    world : World
        The deployed scenario.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._last_price: dict[tuple[str, str], int | None] = {}
        self._depth_at_price: dict[str, int] = {}
        self._last_reserve: ReserveState | None = None

    def prices(self, at: BlockStamp, view: BlockView) -> Iterator[PriceRow]:
        """Yield one row per price of the lending side and its venues that changed."""
        spec, path = self._world.scenario.spec, self._world.scenario.path
        for asset in spec.oracle:
            yield from self.price(at, asset, PriceSource.ORACLE, view.oracle_price_e8(asset) or None)
        for asset in path.points:
            yield from self.price(at, asset, PriceSource.PATH, path.price_e8(asset, at["timestamp"]))
        for asset, redemption in spec.redemption_price_usd.items():
            yield from self.price(at, asset, PriceSource.REDEMPTION, int(redemption * E8))
        for venue in self._world.venues.values():
            if venue.has_price:
                yield from self._venue_prices(at, view, venue)

    def price(self, at: BlockStamp, asset: str, source: str, price_e8: int | None) -> Iterator[PriceRow]:
        """Yield the row of a price, in dollars with 8 decimals or None, unless it is the one recorded last."""
        if (asset, source) not in self._last_price or self._last_price[asset, source] != price_e8:
            self._last_price[asset, source] = price_e8
            yield PriceRow(**at, asset=asset, source=source, price_e8=price_e8)

    def health(self, at: BlockStamp, view: BlockView) -> Iterator[HealthRow]:
        """Yield one row per non-empty bucket of health factors, over the positions with debt that have a value."""
        buckets: dict[int, list[int]] = {}
        for state in view.positions():
            if owes(state) and view.is_valued(state.entry):
                health_bps = min(state.health_factor_wad * BPS // WAD, _HEALTH_EDGES_BPS[-1] - 1)
                bucket = buckets.setdefault(bisect.bisect_right(_HEALTH_EDGES_BPS, health_bps) - 1, [0, 0, 0])
                bucket[0] += 1
                bucket[1] += state.collateral_base_e8
                bucket[2] += state.debt_base_e8
        for index, (count, collateral, debt) in sorted(buckets.items()):
            yield HealthRow(
                **at,
                health_low_bps=_HEALTH_EDGES_BPS[index],
                health_high_bps=_HEALTH_EDGES_BPS[index + 1],
                positions=count,
                collateral_base_e8=collateral,
                debt_base_e8=debt,
            )

    def liquidity(self, at: BlockStamp, view: BlockView) -> Iterator[LiquidityRow]:
        """Yield one row per distance of each pool or pair whose spot price changed.

        A deposit or withdrawal in proportion leaves the price, and its new depth is recorded at the next move.
        """
        for name, venue in self._world.venues.items():
            if not venue.spec.is_amm:
                continue
            spot = view.spot_price_wad(name)
            if self._depth_at_price.get(name) == spot:
                continue
            self._depth_at_price[name] = spot
            words = view.depth(name, DEPTH_WITHIN_BPS)
            for i, distance in enumerate(DEPTH_WITHIN_BPS):
                yield LiquidityRow(
                    **at, venue=name, within_bps=distance, sell_raw=words[2 * i], buy_raw=words[2 * i + 1]
                )

    def reserve(self, at: BlockStamp, view: BlockView) -> Iterator[ReserveRow]:
        """Yield the row of USDe's reserve where the scenario has one and its state changed."""
        if self._world.reserve is None:
            return
        state = view.reserve()
        if state == self._last_reserve:
            return
        self._last_reserve = state
        yield ReserveRow(
            **at,
            spot_raw=state.spot_raw,
            short_raw=state.short_raw,
            short_entry_raw=state.short_entry_raw,
            mark_e8=state.mark_e8,
            cash_raw=state.cash_raw,
            funding_raw=state.funding_raw,
            undistributed_raw=state.undistributed_raw,
            nav_raw=state.nav_raw,
            buffer_raw=state.buffer_raw,
            usde_supply_raw=state.usde_supply_raw,
            staked_assets_raw=state.staked_assets_raw,
            staked_shares_raw=state.staked_shares_raw,
        )

    def _venue_prices(self, at: BlockStamp, view: BlockView, venue: DeployedVenue) -> Iterator[PriceRow]:
        """Yield the spot price of a venue, and the average price at which it would buy all open collateral."""
        spec, (quote, asset) = self._world.scenario.spec, venue.coins
        # A quote coin that the oracle does not price is taken as one dollar.
        quote_e8 = view.oracle_price_e8(quote) if quote in spec.oracle else E8
        if not quote_e8:
            for source in (PriceSource.SPOT, PriceSource.EXIT):
                if (asset, source.of(venue.name)) in self._last_price:
                    yield from self.price(at, asset, source.of(venue.name), None)
            return
        spot_e8 = view.spot_price_wad(venue.name) * quote_e8 // WAD
        yield from self.price(at, asset, PriceSource.SPOT.of(venue.name), spot_e8)
        amount = view.open_collateral_raw(asset)
        if amount:
            paid = view.exit_curve(venue.name, asset_in=asset, asset_out=quote).pays(amount)
            scale = 10 ** spec.assets[asset].decimals
            exit_e8 = paid * quote_e8 * scale // (amount * 10 ** spec.assets[quote].decimals)
            yield from self.price(at, asset, PriceSource.EXIT.of(venue.name), exit_e8)
