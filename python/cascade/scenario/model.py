"""What a scenario may say: every key, its unit, its default.

Amounts are in whole tokens and dollars as a person writes them; they become exact integers of smallest units once,
here, and are integers from then on.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

__all__ = [
    "UINT256_MAX",
    "AgentSpec",
    "Amount",
    "AssetSpec",
    "ChainSpec",
    "CohortSpec",
    "Distribution",
    "EModeSpec",
    "ExpectSpec",
    "FixedRateVenue",
    "KeeperSpec",
    "LendingSpec",
    "OracleSpec",
    "ParMintVenue",
    "PathFlowSpec",
    "PathPosterSpec",
    "PostedOracle",
    "PricesSpec",
    "ProvenanceSpec",
    "RateSpec",
    "ReserveSpec",
    "SameAsOracle",
    "ScenarioSpec",
    "StableSwapVenue",
    "TargetSpec",
    "TimelineSpec",
    "Venue",
]

UINT256_MAX = 2**256 - 1


def _exact_decimal(value: Any) -> Any:
    # A YAML number only: text that looks like a number is a typing error somewhere else, and is refused.
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        raise ValueError("expected a number, not text")
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise ValueError("expected a finite number")
    return number


Amount = Annotated[Decimal, BeforeValidator(_exact_decimal), Field(ge=0)]
"""Tokens or dollars, exact as written."""

PositiveAmount = Annotated[Decimal, BeforeValidator(_exact_decimal), Field(gt=0)]
Bps = Annotated[int, Field(ge=0, le=10_000)]
Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")]


class _Spec(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, use_attribute_docstrings=True)


class TimelineSpec(_Spec):
    """When the crash phase runs, and how long before it the positions are built."""

    start: datetime
    """First block of the crash phase, with a time zone."""
    end: datetime
    """No block after this time."""
    block_seconds: Annotated[int, Field(ge=1, le=3600)] = 12
    """Seconds between blocks of the crash phase."""
    build_seconds: Annotated[int, Field(ge=60, le=30 * 86_400)] = 3600
    """Seconds before `start` at which the chain begins; set-up blocks are one second apart."""

    @model_validator(mode="after")
    def _ordered(self) -> TimelineSpec:
        if self.start.tzinfo is None or self.end.tzinfo is None:
            raise ValueError("start and end need a time zone, as in 2025-10-10T20:45:00Z")
        if self.end <= self.start:
            raise ValueError(f"end {self.end.isoformat()} is not after start {self.start.isoformat()}")
        return self

    @property
    def start_timestamp(self) -> int:
        """Unix time of the first crash block."""
        return int(self.start.astimezone(UTC).timestamp())

    @property
    def steps(self) -> int:
        """Number of crash blocks."""
        return int((self.end - self.start).total_seconds()) // self.block_seconds + 1


class ChainSpec(_Spec):
    """The chain during the crash phase."""

    block_gas_limit: Annotated[int, Field(ge=1_000_000, le=10**12)] = 45_000_000
    """Gas limit of a block, in gas."""
    base_fee_gwei: PositiveAmount = Decimal(1)
    """Base fee of the first crash block, in gwei; later ones follow EIP-1559."""
    ether_price_usd: PositiveAmount = Decimal(4000)
    """Dollars an ether, for what gas costs."""


class AssetKind(Enum):
    """What contract an asset is."""

    ERC20 = "erc20"
    USDE = "usde"


class AssetSpec(_Spec):
    """A token."""

    kind: Annotated[AssetKind, BeforeValidator(AssetKind)] = AssetKind.ERC20
    """`erc20`: a mock anyone may mint; `usde`: minted by its minting contract and its owner only."""
    decimals: Annotated[int, Field(ge=0, le=36)] = 18
    """Decimals of the token."""


class PricesSpec(_Spec):
    """The exogenous price path."""

    path: str
    """CSV with the columns time, asset, price, status, source; relative to the scenario's file."""
    max_gap: Annotated[int, Field(ge=1)] = 3600
    """Longest gap between two points of an asset inside the timeline, in seconds."""


class PostedOracle(_Spec):
    """A feed that an agent posts the price path to."""

    kind: Literal["posted"]
    initial_price_usd: PositiveAmount = Decimal(1)
    """Price until the first post, in dollars."""


