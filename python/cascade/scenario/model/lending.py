"""The lending pool, in the terms of Aave."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from cascade.scenario.model.common import Amount, Bps, Name, Spec
from cascade.scenario.model.own_contract import OwnContractKey
from cascade.units import BPS

__all__ = ["EModeSpec", "LendingSpec", "ListingSpec", "RateSpec", "ReserveSpec"]


class RateSpec(Spec):
    """A kinked interest rate, in Aave's form."""

    optimal_usage_bps: Annotated[int, Field(ge=100, le=9_900)] = 9200
    """Usage ratio at the kink, in 1e-4."""
    base_bps: Annotated[int, Field(ge=0, le=100_000)] = 0
    """Borrow rate at zero usage, in 1e-4 per year."""
    slope1_bps: Annotated[int, Field(ge=0, le=100_000)] = 550
    """Rise of the borrow rate from zero usage to the kink, in 1e-4 per year."""
    slope2_bps: Annotated[int, Field(ge=0, le=100_000)] = 4000
    """Rise of the borrow rate from the kink to full usage, in 1e-4 per year."""

    @model_validator(mode="after")
    def _as_aave_takes_it(self) -> RateSpec:
        if self.slope2_bps < self.slope1_bps:
            raise ValueError(
                f"slope2_bps {self.slope2_bps} is below slope1_bps {self.slope1_bps}: Aave refuses such a rate"
            )
        if self.base_bps + self.slope1_bps + self.slope2_bps > 100_000:
            raise ValueError("base_bps + slope1_bps + slope2_bps exceeds 1000 % per year: Aave refuses such a rate")
        return self


