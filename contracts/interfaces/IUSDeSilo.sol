// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title IUSDeSilo
/// @notice Holds the USDe of stakers whose cooldown runs.
interface IUSDeSilo {
    error OnlyStakingVault();

    /// @notice Pay out; only the vault.
    /// @param amount USDe, 18 decimals.
    function withdraw(address to, uint256 amount) external;
}
