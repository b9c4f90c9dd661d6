// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Exit} from "./Exit.sol";

/// @title IRouter
/// @notice Swaps for accounts that are no contracts: a pair wants its tokens before it pays, which takes two calls.
interface IRouter {
    /// @notice The sale pays less than asked for.
    error InsufficientOutput(uint256 proceeds, uint256 minProceeds);

    /// @notice Sells the caller's tokens, which the router must be approved for, at one pool.
    /// @param exit Kind of the pool; not Hold.
    /// @param venue Pool or pair.
    /// @param amount In `tokenIn`'s units.
    /// @param minProceeds Least that is paid, in `tokenOut`'s units.
    /// @param receiver Who is paid.
    /// @return proceeds In `tokenOut`'s units.
    function swap(
        Exit exit,
        address venue,
        address tokenIn,
        address tokenOut,
        uint256 amount,
        uint256 minProceeds,
        address receiver
    ) external returns (uint256 proceeds);
}
