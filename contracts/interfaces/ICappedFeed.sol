// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ISingleSourceFeed} from "./IDerivedFeed.sol";

/// @title A feed with a ceiling
/// @notice The source's answer, at most the cap: Aave's cap for stablecoins. It holds on the way up only; a fall passes through.
interface ICappedFeed is ISingleSourceFeed {
    /// @notice Nothing would be left below this cap.
    error CapNotPositive(int256 capE8);

    /// @return The highest answer, 8 decimals.
    function capE8() external view returns (int256);

    /// @return Whether the source is above the cap now.
    function isCapped() external view returns (bool);
}
