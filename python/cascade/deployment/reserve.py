"""USDe's reserve: deployed beside the minting contract, and hedged when the build ends."""

from __future__ import annotations

from eth_utils import keccak

from cascade.chain.local import Contract, address_of
from cascade.deployment.venues import whitelist
from cascade.scenario.accounts import raw_amount
from cascade.units import BPS
from cascade.vocabulary import Intent, Role
from cascade.world.world import MAX_UINT256, World

__all__ = ["deploy_reserve", "funding_rate_wad", "prepare_reserve"]

_REWARDER_ROLE = keccak(text="REWARDER_ROLE")
_PERIODS_A_YEAR = 365 * 3
_FEED_DECIMALS = 8


def funding_rate_wad(bps_a_year: int) -> int:
    """Funding of 8 hours, 18 decimals, from 1e-4 a year of 365 days; towards zero."""
    # Towards zero on both sides, so that longs and shorts are treated alike.
    rate = abs(bps_a_year) * 10**18 // (BPS * _PERIODS_A_YEAR)
    return rate if bps_a_year >= 0 else -rate


def deploy_reserve(world: World) -> None:
    """Deploy the reserve, let it mint and pay rewards, and stake what other holders staked."""
    ethena = world.scenario.spec.ethena
    if ethena is None:
        return
    operator, market = world.enlist("ethena", role=Role.ISSUER), world.enlist("hedge-market", role=Role.EXOGENOUS)
    stakers = world.enlist("stakers", role=Role.STAKER)
    world.chain.fund([operator, market, stakers])
    venue, vault = world.venues[ethena.minting], world.tokens[ethena.staked]
    reserve = world.deploy(
        "HedgedReserve",
        venue.contract.address,
        vault.address,
        world.tokens[ethena.spot].address,
        world.feeds[ethena.spot].address,
        market,
        operator,
        name="HedgedReserve",
    )
    world.install(reserve=reserve)
    world.setup(
        [
            (world.deployer, vault, "grantRole", (_REWARDER_ROLE, reserve.address)),
            (world.deployer, venue.contract, "addCustodianAddress", (reserve.address,)),
        ],
        intent=Intent.CONFIGURE,
    )
    whitelist(world, venue, [reserve.address])
    staked = raw_amount(world.scenario.spec, ethena.staked, ethena.staked_by_others)
    world.mint(ethena.staked, [(stakers, staked)])


def prepare_reserve(world: World) -> None:
    """Back all USDe, move the hedged share of its collateral to the reserve, and open spot and short there."""
    ethena, reserve = world.scenario.spec.ethena, world.reserve
    if ethena is None or reserve is None:
        return
    venue = world.venues[ethena.minting]
    asset, operator = venue.coins[0], address_of("ethena")
    collateral = _back(world, venue.contract, *venue.coins)
    hedged = collateral * ethena.hedged_share_bps // BPS
    unit = 10 ** (world.scenario.spec.assets[ethena.spot].decimals + _FEED_DECIMALS)
    stable_unit = 10 ** world.scenario.spec.assets[asset].decimals
    quantity = hedged * unit // (world.chain.call(reserve, "markE8") * stable_unit)
    rate = funding_rate_wad(ethena.funding_bps_a_year)
    if quantity:
        token = world.tokens[asset].address
        world.setup(
            [(world.deployer, venue.contract, "transferToCustody", (reserve.address, token, hedged))],
            intent=Intent.CUSTODY,
        )
        # The market stands for everyone whom the reserve trades with: it can always deliver either side.
        _stock_market(world, {ethena.spot: quantity, asset: hedged})
        world.setup([(operator, reserve, "open", (quantity,))], intent=Intent.HEDGE)
    world.setup([(operator, reserve, "setFundingRate", (rate,))], intent=Intent.CONFIGURE)


def _back(world: World, minting: Contract, asset: str, usde: str) -> int:
    """Pay for the USDe that set-up endowed, so that each is worth a dollar of collateral; returns the collateral."""
    scale = 10 ** (world.scenario.spec.assets[usde].decimals - world.scenario.spec.assets[asset].decimals)
    # Rounded up: the reserve must never back less than the supply, not even by a unit.
    needed: int = -(-world.chain.call(world.tokens[usde], "totalSupply") // scale)
    held: int = world.chain.call(world.tokens[asset], "balanceOf", minting.address)
    world.mint(asset, [(minting.address, max(needed - held, 0))])
    return max(needed, held)


def _stock_market(world: World, stock: dict[str, int]) -> None:
    """Give the other side what it sells, and as much stable again as it gets for it: what funding may cost it."""
    market, reserve = address_of("hedge-market"), world.require_reserve()
    for asset, amount in stock.items():
        world.mint(asset, [(market, amount)])
        world.setup([(market, world.tokens[asset], "approve", (reserve.address, MAX_UINT256))], intent=Intent.APPROVE)
