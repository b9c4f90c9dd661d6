"""The file of a deployment: what stands where on which chain, for people and for the process that goes on."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cascade.chain.local import Block, Transaction
from cascade.errors import CascadeError
from cascade.world.world import World

__all__ = ["Deployed", "DeploymentFile", "code_sha256", "put_aside"]


@dataclass
class Deployed:
    """One contract that was created."""

    kind: str
    creation_sha256: str
    block: int
    tx_hash: str
    code_sha256: str = ""


@dataclass
class DeploymentFile:
    """What `deployments/NETWORK/SCENARIO.json` holds.

    Attributes
    ----------
    file : Path
        The file.
    about : dict
        Network, chain id, scenario, identity and account.
    state : str
        `deploying`, `deployed`, or `played`.
    contracts : dict of str to Deployed
        By address.
    """

    file: Path
    about: dict[str, Any]
    state: str = "deploying"
    contracts: dict[str, Deployed] = field(default_factory=dict)
    block: int = 0
    cost_wei: int = 0
    played_as: str = ""

    def on_block(self, block: Block, transactions: Sequence[Transaction]) -> None:
        """Take note of the contracts that a block created."""
        self.block = block.number
        for transaction, receipt in zip(transactions, block.receipts, strict=True):
            if receipt.ok and receipt.contract_address is not None:
                self.contracts[receipt.contract_address] = Deployed(
                    kind=transaction.creates,
                    creation_sha256=hashlib.sha256(bytes.fromhex(transaction.data[2:])).hexdigest(),
                    block=block.number,
                    tx_hash=receipt.tx_hash,
                )

    def finish(self, world: World, *, codes: Sequence[str], state: str, cost_wei: int) -> None:
        """Take the code that now stands at each contract, 0x-hex in their order, and write the file.

        Parameters
        ----------
        state : str
            What has been reached: `deployed`, or `played`.
        """
        for deployed, code in zip(self.contracts.values(), codes, strict=True):
            deployed.code_sha256 = code_sha256(code)
        self.state, self.cost_wei = state, cost_wei
        self.write(world)

    def write(self, world: World) -> None:
        """Write the file as a whole, under a temporary name first."""
        names = world.contract_names
        entries = {
            names.get(address, address): {"address": address, **vars(deployed)}
            for address, deployed in self.contracts.items()
        }
        text = json.dumps(
            {
                **self.about,
                "state": self.state,
                "block": self.block,
                "cost_wei": str(self.cost_wei),
                "played_as": self.played_as,
                "contracts": entries,
                "created_by_contracts": {
                    name: address for address, name in names.items() if address not in self.contracts
                },
                "actors": {actor.name: address for address, actor in world.actors.items()},
            },
            indent=2,
        )
        self.file.parent.mkdir(parents=True, exist_ok=True)
        partial = self.file.with_name(f"{self.file.name}.{os.getpid()}")
        partial.write_text(text + "\n", encoding="utf-8")
        partial.replace(self.file)

    def earlier(self) -> dict[str, Any]:
        """Return what an earlier process wrote; empty where there is no file.

        Raises
        ------
        CascadeError
            When the file is no deployment.
        """
        if not self.file.is_file():
            return {}
        try:
            found = json.loads(self.file.read_text(encoding="utf-8"))
            found["state"], found["contracts"], found["chain_id"]
        except (ValueError, KeyError, TypeError) as error:
            raise CascadeError(f"{self.file}: is no deployment of cascade: move it away") from error
        return dict(found)


def code_sha256(code: str) -> str:
    """Return the hash of a contract's code, 0x-hex."""
    return hashlib.sha256(bytes.fromhex(code[2:])).hexdigest()


def put_aside(*files: Path) -> None:
    """Rename files that a new deployment would overwrite, with the first number that is free."""
    number = 1
    while any(_aside(file, number).exists() for file in files):
        number += 1
    for file in files:
        if file.exists():
            file.rename(_aside(file, number))


def _aside(file: Path, number: int) -> Path:
    return file.with_name(f"{file.stem}.{number}{file.suffix}")
