// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AggregatorV3Interface} from "../../contracts/interfaces/AggregatorV3Interface.sol";
import {CappedFeed} from "../../contracts/oracle/CappedFeed.sol";
import {DelayedFeed} from "../../contracts/oracle/DelayedFeed.sol";
import {MedianFeed} from "../../contracts/oracle/MedianFeed.sol";
import {PostedPriceFeed} from "../../contracts/oracle/PostedPriceFeed.sol";
import {TimeWeightedFeed} from "../../contracts/oracle/TimeWeightedFeed.sol";
import {PropertyTest} from "./Cheats.sol";

/// @dev Random answers, observed at random times and blocks, against the whole history kept here.
contract OracleSourcesProperties is PropertyTest {
    uint256 private constant START = 1_760_000_000;
    uint256 private constant OBSERVATIONS = 24;

    struct Observation {
        uint256 timestamp;
        uint256 blockNumber;
        int256 answer;
    }

    PostedPriceFeed private _source;
    Observation[] private _made;

    function setUp() public {
        CHEATS.warp(START);
        CHEATS.roll(1_000);
        _source = new PostedPriceFeed("source", 1e8, address(this));
    }

    /// @dev A cap never raises an answer, and changes none below it.
    function testFuzz_capped__any_answer__at_most_the_source(int192 answer, uint256 cap) public {
        int256 capE8 = int256(_between(cap, 1, 1e12));
        CappedFeed feed = new CappedFeed(_source, capE8);
        _source.post(answer);
        int256 capped = feed.latestAnswer();
        assert(capped <= answer && capped <= capE8);
        assert(answer > capE8 ? capped == capE8 : capped == answer);
        assert(feed.isCapped() == (capped != answer));
    }

    /// @dev The median is one source's own price; at least half of the prices are not above it, more than half not below it.
    function testFuzz_median__any_answers__between_least_and_greatest_and_in_the_middle(uint256 seed, uint8 size) public {
        AggregatorV3Interface[] memory sources = new AggregatorV3Interface[](_between(size, 1, 4) * 2 + 1);
        int256[] memory answers = new int256[](sources.length);
        for (uint256 k; k < sources.length; ++k) {
            // Few different values, so that equals and sources without a price are common.
            answers[k] = int256(_draw(seed, k) % 8) - 1;
            sources[k] = new PostedPriceFeed("one", answers[k], address(this));
        }
        MedianFeed feed = new MedianFeed(sources);

        uint256 answering;
        uint256 notAbove;
        uint256 notBelow;
        int256 median = feed.latestAnswer();
        for (uint256 k; k < answers.length; ++k) {
            if (answers[k] <= 0) continue;
            ++answering;
            if (answers[k] <= median) ++notAbove;
            if (answers[k] >= median) ++notBelow;
        }
        if (2 * answering <= answers.length) {
            assert(median == 0);
            return;
        }
        assert(answers[feed.selected()] == median && median > 0);
        for (uint256 k; k < feed.selected(); ++k) {
            assert(answers[k] != median);
        }
        assert(2 * notAbove >= answering && 2 * notBelow > answering);
    }

    /// @dev The mean is that of the history, and so between the least and the greatest observed in the window.
    function testFuzz_time_weighted__any_history__mean_of_the_window_within_its_bounds(
        uint256 seed,
        uint256 window,
        uint256 capacity,
        uint256 pause
    ) public {
        uint256 windowSeconds = _between(window, 1, 600);
        uint256 kept = _between(capacity, 1, OBSERVATIONS + 4);
        TimeWeightedFeed feed = new TimeWeightedFeed(_source, windowSeconds, kept);
        for (uint256 k; k < OBSERVATIONS; ++k) {
            _observe(seed, k);
            feed.poke();
            // The second poke of a block must not count, whatever the source says by then.
            _source.post(int192(int256(_draw(seed, k) % 1e12)));
            feed.poke();
            _requireMean(feed, windowSeconds, kept);
        }
        CHEATS.warp(block.timestamp + pause % 1000);
        _requireMean(feed, windowSeconds, kept);
    }

    /// @dev What is answered is what was recorded that many blocks ago.
    function testFuzz_delayed__any_history__the_record_of_so_many_blocks_ago(uint256 seed, uint256 delay, uint256 pause)
        public
    {
        uint256 delayBlocks = _between(delay, 0, 40);
        DelayedFeed feed = new DelayedFeed(_source, delayBlocks);
        for (uint256 k; k < OBSERVATIONS; ++k) {
            _observe(seed, k);
            feed.poke();
            _source.post(int192(int256(_draw(seed, k) % 1e12)));
            feed.poke();
            assert(feed.latestAnswer() == _recordedBefore(delayBlocks));
        }
        CHEATS.roll(block.number + pause % 50);
        assert(feed.latestAnswer() == _recordedBefore(delayBlocks));
    }

    // --- The history

    /// @dev A later block with another price, now and then none.
    function _observe(uint256 seed, uint256 k) private {
        uint256 draw = _draw(seed, k + 1000);
        if (k != 0) {
            CHEATS.warp(block.timestamp + 1 + (draw >> 64) % 60);
            CHEATS.roll(block.number + 1 + (draw >> 128) % 5);
        }
        int256 answer = draw % 10 == 0 ? -int256(draw % 1000) : int256(_anySize(draw, 1e14));
        _source.post(answer);
        _made.push(Observation(block.timestamp, block.number, answer));
    }

    /// @dev Sums the history piece by piece, from the window's start or the oldest observation kept.
    function _requireMean(TimeWeightedFeed feed, uint256 windowSeconds, uint256 kept) private view {
        uint256 oldest = _made.length > kept ? _made.length - kept : 0;
        uint256 start = block.timestamp - windowSeconds;
        if (start < _made[oldest].timestamp) start = _made[oldest].timestamp;
        uint256 sum;
        uint256 least = type(uint256).max;
        uint256 greatest;
        for (uint256 k = oldest; k < _made.length; ++k) {
            uint256 from = _made[k].timestamp > start ? _made[k].timestamp : start;
            uint256 until = k + 1 < _made.length ? _made[k + 1].timestamp : block.timestamp;
            if (until < start) continue;
            uint256 answer = _made[k].answer > 0 ? uint256(_made[k].answer) : 0;
            sum += answer * (until - from);
            if (answer < least) least = answer;
            if (answer > greatest) greatest = answer;
        }
        uint256 mean = uint256(feed.latestAnswer());
        _requireAtMost("least", least, mean);
        _requireAtMost("greatest", mean, greatest);
        if (start != block.timestamp) _requireEqual("mean", mean, sum / (block.timestamp - start));
    }

    function _recordedBefore(uint256 delayBlocks) private view returns (int256 answer) {
        answer = _made[0].answer;
        for (uint256 k; k < _made.length; ++k) {
            if (_made[k].blockNumber + delayBlocks <= block.number) answer = _made[k].answer;
        }
    }

    function _draw(uint256 seed, uint256 k) private pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, k)));
    }
}
