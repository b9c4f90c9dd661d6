"""What a deployment costs in gas, found by making it on a chain of one's own first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cascade.chain.anvil import Anvil
from cascade.chain.live.chain import GasKey, gas_key
from cascade.chain.local import Block, LocalChain, Transaction
from cascade.run.progress import quiet
from cascade.staging.chains import BUILD_GAS_LIMIT
from cascade.staging.world import Prepared, build_world, deploy_contracts, empty_world

__all__ = ["GasEstimate", "estimate_gas"]

_SPARE, _SPARE_GAS = 1.5, 40_000
"""How much more gas than was used is allowed, as a factor and beyond: storage and times differ a little."""


@dataclass(frozen=True)
class GasEstimate:
    """Gas of a deployment.

    Attributes
    ----------
    total : int
        Of all its transactions.
    transactions : int
        Their number.
    limits : mapping of GasKey to int
        What each kind of transaction is allowed to use.
    """

    total: int
    transactions: int
    limits: Mapping[GasKey, int]


def estimate_gas(prepared: Prepared, *, with_positions: bool) -> GasEstimate:
    """Deploy a world on a fresh local chain, and return the gas that this took.

    Parameters
    ----------
    with_positions : bool
        Whether the positions are built too.
    """
    spec = prepared.inputs.scenario.spec
    used: dict[GasKey, int] = {}
    total, transactions = 0, 0
    with Anvil(timestamp=spec.timeline.genesis_timestamp, gas_limit=BUILD_GAS_LIMIT) as anvil:
        chain = LocalChain(anvil.rpc)

        def count(block: Block, sent: Sequence[Transaction]) -> None:
            nonlocal total, transactions
            for transaction, receipt in zip(sent, block.receipts, strict=True):
                gas = receipt.gas_used or 0
                key = gas_key(chain.kind_at(transaction.to or ""), transaction)
                used[key] = max(used.get(key, 0), gas)
                total, transactions = total + gas, transactions + 1

        chain.on_block = count
        try:
            world = empty_world(chain, prepared)
            if with_positions:
                build_world(world, prepared, progress=quiet())
            else:
                deploy_contracts(world, prepared, progress=quiet())
        finally:
            chain.close()
    return GasEstimate(total, transactions, {key: int(gas * _SPARE) + _SPARE_GAS for key, gas in used.items()})
