// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {MulDiv, RAY} from "./MulDiv.sol";

/// @dev Growth of an index over a time, at a rate a year. A year is 365 days.
library InterestMath {
    using MulDiv for uint256;

    uint256 internal constant SECONDS_PER_YEAR = 365 days;

    /// @dev 1 + rate * time
    function linearGrowthRay(uint256 rateRay, uint256 elapsed) internal pure returns (uint256) {
        return RAY + rateRay * elapsed / SECONDS_PER_YEAR;
    }

    /// @dev exp(x) to its third order, x = rate * time: 1 + x + x (x/2 + x (x/6))
    function compoundedGrowthRay(uint256 rateRay, uint256 elapsed) internal pure returns (uint256) {
        uint256 x = rateRay * elapsed / SECONDS_PER_YEAR;

        return RAY + x + x.mulDivHalfUp(x / 2 + x.mulDivHalfUp(x / 6, RAY), RAY);
    }
}
