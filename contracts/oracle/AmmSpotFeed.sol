// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {AggregatorV3Interface} from "../interfaces/AggregatorV3Interface.sol";
import {Exit} from "../interfaces/Exit.sol";
import {IAmmSpotFeed} from "../interfaces/IAmmSpotFeed.sol";
import {IStableSwap} from "../interfaces/IStableSwap.sol";
import {ExitVenue} from "../periphery/ExitVenue.sol";
import {DerivedFeed} from "./DerivedFeed.sol";

contract AmmSpotFeed is IAmmSpotFeed, DerivedFeed {
    using SafeCast for uint256;

    // --- Immutables

    address public immutable venue;
    Exit public immutable kind;
    address public immutable asset;
    address public immutable quoteAsset;
    AggregatorV3Interface public immutable quoteFeed;
    uint256 private immutable _assetUnit;
    uint256 private immutable _quoteUnit;

    // --- Constructor

    constructor(address venue_, Exit kind_, address asset_, address quoteAsset_, AggregatorV3Interface quoteFeed_)
        DerivedFeed(string.concat(IERC20Metadata(asset_).symbol(), " / USD, AMM spot"))
    {
        venue = venue_;
        kind = kind_;
        asset = asset_;
        quoteAsset = quoteAsset_;
        quoteFeed = _withEightDecimals(quoteFeed_);
        _assetUnit = 10 ** IERC20Metadata(asset_).decimals();
        _quoteUnit = 10 ** IERC20Metadata(quoteAsset_).decimals();
        _requireTraded();
    }

    // --- Views

    /// @inheritdoc AggregatorV3Interface
    function latestAnswer() public view override(AggregatorV3Interface, DerivedFeed) returns (int256) {
        int256 quoteE8 = quoteFeed.latestAnswer();
        if (quoteE8 <= 0) return quoteE8;

        uint256 priceE8 = kind == Exit.StableSwap ? _stableSwapDown(uint256(quoteE8)) : _pairDown(uint256(quoteE8));
        return priceE8.toInt256();
    }

    /// @inheritdoc AggregatorV3Interface
    function latestTimestamp() public view override(AggregatorV3Interface, DerivedFeed) returns (uint256) {
        return block.timestamp;
    }

    // --- Internals

    function _stableSwapDown(uint256 quoteE8) private view returns (uint256) {
        IStableSwap pool = IStableSwap(venue);
        if (pool.balances(0) == 0 || pool.balances(1) == 0) return 0;
        return Math.mulDiv(pool.get_p(0), quoteE8, 1e18);
    }

    /// @dev Quote per asset in whole tokens is reserveQuote / quoteUnit over reserve / assetUnit, one division in all.
    function _pairDown(uint256 quoteE8) private view returns (uint256) {
        (uint256 reserve, uint256 reserveQuote) = ExitVenue.reserves(venue, asset, quoteAsset);
        if (reserve == 0) return 0;
        return Math.mulDiv(reserveQuote * _assetUnit, quoteE8, reserve * _quoteUnit);
    }

    function _requireTraded() private view {
        if (kind == Exit.StableSwap) {
            bool isTraded = IStableSwap(venue).coins(0) == quoteAsset && IStableSwap(venue).coins(1) == asset;
            require(isTraded, ExitVenue.VenueDoesNotTrade(venue, asset, quoteAsset));
        } else {
            require(kind == Exit.ConstantProduct, NotAnAmm(kind));
            ExitVenue.reserves(venue, asset, quoteAsset);
        }
    }
}
