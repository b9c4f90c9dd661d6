"""What one key cannot say about itself: references, coverage, exactness of amounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, NoReturn

from cascade.errors import ScenarioError
from cascade.prices.path import PricePath
from cascade.scenario.model import (
    UINT256_MAX,
    CohortSpec,
    KeeperSpec,
    ParMintVenue,
    PathFlowSpec,
    PathPosterSpec,
    PostedOracle,
    SameAsOracle,
    ScenarioSpec,
    StableSwapVenue,
)

__all__ = ["check_references", "numbered", "raw_amount"]


def raw_amount(spec: ScenarioSpec, asset: str, amount: Decimal) -> int:
    """Tokens to smallest units, exactly.

    Raises
    ------
    ValueError
        When the asset has fewer decimals than the amount, or the amount passes uint256.
    """
    scaled = amount * 10 ** spec.assets[asset].decimals
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{asset} has {spec.assets[asset].decimals} decimals")
    if scaled > UINT256_MAX:
        raise ValueError(f"exceeds uint256: at most {UINT256_MAX} smallest units of {asset}")
    return int(scaled)


def numbered(name: str, count: int) -> list[str]:
    """Names of the members of a group, of equal length: `name-00` to `name-99`."""
    width = len(str(count - 1))
    return [f"{name}-{i:0{width}d}" for i in range(count)]


def check_references(spec: ScenarioSpec, path: PricePath, *, file: str) -> None:
    """Refuse names that stand for nothing and values that do not fit together.

    Raises
    ------
    ScenarioError
        For the first of them, in the order of the file's sections.
    """
    _Checker(spec, path, file).run()


class _Checker:
    def __init__(self, spec: ScenarioSpec, path: PricePath, file: str) -> None:
        self.spec, self.path, self.file = spec, path, file

    def run(self) -> None:
        self._oracles()
        self._lending()
        self._venues()
        for name, cohort in self.spec.positions.items():
            self._cohort(name, cohort)
        self._agents()
        self._names()
        self._amounts()
        self._provenance()

    def _refuse(self, key: str, value: Any, expected: str) -> NoReturn:
        raise ScenarioError(file=self.file, key=key, value=value, expected=expected)

    def _asset(self, key: str, asset: str) -> None:
        if asset not in self.spec.assets:
            self._refuse(key, asset, f"unknown asset; assets has {', '.join(self.spec.assets)}")

    def _venue(self, key: str, venue: str) -> None:
        if venue not in self.spec.venues:
            self._refuse(key, venue, f"unknown venue; venues has {', '.join(self.spec.venues) or 'none'}")

    def _oracles(self) -> None:
        for asset, oracle in self.spec.oracle.items():
            self._asset(f"oracle.{asset}", asset)
            if isinstance(oracle, SameAsOracle):
                target = self.spec.oracle.get(oracle.asset)
                if not isinstance(target, PostedOracle):
                    self._refuse(f"oracle.{asset}.asset", oracle.asset, "expected an asset with a posted feed")

    def _lending(self) -> None:
        for asset in self.spec.lending.reserves:
            self._asset(f"lending.reserves.{asset}", asset)
            if asset not in self.spec.oracle:
                self._refuse(f"lending.reserves.{asset}", asset, f"listed without a price source: add oracle.{asset}")
        for number, mode in self.spec.lending.emodes.items():
            for key in ("collateral", "borrowable"):
                for asset in getattr(mode, key):
                    if asset not in self.spec.lending.reserves:
                        self._refuse(f"lending.emodes.{number}.{key}", asset, "expected an asset of lending.reserves")

    def _venues(self) -> None:
        for name, venue in self.spec.venues.items():
            coins = [venue.asset_in, venue.asset_out] if isinstance(venue, ParMintVenue) else venue.coins
            for coin in coins:
                self._asset(f"venues.{name}", coin)
            if name in self.spec.assets:
                self._refuse(f"venues.{name}", name, "is the name of an asset: a venue needs one of its own")
            if coins[0] == coins[1]:
                self._refuse(f"venues.{name}", coins[0], "the two assets of a venue must differ")
            if isinstance(venue, ParMintVenue):
                continue
            for coin in coins:
                if venue.reserves.get(coin, Decimal(0)) <= 0:
                    self._refuse(
                        f"venues.{name}.reserves.{coin}", 0, "a venue without liquidity: expected an amount above 0"
                    )
            for coin in venue.reserves:
                if coin not in coins:
                    self._refuse(f"venues.{name}.reserves", coin, f"expected one of its coins, {', '.join(coins)}")
            if not isinstance(venue, StableSwapVenue):
                for coin in coins:
                    if coin not in self.spec.oracle:
                        self._refuse(f"venues.{name}", coin, f"swaps at the oracle's price: add oracle.{coin}")

    def _cohort(self, name: str, cohort: CohortSpec) -> None:
        key = f"positions.{name}"
        for role in ("collateral", "debt"):
            asset = getattr(cohort, role)
            if asset not in self.spec.lending.reserves:
                self._refuse(f"{key}.{role}", asset, "expected an asset of lending.reserves")
        if not self.spec.lending.reserves[cohort.debt].borrowing:
            self._refuse(f"{key}.debt", cohort.debt, f"lending.reserves.{cohort.debt}.borrowing is off")
        self._venue(f"{key}.venue", cohort.venue)
        venue = self.spec.venues[cohort.venue]
        pair = {venue.asset_in, venue.asset_out} if isinstance(venue, ParMintVenue) else set(venue.coins)
        if pair != {cohort.collateral, cohort.debt}:
            self._refuse(f"{key}.venue", cohort.venue, f"does not swap {cohort.debt} to {cohort.collateral}")
        if cohort.emode:
            mode = self.spec.lending.emodes.get(cohort.emode)
            if mode is None:
                self._refuse(f"{key}.emode", cohort.emode, "unknown mode; expected a number of lending.emodes, or 0")
            if cohort.debt not in mode.borrowable:
                self._refuse(f"{key}.emode", cohort.emode, f"its borrowable assets lack {cohort.debt}")

    def _agents(self) -> None:
        timeline = self.spec.timeline
        posted: set[str] = set()
        for name, agent in self.spec.agents.items():
            key = f"agents.{name}"
            followed: list[str] = []
            if isinstance(agent, PathPosterSpec):
                for asset in agent.assets:
                    if not isinstance(self.spec.oracle.get(asset), PostedOracle):
                        self._refuse(f"{key}.assets", asset, "expected an asset whose oracle is posted")
                    if asset in posted:
                        self._refuse(f"{key}.assets", asset, "is posted twice")
                    posted.add(asset)
                followed = agent.assets
            elif isinstance(agent, PathFlowSpec):
                self._venue(f"{key}.venue", agent.venue)
                venue = self.spec.venues[agent.venue]
                if not isinstance(venue, StableSwapVenue) or venue.coins[1] != agent.asset:
                    self._refuse(
                        f"{key}.venue", agent.venue, f"expected a stable-swap whose second coin is {agent.asset}"
                    )
                followed = [agent.asset]
            elif isinstance(agent, KeeperSpec) and agent.exit is not None:
                self._venue(f"{key}.exit", agent.exit)
                if isinstance(self.spec.venues[agent.exit], ParMintVenue):
                    self._refuse(
                        f"{key}.exit", agent.exit, "a minting contract buys nothing from a keeper: name a pool"
                    )
            self.path.require_covers(
                followed, start=timeline.start_timestamp,
                end=timeline.start_timestamp + (timeline.steps - 1) * timeline.block_seconds,
                max_gap=self.spec.prices.max_gap,
            )  # fmt: skip

    def _names(self) -> None:
        taken = dict.fromkeys(("deployer", "lender", "liquidity-provider", "price-poster", "treasury"), "the harness")
        for name, cohort in self.spec.positions.items():
            self._take(taken, f"positions.{name}", numbered(name, cohort.count))
        for name, agent in self.spec.agents.items():
            if not isinstance(agent, PathPosterSpec):
                names = numbered(name, agent.count) if isinstance(agent, KeeperSpec) else [name]
                self._take(taken, f"agents.{name}", names)

    def _take(self, taken: dict[str, str], key: str, names: Sequence[str]) -> None:
        for name in names:
            if name in taken:
                self._refuse(key, name, f"this actor's name is taken by {taken[name]}: rename one")
            taken[name] = key

    def _amounts(self) -> None:
        for key, asset, amount in self._stated_amounts():
            try:
                raw_amount(self.spec, asset, amount)
            except ValueError as error:
                self._refuse(key, _plain(amount), str(error))

    def _stated_amounts(self) -> Iterator[tuple[str, str, Decimal]]:
        for asset, reserve in self.spec.lending.reserves.items():
            yield f"lending.reserves.{asset}.lenders_supply", asset, reserve.lenders_supply
        for name, venue in self.spec.venues.items():
            if not isinstance(venue, ParMintVenue):
                for asset, amount in venue.reserves.items():
                    yield f"venues.{name}.reserves.{asset}", asset, amount
        for name, cohort in self.spec.positions.items():
            for key in ("value", "low", "high", "median"):
                amount = getattr(cohort.equity, key)
                if amount is not None:
                    yield f"positions.{name}.equity.{key}", cohort.collateral, amount
        for name, agent in self.spec.agents.items():
            if isinstance(agent, KeeperSpec):
                for asset, reserve in self.spec.lending.reserves.items():
                    if reserve.borrowing:
                        yield f"agents.{name}.inventory", asset, agent.inventory

    def _provenance(self) -> None:
        tree = self.spec.model_dump(mode="json")
        for i, entry in enumerate(self.spec.provenance):
            for dotted in entry.keys:
                node: Any = tree
                for part in dotted.split("."):
                    node = node.get(part) if isinstance(node, dict) else None
                if node is None:
                    self._refuse(f"provenance.{i}.keys", dotted, "no such parameter in this scenario")


def _plain(amount: Decimal) -> object:
    return int(amount) if amount == amount.to_integral_value() else str(amount)
