"""Options of commands that act on a network which others use too: who pays, how much, and which network is meant."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from cascade.errors import CascadeError

if TYPE_CHECKING:
    from cascade.staging.networks import NetworkOptions

__all__ = ["network_options", "options_of"]

F = TypeVar("F", bound=Callable[..., object])

_OPTIONS = (
    click.option("--max-cost", default="0.5", show_default=True, help="Most to spend, in the network's coin."),
    click.option("--max-tip", default="2", show_default=True, help="Most gwei of priority fee, whatever agents bid."),
    click.option(
        "--confirmations", type=click.IntRange(1, 100), default=2, show_default=True, help="Blocks until one counts."
    ),
    click.option("--chain-id", type=click.IntRange(1), default=None, help="Refuse a node of another chain."),
    click.option(
        "--deployments",
        type=click.Path(path_type=Path),
        default=Path("deployments"),
        show_default=True,
        help="Folder of the files of deployments.",
    ),
    click.option("--anew", is_flag=True, help="Put an earlier deployment's files aside, and deploy again."),
    click.option(
        "--yes-this-is-mainnet", "is_mainnet_meant", is_flag=True, help="Allow Ethereum's main network: it costs money."
    ),
)


def network_options(command: F) -> F:
    """Add the options to a click command."""
    return reduce(lambda wrapped, option: option(wrapped), reversed(_OPTIONS), command)


def options_of(network: str, account: str, **options: Any) -> NetworkOptions:
    """Return the options as one object.

    Raises
    ------
    CascadeError
        When cost or tip is no amount.
    """
    from cascade.staging.networks import NetworkOptions

    max_cost = _amount("--max-cost", options.pop("max_cost"), "an amount of the network's coin")
    max_tip = _amount("--max-tip", options.pop("max_tip"), "an amount of gwei")
    return NetworkOptions(network=network, account=account, max_cost=max_cost, max_tip_gwei=max_tip, **options)


def _amount(option: str, text: str, what: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not (amount.is_finite() and amount > 0):
        raise CascadeError(f"{option} = {text}: expected {what} above 0, such as 0.5")
    return amount
