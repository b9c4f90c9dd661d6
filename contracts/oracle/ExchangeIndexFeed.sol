// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {AggregatorV3Interface} from "../interfaces/AggregatorV3Interface.sol";
import {IExchangeIndexFeed} from "../interfaces/IExchangeIndexFeed.sol";
import {ISpotBook} from "../interfaces/ISpotBook.sol";
import {DerivedFeed} from "./DerivedFeed.sol";

contract ExchangeIndexFeed is IExchangeIndexFeed, DerivedFeed {
    using SafeCast for uint256;

    // --- Immutables

    ISpotBook public immutable book;
    AggregatorV3Interface public immutable quoteFeed;
    uint256 private immutable _quoteUnit;

    // --- Constructor

    constructor(ISpotBook book_, AggregatorV3Interface quoteFeed_)
        DerivedFeed(string.concat(IERC20Metadata(book_.base()).symbol(), " / USD, exchange index"))
    {
        book = book_;
        quoteFeed = _withEightDecimals(quoteFeed_);
        _quoteUnit = 10 ** IERC20Metadata(book_.quote()).decimals();
    }

    // --- Views

    /// @inheritdoc AggregatorV3Interface
    function latestAnswer() public view override(AggregatorV3Interface, DerivedFeed) returns (int256) {
        int256 quoteE8 = quoteFeed.latestAnswer();
        if (quoteE8 <= 0) return quoteE8;

        return Math.mulDiv(book.index(), uint256(quoteE8), _quoteUnit).toInt256();
    }

    /// @inheritdoc AggregatorV3Interface
    function latestTimestamp() public view override(AggregatorV3Interface, DerivedFeed) returns (uint256) {
        return block.timestamp;
    }
}
