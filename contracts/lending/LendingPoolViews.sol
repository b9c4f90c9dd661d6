// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {DataTypes} from "../interfaces/DataTypes.sol";
import {IAaveOracle} from "../interfaces/IAaveOracle.sol";
import {IPool} from "../interfaces/IPool.sol";
import {IPoolAddressesProvider} from "../interfaces/IPoolAddressesProvider.sol";
import {Account, AccountLogic} from "./AccountLogic.sol";
import {BPS, MulDiv} from "./MulDiv.sol";
import {EMode, PoolState, Reserve} from "./PoolState.sol";
import {ReserveLogic} from "./ReserveLogic.sol";

/// @dev What the pool stores and answers; what it does is in `LendingPool`.
abstract contract LendingPoolViews is IPool {
    using AccountLogic for PoolState;
    using MulDiv for uint256;
    using ReserveLogic for Reserve;

    // --- Constants

    uint16 public constant MAX_NUMBER_RESERVES = 128;

    // --- Immutables

    IPoolAddressesProvider public immutable ADDRESSES_PROVIDER;
    address public immutable RESERVE_INTEREST_RATE_STRATEGY;

    // --- Storage

    PoolState internal _state;

    // --- Constructor

    constructor(IPoolAddressesProvider provider, address interestRateStrategy) {
        ADDRESSES_PROVIDER = provider;
        RESERVE_INTEREST_RATE_STRATEGY = interestRateStrategy;
    }

    // --- Views

    /// @inheritdoc IPool
    function getUserAccountData(address user)
        external
        view
        returns (
            uint256 totalCollateralBase,
            uint256 totalDebtBase,
            uint256 availableBorrowsBase,
            uint256 currentLiquidationThreshold,
            uint256 ltv,
            uint256 healthFactor
        )
    {
        Account memory position = _state.account(_oracle(), user);
        uint256 borrowableBase = position.totalCollateralBase.mulDivDown(position.avgLtvBps, BPS);

        return (
            position.totalCollateralBase,
            position.totalDebtBase,
            borrowableBase > position.totalDebtBase ? borrowableBase - position.totalDebtBase : 0,
            position.avgLiquidationThresholdBps,
            position.avgLtvBps,
            position.healthFactorWad
        );
    }

    /// @inheritdoc IPool
    function getUserConfiguration(address user) external view returns (DataTypes.UserConfigurationMap memory) {
        return DataTypes.UserConfigurationMap(_state.userConfiguration[user]);
    }

    /// @inheritdoc IPool
    function getConfiguration(address asset) external view returns (DataTypes.ReserveConfigurationMap memory) {
        return DataTypes.ReserveConfigurationMap(_state.reserves[asset].configuration);
    }

    /// @inheritdoc IPool
    function getReserveData(address asset) external view returns (DataTypes.ReserveDataLegacy memory data) {
        Reserve storage reserve = _state.reserves[asset];
        data.configuration.data = reserve.configuration;
        data.liquidityIndex = reserve.liquidityIndex;
        data.currentLiquidityRate = reserve.currentLiquidityRate;
        data.variableBorrowIndex = reserve.variableBorrowIndex;
        data.currentVariableBorrowRate = reserve.currentVariableBorrowRate;
        data.lastUpdateTimestamp = reserve.lastUpdateTimestamp;
        data.id = reserve.id;
        data.aTokenAddress = reserve.aToken;
        data.variableDebtTokenAddress = reserve.variableDebtToken;
        data.interestRateStrategyAddress = RESERVE_INTEREST_RATE_STRATEGY;
        data.accruedToTreasury = reserve.accruedToTreasury;
        data.isolationModeTotalDebt = reserve.isolationModeTotalDebt;
    }

    /// @inheritdoc IPool
    function getReserveNormalizedIncome(address asset) external view returns (uint256) {
        return _state.reserves[asset].liquidityIndexNow();
    }

    /// @inheritdoc IPool
    function getReserveNormalizedVariableDebt(address asset) external view returns (uint256) {
        return _state.reserves[asset].variableBorrowIndexNow();
    }

    /// @inheritdoc IPool
    function getReservesList() external view returns (address[] memory assets) {
        assets = new address[](_state.reservesCount);
        for (uint256 id = 0; id < assets.length; ++id) {
            assets[id] = _state.assetOf[id];
        }
    }

    /// @inheritdoc IPool
    function getReservesCount() external view returns (uint256) {
        return _state.reservesCount;
    }

    /// @inheritdoc IPool
    function getReserveAddressById(uint16 id) external view returns (address) {
        return _state.assetOf[id];
    }

    /// @inheritdoc IPool
    function getReserveAToken(address asset) external view returns (address) {
        return _state.reserves[asset].aToken;
    }

    /// @inheritdoc IPool
    function getReserveVariableDebtToken(address asset) external view returns (address) {
        return _state.reserves[asset].variableDebtToken;
    }

    /// @inheritdoc IPool
    function getVirtualUnderlyingBalance(address asset) external view returns (uint128) {
        return _state.reserves[asset].virtualUnderlyingBalance;
    }

    /// @inheritdoc IPool
    function getReserveDeficit(address asset) external view returns (uint256) {
        return _state.reserves[asset].deficit;
    }

    /// @inheritdoc IPool
    function getLiquidationGracePeriod(address asset) external view returns (uint40) {
        return _state.reserves[asset].liquidationGracePeriodUntil;
    }

    /// @inheritdoc IPool
    function getUserEMode(address user) external view returns (uint256) {
        return _state.userEMode[user];
    }

    /// @inheritdoc IPool
    function getEModeCategoryData(uint8 id) external view returns (DataTypes.EModeCategoryLegacy memory) {
        EMode storage eMode = _state.eModes[id];
        return DataTypes.EModeCategoryLegacy({
            ltv: eMode.ltv,
            liquidationThreshold: eMode.liquidationThreshold,
            liquidationBonus: eMode.liquidationBonus,
            priceSource: address(0),
            label: eMode.label
        });
    }

    /// @inheritdoc IPool
    function getEModeCategoryCollateralConfig(uint8 id) external view returns (DataTypes.CollateralConfig memory) {
        EMode storage eMode = _state.eModes[id];
        return DataTypes.CollateralConfig(eMode.ltv, eMode.liquidationThreshold, eMode.liquidationBonus);
    }

    /// @inheritdoc IPool
    function getEModeCategoryLabel(uint8 id) external view returns (string memory) {
        return _state.eModes[id].label;
    }

    /// @inheritdoc IPool
    function getEModeCategoryCollateralBitmap(uint8 id) external view returns (uint128) {
        return _state.eModes[id].collateralBitmap;
    }

    /// @inheritdoc IPool
    function getEModeCategoryBorrowableBitmap(uint8 id) external view returns (uint128) {
        return _state.eModes[id].borrowableBitmap;
    }

    /// @inheritdoc IPool
    function getEModeCategoryLtvzeroBitmap(uint8 id) external view returns (uint128) {
        return _state.eModes[id].ltvzeroBitmap;
    }

    /// @inheritdoc IPool
    function FLASHLOAN_PREMIUM_TOTAL() external view returns (uint128) {
        return _state.flashLoanPremiumBps;
    }

    // --- Internals

    function _oracle() internal view returns (IAaveOracle) {
        return IAaveOracle(ADDRESSES_PROVIDER.getPriceOracle());
    }
}
