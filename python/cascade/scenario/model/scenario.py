"""A whole scenario, from its sections."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from cascade.errors import MissingPart
from cascade.scenario.model.agents import AgentSpec
from cascade.scenario.model.assets import AssetSpec, PricesSpec
from cascade.scenario.model.chain import ChainSpec, TimelineSpec
from cascade.scenario.model.common import Name, PositiveAmount, Spec
from cascade.scenario.model.ethena import EthenaSpec
from cascade.scenario.model.events import EventSpec
from cascade.scenario.model.exchange import BLOCKS_PER_STEP, ExchangeSpec
from cascade.scenario.model.expected_exchange import ExpectedExchange
from cascade.scenario.model.lending import LendingSpec
from cascade.scenario.model.necessity import NecessitySpec
from cascade.scenario.model.oracle import OracleSpec
from cascade.scenario.model.positions import AccountsSpec, CohortSpec, PositionsSpec
from cascade.scenario.model.tail import TailSpec
from cascade.scenario.model.venues import Venue
from cascade.scenario.model.verdicts import VerdictSpec

__all__ = ["ExpectSpec", "ExpectedTrough", "OracleComparisonSpec", "ProvenanceSpec", "ScenarioSpec"]


class ExpectedTrough(Spec):
    """Bounds of the lowest price of an asset."""

    asset: Name
    """The asset."""
    source: Annotated[str, Field(min_length=1)]
    """Price source in the table of prices, such as `spot:VENUE` or `index:BOOK`."""
    at_least_usd: PositiveAmount | None = None
    """Lower bound of the lowest price, in dollars; null claims nothing."""
    at_most_usd: PositiveAmount | None = None
    """Upper bound of the lowest price, in dollars; null claims nothing."""

    @model_validator(mode="after")
    def _bounded(self) -> ExpectedTrough:
        if self.at_least_usd is None and self.at_most_usd is None:
            raise ValueError("needs at_least_usd, at_most_usd or both")
        return self


class ExpectSpec(Spec):
    """Claims of the scenario; a run that contradicts one fails."""

    liquidations: Literal["some", "none"] = "some"
    """Whether some position is liquidated, or none."""
    troughs: list[ExpectedTrough] = []
    """Bounds of lowest prices."""
    exchange: ExpectedExchange | None = None
    """Bounds of what happens at the exchange; null claims nothing."""


class OracleComparisonSpec(Spec):
    """Oracle designs that `compare --oracle` compares, on the same positions and seed."""

    set: dict[str, object] = {}
    """Keys that are changed in every design, by dotted path: usually the recovery flow, without which designs hardly
    differ."""
    designs: dict[Name, dict[Name, OracleSpec]] = {}
    """Price sources by design and asset; assets that are not listed keep their source."""


class ProvenanceSpec(Spec):
    """Source of some parameters."""

    status: Literal["observed", "reported", "assumed"]
    """Quality of the source: `observed`, `reported` or `assumed`."""
    source: Annotated[str, Field(min_length=1)]
    """The source."""
    keys: Annotated[list[str], Field(min_length=1)]
    """Dotted paths of the parameters; the path of a section covers every key below it."""


class ScenarioSpec(Spec):
    """A whole scenario."""

    name: Name
    """Name of the run's folder and title of its report."""
    description: str = ""
    """Purpose of the scenario, in a sentence or two."""
    counterfactual: str | None = None
    """How the run differs from what happened; the report begins with it. null says that it reproduces what happened."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] = 1
    """Seed of every random stream."""
    timeline: TimelineSpec
    """Start and end of the run."""
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
    """Venues where assets are swapped, by name."""
    ethena: EthenaSpec | None = None
    """Reserve of USDe and its stakers; null keeps the collateral of minting as cash."""
    exchange: ExchangeSpec | None = None
    """Exchange beside the chain; null runs the chain alone."""
    positions: dict[Name, PositionsSpec]
    """Cohorts of looped positions, by name, and at most one file of real accounts."""
    agents: dict[Name, AgentSpec]
    """Agents that act during the crash, by name."""
    events: dict[Name, EventSpec] = {}
    """Keys that their owners set during the crash, by the name of the event: at a time, or when a condition is first
    met."""
    redemption_price_usd: dict[Name, PositiveAmount] = {}
    """Price at which an asset's issuer redeems it, in dollars, for the shortfall at redemption."""
    oracle_comparison: OracleComparisonSpec = OracleComparisonSpec()
    """Oracle designs to compare."""
    sensitivity: dict[str, Annotated[list[object], Field(min_length=1)]] = {}
    """Values that `endogeneity` tries one at a time, by the dotted path of the key that they replace."""
    verdicts: list[dict[str, VerdictSpec]] = []
    """Lines that a comparison over seeds judges the change by: each entry names a figure of the summary by its dotted
    path, as `deficit_usd`, and its lines. They change no run."""
    tail: TailSpec | None = None
    """What is random when `tail` estimates the probability of a rare outcome; null draws nothing. It changes no run."""
    necessity: NecessitySpec | None = None
    """Claim that `necessity` examines, and the links that it leaves out one at a time; null has none."""
    expect: ExpectSpec = ExpectSpec()
    """Claims of the scenario."""
    provenance: list[ProvenanceSpec] = []
    """Sources of the parameters."""

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

    def require_necessity(self) -> NecessitySpec:
        """Return what is examined of the scenario's claim.

        Raises
        ------
        MissingPart
            When the scenario has no such section.
        """
        if self.necessity is None:
            raise MissingPart("necessity")
        return self.necessity

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
    def cohorts(self) -> dict[str, CohortSpec]:
        """Cohorts of looped positions, by name."""
        return {name: entry for name, entry in self.positions.items() if isinstance(entry, CohortSpec)}

    @property
    def account_files(self) -> dict[str, AccountsSpec]:
        """Files of real accounts, by name; the checks let at most one pass."""
        return {name: entry for name, entry in self.positions.items() if isinstance(entry, AccountsSpec)}

    @property
    def blocks_per_step(self) -> int:
        """Blocks mined in a step: the chain's, and the exchange's own before it where there is an exchange."""
        return BLOCKS_PER_STEP if self.exchange is not None else 1

    @property
    def first_crash_timestamp(self) -> int:
        """Unix time of the first block of the crash phase: the exchange's where there is one, else the chain's."""
        return self.timeline.exchange_time_of(0) if self.exchange is not None else self.timeline.time_of(0)