class SameAsOracle(_Spec):
    """The feed of another asset, as Aave prices USDe at USDT/USD."""

    kind: Literal["same-as"]
    asset: Name
    """The asset whose feed is read."""


OracleSpec = Annotated[PostedOracle | SameAsOracle, Field(discriminator="kind")]


class RateSpec(_Spec):
    """A kinked interest rate, in Aave's form."""

    optimal_usage_bps: Annotated[int, Field(ge=100, le=9_900)] = 9200
    """Usage at the kink, in 1e-4."""
    base_bps: Annotated[int, Field(ge=0, le=100_000)] = 0
    """Borrow rate at no usage, in 1e-4 a year."""
    slope1_bps: Annotated[int, Field(ge=0, le=100_000)] = 550
    """Rise of the rate up to the kink, in 1e-4 a year."""
    slope2_bps: Annotated[int, Field(ge=0, le=100_000)] = 4000
    """Rise of the rate beyond the kink, in 1e-4 a year."""

    @model_validator(mode="after")
    def _as_aave_takes_it(self) -> RateSpec:
        if self.slope2_bps < self.slope1_bps:
            raise ValueError(
                f"slope2_bps {self.slope2_bps} is below slope1_bps {self.slope1_bps}: Aave refuses such a rate"
            )
        if self.base_bps + self.slope1_bps + self.slope2_bps > 100_000:
            raise ValueError("base_bps + slope1_bps + slope2_bps exceeds 1000 % a year: Aave refuses such a rate")
        return self


class ReserveSpec(_Spec):
    """A listing of the lending pool, in Aave's terms."""

    ltv_bps: Bps = 0
    """Most that may be borrowed against the asset, in 1e-4 of its value."""
    liquidation_threshold_bps: Bps = 0
    """Share of its value that counts in the health factor, in 1e-4."""
    liquidation_bonus_bps: Annotated[int, Field(ge=0, le=10_000)] = 0
    """What a liquidator gets above the debt repaid, in 1e-4: 500 is 5 %."""
    liquidation_protocol_fee_bps: Bps = 1000
    """Share of the bonus that goes to the treasury, in 1e-4."""
    reserve_factor_bps: Bps = 1000
    """Share of the interest that goes to the treasury, in 1e-4."""
    borrowing: bool = True
    """Whether the asset may be borrowed."""
    supply_cap: Annotated[int, Field(ge=0, lt=2**36)] = 0
    """Most that may be supplied, in whole tokens; 0 is no cap."""
    borrow_cap: Annotated[int, Field(ge=0, lt=2**36)] = 0
    """Most that may be borrowed, in whole tokens; 0 is no cap."""
    rate: RateSpec = RateSpec()
    """Interest rate."""
    lenders_supply: Amount = Decimal(0)
    """What lenders have supplied before the first position is built, in tokens."""

    @model_validator(mode="after")
    def _collateral_lines(self) -> ReserveSpec:
        if self.ltv_bps > self.liquidation_threshold_bps:
            raise ValueError(
                f"ltv_bps {self.ltv_bps} exceeds liquidation_threshold_bps {self.liquidation_threshold_bps}: "
                "a loan at full LTV would be liquidatable at once"
            )
        if self.liquidation_threshold_bps and not self.liquidation_bonus_bps:
            raise ValueError("liquidation_bonus_bps must be above 0 where liquidation_threshold_bps is")
        if self.liquidation_threshold_bps * (10_000 + self.liquidation_bonus_bps) > 10_000 * 10_000:
            raise ValueError("liquidation_threshold_bps x (1 + bonus) exceeds 100 %: Aave refuses such a listing")
        return self


class EModeSpec(_Spec):
    """An efficiency mode."""

    label: str = ""
    """Its name."""
    ltv_bps: Bps
    """LTV of its collateral, in 1e-4."""
    liquidation_threshold_bps: Bps
    """Liquidation threshold of its collateral, in 1e-4."""
    liquidation_bonus_bps: Annotated[int, Field(ge=1, le=10_000)]
    """Liquidation bonus of its collateral, in 1e-4."""
    collateral: list[Name]
    """Assets that count with these lines."""
    borrowable: list[Name]
    """Assets that may be borrowed in it."""

    @model_validator(mode="after")
    def _collateral_lines(self) -> EModeSpec:
        if self.ltv_bps > self.liquidation_threshold_bps:
            raise ValueError(
                f"ltv_bps {self.ltv_bps} exceeds liquidation_threshold_bps {self.liquidation_threshold_bps}"
            )
        if self.liquidation_threshold_bps * (10_000 + self.liquidation_bonus_bps) > 10_000 * 10_000:
            raise ValueError("liquidation_threshold_bps x (1 + bonus) exceeds 100 %: Aave refuses such a mode")
        return self


