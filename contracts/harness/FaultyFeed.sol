// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title A feed that reverts when it is asked
/// @notice For tests only.
contract FaultyFeed {
    uint8 public immutable decimals;
    string public constant description = "out of order";

    error OutOfOrder();

    constructor(uint8 decimals_) {
        decimals = decimals_;
    }

    function latestAnswer() external pure returns (int256) {
        revert OutOfOrder();
    }
}
