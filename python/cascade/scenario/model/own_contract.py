"""A contract of the user's own, which takes the place of one that the harness deploys."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

from cascade.scenario.model.common import Spec

__all__ = ["ContractSpec", "OwnContractKey"]

_SOURCE = re.compile(r"(?P<file>.+\.(?P<kind>sol|json))(?::(?P<name>[A-Za-z_$][\w$]*))?", re.DOTALL)

Argument = bool | int | str | list[bool | int | str | list[bool | int | str]]
"""Value of an argument of a constructor, as YAML has it; a struct is a list."""


def _reference(value: object) -> object:
    """Refuse a source that names neither a contract of a Solidity file nor the file of a compiled one."""
    match = _SOURCE.fullmatch(value) if isinstance(value, str) else None
    if match is None or (match["kind"] == "sol" and match["name"] is None):
        raise ValueError("expected path/File.sol:Contract, or the path of an artifact in JSON")
    return value


class ContractSpec(Spec):
    """A contract of your own: Solidity that ape compiles, or an artifact that another tool has compiled."""

    source: Annotated[str, BeforeValidator(_reference)]
    """`path/File.sol:Contract`, or the path of an artifact in JSON as Foundry, Hardhat, solc or ape write it; relative
    to the folder of the file that states it."""
    arguments: list[Argument] | None = None
    """Arguments of its constructor; null passes those of the contract that it replaces. A text that begins with `$` is
    an address: `$deployer`, `$provider`, `$pool`, `$oracle`, `$strategy`, `$owner`, `$tokens.USDC`, `$feeds.USDC`,
    `$venues.NAME`, as far as the contract is already there. docs/CONTRACTS.md lists what each part has."""

    @property
    def path(self) -> str:
        """Path of the file, without the name of the contract."""
        match = _SOURCE.fullmatch(self.source)
        return match["file"] if match is not None else self.source

    @property
    def contract_name(self) -> str | None:
        """Name of the contract in its file; None for an artifact, which holds one."""
        match = _SOURCE.fullmatch(self.source)
        return match["name"] if match is not None else None


def _is_null(value: object) -> bool:
    return value is None


# Left out where it is null: scenarios without it keep the parameters, and hence the ids of runs, that they had before.
OwnContractKey = Annotated[ContractSpec | None, Field(exclude_if=_is_null)]
"""The key of a part that may be deployed from a contract of the user's own; null deploys the harness's."""