class LendingSpec(_Spec):
    """The lending pool."""

    engine: Literal["mock", "aave-v3"] = "mock"
    """`mock`: the pool of contracts/lending; `aave-v3`: Aave V3.6 itself (`make aave` installs it)."""
    flash_loan_premium_bps: Bps = 5
    """Premium of a flash loan, in 1e-4."""
    reserves: dict[Name, ReserveSpec]
    """Listings by asset."""
    emodes: dict[Annotated[int, Field(ge=1, le=255)], EModeSpec] = {}
    """Efficiency modes by number."""


class ParMintVenue(_Spec):
    """The minting contract, swapping at par: a looper who uses it moves no market."""

    kind: Literal["par-mint"]
    asset_in: Name
    """What is paid."""
    asset_out: Name
    """What is minted."""


class FixedRateVenue(_Spec):
    """A pool that swaps at the oracle's price, without fee or slippage."""

    kind: Literal["fixed-rate"]
    coins: Annotated[list[Name], Field(min_length=2, max_length=2)]
    """The two assets; the first is the quote."""
    reserves: dict[Name, Amount]
    """Inventory by asset, in tokens."""


class StableSwapVenue(_Spec):
    """A Curve StableSwap-NG pool of two coins."""

    kind: Literal["stable-swap"]
    coins: Annotated[list[Name], Field(min_length=2, max_length=2)]
    """The two assets; the first is the quote."""
    reserves: dict[Name, PositiveAmount]
    """Reserves once the positions are built, in tokens; before that where a cohort loops through the pool itself."""
    amplification: Annotated[int, Field(ge=1, le=1_000_000)] = 200
    """The invariant's A."""
    fee_bps: Annotated[Decimal, BeforeValidator(_exact_decimal), Field(ge=0, le=5000)] = Decimal(1)
    """Fee at balance, in 1e-4."""
    offpeg_fee_multiplier: Annotated[Decimal, BeforeValidator(_exact_decimal), Field(ge=1, le=100)] = Decimal(5)
    """How many times the fee grows far from balance."""
    max_build_drift_bps: Annotated[int, Field(ge=0, le=10_000)] = 200
    """Most that loops built through the pool may move its price, in 1e-4; more is an error, not a result."""


Venue = Annotated[ParMintVenue | FixedRateVenue | StableSwapVenue, Field(discriminator="kind")]


class Distribution(_Spec):
    """How a figure varies over a cohort."""

    kind: Literal["fixed", "uniform", "lognormal"]
    """`fixed` needs value; `uniform` low and high; `lognormal` median and sigma, cut at low and high."""
    value: PositiveAmount | None = None
    """The figure itself (fixed)."""
    low: PositiveAmount | None = None
    """Smallest figure."""
    high: PositiveAmount | None = None
    """Largest figure."""
    median: PositiveAmount | None = None
    """Median (lognormal)."""
    sigma: PositiveAmount | None = None
    """Standard deviation of the logarithm (lognormal)."""

    @model_validator(mode="after")
    def _complete(self) -> Distribution:
        needs = {
            "fixed": ("value",), "uniform": ("low", "high"), "lognormal": ("median", "sigma", "low", "high"),
        }[self.kind]  # fmt: skip
        for key in ("value", "low", "high", "median", "sigma"):
            given = getattr(self, key) is not None
            if given != (key in needs):
                raise ValueError(f"kind {self.kind} {'needs' if key in needs else 'takes no'} {key}")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low} exceeds high {self.high}")
        return self


class TargetSpec(_Spec):
    """How far a loop goes: exactly one of the three."""

    ltv_per_round_bps: Annotated[int, Field(ge=1, le=9_999)] | None = None
    """Borrow so much of each round's collateral, in 1e-4."""
    leverage: Distribution | None = None
    """Collateral over equity after the last round."""
    health_factor: Distribution | None = None
    """Health factor after the last round."""

    @model_validator(mode="after")
    def _one(self) -> TargetSpec:
        given = [key for key in ("ltv_per_round_bps", "leverage", "health_factor") if getattr(self, key) is not None]
        if len(given) != 1:
            raise ValueError("needs exactly one of ltv_per_round_bps, leverage, health_factor")
        return self


