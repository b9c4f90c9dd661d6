// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IExchangeVault} from "../interfaces/IExchangeVault.sol";
import {ISpotBook} from "../interfaces/ISpotBook.sol";
import {BPS, MulDiv} from "../lending/MulDiv.sol";
import {BookPrices} from "./BookPrices.sol";

contract SpotBook is BookPrices {
    using MulDiv for uint256;
    using SafeCast for uint256;

    // --- Types

    /// @dev An incoming order while it is matched.
    struct Taker {
        address account;
        Side side;
        uint256 limitTick;
        uint256 left;
        uint256 fillsLeft;
        uint256 received;
        bool buysWhatItCanPay;
    }

    /// @dev A ladder while it is placed. Slots are taken from zero on, as all of the account's were freed before.
    struct Ladder {
        uint256[] words;
        uint256 placed;
        uint256 firstKey;
        uint256 highestBid;
        uint256 lowestAsk;
        uint256 bidTickLots;
        uint256 askLots;
    }

    // --- Constants

    uint256 private constant _MAX_LIMIT_FILLS = 200;

    // --- Storage

    mapping(address account => Remainder) private _remainders;

    // --- Constructor

    constructor(
        IExchangeVault vault_,
        address base_,
        address quote_,
        uint256 tickSize_,
        uint256 lotSize_,
        uint256 makerFeeBps_,
        uint256 takerFeeBps_,
        address owner_
    ) BookPrices(vault_, base_, quote_, tickSize_, lotSize_) Ownable(owner_) {
        _setFees(makerFeeBps_, takerFeeBps_);
    }

    modifier onlyOperator() {
        require(vault.isOperator(msg.sender), CallerNotOperator(msg.sender));
        _;
    }

    // --- Actions

    /// @inheritdoc ISpotBook
    function placeLimit(Side side, uint256 price, uint256 lots, Kind kind) external returns (uint256 orderId, uint256 filled) {
        uint256 tick = _tick(price);
        _requireSize(lots);
        _requireActive(msg.sender);
        uint256 lastBefore = _top.last;

        uint256 left = lots;
        if (_crosses(side, tick)) {
            require(kind != Kind.POST_ONLY, WouldCross(price, _best(_other(side)) * tickSize));
            Taker memory taker = Taker(msg.sender, side, tick, lots, _MAX_LIMIT_FILLS, 0, false);
            _match(taker);
            left = taker.left;
        }
        filled = lots - left;
        if (left != 0) {
            if (kind == Kind.IMMEDIATE_OR_CANCEL || _crosses(side, tick)) emit OrderExpired(msg.sender, side, left);
            else orderId = _rest(side, tick, left);
        }

        _publishTop(lastBefore);
    }

    /// @inheritdoc ISpotBook
    function placeMarket(Side side, uint256 lots, uint256 maxFills) external returns (uint256, uint256) {
        _requireSize(lots);
        _requireActive(msg.sender);
        require(maxFills != 0, InvalidSize(maxFills));
        require(_remainders[msg.sender].lots == 0, MarketOrderUnfinished(msg.sender));

        return _market(msg.sender, side, lots, maxFills);
    }

    /// @inheritdoc ISpotBook
    function continueMarket(address account, uint256 maxFills) external returns (uint256, uint256) {
        Remainder memory remainder = _remainders[account];
        require(remainder.lots != 0, NoMarketOrder(account));
        require(maxFills != 0, InvalidSize(maxFills));

        _dropRemainder(account);
        return _market(account, remainder.side, remainder.lots, maxFills);
    }

    /// @inheritdoc ISpotBook
    function cancel(uint256 orderId) external {
        uint256 key = orderId & type(uint32).max;
        Order memory order = _order(key);
        require(order.lots != 0 && order.sequence == orderId >> 32, UnknownOrder(orderId));
        require(order.maker == msg.sender, CallerNotMaker(msg.sender));

        _cancel(key, order);

        _publishTop(_top.last);
    }

    /// @inheritdoc ISpotBook
    function cancelAll() external returns (uint256) {
        return _cancelAll(msg.sender);
    }

    /// @inheritdoc ISpotBook
    function requote(Rung[] calldata bids, Rung[] calldata asks) external returns (uint256 placed) {
        _requireActive(msg.sender);
        uint256 rungs = bids.length + asks.length;
        require(rungs <= MAX_ORDERS, TooManyOrders(rungs));

        (uint256 cancelled, uint256[2] memory freedLots, uint256 freedTickLots) = _removeAll(msg.sender);
        Ladder memory ladder = Ladder(new uint256[](rungs), 0, _accountNumber(msg.sender) << 8, 0, MAX_TICK + 1, 0, 0);
        _placeRungs(ladder, Side.BUY, bids);
        _placeRungs(ladder, Side.SELL, asks);
        bool isApart = ladder.highestBid < ladder.lowestAsk;
        require(isApart, CrossedQuotes(ladder.highestBid * tickSize, ladder.lowestAsk * tickSize));
        placed = ladder.placed;
        if (placed != 0) _markSlots(msg.sender, type(uint256).max >> (MAX_ORDERS - placed));

        emit Requoted(msg.sender, cancelled, _shortened(ladder.words, placed));
        _publishTop(_top.last);
        _changeLock(msg.sender, quote, ladder.bidTickLots * _lotTickValue, freedTickLots * _lotTickValue);
        _changeLock(msg.sender, base, ladder.askLots * lotSize, freedLots[uint256(Side.SELL)] * lotSize);
    }

    /// @inheritdoc ISpotBook
    function forceSell(address account, uint256 lots, uint256 maxFills) external onlyOperator returns (uint256, uint256) {
        _requireSize(lots);
        uint256 lastBefore = _top.last;

        Taker memory taker = Taker(account, Side.SELL, 0, lots, maxFills, 0, false);
        _match(taker);
        if (taker.left != 0) emit OrderExpired(account, Side.SELL, taker.left);

        _publishTop(lastBefore);
        return (lots - taker.left, taker.received);
    }

    /// @inheritdoc ISpotBook
    function forceCancelAll(address account) external onlyOperator returns (uint256) {
        return _cancelAll(account);
    }

    // --- Views

    /// @inheritdoc ISpotBook
    function remainderOf(address account) external view returns (Remainder memory) {
        return _remainders[account];
    }

    // --- Internals: placing

    /// @return orderId Of the order that now rests
    function _rest(Side side, uint256 tick, uint256 lots) private returns (uint256 orderId) {
        uint256 slot = _freeSlot(msg.sender);
        uint256 key = (_accountNumber(msg.sender) << 8) | slot;
        uint256 sequence = ++_top.sequence;

        _enqueue(key, msg.sender, side, tick, lots, sequence);
        _markSlots(msg.sender, 1 << slot);

        orderId = _identifier(key, sequence);
        emit OrderPlaced(orderId, msg.sender, side, tick * tickSize, lots);
        if (side == Side.BUY) _changeLock(msg.sender, quote, lots * tick * _lotTickValue, 0);
        else _changeLock(msg.sender, base, lots * lotSize, 0);
    }

    function _placeRungs(Ladder memory ladder, Side side, Rung[] calldata rungs) private {
        uint256 sequence = _top.sequence;
        uint256 opposite = _best(_other(side));
        for (uint256 k = 0; k < rungs.length; ++k) {
            (uint256 tick, uint256 lots) = (_tick(rungs[k].price), rungs[k].lots);
            _requireSize(lots);
            if (side == Side.BUY) ladder.highestBid = Math.max(ladder.highestBid, tick);
            else ladder.lowestAsk = Math.min(ladder.lowestAsk, tick);
            if (_isBeyond(side, tick, opposite)) continue;

            uint256 key = ladder.firstKey + ladder.placed;
            _enqueue(key, msg.sender, side, tick, lots, ++sequence);
            if (side == Side.BUY) ladder.bidTickLots += tick * lots;
            else ladder.askLots += lots;
            ladder.words[ladder.placed++] = _word(key);
        }
        _top.sequence = uint64(sequence);
    }

    /// @dev The lock of what was placed, less that of what was cancelled.
    function _changeLock(address account, address asset, uint256 more, uint256 less) private {
        if (more != less) vault.adjustLock(account, asset, more.toInt256() - less.toInt256());
    }

    // --- Internals: cancelling

    function _cancel(uint256 key, Order memory order) private {
        _remove(key);

        emit OrderCancelled(_identifier(key, order.sequence), order.maker, order.side, order.tick * tickSize, order.lots);
        if (order.side == Side.BUY) _changeLock(order.maker, quote, 0, uint256(order.lots) * order.tick * _lotTickValue);
        else _changeLock(order.maker, base, 0, order.lots * lotSize);
    }

    function _cancelAll(address account) private returns (uint256 orders) {
        uint256[2] memory lots;
        uint256 bidTickLots;
        (orders, lots, bidTickLots) = _removeAll(account);
        _dropRemainder(account);

        emit AllCancelled(account, orders, lots[uint256(Side.BUY)], lots[uint256(Side.SELL)]);
        _publishTop(_top.last);
        _changeLock(account, quote, 0, bidTickLots * _lotTickValue);
        _changeLock(account, base, 0, lots[uint256(Side.SELL)] * lotSize);
    }

    // --- Internals: market orders

    /// @dev What a sale has not filled yet stays locked between its transactions; a purchase pays as it goes.
    function _market(address account, Side side, uint256 lots, uint256 maxFills) private returns (uint256 filled, uint256 pending) {
        uint256 lastBefore = _top.last;

        Taker memory taker = Taker(account, side, side == Side.BUY ? MAX_TICK : 0, lots, maxFills, 0, true);
        _match(taker);
        filled = lots - taker.left;
        if (taker.left != 0) {
            if (_canGoOn(taker)) pending = taker.left;
            else emit OrderExpired(account, side, taker.left);
        }

        _publishTop(lastBefore);
        if (pending == 0) return (filled, pending);
        _remainders[account] = Remainder(side, pending.toUint64());
        emit MarketOrderPending(account, side, pending);
        if (side == Side.SELL) _changeLock(account, base, pending * lotSize, 0);
    }

    /// @dev An order that was stopped by its number of fills alone. Pending without anything to meet, or without the price of one
    /// lot, it would fill nothing and still keep its account from the next.
    function _canGoOn(Taker memory taker) private view returns (bool) {
        uint256 tick = _best(_other(taker.side));
        if (taker.fillsLeft != 0 || tick == 0) return false;
        return taker.side == Side.SELL || _affordableLots(taker.account, tick) != 0;
    }

    function _affordableLots(address account, uint256 tick) private view returns (uint256) {
        (uint256 free,) = vault.balanceOf(account, quote);
        return free / (tick * _lotTickValue);
    }

    function _dropRemainder(address account) private {
        Remainder memory remainder = _remainders[account];
        if (remainder.lots == 0) return;

        delete _remainders[account];
        if (remainder.side == Side.SELL) _changeLock(account, base, 0, remainder.lots * lotSize);
    }

    // --- Internals: matching

    /// @dev Best price first, first come first; ends at the limit, when nothing is left on either side, or when the book halts.
    function _match(Taker memory taker) private {
        require(block.timestamp >= _top.haltedUntil, BookIsHalted(_top.haltedUntil));

        Side side = _other(taker.side);
        uint256 floorTick = taker.side == Side.SELL ? _breakerFloorTick() : 0;
        uint256 tick = _best(side);
        while (tick != 0 && taker.left != 0 && taker.fillsLeft != 0) {
            if (!_isBeyond(taker.side, taker.limitTick, tick)) return;
            if (tick < floorTick) return _halt();
            if (!_meet(taker, _level(side, tick).head)) return;
            if (_level(side, tick).head == 0) tick = _best(side);
        }
    }

    /// @return met False where the taker cannot pay for one lot
    function _meet(Taker memory taker, uint256 key) private returns (bool met) {
        Order memory order = _order(key);
        --taker.fillsLeft;
        if (order.maker == taker.account) {
            _cancel(key, order);
            return true;
        }

        uint256 lots = Math.min(taker.left, order.lots);
        if (taker.buysWhatItCanPay && taker.side == Side.BUY) {
            lots = Math.min(lots, _affordableLots(taker.account, order.tick));
            if (lots == 0) return false;
        }

        if (lots == order.lots) _remove(key);
        else _fillPart(key, lots);
        taker.left -= lots;
        (_top.last, _top.lastAt) = (order.tick, uint32(block.timestamp));
        _settle(taker, key, order, lots);
        return true;
    }

    function _settle(Taker memory taker, uint256 key, Order memory order, uint256 lots) private {
        IExchangeVault.Fill memory fill;
        (fill.taker, fill.maker) = (taker.account, order.maker);
        uint256 value = lots * order.tick * _lotTickValue;
        if (taker.side == Side.SELL) (fill.give, fill.get, fill.given, fill.got) = (base, quote, lots * lotSize, value);
        else (fill.give, fill.get, fill.given, fill.got) = (quote, base, value, lots * lotSize);
        fill.makerFee = fill.given.mulDivUp(_rules.makerFeeBps, BPS);
        fill.takerFee = fill.got.mulDivUp(_rules.takerFeeBps, BPS);
        taker.received += fill.got - fill.takerFee;

        uint256 orderId = _identifier(key, order.sequence);
        uint256 price = order.tick * tickSize;
        emit Trade(order.maker, taker.account, orderId, taker.side, price, lots, fill.makerFee, fill.takerFee);
        vault.settleFill(fill);
    }

    // --- Internals: checks

    function _crosses(Side side, uint256 tick) private view returns (bool) {
        return _isBeyond(side, tick, _best(_other(side)));
    }

    /// @dev Whether an order at `tick` meets an opposite one at `opposite`; zero is none.
    function _isBeyond(Side side, uint256 tick, uint256 opposite) private pure returns (bool) {
        return opposite != 0 && (side == Side.BUY ? tick >= opposite : tick <= opposite);
    }

    function _other(Side side) private pure returns (Side) {
        return side == Side.BUY ? Side.SELL : Side.BUY;
    }

    function _requireSize(uint256 lots) private pure {
        require(lots != 0 && lots <= MAX_LOTS, InvalidSize(lots));
    }

    function _requireActive(address account) private view {
        require(!vault.isFrozen(account), AccountFrozen(account));
    }

    function _shortened(uint256[] memory words, uint256 length) private pure returns (uint256[] memory) {
        assembly ("memory-safe") {
            mstore(words, length)
        }
        return words;
    }
}
