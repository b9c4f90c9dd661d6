// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AggregatorV3Interface} from "../interfaces/AggregatorV3Interface.sol";
import {IDerivedFeed} from "../interfaces/IDerivedFeed.sol";

/// @dev What every derived feed shares: all of Chainlink's shape that follows from an answer and its time.
abstract contract DerivedFeed is IDerivedFeed {
    // --- Constants

    uint8 public constant decimals = 8;
    uint256 public constant version = 1;
    uint80 private constant ONLY_ROUND = 1;
    uint256 public constant latestRound = ONLY_ROUND;

    // --- Storage

    string public description;

    // --- Constructor

    constructor(string memory description_) {
        description = description_;
    }

    // --- Views

    /// @inheritdoc AggregatorV3Interface
    function latestAnswer() public view virtual returns (int256);

    /// @inheritdoc AggregatorV3Interface
    function latestTimestamp() public view virtual returns (uint256);

    /// @inheritdoc AggregatorV3Interface
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return getRoundData(ONLY_ROUND);
    }

    /// @inheritdoc AggregatorV3Interface
    function getRoundData(uint80 roundId) public view returns (uint80, int256, uint256, uint256, uint80) {
        require(roundId == ONLY_ROUND, NoDataPresent(roundId));

        uint256 updatedAt = latestTimestamp();
        return (roundId, latestAnswer(), updatedAt, updatedAt, roundId);
    }

    // --- Internals

    function _withEightDecimals(AggregatorV3Interface feed) internal view returns (AggregatorV3Interface) {
        uint8 found = feed.decimals();
        require(found == decimals, UnsupportedDecimals(address(feed), found));
        return feed;
    }
}
