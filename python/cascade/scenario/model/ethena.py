"""The reserve of USDe, and its stakers."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from cascade.scenario.model.common import Bps, Name, PositiveAmount, Spec

__all__ = ["EthenaSpec"]


class EthenaSpec(Spec):
    """The reserve behind a minting contract: spot and an equal short, whose funding pays the stakers.

    USDe that set-up creates, such as own capital and the reserves of pools, is then backed like USDe that was minted.
    """

    minting: Name
    """Venue of kind par-mint whose collateral the reserve holds."""
    staked: Name
    """Asset of kind staked-usde that receives the funding as rewards."""
    spot: Name
    """Asset that is held and sold short; its posted price is the mark."""
    hedged_share_bps: Bps = 0
    """Share of all collateral that is hedged spot when the build ends, in 1e-4; the rest remains cash."""
    funding_bps_a_year: Annotated[int, Field(ge=-100_000, le=100_000)] = 0
    """Funding per year of 365 days, in 1e-4 of the short's value; positive funding is paid to the short."""
    rewards_interval_seconds: Annotated[int, Field(ge=28_800)] = 28_800
    """Time between two settlements of funding, in seconds; each becomes a reward, which vests over 28,800 seconds."""
    staked_by_others: PositiveAmount = Decimal(1)
    """USDe staked from the start by passive holders, who share the rewards."""
