// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AggregatorV3Interface} from "./AggregatorV3Interface.sol";
import {IExchangeVault} from "./IExchangeVault.sol";
import {ISpotBook} from "./ISpotBook.sol";

/// @title An exchange's loan desk
/// @notice Lends a stable against a pledge, one line a book: the book's base is pledged, its quote is lent, and pledges are sold into
/// that same book. Pledges and cash are in the desk's own account of the vault. The pledge is valued by a feed, the stable at one
/// dollar. A loan is liquidated when its LTV reaches the line's liquidation LTV, or when a margin call is not met by its deadline.
/// A liquidation sells what brings the loan back to its initial LTV at the feed's price, at most a share of the pledge a call.
/// Amounts are in the asset's smallest unit, LTVs in bps and rounded up.
/// Simplification: no margin-call notice beyond the chain's, no loan term, one debt asset a line.
interface ILoanDesk {
    // --- Types

    /// @param initialLtvBps Most that a loan may start at, and what a liquidation aims at; 65_00
    /// @param marginCallLtvBps From here on the borrower is called; 75_00
    /// @param liquidationLtvBps From here on the pledge is sold; 83_00
    /// @param liquidationFeeBps Of the proceeds, to the insurance fund
    /// @param saleShareBps Most of the pledge that one liquidation sells; 100_00 for no limit
    /// @param callSeconds From margin call to deadline
    /// @param pauseSeconds From one liquidation of a loan to the next
    /// @param rateRay Interest a year, linear between changes of the rate
    struct Terms {
        uint16 initialLtvBps;
        uint16 marginCallLtvBps;
        uint16 liquidationLtvBps;
        uint16 liquidationFeeBps;
        uint16 saleShareBps;
        uint32 callSeconds;
        uint32 pauseSeconds;
        uint96 rateRay;
    }

    /// @param debt As of the loan's last change
    /// @param indexRay Of interest, then
    /// @param callDeadline Unix time; zero without a margin call
    /// @param pausedUntil Unix time before which it is not liquidated again
    struct Loan {
        uint128 pledged;
        uint128 debt;
        uint128 indexRay;
        uint64 callDeadline;
        uint64 pausedUntil;
    }

    // --- Events

    event LineAdded(uint256 indexed lineId, address book, address feed);

    event TermsSet(uint256 indexed lineId, Terms terms);

    /// @param pledged Added
    /// @param amount Lent
    event Borrowed(uint256 indexed lineId, address indexed account, uint256 pledged, uint256 amount);

    event ToppedUp(uint256 indexed lineId, address indexed account, uint256 amount);

    event Repaid(uint256 indexed lineId, address indexed account, uint256 amount);

    event PledgeWithdrawn(uint256 indexed lineId, address indexed account, uint256 amount);

    event MarginCalled(uint256 indexed lineId, address indexed account, uint256 ltvBps, uint256 deadline);

    /// @notice LTV is under the margin-call line again.
    event MarginCallMet(uint256 indexed lineId, address indexed account, uint256 ltvBps);

    /// @param priceE8 Dollars per whole pledged token, 8 decimals, by the feed and before the sale
    /// @param ltvBpsBefore By the same price
    /// @param soldLots Lots of the book
    /// @param proceeds Stable from the sale, less the book's fee
    /// @param fee Of these, to the insurance fund
    /// @param repaid Of these, to the debt
    /// @param returned Of these, to the borrower
    event LoanLiquidated(
        uint256 indexed lineId,
        address indexed account,
        uint256 priceE8,
        uint256 ltvBpsBefore,
        uint256 soldLots,
        uint256 proceeds,
        uint256 fee,
        uint256 repaid,
        uint256 returned
    );

    /// @notice A pledge was sold and debt was left, which the insurance fund paid.
    event ShortfallCovered(uint256 indexed lineId, address indexed account, uint256 amount);

    /// @notice What the insurance fund could not pay: the desk's loss.
    event DeskLoss(uint256 indexed lineId, address indexed account, uint256 amount);

    // --- Errors

    error InvalidAmount();

