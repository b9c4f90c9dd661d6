"""Send the same transactions through ape's own contract objects, to measure the fast way against it."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

from eth_utils import to_checksum_address

from cascade.chain.anvil import Anvil
from cascade.chain.artifacts import Artifact
from cascade.chain.local import Transaction
from cascade.chain.receipt import RawReceipt
from cascade.errors import ChainError

__all__ = ["ape_calls_per_second"]


def ape_calls_per_second(
    anvil: Anvil,
    transactions: Sequence[Transaction],
    artifacts: Mapping[str, Artifact],
    *,
    setup_tape: Sequence[Transaction],
) -> float:
    """Send transactions one by one as `contract.fn(*args, sender=account)`, and return how many were sent per second.

    Parameters
    ----------
    anvil : Anvil
        The chain, with all contracts deployed and senders funded.
    transactions : sequence of Transaction
        Calls of deployed contracts; those that create one are left out.
    setup_tape : sequence of Transaction
        Transactions that deployed the contracts; they tell which contract is at which address.

    Raises
    ------
    ChainError
        When a transaction fails.
    """
    import ape
    from ape.logging import LogLevel, logger

    anvil.rpc.call("evm_setAutomine", True)
    kinds = _contracts_by_address(anvil, setup_tape)
    with (
        logger.at_level(LogLevel.ERROR),
        ape.networks.parse_network_choice("ethereum:local:foundry", provider_settings={"host": anvil.rpc.url}),
    ):
        contracts = {
            address: ape.Contract(address, abi=[dict(entry) for entry in artifacts[name].interface.abi])
            for address, name in kinds.items()
        }
        accounts = {
            sender: ape.accounts.test_accounts.impersonate_account(sender)
            for sender in {transaction.sender for transaction in transactions}
        }
        calls = []
        for transaction in transactions:
            if transaction.to is not None:
                interface = artifacts[kinds[transaction.to]].interface
                function = next(f for f in interface.functions.values() if transaction.data.startswith(f.selector))
                contract = contracts[transaction.to]
                calls.append((transaction, contract, function.name, function.decode_arguments(transaction.data)))
        started = time.perf_counter()
        for transaction, contract, name, arguments in calls:
            receipt = getattr(contract, name)(
                *arguments, sender=accounts[transaction.sender], gas_limit=transaction.gas_limit
            )
            if receipt.failed:
                raise ChainError(f"{name} failed through ape")
        return len(calls) / (time.perf_counter() - started)


def _contracts_by_address(anvil: Anvil, setup: Sequence[Transaction]) -> dict[str, str]:
    """Return the name of the contract at each address, from the order in which they were created."""
    kinds: dict[str, str] = {}
    number = int(anvil.rpc.call_as(str, "eth_blockNumber"), 16)
    names = iter(transaction.creates for transaction in setup if transaction.to is None)
    for block in range(1, number + 1):
        for receipt in anvil.rpc.call_as(list[RawReceipt], "eth_getBlockReceipts", hex(block)):
            if receipt.contract_address:
                kinds[to_checksum_address(receipt.contract_address)] = next(names)
    return kinds
