// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AggregatorV3Interface} from "../interfaces/AggregatorV3Interface.sol";
import {ISingleSourceFeed} from "../interfaces/IDerivedFeed.sol";
import {DerivedFeed} from "./DerivedFeed.sol";

/// @dev Another asset's feed in the place of an asset's own, as Aave prices USDe at USDT.
contract PeggedFeed is ISingleSourceFeed, DerivedFeed {
    // --- Immutables

    AggregatorV3Interface public immutable source;

    // --- Constructor

    constructor(AggregatorV3Interface source_) DerivedFeed(string.concat(source_.description(), ", pegged")) {
        source = _withEightDecimals(source_);
    }

    // --- Views

    /// @inheritdoc AggregatorV3Interface
    function latestAnswer() public view override(AggregatorV3Interface, DerivedFeed) returns (int256) {
        return source.latestAnswer();
    }

    /// @inheritdoc AggregatorV3Interface
    function latestTimestamp() public view override(AggregatorV3Interface, DerivedFeed) returns (uint256) {
        return source.latestTimestamp();
    }
}
