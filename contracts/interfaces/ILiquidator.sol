// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Exit} from "./Exit.sol";

/// @title ILiquidator
/// @notice A bot's contract: repays an unhealthy position's debt, sells what it seizes, keeps the profit, in one
/// transaction. It uses public views of the pool, oracle and tokens only, so it works with Aave V3.6 itself.
interface ILiquidator {
    /// @notice What to liquidate and how.
    /// @param collateralAsset Reserve to seize; must differ from `debtAsset`.
    /// @param debtAsset Reserve to repay.
    /// @param borrower Whose position.
    /// @param debtToCover Debt to repay, in its units; the maximum of uint256 means the most that the pool accepts, its
    /// dust rule included. Any amount above what the pool would take counts as that maximum too.
    /// @param exit Where the seized collateral goes.
    /// @param venue Pool or pair for the exit; unused with Hold.
    /// @param flashLoan Borrow the debt from the pool for the transaction, instead of paying out of this contract's balance.
    /// @param minProfit Least profit, in the debt's units; not checked with Hold.
    struct Order {
        address collateralAsset;
        address debtAsset;
        address borrower;
        uint256 debtToCover;
        Exit exit;
        address venue;
        bool flashLoan;
        int256 minProfit;
    }

    /// @notice What was true right before and right after `liquidationCall`, and what came of it.
    /// @param healthFactorBeforeWad 1e18 = 1.
    /// @param healthFactorAfterWad 1e18 = 1; the maximum of uint256 without debt.
    /// @param collateralPriceE8 Oracle price, dollars, 8 decimals.
    /// @param debtPriceE8 Oracle price, dollars, 8 decimals.
    /// @param collateralBalanceBefore The borrower's collateral in this reserve, in its units.
    /// @param debtBalanceBefore The borrower's debt in this reserve, in its units.
    /// @param totalCollateralBaseBefore All his collateral, dollars, 8 decimals.
    /// @param totalDebtBaseBefore All his debt, dollars, 8 decimals.
    /// @param totalDebtBaseAfter All his debt afterwards, dollars, 8 decimals.
    /// @param bonusBps Liquidation bonus with the principal, 105_00 = 5 %; the eMode's where it applies.
    /// @param closeFactorBps 100_00 or 50_00.
    /// @param debtCovered Debt repaid, in its units.
    /// @param collateralReceived Collateral received, without the protocol's fee, in its units.
    /// @param exitProceeds What selling it paid, in the debt's units; 0 with Hold.
    /// @param profit exitProceeds - debtCovered - flash loan premium, in the debt's units; with Hold the collateral kept
    /// is not counted, so it is what was paid.
    /// @param exit Where the collateral went.
    /// @param flashLoan Whether the debt was borrowed for the transaction.
    struct Report {
        uint256 healthFactorBeforeWad;
        uint256 healthFactorAfterWad;
        uint256 collateralPriceE8;
        uint256 debtPriceE8;
        uint256 collateralBalanceBefore;
        uint256 debtBalanceBefore;
        uint256 totalCollateralBaseBefore;
        uint256 totalDebtBaseBefore;
        uint256 totalDebtBaseAfter;
        uint256 bonusBps;
        uint256 closeFactorBps;
        uint256 debtCovered;
        uint256 collateralReceived;
        uint256 exitProceeds;
        int256 profit;
        Exit exit;
        bool flashLoan;
    }

    /// @notice A position was liquidated.
    /// @param borrower Whose position.
    /// @param collateralAsset Reserve seized.
    /// @param debtAsset Reserve repaid.
    /// @param report Figures.
    event LiquidationReport(
        address indexed borrower, address indexed collateralAsset, address indexed debtAsset, Report report
    );

    /// @notice The profit is under the order's minimum; both in the debt's units.
    error UnprofitableLiquidation(int256 profit, int256 minProfit);

    /// @notice Collateral that is kept cannot repay a flash loan.
    error HoldCannotRepayFlashLoan();

    /// @notice Collateral and debt of an order must differ.
    error SameAsset(address asset);

    /// @notice The flash loan callback came from someone else, or was asked for by someone else.
    error UnexpectedFlashLoan(address caller, address initiator);

    /// @notice Carry out an order; only the owner. Errors of the pool pass through.
    /// @param order What to liquidate and how.
    /// @return profit Change of this contract's balance of the debt asset, in its units.
    function liquidate(Order calldata order) external returns (int256 profit);

    /// @notice Send this contract's whole balance of a token away; only the owner.
    /// @param token Which token.
    /// @param to Account that gets it.
    /// @return amount What was sent, in the token's units.
    function sweep(address token, address to) external returns (uint256 amount);
}
