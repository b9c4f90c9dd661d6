// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AggregatorV3Interface} from "../interfaces/AggregatorV3Interface.sol";
import {IFreshnessGuard} from "../interfaces/IFreshnessGuard.sol";
import {DerivedFeed} from "./DerivedFeed.sol";

contract FreshnessGuard is IFreshnessGuard, DerivedFeed {
    // --- Immutables

    AggregatorV3Interface public immutable source;
    uint256 public immutable maxAgeSeconds;

    // --- Constructor

    constructor(AggregatorV3Interface source_, uint256 maxAgeSeconds_)
        DerivedFeed(string.concat(source_.description(), ", if fresh"))
    {
        source = _withEightDecimals(source_);
        maxAgeSeconds = maxAgeSeconds_;
    }

    // --- Views

    /// @inheritdoc AggregatorV3Interface
    function latestAnswer() public view override(AggregatorV3Interface, DerivedFeed) returns (int256) {
        return isStale() ? int256(0) : source.latestAnswer();
    }

    /// @inheritdoc AggregatorV3Interface
    function latestTimestamp() public view override(AggregatorV3Interface, DerivedFeed) returns (uint256) {
        return source.latestTimestamp();
    }

    /// @inheritdoc IFreshnessGuard
    function isStale() public view returns (bool) {
        uint256 updatedAt = source.latestTimestamp();
        return block.timestamp > updatedAt && block.timestamp - updatedAt > maxAgeSeconds;
    }
}
