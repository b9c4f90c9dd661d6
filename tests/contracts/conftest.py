"""The lending market, the exchange and the margin engine that tests of contracts share."""

from __future__ import annotations

import pytest

from cascade.chain.local import address_of

from ..conftest import LendingWorld, Stage, open_market
from .exchange_world import Exchange, open_exchange
from .margin_world import Margin


@pytest.fixture
def lending(stage: Stage) -> LendingWorld:
    """USDe (collateral) and USDC (debt), and a second collateral, WETH."""
    assets = {"USDC": stage.token("USDC", 6), "USDe": stage.token("USDe", 18), "WETH": stage.token("WETH", 18)}
    prices_e8 = {"USDC": 10**8, "USDe": 10**8, "WETH": 2000 * 10**8}
    world = open_market(stage, assets=assets, prices_e8=prices_e8, rates_bps=(8000, 200, 900, 7500))
    world.supply(address_of("supplier"), world.usdc, 100_000_000 * 10**6)
    return world


@pytest.fixture
def exchange(stage: Stage) -> Exchange:
    return open_exchange(stage)


@pytest.fixture
def margin(stage: Stage) -> Margin:
    return Margin(stage)
