// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Structs that the pool's ABI exchanges
/// @notice Field for field those of Aave V3.6, so that a decoder written for the real pool reads this one.
library DataTypes {
    /// @notice Configuration of a reserve, packed in one word.
    /// bits 0-15 LTV (bps) | 16-31 liquidation threshold (bps) | 32-47 liquidation bonus (bps, 105_00 is 5 %) | 48-55 decimals |
    /// 56 active | 57 frozen | 58 borrowing enabled | 60 paused | 61 borrowable in isolation | 62 siloed borrowing | 63 flash loans enabled |
    /// 64-79 reserve factor (bps) | 80-115 borrow cap (whole tokens) | 116-151 supply cap (whole tokens) |
    /// 152-167 liquidation protocol fee (bps) | 212-251 debt ceiling (cents) | 252 always on (virtual accounting)
    struct ReserveConfigurationMap {
        uint256 data;
    }

    /// @notice Two bits a reserve: bit 2*id says that it is borrowed, bit 2*id + 1 that it is used as collateral.
    struct UserConfigurationMap {
        uint256 data;
    }

    /// @notice What `getReserveData` returns. Indexes and rates in ray; accruedToTreasury is scaled by the liquidity index,
    /// isolationModeTotalDebt in cents. Fields of removed features (stable debt, unbacked) are there for the layout, and zero.
    struct ReserveDataLegacy {
        ReserveConfigurationMap configuration;
        uint128 liquidityIndex;
        uint128 currentLiquidityRate;
        uint128 variableBorrowIndex;
        uint128 currentVariableBorrowRate;
        uint128 currentStableBorrowRate;
        uint40 lastUpdateTimestamp;
        uint16 id;
        address aTokenAddress;
        address stableDebtTokenAddress;
        address variableDebtTokenAddress;
        address interestRateStrategyAddress;
        uint128 accruedToTreasury;
        uint128 unbacked;
        uint128 isolationModeTotalDebt;
    }

    /// @notice Risk parameters of an eMode, in bps; the bonus includes the principal (102_00 is 2 %).
    struct CollateralConfig {
        uint16 ltv;
        uint16 liquidationThreshold;
        uint16 liquidationBonus;
    }

    /// @notice What the configurator sets of an eMode.
    struct EModeCategoryBaseConfiguration {
        uint16 ltv;
        uint16 liquidationThreshold;
        uint16 liquidationBonus;
        string label;
    }

    /// @notice What `getEModeCategoryData` returns; priceSource is always zero.
    struct EModeCategoryLegacy {
        uint16 ltv;
        uint16 liquidationThreshold;
        uint16 liquidationBonus;
        address priceSource;
        string label;
    }

    /// @notice What a rate strategy needs. Amounts in the asset's units; usingVirtualBalance is always true.
    struct CalculateInterestRatesParams {
        uint256 unbacked;
        uint256 liquidityAdded;
        uint256 liquidityTaken;
        uint256 totalDebt;
        uint256 reserveFactor;
        address reserve;
        bool usingVirtualBalance;
        uint256 virtualUnderlyingBalance;
    }
}
