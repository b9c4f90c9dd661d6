"""A small made-up run, by closed form: positions, a fall and a recovery, and liquidations with Aave's integer rules.

It is no substitute for a replay; it fills every table but the price moves with rows that add up, in milliseconds, so
that storing, analysis and the report can be tested without a chain. `ByHand` is for the moves and what they caused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from cascade.analysis.frames import Frames
from cascade.recording.manifest import Expectation, Manifest
from cascade.recording.store import table_sha256, write_tables

from .table_rows import typed

Rows = dict[str, list[dict[str, Any]]]

E8, WAD, BPS, NO_DEBT = 10**8, 10**18, 10_000, 2**256 - 1
START = 1_760_129_100  # 2025-10-10 20:45:00 UTC
BLOCK_SECONDS = 60
THRESHOLD_BPS, BONUS_BPS, FEE_BPS = 8300, 500, 1000
USDE, USDC = 10**18, 10**6
BUCKETS = (0, 5000, 9000, 9500, 10_000, 10_500, 11_000, 12_000, 15_000, 2**31)

PARAMETERS: dict[str, Any] = {
    "name": "made-up",
    "seed": 7,
    "chain": {"block_gas_limit": 45_000_000, "ether_price_usd": "4000"},
    "assets": {"USDC": {"kind": "erc20", "decimals": 6}, "USDe": {"kind": "usde", "decimals": 18}},
    "lending": {
        "reserves": {
            "USDe": {
                "ltv_bps": 8000,
                "liquidation_threshold_bps": THRESHOLD_BPS,
                "liquidation_bonus_bps": BONUS_BPS,
                "liquidation_protocol_fee_bps": FEE_BPS,
            },
            "USDC": {"ltv_bps": 0, "liquidation_protocol_fee_bps": FEE_BPS},
        },
    },
    "venues": {"curve": {"kind": "stable-swap", "coins": ["USDC", "USDe"], "amplification": 200}},
    "provenance": [
        {"status": "reported", "source": "Aave governance", "keys": ["lending.reserves"]},
        {"status": "assumed", "source": "round numbers", "keys": ["chain", "venues.curve.amplification"]},
    ],
}


def half_up(value: int, bps: int) -> int:
    return (value * bps + 5000) // BPS


def half_up_div(value: int, bps: int) -> int:
    return (value * BPS + bps // 2) // bps


def path_e8(step: int, steps: int) -> int:
    """Falls from 1.00 to 0.78 in a third of the time, to 0.64 at once, and comes back to 0.97."""
    low = steps // 3
    if step < low:
        return E8 - 22 * 10**6 * step // low
    return 64 * 10**6 + 33 * 10**6 * (step - low) // (steps - 1 - low)


@dataclass
class Book:
    """One looped position."""

    name: str
    collateral: int
    debt: int
    rounds: int = 0
    unhealthy_since: int = -1
    trigger: str = ""

    def values_e8(self, price: int) -> tuple[int, int]:
        return self.collateral * price // USDE, -(-self.debt * E8 // USDC)

    def health(self, price: int) -> int:
        collateral, debt = self.values_e8(price)
        if debt == 0:
            return NO_DEBT
        return (collateral * THRESHOLD_BPS * WAD + debt // 2) // debt // BPS


@dataclass
class World:
    """Collects the rows while the made-up run goes on."""

    rows: Rows = field(default_factory=dict)
    block: int = 0
    phase: str = "build"
    step: int = -1
    timestamp: int = START - 600
    sent: int = 0
    log_index: int = 0
    depth: int = 9_000_000 * USDE

    def add(self, table: str, **values: Any) -> None:
        self.rows.setdefault(table, []).append({"run_id": "made-up-7-abcdef", "seed": 7, **values})

    def when(self) -> dict[str, Any]:
        return {"phase": self.phase, "step": self.step, "block_number": self.block, "timestamp": self.timestamp}

    def open_block(self, *, step: int) -> None:
        self.block += 1
        self.step, self.sent, self.log_index = step, 0, 0
        self.phase = "build" if step < 0 else "crash"
        self.timestamp = START - 3600 + self.block if step < 0 else START + step * BLOCK_SECONDS

    def close_block(self) -> None:
        self.add(
            "blocks",
            **self.when(),
            lane="chain",
            transactions=self.sent,
            queued=0,
            queued_gas=0,
            gas_used=300_000 * self.sent,
            gas_limit=45_000_000,
            base_fee_wei=10**9,
        )

    def send(self, *, actor: str, role: str, cohort: str, intent: str, reason: str, status: str = "ok") -> str:
        tx_hash = f"0x{self.block:032x}{self.sent:032x}"
        self.add(
            "transactions",
            **self.when(),
            lane="chain",
            transaction_index=self.sent,
            tx_hash=tx_hash,
            actor=actor,
            role=role,
            cohort=cohort,
            intent=intent,
            reason=reason,
            motive="",
            target="LendingPool",
            status=status,
            revert_reason="" if status == "ok" else "UnprofitableLiquidation(-3, 0)",
            proposed_step=self.step - 1,
            gas_limit=600_000,
            gas_used=300_000,
            tip_wei=10**9,
            fee_wei=300_000 * 2 * 10**9,
        )
        self.sent += 1
        return tx_hash

    def price(self, asset: str, source: str, price_e8: int) -> None:
        self.add("prices", **self.when(), asset=asset, source=source, price_e8=price_e8)

    def position(self, book: Book, *, event: str, price: int) -> None:
        collateral, debt = book.values_e8(price)
        self.add(
            "positions",
            **self.when(),
            borrower=book.name,
            address="0x" + book.name.encode().hex().zfill(40)[-40:],
            cohort="loopers",
            event=event,
            collateral_asset="USDe",
            debt_asset="USDC",
            collateral_raw=book.collateral,
            debt_raw=book.debt,
            collateral_base_e8=collateral,
            debt_base_e8=debt,
            health_factor_wad=book.health(price),
        )

    def health(self, books: list[Book], price: int) -> None:
        for low, high in pairwise(BUCKETS):
            inside = [b for b in books if b.debt and low <= b.health(price) * BPS // WAD < high]
            if inside:
                values = [b.values_e8(price) for b in inside]
                self.add(
                    "health",
                    **self.when(),
                    health_low_bps=low,
                    health_high_bps=high,
                    positions=len(inside),
                    collateral_base_e8=sum(v[0] for v in values),
                    debt_base_e8=sum(v[1] for v in values),
                )


def build_loop(world: World, name: str, equity: int, ltv_bps: int) -> Book:
    book = Book(name, equity, 0)
    supplied = equity
    for number in range(6):
        borrowed = 0 if number == 0 else supplied * ltv_bps // BPS // 10**12
        supplied = equity if number == 0 else borrowed * 10**12
        book.debt += borrowed
        book.collateral += 0 if number == 0 else supplied
        world.add(
            "loops",
            borrower=name,
            cohort="loopers",
            round=number,
            block_number=world.block,
            borrowed_raw=borrowed,
            swapped_raw=0 if number == 0 else supplied,
            supplied_raw=supplied,
            collateral_raw=book.collateral,
            debt_raw=book.debt,
        )
    return book


def liquidate(world: World, book: Book, price: int, keeper: str) -> None:
    before, health_before, collateral_before = book.debt, book.health(price), book.collateral
    collateral_base, debt_base = book.values_e8(price)
    whole = health_before <= 95 * 10**16 or min(collateral_base, debt_base) < 2000 * E8
    cover = book.debt if whole else half_up(debt_base, 5000) * USDC // E8
    seized = half_up(E8 * cover * USDE // (price * USDC), BPS + BONUS_BPS)
    if seized > book.collateral:
        seized = book.collateral
        cover = -(-(price * seized * USDC // (E8 * USDE)) * BPS // (BPS + BONUS_BPS))
    fee = half_up(seized - half_up_div(seized, BPS + BONUS_BPS), FEE_BPS)
    gone = seized == book.collateral
    deficit = book.debt - cover if gone else 0
    book.collateral -= seized
    book.debt = 0 if gone else book.debt - cover
    book.rounds += 1
    proceeds = (seized - fee) * price * 99 // (100 * E8 * 10**12)
    tx_hash = world.send(
        actor=keeper, role="keeper", cohort="keepers", intent="liquidate", reason=f"health factor of {book.name} < 1"
    )
    world.add(
        "swaps",
        **world.when(),
        tx_hash=tx_hash,
        log_index=world.log_index + 1,
        venue="curve",
        actor=keeper,
        role="keeper",
        asset_in="USDe",
        asset_out="USDC",
        amount_in_raw=seized - fee,
        amount_out_raw=proceeds,
    )
    world.add(
        "liquidations",
        **world.when(),
        tx_hash=tx_hash,
        log_index=world.log_index,
        venue="mock",
        liquidator=keeper,
        borrower=book.name,
        cohort="loopers",
        collateral_asset="USDe",
        debt_asset="USDC",
        debt_covered_raw=cover,
        collateral_seized_raw=seized,
        protocol_fee_raw=fee,
        deficit_raw=deficit,
        collateral_price_e8=price,
        debt_price_e8=E8,
        bonus_bps=BONUS_BPS,
        close_factor_bps=BPS if whole else 5000,
        health_factor_before_wad=health_before,
        health_factor_after_wad=book.health(price),
        collateral_before_raw=collateral_before,
        debt_before_raw=before,
        exit_proceeds_raw=proceeds,
        liquidator_profit_raw=proceeds - cover,
        gas_used=300_000,
        fee_wei=300_000 * 2 * 10**9,
        flash_loan=True,
        round=book.rounds,
        unhealthy_since_step=book.unhealthy_since,
        triggered_by=book.trigger,
    )
    world.log_index += 2
    world.position(book, event="liquidated", price=price)


def many_loops(positions: int) -> list[tuple[int, int]]:
    """Own capital and LTV of each looper: one large, the others alike, LTV 55 to 79 %."""
    return [((20_000 + 977 * (i * 7 % 50) + 400_000 // (i + 1)) * USDE, 5500 + i * 61 % 2450) for i in range(positions)]


def made_up_rows(*, loops: list[tuple[int, int]], path: Callable[[int], int], steps: int) -> Rows:
    """Rows of every table, for loops of (own capital, LTV in bps) and a price path by step."""
    world = World()
    books = []
    for i, (equity, ltv_bps) in enumerate(loops):
        world.open_block(step=-1)
        name = f"loopers-{i:04d}"
        books.append(build_loop(world, name, equity, ltv_bps))
        world.send(actor=name, role="looper", cohort="loopers", intent="supply", reason="opens its loop")
        if i == 0:
            for asset in ("USDe", "USDC"):
                world.price(asset, "oracle", E8)
        world.close_block()
    world.open_block(step=-1)
    for book in books:
        world.position(book, event="built", price=E8)
    for source in ("spot:curve", "exit:curve", "redemption"):
        world.price("USDe", source, E8 if source != "exit:curve" else 93 * 10**6)
    world.close_block()

    price = E8
    for step in range(steps):
        world.open_block(step=step)
        target = path(step)
        post = ""
        if target != price or step == 0:
            price = target
            post = world.send(actor="poster", role="oracle", cohort="poster", intent="post", reason="follows the path")
            world.price("USDe", "oracle", price)
            world.price("USDe", "path", price)
            world.price("USDe", "spot:curve", price * 995 // 1000)
        due = [b for b in books if b.debt and b.health(price) < WAD and b.unhealthy_since >= 0][:6]
        if due:
            world.send(
                actor="keepers-1",
                role="keeper",
                cohort="keepers",
                intent="liquidate",
                reason="too late",
                status="reverted",
            )
        for i, book in enumerate(due):
            liquidate(world, book, price, f"keepers-{i % 2}")
        for book in books:
            if not book.debt or book.health(price) >= WAD:
                book.unhealthy_since, book.trigger = -1, ""
            elif book.unhealthy_since < 0:
                book.unhealthy_since, book.trigger = step, post
        open_collateral = sum(b.collateral for b in books if b.debt)
        world.price("USDe", "exit:curve", price * world.depth // (world.depth + open_collateral))
        world.health(books, price)
        for within in (50, 200, 1000):
            share = price * price * math.isqrt(within) // (E8 * 30)
            world.add(
                "liquidity",
                **world.when(),
                venue="curve",
                within_bps=within,
                sell_raw=world.depth * share // E8,
                buy_raw=world.depth * (E8 - share // 2) // E8,
            )
        if step == steps - 1:
            for book in books:
                world.position(book, event="end", price=price)
        world.close_block()
    parameters = json.dumps(PARAMETERS, sort_keys=True)
    world.add(
        "runs",
        scenario="made-up",
        engine="mock",
        chain_engine="anvil",
        start_timestamp=START,
        block_seconds=BLOCK_SECONDS,
        positions=len(loops),
        counterfactual="the oracle follows an exchange's price by hand",
        parameters=parameters,
        scenario_sha256="5" * 64,
        contracts_sha256="c" * 64,
    )
    return world.rows


def write_run(folder: Path, rows: Rows) -> Path:
    """A run's folder as the engine leaves it, without a report."""
    write_tables(folder / "tables", typed(rows))
    run = rows["runs"][0]
    manifest = Manifest(
        run_id=run["run_id"],
        scenario_name=run["scenario"],
        scenario_file="scenarios/made-up.yaml",
        scenario_text="name: made-up  # not a real one\nseed: 7\n",
        price_path_file="made-up.csv",
        price_path_text="",
        seed=run["seed"],
        overrides=("lending.reserves.USDe.ltv_bps=8000",),
        tools={"anvil": "1.7.1", "solc": "0.8.30", "python": "3.11"},
        contracts={"LendingPool": "a" * 64},
        tables=table_sha256(folder / "tables"),
        expectation=Expectation(
            liquidations="some",
            met=bool(rows.get("liquidations")),
            missed=() if rows.get("liquidations") else ("expect.liquidations = 'some': the run had 0",),
        ),
    )
    (folder / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def _crash_rows() -> Rows:
    return made_up_rows(loops=many_loops(40), path=lambda step: path_e8(step, 60), steps=60)


@pytest.fixture
def crash_rows(_crash_rows: Rows) -> Rows:
    """Rows of a run with liquidations, free to be changed."""
    return deepcopy(_crash_rows)


@pytest.fixture
def calm_rows() -> Rows:
    """Rows of a run whose price never moved."""
    return made_up_rows(loops=many_loops(5), path=lambda _: E8, steps=10)


@pytest.fixture
def one_looper_rows() -> Rows:
    """100,000 looped five times at 80 %, then a fall of 25 % in one block."""
    return made_up_rows(loops=[(100_000 * USDE, 8000)], path=lambda step: E8 if step < 2 else 75 * 10**6, steps=6)


@pytest.fixture
def run_of(tmp_path: Path) -> Callable[[Rows], Path]:
    """Writes rows as a run's folder."""
    return lambda rows: write_run(tmp_path / "run", rows)


class ByHand:
    """Tables written row by row: blocks of 12 seconds, moves of prices, positions and liquidations.

    Block 1 is of the build; crash step n is block 2 + n. Prices are given in dollars as text, exact.
    """

    def __init__(self) -> None:
        self.rows: Rows = {}
        self.parameters: dict[str, Any] = {
            **deepcopy(PARAMETERS),
            "oracle": {"USDe": {"kind": "amm-spot", "venue": "curve"}, "USDC": {"kind": "posted"}},
            "agents": {"poster": {"kind": "path-poster", "assets": ["USDe"]}},
        }
        self._at: dict[str, int] = {}
        self._logs: dict[int, int] = {}
        self._rounds: dict[str, int] = {}
        self.oracle("USDe", 1, "1")
        self.oracle("USDC", 1, "1")

    @staticmethod
    def wad(price: str) -> int:
        return int(Decimal(price).scaleb(18))

    def _add(self, table: str, **values: Any) -> None:
        self.rows.setdefault(table, []).append({"run_id": "by-hand-7-abcdef", "seed": 7, **values})

    def _when(self, block: int) -> dict[str, Any]:
        return {
            "phase": "crash" if block > 1 else "build",
            "step": block - 2 if block > 1 else -1,
            "block_number": block,
            "timestamp": START + 12 * (block - 2),
        }

    def _log(self, block: int) -> int:
        self._logs[block] = self._logs.get(block, -1) + 1
        return self._logs[block]

    def _tx(self, block: int, tx: str, actor: str, role: str, cohort: str, intent: str, *, fee: int = 0) -> str:
        tx = tx or f"0x{block:x}-{self._logs.get(block, -1) + 1:x}"
        if all(row["tx_hash"] != tx for row in self.rows.get("transactions", [])):
            self._add(
                "transactions",
                **self._when(block),
                lane="chain",
                transaction_index=self._logs.get(block, -1) + 1,
                tx_hash=tx,
                actor=actor,
                role=role,
                cohort=cohort,
                intent=intent,
                reason="",
                motive="",
                target="",
                status="ok",
                revert_reason="",
                proposed_step=max(-1, block - 2),
                gas_limit=1,
                gas_used=1,
                tip_wei=1,
                fee_wei=fee,
            )
        return tx

    def oracle(self, asset: str, block: int, price: str, source: str = "oracle") -> None:
        self._add("prices", **self._when(block), asset=asset, source=source, price_e8=int(Decimal(price).scaleb(8)))

    def move(
        self,
        block: int,
        after: str,
        *,
        role: str = "whale",
        actor: str = "",
        market: str = "curve",
        kind: str = "swap",
        cohort: str = "",
        before: str | None = None,
        tx: str = "",
        intent: str = "",
    ) -> str:
        actor, cohort = actor or role, cohort or role
        start = self._at.get(market, WAD) if before is None else self.wad(before)
        self._at[market] = self.wad(after)
        tx = self._tx(block, tx, actor, role, cohort, kind)
        self._add(
            "price_moves",
            **self._when(block),
            transaction_index=0,
            log_index=self._log(block),
            tx_hash=tx,
            market=market,
            asset=market.split(":")[1] if ":" in market else "USDe",
            kind=kind,
            actor=actor,
            role=role,
            cohort=cohort,
            intent=intent or kind,
            price_before_wad=start,
            price_after_wad=self._at[market],
        )
        return tx

    def unwind(
        self, block: int, name: str, *, sold: int, price: str, proceeds: str, repaid: str, premium: str, cash: str
    ) -> None:
        amounts = {"proceeds": proceeds, "debt_repaid": repaid, "premium": premium, "cash_paid": cash}
        self._add(
            "unwinds",
            **self._when(block),
            tx_hash=self._tx(block, "", name, "whale", "", "unwind"),
            log_index=self._log(block),
            borrower=name,
            cohort="loopers",
            collateral_asset="USDe",
            debt_asset="USDC",
            collateral_sold_raw=sold * USDE,
            collateral_price_e8=int(Decimal(price).scaleb(8)),
            debt_price_e8=E8,
            health_factor_before_wad=WAD,
            health_factor_after_wad=WAD,
            **{f"{key}_raw": int(Decimal(value).scaleb(6)) for key, value in amounts.items()},
        )

    def flow(self, block: int, name: str, event: str, amount: int, *, asset: str = "USDC") -> None:
        self._add(
            "flows",
            **self._when(block),
            tx_hash=self._tx(block, "", name, "whale", "", event),
            log_index=self._log(block),
            account=name,
            cohort="loopers",
            event=event,
            asset=asset,
            amount_raw=amount * (USDC if asset == "USDC" else USDE),
        )

    def position(
        self,
        block: int,
        name: str,
        health: str,
        *,
        event: str = "built",
        collateral: int = 1000,
        debt: int = 800,
        price: str = "1",
        debt_asset: str = "USDC",
    ) -> None:
        self._add(
            "positions",
            **self._when(block),
            borrower=name,
            address="0x" + name.encode().hex().zfill(40)[-40:],
            cohort="loopers",
            event=event,
            collateral_asset="USDe",
            debt_asset=debt_asset,
            collateral_raw=collateral * USDE,
            debt_raw=debt * USDC,
            collateral_base_e8=int(collateral * Decimal(price).scaleb(8)),
            debt_base_e8=debt * E8,
            health_factor_wad=self.wad(health),
        )

    def liquidation(
        self,
        block: int,
        name: str,
        health: str,
        *,
        price: str,
        covered: int = 100,
        after: str | None = None,
        keeper: str = "keeper-1",
        sells_to: str | None = None,
        tx: str = "",
        held: bool = False,
        collateral: int = 1000,
        debt: int = 800,
        deficit: int = 0,
        debt_price: str = "1",
    ) -> str:
        """A liquidation, and where `sells_to` is a price the sale in its transaction that takes the market there."""
        tx = self._tx(block, tx, keeper, "keeper", "keepers", "liquidate")
        self._rounds[name] = self._rounds.get(name, 0) + 1
        seized = int(Decimal(covered) * Decimal("1.05") / Decimal(price) * USDE)
        self._add(
            "liquidations",
            **self._when(block),
            tx_hash=tx,
            log_index=self._log(block),
            venue="LendingPool",
            liquidator=keeper,
            borrower=name,
            cohort="loopers",
            collateral_asset="USDe",
            debt_asset="USDC",
            debt_covered_raw=covered * USDC,
            collateral_seized_raw=seized,
            protocol_fee_raw=0,
            deficit_raw=deficit * USDC,
            collateral_price_e8=int(Decimal(price).scaleb(8)),
            debt_price_e8=int(Decimal(debt_price).scaleb(8)),
            bonus_bps=BONUS_BPS,
            close_factor_bps=BPS,
            health_factor_before_wad=self.wad(health),
            health_factor_after_wad=NO_DEBT if after is None else self.wad(after),
            collateral_before_raw=collateral * USDE,
            debt_before_raw=debt * USDC,
            exit_proceeds_raw=0 if held else covered * USDC,
            liquidator_profit_raw=0,
            gas_used=1,
            fee_wei=0,
            flash_loan=not held,
            round=self._rounds[name],
            unhealthy_since_step=block - 2,
            triggered_by="",
        )
        if sells_to is not None:
            self.move(block, sells_to, role="keeper", actor=keeper, cohort="keepers", tx=tx)
        return tx

    def finished(self, *, blocks: int) -> Rows:
        """All rows, those of so many blocks and of the run with them."""
        for block in range(1, blocks + 1):
            sent = sum(1 for row in self.rows.get("transactions", []) if row["block_number"] == block)
            self._add(
                "blocks",
                **self._when(block),
                lane="chain",
                transactions=sent,
                queued=sent // 3,
                queued_gas=sent * 100_000,
                gas_used=sent * 300_000,
                gas_limit=3_000_000,
                base_fee_wei=10**9,
            )
        self._add(
            "runs",
            scenario="by-hand",
            engine="mock",
            chain_engine="anvil",
            start_timestamp=START,
            block_seconds=12,
            positions=sum(1 for row in self.rows.get("positions", []) if row["event"] == "built"),
            counterfactual="",
            parameters=json.dumps(self.parameters, sort_keys=True),
            scenario_sha256="5" * 64,
            contracts_sha256="c" * 64,
        )
        return self.rows

    def frames(self, folder: Path, *, blocks: int) -> Frames:
        """Write it all, with so many blocks."""
        write_tables(folder / "tables", typed(self.finished(blocks=blocks)))
        return Frames(folder)


def cascade_rows() -> Rows:
    """A cascade in a constant product pool of a million each: whales sell, loops fall one after another, buyers come.

    150 loops of 1,000 tokens, with lines from 0.97 down to 0.60, priced at the pool's spot.
    """
    world = ByHand()
    quote, asset, blocks = 1e6, 1e6, 40
    debts = [805 - 2 * number for number in range(150)]
    for number, debt in enumerate(debts):
        world.position(1, f"looper-{number:03d}", f"{830 / debt:.15f}", debt=debt)
    alive = list(range(150))

    def trade(sold: float) -> str:
        nonlocal quote, asset
        quote, asset = quote * asset / (asset + sold), asset + sold
        return f"{quote / asset:.12f}"

    for block in range(2, blocks + 1):
        if block < 14:
            world.move(block, trade(2_000), actor=f"whale-{block % 4}")
        due = [number for number in alive if 830 * quote / asset < debts[number]][:5]
        for number in due:
            spot = int(quote / asset * 1e12) / 1e12
            price = f"{int(spot * 1e8) / 1e8:.8f}"
            health = f"{830 * float(price) / debts[number]:.15f}"
            world.liquidation(
                block,
                f"looper-{number:03d}",
                health,
                price=price,
                covered=debts[number],
                debt=debts[number],
                keeper=f"keeper-{number % 3}",
                sells_to=trade(1_000),
            )
            world.position(block, f"looper-{number:03d}", "2", event="liquidated", collateral=0, debt=0)
            alive.remove(number)
        if quote / asset < 0.9:
            world.move(block, trade(-1_500), role="buyer")
        spot = int(quote / asset * 1e12) / 1e12
        for source in ("oracle", "spot:curve"):
            world.oracle("USDe", block, f"{int(spot * 1e8) / 1e8:.8f}", source)
        world._add(
            "liquidity",
            **world._when(block),
            venue="curve",
            within_bps=50,
            sell_raw=int(asset * 0.0025) * USDE,
            buy_raw=int(asset * 0.0025) * USDE,
        )
    return world.finished(blocks=blocks)


@pytest.fixture(scope="session")
def _endogenous_rows() -> Rows:
    return cascade_rows()


@pytest.fixture
def endogenous_rows(_endogenous_rows: Rows) -> Rows:
    """Rows of a run whose liquidations made one another, free to be changed."""
    return deepcopy(_endogenous_rows)


@pytest.fixture
def by_hand() -> ByHand:
    """A run whose tables a test writes row by row."""
    return ByHand()


@pytest.fixture(scope="session")
def world_class() -> type[ByHand]:
    """The same, to begin anew in each example of a property."""
    return ByHand
