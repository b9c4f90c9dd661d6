// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IAaveOracle} from "./IAaveOracle.sol";
import {IStableSwap} from "./IStableSwap.sol";

/// @title IFixedRatePool
/// @notice Swaps two coins at the oracle's price, without fee or slippage, out of an inventory that anyone may fund by a
/// transfer: the frictionless market of a textbook loop. It answers as a Curve pool does, so that a trader does not notice.
interface IFixedRatePool is IStableSwap {
    /// @notice Where both prices come from.
    function oracle() external view returns (IAaveOracle);
}
