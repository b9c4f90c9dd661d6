// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Chainlink price feed
/// @notice AggregatorV3Interface, and the older `latestAnswer`, which is what Aave really calls.
interface AggregatorV3Interface {
    /// @param current The new answer, in the feed's decimals
    /// @param updatedAt Unix time
    event AnswerUpdated(int256 indexed current, uint256 indexed roundId, uint256 updatedAt);

    function decimals() external view returns (uint8);

    function description() external view returns (string memory);

    function version() external view returns (uint256);

    /// @notice Answers are in the feed's decimals, times in Unix seconds.
    function getRoundData(uint80 roundId)
        external
        view
        returns (uint80 id, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    /// @notice Answers are in the feed's decimals, times in Unix seconds.
    function latestRoundData()
        external
        view
        returns (uint80 roundId, int256 answer, uint256 startedAt, uint256 updatedAt, uint80 answeredInRound);

    /// @return In the feed's decimals
    function latestAnswer() external view returns (int256);

    /// @return Unix time
    function latestTimestamp() external view returns (uint256);

    function latestRound() external view returns (uint256);
}
