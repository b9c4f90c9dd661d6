// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {SignedMath} from "@openzeppelin/contracts/utils/math/SignedMath.sol";
import {AggregatorV3Interface} from "../interfaces/AggregatorV3Interface.sol";
import {IDelayedFeed} from "../interfaces/IDelayedFeed.sol";
import {IPokedFeed} from "../interfaces/IDerivedFeed.sol";
import {DerivedFeed} from "./DerivedFeed.sol";

contract DelayedFeed is IDelayedFeed, DerivedFeed {
    // --- Types

    struct Observation {
        uint64 blockNumber;
        uint64 timestamp;
        int128 answer;
    }

    // --- Immutables

    AggregatorV3Interface public immutable source;
    uint256 public immutable delayBlocks;

    // --- Storage

    Observation[] private _observations;

    // --- Constructor

    constructor(AggregatorV3Interface source_, uint256 delayBlocks_)
        DerivedFeed(string.concat(source_.description(), ", delayed"))
    {
        source = _withEightDecimals(source_);
        delayBlocks = delayBlocks_;
    }

    // --- Actions

    /// @inheritdoc IPokedFeed
    function poke() external {
        uint256 count = _observations.length;
        if (count != 0 && _observations[count - 1].blockNumber == block.number) return;

        int256 answer =
            SignedMath.max(type(int128).min, SignedMath.min(source.latestAnswer(), type(int128).max));
        _observations.push(
            Observation({
                blockNumber: uint64(block.number),
                timestamp: uint64(block.timestamp),
                answer: int128(answer)
            })
        );
        emit Observed(answer, block.timestamp);
    }

    // --- Views

    /// @inheritdoc AggregatorV3Interface
    function latestAnswer() public view override(AggregatorV3Interface, DerivedFeed) returns (int256) {
        return _answered().answer;
    }

    /// @inheritdoc AggregatorV3Interface
    function latestTimestamp() public view override(AggregatorV3Interface, DerivedFeed) returns (uint256) {
        return _answered().timestamp;
    }

    // --- Internals

    /// @dev Each block has one observation at most, so at most `delayBlocks` of them are too young: bisection over that many and
    /// one more finds the last that is old enough, and ends at the first of all where none is.
    function _answered() private view returns (Observation memory) {
        uint256 high = _observations.length;
        if (high == 0) return Observation(0, 0, 0);

        uint256 low = high > delayBlocks ? high - 1 - delayBlocks : 0;
        while (high - low > 1) {
            uint256 middle = (low + high) / 2;
            if (block.number - _observations[middle].blockNumber >= delayBlocks) low = middle;
            else high = middle;
        }
        return _observations[low];
    }
}
