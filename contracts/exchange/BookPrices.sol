// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {AggregatorV3Interface} from "../interfaces/AggregatorV3Interface.sol";
import {IExchangeVault} from "../interfaces/IExchangeVault.sol";
import {ISpotBook} from "../interfaces/ISpotBook.sol";
import {BPS, MulDiv} from "../lending/MulDiv.sol";
import {OrderQueues} from "./OrderQueues.sol";

/// @dev What a book's prices are: its grid, its top, its index, its circuit breaker, and the views of them.
abstract contract BookPrices is ISpotBook, Ownable, OrderQueues {
    using MulDiv for uint256;

    // --- Types

    /// @dev One slot, written once a transaction. Prices are ticks, times Unix seconds.
    struct Top {
        uint64 sequence;
        uint24 last;
        uint24 bid;
        uint24 ask;
        uint24 anchor;
        uint32 lastAt;
        uint32 anchorAt;
        uint32 haltedUntil;
    }

    struct Rules {
        uint16 makerFeeBps;
        uint16 takerFeeBps;
        uint16 breakerFallBps;
        uint32 breakerWindow;
        uint32 haltSeconds;
    }

    struct IndexRule {
        AggregatorV3Interface redemptionFeed;
        uint16 redemptionWeightBps;
        uint80 floorPrice;
    }

    // --- Constants

    uint8 private constant _FEED_DECIMALS = 8;

    // --- Immutables

    IExchangeVault public immutable vault;
    address public immutable base;
    address public immutable quote;
    uint256 public immutable tickSize;
    uint256 public immutable lotSize;
    uint256 internal immutable _lotTickValue;
    uint256 private immutable _quoteUnit;

    // --- Storage

    Top internal _top;
    Rules internal _rules;
    IndexRule private _indexRule;

    // --- Constructor

    constructor(IExchangeVault vault_, address base_, address quote_, uint256 tickSize_, uint256 lotSize_) {
        require(base_ != quote_, IdenticalAssets(base_));
        (vault, base, quote, tickSize, lotSize) = (vault_, base_, quote_, tickSize_, lotSize_);
        uint256 baseUnit = 10 ** IERC20Metadata(base_).decimals();
        _quoteUnit = 10 ** IERC20Metadata(quote_).decimals();
        uint256 product = tickSize_ * lotSize_;
        require(product != 0 && product % baseUnit == 0, TickDoesNotDivide(tickSize_, lotSize_, baseUnit));
        _lotTickValue = product / baseUnit;
    }

    // --- Actions

    /// @inheritdoc ISpotBook
    function setFees(uint256 makerFeeBps_, uint256 takerFeeBps_) external onlyOwner {
        _setFees(makerFeeBps_, takerFeeBps_);
    }

    /// @inheritdoc ISpotBook
    function setIndex(AggregatorV3Interface redemptionFeed, uint256 weightBps, uint256 floorPrice) external onlyOwner {
        require(weightBps <= BPS, InvalidBps(weightBps));
        bool hasFeed = address(redemptionFeed) != address(0);
        require(hasFeed ? redemptionFeed.decimals() == _FEED_DECIMALS : weightBps == 0, InvalidParameters());
        require(floorPrice <= type(uint80).max, PriceOffGrid(floorPrice, tickSize));

        _indexRule = IndexRule(redemptionFeed, uint16(weightBps), uint80(floorPrice));

        emit IndexSet(address(redemptionFeed), weightBps, floorPrice);
    }

    /// @inheritdoc ISpotBook
    function setCircuitBreaker(uint256 fallBps, uint256 windowSeconds, uint256 haltSeconds) external onlyOwner {
        require(fallBps <= BPS, InvalidBps(fallBps));
        bool isWhole = windowSeconds != 0 && haltSeconds != 0;
        require(fallBps == 0 || isWhole, InvalidParameters());
        require(windowSeconds <= type(uint32).max && haltSeconds <= 365 days, InvalidParameters());

        (_rules.breakerFallBps, _rules.breakerWindow) = (uint16(fallBps), uint32(windowSeconds));
        _rules.haltSeconds = uint32(haltSeconds);
        (_top.anchor, _top.anchorAt) = (_top.last, uint32(block.timestamp));

        emit CircuitBreakerSet(fallBps, windowSeconds, haltSeconds);
    }

    /// @inheritdoc ISpotBook
    function setHalt(uint256 until) external onlyOwner {
        require(until <= block.timestamp + 365 days, InvalidParameters());

        _top.haltedUntil = uint32(until);

        emit HaltSet(until);
    }

    // --- Views

    /// @inheritdoc ISpotBook
    function top() external view returns (uint256, uint256, uint256, uint256, uint256, uint256, uint256, uint256) {
        Top memory now_ = _top;
        return (
            now_.last * tickSize,
            now_.lastAt,
            now_.bid * tickSize,
            _level(Side.BUY, now_.bid).lots,
            now_.ask * tickSize,
            _level(Side.SELL, now_.ask).lots,
            index(),
            now_.haltedUntil
        );
    }

    /// @inheritdoc ISpotBook
    function depth(uint256[] calldata bps) external view returns (uint256[] memory words) {
        words = new uint256[](4 * bps.length);
        uint256 twiceMiddle = _top.bid != 0 && _top.ask != 0 ? uint256(_top.bid) + _top.ask : 2 * uint256(_top.last);
        for (uint256 k = 0; k < bps.length; ++k) {
            uint256 least = bps[k] < BPS ? twiceMiddle.mulDivUp(BPS - bps[k], 2 * BPS) : 0;
            (words[4 * k], words[4 * k + 1]) = _depthTo(Side.BUY, least);
            (words[4 * k + 2], words[4 * k + 3]) = _depthTo(Side.SELL, twiceMiddle.mulDivDown(BPS + bps[k], 2 * BPS));
        }
    }

    /// @inheritdoc ISpotBook
    function levels(Side side, uint256 n) external view returns (uint256[] memory words) {
        uint256 found = 0;
        for (uint256 tick = _best(side); tick != 0 && found < n; tick = _behind(side, tick)) {
            ++found;
        }
        words = new uint256[](2 * found);
        uint256 at = _best(side);
        for (uint256 k = 0; k < found; (++k, at = _behind(side, at))) {
            (words[2 * k], words[2 * k + 1]) = (at * tickSize, _level(side, at).lots);
        }
    }

    /// @inheritdoc ISpotBook
    function openOrders(address account) external view returns (uint256[] memory) {
        return _wordsOfAccount(account);
    }

    /// @inheritdoc ISpotBook
    function queue(Side side, uint256 price) external view returns (uint256[] memory) {
        return _wordsOfLevel(side, _tick(price));
    }

    /// @inheritdoc ISpotBook
    function lastPrice() external view returns (uint256) {
        return _top.last * tickSize;
    }

    /// @inheritdoc ISpotBook
    function ownPrice() public view returns (uint256) {
        (uint256 last, uint256 bid, uint256 ask) = (_top.last, _top.bid, _top.ask);
        if (last == 0) return bid != 0 && ask != 0 ? (bid + ask) * tickSize / 2 : 0;
        if (bid > last) return bid * tickSize;
        if (ask != 0 && ask < last) return ask * tickSize;
        return last * tickSize;
    }

    /// @inheritdoc ISpotBook
    function index() public view returns (uint256) {
        IndexRule memory rule = _indexRule;
        uint256 price = ownPrice();
        if (rule.redemptionWeightBps != 0) {
            int256 answer = rule.redemptionFeed.latestAnswer();
            uint256 redemptionE8 = answer > 0 ? uint256(answer) : 0;
            uint256 own = price * (BPS - rule.redemptionWeightBps) * 10 ** _FEED_DECIMALS;
            price = (own + redemptionE8 * rule.redemptionWeightBps * _quoteUnit) / (BPS * 10 ** _FEED_DECIMALS);
        }
        return Math.max(price, rule.floorPrice);
    }

    /// @inheritdoc ISpotBook
    function haltedUntil() public view returns (uint256) {
        return _top.haltedUntil;
    }

    /// @inheritdoc ISpotBook
    function makerFeeBps() external view returns (uint256) {
        return _rules.makerFeeBps;
    }

    /// @inheritdoc ISpotBook
    function takerFeeBps() external view returns (uint256) {
        return _rules.takerFeeBps;
    }

    // --- Internals

    function _setFees(uint256 makerFeeBps_, uint256 takerFeeBps_) internal {
        require(makerFeeBps_ <= BPS, InvalidBps(makerFeeBps_));
        require(takerFeeBps_ <= BPS, InvalidBps(takerFeeBps_));

        (_rules.makerFeeBps, _rules.takerFeeBps) = (uint16(makerFeeBps_), uint16(takerFeeBps_));

        emit FeesSet(makerFeeBps_, takerFeeBps_);
    }

    function _tick(uint256 price) internal view returns (uint256 tick) {
        tick = price / tickSize;
        require(price % tickSize == 0 && tick != 0 && tick <= MAX_TICK, PriceOffGrid(price, tickSize));
    }

    /// @dev The lowest tick at which a sale may still fill; the running window begins with the first sale after the last one ended.
    function _breakerFloorTick() internal returns (uint256) {
        Rules memory rules = _rules;
        if (rules.breakerFallBps == 0) return 0;

        if (block.timestamp >= uint256(_top.anchorAt) + rules.breakerWindow || _top.anchor == 0) {
            (_top.anchor, _top.anchorAt) = (_top.last, uint32(block.timestamp));
        }
        return uint256(_top.anchor).mulDivUp(BPS - rules.breakerFallBps, BPS);
    }

    function _halt() internal {
        uint256 until = block.timestamp + _rules.haltSeconds;
        _top.haltedUntil = uint32(until);

        emit BookHalted(_top.anchor * tickSize, until);
    }

    /// @dev At the end of every action that may have changed the book.
    function _publishTop(uint256 lastBefore) internal {
        (uint256 bid, uint256 ask) = (_best(Side.BUY), _best(Side.SELL));
        Top memory now_ = _top;
        if (bid == now_.bid && ask == now_.ask && lastBefore == now_.last) return;

        (_top.bid, _top.ask) = (uint24(bid), uint24(ask));
        emit TopMoved(now_.last * tickSize, bid * tickSize, ask * tickSize);
    }

    function _depthTo(Side side, uint256 worst) private view returns (uint256 lots, uint256 value) {
        for (uint256 tick = _best(side); tick != 0; tick = _behind(side, tick)) {
            if (side == Side.BUY ? tick < worst : tick > worst) break;
            uint256 size = _level(side, tick).lots;
            (lots, value) = (lots + size, value + size * tick * _lotTickValue);
        }
    }
}