    error UnknownLine(uint256 lineId);

    /// @notice It must hold that 0 < initial < margin call < liquidation <= 100 %.
    error LtvLinesInWrongOrder(uint256 initialLtvBps, uint256 marginCallLtvBps, uint256 liquidationLtvBps);

    error InvalidBps(uint256 bps);

    /// @notice An asset cannot be pledged on one line and lent on another: pledges would be lent out.
    error AssetOnBothSides(address asset);

    error UnsupportedDecimals(address feed, uint8 decimals);

    error PriceNotAvailable(int256 answer);

    error LtvTooHigh(uint256 ltvBps, uint256 limitBps);

    error ExceedsPledge(uint256 requested, uint256 pledged);

    error NoDebt(address account);

    error BelowMarginCall(uint256 ltvBps, uint256 marginCallLtvBps);

    error AlreadyCalled(address account, uint256 deadline);

    error CallNotMet(uint256 ltvBps, uint256 marginCallLtvBps);

    error NotLiquidatable(uint256 ltvBps, uint256 liquidationLtvBps);

    error LiquidationPaused(uint256 until);

    /// @notice The book had no bid. Where a sale would have met one and was stopped by the circuit breaker, nothing is sold, nothing is
    /// refused either, and the book is halted.
    error NothingSold();

    // --- Actions, for the borrower

    /// @notice Pledge, borrow, or both.
    /// @param pledge Of the book's base
    /// @param amount Of the book's quote
    function borrow(uint256 lineId, uint256 pledge, uint256 amount) external;

    /// @notice Pledge more.
    function topUp(uint256 lineId, uint256 amount) external;

    /// @return repaid At most the debt
    function repay(uint256 lineId, uint256 amount) external returns (uint256 repaid);

    /// @notice Take pledge back, down to the initial LTV.
    function withdrawPledge(uint256 lineId, uint256 amount) external;

    // --- Actions, for anyone

    /// @return deadline Unix time
    function marginCall(uint256 lineId, address account) external returns (uint256 deadline);

    /// @notice The price has met the call. Top-up and repayment end it by themselves.
    function endCall(uint256 lineId, address account) external;

    /// @param maxLots Most to sell
    /// @param maxFills Orders to meet at most
    /// @return soldLots What the book took
    /// @return proceeds For it, less the book's fee
    function liquidate(uint256 lineId, address account, uint256 maxLots, uint256 maxFills)
        external
        returns (uint256 soldLots, uint256 proceeds);

    // --- Actions, for the owner only

    function addLine(ISpotBook book, AggregatorV3Interface feed, Terms calldata terms) external returns (uint256 lineId);

    function setTerms(uint256 lineId, Terms calldata terms) external;

    // --- Views

    /// @return loan With its debt as of now
    /// @return ltvBps The maximum of uint256 where the pledge is worth nothing or has no price; zero without a debt
    function loanOf(uint256 lineId, address account) external view returns (Loan memory loan, uint256 ltvBps);

    /// @return words Of each account: pledged, debt, LTV in bps, deadline, Unix time before which it is not liquidated again
    function loans(uint256 lineId, address[] calldata accounts) external view returns (uint256[] memory words);

    /// @notice What a liquidation would offer to the book now; zero where the loan is sound or has no price.
    function saleLots(uint256 lineId, address account) external view returns (uint256);

    /// @return False without a price
    function isLiquidatable(uint256 lineId, address account) external view returns (bool);

    function line(uint256 lineId) external view returns (ISpotBook book, AggregatorV3Interface feed, Terms memory terms);

    function lines() external view returns (uint256);

    /// @return Sum of the stored debts of a line
    function totalDebt(uint256 lineId) external view returns (uint256);

    /// @return Interest booked on a line so far
    function interestBooked(uint256 lineId) external view returns (uint256);

    /// @return Debt of a line that nobody paid
    function lossOf(uint256 lineId) external view returns (uint256);

    function vault() external view returns (IExchangeVault);

    /// @return Account of the vault that pays for shortfalls
    function insuranceFund() external view returns (address);
}
