// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IScaledBalanceToken} from "./IScaledBalanceToken.sol";

/// @title Debt at the variable rate, which grows with the borrow index
/// @notice Cannot be transferred. Balances round up; minted scaled amounts round up, burnt ones down.
/// Simplification vs Aave V3.6: no credit delegation.
interface IVariableDebtToken is IScaledBalanceToken {
    // --- Actions, for the pool only

    /// @param scaledAmount Scaled by the index
    /// @param index Variable borrow index, ray
    /// @return Scaled total supply after
    function mint(address user, address onBehalfOf, uint256 amount, uint256 scaledAmount, uint256 index) external returns (uint256);

    /// @param scaledAmount Scaled by the index
    /// @param index Variable borrow index, ray
    /// @return Whether nothing is left
    /// @return Scaled total supply after
    function burn(address from, uint256 scaledAmount, uint256 index) external returns (bool, uint256);

    // --- Views
}
