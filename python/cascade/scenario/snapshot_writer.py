"""Write the lending lines of a scenario as a configuration snapshot, in the layout of Aave's tooling."""

from __future__ import annotations

import json
from collections.abc import Iterable

from eth_utils import keccak, to_checksum_address

from cascade.scenario.model import ReserveSpec, ScenarioSpec
from cascade.scenario.sources import initial_price_usd
from cascade.units import BPS

__all__ = ["snapshot_json"]

_RAY_PER_BPS = 10**27 // BPS


def snapshot_json(spec: ScenarioSpec) -> str:
    """Return the lending lines of a scenario as a configuration snapshot, in the layout of Aave's tooling.

    The contracts of a run have no address yet: each asset has one that follows from its symbol. State such as balances
    is left out.
    """
    addresses = {asset: to_checksum_address(keccak(text=f"asset {asset}")[-20:]) for asset in spec.lending.reserves}
    ids = {asset: number for number, asset in enumerate(spec.lending.reserves)}

    def bitmap(assets: Iterable[str]) -> str:
        return str(sum(1 << ids[asset] for asset in assets))

    tree = {
        "eModes": {
            str(number): {
                "eModeCategory": number,
                "label": mode.label,
                "ltv": mode.ltv_bps,
                "liquidationThreshold": mode.liquidation_threshold_bps,
                "liquidationBonus": BPS + mode.liquidation_bonus_bps,
                "collateralBitmap": bitmap(mode.collateral),
                "borrowableBitmap": bitmap(mode.borrowable),
            }
            for number, mode in spec.lending.emodes.items()
        },
        "poolConfig": {},
        "reserves": {
            addresses[asset]: _reserve_json(spec, asset, reserve, address=addresses[asset], number=ids[asset])
            for asset, reserve in spec.lending.reserves.items()
        },
        "strategies": {
            addresses[asset]: {
                "baseVariableBorrowRate": str(reserve.rate.base_bps * _RAY_PER_BPS),
                "maxVariableBorrowRate": str(
                    (reserve.rate.base_bps + reserve.rate.slope1_bps + reserve.rate.slope2_bps) * _RAY_PER_BPS
                ),
                "optimalUsageRatio": str(reserve.rate.optimal_usage_bps * _RAY_PER_BPS),
                "variableRateSlope1": str(reserve.rate.slope1_bps * _RAY_PER_BPS),
                "variableRateSlope2": str(reserve.rate.slope2_bps * _RAY_PER_BPS),
            }
            for asset, reserve in spec.lending.reserves.items()
        },
    }
    return json.dumps(tree, indent=2, sort_keys=True) + "\n"


def _reserve_json(
    spec: ScenarioSpec, asset: str, reserve: ReserveSpec, *, address: str, number: int
) -> dict[str, object]:
    is_collateral = reserve.liquidation_threshold_bps > 0
    price = initial_price_usd(spec, asset).scaleb(8)
    return {
        "symbol": asset,
        "underlying": address,
        "decimals": spec.assets[asset].decimals,
        "id": number,
        "isActive": True,
        "isFrozen": False,
        "isPaused": False,
        "isFlashloanable": True,
        "borrowingEnabled": reserve.borrowing,
        "usageAsCollateralEnabled": is_collateral,
        "ltv": reserve.ltv_bps,
        "liquidationThreshold": reserve.liquidation_threshold_bps,
        "liquidationBonus": BPS + reserve.liquidation_bonus_bps if is_collateral else 0,
        "liquidationProtocolFee": reserve.liquidation_protocol_fee_bps,
        "reserveFactor": reserve.reserve_factor_bps,
        "supplyCap": reserve.supply_cap,
        "borrowCap": reserve.borrow_cap,
        "debtCeiling": reserve.debt_ceiling_cents,
        "isBorrowableInIsolation": reserve.borrowable_in_isolation,
        "isSiloed": reserve.siloed_borrowing,
        "oracleDecimals": 8,
        "oracleLatestAnswer": str(int(price)),
    }
