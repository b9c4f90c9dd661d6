// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {MulDiv, RAY} from "./MulDiv.sol";

/// @dev Between a stored (scaled) balance and the balance it stands for. The pool rounds against the user:
///
///          scaled amount of            balance
///   aToken mint down, burn and transfer up   down
///   debt   mint up, burn down                up
library ScaledMath {
    using MulDiv for uint256;

    function toScaledDown(uint256 amount, uint256 indexRay) internal pure returns (uint256) {
        return amount.mulDivDown(RAY, indexRay);
    }

    function toScaledUp(uint256 amount, uint256 indexRay) internal pure returns (uint256) {
        return amount.mulDivUp(RAY, indexRay);
    }

    function toBalanceDown(uint256 scaled, uint256 indexRay) internal pure returns (uint256) {
        return scaled.mulDivDown(indexRay, RAY);
    }

    function toBalanceUp(uint256 scaled, uint256 indexRay) internal pure returns (uint256) {
        return scaled.mulDivUp(indexRay, RAY);
    }
}
