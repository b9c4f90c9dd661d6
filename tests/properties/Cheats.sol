// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @dev The few cheat codes that the property tests use, at forge's fixed address.
interface Cheats {
    struct Log {
        bytes32[] topics;
        bytes data;
        address emitter;
    }

    function assume(bool condition) external pure;
    function prank(address sender) external;
    function warp(uint256 timestamp) external;
    function roll(uint256 blockNumber) external;
    function addr(uint256 privateKey) external pure returns (address);
    function sign(uint256 privateKey, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function recordLogs() external;
    function getRecordedLogs() external returns (Log[] memory);
}

abstract contract PropertyTest {
    Cheats internal constant CHEATS = Cheats(0x7109709ECfa91a80626fF3989D68f67F5b1DD12D);

    error NotAtMost(string what, uint256 value, uint256 limit);
    error NotEqual(string what, uint256 value, uint256 expected);

    /// @dev Maps any number into [low, high], so that no case is thrown away.
    function _between(uint256 seed, uint256 low, uint256 high) internal pure returns (uint256) {
        return low + seed % (high - low + 1);
    }

    /// @dev A number in [1, high], of each order of magnitude alike.
    function _anySize(uint256 seed, uint256 high) internal pure returns (uint256) {
        for (uint256 shrink = (seed >> 128) % 8; shrink != 0 && high >= 1000; --shrink) {
            high /= 1000;
        }
        return _between(seed, 1, high);
    }

    function _requireAtMost(string memory what, uint256 value, uint256 limit) internal pure {
        if (value > limit) revert NotAtMost(what, value, limit);
    }

    function _requireEqual(string memory what, uint256 value, uint256 expected) internal pure {
        if (value != expected) revert NotEqual(what, value, expected);
    }
}
