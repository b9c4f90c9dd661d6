"""Rows from receipts, logs and views at a block. Nothing is recorded that these do not show."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cascade.agents.interface import MarginNote
from cascade.chain.local import Block, Receipt, Transaction, address_of
from cascade.observation import BlockView, PositionState, ReserveState
from cascade.positions.build import LoopRound
from cascade.recording.exchange_rows import ExchangeRows
from cascade.recording.liquidation_rows import LiquidationRows
from cascade.recording.market_events import MarketEvents
from cascade.recording.position_rows import flow_rows, unwind_rows
from cascade.recording.tables import TABLES
from cascade.scenario.model import AmmVenue, ParMintVenue
from cascade.scenario.sources import assets_read
from cascade.units import BPS, WAD
from cascade.vocabulary import Motive
from cascade.world.world import Actor, World

__all__ = ["Recorder"]

DEPTH_BPS = (50, 200, 1000)
"""Distances from the price at which depth is recorded, in 1e-4."""

HEALTH_EDGES_BPS = (
    0, 5000, 8000, 9000, 9500, 10_000, 10_100, 10_200, 10_500, 11_000, 11_500, 12_000, 13_000, 15_000, 20_000, 2**31,
)  # fmt: skip
"""Edges of the buckets of health factors, in 1e-4."""

_NO_POSITION = ("liquidate", "post", "poke", "follow-path")
"""Intents of transactions that change nobody's own position; a liquidation has a row of its own."""

_CHAIN, _EXCHANGE = "chain", "exchange"
"""Lane of what is mined in the chain's own blocks."""

_OWN_EVENTS = {"unwind": "unwound", "stop": "stopped", "repay": "repaid", "top-up": "topped-up", "loop": "looped"}
"""What a change by its owner is called, by the intent of the transaction."""

Row = dict[str, Any]


