// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {DataTypes} from "../interfaces/DataTypes.sol";
import {IPool} from "../interfaces/IPool.sol";
import {IReserveInterestRateStrategy} from "../interfaces/IReserveInterestRateStrategy.sol";
import {IVariableDebtToken} from "../interfaces/IVariableDebtToken.sol";
import {InterestMath} from "./InterestMath.sol";
import {BPS, MulDiv, RAY} from "./MulDiv.sol";
import {Reserve} from "./PoolState.sol";
import {ReserveConfiguration} from "./ReserveConfiguration.sol";
import {ScaledMath} from "./ScaledMath.sol";

/// @dev A reserve as read at the start of an action. Indexes are brought up to now by `accrue`; scaledVariableDebt follows mints and burns.
struct ReserveCache {
    uint256 configuration;
    uint256 liquidityIndex;
    uint256 liquidityRate;
    uint256 variableBorrowIndex;
    uint256 variableBorrowRate;
    uint256 scaledVariableDebt;
    uint256 lastUpdateTimestamp;
    address aToken;
    address variableDebtToken;
}

/// @dev Accrual of interest and of the treasury's share, and the rates that follow from a change of liquidity.
library ReserveLogic {
    using MulDiv for uint256;
    using ReserveConfiguration for uint256;
    using SafeCast for uint256;
    using ScaledMath for uint256;

    /// @dev An asset that is not listed reverts without data, as in Aave: its debt token is address zero.
    function load(Reserve storage reserve) internal view returns (ReserveCache memory cache) {
        cache.configuration = reserve.configuration;
        cache.liquidityIndex = reserve.liquidityIndex;
        cache.liquidityRate = reserve.currentLiquidityRate;
        cache.variableBorrowIndex = reserve.variableBorrowIndex;
        cache.variableBorrowRate = reserve.currentVariableBorrowRate;
        cache.lastUpdateTimestamp = reserve.lastUpdateTimestamp;
        cache.aToken = reserve.aToken;
        cache.variableDebtToken = reserve.variableDebtToken;
        cache.scaledVariableDebt = IVariableDebtToken(cache.variableDebtToken).scaledTotalSupply();
    }

    /// @dev Brings indexes and treasury up to now. Decides by the cache's clock, not by storage: two caches of one reserve that
    /// were loaded before either accrued add the treasury's share twice, as Aave V3.6 does when collateral and debt are one asset.
    function accrue(Reserve storage reserve, ReserveCache memory cache) internal {
        if (cache.lastUpdateTimestamp == block.timestamp) return;

        uint256 elapsed = block.timestamp - cache.lastUpdateTimestamp;
        uint256 borrowIndexBefore = cache.variableBorrowIndex;

        if (cache.liquidityRate != 0) {
            cache.liquidityIndex = InterestMath.linearGrowthRay(cache.liquidityRate, elapsed).mulDivHalfUp(cache.liquidityIndex, RAY);
            reserve.liquidityIndex = cache.liquidityIndex.toUint128();
        }

        if (cache.scaledVariableDebt != 0) {
            cache.variableBorrowIndex =
                InterestMath.compoundedGrowthRay(cache.variableBorrowRate, elapsed).mulDivHalfUp(borrowIndexBefore, RAY);
            reserve.variableBorrowIndex = cache.variableBorrowIndex.toUint128();

            uint256 interest = cache.scaledVariableDebt.mulDivDown(cache.variableBorrowIndex - borrowIndexBefore, RAY);
            uint256 treasuryShare = interest.mulDivHalfUp(cache.configuration.reserveFactorBps(), BPS);
            if (treasuryShare != 0) reserve.accruedToTreasury += treasuryShare.toScaledDown(cache.liquidityIndex).toUint128();
        }

        reserve.lastUpdateTimestamp = uint40(block.timestamp);
        cache.lastUpdateTimestamp = block.timestamp;
    }

    /// @dev Sets the rates for the liquidity after `liquidityAdded` and `liquidityTaken`, and books both.
    /// More taken than the reserve counts as its own is an arithmetic panic, as in Aave.
    function updateRates(
        Reserve storage reserve,
        ReserveCache memory cache,
        IReserveInterestRateStrategy strategy,
        address asset,
        uint256 liquidityAdded,
        uint256 liquidityTaken
    ) internal {
        uint256 liquidity = reserve.virtualUnderlyingBalance;

        (uint256 liquidityRate, uint256 variableBorrowRate) = strategy.calculateInterestRates(
            DataTypes.CalculateInterestRatesParams({
                unbacked: reserve.deficit,
                liquidityAdded: liquidityAdded,
                liquidityTaken: liquidityTaken,
                totalDebt: cache.scaledVariableDebt.toBalanceUp(cache.variableBorrowIndex),
                reserveFactor: cache.configuration.reserveFactorBps(),
                reserve: asset,
                usingVirtualBalance: true,
                virtualUnderlyingBalance: liquidity
            })
        );

        reserve.currentLiquidityRate = liquidityRate.toUint128();
        reserve.currentVariableBorrowRate = variableBorrowRate.toUint128();
        if (liquidityAdded != liquidityTaken) {
            reserve.virtualUnderlyingBalance = (liquidity + liquidityAdded - liquidityTaken).toUint128();
        }

        emit IPool.ReserveDataUpdated(asset, liquidityRate, 0, variableBorrowRate, cache.liquidityIndex, cache.variableBorrowIndex);
    }

    function liquidityIndexNow(Reserve storage reserve) internal view returns (uint256) {
        uint256 elapsed = block.timestamp - reserve.lastUpdateTimestamp;
        if (elapsed == 0) return reserve.liquidityIndex;

        return InterestMath.linearGrowthRay(reserve.currentLiquidityRate, elapsed).mulDivHalfUp(reserve.liquidityIndex, RAY);
    }

    function variableBorrowIndexNow(Reserve storage reserve) internal view returns (uint256) {
        uint256 elapsed = block.timestamp - reserve.lastUpdateTimestamp;
        if (elapsed == 0) return reserve.variableBorrowIndex;

        return InterestMath.compoundedGrowthRay(reserve.currentVariableBorrowRate, elapsed).mulDivHalfUp(reserve.variableBorrowIndex, RAY);
    }
}
