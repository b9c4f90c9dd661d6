// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @notice Where seized collateral goes: kept (0), sold to a Curve-like pool (1), sold to a Uniswap V2 pair (2).
enum Exit {
    Hold,
    StableSwap,
    ConstantProduct
}
