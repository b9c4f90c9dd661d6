// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @dev The few cheat codes that the property tests use, at forge's fixed address.
interface Cheats {
    function assume(bool condition) external pure;
}

abstract contract PropertyTest {
    Cheats internal constant CHEATS = Cheats(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);

    error NotAtMost(string what, uint256 value, uint256 limit);

    /// @dev Maps any number into [low, high], so that no case is thrown away.
    function _between(uint256 seed, uint256 low, uint256 high) internal pure returns (uint256) {
        return low + seed % (high - low + 1);
    }

    function _requireAtMost(string memory what, uint256 value, uint256 limit) internal pure {
        if (value > limit) revert NotAtMost(what, value, limit);
    }
}
