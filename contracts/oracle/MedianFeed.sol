// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";
import {AggregatorV3Interface} from "../interfaces/AggregatorV3Interface.sol";
import {IMedianFeed} from "../interfaces/IMedianFeed.sol";
import {DerivedFeed} from "./DerivedFeed.sol";

contract MedianFeed is IMedianFeed, DerivedFeed {
    // --- Storage

    AggregatorV3Interface[] public sources;

    // --- Constructor

    constructor(AggregatorV3Interface[] memory sources_)
        DerivedFeed(string.concat("median of ", Strings.toString(sources_.length), " feeds"))
    {
        require(sources_.length % 2 == 1 && sources_.length >= 3, SourceCountNotOdd(sources_.length));
        for (uint256 k = 0; k < sources_.length; ++k) {
            sources.push(_withEightDecimals(sources_[k]));
        }
    }

    // --- Views

    /// @inheritdoc AggregatorV3Interface
    function latestAnswer() public view override(AggregatorV3Interface, DerivedFeed) returns (int256) {
        (int256[] memory answers, uint256 index,) = _select();
        return index == answers.length ? int256(0) : answers[index];
    }

    /// @inheritdoc AggregatorV3Interface
    function latestTimestamp() public view override(AggregatorV3Interface, DerivedFeed) returns (uint256) {
        (int256[] memory answers, uint256 index,) = _select();
        return index == answers.length ? 0 : sources[index].latestTimestamp();
    }

    /// @inheritdoc IMedianFeed
    function selected() external view returns (uint256) {
        (int256[] memory answers, uint256 index, uint256 answering) = _select();
        require(index != answers.length, NoMajority(answering, answers.length));
        return index;
    }

    /// @inheritdoc IMedianFeed
    function sourceCount() external view returns (uint256) {
        return sources.length;
    }

    // --- Internals

    /// @dev The index is the number of sources where too few have a price.
    function _select() private view returns (int256[] memory answers, uint256 index, uint256 answering) {
        answers = new int256[](sources.length);
        for (uint256 k = 0; k < answers.length; ++k) {
            answers[k] = _answerOf(sources[k]);
            if (answers[k] > 0) ++answering;
        }
        if (2 * answering <= answers.length) return (answers, answers.length, answering);

        uint256 rank = (answering + 1) / 2;
        while (!_hasRank(answers, answers[index], rank)) ++index;
    }

    /// @dev 0 for a source that has no price.
    function _answerOf(AggregatorV3Interface feed) private view returns (int256) {
        try feed.latestAnswer() returns (int256 answer) {
            return answer > 0 ? answer : int256(0);
        } catch {
            return 0;
        }
    }

    /// @dev Whether the candidate stands at this rank, counted from 1, when the answers are sorted.
    function _hasRank(int256[] memory answers, int256 candidate, uint256 rank) private pure returns (bool) {
        if (candidate == 0) return false;
        uint256 below = 0;
        uint256 equal = 0;
        for (uint256 k = 0; k < answers.length; ++k) {
            if (answers[k] == 0) continue;
            if (answers[k] < candidate) ++below;
            else if (answers[k] == candidate) ++equal;
        }
        return below < rank && rank <= below + equal;
    }
}
