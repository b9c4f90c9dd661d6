// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Exit} from "./Exit.sol";

/// @title IDeleverager
/// @notice Unwinds part or all of the caller's own loop in one transaction: a flash loan repays debt, the collateral that this
/// frees is sold, and the sale repays the loan. So a position right above health factor 1, which could withdraw nothing,
/// unwinds too. The caller approves his aTokens to this contract, which keeps nothing of them. It uses public functions of the
/// pool, oracle and tokens only, so it works with Aave V3.6 itself.
interface IDeleverager {
    /// @notice What to unwind and how.
    /// @param collateralAsset Reserve to withdraw and sell; must differ from `debtAsset`.
    /// @param debtAsset Reserve to repay.
    /// @param collateralToSell Collateral to sell, in its units; anything above the balance means the balance.
    /// @param cash Part of the proceeds to pay out before debt is repaid, in the debt's units; anything above the proceeds
    /// means the proceeds.
    /// @param exit Where the collateral is sold; not Hold.
    /// @param venue Pool or pair for the exit.
    /// @param minProceeds Least proceeds of the sale, in the debt's units.
    /// @param beneficiary Who gets the cash, and all that is left when no debt is.
    struct Order {
        address collateralAsset;
        address debtAsset;
        uint256 collateralToSell;
        uint256 cash;
        Exit exit;
        address venue;
        uint256 minProceeds;
        address beneficiary;
    }

    /// @notice What was done, and what was true right before the repayment and right after the withdrawal. The sale comes
    /// after both readings, so a price that it moves is in neither.
    /// @param collateralSold In the collateral's units.
    /// @param proceeds What the sale paid, in the debt's units.
    /// @param debtRepaid In the debt's units.
    /// @param premium Flash loan premium, in the debt's units.
    /// @param cashPaid proceeds - debtRepaid - premium, in the debt's units.
    /// @param healthFactorBeforeWad 1e18 = 1; the maximum of uint256 without debt.
    /// @param healthFactorAfterWad 1e18 = 1; the maximum of uint256 without debt.
    /// @param collateralPriceE8 Oracle price, dollars, 8 decimals.
    /// @param debtPriceE8 Oracle price, dollars, 8 decimals.
    struct Report {
        uint256 collateralSold;
        uint256 proceeds;
        uint256 debtRepaid;
        uint256 premium;
        uint256 cashPaid;
        uint256 healthFactorBeforeWad;
        uint256 healthFactorAfterWad;
        uint256 collateralPriceE8;
        uint256 debtPriceE8;
    }

    /// @notice A position was unwound.
    /// @param owner Whose position.
    /// @param collateralAsset Reserve withdrawn and sold.
    /// @param debtAsset Reserve repaid.
    /// @param report Figures.
    event Unwound(address indexed owner, address indexed collateralAsset, address indexed debtAsset, Report report);

    /// @notice The sale pays less than the order's minimum; both in the debt's units.
    error ProceedsTooLow(uint256 proceeds, uint256 minProceeds);

    /// @notice The owner has no collateral in this reserve, or the order sells none of it.
    error NothingToSell(address owner, address collateralAsset);

    /// @notice Collateral that is kept pays no debt.
    error HoldCannotRepayDebt();

    /// @notice Collateral and debt of an order must differ.
    error SameAsset(address asset);

    /// @notice The flash loan callback came from someone else, or was asked for by someone else.
    error UnexpectedFlashLoan(address caller, address initiator);

    /// @notice Unwind the caller's position. Debt is repaid with the proceeds less cash and premium, up to the whole debt; where
    /// that is nothing, or the one unit that the pool would refuse, the collateral is withdrawn and sold without a flash loan.
    /// Errors of the pool pass through.
    /// @param order What to unwind and how.
    /// @return debtRepaid In the debt's units.
    /// @return cashPaid To the beneficiary, in the debt's units.
    function unwind(Order calldata order) external returns (uint256 debtRepaid, uint256 cashPaid);

    /// @notice What `unwind` would do in the present state if `owner` called it; the minimum is not checked, and the health
    /// factor after is left 0.
    /// @param owner Whose position.
    /// @param order What to unwind and how.
    function previewUnwind(address owner, Order calldata order) external view returns (Report memory report);
}
