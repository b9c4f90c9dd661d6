// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @dev Bits of a user's word: 2 * id borrowed, 2 * id + 1 collateral.
library UserConfiguration {
    uint256 internal constant ALL_BORROWED = 0x5555555555555555555555555555555555555555555555555555555555555555;
    uint256 internal constant ALL_COLLATERAL = ALL_BORROWED << 1;

    function isBorrowingAny(uint256 word) internal pure returns (bool) {
        return word & ALL_BORROWED != 0;
    }

    function isBorrowing(uint256 word, uint256 id) internal pure returns (bool) {
        return word & borrowingBit(id) != 0;
    }

    function isCollateral(uint256 word, uint256 id) internal pure returns (bool) {
        return word & collateralBit(id) != 0;
    }

    function borrowingBit(uint256 id) internal pure returns (uint256) {
        return 1 << (id << 1);
    }

    function collateralBit(uint256 id) internal pure returns (uint256) {
        return 2 << (id << 1);
    }
}
