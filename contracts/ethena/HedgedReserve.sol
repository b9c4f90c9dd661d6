// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {AggregatorV3Interface} from "../interfaces/AggregatorV3Interface.sol";
import {IEthenaMinting} from "../interfaces/IEthenaMinting.sol";
import {IHedgedReserve} from "../interfaces/IHedgedReserve.sol";
import {IStakedUSDe} from "../interfaces/IStakedUSDe.sol";
import {MulDiv, WAD} from "../lending/MulDiv.sol";

contract HedgedReserve is IHedgedReserve, Ownable {
    using MulDiv for uint256;
    using SafeCast for int256;
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    // --- Constants

    uint256 private constant _FUNDING_PERIOD = 8 hours;

    // --- Immutables

    IEthenaMinting public immutable minting;
    IStakedUSDe public immutable stakedUSDe;
    IERC20 public immutable stable;
    IERC20 public immutable spot;
    AggregatorV3Interface public immutable feed;
    address public immutable market;

    /// @dev Value in the stable's units = quantity * markE8 / _valueUnit
    uint256 private immutable _valueUnit;

    // --- Storage

    uint256 public shortQuantity;
    uint256 public shortEntryValue;
    int256 public fundingRateWad;
    int256 public undistributedFunding;
    int256 private _fundingAccrued;
    uint256 private _fundingAccruedAt;

    // --- Constructor

    constructor(
        IEthenaMinting minting_,
        IStakedUSDe stakedUSDe_,
        IERC20 spot_,
        AggregatorV3Interface feed_,
        address market_,
        address owner_
    ) Ownable(owner_) {
        (minting, stakedUSDe, spot, feed, market) = (minting_, stakedUSDe_, spot_, feed_, market_);
        stable = IERC20(minting_.collateralAsset());
        uint8 spotDecimals = IERC20Metadata(address(spot_)).decimals();
        _valueUnit = 10 ** (spotDecimals + feed_.decimals() - IERC20Metadata(address(stable)).decimals());
        _fundingAccruedAt = block.timestamp;
    }

    // --- Actions

    /// @inheritdoc IHedgedReserve
    function open(uint256 quantity) external onlyOwner {
        require(quantity != 0, InvalidAmount());
        _accrueFunding();

        uint256 mark = markE8();
        uint256 spotCost = _valueUp(quantity, mark);
        _requireCash(spotCost);
        _openShort(quantity, mark, spotCost);

        stable.safeTransfer(market, spotCost);
        spot.safeTransferFrom(market, address(this), quantity);
    }

    /// @inheritdoc IHedgedReserve
    function hedge() external onlyOwner returns (uint256 quantity) {
        quantity = spotQuantity() - shortQuantity;
        require(quantity != 0, InvalidAmount());
        _accrueFunding();

        _openShort(quantity, markE8(), 0);
    }

    /// @inheritdoc IHedgedReserve
    function close(uint256 quantity) external onlyOwner returns (int256 received) {
        require(quantity != 0, InvalidAmount());
        require(quantity <= shortQuantity, ExceedsPosition(quantity, shortQuantity));
        _accrueFunding();

        uint256 mark = markE8();
        uint256 spotProceeds = _valueDown(quantity, mark);
        uint256 entryValue = shortEntryValue.mulDivDown(quantity, shortQuantity);
        int256 profit = entryValue.toInt256() - _valueUp(quantity, mark).toInt256();
        received = spotProceeds.toInt256() + profit;

        shortQuantity -= quantity;
        shortEntryValue -= entryValue;

        emit HedgeClosed(quantity, mark, spotProceeds, profit);
        spot.safeTransfer(market, quantity);
        _exchangeWithMarket(received);
    }

    /// @inheritdoc IHedgedReserve
    function refillBuffer(uint256 amount) external onlyOwner {
        _requireCash(amount);

        emit BufferRefilled(amount);
        stable.safeTransfer(address(minting), amount);
    }

    /// @inheritdoc IHedgedReserve
    function setFundingRate(int256 rateWad) external onlyOwner {
        _accrueFunding();

        fundingRateWad = rateWad;

        emit FundingRateSet(rateWad);
    }

    /// @inheritdoc IHedgedReserve
    function settleFunding() external onlyOwner returns (int256 amount) {
        _accrueFunding();

        amount = _fundingAccrued;
        _fundingAccrued = 0;
        undistributedFunding += amount;

        emit FundingSettled(amount);
        _exchangeWithMarket(amount);
    }

    /// @inheritdoc IHedgedReserve
    function distribute(uint256 collateralAmount) external onlyOwner returns (uint256 usdeAmount) {
        int256 available = undistributedFunding;
        require(collateralAmount.toInt256() <= available, ExceedsFundingIncome(collateralAmount, available));
        _requireCash(collateralAmount);

        undistributedFunding = available - collateralAmount.toInt256();

        stable.forceApprove(address(minting), collateralAmount);
        usdeAmount = minting.mint(collateralAmount, address(this));
        emit FundingDistributed(collateralAmount, usdeAmount);
        IERC20(minting.usde()).forceApprove(address(stakedUSDe), usdeAmount);
        stakedUSDe.transferInRewards(usdeAmount);
    }

    // --- Views

    /// @inheritdoc IHedgedReserve
    function netAssetValue() external view returns (int256) {
        return (cash() + spotValue()).toInt256() + shortProfit() + fundingAccrued();
    }

    /// @inheritdoc IHedgedReserve
    function cash() public view returns (uint256) {
        return stable.balanceOf(address(this));
    }

    /// @inheritdoc IHedgedReserve
    function spotQuantity() public view returns (uint256) {
        return spot.balanceOf(address(this));
    }

    /// @inheritdoc IHedgedReserve
    function spotValue() public view returns (uint256) {
        return _valueDown(spotQuantity(), markE8());
    }

    /// @inheritdoc IHedgedReserve
    function shortProfit() public view returns (int256) {
        return shortEntryValue.toInt256() - _valueUp(shortQuantity, markE8()).toInt256();
    }

    /// @inheritdoc IHedgedReserve
    function averageEntryE8() external view returns (uint256) {
        return shortQuantity == 0 ? 0 : shortEntryValue.mulDivDown(_valueUnit, shortQuantity);
    }

    /// @inheritdoc IHedgedReserve
    function markE8() public view returns (uint256) {
        int256 answer = feed.latestAnswer();
        require(answer > 0, PriceNotAvailable(answer));
        return answer.toUint256();
    }

    /// @inheritdoc IHedgedReserve
    function fundingAccrued() public view returns (int256) {
        return _fundingAccrued + _fundingSinceDown();
    }

    // --- Internals

    function _openShort(uint256 quantity, uint256 mark, uint256 spotCost) private {
        uint256 shortValue = _valueDown(quantity, mark);
        shortQuantity += quantity;
        shortEntryValue += shortValue;

        emit HedgeOpened(quantity, mark, spotCost, shortValue);
    }

    function _accrueFunding() private {
        _fundingAccrued += _fundingSinceDown();
        _fundingAccruedAt = block.timestamp;
    }

    /// @dev Short's value at today's mark * rate * time / 8 hours, towards minus infinity: earned rounds down, owed up.
    function _fundingSinceDown() private view returns (int256) {
        uint256 elapsed = block.timestamp - _fundingAccruedAt;
        if (elapsed == 0 || shortQuantity == 0 || fundingRateWad == 0) return 0;

        uint256 notional = shortQuantity * markE8() * elapsed;
        uint256 denominator = _valueUnit * WAD * _FUNDING_PERIOD;
        if (fundingRateWad > 0) return notional.mulDivDown(fundingRateWad.toUint256(), denominator).toInt256();
        return -notional.mulDivUp((-fundingRateWad).toUint256(), denominator).toInt256();
    }

    function _exchangeWithMarket(int256 received) private {
        if (received >= 0) {
            stable.safeTransferFrom(market, address(this), received.toUint256());
        } else {
            _requireCash((-received).toUint256());
            stable.safeTransfer(market, (-received).toUint256());
        }
    }

    function _requireCash(uint256 amount) private view {
        require(amount <= cash(), InsufficientCash(amount, cash()));
    }

    function _valueDown(uint256 quantity, uint256 mark) private view returns (uint256) {
        return quantity.mulDivDown(mark, _valueUnit);
    }

    function _valueUp(uint256 quantity, uint256 mark) private view returns (uint256) {
        return quantity.mulDivUp(mark, _valueUnit);
    }
}
