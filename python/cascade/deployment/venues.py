"""Deploy and fund venues, and set the minting contract's window as it is when the crash begins."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from eth_utils import keccak

from cascade.chain.local import Contract, address_of
from cascade.deployment.own_contracts import deploy_part
from cascade.errors import ScenarioError
from cascade.scenario.accounts import raw_amount
from cascade.scenario.model import ConstantProductVenue, FixedRateVenue, ParMintVenue, StableSwapVenue, Venue, VenueBase
from cascade.vocabulary import Intent, Role
from cascade.world.venues import ConstantProductPair, DeployedVenue, FixedRatePool, MintingContract, StableSwapPool
from cascade.world.world import MAX_UINT256, SetupCall, World

__all__ = ["deploy_venue", "fund_venue", "prepare_redemption", "whitelist"]

_FEE_DENOMINATOR_PER_BPS = 10**6
_OFFPEG_DENOMINATOR = 10**10
_ADMIN_FEE = 5 * 10**9

_MINTER_ROLE, _GATEKEEPER_ROLE = (keccak(text=name) for name in ("MINTER_ROLE", "GATEKEEPER_ROLE"))
_WHITELIST_OF = 500
_WHITELIST_GAS = 20_000_000
_PROVIDER = "liquidity-provider"

S = TypeVar("S", bound=VenueBase)


@dataclass(frozen=True)
class _Kind:
    """The two steps by which a venue of one kind is made: deploy it without reserves, then fund it."""

    deploy: Callable[[World, str, Venue], DeployedVenue]
    fund: Callable[[World, DeployedVenue], None]


def deploy_venue(world: World, name: str, spec: Venue) -> DeployedVenue:
    """Deploy a venue without reserves."""
    return _KINDS[type(spec)].deploy(world, name, spec)


def fund_venue(world: World, venue: DeployedVenue) -> None:
    """Give a venue the reserves that the scenario states."""
    _KINDS[type(venue.spec)].fund(world, venue)


def _kind(
    spec_of: type[S],
    handle: Callable[..., DeployedVenue],
    deploy: Callable[[World, str, S], Contract],
    fund: Callable[[World, DeployedVenue, list[tuple[str, int]]], None] | None,
) -> tuple[type[VenueBase], _Kind]:
    """Join a class of parameters to its handle, deployment and funding, and check at run time what the types say."""

    def deployed(world: World, name: str, spec: Venue) -> DeployedVenue:
        if not isinstance(spec, spec_of):
            raise TypeError(f"venues.{name} is a {type(spec).__name__}, expected a {spec_of.__name__}")
        tokens = {symbol: token.address for symbol, token in world.tokens.items()}
        contract = deploy(world, name, spec)
        return handle(name=name, spec=spec, contract=contract, router=world.router, tokens=tokens)

    def funded(world: World, venue: DeployedVenue) -> None:
        if fund is not None:
            fund(world, venue, _endowed(world, venue))

    return spec_of, _Kind(deployed, funded)


def _endowed(world: World, venue: DeployedVenue) -> list[tuple[str, int]]:
    """Mint the reserves of a venue to the liquidity provider, and return them by coin in smallest units."""
    amounts, provider = [], address_of(_PROVIDER)
    for coin in venue.coins:
        raw = raw_amount(world.scenario.spec, coin, venue.spec.stock_of(coin) or Decimal(0))
        # Minted and not taken from anyone: the liquidity of venues is an input of the scenario.
        world.mint(coin, [(provider, raw)])
        amounts.append((coin, raw))
    return amounts


def _deploy_venue(world: World, name: str, spec: VenueBase, *arguments: object) -> Contract:
    return deploy_part(world, spec.kind, spec.contract, *arguments, name=name, key=f"venues.{name}.contract")


def _deploy_fixed_rate(world: World, name: str, spec: FixedRateVenue) -> Contract:
    tokens = (world.tokens[coin].address for coin in spec.coins)
    return _deploy_venue(world, name, spec, world.oracle.address, *tokens)


def _deploy_pair(world: World, name: str, spec: ConstantProductVenue) -> Contract:
    return _deploy_venue(world, name, spec, *(world.tokens[coin].address for coin in spec.coins))


def _deploy_stable_swap(world: World, name: str, spec: StableSwapVenue) -> Contract:
    return _deploy_venue(
        world,
        name,
        spec,
        name,
        name,
        [world.tokens[coin].address for coin in spec.coins],
        spec.amplification,
        int(spec.fee_bps * _FEE_DENOMINATOR_PER_BPS),
        int(spec.offpeg_fee_multiplier * _OFFPEG_DENOMINATOR),
        _ADMIN_FEE,
        world.deployer,
    )


def _send_reserves(world: World, venue: DeployedVenue, reserves: list[tuple[str, int]]) -> None:
    provider = address_of(_PROVIDER)
    world.setup(
        ((provider, world.tokens[coin], "transfer", (venue.contract.address, raw)) for coin, raw in reserves),
        intent=Intent.ADD_LIQUIDITY,
    )


def _mint_pair(world: World, venue: DeployedVenue, reserves: list[tuple[str, int]]) -> None:
    _send_reserves(world, venue, reserves)
    provider = address_of(_PROVIDER)
    world.setup([(provider, venue.contract, "mint", (provider,))], intent=Intent.ADD_LIQUIDITY)


def _add_liquidity(world: World, venue: DeployedVenue, reserves: list[tuple[str, int]]) -> None:
    pool, provider = venue.contract, address_of(_PROVIDER)
    amounts = [raw for _, raw in reserves]
    world.setup(
        [
            *((provider, world.tokens[coin], "approve", (pool.address, raw)) for coin, raw in reserves),
            # No least shares: nobody trades during set-up.
            (provider, pool, "add_liquidity(uint256[],uint256,address)", (amounts, 0, provider)),
        ],
        intent=Intent.ADD_LIQUIDITY,
    )


def whitelist(world: World, venue: DeployedVenue, accounts: Sequence[str]) -> None:
    """Let accounts mint and redeem at a minting contract, some hundreds per transaction; other venues need nothing."""
    if not venue.spec.mints:
        return
    # A batch per transaction: one call per account would take most of the set-up of a large cohort.
    batches = [accounts[start : start + _WHITELIST_OF] for start in range(0, len(accounts), _WHITELIST_OF)]
    world.setup(
        ((world.deployer, venue.contract, "setWhitelistedBenefactors", (batch, True)) for batch in batches),
        intent=Intent.WHITELIST,
        gas=_WHITELIST_GAS,
    )


def prepare_redemption(world: World) -> None:
    """Set window, limits, fee and buffer of every minting contract as they are when the crash begins.

    Raises
    ------
    ScenarioError
        When a contract holds less than the buffer asked for.
    """
    for venue in world.venues.values():
        if isinstance(venue.spec, ParMintVenue):
            world.setup(_window(world, venue.contract, venue.spec), intent=Intent.CONFIGURE)
            _leave_buffer(world, venue, venue.spec)


def _deploy_minting(world: World, name: str, spec: ParMintVenue) -> Contract:
    """Deploy a minting contract without limits, with the deployer in every role, for the build of the loops."""
    custody = world.enlist("custody", role=Role.CUSTODY)
    minting = _deploy_venue(
        world,
        name,
        spec,
        world.tokens[spec.asset_out].address,
        world.tokens[spec.asset_in].address,
        [custody],
        world.deployer,
        MAX_UINT256,
        MAX_UINT256,
    )
    roles = (_MINTER_ROLE, _GATEKEEPER_ROLE)
    world.setup(
        ((world.deployer, minting, "grantRole", (role, world.deployer)) for role in roles), intent=Intent.CONFIGURE
    )
    return minting


def _window(world: World, minting: Contract, spec: ParMintVenue) -> Iterator[SetupCall]:
    window, deployer = spec.redemption, world.deployer
    if not window.open:
        yield deployer, minting, "disableMintRedeem", ()
        return
    yield deployer, minting, "setFees", (0, window.fee_bps)
    # A limit that the scenario leaves out stays at the largest number, with which the contract was deployed.
    for function, limit in (
        ("setMaxRedeemPerBlock", window.limit_per_block),
        ("setMaxMintPerBlock", window.mint_limit_per_block),
    ):
        if limit is not None:
            yield deployer, minting, function, (raw_amount(world.scenario.spec, spec.asset_out, limit),)


def _leave_buffer(world: World, venue: DeployedVenue, spec: ParMintVenue) -> None:
    """Leave exactly the buffer in the contract; the excess goes to the reserve, or to custody without one."""
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
        # The reserve is the custodian of its own backing; without one, the surplus leaves the model.
        keeper = world.reserve.address if has_reserve and world.reserve is not None else address_of("custody")
        world.setup(
            [(world.deployer, minting, "transferToCustody", (keeper, token.address, surplus))], intent=Intent.CUSTODY
        )


_KINDS = dict(
    [
        _kind(ParMintVenue, MintingContract, _deploy_minting, None),
        _kind(FixedRateVenue, FixedRatePool, _deploy_fixed_rate, _send_reserves),
        _kind(StableSwapVenue, StableSwapPool, _deploy_stable_swap, _add_liquidity),
        _kind(ConstantProductVenue, ConstantProductPair, _deploy_pair, _mint_pair),
    ]
)
"""Kinds of venue by class of parameters: the one place that joins a kind to its deployment."""
