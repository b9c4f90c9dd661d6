// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AggregatorV3Interface} from "./AggregatorV3Interface.sol";
import {Exit} from "./Exit.sol";
import {IDerivedFeed} from "./IDerivedFeed.sol";

/// @title The price that an AMM shows at this moment
/// @notice Spot price of the asset in the quote asset, before fees, times the quote asset's own feed; rounded down. A quote of zero
/// or below passes through; an AMM without reserves answers 0. Anyone moves this price by trading, within one transaction too.
interface IAmmSpotFeed is IDerivedFeed {
    /// @notice The kind is not that of an AMM.
    error NotAnAmm(Exit kind);

    /// @return Pool or pair.
    function venue() external view returns (address);

    /// @return StableSwap or ConstantProduct.
    function kind() external view returns (Exit);

    /// @return Whose price this is; coin 1 of a StableSwap pool, either token of a pair.
    function asset() external view returns (address);

    /// @return In what the AMM counts it; coin 0 of a StableSwap pool.
    function quoteAsset() external view returns (address);

    /// @return Dollars per quote asset, 8 decimals.
    function quoteFeed() external view returns (AggregatorV3Interface);
}