class CohortSpec(_Spec):
    """A group of looped positions."""

    count: Annotated[int, Field(ge=1, le=100_000)]
    """Positions."""
    collateral: Name
    """Asset supplied."""
    debt: Name
    """Asset borrowed."""
    venue: Name
    """Where the borrowed asset is swapped to collateral."""
    equity: Distribution
    """Own capital of a position, in tokens of the collateral."""
    rounds: Annotated[int, Field(ge=0, le=20)] = 5
    """Rounds of borrow, swap and supply after the first supply."""
    target: TargetSpec
    """How far the loop goes."""
    emode: Annotated[int, Field(ge=0, le=255)] = 0
    """Efficiency mode the borrowers enter first; 0 is none."""


class PathPosterSpec(_Spec):
    """Posts the price path to the posted feeds, by hand as it were."""

    kind: Literal["path-poster"]
    assets: list[Name]
    """Assets it posts; each needs a posted oracle and a path."""
    deviation_bps: Annotated[int, Field(ge=0, le=10_000)] = 0
    """Least change that is posted, in 1e-4; 0 posts every change."""
    heartbeat_seconds: Annotated[int, Field(ge=1)] = 3600
    """Posts an unchanged price after so long."""


class PathFlowSpec(_Spec):
    """Exogenous order flow that holds a pool near the price path, whatever others trade there."""

    kind: Literal["path-flow"]
    venue: Name
    """The stable-swap venue held."""
    asset: Name
    """The asset whose path is followed."""
    tolerance_bps: Annotated[int, Field(ge=1, le=1000)] = 10
    """It trades when the price is further from the path than this, in 1e-4."""


class KeeperSpec(_Spec):
    """Liquidation bots of one make."""

    kind: Literal["keeper"]
    count: Annotated[int, Field(ge=1, le=100)] = 1
    """Bots, each with its own account, contract and random stream."""
    exit: Name | None = None
    """Venue where the seizure is sold in the same transaction; none holds it."""
    funding: Literal["flash-loan", "inventory"] = "flash-loan"
    """What pays the debt."""
    inventory: Amount = Decimal(0)
    """Own capital a bot, in tokens of each borrowable asset."""
    min_profit_usd: Amount = Decimal(10)
    """Least expected profit after exit swap and gas, in dollars."""
    max_per_block: Annotated[int, Field(ge=1, le=500)] = 10
    """Most liquidations a bot proposes a block."""
    attention_bps: Bps = 10_000
    """Chance that a bot notices a liquidatable position in a block, in 1e-4."""
    bid_share_bps: Bps = 1000
    """Share of the expected profit offered as priority fee, in 1e-4."""

    @model_validator(mode="after")
    def _funded(self) -> KeeperSpec:
        if self.exit is None and self.funding == "flash-loan":
            raise ValueError("funding flash-loan needs an exit: a held seizure cannot repay the loan")
        if self.funding == "inventory" and self.inventory == 0:
            raise ValueError("funding inventory needs an inventory above 0")
        return self


AgentSpec = Annotated[PathPosterSpec | PathFlowSpec | KeeperSpec, Field(discriminator="kind")]


class ExpectSpec(_Spec):
    """What the scenario claims; a run that ends otherwise fails."""

    liquidations: Literal["some", "none"] = "some"
    """Whether anything is liquidated."""


class ProvenanceSpec(_Spec):
    """Where parameters come from."""

    status: Literal["observed", "reported", "assumed"]
    """How good the source is."""
    source: Annotated[str, Field(min_length=1)]
    """Who says so."""
    keys: Annotated[list[str], Field(min_length=1)]
    """Dotted paths of the parameters; a path of a section covers what is below it."""


class ScenarioSpec(_Spec):
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
    positions: dict[Name, CohortSpec]
    """Cohorts of looped positions, by name."""
    agents: dict[Name, AgentSpec]
    """Who acts during the crash, by name."""
    redemption_price_usd: dict[Name, PositiveAmount] = {}
    """What an asset redeems for at its issuer, in dollars, for the shortfall at redemption."""
    expect: ExpectSpec = ExpectSpec()
    """What the scenario claims."""
    provenance: list[ProvenanceSpec] = []
    """Where the parameters come from."""
