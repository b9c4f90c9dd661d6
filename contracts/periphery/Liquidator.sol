// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Exit} from "../interfaces/Exit.sol";
import {IFlashLoanSimpleReceiver} from "../interfaces/IFlashLoanSimpleReceiver.sol";
import {ILiquidator} from "../interfaces/ILiquidator.sol";
import {IPool} from "../interfaces/IPool.sol";
import {IPoolAddressesProvider} from "../interfaces/IPoolAddressesProvider.sol";
import {ExitVenue} from "./ExitVenue.sol";
import {LiquidationPreview} from "./LiquidationPreview.sol";

contract Liquidator is ILiquidator, IFlashLoanSimpleReceiver, Ownable {
    using SafeERC20 for IERC20;
    using LiquidationPreview for LiquidationPreview.Market;

    // --- Types

    /// @dev An order with what was read for it. A flash loan moves none of this, so it is read once, before the loan.
    struct Plan {
        Order order;
        LiquidationPreview.Market market;
        LiquidationPreview.Position position;
        uint256 debtToCover;
        uint256 debtCovered;
    }

    // --- Immutables

    IPool public immutable POOL;
    IPoolAddressesProvider public immutable ADDRESSES_PROVIDER;

    // --- Constructor

    constructor(address pool, address owner_) Ownable(owner_) {
        POOL = IPool(pool);
        ADDRESSES_PROVIDER = IPool(pool).ADDRESSES_PROVIDER();
    }

    // --- Actions

    /// @inheritdoc ILiquidator
    function liquidate(Order calldata order) external onlyOwner returns (int256 profit) {
        if (order.exit == Exit.Hold && order.flashLoan) revert HoldCannotRepayFlashLoan();
        if (order.collateralAsset == order.debtAsset) revert SameAsset(order.debtAsset);

        Plan memory plan = _plan(order);

        uint256 balanceBefore = IERC20(order.debtAsset).balanceOf(address(this));
        if (order.flashLoan && plan.debtCovered != 0) {
            POOL.flashLoanSimple(address(this), order.debtAsset, plan.debtCovered, abi.encode(plan), 0);
        } else {
            _carryOut(plan, 0);
        }
        return int256(IERC20(order.debtAsset).balanceOf(address(this))) - int256(balanceBefore);
    }

    /// @inheritdoc IFlashLoanSimpleReceiver
    function executeOperation(
        address asset,
        uint256 amount,
        uint256 premium,
        address initiator,
        bytes calldata params
    ) external returns (bool) {
        if (msg.sender != address(POOL) || initiator != address(this)) {
            revert UnexpectedFlashLoan(msg.sender, initiator);
        }

        _carryOut(abi.decode(params, (Plan)), premium);
        _approvePool(asset, amount + premium);
        return true;
    }

    /// @inheritdoc ILiquidator
    function sweep(address token, address to) external onlyOwner returns (uint256 amount) {
        amount = IERC20(token).balanceOf(address(this));
        IERC20(token).safeTransfer(to, amount);
    }

    // --- Internals

    /// @dev Where the pool would take all that is asked, it is asked for the maximum: an amount computed from capped
    /// collateral could, by its rounding, leave a last unit and fail the dust rule. A position that cannot be
    /// liquidated is sent on all the same, so that the pool says why.
    function _plan(Order calldata order) private view returns (Plan memory plan) {
        plan.order = order;
        plan.market = LiquidationPreview.readMarket(POOL, order.collateralAsset, order.debtAsset);
        plan.position = plan.market.readPosition(order.borrower);
        plan.debtToCover = order.debtToCover;
        if (!plan.position.isLiquidatable) return plan;

        LiquidationPreview.Outcome memory most = plan.market.outcome(plan.position, type(uint256).max);
        if (order.debtToCover == type(uint256).max && most.leavesDust) {
            plan.debtCovered = plan.market.largestOutcome(plan.position).debtCovered;
            plan.debtToCover = plan.debtCovered == 0 ? type(uint256).max : plan.debtCovered;
        } else if (order.debtToCover >= most.debtCovered) {
            plan.debtCovered = most.debtCovered;
            plan.debtToCover = type(uint256).max;
        } else {
            plan.debtCovered = order.debtToCover;
        }
    }

    function _carryOut(Plan memory plan, uint256 premium) private {
        Order memory order = plan.order;
        Report memory report = _reportBefore(plan);

        (report.debtCovered, report.collateralReceived) = _callPool(plan);
        (, report.totalDebtBaseAfter,,,, report.healthFactorAfterWad) = POOL.getUserAccountData(order.borrower);

        report.exitProceeds = ExitVenue.sell(
            order.exit, order.venue, order.collateralAsset, order.debtAsset, report.collateralReceived
        );
        report.profit = int256(report.exitProceeds) - int256(report.debtCovered) - int256(premium);
        if (order.exit != Exit.Hold && report.profit < order.minProfit) {
            revert UnprofitableLiquidation(report.profit, order.minProfit);
        }
        emit LiquidationReport(order.borrower, order.collateralAsset, order.debtAsset, report);
    }

    function _reportBefore(Plan memory plan) private pure returns (Report memory report) {
        report.healthFactorBeforeWad = plan.position.healthFactorWad;
        report.collateralPriceE8 = plan.market.collateralPriceE8;
        report.debtPriceE8 = plan.market.debtPriceE8;
        report.collateralBalanceBefore = plan.position.collateralBalance;
        report.debtBalanceBefore = plan.position.debtBalance;
        report.totalCollateralBaseBefore = plan.position.totalCollateralBase;
        report.totalDebtBaseBefore = plan.position.totalDebtBase;
        report.bonusBps = plan.position.bonusBps;
        report.closeFactorBps = plan.position.closeFactorBps;
        report.exit = plan.order.exit;
        report.flashLoan = plan.order.flashLoan;
    }

    function _callPool(Plan memory plan) private returns (uint256 debtCovered, uint256 collateralReceived) {
        IERC20 collateral = IERC20(plan.order.collateralAsset);
        IERC20 debt = IERC20(plan.order.debtAsset);
        uint256 collateralBefore = collateral.balanceOf(address(this));
        uint256 debtBefore = debt.balanceOf(address(this));

        _approvePool(address(debt), plan.debtCovered);
        POOL.liquidationCall(address(collateral), address(debt), plan.order.borrower, plan.debtToCover, false);

        debtCovered = debtBefore - debt.balanceOf(address(this));
        collateralReceived = collateral.balanceOf(address(this)) - collateralBefore;
    }

    /// @dev Once per token, without a limit: the pool is this contract's only reason to hold any.
    function _approvePool(address token, uint256 amount) private {
        if (IERC20(token).allowance(address(this), address(POOL)) < amount) {
            IERC20(token).forceApprove(address(POOL), type(uint256).max);
        }
    }
}
