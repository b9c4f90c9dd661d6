// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {AggregatorV3Interface} from "./AggregatorV3Interface.sol";
import {IDerivedFeed} from "./IDerivedFeed.sol";

/// @title The price of a vault's share
/// @notice What one share of an ERC-4626 vault converts to, times the feed of its asset; rounded down. The ratio is capped as Aave's
/// CAPO does for assets that earn yield: at its snapshot plus growth at a yearly rate since, without compounding. The cap holds on
/// the way up only. An answer of the asset's feed of zero or below passes through.
/// Simplification vs Aave's CAPO: parameters are fixed at deployment, where the real one takes new snapshots from its risk admin;
/// the growth is not first rounded down to a whole amount a second.
interface IVaultRateFeed is IDerivedFeed {
    /// @notice A cap on growth needs a ratio to grow from.
    error SnapshotRatioIsZero();

    /// @notice The snapshot is from the future.
    error InvalidRatioTimestamp(uint256 timestamp);

    /// @return The vault.
    function vault() external view returns (IERC4626);

    /// @return Dollars per unit of the vault's asset, 8 decimals.
    function assetFeed() external view returns (AggregatorV3Interface);

    /// @return Ratio at the snapshot, 1e18 = one whole asset a whole share; 0 without a cap.
    function snapshotRatioWad() external view returns (uint256);

    /// @return Unix time.
    function snapshotTimestamp() external view returns (uint256);

    /// @return Growth of the cap a year, 100_00 = 100 % of the snapshot.
    function maxYearlyGrowthBps() external view returns (uint256);

    /// @return The vault's own ratio now, 1e18 = one whole asset a whole share.
    function ratioWad() external view returns (uint256);

    /// @return The highest ratio that counts now; the maximum of uint256 without a cap.
    function maxRatioWad() external view returns (uint256);

    /// @return Whether the vault's own ratio is above that.
    function isCapped() external view returns (bool);
}
