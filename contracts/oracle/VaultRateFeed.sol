// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {AggregatorV3Interface} from "../interfaces/AggregatorV3Interface.sol";
import {IVaultRateFeed} from "../interfaces/IVaultRateFeed.sol";
import {DerivedFeed} from "./DerivedFeed.sol";

contract VaultRateFeed is IVaultRateFeed, DerivedFeed {
    using SafeCast for uint256;

    // --- Constants

    uint256 private constant WAD = 1e18;
    uint256 private constant BPS = 100_00;

    // --- Immutables

    IERC4626 public immutable vault;
    AggregatorV3Interface public immutable assetFeed;
    uint256 public immutable snapshotRatioWad;
    uint256 public immutable snapshotTimestamp;
    uint256 public immutable maxYearlyGrowthBps;
    uint256 private immutable _shareUnit;
    uint256 private immutable _assetUnit;

    // --- Constructor

    constructor(
        IERC4626 vault_,
        AggregatorV3Interface assetFeed_,
        uint256 snapshotRatioWad_,
        uint256 snapshotTimestamp_,
        uint256 maxYearlyGrowthBps_
    ) DerivedFeed(string.concat(vault_.symbol(), " / USD, vault rate")) {
        require(snapshotRatioWad_ != 0 || maxYearlyGrowthBps_ == 0, SnapshotRatioIsZero());
        require(snapshotTimestamp_ <= block.timestamp, InvalidRatioTimestamp(snapshotTimestamp_));
        vault = vault_;
        assetFeed = _withEightDecimals(assetFeed_);
        snapshotRatioWad = snapshotRatioWad_;
        snapshotTimestamp = snapshotTimestamp_;
        maxYearlyGrowthBps = maxYearlyGrowthBps_;
        _shareUnit = 10 ** vault_.decimals();
        _assetUnit = 10 ** IERC20Metadata(vault_.asset()).decimals();
    }

    // --- Views

    /// @inheritdoc AggregatorV3Interface
    function latestAnswer() public view override(AggregatorV3Interface, DerivedFeed) returns (int256) {
        int256 assetE8 = assetFeed.latestAnswer();
        if (assetE8 <= 0) return assetE8;

        uint256 cappedWad = Math.min(ratioWad(), maxRatioWad());
        return Math.mulDiv(uint256(assetE8), cappedWad, WAD).toInt256();
    }

    /// @inheritdoc AggregatorV3Interface
    function latestTimestamp() public view override(AggregatorV3Interface, DerivedFeed) returns (uint256) {
        return assetFeed.latestTimestamp();
    }

    /// @inheritdoc IVaultRateFeed
    function isCapped() external view returns (bool) {
        return ratioWad() > maxRatioWad();
    }

    /// @inheritdoc IVaultRateFeed
    function ratioWad() public view returns (uint256) {
        return Math.mulDiv(vault.convertToAssets(_shareUnit), WAD, _assetUnit);
    }

    /// @inheritdoc IVaultRateFeed
    function maxRatioWad() public view returns (uint256) {
        if (snapshotRatioWad == 0) return type(uint256).max;
        uint256 elapsed = block.timestamp - snapshotTimestamp;
        return snapshotRatioWad + Math.mulDiv(snapshotRatioWad, maxYearlyGrowthBps * elapsed, BPS * 365 days);
    }
}
