// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IUnifiedMargin} from "../interfaces/IUnifiedMargin.sol";
import {BPS, MulDiv} from "../lending/MulDiv.sol";

/// @dev Rates by bracket, as income tax knows them: each part of a value counts at the rate of the bracket that it lies in.
/// 1,200,000 over (300,000: 100 %; 500,000: 70 %; 1,000,000: 30 %) is 300,000 + 140,000 + 150,000 = 590,000; above the last, nothing.
library Tiers {
    using MulDiv for uint256;

    function appliedDown(IUnifiedMargin.Tier[] storage tiers, uint256 value) internal view returns (uint256) {
        return _weighed(tiers, value) / BPS;
    }

    function appliedUp(IUnifiedMargin.Tier[] storage tiers, uint256 value) internal view returns (uint256) {
        return _weighed(tiers, value).mulDivUp(1, BPS);
    }

    /// @param isEndless Whether the last bracket has to be without an end
    function replace(IUnifiedMargin.Tier[] storage tiers, IUnifiedMargin.Tier[] calldata by, bool isEndless) internal {
        require(by.length != 0, IUnifiedMargin.TiersOutOfOrder());
        while (tiers.length != 0) {
            tiers.pop();
        }
        uint256 end = 0;
        for (uint256 k = 0; k < by.length; ++k) {
            require(by[k].upTo > end, IUnifiedMargin.TiersOutOfOrder());
            require(by[k].rateBps <= BPS, IUnifiedMargin.RateOverAll(by[k].rateBps));
            end = by[k].upTo;
            tiers.push(by[k]);
        }
        require(!isEndless || end == type(uint128).max, IUnifiedMargin.TiersOutOfOrder());
    }

    function _weighed(IUnifiedMargin.Tier[] storage tiers, uint256 value) private view returns (uint256 sum) {
        uint256 start = 0;
        for (uint256 k = 0; k < tiers.length && start < value; ++k) {
            IUnifiedMargin.Tier memory tier = tiers[k];
            sum += (Math.min(value, tier.upTo) - start) * tier.rateBps;
            start = tier.upTo;
        }
    }
}
