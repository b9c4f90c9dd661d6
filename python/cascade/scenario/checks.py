"""What one key cannot say about itself: references, coverage, exactness of amounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any, NoReturn

from cascade.errors import ScenarioError
from cascade.prices.path import PricePath
from cascade.scenario.model import (
    UINT256_MAX,
    AgentSpec,
    AmmSpotOracle,
    AmmVenue,
    ArbitrageurSpec,
    AssetKind,
    CohortSpec,
    CustomAgentSpec,
    DipBuyerSpec,
    EthenaReserveSpec,
    FixedRateVenue,
    KeeperSpec,
    LenderExitSpec,
    MarketPosterSpec,
    MedianOracle,
    OracleSpec,
    ParMintVenue,
    PathFlowSpec,
    PathPosterSpec,
    PostedOracle,
    ProviderExitSpec,
    SameAsOracle,
    ScenarioSpec,
    StopLossSpec,
    ValueBuyerSpec,
    VaultRateOracle,
    WhaleSpec,
)
from cascade.scenario.sources import assets_read, posted_leaf, sources_of

__all__ = ["accounts_of", "check_references", "numbered", "pledge_account", "raw_amount"]

_HARNESS_ROLES = (
    "looper", "whale", "keeper", "buyer", "dip-buyer", "arbitrageur", "provider", "lender", "oracle", "exogenous",
    "deployer", "treasury", "issuer", "custody", "staker", "agent", "unknown",
)  # fmt: skip
"""Classes of actor that tables and figures read in a way of their own."""


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


def pledge_account(borrower: str) -> str:
    """Name of the account that holds the first layer under a loop."""
    return f"{borrower}-pledge"


def accounts_of(name: str, agent: AgentSpec) -> list[str]:
    """Names of the accounts that an agent entry opens; those that act for others open none."""
    if isinstance(agent, (KeeperSpec, ValueBuyerSpec, DipBuyerSpec)):
        return numbered(name, agent.count)
    if isinstance(agent, (PathFlowSpec, ArbitrageurSpec, CustomAgentSpec)):
        return [name]
    return []


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
        self._tokens()
        self._oracles()
        self._lending()
        self._venues()
        self._ethena()
        for name, cohort in self.spec.positions.items():
            self._cohort(name, cohort)
        self._agents()
        self._names()
        self._amounts()
        self._expectation()
        self._parameters_named()

    def _refuse(self, key: str, value: Any, expected: str) -> NoReturn:
        raise ScenarioError(file=self.file, key=key, value=value, expected=expected)

    def _asset(self, key: str, asset: str) -> None:
        if asset not in self.spec.assets:
            self._refuse(key, asset, f"unknown asset; assets has {', '.join(self.spec.assets)}")

    def _venue(self, key: str, venue: str) -> None:
        if venue not in self.spec.venues:
            self._refuse(key, venue, f"unknown venue; venues has {', '.join(self.spec.venues) or 'none'}")

    def _tokens(self) -> None:
        for symbol, asset in self.spec.assets.items():
            if asset.stakes is not None:
                self._asset(f"assets.{symbol}.stakes", asset.stakes)
                if self.spec.assets[asset.stakes].kind is not AssetKind.USDE:
                    self._refuse(f"assets.{symbol}.stakes", asset.stakes, "expected an asset of kind usde")

    def _oracles(self) -> None:
        for asset, oracle in self.spec.oracle.items():
            self._asset(f"oracle.{asset}", asset)
            self._source(f"oracle.{asset}", asset, oracle)
        for asset in self.spec.oracle:
            self._acyclic(asset, ())
        for name, design in self.spec.oracle_comparison.designs.items():
            for asset, oracle in design.items():
                key = f"oracle_comparison.designs.{name}.{asset}"
                if asset not in self.spec.oracle:
                    self._refuse(key, asset, f"expected an asset of oracle: {', '.join(self.spec.oracle)}")
                self._source(key, asset, oracle)

    def _source(self, key: str, asset: str, source: OracleSpec) -> None:
        posted = [part for part in sources_of(source) if isinstance(part, PostedOracle)]
        if len(posted) > 1:
            self._refuse(key, "posted", "a source may hold one posted feed: an agent posts by the asset's name")
        for part in sources_of(source):
            if isinstance(part, (SameAsOracle, VaultRateOracle)) and part.asset not in self.spec.oracle:
                self._refuse(f"{key}.asset", part.asset, f"has no price source: add oracle.{part.asset}")
            elif isinstance(part, AmmSpotOracle):
                self._venue(f"{key}.venue", part.venue)
                venue = self.spec.venues[part.venue]
                if not isinstance(venue, AmmVenue):
                    self._refuse(f"{key}.venue", part.venue, "expected a stable-swap or constant-product pool")
                if venue.coins[1] != asset:
                    self._refuse(f"{key}.venue", part.venue, f"prices {venue.coins[1]}, its second coin, not {asset}")
                if venue.coins[0] not in self.spec.oracle:
                    self._refuse(
                        f"{key}.venue", part.venue, f"its quote {venue.coins[0]} has no price source: add one to oracle"
                    )
            elif isinstance(part, MedianOracle) and len(part.sources) % 2 == 0:
                self._refuse(f"{key}.sources", len(part.sources), "expected an odd number of sources")

    def _acyclic(self, asset: str, above: tuple[str, ...]) -> None:
        if asset in above:
            circle = " -> ".join((*above[above.index(asset) :], asset))
            self._refuse(f"oracle.{above[-1]}", asset, f"price sources in a circle: {circle}")
        for other in assets_read(self.spec, self.spec.oracle[asset]):
            self._acyclic(other, (*above, asset))

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
                self._minting(f"venues.{name}", name, venue)
                continue
            for coin in coins:
                if venue.reserves.get(coin, Decimal(0)) <= 0:
                    self._refuse(
                        f"venues.{name}.reserves.{coin}", 0, "a venue without liquidity: expected an amount above 0"
                    )
            for coin in venue.reserves:
                if coin not in coins:
                    self._refuse(f"venues.{name}.reserves", coin, f"expected one of its coins, {', '.join(coins)}")
            if isinstance(venue, FixedRateVenue):
                for coin in coins:
                    if coin not in self.spec.oracle:
                        self._refuse(f"venues.{name}", coin, f"swaps at the oracle's price: add oracle.{coin}")

    def _minting(self, key: str, name: str, venue: ParMintVenue) -> None:
        if self.spec.assets[venue.asset_out].kind is not AssetKind.USDE:
            self._refuse(f"{key}.asset_out", venue.asset_out, "expected an asset of kind usde: it is what is minted")
        if self.spec.assets[venue.asset_in].decimals > self.spec.assets[venue.asset_out].decimals:
            self._refuse(f"{key}.asset_in", venue.asset_in, f"has more decimals than {venue.asset_out}")
        for other, known in self.spec.venues.items():
            if other == name:
                return
            if isinstance(known, ParMintVenue) and known.asset_out == venue.asset_out:
                self._refuse(f"{key}.asset_out", venue.asset_out, f"is minted by {other}: a token has one minter")

    def _ethena(self) -> None:
        ethena = self.spec.ethena
        if ethena is None:
            return
        self._venue("ethena.minting", ethena.minting)
        venue = self.spec.venues[ethena.minting]
        if not isinstance(venue, ParMintVenue):
            self._refuse("ethena.minting", ethena.minting, "expected a venue of kind par-mint")
        self._asset("ethena.staked", ethena.staked)
        if self.spec.assets[ethena.staked].stakes != venue.asset_out:
            self._refuse("ethena.staked", ethena.staked, f"expected a staked-usde that stakes {venue.asset_out}")
        self._asset("ethena.spot", ethena.spot)
        for key, asset in (("ethena.spot", ethena.spot), (f"venues.{ethena.minting}.asset_in", venue.asset_in)):
            if self.spec.assets[asset].kind is not AssetKind.ERC20:
                self._refuse(key, asset, "expected an asset of kind erc20")
        if ethena.spot == venue.asset_in:
            self._refuse("ethena.spot", ethena.spot, "is what minting is paid in: it needs no hedge")
        if not isinstance(self.spec.oracle.get(ethena.spot), PostedOracle):
            self._refuse("ethena.spot", ethena.spot, f"marked at its feed: expected oracle.{ethena.spot} to be posted")

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
        staked = self.spec.assets[cohort.collateral].stakes if isinstance(venue, ParMintVenue) else None
        if pair != {staked or cohort.collateral, cohort.debt}:
            self._refuse(f"{key}.venue", cohort.venue, f"does not swap {cohort.debt} to {cohort.collateral}")
        if cohort.pledge is not None:
            self._pledge(f"{key}.pledge", name, cohort)
        if cohort.emode:
            mode = self.spec.lending.emodes.get(cohort.emode)
            if mode is None:
                self._refuse(f"{key}.emode", cohort.emode, "unknown mode; expected a number of lending.emodes, or 0")
            if cohort.debt not in mode.borrowable:
                self._refuse(f"{key}.emode", cohort.emode, f"its borrowable assets lack {cohort.debt}")

    def _pledge(self, key: str, name: str, cohort: CohortSpec) -> None:
        assert cohort.pledge is not None
        if cohort.pledge.collateral not in self.spec.lending.reserves:
            self._refuse(f"{key}.collateral", cohort.pledge.collateral, "expected an asset of lending.reserves")
        if not isinstance(self.spec.venues[cohort.venue], ParMintVenue):
            self._refuse(f"positions.{name}.venue", cohort.venue, "a cohort with a pledge mints: expected a par-mint")

    def _agents(self) -> None:
        posted: dict[str, str] = {}
        owned: dict[str, str] = {}
        leaving: dict[str, str] = {}
        for name, agent in self.spec.agents.items():
            key = f"agents.{name}"
            for asset in self._assets_posted(key, agent):
                if asset in posted:
                    self._refuse(key, asset, f"is posted twice: by {posted[asset]} too")
                posted[asset] = name
            if isinstance(agent, KeeperSpec):
                self._keeper_exits(key, agent)
            elif isinstance(agent, (WhaleSpec, StopLossSpec)):
                self._owner(key, agent)
                if isinstance(agent, WhaleSpec) and owned.setdefault(agent.cohort, name) != name:
                    self._refuse(f"{key}.cohort", agent.cohort, f"is owned by {owned[agent.cohort]} already")
            elif isinstance(agent, (ValueBuyerSpec, DipBuyerSpec, ProviderExitSpec, LenderExitSpec)):
                self._amm(f"{key}.venue", agent.venue)
                if isinstance(agent, (ProviderExitSpec, LenderExitSpec)):
                    self._leaver(name, agent, leaving)
                if isinstance(agent, DipBuyerSpec):
                    self._dip_buyer(key, agent)
            elif isinstance(agent, ArbitrageurSpec):
                self._arbitrageur(key, agent)
            elif isinstance(agent, EthenaReserveSpec):
                if self.spec.ethena is None:
                    self._refuse(f"{key}.kind", agent.kind, "there is no reserve: add ethena")
                if owned.setdefault("ethena", name) != name:
                    self._refuse(f"{key}.kind", agent.kind, f"the reserve is run by {owned['ethena']} already")
            elif isinstance(agent, CustomAgentSpec) and agent.role in _HARNESS_ROLES:
                self._refuse(f"{key}.role", agent.role, "is a class of the harness's own actors: choose another word")
            self._require_path(agent)

    def _assets_posted(self, key: str, agent: AgentSpec) -> list[str]:
        if isinstance(agent, PathPosterSpec):
            for asset in agent.assets:
                if asset not in self.spec.oracle or posted_leaf(self.spec.oracle[asset]) is None:
                    self._refuse(f"{key}.assets", asset, "expected an asset whose oracle is, or holds, a posted feed")
            return agent.assets
        if isinstance(agent, (MarketPosterSpec, PathFlowSpec)):
            quote = self._amm(f"{key}.venue", agent.venue, second=agent.asset).coins[0]
            if quote not in self.spec.oracle:
                self._refuse(f"{key}.venue", agent.venue, f"its quote {quote} has no price source: add oracle.{quote}")
        if isinstance(agent, MarketPosterSpec):
            # A design of the oracle comparison may do without the feed; the agent then has nothing to post.
            leaf = self.spec.oracle.get(agent.asset)
            return [agent.asset] if leaf is not None and posted_leaf(leaf) is not None else []
        return []

    def _amm(self, key: str, name: str, *, second: str | None = None) -> AmmVenue:
        self._venue(key, name)
        venue = self.spec.venues[name]
        if not isinstance(venue, AmmVenue) or (second is not None and venue.coins[1] != second):
            wanted = "" if second is None else f" whose second coin is {second}"
            self._refuse(key, name, f"expected a stable-swap or constant-product pool{wanted}")
        return venue

    def _keeper_exits(self, key: str, agent: KeeperSpec) -> None:
        taken: dict[str, str] = {}
        for name in agent.exits:
            self._venue(f"{key}.exits", name)
            venue = self.spec.venues[name]
            if isinstance(venue, ParMintVenue):
                self._refuse(f"{key}.exits", name, "a minting contract buys nothing from a keeper: name a pool")
            if venue.coins[1] in taken:
                self._refuse(f"{key}.exits", name, f"sells {venue.coins[1]}, as {taken[venue.coins[1]]} does: name one")
            taken[venue.coins[1]] = name

    def _owner(self, key: str, agent: WhaleSpec | StopLossSpec) -> None:
        cohort = self.spec.positions.get(agent.cohort)
        if cohort is None:
            self._refuse(
                f"{key}.cohort", agent.cohort, f"unknown cohort; positions has {', '.join(self.spec.positions)}"
            )
        venue = self._amm(f"{key}.venue", agent.venue, second=cohort.collateral)
        if venue.coins[0] != cohort.debt:
            self._refuse(f"{key}.venue", agent.venue, f"does not swap {cohort.collateral} to {cohort.debt}")
        if isinstance(agent, WhaleSpec) and cohort.pledge is None:
            if agent.leave_below is None:
                self._refuse(f"{key}.cohort", agent.cohort, "has no pledge: without leave_below its owners never act")
        elif isinstance(agent, WhaleSpec) and cohort.pledge is not None:
            pledged = cohort.pledge.collateral
            line_bps = self.spec.lending.reserves[pledged].liquidation_threshold_bps
            if agent.warning_ltv_bps >= line_bps:
                self._refuse(
                    f"{key}.warning_ltv_bps",
                    agent.warning_ltv_bps,
                    f"the pool liquidates {pledged} at {line_bps}: a call comes before that",
                )

    def _leaver(self, name: str, agent: ProviderExitSpec | LenderExitSpec, leaving: dict[str, str]) -> None:
        """One agent a pool or reserve: all speak for the same account, and would count each other's exits as theirs."""
        key, what = ("venue", agent.venue) if isinstance(agent, ProviderExitSpec) else ("asset", agent.asset)
        if isinstance(agent, LenderExitSpec):
            reserve = self.spec.lending.reserves.get(agent.asset)
            if reserve is None or not reserve.lenders_supply:
                self._refuse(f"agents.{name}.asset", what, "expected an asset of lending.reserves with lenders_supply")
        if leaving.setdefault(f"{key} {what}", name) != name:
            self._refuse(f"agents.{name}.{key}", what, f"is left by {leaving[f'{key} {what}']} already")

    def _dip_buyer(self, key: str, agent: DipBuyerSpec) -> None:
        venue = self._amm(f"{key}.venue", agent.venue)
        quote, asset = venue.coins
        reserve = self.spec.lending.reserves.get(asset)
        if reserve is None or agent.ltv_bps > reserve.ltv_bps:
            lent = 0 if reserve is None else reserve.ltv_bps
            self._refuse(f"{key}.ltv_bps", agent.ltv_bps, f"the pool lends {lent / 10_000:.2%} on {asset}")
        if quote not in self.spec.lending.reserves or not self.spec.lending.reserves[quote].borrowing:
            self._refuse(f"{key}.venue", agent.venue, f"{quote} cannot be borrowed")

    def _arbitrageur(self, key: str, agent: ArbitrageurSpec) -> None:
        pair = set(self._amm(f"{key}.venue", agent.venue).coins)
        self._venue(f"{key}.against", agent.against)
        other = self.spec.venues[agent.against]
        trades = {other.asset_in, other.asset_out} if isinstance(other, ParMintVenue) else set(other.coins)
        if agent.against == agent.venue or trades != pair or isinstance(other, FixedRateVenue):
            self._refuse(
                f"{key}.against",
                agent.against,
                f"expected a minting contract or another pool of {' and '.join(sorted(pair))}",
            )

    def _require_path(self, agent: AgentSpec) -> None:
        timeline = self.spec.timeline
        followed = agent.assets if isinstance(agent, PathPosterSpec) else []
        followed = [agent.asset] if isinstance(agent, PathFlowSpec) else followed
        self.path.require_covers(
            followed, start=timeline.start_timestamp,
            end=timeline.start_timestamp + (timeline.steps - 1) * timeline.block_seconds,
            max_gap=self.spec.prices.max_gap,
        )  # fmt: skip

    def _names(self) -> None:
        harness = (
            "deployer", "lender", "liquidity-provider", "price-poster", "oracle-upkeep", "treasury",
            "custody", "ethena", "hedge-market", "stakers",
        )  # fmt: skip
        taken = dict.fromkeys(harness, "the harness")
        for name, cohort in self.spec.positions.items():
            names = numbered(name, cohort.count)
            pledged = [pledge_account(member) for member in names] if cohort.pledge is not None else []
            self._take(taken, f"positions.{name}", [*names, *pledged])
        for name, agent in self.spec.agents.items():
            self._take(taken, f"agents.{name}", accounts_of(name, agent))

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
            if isinstance(venue, ParMintVenue):
                window = venue.redemption
                for limit in ("limit_per_block", "mint_limit_per_block"):
                    if getattr(window, limit) is not None:
                        yield f"venues.{name}.redemption.{limit}", venue.asset_out, getattr(window, limit)
                if window.buffer is not None:
                    yield f"venues.{name}.redemption.buffer", venue.asset_in, window.buffer
            else:
                for asset, amount in venue.reserves.items():
                    yield f"venues.{name}.reserves.{asset}", asset, amount
        if self.spec.ethena is not None:
            yield "ethena.staked_by_others", self.spec.ethena.staked, self.spec.ethena.staked_by_others
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
            elif isinstance(agent, EthenaReserveSpec) and self.spec.ethena is not None:
                paid = self.spec.venues[self.spec.ethena.minting]
                assert isinstance(paid, ParMintVenue)
                yield f"agents.{name}.refill_per_block", paid.asset_in, agent.refill_per_block
            elif isinstance(agent, (ValueBuyerSpec, DipBuyerSpec, ArbitrageurSpec)):
                quote, asset = self._amm(f"agents.{name}.venue", agent.venue).coins
                yield f"agents.{name}.capital", quote, agent.capital
                if isinstance(agent, ArbitrageurSpec) and agent.max_per_block is not None:
                    yield f"agents.{name}.max_per_block", asset, agent.max_per_block

    def _expectation(self) -> None:
        for i, trough in enumerate(self.spec.expect.troughs):
            key = f"expect.troughs.{i}"
            self._asset(f"{key}.asset", trough.asset)
            kind, colon, name = trough.source.partition(":")
            if kind not in (("spot", "exit", "book", "index") if colon else ("oracle", "path", "redemption")):
                self._refuse(
                    f"{key}.source", trough.source,
                    "expected oracle, path, redemption, spot:VENUE, exit:VENUE, book:BOOK or index:BOOK",
                )  # fmt: skip
            if kind in ("book", "index"):
                self._book(f"{key}.source", name)
            elif colon:
                self._venue(f"{key}.source", name)
        claimed = self.spec.expect.exchange
        for book in claimed.books if claimed is not None else ():
            self._book(f"expect.exchange.books.{book}", book)
        for cohort in claimed.cohorts if claimed is not None else ():
            if cohort not in {**self.spec.agents, **self.spec.positions}:
                self._refuse(f"expect.exchange.cohorts.{cohort}", cohort, "expected an entry of agents or positions")

    def _book(self, key: str, name: str) -> None:
        books = self.spec.exchange.books if self.spec.exchange is not None else {}
        if name not in books:
            self._refuse(key, name, f"unknown book; expected one of exchange.books: {', '.join(books) or 'none'}")

    def _parameters_named(self) -> None:
        tree = self.spec.model_dump(mode="json")
        for i, entry in enumerate(self.spec.provenance):
            for dotted in entry.keys:
                self._require_parameter(f"provenance.{i}.keys", tree, dotted)
        for dotted in self.spec.sensitivity:
            self._require_parameter("sensitivity", tree, dotted)

    def _require_parameter(self, key: str, tree: dict[str, Any], dotted: str) -> None:
        node: Any = tree
        for part in dotted.split("."):
            node = node.get(part) if isinstance(node, dict) else None
        if node is None:
            self._refuse(key, dotted, "no such parameter in this scenario")


def _plain(amount: Decimal) -> object:
    return int(amount) if amount == amount.to_integral_value() else str(amount)
