// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ISingleSourceFeed} from "./IDerivedFeed.sol";

/// @title A feed times a constant
/// @notice What an issuer redeems a token for, where the rate does not move for the length of a run: one wBETH for so much ether.
/// Rounded down; an answer of zero or below passes through.
interface IRatioFeed is ISingleSourceFeed {
    /// @notice A ratio of zero.
    error InvalidRatio(uint256 ratioWad);

    /// @return Tokens of the source's asset for one of this feed's, 18 decimals.
    function ratioWad() external view returns (uint256);
}
