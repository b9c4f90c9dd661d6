// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AggregatorV3Interface} from "./AggregatorV3Interface.sol";
import {IDerivedFeed} from "./IDerivedFeed.sol";
import {ISpotBook} from "./ISpotBook.sol";

/// @title An exchange's own index, as a price feed
/// @notice The index of one book times the feed of its quote asset; rounded down. A quote of zero or below passes through; a book
/// without a price answers 0. What the index leaves out of other venues, this feed leaves out too.
interface IExchangeIndexFeed is IDerivedFeed {
    /// @return The book whose index this is.
    function book() external view returns (ISpotBook);

    /// @return Dollars per quote asset, 8 decimals.
    function quoteFeed() external view returns (AggregatorV3Interface);
}
