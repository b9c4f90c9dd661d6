"""Rebuild the chain of a finished run up to a block, checked against what the run recorded as it goes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import msgspec

from cascade.chain.chain import BlockObserver
from cascade.chain.local import Block, Transaction
from cascade.errors import CascadeError
from cascade.experiments.restored import restored_inputs
from cascade.node import StandingNode, standing_node
from cascade.recording.tables import LiquidationRow
from cascade.recording.transaction_record import BlockTransaction, TransactionRecord, record_of, with_calls
from cascade.run.differences import Part, RunsDiffer
from cascade.run.input_checks import check_inputs
from cascade.run.opened import Run
from cascade.run.progress import Progress
from cascade.scenario.load import vary
from cascade.vocabulary import Phase, TransactionStatus
from cascade.world.world import World

__all__ = ["Rebuilt", "liquidation_of", "rebuilt_chain", "sent_block"]


@dataclass(frozen=True)
class Rebuilt:
    """The chain of a run, rebuilt up to a block.

    Attributes
    ----------
    node : StandingNode
        The node that holds it.
    record : TransactionRecord, optional
        The transaction that was asked for.
    checked : int
        Transactions that were compared with the run's.
    """

    node: StandingNode
    record: TransactionRecord | None
    checked: int


def liquidation_of(run: Run, number: int) -> LiquidationRow:
    """Return a liquidation of a run by its number in the table, from 1.

    Raises
    ------
    CascadeError
        When the run has no such liquidation.
    """
    rows = run.frames.rows(LiquidationRow)
    if not 1 <= number <= len(rows):
        has = f"expected a number from 1 to {len(rows)}" if rows else "the run has no liquidation"
        raise CascadeError(f"--liquidation = {number}: {has}")
    return rows[number - 1]


def sent_block(run: Run, tx_hash: str) -> int:
    """Return the block of a transaction of a run's crash.

    Raises
    ------
    CascadeError
        When no transaction of the crash has the hash.
    """
    sent = run.transactions
    found = sent[(sent["tx_hash"] == tx_hash.lower()) & (sent["phase"] == Phase.CRASH)]
    if not len(found):
        raise CascadeError(f"--trace = {tx_hash}: no transaction of the run's crash has this hash")
    return int(found["block_number"].iloc[0])


class _Recorded:
    """The transactions of a run by block, against which a second run of its blocks is held.

    Parameters
    ----------
    run : Run
        The run.
    with_hashes : bool
        Whether hashes must be the same; of a run in process they are not, where a tip follows from gas.
    """

    def __init__(self, run: Run, *, with_hashes: bool) -> None:
        self._run = run
        self.with_hashes = with_hashes
        sent = run.transactions
        sent = sent[sent["status"] != TransactionStatus.REJECTED].sort_values(
            ["block_number", "transaction_index"], kind="stable"
        )
        self._by_block: dict[int, list[tuple[str, str]]] = {}
        for block, tx_hash, status in zip(sent["block_number"], sent["tx_hash"], sent["status"], strict=True):
            self._by_block.setdefault(int(block), []).append((tx_hash, status))
        self.checked = 0

    def check(self, block: Block) -> None:
        """Compare a block's transactions with the run's.

        Raises
        ------
        RunsDiffer
            Naming the first transaction that differs.
        """
        was = self._by_block.get(block.number, [])
        now = [
            (one.tx_hash, str(TransactionStatus.OK if one.ok else TransactionStatus.REVERTED)) for one in block.receipts
        ]
        if len(was) != len(now):
            self._refuse(block, f"has {len(now)} transactions, {len(was)} in the run")
        for index, ((hash_was, status_was), (hash_now, status_now)) in enumerate(zip(was, now, strict=True)):
            if self.with_hashes and hash_was != hash_now:
                self._refuse(block, f"transaction {index} is {hash_now}, {hash_was} in the run")
            if status_was != status_now:
                self._refuse(block, f"transaction {index} ended {status_now}, {status_was} in the run")
        self.checked += len(now)

    def _refuse(self, block: Block, what: str) -> None:
        raise RunsDiffer(
            self._run.folder, part=Part.TABLE, what=f"transactions: block {block.number} of the rebuilt chain {what}"
        )


@contextmanager
def rebuilt_chain(
    run: Run,
    *,
    at: int | None = None,
    wanted: int | str | None = None,
    port: int | None = None,
    progress: Progress,
) -> Iterator[Rebuilt]:
    """Rebuild a run's chain on a fresh anvil from its manifest, and yield it while the anvil runs.

    Every block is compared with the tables of the run as it is mined: the hashes of its transactions, which cover
    sender, target, call data and fees, and how they ended.

    Parameters
    ----------
    at : int, optional
        Block to stop after; None stops after the block of `wanted`, or plays the whole run.
    wanted : int or str, optional
        Number of a liquidation, from 1, or the hash of a transaction, whose record is made.
    port : int, optional
        Loopback port; None takes a free one.
    progress : Progress
        Shows the stages.

    Raises
    ------
    CascadeError
        When the run has no such block, liquidation or transaction, or played on a network.
    RunsDiffer
        When an input of the manifest is not the run's, or a block differs from the run's.
    """
    if run.manifest.network is not None:
        raise CascadeError(
            f"{run.folder}: the run played on chain {run.manifest.network.chain_id}, where it cannot be rebuilt: a "
            "node of that chain has its transactions"
        )
    check_inputs(run)
    tx_hash, last = "", run.frames.last_block
    if isinstance(wanted, int):
        row = liquidation_of(run, wanted)
        tx_hash, last = row.tx_hash, row.block_number
    elif wanted is not None:
        tx_hash, last = wanted.lower(), sent_block(run, wanted)
    stop = at if at is not None else last
    if stop < last and tx_hash:
        raise CascadeError(f"--at = {at}: expected a block from {last}, in which the transaction lies")
    with restored_inputs(run) as (scenario, like):
        in_process = scenario.spec.chain.engine != "anvil"
        recorded = _Recorded(run, with_hashes=not in_process)
        taker = _Taker(run, recorded, tx_hash=tx_hash, numbers=_numbers(run, tx_hash))
        with standing_node(
            vary(scenario, {"chain.engine": "anvil"}) if in_process else scenario,
            at=stop,
            port=port,
            progress=progress,
            like=like,
            observe=taker.observe,
        ) as node:
            yield Rebuilt(node, taker.record, recorded.checked)


def _numbers(run: Run, tx_hash: str) -> tuple[int, ...]:
    hashes = run.liquidations["tx_hash"].tolist()
    return tuple(number for number, found in enumerate(hashes, start=1) if found == tx_hash)


class _Taker:
    """Compare every block with the run's, and keep the record of one transaction."""

    def __init__(self, run: Run, recorded: _Recorded, *, tx_hash: str, numbers: tuple[int, ...]) -> None:
        self._recorded, self._numbers = recorded, numbers
        self._place = _place_of(run, tx_hash) if tx_hash else None
        self.record: TransactionRecord | None = None

    def observe(self, world: World) -> BlockObserver:
        def take(block: Block, transactions: Sequence[Transaction]) -> None:
            self._recorded.check(block)
            if self._place is None or block.number != self._place[0]:
                return
            found = BlockTransaction(transactions, block.receipts, self._place[1], block.number)
            record = record_of(world, found)
            record = with_calls(world, record, world.chain.trace(record.tx_hash))
            self.record = msgspec.structs.replace(record, liquidations=self._numbers)

        return take


def _place_of(run: Run, tx_hash: str) -> tuple[int, int]:
    """Return block and position of a transaction: its hash may be another one on the rebuilt chain."""
    sent = run.transactions
    found = sent[sent["tx_hash"] == tx_hash].iloc[0]
    return int(found["block_number"]), int(found["transaction_index"])
