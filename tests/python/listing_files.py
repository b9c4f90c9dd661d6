"""Configuration snapshots by hand, in the layout of the tooling of Aave's governance."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from cascade.listing.snapshot import Snapshot, read_json, snapshot_of
from cascade.toolchain.paths import project_root

ETHEREUM = project_root() / "scenarios" / "listings" / "aave-ethereum.json"
ETHEREUM_AFTER = project_root() / "tests" / "data" / "aave-ethereum" / "after.json"

USDE, USDC, PT = "0x" + "aB" * 20, "0x" + "cD" * 20, "0x" + "eF" * 20
STRATEGY = "0x" + "5A" * 20


def reserve(symbol: str, address: str, number: int, **changes: Any) -> dict[str, Any]:
    """A reserve of a new file: collateral at 72/75/8.5, borrowable, without caps."""
    return {
        **{"symbol": symbol, "underlying": address, "decimals": 6 if symbol == "USDC" else 18, "id": number},
        **{"isActive": True, "isFrozen": False, "isPaused": False, "isSiloed": False, "isFlashloanable": True},
        **{"isBorrowableInIsolation": False, "borrowingEnabled": True, "usageAsCollateralEnabled": True},
        **{"ltv": 7200, "liquidationThreshold": 7500, "liquidationBonus": 10850, "liquidationProtocolFee": 1000},
        **{"reserveFactor": 2500, "supplyCap": 960_000_000, "borrowCap": 0, "debtCeiling": 0},
        **{"oracleLatestAnswer": "99990000", "interestRateStrategy": STRATEGY, "virtualBalance": "1"},
        **changes,
    }


def rate(optimal: str = "80", slope1: str = "9", slope2: str = "75") -> dict[str, Any]:
    """A strategy in ray; the arguments are per cent."""
    percent = 10**25
    return {
        **{"address": STRATEGY, "baseVariableBorrowRate": "0", "optimalUsageRatio": str(int(optimal) * percent)},
        **{"variableRateSlope1": str(int(slope1) * percent), "variableRateSlope2": str(int(slope2) * percent)},
        "maxVariableBorrowRate": str((int(slope1) + int(slope2)) * percent),
    }


def market() -> dict[str, Any]:
    """A market of three reserves with ids 30, 3 and 43, and a mode of USDe against USDC."""
    return {
        "chainId": 1,
        "reserves": {
            USDE: reserve("USDe", USDE, 30),
            USDC: reserve("USDC", USDC, 3, ltv=7500, liquidationThreshold=7800, liquidationBonus=10450),
            PT: reserve("PT-USDe", PT, 43, borrowingEnabled=False),
        },
        "strategies": {USDE: rate(), USDC: rate("92", "5", "40"), PT: rate()},
        "eModes": {
            "11": {
                **{"eModeCategory": 11, "label": "USDe Stablecoin", "ltv": 9000, "liquidationThreshold": 9300},
                **{"liquidationBonus": 10200, "collateralBitmap": str(1 << 30), "borrowableBitmap": str(1 << 3)},
            },
        },
        "poolConfig": {"oracle": "0x" + "11" * 20},
    }


def changed(tree: dict[str, Any], **at: Any) -> dict[str, Any]:
    """A copy with values replaced; a key is a path joined by two underscores, and `...` removes it."""
    result = copy.deepcopy(tree)
    for path, value in at.items():
        node, parts = result, path.split("__")
        for part in parts[:-1]:
            node = node[part]
        if value is ...:
            del node[parts[-1]]
        else:
            node[parts[-1]] = value
    return result


def written(folder: Path, name: str, tree: Any) -> Path:
    """A JSON file in a folder."""
    file = folder / name
    file.write_text(tree if isinstance(tree, str) else json.dumps(tree), encoding="utf-8")
    return file


def snapshot(folder: Path, tree: Any, name: str = "before.json") -> Snapshot:
    return snapshot_of(read_json(written(folder, name, tree)), file=name)