class Recorder:
    """Collects every table's rows while a run goes on.

    Parameters
    ----------
    run_id : str
        Identity of the run.
    seed : int
        Its seed.
    """

    def __init__(self, *, run_id: str, seed: int) -> None:
        self.rows: dict[str, list[Row]] = {name: [] for name in TABLES}
        self._identity = {"run_id": run_id, "seed": seed}
        self._lane_of_empty = _CHAIN
        self._phase, self._step = "build", -1
        self._world: World | None = None
        self._last_price: dict[tuple[str, str], int] = {}
        self._depth_at_price: dict[str, int] = {}
        self._last_reserve: ReserveState | None = None
        self._liquidation_rows: LiquidationRows | None = None
        self._events: MarketEvents | None = None
        self._exchange: ExchangeRows | None = None
        self._last_falls: dict[str, str] = {}
        self._unhealthy_since: dict[str, tuple[int, str]] = {}
        self._receipts: tuple[Receipt, ...] = ()
        self._intents: list[str] = []

    def attach(self, world: World) -> None:
        """The world whose blocks are recorded, from its first one on."""
        self._world = world
        self._events = MarketEvents(world)
        self._liquidation_rows = LiquidationRows(world)

    @property
    def world(self) -> World:
        """The world recorded."""
        assert self._world is not None
        return self._world

    def on_block(self, block: Block, transactions: Sequence[Transaction]) -> None:
        """Record a mined block: its row, its transactions, and the swaps in it."""
        when = self._when(block.number, block.timestamp)
        lane = transactions[0].lane if transactions else self._lane_of_empty
        self._lane_of_empty = _CHAIN
        self.rows["blocks"].append(
            {
                **self._identity,
                **when,
                "lane": lane,
                "transactions": len(transactions),
                "queued": 0,
                "queued_gas": 0,
                "gas_used": block.gas_used,
                "gas_limit": block.gas_limit,
                "base_fee_wei": block.base_fee_wei,
            }
        )
        if self._phase == "build":
            self._last_falls = {}
        for transaction, receipt in zip(transactions, block.receipts, strict=True):
            # The node asks a fee of everyone; the exchange asks none for its own.
            is_charged = lane == _CHAIN
            actor = self._actor(receipt.sender)
            self.rows["transactions"].append(
                {
                    **self._identity,
                    **when,
                    "lane": lane,
                    "transaction_index": receipt.transaction_index,
                    "tx_hash": receipt.tx_hash,
                    "actor": actor.name,
                    "role": actor.role,
                    "cohort": actor.cohort,
                    "intent": transaction.intent,
                    "reason": transaction.reason,
                    "motive": transaction.motive,
                    "target": self.world.contract_names.get(transaction.to or "", transaction.reason),
                    "status": "ok" if receipt.ok else "reverted",
                    "revert_reason": receipt.revert_reason,
                    "proposed_step": transaction.proposed_step,
                    "gas_limit": transaction.gas_limit,
                    "gas_used": receipt.gas_used,
                    "tip_wei": transaction.tip_wei if is_charged else 0,
                    "fee_wei": receipt.gas_used * receipt.effective_gas_price_wei if is_charged else 0,
                }
            )
            self._record_market(transaction, receipt, actor, when)
            self._record_exchange(transaction, receipt, when)
            if transaction.intent == "withdraw" and actor.role == "lender":
                self._record_withdrawal(transaction, receipt, actor, when)
        self._receipts = block.receipts
        self._intents = [transaction.intent for transaction in transactions]

    def before_block(self, step: int) -> None:
        """The next block mined is this step's: the exchange's first, where there is one."""
        self._phase, self._step = "crash", step
        self._lane_of_empty = _CHAIN if self.world.exchange is None else _EXCHANGE
        self._last_falls = {}

    def noted(self, note: MarginNote, *, step: int) -> None:
        """Record a step of a margin call."""
        when = self._when(self.world.chain.block_number, self.world.chain.timestamp)
        self.rows["margin_events"].append({**self._identity, **when, "phase": "crash", "step": step, **vars(note)})

    def after_block(self, view: BlockView, block: Block, *, queued: int, queued_gas: int) -> None:
        """Record the state after a crash block: prices, health, depth, liquidations, positions changed."""
        self.rows["blocks"][-1].update(queued=queued, queued_gas=queued_gas)
        when = self._when(block.number, block.timestamp)
        self._record_prices(view, when)
        self._record_health(view, when)
        self._record_depth(view, when)
        self._record_reserve(view, when)
        self._record_exchange_state(view, when)
        changed = self._record_own_changes(when)
        liquidated = self._record_liquidations(when)
        self._record_positions(view, when, events={**changed, **dict.fromkeys(liquidated, "liquidated")})
        self._watch_health(view)

    def built(self, view: BlockView, rounds: Iterable[LoopRound]) -> None:
        """Record the finished build: every round of every loop, every position, and where prices start."""
        for entry in rounds:
            self.rows["loops"].append({**self._identity, **vars(entry)})
        when = self._when(self.world.chain.block_number, self.world.chain.timestamp)
        self._record_positions(view, when, events="built")
        self._record_prices(view, when)
        self._record_depth(view, when)
        self._record_reserve(view, when)
        self._record_exchange_state(view, when, event="built")
        self._watch_health(view)

    def ended(self, view: BlockView) -> None:
        """Record every position as the run leaves it."""
        when = self._when(self.world.chain.block_number, self.world.chain.timestamp)
        self._record_positions(view, when, events="end")
        for table, row in self._exchange.at_the_end(view) if self._exchange is not None else ():
            self.rows[table].append({**self._identity, **when, **row})

    def described(self, row: Mapping[str, Any]) -> None:
        """Record the run itself."""
        self.rows["runs"].append({**self._identity, **row})

    def rejected(
        self, *, step: int, sender: str, intent: str, reason: str, motive: Motive, error: str, proposed_step: int
    ) -> None:
        """Record a proposal that was never sent."""
        # An agent that raised is known by its name only.
        actors = self.world.actors
        actor = actors.get(sender) or actors.get(address_of(sender)) or Actor(name=sender, role="agent")
        when = self._when(self.world.chain.block_number, self.world.chain.timestamp)
        self.rows["transactions"].append(
            {
                **self._identity,
                **when,
                "phase": "crash",
                "step": step,
                "lane": _CHAIN,
                "transaction_index": -1,
                "tx_hash": "",
                "actor": actor.name,
                "role": actor.role,
                "cohort": actor.cohort,
                "intent": intent,
                "reason": reason,
                "motive": motive,
                "target": "",
                "status": "rejected",
                "revert_reason": error,
                "proposed_step": proposed_step,
                "gas_limit": 0,
                "gas_used": 0,
                "tip_wei": 0,
                "fee_wei": 0,
            }
        )

    def _when(self, block_number: int, timestamp: int) -> Row:
        return {"phase": self._phase, "step": self._step, "block_number": block_number, "timestamp": timestamp}

    def _actor(self, address: str) -> Actor:
        return self.world.actors.get(address, Actor(name=address, role="unknown"))

    def _record_market(self, transaction: Transaction, receipt: Receipt, actor: Actor, when: Row) -> None:
        assert self._events is not None
        swaps, moves = self._events.read(receipt)
        for swap in swaps:
            self.rows["swaps"].append(
                {
                    **self._identity,
                    **when,
                    "tx_hash": receipt.tx_hash,
                    "actor": actor.name,
                    "role": actor.role,
                    **vars(swap),
                }
            )
        for move in moves:
            self.rows["price_moves"].append(
                {
                    **self._identity,
                    **when,
                    "transaction_index": receipt.transaction_index,
                    "log_index": move.log_index,
                    "tx_hash": receipt.tx_hash,
                    "market": move.market,
                    "asset": move.asset,
                    "kind": move.kind,
                    "actor": actor.name,
                    "role": actor.role,
                    "cohort": actor.cohort,
                    "intent": transaction.intent,
                    "price_before_wad": move.before_wad,
                    "price_after_wad": move.after_wad,
                }
            )
            if move.after_wad < move.before_wad:
                self._last_falls[move.asset] = receipt.tx_hash

    def _record_exchange(self, transaction: Transaction, receipt: Receipt, when: Row) -> None:
        if self._exchange is None:
            if self.world.exchange is None:
                return
            self._exchange = ExchangeRows(self.world)
        for table, row in self._exchange.of_transaction(transaction, receipt, crash=self._phase == "crash"):
            if table == "price_moves":
                row.update(transaction_index=receipt.transaction_index, tx_hash=receipt.tx_hash)
                is_fall = row["price_after_wad"] < row["price_before_wad"]
                if is_fall and self._exchange.is_at_oracle(row["market"]):
                    self._last_falls[row["asset"]] = receipt.tx_hash
            self.rows[table].append({**self._identity, **when, **row})

    def _record_exchange_state(self, view: BlockView, when: Row, *, event: str | None = None) -> None:
        if self._exchange is None:
            return
        for asset, source, price_e8 in self._exchange.prices(view):
            self._price(asset, source, price_e8, when)
        for table, row in self._exchange.of_state(view, event=event):
            self.rows[table].append({**self._identity, **when, **row})

    def _record_withdrawal(self, transaction: Transaction, receipt: Receipt, actor: Actor, when: Row) -> None:
        pool = self.world.pool
        token, asked, _ = pool.interface.functions["withdraw"].decode_arguments(transaction.data)
        asset = next(symbol for symbol, known in self.world.tokens.items() if known.address.lower() == token.lower())
        got = sum(log.arguments["amount"] for log in receipt.logs_of({pool.address.lower()}) if log.event == "Withdraw")
        self.rows["withdrawals"].append(
            {
                **self._identity,
                **when,
                "tx_hash": receipt.tx_hash,
                "lender": actor.name,
                "asset": asset,
                "asked_raw": asked,
                "got_raw": got,
                "revert_reason": receipt.revert_reason,
            }
        )

    def _record_own_changes(self, when: Row) -> dict[str, str]:
        """Record what others than keepers did with positions; returns whose positions changed, and how."""
        found: dict[str, str] = {}
        for receipt, intent in zip(self._receipts, self._intents, strict=True):
            if not receipt.ok or intent in _NO_POSITION:
                continue
            event = _OWN_EVENTS.get(intent, "changed")
            for row in flow_rows(self.world, receipt):
                self.rows["flows"].append({**self._identity, **when, **row})
                found[row["account"]] = event
            for row in unwind_rows(self.world, receipt):
                self.rows["unwinds"].append({**self._identity, **when, **row})
                found[row["borrower"]] = event
        return found

    def _record_prices(self, view: BlockView, when: Row) -> None:
        spec = self.world.scenario.spec
        for asset in spec.oracle:
            self._price(asset, "oracle", view.oracle_price_e8(asset), when)
        for asset in self.world.scenario.path.points:
            self._price(asset, "path", self.world.scenario.path.price_e8(asset, when["timestamp"]), when)
        for asset, redemption in spec.redemption_price_usd.items():
            self._price(asset, "redemption", int(redemption * 10**8), when)
        for name, venue in self.world.venues.items():
            if isinstance(venue.spec, ParMintVenue):
                continue
            quote, asset = venue.coins
            quote_e8 = view.oracle_price_e8(quote) if quote in spec.oracle else 10**8
            self._price(asset, f"spot:{name}", view.spot_price_wad(name) * quote_e8 // WAD, when)
            amount = view.open_collateral_raw(asset)
            if amount:
                paid = view.exit_curve(name, asset_in=asset, asset_out=quote).pays(amount)
                scale = 10 ** spec.assets[asset].decimals
                price = paid * quote_e8 * scale // (amount * 10 ** spec.assets[quote].decimals)
                self._price(asset, f"exit:{name}", price, when)

    def _price(self, asset: str, source: str, price_e8: int, when: Row) -> None:
        if self._last_price.get((asset, source)) != price_e8:
            self._last_price[asset, source] = price_e8
            self.rows["prices"].append(
                {**self._identity, **when, "asset": asset, "source": source, "price_e8": price_e8}
            )

    def _record_health(self, view: BlockView, when: Row) -> None:
        buckets: dict[int, list[int]] = {}
        for state in view.positions():
            if state.debt_raw:
                health_bps = min(state.health_factor_wad * BPS // WAD, HEALTH_EDGES_BPS[-1] - 1)
                bucket = buckets.setdefault(bisect.bisect_right(HEALTH_EDGES_BPS, health_bps) - 1, [0, 0, 0])
                bucket[0] += 1
                bucket[1] += state.collateral_base_e8
                bucket[2] += state.debt_base_e8
        for index, (count, collateral, debt) in sorted(buckets.items()):
            self.rows["health"].append(
                {
                    **self._identity,
                    **when,
                    "health_low_bps": HEALTH_EDGES_BPS[index],
                    "health_high_bps": HEALTH_EDGES_BPS[index + 1],
                    "positions": count,
                    "collateral_base_e8": collateral,
                    "debt_base_e8": debt,
                }
            )

    def _record_depth(self, view: BlockView, when: Row) -> None:
        for name, venue in self.world.venues.items():
            if not isinstance(venue.spec, AmmVenue):
                continue
            spot = view.spot_price_wad(name)
            if self._depth_at_price.get(name) == spot:
                continue
            self._depth_at_price[name] = spot
            words = view.depth(name, DEPTH_BPS)
            for i, distance in enumerate(DEPTH_BPS):
                self.rows["liquidity"].append(
                    {
                        **self._identity,
                        **when,
                        "venue": name,
                        "within_bps": distance,
                        "sell_raw": words[2 * i],
                        "buy_raw": words[2 * i + 1],
                    }
                )

    def _record_reserve(self, view: BlockView, when: Row) -> None:
        if self.world.reserve is None:
            return
        state = view.reserve()
        if state != self._last_reserve:
            self._last_reserve = state
            self.rows["reserve"].append({**self._identity, **when, **vars(state)})

    def _record_positions(self, view: BlockView, when: Row, *, events: str | Mapping[str, str]) -> None:
        """Rows of positions: all with one event, or those named with theirs."""
        if not events:
            return
        for state in view.positions():
            event = events if isinstance(events, str) else events.get(state.entry.borrower)
            if event is not None:
                self.rows["positions"].append({**self._identity, **when, **_position_row(state), "event": event})

    def _watch_health(self, view: BlockView) -> None:
        for state in view.positions():
            borrower = state.entry.borrower
            if state.health_factor_wad >= WAD:
                self._unhealthy_since.pop(borrower, None)
            elif borrower not in self._unhealthy_since:
                self._unhealthy_since[borrower] = (self._step, self._last_fall_of(state.entry.collateral))

    def _last_fall_of(self, asset: str) -> str:
        """Transaction of the block that last lowered the price of an asset, or of one that it is priced by."""
        priced_by = assets_read(self.world.scenario.spec, self.world.scenario.spec.oracle[asset])
        return next((self._last_falls[name] for name in (asset, *priced_by) if name in self._last_falls), "")

    def _record_liquidations(self, when: Row) -> list[str]:
        assert self._liquidation_rows is not None
        touched: list[str] = []
        for receipt in self._receipts:
            for row in self._liquidation_rows.of(receipt):
                since, trigger = self._unhealthy_since.get(row["borrower"], (when["step"], ""))
                touched.append(row["borrower"])
                self.rows["liquidations"].append(
                    {**self._identity, **when, **row, "unhealthy_since_step": since, "triggered_by": trigger}
                )
        return touched


def _position_row(state: PositionState) -> Row:
    entry = state.entry
    return {
        "borrower": entry.borrower,
        "address": entry.address,
        "cohort": entry.cohort,
        "collateral_asset": entry.collateral,
        "debt_asset": entry.debt,
        "collateral_raw": state.collateral_raw,
        "debt_raw": state.debt_raw,
        "collateral_base_e8": state.collateral_base_e8,
        "debt_base_e8": state.debt_base_e8,
        "health_factor_wad": state.health_factor_wad,
    }
