// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AggregatorV3Interface} from "../interfaces/AggregatorV3Interface.sol";
import {IPostedPriceFeed} from "../interfaces/IPostedPriceFeed.sol";

contract PostedPriceFeed is IPostedPriceFeed {
    // --- Types

    struct Round {
        int192 answer;
        uint64 updatedAt;
    }

    // --- Constants

    uint8 public constant decimals = 8;
    uint256 public constant version = 1;

    // --- Storage

    string public description;
    address public poster;
    uint80 private _latestRound;
    mapping(uint80 roundId => Round) private _rounds;

    // --- Constructor

    constructor(string memory description_, int256 initialAnswer, address poster_) {
        description = description_;
        _setPoster(poster_);
        _post(initialAnswer);
    }

    modifier onlyPoster() {
        require(msg.sender == poster, CallerNotPoster(msg.sender));
        _;
    }

    // --- Actions

    /// @inheritdoc IPostedPriceFeed
    function post(int256 answer) external onlyPoster {
        _post(answer);
    }

    /// @inheritdoc IPostedPriceFeed
    function setPoster(address newPoster) external onlyPoster {
        _setPoster(newPoster);
    }

    // --- Views

    /// @inheritdoc AggregatorV3Interface
    function latestAnswer() external view returns (int256) {
        return _rounds[_latestRound].answer;
    }

    /// @inheritdoc AggregatorV3Interface
    function latestTimestamp() external view returns (uint256) {
        return _rounds[_latestRound].updatedAt;
    }

    /// @inheritdoc AggregatorV3Interface
    function latestRound() external view returns (uint256) {
        return _latestRound;
    }

    /// @inheritdoc AggregatorV3Interface
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80) {
        return getRoundData(_latestRound);
    }

    /// @inheritdoc AggregatorV3Interface
    function getRoundData(uint80 roundId) public view returns (uint80, int256, uint256, uint256, uint80) {
        Round memory round = _rounds[roundId];
        require(round.updatedAt != 0, NoDataPresent(roundId));

        return (roundId, round.answer, round.updatedAt, round.updatedAt, roundId);
    }

    // --- Internals

    function _post(int256 answer) private {
        require(int192(answer) == answer, AnswerOutOfRange(answer));
        uint80 roundId = ++_latestRound;
        _rounds[roundId] = Round({answer: int192(answer), updatedAt: uint64(block.timestamp)});

        emit AnswerUpdated(answer, roundId, block.timestamp);
    }

    function _setPoster(address newPoster) private {
        emit PosterChanged(poster, newPoster);
        poster = newPoster;
    }
}
