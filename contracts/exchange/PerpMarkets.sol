// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IUnifiedMargin} from "../interfaces/IUnifiedMargin.sol";
import {BPS, MulDiv} from "../lending/MulDiv.sol";
import {MarginAccounts} from "./MarginAccounts.sol";

/// @dev Linear perpetuals: standing quotes around the mark, positions that pass between two accounts, funding.
/// A trade adds contracts * price to the buyer's entry and profit together, and takes it from the seller's; so the sum of sizes is
/// zero, and the sum of entries is the sum of profits realised.
abstract contract PerpMarkets is MarginAccounts {
    using MulDiv for uint256;
    using SafeCast for int256;
    using SafeCast for uint256;

    // --- Types

    /// @dev An incoming trade while it is filled.
    struct PerpTaker {
        uint256 marketId;
        address account;
        bool buys;
        uint256 left;
        uint256 fillsLeft;
        uint256 mark;
    }

    // --- Constants

    uint256 internal constant MAX_QUOTES = 64;

    // --- Actions

    /// @inheritdoc IUnifiedMargin
    function quotePerp(uint256 marketId, uint256 bidContracts, uint256 askContracts, uint256 spreadBps) external {
        _requireNotFrozen(msg.sender);
        require(spreadBps < BPS, RateOverAll(spreadBps));

        Market storage market = _market(marketId);
        _dropQuote(market, msg.sender);
        if (bidContracts + askContracts != 0) {
            PerpQuote memory quote = PerpQuote(msg.sender, bidContracts.toUint64(), askContracts.toUint64(), uint16(spreadBps));
            _insertQuote(market, quote);
        }

        emit PerpQuoted(marketId, msg.sender, bidContracts, askContracts, spreadBps);
    }

    /// @inheritdoc IUnifiedMargin
    function tradePerp(uint256 marketId, int256 contracts, uint256 limitPrice, uint256 maxFills) external returns (int256 filled) {
        require(contracts != 0, InvalidAmount());
        _requireNotFrozen(msg.sender);
        Market storage market = _market(marketId);
        uint256 sizeBefore = _abs(market.positions[msg.sender].size);

        filled = _takeQuotes(marketId, msg.sender, contracts, limitPrice, maxFills);
        uint256 fee = (_abs(filled) * _mark(market)).mulDivUp(market.feeBps, BPS);
        if (fee != 0) {
            _realise(msg.sender, -fee.toInt256());
            vault.move(cash, address(this), vault.feeAccount(), fee);
        }

        if (_abs(market.positions[msg.sender].size) > sizeBefore) _requireMargin(msg.sender, _rules.warningWad);
    }

    // --- Views

    /// @inheritdoc IUnifiedMargin
    function positionOf(uint256 marketId, address owner) external view returns (Position memory) {
        return _market(marketId).positions[owner];
    }

    /// @inheritdoc IUnifiedMargin
    function markPrice(uint256 marketId) external view returns (uint256) {
        return _mark(_market(marketId));
    }

    /// @inheritdoc IUnifiedMargin
    function quotes(uint256 marketId) external view returns (PerpQuote[] memory) {
        return _market(marketId).quotes;
    }

    /// @inheritdoc IUnifiedMargin
    function holders(uint256 marketId) external view returns (address[] memory) {
        return _market(marketId).holders;
    }

    /// @inheritdoc IUnifiedMargin
    function markets() external view returns (uint256) {
        return _markets.length;
    }

    // --- Internals: quotes

    function _takeQuotes(uint256 marketId, address account, int256 contracts, uint256 limitPrice, uint256 maxFills)
        internal
        returns (int256)
    {
        Market storage market = _market(marketId);
        PerpTaker memory taker = PerpTaker(marketId, account, contracts > 0, _abs(contracts), maxFills, _mark(market));
        for (uint256 k = 0; k < market.quotes.length && taker.left != 0 && taker.fillsLeft != 0; ++k) {
            PerpQuote memory quote = market.quotes[k];
            uint256 price = taker.buys
                ? taker.mark.mulDivUp(BPS + quote.spreadBps, BPS)
                : taker.mark.mulDivDown(BPS - quote.spreadBps, BPS);
            if (taker.buys ? price > limitPrice : price < limitPrice) break;
            uint256 size = Math.min(taker.left, taker.buys ? quote.askContracts : quote.bidContracts);
            if (size == 0 || quote.maker == account || !_mayFill(market, quote.maker, taker.buys)) continue;

            if (taker.buys) market.quotes[k].askContracts -= uint64(size);
            else market.quotes[k].bidContracts -= uint64(size);
            _fill(taker, quote.maker, size, price);
        }
        int256 filled = (_abs(contracts) - taker.left).toInt256();
        return taker.buys ? filled : -filled;
    }

    function _fill(PerpTaker memory taker, address maker, uint256 size, uint256 price) private {
        int256 change = taker.buys ? size.toInt256() : -size.toInt256();
        taker.left -= size;
        --taker.fillsLeft;

        emit PerpTrade(taker.marketId, taker.account, maker, change, price, taker.mark);
        _pass(taker.marketId, taker.account, maker, change, price);
    }

    /// @dev A maker whose position would grow has to be over the warning line.
    function _mayFill(Market storage market, address maker, bool sells) private view returns (bool) {
        if (isLiquidating[maker]) return false;
        int256 size = market.positions[maker].size;
        bool shrinks = sells ? size > 0 : size < 0;
        return shrinks || accountOf(maker).level == Level.FREE;
    }

    function _insertQuote(Market storage market, PerpQuote memory quote) private {
        require(market.quotes.length < MAX_QUOTES, TooManyQuotes(MAX_QUOTES));
        market.quotes.push(quote);
        for (uint256 k = market.quotes.length - 1; k != 0 && market.quotes[k - 1].spreadBps > quote.spreadBps; --k) {
            market.quotes[k] = market.quotes[k - 1];
            market.quotes[k - 1] = quote;
        }
    }

    function _dropQuote(Market storage market, address maker) internal {
        bool found = false;
        for (uint256 k = 0; k < market.quotes.length; ++k) {
            if (found) market.quotes[k - 1] = market.quotes[k];
            else found = market.quotes[k].maker == maker;
        }
        if (found) market.quotes.pop();
    }

    // --- Internals: positions

    /// @dev `contracts` from `counterparty` to `account`; the other way where negative.
    function _pass(uint256 marketId, address account, address counterparty, int256 contracts, uint256 price) internal {
        // Losses first: a profit may need the cash that the loss brings.
        int256 first = _change(marketId, account, contracts, price);
        int256 second = _change(marketId, counterparty, -contracts, price);
        if (first < 0) {
            _realise(account, first);
            _realise(counterparty, second);
        } else {
            _realise(counterparty, second);
            _realise(account, first);
        }
    }

    function _settleFunding(uint256 marketId, address account) internal {
        Market storage market = _market(marketId);
        Position storage position = market.positions[account];
        _accrueFunding(marketId);
        int256 owed = position.size == 0 ? int256(0) : _unsettledFunding(market, position);
        position.fundingIndexWad = market.fundingIndexWad;
        if (owed == 0) return;

        totals.funding += owed;
        emit FundingPaid(marketId, account, owed);
        _realise(account, -owed);
    }

    /// @dev What closes realises its share of the entry, what opens adds to it.
    /// @return profit Realised, not yet paid
    function _change(uint256 marketId, address account, int256 contracts, uint256 price) private returns (int256 profit) {
        _settleFunding(marketId, account);
        Market storage market = _market(marketId);
        Position storage position = market.positions[account];
        (int256 size, int256 entry) = (position.size, position.entry);

        int256 closed = 0;
        if (size != 0 && (size > 0) != (contracts > 0)) {
            closed = _abs(contracts) < _abs(size) ? contracts : -size;
            int256 share = entry * closed / size;
            profit = share - closed * price.toInt256();
            (size, entry) = (size + closed, entry + share);
        }
        size += contracts - closed;
        entry += (contracts - closed) * price.toInt256();

        _list(market, account, size != 0);
        (position.size, position.entry) = (size.toInt128(), entry.toInt128());
    }

    function _list(Market storage market, address account, bool holds) private {
        uint256 number = market.holderNumber[account];
        if (holds && number == 0) {
            market.holders.push(account);
            market.holderNumber[account] = market.holders.length;
        } else if (!holds && number != 0) {
            address last = market.holders[market.holders.length - 1];
            (market.holders[number - 1], market.holderNumber[last]) = (last, number);
            market.holders.pop();
            market.holderNumber[account] = 0;
        }
    }
}
