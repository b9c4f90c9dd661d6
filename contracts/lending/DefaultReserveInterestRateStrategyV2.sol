// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {DataTypes} from "../interfaces/DataTypes.sol";
import {IPoolAddressesProvider} from "../interfaces/IPoolAddressesProvider.sol";
import {IReserveInterestRateStrategy} from "../interfaces/IReserveInterestRateStrategy.sol";
import {BPS, MulDiv, RAY} from "./MulDiv.sol";

contract DefaultReserveInterestRateStrategyV2 is IReserveInterestRateStrategy {
    using MulDiv for uint256;

    // --- Constants

    uint256 public constant MAX_BORROW_RATE = 1_000_00;
    uint256 private constant RAY_PER_BPS = RAY / BPS;

    // --- Immutables

    address public immutable ADDRESSES_PROVIDER;

    // --- Storage

    mapping(address reserve => InterestRateData) private _data;

    // --- Constructor

    constructor(address provider) {
        ADDRESSES_PROVIDER = provider;
    }

    // --- Actions, for the configurator only

    /// @inheritdoc IReserveInterestRateStrategy
    function setInterestRateParams(address reserve, bytes calldata rateData) external {
        require(
            msg.sender == IPoolAddressesProvider(ADDRESSES_PROVIDER).getPoolConfigurator(), CallerNotPoolConfigurator()
        );
        InterestRateData memory data = abi.decode(rateData, (InterestRateData));
        require(data.optimalUsageRatio <= BPS, InvalidOptimalUsageRatio());
        require(data.variableRateSlope2 >= data.variableRateSlope1, Slope2MustBeGteSlope1());
        require(
            uint256(data.baseVariableBorrowRate) + data.variableRateSlope1 + data.variableRateSlope2 <= MAX_BORROW_RATE, InvalidMaxRate()
        );

        _data[reserve] = data;

        emit RateDataUpdate(
            reserve, data.optimalUsageRatio, data.baseVariableBorrowRate, data.variableRateSlope1, data.variableRateSlope2
        );
    }

    // --- Views

    /// @inheritdoc IReserveInterestRateStrategy
    function calculateInterestRates(DataTypes.CalculateInterestRatesParams calldata params)
        external
        view
        returns (uint256 liquidityRate, uint256 variableBorrowRate)
    {
        InterestRateDataRay memory rates = getInterestRateData(params.reserve);
        if (params.totalDebt == 0) return (0, rates.baseVariableBorrowRate);

        uint256 withDebt = params.virtualUnderlyingBalance + params.liquidityAdded - params.liquidityTaken + params.totalDebt;
        uint256 borrowUsage = params.totalDebt.mulDivHalfUp(RAY, withDebt);
        uint256 supplyUsage = params.totalDebt.mulDivHalfUp(RAY, withDebt + params.unbacked);

        variableBorrowRate = _variableBorrowRate(rates, borrowUsage);
        liquidityRate = variableBorrowRate.mulDivHalfUp(supplyUsage, RAY).mulDivHalfUp(BPS - params.reserveFactor, BPS);
    }

    /// @inheritdoc IReserveInterestRateStrategy
    function getInterestRateData(address reserve) public view returns (InterestRateDataRay memory) {
        InterestRateData memory data = _data[reserve];

        return InterestRateDataRay({
            optimalUsageRatio: data.optimalUsageRatio * RAY_PER_BPS,
            baseVariableBorrowRate: data.baseVariableBorrowRate * RAY_PER_BPS,
            variableRateSlope1: data.variableRateSlope1 * RAY_PER_BPS,
            variableRateSlope2: data.variableRateSlope2 * RAY_PER_BPS
        });
    }

    /// @inheritdoc IReserveInterestRateStrategy
    function getInterestRateDataBps(address reserve) external view returns (InterestRateData memory) {
        return _data[reserve];
    }

    /// @inheritdoc IReserveInterestRateStrategy
    function getOptimalUsageRatio(address reserve) external view returns (uint256) {
        return _data[reserve].optimalUsageRatio * RAY_PER_BPS;
    }

    /// @inheritdoc IReserveInterestRateStrategy
    function getBaseVariableBorrowRate(address reserve) external view returns (uint256) {
        return _data[reserve].baseVariableBorrowRate * RAY_PER_BPS;
    }

    /// @inheritdoc IReserveInterestRateStrategy
    function getVariableRateSlope1(address reserve) external view returns (uint256) {
        return _data[reserve].variableRateSlope1 * RAY_PER_BPS;
    }

    /// @inheritdoc IReserveInterestRateStrategy
    function getVariableRateSlope2(address reserve) external view returns (uint256) {
        return _data[reserve].variableRateSlope2 * RAY_PER_BPS;
    }

    /// @inheritdoc IReserveInterestRateStrategy
    function getMaxVariableBorrowRate(address reserve) external view returns (uint256) {
        InterestRateDataRay memory rates = getInterestRateData(reserve);

        return rates.baseVariableBorrowRate + rates.variableRateSlope1 + rates.variableRateSlope2;
    }

    // --- Internals

    /// @dev Up to the optimal usage: base + slope1 * usage / optimal. Over it: base + slope1 + slope2 * (usage - optimal) / (1 - optimal).
    function _variableBorrowRate(InterestRateDataRay memory rates, uint256 usage) private pure returns (uint256) {
        uint256 optimal = rates.optimalUsageRatio;

        if (usage <= optimal) {
            return rates.baseVariableBorrowRate + rates.variableRateSlope1.mulDivHalfUp(usage, RAY).mulDivHalfUp(RAY, optimal);
        }

        uint256 excess = (usage - optimal).mulDivHalfUp(RAY, RAY - optimal);
        return rates.baseVariableBorrowRate + rates.variableRateSlope1 + rates.variableRateSlope2.mulDivHalfUp(excess, RAY);
    }
}
