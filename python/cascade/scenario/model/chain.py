"""The timeline of a run, and the chain that it plays on."""

from __future__ import annotations

from datetime import UTC
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from cascade.scenario.model.common import Moment, PositiveAmount, Spec

__all__ = ["ChainSpec", "TimelineSpec"]


class TimelineSpec(Spec):
    """Start and end of the crash phase, and the time before it at which the chain begins."""

    start: Moment
    """Time of the first block of the crash phase, with a time zone."""
    end: Moment
    """Time after which no block is mined, with a time zone."""
    block_seconds: Annotated[int, Field(ge=1, le=3600)] = 12
    """Seconds between blocks of the crash phase."""
    build_seconds: Annotated[int, Field(ge=60, le=30 * 86_400)] = 3600
    """Time from the chain's first block to `start`, in seconds; set-up blocks are one second apart."""
    pace: Annotated[float, Field(gt=0, le=3600)] | None = None
    """Least time between two steps of the crash, in seconds of a clock, on a network that others use too; null takes
    a step per block of the network. It has no effect on a chain of the run's own."""

    @model_validator(mode="after")
    def _ordered(self) -> TimelineSpec:
        if self.end <= self.start:
            raise ValueError(f"end {self.end.isoformat()} is not after start {self.start.isoformat()}")
        return self

    @property
    def start_timestamp(self) -> int:
        """Unix time of the first crash block."""
        return int(self.start.astimezone(UTC).timestamp())

    @property
    def genesis_timestamp(self) -> int:
        """Unix time at which the chain begins."""
        return self.start_timestamp - self.build_seconds

    @property
    def steps(self) -> int:
        """Number of steps of the crash phase; each has one block of the chain."""
        # The block at `start` counts, and so does one exactly at `end`.
        return int((self.end - self.start).total_seconds()) // self.block_seconds + 1

    def time_of(self, step: int) -> int:
        """Return the Unix time of the chain's block of a step."""
        return self.start_timestamp + step * self.block_seconds

    @property
    def exchange_lead_seconds(self) -> int:
        """Seconds by which the exchange's block of a step precedes the chain's: half a block's time, rounded down."""
        return self.block_seconds // 2

    def exchange_time_of(self, step: int) -> int:
        """Return the Unix time of the exchange's block of a step."""
        return self.time_of(step) - self.exchange_lead_seconds

    @property
    def last_timestamp(self) -> int:
        """Unix time of the last crash block."""
        return self.time_of(self.steps - 1)


class ChainSpec(Spec):
    """The chain, and its block space during the crash phase."""

    engine: Literal["anvil", "revm"] = "anvil"
    """`anvil`: a node of its own, the chain of record; `revm`: in the process of the harness, faster and without gas,
    for experiments."""
    block_gas_limit: Annotated[int, Field(ge=1_000_000, le=10**12)] = 45_000_000
    """Gas limit of a block, in gas."""
    max_wait_blocks: Annotated[int, Field(ge=0, le=1000)] = 3
    """Blocks that a transaction waits for space before its sender drops it."""
    base_fee_gwei: PositiveAmount = Decimal(1)
    """Base fee of the first crash block, in gwei; the base fees of later blocks follow EIP-1559."""
    ether_price_usd: PositiveAmount = Decimal(4000)
    """Price of ether, in dollars, for the cost of gas."""
