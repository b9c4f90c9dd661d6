"""A run with an exchange, its tables written row by row: what a test does not say is zero or empty."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from cascade.analysis.frames import Frames
from cascade.analysis.links import Link, find_links
from cascade.recording.store import write_tables
from cascade.recording.tables import TABLES, Kind

from .table_rows import typed

START = 1_760_129_100
SECONDS = 12
WAD, E8, USDC = 10**18, 10**8, 10**6

_PLAIN: dict[Kind, Any] = {Kind.TEXT: "", Kind.INT64: 0, Kind.UINT256: 0, Kind.BOOL: False, Kind.FLOAT64: 0.0}


def raw(amount: str, decimals: int = 18) -> int:
    return int(Decimal(amount).scaleb(decimals))


def parameters() -> dict[str, Any]:
    """An altcoin whose book follows a path, and USDe, whose book follows a pool and which USDC redeems at par."""
    return {
        "name": "chain-by-hand",
        "chain": {"ether_price_usd": "4000"},
        "assets": {name: {"decimals": 6 if name == "USDC" else 18} for name in ("USDC", "USDe", "ALT", "WETH")},
        "lending": {"reserves": {"USDe": {"liquidation_bonus_bps": 500}}},
        "venues": {"curve": {"kind": "stable-swap", "coins": ["USDC", "USDe"]}},
        "oracle": {"USDe": {"kind": "amm-spot", "venue": "curve"}, "USDC": {"kind": "posted"}},
        "positions": {"desk-whales": {"pledge": {"collateral": "ALT", "line": "ALT-USDC"}}},
        "agents": {
            "makers": {
                "kind": "market-maker",
                "ladders": {"ALT-USDC": {"bid_size": "100"}},
            },
        },
        "exchange": {
            "cash": "USDC",
            "books": {
                "ALT-USDC": {
                    "base": "ALT",
                    "reference": {"kind": "path", "asset": "ALT", "ratio": "1"},
                    "redemption": None,
                    "forgotten_orders": [{"side": "buy", "price": "0.1", "size": "1000"}],
                    "index": {"floor_price": "0", "redemption_weight_bps": 0},
                },
                "USDe-USDC": {
                    "base": "USDe",
                    "reference": {"kind": "venue", "venue": "curve"},
                    "redemption": {"asset": "USDC", "ratio": "1"},
                    "forgotten_orders": [],
                    "index": {"floor_price": "0", "redemption_weight_bps": 0},
                },
            },
            "margin": {
                "collateral": {
                    "ALT-USDC": {"tiers": [{"rate_bps": 5000}], "haircut_add_on_bps": 0, "priced_at": "index"},
                    "USDe-USDC": {"tiers": [{"rate_bps": 9000}], "haircut_add_on_bps": 0, "priced_at": "index"},
                },
                "markets": {"ALT-PERP": {"book": "ALT-USDC"}},
            },
        },
    }


class ChainByHand:
    """Block 1 is of the build; block n from 2 on is step n - 2, twelve seconds after the one before."""

    def __init__(self) -> None:
        self.parameters = parameters()
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self._price = {"curve": WAD, "book:ALT-USDC": WAD, "book:USDe-USDC": WAD, "feed:ALT": WAD, "feed:WETH": WAD}
        self._sent: dict[int, int] = {}
        for asset in ("USDC", "USDe"):
            self.price(1, asset, "oracle", "1")

    def add(self, table: str, block: int, **values: Any) -> None:
        """A row, with everything that is not given zero or empty."""
        when = {
            "run_id": "chain-by-hand-7-abcdef",
            "seed": 7,
            "phase": "crash" if block > 1 else "build",
            "step": block - 2 if block > 1 else -1,
            "block_number": block,
            "timestamp": START + SECONDS * (block - 2),
        }
        plain = {column.name: _PLAIN[column.kind] for column in TABLES[table].columns}
        unknown = values.keys() - plain.keys()
        assert not unknown, unknown
        self.rows.setdefault(table, []).append({**plain, **{k: v for k, v in when.items() if k in plain}, **values})

    def send(self, block: int, **values: Any) -> str:
        """A transaction; returns its hash."""
        index = self._sent.get(block, -1) + 1
        self._sent[block] = index
        tx_hash = f"0x{block:x}-{index:x}"
        self.add(
            "transactions",
            block,
            lane="exchange",
            transaction_index=index,
            tx_hash=tx_hash,
            **{"status": "ok", **values},
        )
        return tx_hash

    def price(self, block: int, asset: str, source: str, price: str) -> None:
        self.add("prices", block, asset=asset, source=source, price_e8=raw(price, 8))

    def move(self, block: int, market: str, after: str, *, tx: str = "", **values: Any) -> str:
        """A move of a market to a price, by a role, for an intent; in a transaction of its own unless one is given."""
        before, self._price[market] = self._price[market], raw(after)
        tx = tx or self.send(block, role=values.get("role", ""), intent=values.get("intent", ""))
        kind = "trade" if market.startswith("book:") else "post" if market.startswith("feed:") else "swap"
        asset = {"curve": "USDe"}.get(market) or market.partition(":")[2].partition("-")[0]
        self.add(
            "price_moves",
            block,
            transaction_index=int(tx.partition("-")[2], 16),
            log_index=len(self.rows.get("price_moves", [])),
            tx_hash=tx,
            market=market,
            asset=asset,
            price_before_wad=before,
            price_after_wad=self._price[market],
            **{"kind": kind, **values},
        )
        return tx

    def event(self, block: int, kind: str, *, tx: str = "", **values: Any) -> str:
        """An event of the exchange's engines."""
        tx = tx or self.send(block, role="engine", intent="engine")
        number = len(self.rows.get("exchange_events", []))
        self.add("exchange_events", block, kind=kind, tx_hash=tx, log_index=number, **values)
        return tx

    def frames(self, folder: Path, *, blocks: int) -> Frames:
        """Write everything, with so many blocks."""
        for block in range(1, blocks + 1):
            self.add("blocks", block, lane="chain")
        self.add("runs", 1, scenario="chain-by-hand", start_timestamp=START, parameters=json.dumps(self.parameters))
        write_tables(folder / "tables", typed(self.rows))
        return Frames(folder)

    def links(self, folder: Path, *, blocks: int) -> dict[str, tuple[Link, dict[str, float], dict[str, float]]]:
        """Links by name, each with its feeders' shares and nets."""
        found = find_links(self.frames(folder, blocks=blocks))
        return {
            link.name: (
                link,
                {fed.fed_by: float(fed.share) for fed in feeders},
                {fed.fed_by: float(fed.net) for fed in feeders},
            )
            for link, feeders in found
        }
