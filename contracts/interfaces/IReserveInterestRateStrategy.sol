// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {DataTypes} from "./DataTypes.sol";

/// @title Kinked interest rates
/// @notice The ABI of Aave V3.6's DefaultReserveInterestRateStrategyV2: one contract holds the parameters of all reserves.
/// Simplification vs Aave V3.6: the optimal usage ratio may be anything over 0 and up to 100 %, and all rates may be zero.
interface IReserveInterestRateStrategy {
    error CallerNotPoolConfigurator();
    error InvalidOptimalUsageRatio();
    error InvalidMaxRate();
    error Slope2MustBeGteSlope1();

    /// @notice All in bps.
    struct InterestRateData {
        uint16 optimalUsageRatio;
        uint32 baseVariableBorrowRate;
        uint32 variableRateSlope1;
        uint32 variableRateSlope2;
    }

    /// @notice The same in ray.
    struct InterestRateDataRay {
        uint256 optimalUsageRatio;
        uint256 baseVariableBorrowRate;
        uint256 variableRateSlope1;
        uint256 variableRateSlope2;
    }

    event RateDataUpdate(
        address indexed reserve,
        uint256 optimalUsageRatio,
        uint256 baseVariableBorrowRate,
        uint256 variableRateSlope1,
        uint256 variableRateSlope2
    );

    // --- Actions, for the configurator only

    /// @param rateData ABI-encoded `InterestRateData`
    function setInterestRateParams(address reserve, bytes calldata rateData) external;

    // --- Views

    /// @notice Rates for a state of the reserve; the kink is at the optimal usage ratio.
    /// @return liquidityRate Ray a year
    /// @return variableBorrowRate Ray a year
    function calculateInterestRates(DataTypes.CalculateInterestRatesParams calldata params)
        external
        view
        returns (uint256 liquidityRate, uint256 variableBorrowRate);

    function getInterestRateData(address reserve) external view returns (InterestRateDataRay memory);

    function getInterestRateDataBps(address reserve) external view returns (InterestRateData memory);

    function getOptimalUsageRatio(address reserve) external view returns (uint256);

    function getBaseVariableBorrowRate(address reserve) external view returns (uint256);

    function getVariableRateSlope1(address reserve) external view returns (uint256);

    function getVariableRateSlope2(address reserve) external view returns (uint256);

    function getMaxVariableBorrowRate(address reserve) external view returns (uint256);

    /// @return 10 times 100 %, in bps
    function MAX_BORROW_RATE() external view returns (uint256);

    function ADDRESSES_PROVIDER() external view returns (address);
}
