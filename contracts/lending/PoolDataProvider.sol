// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {DataTypes} from "../interfaces/DataTypes.sol";
import {IPool} from "../interfaces/IPool.sol";
import {IPoolAddressesProvider} from "../interfaces/IPoolAddressesProvider.sol";
import {IPoolDataProvider} from "../interfaces/IPoolDataProvider.sol";
import {IVariableDebtToken} from "../interfaces/IVariableDebtToken.sol";
import {ReserveConfiguration} from "./ReserveConfiguration.sol";
import {UserConfiguration} from "./UserConfiguration.sol";

contract PoolDataProvider is IPoolDataProvider {
    using ReserveConfiguration for uint256;
    using UserConfiguration for uint256;

    // --- Immutables

    IPoolAddressesProvider public immutable ADDRESSES_PROVIDER;

    // --- Constructor

    constructor(IPoolAddressesProvider provider) {
        ADDRESSES_PROVIDER = provider;
    }

    // --- Views

    /// @inheritdoc IPoolDataProvider
    function POOL() external view returns (address) {
        return ADDRESSES_PROVIDER.getPool();
    }

    /// @inheritdoc IPoolDataProvider
    function getAllReservesTokens() external view returns (TokenData[] memory tokens) {
        address[] memory assets = _pool().getReservesList();
        tokens = new TokenData[](assets.length);
        for (uint256 i = 0; i < assets.length; ++i) {
            tokens[i] = TokenData(IERC20Metadata(assets[i]).symbol(), assets[i]);
        }
    }

    /// @inheritdoc IPoolDataProvider
    function getAllATokens() external view returns (TokenData[] memory tokens) {
        address[] memory assets = _pool().getReservesList();
        tokens = new TokenData[](assets.length);
        for (uint256 i = 0; i < assets.length; ++i) {
            address aToken = _pool().getReserveAToken(assets[i]);
            tokens[i] = TokenData(IERC20Metadata(aToken).symbol(), aToken);
        }
    }

    /// @inheritdoc IPoolDataProvider
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
        )
    {
        uint256 word = _word(asset);
        decimals = word.decimals();
        ltv = word.ltvBps();
        liquidationThreshold = word.liquidationThresholdBps();
        liquidationBonus = word.liquidationBonusBps();
        reserveFactor = word.reserveFactorBps();
        usageAsCollateralEnabled = liquidationThreshold != 0;
        stableBorrowRateEnabled = false;
        borrowingEnabled = word.flag(ReserveConfiguration.BORROWING);
        isActive = word.flag(ReserveConfiguration.ACTIVE);
        isFrozen = word.flag(ReserveConfiguration.FROZEN);
    }

    /// @inheritdoc IPoolDataProvider
    function getReserveCaps(address asset) external view returns (uint256 borrowCap, uint256 supplyCap) {
        uint256 word = _word(asset);

        return (word.borrowCap(), word.supplyCap());
    }

    /// @inheritdoc IPoolDataProvider
    function getPaused(address asset) external view returns (bool isPaused) {
        return _word(asset).flag(ReserveConfiguration.PAUSED);
    }

    /// @inheritdoc IPoolDataProvider
    function getSiloedBorrowing(address asset) external view returns (bool) {
        return _word(asset).flag(ReserveConfiguration.SILOED_BORROWING);
    }

    /// @inheritdoc IPoolDataProvider
    function getLiquidationProtocolFee(address asset) external view returns (uint256) {
        return _word(asset).liquidationProtocolFeeBps();
    }

    /// @inheritdoc IPoolDataProvider
    function getDebtCeiling(address asset) external view returns (uint256) {
        return _word(asset).debtCeiling();
    }

    /// @inheritdoc IPoolDataProvider
    function getDebtCeilingDecimals() external pure returns (uint256) {
        return 2;
    }

    /// @inheritdoc IPoolDataProvider
    function getUnbackedMintCap(address) external pure returns (uint256) {
        return 0;
    }

    /// @inheritdoc IPoolDataProvider
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
        )
    {
        DataTypes.ReserveDataLegacy memory reserve = _pool().getReserveData(asset);
        unbacked = totalStableDebt = stableBorrowRate = averageStableBorrowRate = 0;
        accruedToTreasuryScaled = reserve.accruedToTreasury;
        totalAToken = IERC20(reserve.aTokenAddress).totalSupply();
        totalVariableDebt = IERC20(reserve.variableDebtTokenAddress).totalSupply();
        liquidityRate = reserve.currentLiquidityRate;
        variableBorrowRate = reserve.currentVariableBorrowRate;
        liquidityIndex = reserve.liquidityIndex;
        variableBorrowIndex = reserve.variableBorrowIndex;
        lastUpdateTimestamp = reserve.lastUpdateTimestamp;
    }

    /// @inheritdoc IPoolDataProvider
    function getATokenTotalSupply(address asset) external view returns (uint256) {
        return IERC20(_pool().getReserveAToken(asset)).totalSupply();
    }

    /// @inheritdoc IPoolDataProvider
    function getTotalDebt(address asset) external view returns (uint256) {
        return IERC20(_pool().getReserveVariableDebtToken(asset)).totalSupply();
    }

    /// @inheritdoc IPoolDataProvider
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
        )
    {
        DataTypes.ReserveDataLegacy memory reserve = _pool().getReserveData(asset);
        currentStableDebt = principalStableDebt = stableBorrowRate = stableRateLastUpdated = 0;
        currentATokenBalance = IERC20(reserve.aTokenAddress).balanceOf(user);
        currentVariableDebt = IERC20(reserve.variableDebtTokenAddress).balanceOf(user);
        scaledVariableDebt = IVariableDebtToken(reserve.variableDebtTokenAddress).scaledBalanceOf(user);
        liquidityRate = reserve.currentLiquidityRate;
        usageAsCollateralEnabled = _pool().getUserConfiguration(user).data.isCollateral(reserve.id);
    }

    /// @inheritdoc IPoolDataProvider
    function getReserveTokensAddresses(address asset)
        external
        view
        returns (address aTokenAddress, address stableDebtTokenAddress, address variableDebtTokenAddress)
    {
        return (_pool().getReserveAToken(asset), address(0), _pool().getReserveVariableDebtToken(asset));
    }

    /// @inheritdoc IPoolDataProvider
    function getInterestRateStrategyAddress(address) external view returns (address irStrategyAddress) {
        return _pool().RESERVE_INTEREST_RATE_STRATEGY();
    }

    /// @inheritdoc IPoolDataProvider
    function getFlashLoanEnabled(address asset) external view returns (bool) {
        return _word(asset).flag(ReserveConfiguration.FLASHLOAN);
    }

    /// @inheritdoc IPoolDataProvider
    function getIsVirtualAccActive(address) external pure returns (bool) {
        return true;
    }

    /// @inheritdoc IPoolDataProvider
    function getVirtualUnderlyingBalance(address asset) external view returns (uint256) {
        return _pool().getVirtualUnderlyingBalance(asset);
    }

    /// @inheritdoc IPoolDataProvider
    function getReserveDeficit(address asset) external view returns (uint256) {
        return _pool().getReserveDeficit(asset);
    }

    // --- Internals

    function _word(address asset) private view returns (uint256) {
        return _pool().getConfiguration(asset).data;
    }

    function _pool() private view returns (IPool) {
        return IPool(ADDRESSES_PROVIDER.getPool());
    }
}
