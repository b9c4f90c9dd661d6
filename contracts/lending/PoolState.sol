// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @dev Indexes and rates in ray, amounts in the asset's units, accruedToTreasury scaled by the liquidity index,
/// isolationModeTotalDebt in cents.
struct Reserve {
    uint256 configuration;
    uint128 liquidityIndex;
    uint128 currentLiquidityRate;
    uint128 variableBorrowIndex;
    uint128 currentVariableBorrowRate;
    uint128 virtualUnderlyingBalance;
    uint128 accruedToTreasury;
    uint128 deficit;
    uint40 lastUpdateTimestamp;
    uint40 liquidationGracePeriodUntil;
    uint16 id;
    address aToken;
    address variableDebtToken;
    uint128 isolationModeTotalDebt;
}

/// @dev Parameters in bps, reserves as bits by id.
struct EMode {
    uint16 ltv;
    uint16 liquidationThreshold;
    uint16 liquidationBonus;
    uint128 collateralBitmap;
    uint128 borrowableBitmap;
    uint128 ltvzeroBitmap;
    string label;
}

/// @dev Everything the pool stores.
struct PoolState {
    mapping(address asset => Reserve) reserves;
    mapping(uint256 id => address asset) assetOf;
    mapping(address user => uint256) userConfiguration;
    mapping(address user => uint8) userEMode;
    mapping(uint8 id => EMode) eModes;
    uint16 reservesCount;
    uint128 flashLoanPremiumBps;
}
