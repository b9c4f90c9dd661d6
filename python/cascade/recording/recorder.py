"""Rows from receipts, logs and views at a block. Nothing is recorded that these do not show."""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cascade.chain.local import Block, Log, Receipt, Transaction
from cascade.deployment.world import Actor, World
from cascade.observation import WAD, BlockView, PositionState
from cascade.positions.build import LoopRound
from cascade.recording.schema import TABLES
from cascade.scenario.model import FixedRateVenue, ParMintVenue, StableSwapVenue

__all__ = ["Recorder"]

DEPTH_BPS = (50, 200, 1000)
"""Distances from the price at which depth is recorded, in 1e-4."""

HEALTH_EDGES_BPS = (
    0, 5000, 8000, 9000, 9500, 10_000, 10_100, 10_200, 10_500, 11_000, 11_500, 12_000, 13_000, 15_000, 20_000, 2**31,
)  # fmt: skip
"""Edges of the buckets of health factors, in 1e-4."""

_PRINCIPAL_BPS = 10_000

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
        self._phase, self._step = "build", -1
        self._world: World | None = None
        self._last_price: dict[tuple[str, str], int] = {}
        self._depth_at_price: dict[str, int] = {}
        self._liquidated: dict[str, int] = {}
        self._unhealthy_since: dict[str, tuple[int, str]] = {}
        self._receipts: tuple[Receipt, ...] = ()
        self._venue_addresses: set[str] = set()

    def attach(self, world: World) -> None:
        """The world whose blocks are recorded, from its first one on."""
        self._world = world

    @property
    def world(self) -> World:
        """The world recorded."""
        assert self._world is not None
        return self._world

    def on_block(self, block: Block, transactions: Sequence[Transaction]) -> None:
        """Record a mined block: its row, its transactions, and the swaps in it."""
        when = self._when(block.number, block.timestamp)
        self.rows["blocks"].append(
            {
                **self._identity, **when, "transactions": len(transactions), "queued": 0, "gas_used": block.gas_used,
                "gas_limit": block.gas_limit, "base_fee_wei": block.base_fee_wei,
            }
        )  # fmt: skip
        for transaction, receipt in zip(transactions, block.receipts, strict=True):
            actor = self._actor(receipt.sender)
            self.rows["transactions"].append(
                {
                    **self._identity, **when, "transaction_index": receipt.transaction_index,
                    "tx_hash": receipt.tx_hash, "actor": actor.name, "role": actor.role, "cohort": actor.cohort,
                    "intent": transaction.intent, "reason": transaction.reason,
                    "target": self.world.contract_names.get(transaction.to or "", transaction.reason),
                    "status": "ok" if receipt.ok else "reverted", "revert_reason": receipt.revert_reason,
                    "proposed_step": self._step, "gas_limit": transaction.gas_limit, "gas_used": receipt.gas_used,
                    "tip_wei": transaction.tip_wei, "fee_wei": receipt.gas_used * receipt.effective_gas_price_wei,
                }
            )  # fmt: skip
            self._record_swaps(receipt, actor, when)
        self._receipts = block.receipts

    def before_block(self, step: int) -> None:
        """The next block mined is this step's."""
        self._phase, self._step = "crash", step

    def after_block(self, view: BlockView, block: Block, *, queued: int) -> None:
        """Record the state after a crash block: prices, health, depth, liquidations, positions changed."""
        self.rows["blocks"][-1]["queued"] = queued
        when = self._when(block.number, block.timestamp)
        self._record_prices(view, when)
        self._record_health(view, when)
        self._record_depth(view, when)
        liquidated = self._record_liquidations(when)
        self._record_positions(view, when, event="liquidated", borrowers=liquidated)
        self._watch_health(view)

    def built(self, view: BlockView, rounds: Iterable[LoopRound]) -> None:
        """Record the finished build: every round of every loop, every position, and where prices start."""
        for entry in rounds:
            self.rows["loops"].append({**self._identity, **vars(entry)})
        when = self._when(self.world.chain.block_number, self.world.chain.timestamp)
        self._record_positions(view, when, event="built", borrowers=None)
        self._record_prices(view, when)
        self._record_depth(view, when)
        self._watch_health(view)

    def ended(self, view: BlockView) -> None:
        """Record every position as the run leaves it."""
        when = self._when(self.world.chain.block_number, self.world.chain.timestamp)
        self._record_positions(view, when, event="end", borrowers=None)

    def described(self, row: Mapping[str, Any]) -> None:
        """Record the run itself."""
        self.rows["runs"].append({**self._identity, **row})

    def rejected(self, *, step: int, sender: str, intent: str, reason: str, error: str, proposed_step: int) -> None:
        """Record a proposal that was never sent."""
        actor = self.world.actors.get(sender, Actor(name=sender, role="agent"))
        when = self._when(self.world.chain.block_number, self.world.chain.timestamp)
        self.rows["transactions"].append(
            {
                **self._identity, **when, "phase": "crash", "step": step, "transaction_index": -1, "tx_hash": "",
                "actor": actor.name, "role": actor.role, "cohort": actor.cohort, "intent": intent, "reason": reason,
                "target": "", "status": "rejected", "revert_reason": error, "proposed_step": proposed_step,
                "gas_limit": 0, "gas_used": 0, "tip_wei": 0, "fee_wei": 0,
            }
        )  # fmt: skip

    def _when(self, block_number: int, timestamp: int) -> Row:
        return {"phase": self._phase, "step": self._step, "block_number": block_number, "timestamp": timestamp}

    def _actor(self, address: str) -> Actor:
        return self.world.actors.get(address, Actor(name=address, role="unknown"))

    def _record_swaps(self, receipt: Receipt, actor: Actor, when: Row) -> None:
        for log in receipt.logs_of(self._venues_by_address()):
            venue = self.world.venue_at(log.address)
            assert venue is not None
            traded = _traded(venue.spec, log)
            if traded is not None:
                asset_in, amount_in, asset_out, amount_out = traded
                self.rows["swaps"].append(
                    {
                        **self._identity, **when, "tx_hash": receipt.tx_hash, "log_index": log.log_index,
                        "venue": venue.name, "actor": actor.name, "role": actor.role, "asset_in": asset_in,
                        "asset_out": asset_out, "amount_in_raw": amount_in, "amount_out_raw": amount_out,
                    }
                )  # fmt: skip

    def _venues_by_address(self) -> set[str]:
        if len(self._venue_addresses) != len(self.world.venues):
            self._venue_addresses = {venue.contract.address.lower() for venue in self.world.venues.values()}
        return self._venue_addresses

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
            quote, asset = venue.spec.coins
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
                health_bps = min(state.health_factor_wad * _PRINCIPAL_BPS // WAD, HEALTH_EDGES_BPS[-1] - 1)
                bucket = buckets.setdefault(bisect.bisect_right(HEALTH_EDGES_BPS, health_bps) - 1, [0, 0, 0])
                bucket[0] += 1
                bucket[1] += state.collateral_base_e8
                bucket[2] += state.debt_base_e8
        for index, (count, collateral, debt) in sorted(buckets.items()):
            self.rows["health"].append(
                {
                    **self._identity, **when, "health_low_bps": HEALTH_EDGES_BPS[index],
                    "health_high_bps": HEALTH_EDGES_BPS[index + 1], "positions": count,
                    "collateral_base_e8": collateral, "debt_base_e8": debt,
                }
            )  # fmt: skip

    def _record_depth(self, view: BlockView, when: Row) -> None:
        for name, venue in self.world.venues.items():
            if not isinstance(venue.spec, StableSwapVenue):
                continue
            spot = view.spot_price_wad(name)
            if self._depth_at_price.get(name) == spot:
                continue
            self._depth_at_price[name] = spot
            words = view.depth(name, DEPTH_BPS)
            for i, distance in enumerate(DEPTH_BPS):
                self.rows["liquidity"].append(
                    {
                        **self._identity, **when, "venue": name, "within_bps": distance,
                        "sell_raw": words[2 * i], "buy_raw": words[2 * i + 1],
                    }
                )  # fmt: skip

    def _record_positions(self, view: BlockView, when: Row, *, event: str, borrowers: Iterable[str] | None) -> None:
        wanted = None if borrowers is None else set(borrowers)
        if wanted is not None and not wanted:
            return
        for state in view.positions():
            if wanted is None or state.entry.borrower in wanted:
                self.rows["positions"].append({**self._identity, **when, **_position_row(state), "event": event})

    def _watch_health(self, view: BlockView) -> None:
        for state in view.positions():
            borrower = state.entry.borrower
            if state.health_factor_wad >= WAD:
                self._unhealthy_since.pop(borrower, None)
            elif borrower not in self._unhealthy_since:
                self._unhealthy_since[borrower] = (self._step, self._post_of(state.entry.collateral))

    def _post_of(self, asset: str) -> str:
        feed = self.world.feeds[asset].address
        posts = [
            r.tx_hash for r in self._receipts for log in r.logs if log.event == "AnswerUpdated" and log.address == feed
        ]
        return posts[-1] if posts else ""

    def _record_liquidations(self, when: Row) -> list[str]:
        names = self.world.actors
        touched: list[str] = []
        for receipt in self._receipts:
            calls = [log for log in receipt.logs if log.event == "LiquidationCall"]
            for call in calls:
                borrower = names[call.arguments["user"]]
                touched.append(borrower.name)
                self.rows["liquidations"].append(self._liquidation_row(receipt, call, borrower, when))
        return touched

    def _liquidation_row(self, receipt: Receipt, call: Log, borrower: Actor, when: Row) -> Row:
        world, user = self.world, call.arguments["user"]
        collateral = world.symbol_of(call.arguments["collateralAsset"])
        debt = world.symbol_of(call.arguments["debtAsset"])
        report = next(
            log.arguments
            for log in receipt.logs
            if log.event == "LiquidationReport" and log.arguments["borrower"] == user
        )
        treasury = next(address for address, actor in world.actors.items() if actor.role == "treasury")
        fee = sum(
            log.arguments["value"]
            for log in receipt.logs
            if log.event == "Transfer"
            and log.address == world.a_tokens[collateral].address
            and (log.arguments["from"], log.arguments["to"]) == (user, treasury)
        )
        deficit = sum(
            log.arguments["amountCreated"]
            for log in receipt.logs
            if log.event == "DeficitCreated"
            and (log.arguments["user"], log.arguments["debtAsset"]) == (user, call.arguments["debtAsset"])
        )
        self._liquidated[borrower.name] = self._liquidated.get(borrower.name, 0) + 1
        since, trigger = self._unhealthy_since.get(borrower.name, (when["step"], ""))
        return {
            **self._identity, **when, "tx_hash": receipt.tx_hash, "log_index": call.log_index, "venue": "LendingPool",
            "liquidator": self._actor(receipt.sender).name, "borrower": borrower.name, "cohort": borrower.cohort,
            "collateral_asset": collateral, "debt_asset": debt, "debt_covered_raw": call.arguments["debtToCover"],
            "collateral_seized_raw": call.arguments["liquidatedCollateralAmount"] + fee, "protocol_fee_raw": fee,
            "deficit_raw": deficit, "collateral_price_e8": report["collateralPriceE8"],
            "debt_price_e8": report["debtPriceE8"], "bonus_bps": report["bonusBps"] - _PRINCIPAL_BPS,
            "close_factor_bps": report["closeFactorBps"], "health_factor_before_wad": report["healthFactorBeforeWad"],
            "health_factor_after_wad": report["healthFactorAfterWad"],
            "collateral_before_raw": report["collateralBalanceBefore"], "debt_before_raw": report["debtBalanceBefore"],
            "exit_proceeds_raw": report["exitProceeds"], "liquidator_profit_raw": report["profit"],
            "gas_used": receipt.gas_used, "fee_wei": receipt.gas_used * receipt.effective_gas_price_wei,
            "flash_loan": report["flashLoan"], "round": self._liquidated[borrower.name],
            "unhealthy_since_step": since, "triggered_by": trigger,
        }  # fmt: skip


def _position_row(state: PositionState) -> Row:
    entry = state.entry
    return {
        "borrower": entry.borrower, "address": entry.address, "cohort": entry.cohort,
        "collateral_asset": entry.collateral, "debt_asset": entry.debt, "collateral_raw": state.collateral_raw,
        "debt_raw": state.debt_raw, "collateral_base_e8": state.collateral_base_e8,
        "debt_base_e8": state.debt_base_e8, "health_factor_wad": state.health_factor_wad,
    }  # fmt: skip


def _traded(venue: ParMintVenue | FixedRateVenue | StableSwapVenue, log: Log) -> tuple[str, int, str, int] | None:
    """Asset and amount sold, asset and amount bought."""
    arguments = log.arguments
    if isinstance(venue, ParMintVenue):
        usde = (venue.asset_out, arguments.get("usde_amount", 0))
        paid = (venue.asset_in, arguments.get("collateral_amount", 0))
        return {"Mint": (*paid, *usde), "Redeem": (*usde, *paid)}.get(log.event)
    if log.event != "TokenExchange":
        return None
    return (
        venue.coins[arguments["sold_id"]], arguments["tokens_sold"],
        venue.coins[arguments["bought_id"]], arguments["tokens_bought"],
    )  # fmt: skip
