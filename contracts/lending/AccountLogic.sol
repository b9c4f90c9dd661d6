// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IAaveOracle} from "../interfaces/IAaveOracle.sol";
import {IScaledBalanceToken} from "../interfaces/IScaledBalanceToken.sol";
import {IPoolErrors} from "../interfaces/IPoolErrors.sol";
import {BPS, MulDiv, WAD} from "./MulDiv.sol";
import {EMode, PoolState, Reserve} from "./PoolState.sol";
import {ReserveConfiguration} from "./ReserveConfiguration.sol";
import {ReserveLogic} from "./ReserveLogic.sol";
import {ScaledMath} from "./ScaledMath.sol";
import {UserConfiguration} from "./UserConfiguration.sol";

/// @dev A position in the base currency (USD, 8 decimals).
struct Account {
    uint256 totalCollateralBase;
    uint256 totalDebtBase;
    uint256 avgLtvBps;
    uint256 avgLiquidationThresholdBps;
    uint256 healthFactorWad;
    bool hasZeroLtvCollateral;
}

/// @dev Value and health of a position.
library AccountLogic {
    using MulDiv for uint256;
    using ReserveConfiguration for uint256;
    using ReserveLogic for Reserve;
    using ScaledMath for uint256;
    using UserConfiguration for uint256;

    struct Walk {
        uint256 remaining;
        uint256 id;
        uint8 eModeId;
        uint256 price;
        uint256 unit;
        uint256 weightedLtv;
        uint256 weightedThreshold;
    }

    /// @dev Collateral rounds down, debt up, at the indexes of now.
    ///
    ///   health factor = sum(collateral * threshold) / sum(debt), from the exact sums and not from the average threshold
    function account(PoolState storage state, IAaveOracle oracle, address user) internal view returns (Account memory result) {
        Walk memory walk;
        walk.eModeId = state.userEMode[user];

        for (walk.remaining = state.userConfiguration[user]; walk.remaining != 0; walk.remaining >>= 2) {
            if (walk.remaining & 3 != 0) {
                address asset = state.assetOf[walk.id];
                Reserve storage reserve = state.reserves[asset];
                walk.price = oracle.getAssetPrice(asset);
                walk.unit = reserve.configuration.unit();

                if (walk.remaining & 2 != 0) {
                    uint256 value = collateralBase(reserve, user, walk.price, walk.unit);
                    (uint256 ltvBps, uint256 thresholdBps,) = riskParameters(state, reserve, walk.eModeId);

                    result.totalCollateralBase += value;
                    walk.weightedLtv += value * ltvBps;
                    walk.weightedThreshold += value * thresholdBps;
                    if (ltvBps == 0) result.hasZeroLtvCollateral = true;
                }

                if (walk.remaining & 1 != 0) result.totalDebtBase += debtBase(reserve, user, walk.price, walk.unit);
            }

            ++walk.id;
        }

        if (result.totalCollateralBase != 0) {
            result.avgLtvBps = walk.weightedLtv / result.totalCollateralBase;
            result.avgLiquidationThresholdBps = walk.weightedThreshold / result.totalCollateralBase;
        }

        result.healthFactorWad = result.totalDebtBase == 0
            ? type(uint256).max
            : walk.weightedThreshold.mulDivHalfUp(WAD, result.totalDebtBase) / BPS;
    }

    /// @dev Those of the eMode where the reserve is collateral of it, the reserve's own otherwise. An eMode can deny one its LTV.
    function riskParameters(PoolState storage state, Reserve storage reserve, uint8 eModeId)
        internal
        view
        returns (uint256 ltvBps, uint256 thresholdBps, uint256 bonusBps)
    {
        if (eModeId != 0) {
            EMode storage eMode = state.eModes[eModeId];
            if ((eMode.collateralBitmap >> reserve.id) & 1 != 0) {
                bool isLtvzero = (eMode.ltvzeroBitmap >> reserve.id) & 1 != 0;
                return (isLtvzero ? 0 : eMode.ltv, eMode.liquidationThreshold, eMode.liquidationBonus);
            }
        }

        uint256 word = reserve.configuration;
        return (word.ltvBps(), word.liquidationThresholdBps(), word.liquidationBonusBps());
    }

    function isBorrowable(PoolState storage state, Reserve storage reserve, uint8 eModeId) internal view returns (bool) {
        if (eModeId == 0) return reserve.configuration.flag(ReserveConfiguration.BORROWING);

        return (state.eModes[eModeId].borrowableBitmap >> reserve.id) & 1 != 0;
    }

    /// @dev After a borrow: an LTV, health, and collateral that covers the debt at the average LTV.
    function requireCoversDebt(PoolState storage state, IAaveOracle oracle, address user) internal view {
        Account memory position = account(state, oracle, user);

        require(position.avgLtvBps != 0, IPoolErrors.LtvValidationFailed());
        require(position.healthFactorWad >= WAD, IPoolErrors.HealthFactorLowerThanLiquidationThreshold());
        require(
            position.totalCollateralBase >= position.totalDebtBase.mulDivUp(BPS, position.avgLtvBps),
            IPoolErrors.CollateralCannotCoverNewBorrow()
        );
    }

    /// @dev After collateral left a position: health, and collateral without an LTV leaves first.
    function requireHealthyWithout(PoolState storage state, IAaveOracle oracle, address user, Reserve storage leaving) internal view {
        Account memory position = account(state, oracle, user);

        require(position.healthFactorWad >= WAD, IPoolErrors.HealthFactorLowerThanLiquidationThreshold());
        if (position.hasZeroLtvCollateral) {
            (uint256 ltvBps,,) = riskParameters(state, leaving, state.userEMode[user]);
            require(ltvBps == 0, IPoolErrors.LtvValidationFailed());
        }
    }

    function requireHealthy(PoolState storage state, IAaveOracle oracle, address user) internal view {
        require(account(state, oracle, user).healthFactorWad >= WAD, IPoolErrors.HealthFactorLowerThanLiquidationThreshold());
    }

    function collateralBase(Reserve storage reserve, address user, uint256 price, uint256 unit) internal view returns (uint256) {
        uint256 scaled = IScaledBalanceToken(reserve.aToken).scaledBalanceOf(user);

        return scaled.toBalanceDown(reserve.liquidityIndexNow()).mulDivDown(price, unit);
    }

    function debtBase(Reserve storage reserve, address user, uint256 price, uint256 unit) internal view returns (uint256) {
        uint256 scaled = IScaledBalanceToken(reserve.variableDebtToken).scaledBalanceOf(user);

        return scaled.toBalanceUp(reserve.variableBorrowIndexNow()).mulDivUp(price, unit);
    }
}
