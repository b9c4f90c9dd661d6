"""USDe's reserve and its stakers."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from cascade.scenario.model.common import Bps, Name, PositiveAmount, Spec

__all__ = ["EthenaSpec"]


class EthenaSpec(Spec):
    """The reserve behind a minting contract: spot and as much sold short, whose funding pays those who stake.

    What set-up endows of USDe, own capital and pools' reserves, is then backed like what was minted.
    """

    minting: Name
    """The par-mint venue whose collateral it holds."""
    staked: Name
    """The asset of kind staked-usde that gets the funding as rewards."""
    spot: Name
    """What is held and sold short; its posted price is the mark."""
    hedged_share_bps: Bps = 0
    """Share of all collateral that is spot and short when the build ends, in 1e-4; the rest stays cash."""
    funding_bps_a_year: Annotated[int, Field(ge=-100_000, le=100_000)] = 0
    """Funding in a year of 365 days, in 1e-4 of the short's value; positive is paid to the short."""
    rewards_interval_seconds: Annotated[int, Field(ge=28_800)] = 28_800
    """Time between two settlements of funding, which become rewards; those vest over 28,800."""
    staked_by_others: PositiveAmount = Decimal(1)
    """USDe staked from the start by holders who do nothing else; they share the rewards."""
