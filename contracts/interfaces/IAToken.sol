// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IScaledBalanceToken} from "./IScaledBalanceToken.sol";

/// @title Claim on supplied tokens, which grows with the liquidity index
/// @notice Holds the underlying. Balances round down; minted scaled amounts round down, burnt and transferred ones up.
/// Simplification vs Aave V3.6: no permit.
interface IAToken is IScaledBalanceToken {
    /// @param value Scaled amount moved
    /// @param index Ray
    event BalanceTransfer(address indexed from, address indexed to, uint256 value, uint256 index);

    // --- Actions, for the pool only

    /// @param scaledAmount Scaled by the index
    /// @param index Liquidity index, ray
    /// @return Whether the holder had nothing before
    function mint(address caller, address onBehalfOf, uint256 scaledAmount, uint256 index) external returns (bool);

    /// @notice Burns, and pays the underlying unless the receiver is the aToken itself.
    /// @param amount Units of the underlying paid
    /// @param scaledAmount Scaled by the index
    /// @return Whether nothing is left
    function burn(address from, address receiverOfUnderlying, uint256 amount, uint256 scaledAmount, uint256 index) external returns (bool);

    /// @param scaledAmount Scaled by the index
    function mintToTreasury(uint256 scaledAmount, uint256 index) external;

    /// @notice Moves aTokens of a borrower in a liquidation.
    /// @param amount Units of the underlying, for the event
    /// @param scaledAmount Scaled by the index
    function transferOnLiquidation(address from, address to, uint256 amount, uint256 scaledAmount, uint256 index) external;

    /// @notice Pays underlying out.
    function transferUnderlyingTo(address target, uint256 amount) external;

    // --- Views

    function RESERVE_TREASURY_ADDRESS() external view returns (address);
}
