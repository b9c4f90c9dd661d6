// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {AggregatorV3Interface} from "../interfaces/AggregatorV3Interface.sol";
import {IPokedFeed} from "../interfaces/IDerivedFeed.sol";
import {ITimeWeightedFeed} from "../interfaces/ITimeWeightedFeed.sol";
import {DerivedFeed} from "./DerivedFeed.sol";

contract TimeWeightedFeed is ITimeWeightedFeed, DerivedFeed {
    // --- Types

    /// @dev `cumulative` is the sum of answer times seconds up to `timestamp`: it fits, as all seconds together are below 2 ** 64.
    struct Observation {
        uint64 timestamp;
        uint192 cumulative;
        uint128 answer;
    }

    // --- Immutables

    AggregatorV3Interface public immutable source;
    uint256 public immutable windowSeconds;
    uint256 public immutable capacity;

    // --- Storage

    uint256 public observations;
    mapping(uint256 slot => Observation) private _ring;

    // --- Constructor

    constructor(AggregatorV3Interface source_, uint256 windowSeconds_, uint256 capacity_)
        DerivedFeed(string.concat(source_.description(), ", time-weighted"))
    {
        require(windowSeconds_ != 0 && capacity_ != 0, EmptyWindow(windowSeconds_, capacity_));
        source = _withEightDecimals(source_);
        windowSeconds = windowSeconds_;
        capacity = capacity_;
    }

    // --- Actions

    /// @inheritdoc IPokedFeed
    function poke() external {
        uint256 count = observations;
        Observation memory last = _last();
        if (count != 0 && last.timestamp == block.timestamp) return;

        int256 answer = source.latestAnswer();
        uint256 observed = answer <= 0 ? 0 : Math.min(uint256(answer), type(uint128).max);

        _ring[count % capacity] = Observation({
            timestamp: uint64(block.timestamp),
            cumulative: uint192(_cumulativeAt(last, block.timestamp)),
            answer: uint128(observed)
        });
        observations = count + 1;
        emit Observed(int256(observed), block.timestamp);
    }

    // --- Views

    /// @inheritdoc AggregatorV3Interface
    function latestAnswer() public view override(AggregatorV3Interface, DerivedFeed) returns (int256) {
        if (observations == 0) return 0;

        Observation memory last = _last();
        uint256 windowStart = block.timestamp > windowSeconds ? block.timestamp - windowSeconds : 0;
        Observation memory first = _holdingAt(windowStart);
        uint256 start = Math.max(windowStart, first.timestamp);
        // No time has passed since the oldest observation, so it is the only one.
        if (start == block.timestamp) return int256(uint256(last.answer));

        uint256 sum = _cumulativeAt(last, block.timestamp) - _cumulativeAt(first, start);
        return int256(sum / (block.timestamp - start));
    }

    /// @inheritdoc AggregatorV3Interface
    function latestTimestamp() public view override(AggregatorV3Interface, DerivedFeed) returns (uint256) {
        return _last().timestamp;
    }

    // --- Internals

    /// @dev The last observation kept that was made at or before `timestamp`, the oldest kept if none was. By bisection: the
    /// consumer pays for this in each of its reads.
    function _holdingAt(uint256 timestamp) private view returns (Observation memory) {
        uint256 high = observations;
        uint256 low = high > capacity ? high - capacity : 0;
        while (high - low > 1) {
            uint256 middle = (low + high) / 2;
            if (_ring[middle % capacity].timestamp <= timestamp) low = middle;
            else high = middle;
        }
        return _ring[low % capacity];
    }

    function _last() private view returns (Observation memory last) {
        uint256 count = observations;
        if (count != 0) last = _ring[(count - 1) % capacity];
    }

    function _cumulativeAt(Observation memory observation, uint256 timestamp) private pure returns (uint256) {
        return observation.cumulative + uint256(observation.answer) * (timestamp - observation.timestamp);
    }
}
