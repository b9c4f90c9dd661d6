// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AggregatorV3Interface} from "./AggregatorV3Interface.sol";
import {IExchangeVault} from "./IExchangeVault.sol";

/// @title A limit order book of one pair
/// @notice Price-time priority over the balances of an exchange's vault. A price is in quote units per whole base token, a multiple
/// of the tick; a size is in lots of base. One lot at one tick is worth a whole number of quote units, so no value of a trade is
/// rounded; fees are rounded up, and taken out of what is received.
///
/// Self-trade rule: an order never meets one of its own account's; the resting one is cancelled, and matching goes on.
/// A market order that ends with nothing to meet, or with nothing left to pay with, expires: there is no other price than an order's.
/// An order's identifier is sequence << 32 | slot; its word is identifier << 80 | lots << 32 | tick << 8 | side (0 buy, 1 sell).
interface ISpotBook {
    // --- Types

    enum Side {
        BUY,
        SELL
    }

    /// @dev GOOD_TILL_CANCELLED rests with what it did not fill, IMMEDIATE_OR_CANCEL never rests, POST_ONLY never fills on entry.
    enum Kind {
        GOOD_TILL_CANCELLED,
        IMMEDIATE_OR_CANCEL,
        POST_ONLY
    }

    /// @param price Quote units per whole base token
    /// @param lots Size
    struct Rung {
        uint128 price;
        uint64 lots;
    }

    /// @notice A market order that was larger than its transaction.
    /// @param lots What is still to be filled; zero for none
    struct Remainder {
        Side side;
        uint64 lots;
    }

    // --- Events

    /// @param price Quote units per whole base token
    event OrderPlaced(uint256 indexed orderId, address indexed maker, Side side, uint256 price, uint256 lots);

    /// @param price The maker's, quote units per whole base token
    /// @param makerFee In what the maker received: base where the taker sold, quote where it bought
    /// @param takerFee In what the taker received
    event Trade(
        address indexed maker,
        address indexed taker,
        uint256 makerOrderId,
        Side takerSide,
        uint256 price,
        uint256 lots,
        uint256 makerFee,
        uint256 takerFee
    );

    /// @param lots What it had not filled
    event OrderCancelled(uint256 indexed orderId, address indexed maker, Side side, uint256 price, uint256 lots);

    /// @notice All of an account's orders were cancelled at once.
    event AllCancelled(address indexed maker, uint256 orders, uint256 bidLots, uint256 askLots);

    /// @notice All of a maker's orders were cancelled and a ladder placed: one event, as thousands of these run.
    /// @param cancelled How many orders were open before
    /// @param orders Words of the new ones; rungs that would have met another's order are not among them
    event Requoted(address indexed maker, uint256 cancelled, uint256[] orders);

    /// @notice What an order could neither fill nor rest with.
    event OrderExpired(address indexed account, Side side, uint256 lots);

    /// @notice A market order goes on in a later transaction.
    event MarketOrderPending(address indexed account, Side side, uint256 lots);

    /// @notice Last price, best bid or best ask changed in this transaction; zero means that there is none.
    event TopMoved(uint256 last, uint256 bid, uint256 ask);

    /// @notice The price would have fallen further than the circuit breaker allows.
    /// @param anchor Price that the fall is measured from
    /// @param until Unix time at which orders meet again
    event BookHalted(uint256 anchor, uint256 until);

    event FeesSet(uint256 makerFeeBps, uint256 takerFeeBps);

    event IndexSet(address redemptionFeed, uint256 redemptionWeightBps, uint256 floorPrice);

    event CircuitBreakerSet(uint256 fallBps, uint256 windowSeconds, uint256 haltSeconds);

    /// @notice The owner halted the book, or ended a halt.
    /// @param until Unix time at which orders meet again
    event HaltSet(uint256 until);

    // --- Errors

    /// @notice Neither tick nor lot may be zero, and one lot at one tick must be worth a whole number of quote units.
    error TickDoesNotDivide(uint256 tick, uint256 lot, uint256 baseUnit);

    error IdenticalAssets(address asset);

    /// @notice Not a multiple of the tick, zero, or beyond the grid's last tick.
    error PriceOffGrid(uint256 price, uint256 tick);

    /// @notice Zero, or more than an order can hold.
    error InvalidSize(uint256 lots);

    /// @notice A post-only order would fill on entry.
    error WouldCross(uint256 price, uint256 best);

    /// @notice A maker's own bid is not under its own ask.
    error CrossedQuotes(uint256 bid, uint256 ask);

    error TooManyOrders(uint256 orders);

    error UnknownOrder(uint256 orderId);

    error CallerNotMaker(address caller);

    error CallerNotOperator(address caller);

    error AccountFrozen(address account);

    /// @notice The account's last market order is not finished.
    error MarketOrderUnfinished(address account);

    error NoMarketOrder(address account);

    error BookIsHalted(uint256 until);

    error InvalidBps(uint256 bps);

