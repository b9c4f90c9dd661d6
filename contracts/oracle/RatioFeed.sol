// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {AggregatorV3Interface} from "../interfaces/AggregatorV3Interface.sol";
import {IRatioFeed} from "../interfaces/IRatioFeed.sol";
import {DerivedFeed} from "./DerivedFeed.sol";

contract RatioFeed is IRatioFeed, DerivedFeed {
    using SafeCast for uint256;

    // --- Constants

    uint256 private constant WAD = 1e18;

    // --- Immutables

    AggregatorV3Interface public immutable source;
    uint256 public immutable ratioWad;

    // --- Constructor

    constructor(AggregatorV3Interface source_, uint256 ratioWad_)
        DerivedFeed(string.concat(source_.description(), ", times a ratio"))
    {
        require(ratioWad_ != 0, InvalidRatio(ratioWad_));

        source = _withEightDecimals(source_);
        ratioWad = ratioWad_;
    }

    // --- Views

    /// @inheritdoc AggregatorV3Interface
    function latestAnswer() public view override(AggregatorV3Interface, DerivedFeed) returns (int256) {
        int256 answer = source.latestAnswer();
        if (answer <= 0) return answer;

        return Math.mulDiv(uint256(answer), ratioWad, WAD).toInt256();
    }

    /// @inheritdoc AggregatorV3Interface
    function latestTimestamp() public view override(AggregatorV3Interface, DerivedFeed) returns (uint256) {
        return source.latestTimestamp();
    }
}
