// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

uint256 constant BPS = 100_00;
uint256 constant WAD = 1e18;
uint256 constant RAY = 1e27;

/// @dev x * y / denominator with the rounding in the name; products over 256 bits revert.
library MulDiv {
    function mulDivDown(uint256 x, uint256 y, uint256 denominator) internal pure returns (uint256) {
        return x * y / denominator;
    }

    function mulDivUp(uint256 x, uint256 y, uint256 denominator) internal pure returns (uint256) {
        return (x * y + denominator - 1) / denominator;
    }

    function mulDivHalfUp(uint256 x, uint256 y, uint256 denominator) internal pure returns (uint256) {
        return (x * y + denominator / 2) / denominator;
    }
}
