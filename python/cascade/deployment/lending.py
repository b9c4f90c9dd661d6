"""Deploy the lending pool with one of the engines, and list the reserves with the same calls for each."""

from __future__ import annotations

from collections.abc import Callable

from eth_abi import encode

from cascade.chain.aave_artifacts import load_aave_artifacts
from cascade.chain.artifacts import Artifact
from cascade.chain.local import Contract
from cascade.deployment.aave_v3 import AAVE_PREFIX, deploy_aave_v3
from cascade.deployment.own_contracts import deploy_part
from cascade.errors import RevertedCall, ScenarioError
from cascade.scenario.load import Scenario
from cascade.scenario.model import EModeSpec, LendingSpec, RateSpec, ReserveSpec
from cascade.units import BPS
from cascade.vocabulary import Intent, Role
from cascade.world.world import World

__all__ = ["deploy_lending", "engine_artifacts", "reconfigure_lending"]

Calls = list[tuple[str, tuple[object, ...]]]

_SETUP_SECONDS, _SETUP_SECONDS_A_RESERVE = 40, 4
"""How long after its first block a pool is ready, whichever engine it is.

Set-up blocks are a second apart and the engines need different numbers of them; without this the positions would be
built at other times, and their interest would differ.
"""


def engine_artifacts(engine: str) -> dict[str, Artifact]:
    """Return the contracts that an engine needs beside the project's own.

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
    _configure(world, [_premium(spec), *_emodes(world, spec)])
    world.chain.execute([], timestamp=ready)


def reconfigure_lending(world: World, change: Scenario) -> None:
    """Change the lending lines of a standing pool, as governance would, before the crash begins.

    Only calls that differ from those that listed the reserves are made; from then on the world has the change's
    parameters.

    Raises
    ------
    ScenarioError
        When the configurator refuses, naming what it said.
    """
    before, after = world.scenario.spec.lending, change.spec.lending
    # Calls and not keys are compared, so that a key that no call depends on changes nothing.
    done = [*_lines(world, before), *_emodes(world, before)]
    calls = [call for call in [*_lines(world, after), *_emodes(world, after)] if call not in done]
    for number, mode in before.emodes.items():
        # Members are added by the calls above; those that the change leaves out are taken away here.
        kept = _members(world, number, after.emodes[number])
        calls += [(call, (*pair, False)) for call, pair in _members(world, number, mode) if (call, pair) not in kept]
    world.scenario = change
    if not calls:
        return
    try:
        _configure(world, calls)
    except RevertedCall as error:
        raise ScenarioError(
            file=change.file,
            key="lending",
            value=None,
            expected=f"the configurator refuses the change while positions stand: {error}",
        ) from error


def _deploy_mock(world: World) -> None:
    """Deploy the pool of contracts/lending."""
    deployer, lending = world.deployer, world.scenario.spec.lending
    provider = world.deploy("PoolAddressesProvider", "cascade", deployer, name="PoolAddressesProvider")
    known = {"provider": provider.address}
    strategy = deploy_part(
        world,
        "strategy",
        lending.strategy,
        provider.address,
        name="RateStrategy",
        key="lending.strategy",
        known=known,
    )
    known["strategy"] = strategy.address
    pool = deploy_part(
        world,
        "pool",
        lending.contract,
        provider.address,
        strategy.address,
        name="LendingPool",
        key="lending.contract",
        known=known,
    )
    configurator = world.deploy("PoolConfigurator", provider.address, name="PoolConfigurator")
    priced = list(world.scenario.spec.oracle)
    oracle = world.deploy(
        "PriceOracle",
        provider.address,
        [world.tokens[asset].address for asset in priced],
        [world.feeds[asset].address for asset in priced],
        name="PriceOracle",
    )
    world.install(pool=pool, oracle=oracle, provider=provider, configurator=configurator)
    world.setup(
        [
            (deployer, provider, "setPool", (pool.address,)),
            (deployer, provider, "setPoolConfigurator", (configurator.address,)),
            (deployer, provider, "setPriceOracle", (oracle.address,)),
        ],
        intent=Intent.CONFIGURE,
    )
    for asset, reserve in world.scenario.spec.lending.reserves.items():
        _list_in_mock(world, asset, reserve)


def _list_in_mock(world: World, asset: str, reserve: ReserveSpec) -> None:
    pool, token = world.pool.address, world.tokens[asset].address
    treasury = world.enlist("treasury", role=Role.TREASURY)
    world.a_tokens[asset] = world.deploy(
        "AToken", pool, treasury, token, f"Aave {asset}", f"a{asset}", name=f"a{asset}"
    )
    world.debt_tokens[asset] = world.deploy(
        "VariableDebtToken", pool, token, f"Aave variable debt {asset}", f"v{asset}", name=f"v{asset}"
    )
    listing = (token, world.a_tokens[asset].address, world.debt_tokens[asset].address, _rate(reserve.rate))
    _configure(world, [("initReserves", ([listing],))])


_ENGINES: dict[str, Callable[[World], None]] = {"mock": _deploy_mock, "aave-v3": deploy_aave_v3}


def _listing(token: Contract, reserve: ReserveSpec, *, whole: bool = False) -> Calls:
    """Return the calls that give a new reserve its lines.

    Parameters
    ----------
    whole : bool
        Whether lines are set too that a new reserve has already; a change needs them.
    """
    asset = token.address
    # Aave writes a bonus with the principal, and takes 0 for an asset that is no collateral.
    bonus = BPS + reserve.liquidation_bonus_bps if reserve.liquidation_threshold_bps else 0
    rate = encode(["(uint16,uint32,uint32,uint32)"], [_rate(reserve.rate)])
    restrictions: Calls = [
        ("setDebtCeiling", (asset, reserve.debt_ceiling_cents)),
        ("setBorrowableInIsolation", (asset, reserve.borrowable_in_isolation)),
        ("setSiloedBorrowing", (asset, reserve.siloed_borrowing)),
    ]
    return [
        ("configureReserveAsCollateral", (asset, reserve.ltv_bps, reserve.liquidation_threshold_bps, bonus)),
        ("setReserveBorrowing", (asset, reserve.borrowing)),
        ("setReserveFlashLoaning", (asset, True)),
        ("setReserveFactor", (asset, reserve.reserve_factor_bps)),
        ("setSupplyCap", (asset, reserve.supply_cap)),
        ("setBorrowCap", (asset, reserve.borrow_cap)),
        ("setLiquidationProtocolFee", (asset, reserve.liquidation_protocol_fee_bps)),
        ("setReserveInterestRateData", (asset, rate)),
        *(call for call in restrictions if whole or call[1][1]),
    ]


def _lines(world: World, lending: LendingSpec) -> Calls:
    listings = [_listing(world.tokens[asset], reserve, whole=True) for asset, reserve in lending.reserves.items()]
    return [*(call for listing in listings for call in listing), _premium(lending)]


def _premium(lending: LendingSpec) -> tuple[str, tuple[object, ...]]:
    return "updateFlashloanPremium", (lending.flash_loan_premium_bps,)


def _emodes(world: World, lending: LendingSpec) -> Calls:
    calls: Calls = []
    for number, mode in lending.emodes.items():
        lines = (mode.ltv_bps, mode.liquidation_threshold_bps, BPS + mode.liquidation_bonus_bps)
        calls.append(("setEModeCategory", (number, *lines, mode.label)))
        calls += [(call, (*pair, True)) for call, pair in _members(world, number, mode)]
    return calls


def _members(world: World, number: int, mode: EModeSpec) -> Calls:
    """Yield the calls that enter assets into a mode, without their last argument, which says whether they are in it."""
    sides = (("setAssetCollateralInEMode", mode.collateral), ("setAssetBorrowableInEMode", mode.borrowable))
    return [(call, (world.tokens[asset].address, number)) for call, assets in sides for asset in assets]


def _rate(rate: RateSpec) -> tuple[int, int, int, int]:
    return rate.optimal_usage_bps, rate.base_bps, rate.slope1_bps, rate.slope2_bps


def _configure(world: World, calls: Calls) -> None:
    world.setup(
        ((world.deployer, world.configurator, function, arguments) for function, arguments in calls),
        intent=Intent.CONFIGURE,
    )
