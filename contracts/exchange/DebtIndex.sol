// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {InterestMath} from "../lending/InterestMath.sol";
import {MulDiv, RAY} from "../lending/MulDiv.sol";

/// @dev Interest on debts that are stored as amounts, each with the index it was last brought to. An amount is brought up to date
/// before it is used, rounded up; so stored debts and the interest booked on the way add up to the unit.
library DebtIndex {
    using MulDiv for uint256;

    struct Index {
        uint128 valueRay;
        uint96 rateRay;
        uint32 updatedAt;
    }

    function start(Index storage index, uint256 rateRay) internal {
        (index.valueRay, index.rateRay, index.updatedAt) = (uint128(RAY), uint96(rateRay), uint32(block.timestamp));
    }

    /// @dev Until now the old rate holds.
    function setRate(Index storage index, uint256 rateRay) internal {
        (index.valueRay, index.rateRay, index.updatedAt) = (uint128(nowRay(index)), uint96(rateRay), uint32(block.timestamp));
    }

    function nowRay(Index storage index) internal view returns (uint256) {
        Index memory stored = index;
        uint256 growthRay = InterestMath.linearGrowthRay(stored.rateRay, block.timestamp - stored.updatedAt);
        return uint256(stored.valueRay).mulDivDown(growthRay, RAY);
    }

    function grownUp(uint256 debt, uint256 fromRay, uint256 toRay) internal pure returns (uint256) {
        return debt == 0 || fromRay == toRay ? debt : debt.mulDivUp(toRay, fromRay);
    }
}
