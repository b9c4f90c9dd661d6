"""A whole scenario."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from cascade.errors import MissingPart
from cascade.scenario.model.agents import AgentSpec
from cascade.scenario.model.assets import AssetSpec, PricesSpec
from cascade.scenario.model.chain import ChainSpec, TimelineSpec
from cascade.scenario.model.common import Name, PositiveAmount, Spec
from cascade.scenario.model.ethena import EthenaSpec
from cascade.scenario.model.exchange import BLOCKS_A_STEP, ExchangeSpec
from cascade.scenario.model.expected_exchange import ExpectedExchange
from cascade.scenario.model.lending import LendingSpec
from cascade.scenario.model.necessity import NecessitySpec
from cascade.scenario.model.oracle import OracleSpec
from cascade.scenario.model.positions import CohortSpec
from cascade.scenario.model.venues import Venue

__all__ = ["ExpectSpec", "ExpectedTrough", "OracleComparisonSpec", "ProvenanceSpec", "ScenarioSpec"]


class ExpectedTrough(Spec):
    """Where a price is expected to be lowest."""

    asset: Name
    """The asset."""
    source: Annotated[str, Field(min_length=1)]
    """Its price source in the table of prices, as `spot:VENUE` or `index:BOOK`."""
    at_least_usd: PositiveAmount | None = None
    """The lowest price is no lower, in dollars."""
    at_most_usd: PositiveAmount | None = None
    """The lowest price is no higher, in dollars."""

    @model_validator(mode="after")
    def _bounded(self) -> ExpectedTrough:
        if self.at_least_usd is None and self.at_most_usd is None:
            raise ValueError("needs at_least_usd, at_most_usd or both")
        return self


class ExpectSpec(Spec):
    """What the scenario claims; a run that ends otherwise fails."""

    liquidations: Literal["some", "none"] = "some"
    """Whether anything is liquidated."""
    troughs: list[ExpectedTrough] = []
    """Bounds of lowest prices."""
    exchange: ExpectedExchange | None = None
    """Bounds of what happens at the exchange; none claims nothing."""


class OracleComparisonSpec(Spec):
    """The oracle designs that `compare --oracle` puts side by side, on the same positions and seed."""

    set: dict[str, object] = {}
    """Keys changed in every design, by dotted path: the recovery flow, without which designs hardly differ."""
    designs: dict[Name, dict[Name, OracleSpec]] = {}
    """Price sources by design and asset; assets left out keep theirs."""


class ProvenanceSpec(Spec):
    """Where parameters come from."""

    status: Literal["observed", "reported", "assumed"]
    """How good the source is."""
    source: Annotated[str, Field(min_length=1)]
    """Who says so."""
    keys: Annotated[list[str], Field(min_length=1)]
    """Dotted paths of the parameters; a path of a section covers what is below it."""


class ScenarioSpec(Spec):
    """A whole scenario."""

    name: Name
    """Name of the run's folder and title of its report."""
    description: str = ""
    """What it shows, in a sentence or two."""
    counterfactual: str | None = None
    """Why the run is not what happened, where it is not; the report leads with it."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    """Seed of every random stream."""
    timeline: TimelineSpec
    """When."""
    chain: ChainSpec = ChainSpec()
    """Block space and fees."""
    assets: dict[Name, AssetSpec]
    """Tokens by symbol."""
    prices: PricesSpec
    """The exogenous price path."""
    oracle: dict[Name, OracleSpec]
    """Price source of each listed asset."""
    lending: LendingSpec
    """The lending pool."""
    venues: dict[Name, Venue] = {}
    """Where assets are swapped, by name."""
    ethena: EthenaSpec | None = None
    """USDe's reserve and its stakers; without it minting keeps its collateral as cash."""
    exchange: ExchangeSpec | None = None
    """The exchange beside the chain; without it there is the chain alone."""
    positions: dict[Name, CohortSpec]
    """Cohorts of looped positions, by name."""
    agents: dict[Name, AgentSpec]
    """Who acts during the crash, by name."""
    redemption_price_usd: dict[Name, PositiveAmount] = {}
    """What an asset redeems for at its issuer, in dollars, for the shortfall at redemption."""
    oracle_comparison: OracleComparisonSpec = OracleComparisonSpec()
    """Oracle designs to compare."""
    sensitivity: dict[str, Annotated[list[object], Field(min_length=1)]] = {}
    """Values that `endogeneity` tries one at a time, by the dotted path of what they replace."""
    necessity: NecessitySpec | None = None
    """What is left out one at a time by `necessity`, and which claim hangs on it."""
    expect: ExpectSpec = ExpectSpec()
    """What the scenario claims."""
    provenance: list[ProvenanceSpec] = []
    """Where the parameters come from."""

    def require_exchange(self) -> ExchangeSpec:
        """Return the exchange.

        Raises
        ------
        MissingPart
            When the scenario has none.
        """
        if self.exchange is None:
            raise MissingPart("exchange")
        return self.exchange

    def require_ethena(self) -> EthenaSpec:
        """Return the reserve of USDe.

        Raises
        ------
        MissingPart
            When the scenario has none.
        """
        if self.ethena is None:
            raise MissingPart("ethena")
        return self.ethena

    @property
    def blocks_per_step(self) -> int:
        """Blocks mined in a step: the chain's, and the exchange's own before it where there is an exchange."""
        return BLOCKS_A_STEP if self.exchange is not None else 1

    @property
    def first_crash_timestamp(self) -> int:
        """Unix time of the first block of the crash phase: the exchange's where there is one, else the chain's."""
        return self.timeline.exchange_time_of(0) if self.exchange is not None else self.timeline.time_of(0)
