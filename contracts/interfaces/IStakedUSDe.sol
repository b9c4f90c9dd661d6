// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";

/// @title IStakedUSDe
/// @notice sUSDe: an ERC-4626 vault of USDe whose rewards vest over 8 hours. While the cooldown is on, `withdraw` and `redeem`
/// are closed: shares are burnt at once, their USDe waits in a silo and earns nothing. As in Ethena's vault, rewards that vest
/// while nobody holds a share belong to nobody: a deployment stakes a little for good.
/// Simplification vs StakedUSDeV2: no blacklist roles, no redistribution, no rescue of other tokens; the cooldown begins at 7
/// days instead of 90.
interface IStakedUSDe is IERC4626 {
    /// @notice Rewards came in and begin to vest.
    /// @param amount USDe, 18 decimals.
    event RewardsReceived(uint256 amount);

    /// @notice Both in seconds.
    event CooldownDurationUpdated(uint24 previousDuration, uint24 newDuration);

    /// @notice Nothing to do, or too little to be worth a unit.
    error InvalidAmount();

    error InvalidZeroAddress();

    /// @notice Fewer than one whole share would be left in total, and some.
    error MinSharesViolation();

    /// @notice The cooldown is on and the call needs it off, or the reverse.
    error OperationNotAllowed();

    /// @notice Earlier rewards still vest.
    error StillVesting();

    error ExcessiveRedeemAmount();
    error ExcessiveWithdrawAmount();

    /// @notice The cooldown has not ended, or a duration is over the longest.
    error InvalidCooldown();

    // --- Actions

    /// @notice Pay rewards in; only a rewarder, and only once the last ones have vested.
    /// @param amount USDe, 18 decimals; the caller has approved it.
    function transferInRewards(uint256 amount) external;

    /// @notice Burn the caller's shares for so many assets, which wait in the silo. Begins the whole cooldown anew.
    /// @param assets USDe, 18 decimals.
    /// @return shares Shares burnt, 18 decimals, rounded up.
    function cooldownAssets(uint256 assets) external returns (uint256 shares);

    /// @notice Burn so many of the caller's shares; their assets wait in the silo. Begins the whole cooldown anew.
    /// @param shares 18 decimals.
    /// @return assets USDe in the silo, 18 decimals, rounded down.
    function cooldownShares(uint256 shares) external returns (uint256 assets);

    /// @notice Pay out all that waits for the caller, from the last second of the cooldown on, or once the cooldown is off.
    function unstake(address receiver) external;

    /// @param duration Seconds, up to 90 days; zero opens `withdraw` and `redeem`. Only the admin.
    function setCooldownDuration(uint24 duration) external;

    // --- Views

    /// @return USDe paid in and not yet vested, 18 decimals, rounded down
    function getUnvestedAmount() external view returns (uint256);

    /// @return USDe of the last rewards, 18 decimals
    function vestingAmount() external view returns (uint256);

    /// @return Unix time
    function lastDistributionTimestamp() external view returns (uint256);

    /// @return Seconds
    function cooldownDuration() external view returns (uint24);

    /// @return cooldownEnd Unix time from which on `unstake` pays
    /// @return underlyingAmount USDe in the silo, 18 decimals
    function cooldowns(address user) external view returns (uint104 cooldownEnd, uint152 underlyingAmount);

    /// @return Where USDe waits
    function silo() external view returns (address);
}