    /// @notice A redemption weight without a redemption feed of 8 decimals, or a breaker without a window.
    error InvalidParameters();

    // --- Actions

    /// @notice Place a limit order. At most 200 orders are met; what is left then does not rest, as it would cross.
    /// @param price Quote units per whole base token
    /// @return orderId Zero where nothing rests
    /// @return filledLots What was filled at once
    function placeLimit(Side side, uint256 price, uint256 lots, Kind kind) external returns (uint256 orderId, uint256 filledLots);

    /// @notice Buy or sell at whatever price orders have.
    /// @param maxFills Orders to meet in this transaction; with more to meet, the rest is pending, and goes on with `continueMarket`
    /// @return filledLots What was filled
    /// @return pendingLots What is pending
    function placeMarket(Side side, uint256 lots, uint256 maxFills) external returns (uint256 filledLots, uint256 pendingLots);

    /// @notice Go on with an account's market order. Anyone may call. Between two transactions others trade as they like.
    function continueMarket(address account, uint256 maxFills) external returns (uint256 filledLots, uint256 pendingLots);

    function cancel(uint256 orderId) external;

    /// @notice Cancel all open orders of the caller, and its pending market order.
    /// @return orders How many were open
    function cancelAll() external returns (uint256 orders);

    /// @notice Cancel all open orders of the caller and place a ladder. Nothing is filled: a rung that would meet another account's
    /// order is left out. Works while the book is halted.
    /// @return placed How many rungs rest
    function requote(Rung[] calldata bids, Rung[] calldata asks) external returns (uint256 placed);

    // --- Actions, for operators of the vault only

    /// @notice Sell an account's base at whatever price orders have; what does not fill expires.
    /// @return soldLots What was filled
    /// @return proceeds Quote that the account received, less fee
    function forceSell(address account, uint256 lots, uint256 maxFills) external returns (uint256 soldLots, uint256 proceeds);

    function forceCancelAll(address account) external returns (uint256 orders);

    // --- Actions, for the owner only

    function setFees(uint256 makerFeeBps, uint256 takerFeeBps) external;

    /// @notice How the index is made: (1 - weight) * own price + weight * redemption value, and at least the floor.
    /// @param redemptionFeed Quote per base, 8 decimals; zero for none
    /// @param floorPrice Quote units per whole base token; zero for none
    function setIndex(AggregatorV3Interface redemptionFeed, uint256 redemptionWeightBps, uint256 floorPrice) external;

    /// @notice Halt for some time where sales would take the price further down than `fallBps` from where it stood when the running
    /// window began. Windows follow one another: a fall that straddles two is measured in each apart. Zero switches it off.
    function setCircuitBreaker(uint256 fallBps, uint256 windowSeconds, uint256 haltSeconds) external;

    /// @notice Halt the book until a time, or end a halt with a time that is not in the future. Orders can be cancelled throughout.
    /// @param until Unix time at which orders meet again, at most 365 days from now
    function setHalt(uint256 until) external;

    // --- Views; prices in quote units per whole base token, zero for none

    /// @return last Price of the last trade
    /// @return lastAt Its time, Unix
    function top()
        external
        view
        returns (
            uint256 last,
            uint256 lastAt,
            uint256 bid,
            uint256 bidLots,
            uint256 ask,
            uint256 askLots,
            uint256 indexPrice,
            uint256 haltedUntil
        );

    /// @notice Resting orders within some distance of the middle (of the last price, where a side is empty).
    /// @param bps Distances
    /// @return words For each distance: lots bid, their value in quote units, lots asked, their value
    function depth(uint256[] calldata bps) external view returns (uint256[] memory words);

    /// @notice The first `n` levels of a side, best first.
    /// @return words Price and lots, in turn
    function levels(Side side, uint256 n) external view returns (uint256[] memory words);

    /// @return words Of the account's open orders
    function openOrders(address account) external view returns (uint256[] memory words);

    /// @return words Of a level's orders, first in line first
    function queue(Side side, uint256 price) external view returns (uint256[] memory words);

    function remainderOf(address account) external view returns (Remainder memory);

    function lastPrice() external view returns (uint256);

    /// @notice The last price, held between best bid and best ask; before a first trade the middle of the two, rounded down.
    function ownPrice() external view returns (uint256);

    /// @notice The exchange's index of this pair: own price, weighted with redemption value and floored as set; rounded down.
    function index() external view returns (uint256);

    /// @return Unix time at which orders meet again; in the past where they do
    function haltedUntil() external view returns (uint256);

    function vault() external view returns (IExchangeVault);

    function base() external view returns (address);

    function quote() external view returns (address);

    /// @return Step of prices, quote units per whole base token
    function tickSize() external view returns (uint256);

    /// @return Step of sizes, base units
    function lotSize() external view returns (uint256);

    function makerFeeBps() external view returns (uint256);

    function takerFeeBps() external view returns (uint256);
}
