// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title IUSDe
/// @notice Ethena's synthetic dollar: an ERC20 of 18 decimals with one minter.
interface IUSDe is IERC20 {
    /// @notice The minter changed.
    event MinterUpdated(address indexed newMinter, address indexed oldMinter);

    /// @notice Only the minter may mint.
    error OnlyMinter();

    /// @notice The owner cannot leave the token without one.
    error CantRenounceOwnership();

    /// @notice Name the minter; only the owner.
    /// @param newMinter Account that may mint from now on.
    function setMinter(address newMinter) external;

    /// @notice Create USDe; only the minter.
    /// @param to Account that gets it.
    /// @param amount 18 decimals.
    function mint(address to, uint256 amount) external;

    /// @notice Destroy the caller's USDe.
    /// @param amount 18 decimals.
    function burn(uint256 amount) external;

    /// @notice Destroy `account`'s USDe, out of the caller's allowance.
    /// @param account Whose USDe.
    /// @param amount 18 decimals.
    function burnFrom(address account, uint256 amount) external;

    /// @notice The one account that may mint.
    function minter() external view returns (address);
}
