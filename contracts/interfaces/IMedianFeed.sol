// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AggregatorV3Interface} from "./AggregatorV3Interface.sol";
import {IDerivedFeed} from "./IDerivedFeed.sol";

/// @title The median of several feeds
/// @notice A source that reverts, or answers zero or below, has no price and is left out. The answer is always one source's own: of
/// an even number left it is the lower of the two in the middle, since what is priced is mostly collateral. Where fewer than a
/// majority of all sources are left, the answer is 0. `latestTimestamp` is the selected source's, 0 without one.
interface IMedianFeed is IDerivedFeed {
    /// @notice A median needs an odd number of sources, three at least.
    error SourceCountNotOdd(uint256 count);

    /// @notice Too few sources have a price.
    error NoMajority(uint256 answering, uint256 count);

    /// @return One of the sources.
    function sources(uint256 index) external view returns (AggregatorV3Interface);

    /// @return How many there are.
    function sourceCount() external view returns (uint256);

    /// @return index Which source's answer this is; the first among equals. Reverts with `NoMajority` where the answer is 0.
    function selected() external view returns (uint256 index);
}
