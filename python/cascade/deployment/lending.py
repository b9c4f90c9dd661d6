"""The lending pool of a scenario: deployed by one of the engines, then listed with the same calls."""

from __future__ import annotations

from collections.abc import Callable

from eth_abi import encode

from cascade.chain.aave_artifacts import load_aave_artifacts
from cascade.chain.artifacts import Artifact
from cascade.chain.local import Contract
from cascade.deployment.aave_v3 import AAVE_PREFIX, deploy_aave_v3
from cascade.deployment.world import World
from cascade.scenario.model import RateSpec, ReserveSpec

__all__ = ["deploy_lending", "engine_artifacts"]

Calls = list[tuple[str, tuple[object, ...]]]

_SETUP_SECONDS, _SETUP_SECONDS_A_RESERVE = 40, 4
"""How long after its first block a pool is ready, whichever engine it is.

Set-up blocks are a second apart and the engines need different numbers of them; without this the positions would be
built at other times, and their interest would differ.
"""


def engine_artifacts(engine: str) -> dict[str, Artifact]:
    """Contracts that an engine needs beside the project's own.

    Raises
    ------
    ToolMissing
        When the engine is not installed; says how.
    """
    if engine != "aave-v3":
        return {}
    return {AAVE_PREFIX + name: artifact for name, artifact in load_aave_artifacts().items()}


def deploy_lending(world: World) -> None:
    """Deploy the scenario's engine and its oracle, list the reserves, and configure the efficiency modes."""
    spec = world.scenario.spec.lending
    ready = world.chain.timestamp + _SETUP_SECONDS + _SETUP_SECONDS_A_RESERVE * len(spec.reserves)
    _ENGINES[spec.engine](world)
    for asset, reserve in spec.reserves.items():
        _configure(world, _listing(world.tokens[asset], reserve))
    _configure(world, [("updateFlashloanPremium", (spec.flash_loan_premium_bps,)), *_emodes(world)])
    world.chain.execute([], timestamp=ready)


def _deploy_mock(world: World) -> None:
    """The pool of contracts/lending."""
    deployer = world.deployer
    provider = world.deploy("PoolAddressesProvider", "cascade", deployer, name="PoolAddressesProvider")
    strategy = world.deploy("DefaultReserveInterestRateStrategyV2", provider.address, name="RateStrategy")
    pool = world.deploy("LendingPool", provider.address, strategy.address, name="LendingPool")
    configurator = world.deploy("PoolConfigurator", provider.address, name="PoolConfigurator")
    priced = list(world.scenario.spec.oracle)
    oracle = world.deploy(
        "PriceOracle", provider.address, [world.tokens[asset].address for asset in priced],
        [world.feeds[asset].address for asset in priced], name="PriceOracle",
    )  # fmt: skip
    world.install(pool=pool, oracle=oracle, provider=provider, configurator=configurator)
    world.setup(
        [
            (deployer, provider, "setPool", (pool.address,)),
            (deployer, provider, "setPoolConfigurator", (configurator.address,)),
            (deployer, provider, "setPriceOracle", (oracle.address,)),
        ],
        intent="configure",
    )
    for asset, reserve in world.scenario.spec.lending.reserves.items():
        _list_in_mock(world, asset, reserve)


def _list_in_mock(world: World, asset: str, reserve: ReserveSpec) -> None:
    pool, token = world.pool.address, world.tokens[asset].address
    treasury = world.enlist("treasury", role="treasury")
    world.a_tokens[asset] = world.deploy(
        "AToken", pool, treasury, token, f"Aave {asset}", f"a{asset}", name=f"a{asset}"
    )
    world.debt_tokens[asset] = world.deploy(
        "VariableDebtToken", pool, token, f"Aave variable debt {asset}", f"v{asset}", name=f"v{asset}"
    )
    listing = (token, world.a_tokens[asset].address, world.debt_tokens[asset].address, _rate(reserve.rate))
    _configure(world, [("initReserves", ([listing],))])


_ENGINES: dict[str, Callable[[World], None]] = {"mock": _deploy_mock, "aave-v3": deploy_aave_v3}


def _listing(token: Contract, reserve: ReserveSpec) -> Calls:
    asset = token.address
    bonus = 10_000 + reserve.liquidation_bonus_bps if reserve.liquidation_threshold_bps else 0
    rate = encode(["(uint16,uint32,uint32,uint32)"], [_rate(reserve.rate)])
    return [
        ("configureReserveAsCollateral", (asset, reserve.ltv_bps, reserve.liquidation_threshold_bps, bonus)),
        ("setReserveBorrowing", (asset, reserve.borrowing)),
        ("setReserveFlashLoaning", (asset, True)),
        ("setReserveFactor", (asset, reserve.reserve_factor_bps)),
        ("setSupplyCap", (asset, reserve.supply_cap)),
        ("setBorrowCap", (asset, reserve.borrow_cap)),
        ("setLiquidationProtocolFee", (asset, reserve.liquidation_protocol_fee_bps)),
        ("setReserveInterestRateData", (asset, rate)),
    ]


def _emodes(world: World) -> Calls:
    calls: Calls = []
    for number, mode in world.scenario.spec.lending.emodes.items():
        lines = (mode.ltv_bps, mode.liquidation_threshold_bps, 10_000 + mode.liquidation_bonus_bps)
        calls.append(("setEModeCategory", (number, *lines, mode.label)))
        calls += [
            ("setAssetCollateralInEMode", (world.tokens[asset].address, number, True)) for asset in mode.collateral
        ]
        calls += [
            ("setAssetBorrowableInEMode", (world.tokens[asset].address, number, True)) for asset in mode.borrowable
        ]
    return calls


def _rate(rate: RateSpec) -> tuple[int, int, int, int]:
    return rate.optimal_usage_bps, rate.base_bps, rate.slope1_bps, rate.slope2_bps


def _configure(world: World, calls: Calls) -> None:
    world.setup(
        ((world.deployer, world.configurator, function, arguments) for function, arguments in calls), intent="configure"
    )
