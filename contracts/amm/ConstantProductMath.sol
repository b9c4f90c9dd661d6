// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @dev x y = k with a fee of 0.3 % on what comes in, in the integer arithmetic of Uniswap V2.
library ConstantProductMath {
    uint256 internal constant FEE_SCALE = 1000;
    uint256 internal constant FEE_KEPT = 997;

    /// @dev The most that can be taken out for `amountIn`: out = y 997 in / (1000 x + 997 in), rounded down.
    function amountOutDown(uint256 amountIn, uint256 reserveIn, uint256 reserveOut) internal pure returns (uint256) {
        uint256 amountInKept = amountIn * FEE_KEPT;
        return (amountInKept * reserveOut) / (reserveIn * FEE_SCALE + amountInKept);
    }

    /// @dev The input after which reserveIn / reserveOut has grown by `growthWad` (0.01e18 = 1 %). The ratio after is
    /// (x + in) (1000 x + 997 in) / (1000 x y), so 997 in^2 + 1997 x in = 1000 x^2 growth, solved for its positive root.
    function amountInForGrowthDown(uint256 reserveIn, uint256 growthWad) internal pure returns (uint256) {
        uint256 linear = FEE_SCALE + FEE_KEPT;
        uint256 root = Math.sqrt((linear ** 2 * 1e18 + 4 * FEE_KEPT * FEE_SCALE * growthWad) * 1e18);
        return Math.mulDiv(reserveIn, root - linear * 1e18, 2 * FEE_KEPT * 1e18);
    }

    /// @dev Whether the product, after the fee on what came in, is at least the product before.
    function holdsProduct(
        uint256[2] memory balances,
        uint256[2] memory amountsIn,
        uint256 reserve0,
        uint256 reserve1
    ) internal pure returns (bool) {
        uint256 adjusted0 = balances[0] * FEE_SCALE - amountsIn[0] * (FEE_SCALE - FEE_KEPT);
        uint256 adjusted1 = balances[1] * FEE_SCALE - amountsIn[1] * (FEE_SCALE - FEE_KEPT);
        return adjusted0 * adjusted1 >= reserve0 * reserve1 * FEE_SCALE ** 2;
    }
}
