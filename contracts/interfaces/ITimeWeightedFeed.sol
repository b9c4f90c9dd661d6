// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IPokedFeed} from "./IDerivedFeed.sol";

/// @title A feed averaged over time
/// @notice Arithmetic mean over the last `windowSeconds` up to now, each observation weighted with the time that it held: until
/// the next one, the last one until now. Where the window starts between two observations, the earlier one counts from there on.
/// While the oldest observation kept is younger than the window, the mean is taken since that one. Rounded down.
/// An answer of the source of zero or below counts as 0 for its time, and one above the maximum of uint128 as that maximum.
/// `latestTimestamp` is the time of the last observation.
interface ITimeWeightedFeed is IPokedFeed {
    /// @notice A mean needs a window, and room for at least one observation.
    error EmptyWindow(uint256 windowSeconds, uint256 capacity);

    /// @return Length of the window in seconds.
    function windowSeconds() external view returns (uint256);

    /// @return How many observations are kept. The window is whole if it holds at most one less than this.
    function capacity() external view returns (uint256);

    /// @return How many observations were made.
    function observations() external view returns (uint256);
}
