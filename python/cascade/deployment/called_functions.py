"""What is called of each part that a user may replace: by the harness itself, and by its contracts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cascade.chain.abi import Function, Interface
from cascade.chain.artifacts import Artifact

__all__ = ["PARTS", "Part", "missing_from"]

_TRADERS = ("Lens", "Liquidator", "Deleverager", "Router", "AmmSpotFeed")
"""Contracts that read venues, or trade there."""


@dataclass(frozen=True)
class Part:
    """A part of the world that a contract of the user's own may play.

    Attributes
    ----------
    noun : str
        What the part is, for messages.
    contract : str
        The harness's contract, whose signatures count.
    functions : tuple of str
        Functions that the harness calls itself, by name or signature.
    callers : tuple of str
        Contracts that call it. What they call is found in their bytecode.
    events : tuple of str
        Events that the harness reads.
    has_arguments : bool
        Whether the user's contract gets the arguments of the harness's where the scenario states none.
    """

    noun: str
    contract: str
    functions: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    has_arguments: bool = True


PARTS: Mapping[str, Part] = {
    "pool": Part(
        noun="lending pool",
        contract="LendingPool",
        functions=(
            "supply",
            "withdraw",
            "borrow",
            "repay",
            "liquidationCall",
            "setUserEMode",
            "setUserUseReserveAsCollateral",
            "getVirtualUnderlyingBalance",
        ),
        callers=("PoolConfigurator", "Lens", "Liquidator", "Deleverager", "AToken", "VariableDebtToken"),
        events=("LiquidationCall", "DeficitCreated", "FlashLoan", "ReserveDataUpdated", "Withdraw"),
    ),
    "strategy": Part(
        noun="rate strategy",
        contract="DefaultReserveInterestRateStrategyV2",
        callers=("LendingPool", "PoolConfigurator"),
    ),
    "feed": Part(
        noun="price source",
        contract="PostedPriceFeed",
        functions=("latestAnswer", "latestRoundData", "decimals"),
        has_arguments=False,
    ),
    "stable-swap": Part(
        noun="stable-swap pool",
        contract="StableSwapPool",
        functions=(
            "add_liquidity(uint256[],uint256,address)",
            "remove_liquidity(uint256,uint256[])",
            "exchange(int128,int128,uint256,uint256,address)",
            "get_p",
            "get_dy",
            "balanceOf",
            "totalSupply",
        ),
        callers=_TRADERS,
        events=("TokenExchange", "SpotPrice"),
    ),
    "constant-product": Part(
        noun="constant-product pair",
        contract="ConstantProductPair",
        functions=("mint", "burn", "transfer", "balanceOf", "totalSupply"),
        callers=_TRADERS,
        events=("Swap", "Sync"),
    ),
    "fixed-rate": Part(
        noun="fixed-rate pool",
        contract="FixedRatePool",
        functions=("exchange(int128,int128,uint256,uint256,address)",),
        callers=_TRADERS,
        events=("TokenExchange",),
    ),
    "par-mint": Part(
        noun="minting contract",
        contract="EthenaMinting",
        functions=(
            "grantRole",
            "setWhitelistedBenefactors",
            "disableMintRedeem",
            "setFees",
            "setMaxRedeemPerBlock",
            "setMaxMintPerBlock",
            "transferToCustody",
        ),
        callers=("HedgedReserve",),
        events=("Mint", "Redeem"),
    ),
    "liquidator": Part(
        noun="liquidator",
        contract="Liquidator",
        functions=("liquidate",),
        callers=("LendingPool",),
    ),
}
"""Parts by name; venues by their kind."""


def missing_from(interface: Interface, part: str, shipped: Mapping[str, Artifact]) -> list[str]:
    """Return the signatures of functions and events that a part must have and an interface lacks, in order.

    Parameters
    ----------
    shipped : mapping of str to Artifact
        The harness's own contracts by name.
    """
    spec = PARTS[part]
    model = shipped[spec.contract].interface
    own_events = {event.name: topic for topic, event in interface.events.items()}
    missing = [
        function.signature
        for function in _called(spec, model, shipped)
        if function.signature not in interface.functions
    ]
    for topic, event in model.events.items():
        if event.name in spec.events and own_events.get(event.name) != topic:
            missing.append(f"event {event.name}")
    return missing


def _called(spec: Part, model: Interface, shipped: Mapping[str, Artifact]) -> Iterator[Function]:
    """Yield each function of the harness's contract that something calls, once."""
    called = {model.functions[name].signature for name in spec.functions}
    functions = {function.signature: function for function in model.functions.values()}
    for caller in (shipped[name] for name in spec.callers):
        for signature, function in functions.items():
            # A contract has the selector of a function that it calls as the operand of a PUSH4. It has those of its
            # own functions as well, to dispatch calls: these say nothing.
            if f"63{function.selector[2:]}" in caller.bytecode and signature not in caller.interface.functions:
                called.add(signature)
    yield from (functions[signature] for signature in sorted(called))
