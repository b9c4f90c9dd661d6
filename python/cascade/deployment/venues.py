"""Venues deployed and funded, and the minting window as the crash finds it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from eth_utils import keccak

from cascade.chain.local import Contract, address_of
from cascade.errors import ScenarioError
from cascade.scenario.accounts import raw_amount
from cascade.scenario.model import AmmVenue, ConstantProductVenue, FixedRateVenue, ParMintVenue, Venue
from cascade.world.venue import DeployedVenue
from cascade.world.world import MAX_UINT256, SetupCall, World

__all__ = ["deploy_venue", "fund_venue", "prepare_redemption", "whitelist"]

_FEE_DENOMINATOR_PER_BPS = 10**6
_OFFPEG_DENOMINATOR = 10**10
_ADMIN_FEE = 5 * 10**9

_MINTER_ROLE, _GATEKEEPER_ROLE = (keccak(text=name) for name in ("MINTER_ROLE", "GATEKEEPER_ROLE"))
_WHITELIST_OF = 500
_WHITELIST_GAS = 20_000_000


def deploy_venue(world: World, name: str, spec: Venue) -> DeployedVenue:
    """Deploy a venue, empty."""
    tokens = {symbol: token.address for symbol, token in world.tokens.items()}
    if isinstance(spec, ParMintVenue):
        contract = _deploy_minting(world, name, spec)
    elif isinstance(spec, FixedRateVenue):
        contract = world.deploy(
            "FixedRatePool", world.oracle.address, *(tokens[coin] for coin in spec.coins), name=name
        )
    elif isinstance(spec, ConstantProductVenue):
        contract = world.deploy("ConstantProductPair", *(tokens[coin] for coin in spec.coins), name=name)
    else:
        contract = world.deploy(
            "StableSwapPool",
            name,
            name,
            [tokens[coin] for coin in spec.coins],
            spec.amplification,
            int(spec.fee_bps * _FEE_DENOMINATOR_PER_BPS),
            int(spec.offpeg_fee_multiplier * _OFFPEG_DENOMINATOR),
            _ADMIN_FEE,
            world.deployer,
            name=name,
        )
    return DeployedVenue(name=name, spec=spec, contract=contract, router=world.router, tokens=tokens)


def fund_venue(world: World, venue: DeployedVenue) -> None:
    """Give a venue the reserves that the scenario states."""
    if isinstance(venue.spec, ParMintVenue):
        return
    provider = address_of("liquidity-provider")
    amounts = [raw_amount(world.scenario.spec, coin, venue.spec.reserves[coin]) for coin in venue.spec.coins]
    pairs = list(zip(venue.spec.coins, amounts, strict=True))
    pool = venue.contract
    for coin, raw in pairs:
        world.mint(coin, [(provider, raw)])
    if not isinstance(venue.spec, AmmVenue) or isinstance(venue.spec, ConstantProductVenue):
        world.setup(
            ((provider, world.tokens[coin], "transfer", (pool.address, raw)) for coin, raw in pairs),
            intent="add-liquidity",
        )
    if isinstance(venue.spec, ConstantProductVenue):
        world.setup([(provider, pool, "mint", (provider,))], intent="add-liquidity")
    elif isinstance(venue.spec, AmmVenue):
        world.setup(
            [
                *((provider, world.tokens[coin], "approve", (pool.address, raw)) for coin, raw in pairs),
                (provider, pool, "add_liquidity(uint256[],uint256,address)", (amounts, 0, provider)),
            ],
            intent="add-liquidity",
        )


def whitelist(world: World, venue: DeployedVenue, accounts: Sequence[str]) -> None:
    """Let accounts mint and redeem at a minting contract, some hundreds a transaction; other venues ask nobody."""
    if not isinstance(venue.spec, ParMintVenue):
        return
    batches = [accounts[start : start + _WHITELIST_OF] for start in range(0, len(accounts), _WHITELIST_OF)]
    world.setup(
        ((world.deployer, venue.contract, "setWhitelistedBenefactors", (batch, True)) for batch in batches),
        intent="whitelist",
        gas=_WHITELIST_GAS,
    )


def prepare_redemption(world: World) -> None:
    """Put every minting contract into the state that the crash finds it in: window, limits, fee and buffer.

    Raises
    ------
    ScenarioError
        When a contract holds less than the buffer asked for.
    """
    for venue in world.venues.values():
        if isinstance(venue.spec, ParMintVenue):
            world.setup(_window(world, venue.contract, venue.spec), intent="configure")
            _leave_buffer(world, venue, venue.spec)


def _deploy_minting(world: World, name: str, spec: ParMintVenue) -> Contract:
    """A minting contract without limits, the deployer in every role: how the loops are built."""
    custody = world.enlist("custody", role="custody")
    minting = world.deploy(
        "EthenaMinting",
        world.tokens[spec.asset_out].address,
        world.tokens[spec.asset_in].address,
        [custody],
        world.deployer,
        MAX_UINT256,
        MAX_UINT256,
        name=name,
    )
    roles = (_MINTER_ROLE, _GATEKEEPER_ROLE)
    world.setup(((world.deployer, minting, "grantRole", (role, world.deployer)) for role in roles), intent="configure")
    return minting


def _window(world: World, minting: Contract, spec: ParMintVenue) -> Iterator[SetupCall]:
    window, deployer = spec.redemption, world.deployer
    if not window.open:
        yield deployer, minting, "disableMintRedeem", ()
        return
    yield deployer, minting, "setFees", (0, window.fee_bps)
    for function, limit in (
        ("setMaxRedeemPerBlock", window.limit_per_block),
        ("setMaxMintPerBlock", window.mint_limit_per_block),
    ):
        if limit is not None:
            yield deployer, minting, function, (raw_amount(world.scenario.spec, spec.asset_out, limit),)


def _leave_buffer(world: World, venue: DeployedVenue, spec: ParMintVenue) -> None:
    """Leave exactly the buffer in the contract; what is above goes to the reserve, or to custody without one."""
    asset, buffer = spec.asset_in, spec.redemption.buffer
    if buffer is None:
        return
    token, minting = world.tokens[asset], venue.contract
    held: int = world.chain.call(token, "balanceOf", minting.address)
    surplus = held - raw_amount(world.scenario.spec, asset, buffer)
    if surplus < 0:
        whole = held // 10 ** world.scenario.spec.assets[asset].decimals
        raise ScenarioError(
            file=world.scenario.file,
            key=f"venues.{venue.name}.redemption.buffer",
            value=int(buffer),
            expected=f"minting holds {whole} {asset}, and no more can be left there",
        )
    if surplus:
        ethena = world.scenario.spec.ethena
        has_reserve = world.reserve is not None and ethena is not None and ethena.minting == venue.name
        keeper = world.reserve.address if has_reserve and world.reserve is not None else address_of("custody")
        world.setup(
            [(world.deployer, minting, "transferToCustody", (keeper, token.address, surplus))], intent="custody"
        )
