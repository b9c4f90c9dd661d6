// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IPoolAddressesProvider} from "./IPoolAddressesProvider.sol";

/// @title Views for clients
/// @notice The ABI of Aave V3.6's AaveProtocolDataProvider. Units as in `IPool`; values of removed features are zero.
interface IPoolDataProvider {
    struct TokenData {
        string symbol;
        address tokenAddress;
    }

    function ADDRESSES_PROVIDER() external view returns (IPoolAddressesProvider);

    function POOL() external view returns (address);

    function getAllReservesTokens() external view returns (TokenData[] memory);

    function getAllATokens() external view returns (TokenData[] memory);

    function getReserveConfigurationData(address asset)
        external
        view
        returns (
            uint256 decimals,
            uint256 ltv,
            uint256 liquidationThreshold,
            uint256 liquidationBonus,
            uint256 reserveFactor,
            bool usageAsCollateralEnabled,
            bool borrowingEnabled,
            bool stableBorrowRateEnabled,
            bool isActive,
            bool isFrozen
        );

    /// @return borrowCap Whole tokens, 0 for none
    /// @return supplyCap Whole tokens, 0 for none
    function getReserveCaps(address asset) external view returns (uint256 borrowCap, uint256 supplyCap);

    function getPaused(address asset) external view returns (bool isPaused);

    function getSiloedBorrowing(address asset) external view returns (bool);

    /// @return Share of the liquidation bonus, bps
    function getLiquidationProtocolFee(address asset) external view returns (uint256);

    /// @return Cents, 0 for none
    function getDebtCeiling(address asset) external view returns (uint256);

    function getDebtCeilingDecimals() external pure returns (uint256);

    function getUnbackedMintCap(address asset) external view returns (uint256);

    function getReserveData(address asset)
        external
        view
        returns (
            uint256 unbacked,
            uint256 accruedToTreasuryScaled,
            uint256 totalAToken,
            uint256 totalStableDebt,
            uint256 totalVariableDebt,
            uint256 liquidityRate,
            uint256 variableBorrowRate,
            uint256 stableBorrowRate,
            uint256 averageStableBorrowRate,
            uint256 liquidityIndex,
            uint256 variableBorrowIndex,
            uint40 lastUpdateTimestamp
        );

    function getATokenTotalSupply(address asset) external view returns (uint256);

    function getTotalDebt(address asset) external view returns (uint256);

    function getUserReserveData(address asset, address user)
        external
        view
        returns (
            uint256 currentATokenBalance,
            uint256 currentStableDebt,
            uint256 currentVariableDebt,
            uint256 principalStableDebt,
            uint256 scaledVariableDebt,
            uint256 stableBorrowRate,
            uint256 liquidityRate,
            uint40 stableRateLastUpdated,
            bool usageAsCollateralEnabled
        );

    function getReserveTokensAddresses(address asset)
        external
        view
        returns (address aTokenAddress, address stableDebtTokenAddress, address variableDebtTokenAddress);

    function getInterestRateStrategyAddress(address asset) external view returns (address irStrategyAddress);

    function getFlashLoanEnabled(address asset) external view returns (bool);

    function getIsVirtualAccActive(address asset) external view returns (bool);

    function getVirtualUnderlyingBalance(address asset) external view returns (uint256);

    function getReserveDeficit(address asset) external view returns (uint256);
}
