// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ISingleSourceFeed} from "./IDerivedFeed.sol";

/// @title A feed that stops answering when its source is stale
/// @notice Answers 0 once the source's last update is more than `maxAgeSeconds` ago, which the consumer refuses like any 0; else what
/// the source answers. Aave's oracle has no such check; this is what a market would be with it.
interface IFreshnessGuard is ISingleSourceFeed {
    /// @return The greatest age that still counts as fresh.
    function maxAgeSeconds() external view returns (uint256);

    /// @return Whether the source is older than that now.
    function isStale() external view returns (bool);
}
