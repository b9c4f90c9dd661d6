"""Tokens, and the file of exogenous prices."""

from __future__ import annotations

from enum import Enum
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from cascade.errors import unknown_name
from cascade.prices.formats import BAR_FORMATS, PriceFormat
from cascade.scenario.model.common import Moment, Name, PositiveAmount, Spec

__all__ = ["AssetKind", "AssetSpec", "PriceShockSpec", "PriceSourceSpec", "PricesSpec"]

_USDE_DECIMALS = 18
_CHAINLINK_DECIMALS = 8


class AssetKind(Enum):
    """Kind of contract that an asset is."""

    ERC20 = "erc20"
    USDE = "usde"
    STAKED_USDE = "staked-usde"
    RATED = "rate-token"


class AssetSpec(Spec):
    """A token."""

    kind: Annotated[AssetKind, BeforeValidator(AssetKind)] = AssetKind.ERC20
    """`erc20`: a mock that anyone may mint; `usde`: minted only by its minting contract and, during set-up, by its
    owner; `staked-usde`: shares of the vault that USDe is staked in (ERC-4626); `rate-token`: a mock that anyone may
    mint and that stands for more of another token, as wstETH does for staked ether."""
    decimals: Annotated[int, Field(ge=0, le=36)] = 18
    """Decimals of the token."""
    stakes: Name | None = None
    """Asset of kind usde that the vault of a staked-usde holds; null for the other kinds."""
    of: Name | None = None
    """Asset that a rate-token stands for; null for the other kinds."""
    rate: PositiveAmount | None = None
    """Tokens of that asset per rate-token, fixed; null for the other kinds."""

    @model_validator(mode="after")
    def _fitting(self) -> AssetSpec:
        staked, rated = self.kind is AssetKind.STAKED_USDE, self.kind is AssetKind.RATED
        for key, needed in (("stakes", staked), ("of", rated), ("rate", rated)):
            if needed != (getattr(self, key) is not None):
                raise ValueError(f"kind {self.kind.value} {'needs' if needed else 'takes no'} {key}")
        if self.kind in (AssetKind.USDE, AssetKind.STAKED_USDE) and self.decimals != _USDE_DECIMALS:
            raise ValueError(f"kind {self.kind.value} has {_USDE_DECIMALS} decimals")
        return self

    @property
    def underlying(self) -> str | None:
        """Asset that a token of this one converts to: what a staked-usde stakes, or a rate-token stands for."""
        return self.stakes or self.of


def _price_format(value: object) -> PriceFormat:
    """Return the layout of a name."""
    if isinstance(value, PriceFormat):
        return value
    known = [layout.value for layout in PriceFormat]
    if value not in known:
        raise ValueError(unknown_name("format", str(value), known))
    return PriceFormat(value)


class PriceSourceSpec(Spec):
    """A price file of one asset in a layout that others write; docs/PRICES.md shows each layout."""

    file: Annotated[str, Field(min_length=1)]
    """The file, relative to the folder of the scenario's file. `cascade prices FILE` shows how it would be read."""
    format: Annotated[PriceFormat, BeforeValidator(_price_format)]
    """Layout of the file: `klines` of Binance, `ccxt`, `tradingview`, `time-price`, `coingecko`, or
    `chainlink-rounds`."""
    price: Literal["open", "high", "low", "close"] | None = None
    """Price of a bar that is taken: the open at its start, the close at its end, high and low in its middle; null takes
    the close."""
    inside: Literal["low-first", "high-first"] | None = None
    """Path inside each bar, in place of one price: `low-first` is open, low, high, close, and `high-first` is open,
    high, low, close."""
    bar_seconds: Annotated[int, Field(ge=1, le=31 * 86_400)] | None = None
    """Length of a bar, in seconds; null takes the close times of klines, or else the most frequent distance."""
    decimals: Annotated[int, Field(ge=0, le=36)] = _CHAINLINK_DECIMALS
    """Decimals of the integers of Chainlink rounds. Prices are in dollars."""
    time_column: str | None = None
    """Column of times of a `time-price` file; null finds it by its name."""
    price_column: str | None = None
    """Column of prices of a `time-price` file; null finds it by its name."""
    status: Literal["observed", "reported", "assumed"] = "assumed"
    """Quality of the source, for every point."""
    source: str = ""
    """The source, for every point; empty takes the name of the file."""

    @model_validator(mode="after")
    def _fitting(self) -> PriceSourceSpec:
        if self.format not in BAR_FORMATS:
            for key in ("price", "inside", "bar_seconds"):
                if getattr(self, key) is not None:
                    raise ValueError(f"format {self.format.value} has no bars: it takes no {key}")
        if self.price is not None and self.inside is not None:
            raise ValueError("price and inside exclude each other: inside takes all four prices of a bar")
        if self.format is not PriceFormat.CHAINLINK_ROUNDS and self.decimals != _CHAINLINK_DECIMALS:
            raise ValueError(f"format {self.format.value} takes no decimals")
        if self.format is not PriceFormat.TIME_PRICE and (self.time_column, self.price_column) != (None, None):
            raise ValueError(f"format {self.format.value} takes no time_column and no price_column")
        return self

    @property
    def columns(self) -> dict[str, str]:
        """Names of the columns that the scenario states, by `time` and `price`."""
        stated = {"time": self.time_column, "price": self.price_column}
        return {name: column for name, column in stated.items() if column is not None}


class PriceShockSpec(Spec):
    """A step of the price path that its file does not have."""

    start: Moment
    """Time of the step: every price from this second on is multiplied."""
    factor: PositiveAmount
    """Factor of the prices: 0.75 is a fall of 25 %, and 1 leaves them as they are."""


class PricesSpec(Spec):
    """The exogenous price path."""

    path: str | None = None
    """CSV with the columns time, asset, price, status, source; relative to the folder of the file that states it. null
    takes every price from `sources`."""
    sources: dict[Name, PriceSourceSpec] = {}
    """Files of single assets in layouts that others write; each replaces the rows that `path` has for its asset."""
    max_gap: Annotated[int, Field(ge=1)] = 3600
    """Longest gap between two points of an asset within the timeline, in seconds."""
    unchecked: list[Name] = []
    """Assets whose prices are meant as they stand, however far the first is from the oracle's price before the crash
    or a later one from the one before it. Of every other asset, a price more than 100 times away is refused."""

    shocks: dict[Name, PriceShockSpec] = {}
    """Steps by asset, which multiply every price from a time on: a shock that a sweep can vary, and a tail can draw."""

    @model_validator(mode="after")
    def _some(self) -> PricesSpec:
        if self.path is None and not self.sources:
            raise ValueError("needs path, sources or both")
        return self
