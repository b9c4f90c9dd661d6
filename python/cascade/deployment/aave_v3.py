"""Deploy Aave V3.6's own contracts in place of the mock, behind their own proxies and with the same listing.

The oracle's sources, the tokens and everything around the pool remain the project's.
"""

from __future__ import annotations

from typing import cast

from eth_abi import encode

from cascade.chain.aave_artifacts import AaveArtifact
from cascade.chain.local import Contract
from cascade.vocabulary import Intent, Role
from cascade.world.world import World

__all__ = ["AAVE_PREFIX", "deploy_aave_v3"]

AAVE_PREFIX = "aave-v3/"
"""Prefix of Aave's contracts among a run's artifacts: two of them have the names of the mock's."""

_ZERO = "0x" + "00" * 20
_DOLLAR_E8 = 10**8
_LIST_GAS = 20_000_000


def deploy_aave_v3(world: World) -> None:
    """Deploy pool, configurator, oracle and roles, and initialise the scenario's reserves."""
    deployer, chain = world.deployer, world.chain
    libraries: dict[str, str] = {}
    provider = _deploy(world, "PoolAddressesProvider", "cascade", deployer, libraries=libraries)
    # The manager of roles reads its first administrator from the registry in its constructor.
    world.setup([(deployer, provider, "setACLAdmin", (deployer,))], intent=Intent.CONFIGURE)
    roles = _deploy(world, "ACLManager", provider.address, libraries=libraries)
    priced = list(world.scenario.spec.oracle)
    oracle = _deploy(
        world,
        "AaveOracle",
        provider.address,
        [world.tokens[asset].address for asset in priced],
        [world.feeds[asset].address for asset in priced],
        _ZERO,
        _ZERO,
        _DOLLAR_E8,
        libraries=libraries,
        name="PriceOracle",
    )
    strategy = _deploy(
        world, "DefaultReserveInterestRateStrategyV2", provider.address, libraries=libraries, name="RateStrategy"
    )
    pool_code = _deploy(world, "PoolInstance", provider.address, strategy.address, libraries=libraries)
    configurator_code = _deploy(world, "PoolConfiguratorInstance", libraries=libraries)
    world.setup(
        [
            (deployer, provider, "setACLManager", (roles.address,)),
            (deployer, roles, "addPoolAdmin", (deployer,)),
            (deployer, roles, "addAssetListingAdmin", (deployer,)),
            (deployer, roles, "addEmergencyAdmin", (deployer,)),
            (deployer, provider, "setPriceOracle", (oracle.address,)),
            (deployer, provider, "setPoolImpl", (pool_code.address,)),
            (deployer, provider, "setPoolConfiguratorImpl", (configurator_code.address,)),
        ],
        intent=Intent.CONFIGURE,
    )
    pool = world.adopt(chain.call(provider, "getPool"), pool_code.interface, name="LendingPool")
    configurator = world.adopt(
        chain.call(provider, "getPoolConfigurator"), configurator_code.interface, name="PoolConfigurator"
    )
    world.install(pool=pool, oracle=oracle, provider=provider, configurator=configurator)
    # The configurator asks it whether anyone has supplied, before it takes a reserve's collateral lines away.
    data_provider = _deploy(world, "AaveProtocolDataProvider", provider.address, libraries=libraries)
    world.setup([(deployer, provider, "setPoolDataProvider", (data_provider.address,))], intent=Intent.CONFIGURE)
    _init_reserves(world, libraries)


def _init_reserves(world: World, libraries: dict[str, str]) -> None:
    pool, chain = world.pool, world.chain
    treasury = world.enlist("treasury", role=Role.TREASURY)
    a_token_code = _deploy(world, "ATokenInstance", pool.address, _ZERO, treasury, libraries=libraries)
    debt_token_code = _deploy(world, "VariableDebtTokenInstance", pool.address, _ZERO, libraries=libraries)
    reserves = world.scenario.spec.lending.reserves
    for asset, reserve in reserves.items():
        rate = reserve.rate
        curve = (rate.optimal_usage_bps, rate.base_bps, rate.slope1_bps, rate.slope2_bps)
        listing = (
            a_token_code.address,
            debt_token_code.address,
            world.tokens[asset].address,
            f"Aave {asset}",
            f"a{asset}",
            f"Aave variable debt {asset}",
            f"v{asset}",
            b"",
            encode(["(uint16,uint32,uint32,uint32)"], [curve]),
        )
        world.setup([(world.deployer, world.configurator, "initReserves", ([listing],))], intent=Intent.CONFIGURE)
    for asset in reserves:
        token = world.tokens[asset].address
        world.a_tokens[asset] = world.adopt(
            chain.call(pool, "getReserveAToken", token), a_token_code.interface, name=f"a{asset}"
        )
        world.debt_tokens[asset] = world.adopt(
            chain.call(pool, "getReserveVariableDebtToken", token), debt_token_code.interface, name=f"v{asset}"
        )


def _deploy(
    world: World, contract: str, *arguments: object, libraries: dict[str, str], name: str | None = None
) -> Contract:
    """Deploy one of Aave's contracts, and the libraries that it calls unless they are deployed."""
    artifact = cast(AaveArtifact, world.artifacts[AAVE_PREFIX + contract])
    # A library can call another one, so that linking recurses; each is deployed once.
    for library in artifact.links:
        if library not in libraries:
            libraries[library] = _deploy(world, library, libraries=libraries).address
    return world.deploy(artifact.linked(libraries), *arguments, name=name or contract)
