// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ISpotBook} from "../interfaces/ISpotBook.sol";
import {TickTree} from "./TickTree.sol";

/// @dev Resting orders: a queue a price, the prices of a side in a tree, and each account's orders in slots of its own. Slots and
/// levels are used again and never cleared, as a write over an old value costs a quarter of a write over none.
abstract contract OrderQueues {
    using TickTree for TickTree.Tree;

    // --- Types

    /// @dev Two slots. `previous` and `next` are keys of `_orders`, account number << 8 | slot; zero is none.
    struct Order {
        address maker;
        uint48 lots;
        uint24 tick;
        ISpotBook.Side side;
        uint32 previous;
        uint32 next;
        uint64 sequence;
    }

    /// @dev `touched` keeps the slot from going back to zero.
    struct Level {
        uint32 head;
        uint32 tail;
        uint64 lots;
        bool touched;
    }

    // --- Constants

    /// @dev The tree looks strictly under and over a tick, so zero and the last one of 24 bits are no prices.
    uint256 internal constant MAX_TICK = 2 ** 24 - 2;
    uint256 internal constant MAX_LOTS = type(uint48).max;
    uint256 internal constant MAX_ORDERS = 256;
    uint256 private constant _MAX_ACCOUNTS = 2 ** 24 - 1;

    // --- Storage

    uint256 private _accounts;
    mapping(address account => uint256) private _numberOf;
    mapping(address account => uint256 bitmap) private _slotsInUse;
    mapping(uint256 key => Order) private _orders;
    mapping(uint256 key => Level) private _levels;
    TickTree.Tree private _bids;
    TickTree.Tree private _asks;

    // --- Internals: reading

    function _order(uint256 key) internal view returns (Order storage) {
        return _orders[key];
    }

    function _level(ISpotBook.Side side, uint256 tick) internal view returns (Level storage) {
        return _levels[(uint256(side) << 24) | tick];
    }

    function _best(ISpotBook.Side side) internal view returns (uint256 tick) {
        return side == ISpotBook.Side.BUY ? _bids.below(MAX_TICK + 1) : _asks.above(0);
    }

    /// @dev The next level behind `tick`; zero without one
    function _behind(ISpotBook.Side side, uint256 tick) internal view returns (uint256) {
        return side == ISpotBook.Side.BUY ? _bids.below(tick) : _asks.above(tick);
    }

    function _identifier(uint256 key, uint256 sequence) internal pure returns (uint256) {
        return (sequence << 32) | key;
    }

    function _word(uint256 key) internal view returns (uint256) {
        Order memory order = _orders[key];
        uint256 identifier = _identifier(key, order.sequence);
        return (identifier << 80) | (uint256(order.lots) << 32) | (uint256(order.tick) << 8) | uint256(order.side);
    }

    function _wordsOfAccount(address account) internal view returns (uint256[] memory words) {
        uint256 inUse = _slotsInUse[account];
        words = new uint256[](_count(inUse));
        uint256 found = 0;
        for (uint256 slot = 0; inUse != 0; (inUse, slot) = (inUse >> 1, slot + 1)) {
            if (inUse & 1 != 0) words[found++] = _word((_numberOf[account] << 8) | slot);
        }
    }

    function _wordsOfLevel(ISpotBook.Side side, uint256 tick) internal view returns (uint256[] memory words) {
        uint256 size = 0;
        for (uint256 key = _level(side, tick).head; key != 0; key = _orders[key].next) {
            ++size;
        }
        words = new uint256[](size);
        uint256 found = 0;
        for (uint256 key = _level(side, tick).head; key != 0; key = _orders[key].next) {
            words[found++] = _word(key);
        }
    }

    // --- Internals: writing

    function _accountNumber(address account) internal returns (uint256 number) {
        number = _numberOf[account];
        if (number != 0) return number;

        number = ++_accounts;
        require(number <= _MAX_ACCOUNTS, ISpotBook.TooManyOrders(number));
        _numberOf[account] = number;
    }

    function _freeSlot(address account) internal view returns (uint256 slot) {
        uint256 inUse = _slotsInUse[account];
        while (inUse & 1 != 0) {
            (inUse, slot) = (inUse >> 1, slot + 1);
        }
        require(slot < MAX_ORDERS, ISpotBook.TooManyOrders(MAX_ORDERS));
    }

    function _markSlots(address account, uint256 bitmap) internal {
        _slotsInUse[account] |= bitmap;
    }

    /// @dev Last in line at its price. The caller marks the slot as in use.
    function _enqueue(uint256 key, address maker, ISpotBook.Side side, uint256 tick, uint256 lots, uint256 sequence) internal {
        Level memory level = _level(side, tick);
        if (level.head == 0) {
            (side == ISpotBook.Side.BUY ? _bids : _asks).add(tick);
            level.head = uint32(key);
        } else {
            _orders[level.tail].next = uint32(key);
        }

        _orders[key] = Order(maker, uint48(lots), uint24(tick), side, level.tail, 0, uint64(sequence));
        (level.tail, level.lots, level.touched) = (uint32(key), level.lots + uint64(lots), true);
        _levels[(uint256(side) << 24) | tick] = level;
    }

    function _fillPart(uint256 key, uint256 lots) internal {
        Order storage order = _orders[key];
        order.lots -= uint48(lots);
        _level(order.side, order.tick).lots -= uint64(lots);
    }

    /// @dev Out of its queue, its slot free again.
    function _remove(uint256 key) internal {
        _slotsInUse[_orders[key].maker] &= ~(1 << (key & 0xff));
        _unlink(key);
    }

    /// @return orders How many there were
    /// @return lots Bid and asked
    /// @return bidTickLots Sum of tick * lots of the bids
    function _removeAll(address account) internal returns (uint256 orders, uint256[2] memory lots, uint256 bidTickLots) {
        uint256 inUse = _slotsInUse[account];
        if (inUse == 0) return (orders, lots, bidTickLots);
        _slotsInUse[account] = 0;

        for (uint256 key = _numberOf[account] << 8; inUse != 0; (inUse, key) = (inUse >> 1, key + 1)) {
            if (inUse & 1 == 0) continue;
            Order storage order = _orders[key];
            (uint256 size, ISpotBook.Side side) = (order.lots, order.side);
            if (side == ISpotBook.Side.BUY) bidTickLots += size * order.tick;
            lots[uint256(side)] += size;
            ++orders;
            _unlink(key);
        }
    }

    function _unlink(uint256 key) private {
        Order memory order = _orders[key];
        uint256 levelKey = (uint256(order.side) << 24) | order.tick;
        Level memory level = _levels[levelKey];

        if (order.previous == 0) level.head = order.next;
        else _orders[order.previous].next = order.next;
        if (order.next == 0) level.tail = order.previous;
        else _orders[order.next].previous = order.previous;

        level.lots -= order.lots;
        _levels[levelKey] = level;
        _orders[key].lots = 0;
        if (level.head == 0) (order.side == ISpotBook.Side.BUY ? _bids : _asks).remove(order.tick);
    }

    function _count(uint256 bitmap) private pure returns (uint256 bits) {
        for (; bitmap != 0; bitmap &= bitmap - 1) {
            ++bits;
        }
    }
}
