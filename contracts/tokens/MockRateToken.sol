// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {MockERC20} from "./MockERC20.sol";

/// @title Token with a stated rate
/// @notice Each token stands for more and more of another one, as wstETH does for staked ether. Anyone may mint it, and its rate is
/// fixed. It answers the two questions that a price source asks an ERC-4626 vault, holds no assets and redeems nothing.
contract MockRateToken is MockERC20 {
    uint256 private constant WAD = 1e18;

    address public immutable asset;
    uint256 public immutable rateWad;
    uint256 private immutable _tokenUnit;
    uint256 private immutable _assetUnit;

    /// @param rateWad_ Whole tokens of the asset per whole token, 1e18 = one
    constructor(string memory name_, string memory symbol_, uint8 decimals_, address asset_, uint256 rateWad_)
        MockERC20(name_, symbol_, decimals_)
    {
        asset = asset_;
        rateWad = rateWad_;
        _tokenUnit = 10 ** decimals_;
        _assetUnit = 10 ** MockERC20(asset_).decimals();
    }

    /// @param shares Smallest units of this token
    /// @return Smallest units of the asset that they stand for, rounded down
    function convertToAssets(uint256 shares) external view returns (uint256) {
        return Math.mulDiv(shares, rateWad * _assetUnit, WAD * _tokenUnit);
    }
}
