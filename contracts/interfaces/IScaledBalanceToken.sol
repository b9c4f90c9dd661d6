// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";

/// @title Balance scaled by an index of the pool
/// @notice A scaled balance is what is stored; times the index (ray), it is the balance.
interface IScaledBalanceToken is IERC20Metadata {
    /// @param value Amount that the balance grew by, interest since the last event included
    /// @param balanceIncrease That interest
    /// @param index Ray
    event Mint(address indexed caller, address indexed onBehalfOf, uint256 value, uint256 balanceIncrease, uint256 index);

    /// @param target Who received the underlying, zero for debt
    /// @param value Amount that the balance fell by, interest since the last event deducted
    /// @param balanceIncrease That interest
    /// @param index Ray
    event Burn(address indexed from, address indexed target, uint256 value, uint256 balanceIncrease, uint256 index);

    function scaledBalanceOf(address user) external view returns (uint256);

    function getScaledUserBalanceAndSupply(address user) external view returns (uint256 scaledBalance, uint256 scaledSupply);

    function scaledTotalSupply() external view returns (uint256);

    /// @return Index at the user's last mint, burn or transfer, ray
    function getPreviousIndex(address user) external view returns (uint256);

    function UNDERLYING_ASSET_ADDRESS() external view returns (address);

    function POOL() external view returns (address);
}
