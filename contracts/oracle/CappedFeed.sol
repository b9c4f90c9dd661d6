// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {AggregatorV3Interface} from "../interfaces/AggregatorV3Interface.sol";
import {ICappedFeed} from "../interfaces/ICappedFeed.sol";
import {DerivedFeed} from "./DerivedFeed.sol";

contract CappedFeed is ICappedFeed, DerivedFeed {
    // --- Immutables

    AggregatorV3Interface public immutable source;
    int256 public immutable capE8;

    // --- Constructor

    constructor(AggregatorV3Interface source_, int256 capE8_) DerivedFeed(string.concat(source_.description(), ", capped")) {
        require(capE8_ > 0, CapNotPositive(capE8_));
        source = _withEightDecimals(source_);
        capE8 = capE8_;
    }

    // --- Views

    /// @inheritdoc AggregatorV3Interface
    function latestAnswer() public view override(AggregatorV3Interface, DerivedFeed) returns (int256) {
        return SignedMath.min(source.latestAnswer(), capE8);
    }

    /// @inheritdoc AggregatorV3Interface
    function latestTimestamp() public view override(AggregatorV3Interface, DerivedFeed) returns (uint256) {
        return source.latestTimestamp();
    }

    /// @inheritdoc ICappedFeed
    function isCapped() external view returns (bool) {
        return source.latestAnswer() > capE8;
    }
}
