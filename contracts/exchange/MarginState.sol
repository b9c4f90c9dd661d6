// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {AggregatorV3Interface} from "../interfaces/AggregatorV3Interface.sol";
import {IExchangeVault} from "../interfaces/IExchangeVault.sol";
import {ISpotBook} from "../interfaces/ISpotBook.sol";
import {IUnifiedMargin} from "../interfaces/IUnifiedMargin.sol";
import {BPS, MulDiv, WAD} from "../lending/MulDiv.sol";
import {DebtIndex} from "./DebtIndex.sol";
import {Tiers} from "./Tiers.sol";

/// @dev What is listed and under which rules, and the way of money: lending, and profit and loss through the clearing account.
abstract contract MarginState is IUnifiedMargin, Ownable {
    using DebtIndex for DebtIndex.Index;
    using MulDiv for uint256;
    using SafeCast for int256;
    using SafeCast for uint256;
    using Tiers for Tier[];

    // --- Types

    /// @dev Value in cash = amount * priceE8 / valueUnit
    struct Asset {
        address token;
        ISpotBook book;
        AggregatorV3Interface feed;
        uint256 lotSize;
        uint256 valueUnit;
        uint256 addOnBps;
        Tier[] tiers;
    }

    /// @dev Mark price = priceE8 * contractSizeWad * cash unit / (1e8 * 1e18)
    struct Market {
        AggregatorV3Interface feed;
        uint256 contractSizeWad;
        uint256 feeBps;
        int256 fundingRateWad;
        int256 fundingIndexWad;
        uint256 fundingAt;
        Tier[] tiers;
        PerpQuote[] quotes;
        address[] holders;
        mapping(address account => uint256) holderNumber;
        mapping(address account => Position) positions;
    }

    struct Debt {
        uint128 amount;
        uint128 indexRay;
    }

    struct Totals {
        uint256 debt;
        uint256 interest;
        int256 funding;
        uint256 badDebt;
    }

    // --- Constants

    uint8 internal constant _FEED_DECIMALS = 8;

    // --- Immutables

    IExchangeVault public immutable vault;
    address public immutable cash;
    address public immutable insuranceFund;
    uint256 private immutable _cashDecimals;

    // --- Storage

    Asset[] internal _assets;
    Market[] internal _markets;
    Rules internal _rules;
    DebtIndex.Index internal _index;
    Tier[] internal _debtTiers;
    Totals public totals;
    mapping(address account => Debt) internal _debts;
    mapping(address asset => bool) private _isListed;

    // --- Constructor

    constructor(IExchangeVault vault_, address cash_, address insuranceFund_) {
        (vault, cash, insuranceFund) = (vault_, cash_, insuranceFund_);
        _cashDecimals = IERC20Metadata(cash_).decimals();
        _index.start(0);
        _debtTiers.push(Tier(type(uint128).max, 0));
        _rules = Rules(1.5e18, 1.2e18, 1.05e18, 1e18, uint16(BPS), 0, 0);
    }

    // --- Actions

    /// @inheritdoc IUnifiedMargin
    function addAsset(ISpotBook book, AggregatorV3Interface feed, Tier[] calldata tiers) external onlyOwner returns (uint256 assetId) {
        address token = book.base();
        require(book.quote() == cash, WrongQuote(book.quote(), cash));
        require(!_isListed[token], AssetAlreadyListed(token));
        _requireEightDecimals(feed);

        _isListed[token] = true;
        assetId = _assets.length;
        Asset storage asset = _assets.push();
        (asset.token, asset.book, asset.feed, asset.lotSize) = (token, book, feed, book.lotSize());
        asset.valueUnit = 10 ** (IERC20Metadata(token).decimals() + _FEED_DECIMALS - _cashDecimals);
        asset.tiers.replace(tiers, false);

        emit AssetSet(assetId, token, 0);
    }

    /// @inheritdoc IUnifiedMargin
    function setAsset(uint256 assetId, Tier[] calldata tiers, uint256 addOnBps) external onlyOwner {
        require(assetId < _assets.length, UnknownAsset(assetId));
        require(addOnBps <= BPS, RateOverAll(addOnBps));

        Asset storage asset = _assets[assetId];
        asset.tiers.replace(tiers, false);
        asset.addOnBps = addOnBps;

        emit AssetSet(assetId, asset.token, addOnBps);
    }

    /// @inheritdoc IUnifiedMargin
    function addMarket(AggregatorV3Interface feed, uint256 contractSizeWad, Tier[] calldata tiers)
        external
        onlyOwner
        returns (uint256 marketId)
    {
        require(contractSizeWad != 0, InvalidAmount());
        _requireEightDecimals(feed);

        marketId = _markets.length;
        Market storage market = _markets.push();
        (market.feed, market.contractSizeWad, market.fundingAt) = (feed, contractSizeWad, block.timestamp);
        market.tiers.replace(tiers, true);

        emit MarketSet(marketId, address(feed), 0, 0);
    }

    /// @inheritdoc IUnifiedMargin
    function setMarket(uint256 marketId, Tier[] calldata tiers, int256 fundingRateWad, uint256 feeBps) external onlyOwner {
        require(feeBps <= BPS, RateOverAll(feeBps));
        Market storage market = _market(marketId);

        _accrueFunding(marketId);
        market.fundingAt = block.timestamp;
        (market.fundingRateWad, market.feeBps) = (fundingRateWad, feeBps);
        market.tiers.replace(tiers, true);

        emit MarketSet(marketId, address(market.feed), fundingRateWad, feeBps);
    }

    /// @inheritdoc IUnifiedMargin
    function setRules(Rules calldata rules_) external onlyOwner {
        (uint256 free, uint256 warning) = (rules_.freeWad, rules_.warningWad);
        (uint256 reduceOnly, uint256 last) = (rules_.reduceOnlyWad, rules_.liquidationWad);
        bool isOrdered = last != 0 && last <= reduceOnly && reduceOnly <= warning && warning <= free;
        require(isOrdered, LevelsOutOfOrder(free, warning, reduceOnly, last));
        require(rules_.sliceBps != 0, InvalidAmount());
        require(rules_.sliceBps <= BPS, RateOverAll(rules_.sliceBps));
        require(rules_.feeBps <= BPS, RateOverAll(rules_.feeBps));

        _rules = rules_;

        emit RulesSet(rules_);
    }

    /// @inheritdoc IUnifiedMargin
    function setLending(uint256 rateRay, Tier[] calldata tiers) external onlyOwner {
        _index.setRate(rateRay);
        _debtTiers.replace(tiers, true);

        emit LendingSet(rateRay);
    }

    // --- Internals: prices

    function _market(uint256 marketId) internal view returns (Market storage) {
        require(marketId < _markets.length, UnknownMarket(marketId));
        return _markets[marketId];
    }

    function _mark(Market storage market) internal view returns (uint256 price) {
        int256 answer = market.feed.latestAnswer();
        require(answer > 0, PriceNotAvailable(answer));
        uint256 sizeInCash = market.contractSizeWad * 10 ** _cashDecimals;
        price = answer.toUint256().mulDivDown(sizeInCash, WAD * 10 ** _FEED_DECIMALS);
        require(price != 0, PriceNotAvailable(answer));
    }

    /// @dev Stored whenever somebody settles, so that a later mark does not change what accrued before. A market without a
    /// rate stores nothing: its index stands still.
    function _accrueFunding(uint256 marketId) internal {
        Market storage market = _markets[marketId];
        if (market.fundingRateWad == 0 || market.fundingAt == block.timestamp) return;

        (market.fundingIndexWad, market.fundingAt) = (_fundingIndexWad(market), block.timestamp);

        emit FundingAccrued(marketId, market.fundingIndexWad);
    }

    /// @dev Cash that a contract held long has paid since the market began, 18 more decimals: what is stored, and since then
    /// rate * mark of now * time / 8 hours.
    function _fundingIndexWad(Market storage market) internal view returns (int256) {
        uint256 elapsed = block.timestamp - market.fundingAt;
        if (elapsed == 0 || market.fundingRateWad == 0) return market.fundingIndexWad;
        return market.fundingIndexWad + market.fundingRateWad * (_mark(market) * elapsed).toInt256() / 8 hours;
    }

    // --- Internals: money

    function _debtNow(address account) internal view returns (uint256) {
        Debt memory debt = _debts[account];
        return debt.amount == 0 ? 0 : DebtIndex.grownUp(debt.amount, debt.indexRay, _index.nowRay());
    }

    /// @dev Before every change of a debt.
    function _accrueDebt(address account) internal {
        uint256 debt = _debtNow(account);
        uint256 interest = debt - _debts[account].amount;
        _debts[account] = Debt(debt.toUint128(), _index.nowRay().toUint128());
        if (interest == 0) return;
        totals.interest += interest;
        totals.debt += interest;
    }

    function _raiseDebt(address account, uint256 amount) internal {
        _accrueDebt(account);
        _debts[account].amount += amount.toUint128();
        totals.debt += amount;
    }

    function _lowerDebt(address account, uint256 amount) internal {
        _debts[account].amount -= amount.toUint128();
        totals.debt -= amount;
    }

    function _freeCash(address account) internal view returns (uint256 free) {
        (free,) = vault.balanceOf(account, cash);
    }

    /// @return repaid From free cash, at most `most` and the debt
    function _repayFromCash(address account, uint256 most) internal returns (uint256 repaid) {
        _accrueDebt(account);
        repaid = Math.min(Math.min(most, _debts[account].amount), _freeCash(account));
        if (repaid == 0) return 0;

        _lowerDebt(account, repaid);
        emit Repaid(account, repaid);
        vault.move(cash, account, address(this), repaid);
    }

    /// @dev A profit lowers the debt first; a loss is paid from free cash, and owed where there is none.
    function _realise(address account, int256 amount) internal {
        if (amount == 0) return;
        _accrueDebt(account);
        uint256 size = amount < 0 ? (-amount).toUint256() : amount.toUint256();
        uint256 viaDebt;
        if (amount > 0) {
            viaDebt = Math.min(size, _debts[account].amount);
            _lowerDebt(account, viaDebt);
            if (size != viaDebt) vault.move(cash, address(this), account, size - viaDebt);
        } else {
            uint256 paid = Math.min(size, _freeCash(account));
            viaDebt = size - paid;
            _raiseDebt(account, viaDebt);
            if (paid != 0) vault.move(cash, account, address(this), paid);
        }

        emit Realised(account, amount, viaDebt);
    }

    function _requireEightDecimals(AggregatorV3Interface feed) private view {
        uint8 decimals = feed.decimals();
        require(decimals == _FEED_DECIMALS, UnsupportedDecimals(address(feed), decimals));
    }
}