class ReserveSpec(Spec):
    """Parameters of one listed asset."""

    ltv_bps: Bps = 0
    """Loan to value: most that may be borrowed against the asset, in 1e-4 of its value."""
    liquidation_threshold_bps: Bps = 0
    """Share of the asset's value that counts in the health factor, in 1e-4."""
    liquidation_bonus_bps: Annotated[int, Field(ge=0, le=BPS)] = 0
    """Premium on the debt repaid that a liquidator receives in collateral, in 1e-4: 500 is 5 %."""
    liquidation_protocol_fee_bps: Bps = 1000
    """Share of the bonus that goes to the treasury, in 1e-4."""
    reserve_factor_bps: Bps = 1000
    """Share of the interest that goes to the treasury, in 1e-4."""
    borrowing: bool = True
    """Whether the asset may be borrowed."""
    supply_cap: Annotated[int, Field(ge=0, lt=2**36)] = 0
    """Most that may be supplied, in whole tokens; 0 disables the cap."""
    borrow_cap: Annotated[int, Field(ge=0, lt=2**36)] = 0
    """Most that may be borrowed, in whole tokens; 0 disables the cap."""
    debt_ceiling_usd: Annotated[Amount, Field(lt=2**40 // 100)] = Decimal(0)
    """Most that all accounts may owe together whose only collateral the asset is, in dollars and cents; such accounts
    are in isolation mode and hold no other collateral. 0 makes the asset normal collateral."""
    borrowable_in_isolation: bool = False
    """Whether accounts in isolation mode may borrow the asset."""
    siloed_borrowing: bool = False
    """Whether who owes the asset may owe no other."""
    rate: RateSpec = RateSpec()
    """Interest rate model."""
    lenders_supply: Amount = Decimal(0)
    """Tokens that lenders have supplied before the first position is built."""

    @model_validator(mode="after")
    def _collateral_lines(self) -> ReserveSpec:
        if self.ltv_bps > self.liquidation_threshold_bps:
            raise ValueError(
                f"ltv_bps {self.ltv_bps} exceeds liquidation_threshold_bps {self.liquidation_threshold_bps}: "
                "a loan at full LTV would be liquidatable at once"
            )
        if self.liquidation_threshold_bps and not self.liquidation_bonus_bps:
            raise ValueError("liquidation_bonus_bps must be above 0 where liquidation_threshold_bps is")
        if self.debt_ceiling_usd * 100 % 1:
            raise ValueError(f"debt_ceiling_usd {self.debt_ceiling_usd} is no whole number of cents")
        # At the threshold the debt and the bonus together must not exceed the collateral, or a liquidation would always
        # leave bad debt behind.
        if self.liquidation_threshold_bps * (BPS + self.liquidation_bonus_bps) > BPS * BPS:
            raise ValueError("liquidation_threshold_bps x (1 + bonus) exceeds 100 %: Aave refuses such a listing")
        return self

    @property
    def debt_ceiling_cents(self) -> int:
        """The debt ceiling as the pool has it; 0 for none."""
        return int(self.debt_ceiling_usd * 100)


class EModeSpec(Spec):
    """An efficiency mode: higher lines for collateral and debt whose prices move together."""

    label: str = ""
    """Name of the mode."""
    ltv_bps: Bps
    """LTV of its collateral, in 1e-4."""
    liquidation_threshold_bps: Bps
    """Liquidation threshold of its collateral, in 1e-4."""
    liquidation_bonus_bps: Annotated[int, Field(ge=1, le=BPS)]
    """Liquidation bonus of its collateral, in 1e-4."""
    collateral: list[Name]
    """Assets that count as collateral with these lines."""
    borrowable: list[Name]
    """Assets that may be borrowed in it."""

    @model_validator(mode="after")
    def _collateral_lines(self) -> EModeSpec:
        if self.ltv_bps > self.liquidation_threshold_bps:
            raise ValueError(
                f"ltv_bps {self.ltv_bps} exceeds liquidation_threshold_bps {self.liquidation_threshold_bps}"
            )
        if self.liquidation_threshold_bps * (BPS + self.liquidation_bonus_bps) > BPS * BPS:
            raise ValueError("liquidation_threshold_bps x (1 + bonus) exceeds 100 %: Aave refuses such a mode")
        return self


class ListingSpec(Spec):
    """A configuration snapshot of an Aave market, which gives the lines of reserves and the modes; docs/LISTING.md."""

    file: Annotated[str, Field(min_length=1)]
    """The snapshot, a JSON file, relative to the folder of the file that names it. Keys beside the listing, and those
    of `--set`, win over its lines; keys of the file that is extended do not."""
    reserves: dict[Name, str] = {}
    """Symbol or address of the reserve of each asset that is listed; empty takes every asset with a price source
    whose symbol a reserve has."""
    emodes: dict[Annotated[int, Field(ge=1, le=255)], int] = {}
    """Mode of the snapshot by the number that it has in the scenario, as `{1: 11}`; empty takes each under its own
    number."""
    not_modelled: list[str] = []
    """Lines of the snapshot that the pool of a run does not follow; written when it is read."""


class LendingSpec(Spec):
    """The lending pool."""

    engine: Literal["mock", "aave-v3"] = "mock"
    """`mock`: the pool of contracts/lending; `aave-v3`: Aave V3.6 itself (`make aave` installs it)."""
    contract: OwnContractKey = None
    """A pool of your own in place of the mock's; it speaks Aave's `IPool`."""
    strategy: OwnContractKey = None
    """An interest rate strategy of your own, for all reserves, in place of the mock's."""
    flash_loan_premium_bps: Bps = 5
    """Premium of a flash loan, in 1e-4."""
    listing: ListingSpec | None = None
    """Snapshot that gives reserves, rates, caps and modes; null states all of them in the scenario."""
    reserves: dict[Name, ReserveSpec]
    """Listed assets."""
    emodes: dict[Annotated[int, Field(ge=1, le=255)], EModeSpec] = {}
    """Efficiency modes by number."""

    @model_validator(mode="after")
    def _own_contracts_in_the_mock(self) -> LendingSpec:
        if self.engine != "mock" and (self.contract or self.strategy):
            raise ValueError(
                f"engine {self.engine} deploys Aave's own contracts: contract and strategy need engine mock"
            )
        return self
