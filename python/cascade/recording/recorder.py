"""Collect the rows of every recorded table while a run goes on, from receipts, events and views at a block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from cascade.agents.interface import MarginNote
from cascade.chain.local import Block, Transaction, address_of
from cascade.observation import BlockView
from cascade.positions.accounts.plan import AccountsPlan
from cascade.positions.build import LoopRound
from cascade.recording.account_rows import AccountRows, other_deficit_rows, stated_account_rows
from cascade.recording.chain_state import ChainState
from cascade.recording.event_rows import event_row
from cascade.recording.exchange_rows import ExchangeRows
from cascade.recording.health_watch import HealthWatch
from cascade.recording.liquidation_rows import LiquidationRows
from cascade.recording.market_events import MarketEvents
from cascade.recording.mined import MinedTransaction
from cascade.recording.position_rows import flow_rows, position_row, unwind_rows
from cascade.recording.tables import (
    BlockRow,
    BlockStamp,
    DrawnFigureRow,
    Identity,
    LoopRow,
    MarginEventRow,
    PriceMoveRow,
    Row,
    TransactionRow,
    WithdrawalRow,
)
from cascade.recording.traced_liquidations import TracedLiquidations
from cascade.recording.transaction_record import TransactionRecord
from cascade.scenario.members import drawn_figures
from cascade.vocabulary import Intent, Lane, Motive, Phase, PositionEvent, Role, TransactionStatus
from cascade.world.world import Actor, World

__all__ = ["Recorder"]

_NO_OWN_CHANGE = (Intent.LIQUIDATE, Intent.POST, Intent.POKE, Intent.FOLLOW_PATH, Intent.EVENT)
"""Intents of transactions in which no owner changes a position; a liquidation has a row of its own."""

_OWN_CHANGES: Mapping[str, PositionEvent] = {
    Intent.UNWIND: PositionEvent.UNWOUND,
    Intent.STOP: PositionEvent.STOPPED,
    Intent.REPAY: PositionEvent.REPAID,
    Intent.TOP_UP: PositionEvent.TOPPED_UP,
    Intent.LOOP: PositionEvent.LOOPED,
}
"""Event of a position that its owner changed, by the intent of the transaction; `changed` for every other intent."""


class Recorder:
    """Collect every recorded table's rows while a run goes on.

    Nothing is recorded that receipts, events, views at a block, or the proposals themselves do not show. The order in
    which the rows of one table are collected is the order in which they are written.

    Parameters
    ----------
    world : World
        The world whose blocks are recorded. It is empty when recording begins: its deployment is recorded too.
    run_id : str
        Identity of the run.
    seed : int
        Seed of the run.
    """

    def __init__(self, world: World, *, run_id: str, seed: int) -> None:
        self._world = world
        self._identity: Identity = {"run_id": run_id, "seed": seed}
        self._rows: list[Row] = []
        self._blocks: list[BlockRow] = []
        self._phase, self._step = Phase.BUILD, -1
        self._lane_of_empty = Lane.CHAIN
        self._state = ChainState(world)
        self._markets = MarketEvents(world)
        self._watch = HealthWatch(world)
        self._liquidations = LiquidationRows(world, self._watch)
        self._accounts = AccountRows(world, AccountsPlan())
        self._deployed_exchange: ExchangeRows | None = None
        self._latest: Sequence[MinedTransaction] = ()
        self._traced = TracedLiquidations(world)

    @property
    def rows(self) -> list[Row]:
        """Every row collected so far, of all tables."""
        return [*self._blocks, *self._rows]

    def traces(self) -> list[TransactionRecord]:
        """Return the transactions of the run that are kept in full; the node must still be there."""
        return self._traced.records()

    def on_block(self, block: Block, transactions: Sequence[Transaction]) -> None:
        """Record a mined block: its own row, its transactions, and what their events show."""
        at = self._stamp(block.number, block.timestamp)
        # All transactions of a block share its lane: the two lanes are mined in separate blocks.
        lane = transactions[0].lane if transactions else self._lane_of_empty
        # In a step the exchange's block comes first: the next one without transactions is the chain's.
        self._lane_of_empty = Lane.CHAIN
        self._blocks.append(_block_row(at, block, lane, transactions))
        # A set-up block counts as a step of its own; in the crash, the exchange's and the chain's block make one step.
        if self._phase is Phase.BUILD:
            self._watch.forget_falls()
        found = [
            MinedTransaction(at, transaction, receipt, self._actor(receipt.sender))
            for transaction, receipt in zip(transactions, block.receipts, strict=True)
        ]
        # A step of a chain with a time of its own may be spread over several blocks.
        goes_on = self._world.chain.keeps_own_time and self._phase is Phase.CRASH
        self._latest = [*self._latest, *found] if goes_on else found
        for mined in found:
            self._rows.append(self._transaction_row(mined, lane))
            if mined.transaction.event in self._world.scenario.spec.events:
                self._rows.append(event_row(self._world, mined))
            self._record_events(mined)
            if mined.transaction.intent == Intent.WITHDRAW and mined.sender.role == Role.LENDER:
                self._rows.append(self._withdrawal_row(mined))

    def before_block(self, step: int) -> None:
        """Begin a step of the crash: the next blocks are the exchange's, where there is one, and the chain's."""
        self._phase, self._step = Phase.CRASH, step
        self._latest = ()
        self._lane_of_empty = Lane.CHAIN if self._world.exchange is None else Lane.EXCHANGE
        self._watch.forget_falls()

    def noted(self, note: MarginNote, *, step: int) -> None:
        """Record a step of a margin call."""
        self._rows.append(
            MarginEventRow(
                **self._stamp_of_proposal(step),
                borrower=note.borrower,
                event=note.event,
                ltv_bps=note.ltv_bps,
                deadline_timestamp=note.deadline_timestamp,
                needed_raw=note.needed_raw,
                raised_raw=note.raised_raw,
            )
        )

    def after_block(self, view: BlockView, block: Block, *, queued: int, queued_gas: int) -> None:
        """Record the state after a crash block, and what the block did to positions.

        Parameters
        ----------
        queued, queued_gas : int
            Transactions left waiting for space, and the gas that they reserve.
        """
        self._blocks[-1] = replace(self._blocks[-1], queued=queued, queued_gas=queued_gas)
        at = self._stamp(block.number, block.timestamp)
        self._rows += self._state.prices(at, view)
        self._rows += self._state.health(at, view)
        self._rows += self._state.liquidity(at, view)
        self._rows += self._state.reserve(at, view)
        self._record_exchange_state(at, view)
        # A position that its owner changed and a keeper liquidated in the same block has one row, as liquidated.
        changed = self._record_own_changes()
        changed.update(self._record_liquidations(block))
        self._rows += other_deficit_rows(self._world, view, self._latest)
        self._record_positions(at, view, changed)
        # After the liquidations, whose rows say since when the borrower had been unhealthy before this block.
        self._watch.observe(view, step=self._step)

    def built(self, view: BlockView, rounds: Iterable[LoopRound], accounts: AccountsPlan) -> None:
        """Record the finished build: accounts of a file, rounds of loops, positions, and the state that it leaves."""
        self._rows += stated_account_rows(self._identity, accounts)
        self._rows += self._drawn_rows()
        self._accounts = AccountRows(self._world, accounts)
        self._rows += [self._loop_row(entry) for entry in rounds]
        at = self._stamp_now()
        self._record_all_positions(at, view, PositionEvent.BUILT)
        self._rows += self._state.prices(at, view)
        self._rows += self._state.liquidity(at, view)
        self._rows += self._state.reserve(at, view)
        self._record_exchange_state(at, view, event=PositionEvent.BUILT)
        self._watch.observe(view, step=self._step)

    def _drawn_rows(self) -> Iterator[DrawnFigureRow]:
        scenario = self._world.scenario
        for drawn in drawn_figures(scenario.spec, seed=scenario.seed):
            yield DrawnFigureRow(
                **self._identity, account=drawn.member, cohort=drawn.entry, key=drawn.key, value=f"{drawn.value:f}"
            )

    def ended(self, view: BlockView) -> None:
        """Record every position and every margin account as the run leaves it."""
        at = self._stamp_now()
        self._record_all_positions(at, view, PositionEvent.END)
        if self._exchange is not None:
            self._rows += self._exchange.at_the_end(at, view)

    def rejected(
        self, *, step: int, sender: str, intent: str, reason: str, motive: Motive, error: str, proposed_step: int
    ) -> None:
        """Record a proposal that was never sent."""
        actors = self._world.actors
        # The sender is an address where there was a proposal; an agent that raised is given by its name instead, which
        # may be the name of no actor.
        actor = actors.get(sender) or actors.get(address_of(sender)) or Actor(name=sender, role=Role.AGENT)
        self._rows.append(
            TransactionRow(
                **self._stamp_of_proposal(step),
                lane=Lane.CHAIN,
                transaction_index=-1,
                tx_hash="",
                actor=actor.name,
                role=actor.role,
                cohort=actor.cohort,
                intent=intent,
                reason=reason,
                motive=motive,
                target="",
                status=TransactionStatus.REJECTED,
                revert_reason=error,
                proposed_step=proposed_step,
                gas_limit=0,
                gas_used=0,
                tip_wei=0,
                fee_wei=0,
            )
        )

    @property
    def _exchange(self) -> ExchangeRows | None:
        # The exchange is deployed while blocks are already recorded.
        if self._deployed_exchange is None and self._world.exchange is not None:
            self._deployed_exchange = ExchangeRows(self._world, self._world.exchange)
        return self._deployed_exchange

    def _stamp(self, block_number: int, timestamp: int) -> BlockStamp:
        return {
            **self._identity,
            "phase": self._phase,
            "step": self._step,
            "block_number": block_number,
            "timestamp": timestamp,
        }

    def _stamp_now(self) -> BlockStamp:
        return self._stamp(self._world.chain.block_number, self._world.chain.timestamp)

    def _stamp_of_proposal(self, step: int) -> BlockStamp:
        # Proposals of a step are made at the block before it: the recorder's own step is still the one before.
        return {**self._stamp_now(), "phase": Phase.CRASH, "step": step}

    def _actor(self, address: str) -> Actor:
        return self._world.actors.get(address) or Actor(name=address, role=Role.UNKNOWN)

    def _transaction_row(self, mined: MinedTransaction, lane: Lane) -> TransactionRow:
        transaction, receipt = mined.transaction, mined.receipt
        # The node charges every transaction; the exchange charges no gas, so its lane records neither tip nor fee.
        is_charged = lane is Lane.CHAIN
        return TransactionRow(
            **mined.at,
            lane=lane,
            transaction_index=receipt.transaction_index,
            tx_hash=receipt.tx_hash,
            actor=mined.sender.name,
            role=mined.sender.role,
            cohort=mined.sender.cohort,
            intent=transaction.intent,
            reason=transaction.reason,
            motive=transaction.motive,
            # A contract that another one created, and that nothing here names, has an empty target.
            target=self._world.contract_names.get(transaction.to or "", transaction.creates),
            status=TransactionStatus.OK if receipt.ok else TransactionStatus.REVERTED,
            revert_reason=receipt.revert_reason,
            proposed_step=transaction.proposed_step,
            gas_limit=transaction.gas_limit,
            gas_used=receipt.gas_used,
            tip_wei=transaction.tip_wei if is_charged else 0,
            fee_wei=receipt.fee_wei if is_charged else 0,
        )

    def _record_events(self, mined: MinedTransaction) -> None:
        for row in self._markets.read(mined):
            self._rows.append(row)
            if isinstance(row, PriceMoveRow):
                self._watch.note_move(row)
        if self._exchange is None:
            return
        for found in self._exchange.of_transaction(mined):
            self._rows.append(found)
            # A book's price touches health factors only where the lending pool's oracle reads the book's index.
            if isinstance(found, PriceMoveRow) and self._exchange.is_at_oracle(found.market):
                self._watch.note_move(found)

    def _record_exchange_state(self, at: BlockStamp, view: BlockView, *, event: PositionEvent | None = None) -> None:
        if self._exchange is None:
            return
        for asset, source, price_e8 in self._exchange.prices(view):
            self._rows += self._state.price(at, asset, source, price_e8)
        self._rows += self._exchange.of_state(at, view, event=event)

    def _withdrawal_row(self, mined: MinedTransaction) -> WithdrawalRow:
        pool, receipt = self._world.pool, mined.receipt
        # The event names what was paid; only the call itself shows what was asked for, also where it reverted.
        token, asked, _ = pool.interface.functions["withdraw"].decode_arguments(mined.transaction.data)
        asset = next(symbol for symbol, known in self._world.tokens.items() if known.address.lower() == token.lower())
        paid = [log for log in receipt.logs_of({pool.address.lower()}) if log.event == "Withdraw"]
        return WithdrawalRow(
            **mined.at,
            tx_hash=receipt.tx_hash,
            lender=mined.sender.name,
            asset=asset,
            asked_raw=asked,
            got_raw=sum(log.arguments["amount"] for log in paid),
            revert_reason=receipt.revert_reason,
        )

    def _record_own_changes(self) -> dict[str, PositionEvent]:
        """Record what owners did with their positions in the latest block; return their names, and what they did."""
        changed: dict[str, PositionEvent] = {}
        for mined in self._latest:
            if not mined.receipt.ok or mined.transaction.intent in _NO_OWN_CHANGE:
                continue
            event = _OWN_CHANGES.get(mined.transaction.intent, PositionEvent.CHANGED)
            for flow in flow_rows(self._world, mined):
                self._rows.append(flow)
                changed[flow.account] = event
            for unwind in unwind_rows(self._world, mined):
                self._rows.append(unwind)
                changed[unwind.borrower] = event
        return changed

    def _record_liquidations(self, block: Block) -> dict[str, PositionEvent]:
        """Record the liquidations of the latest block; return the names of the borrowers liquidated."""
        found = [row for mined in self._latest for row in self._liquidations.of(mined)]
        self._rows += found
        self._traced.take(block, self._latest, found)
        return {row.borrower: PositionEvent.LIQUIDATED for row in found}

    def _record_positions(self, at: BlockStamp, view: BlockView, changed: Mapping[str, PositionEvent]) -> None:
        """Record the positions of the borrowers named."""
        if not changed:
            return
        for state in view.positions():
            event = changed.get(state.entry.borrower)
            if event is not None:
                self._rows.append(position_row(at, view, state, event))
        self._rows += self._accounts.changed(at, view, changed)

    def _record_all_positions(self, at: BlockStamp, view: BlockView, event: PositionEvent) -> None:
        self._rows += [position_row(at, view, state, event) for state in view.positions()]
        self._rows += self._accounts.all(at, view, event)

    def _loop_row(self, entry: LoopRound) -> LoopRow:
        return LoopRow(
            **self._identity,
            borrower=entry.borrower,
            cohort=entry.cohort,
            round=entry.round,
            block_number=entry.block_number,
            borrowed_raw=entry.borrowed_raw,
            swapped_raw=entry.swapped_raw,
            supplied_raw=entry.supplied_raw,
            collateral_raw=entry.collateral_raw,
            debt_raw=entry.debt_raw,
        )


def _block_row(at: BlockStamp, block: Block, lane: Lane, transactions: Sequence[Transaction]) -> BlockRow:
    return BlockRow(
        **at,
        lane=lane,
        transactions=len(transactions),
        # The engine counts its queue after the block; `after_block` fills these in.
        queued=0,
        queued_gas=0,
        gas_used=block.gas_used,
        gas_limit=block.gas_limit,
        base_fee_wei=block.base_fee_wei,
    )
