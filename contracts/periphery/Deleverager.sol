// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Exit} from "../interfaces/Exit.sol";
import {IAaveOracle} from "../interfaces/IAaveOracle.sol";
import {IDeleverager} from "../interfaces/IDeleverager.sol";
import {IFlashLoanSimpleReceiver} from "../interfaces/IFlashLoanSimpleReceiver.sol";
import {IPool} from "../interfaces/IPool.sol";
import {IPoolAddressesProvider} from "../interfaces/IPoolAddressesProvider.sol";
import {ExitVenue} from "./ExitVenue.sol";

contract Deleverager is IDeleverager, IFlashLoanSimpleReceiver, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    // --- Constants

    uint256 private constant BPS = 100_00;
    uint256 private constant RAY = 1e27;
    uint256 private constant VARIABLE_RATE = 2;

    // --- Immutables

    IPool public immutable POOL;
    IPoolAddressesProvider public immutable ADDRESSES_PROVIDER;

    // --- Constructor

    constructor(address pool) {
        POOL = IPool(pool);
        ADDRESSES_PROVIDER = IPool(pool).ADDRESSES_PROVIDER();
    }

    // --- Actions

    /// @inheritdoc IDeleverager
    function unwind(Order calldata order) external nonReentrant returns (uint256 debtRepaid, uint256 cashPaid) {
        Report memory report = previewUnwind(msg.sender, order);
        if (report.proceeds < order.minProceeds) revert ProceedsTooLow(report.proceeds, order.minProceeds);

        if (report.debtRepaid == 0) {
            _carryOut(msg.sender, order, report);
        } else {
            bytes memory params = abi.encode(msg.sender, order, report);
            POOL.flashLoanSimple(address(this), order.debtAsset, report.debtRepaid, params, 0);
        }
        return (report.debtRepaid, report.cashPaid);
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

        (address owner, Order memory order, Report memory report) = abi.decode(params, (address, Order, Report));
        // Once for the repayment of the debt, once for that of the loan.
        IERC20(asset).forceApprove(address(POOL), 2 * amount + premium);
        report.debtRepaid = POOL.repay(asset, amount, VARIABLE_RATE, owner);
        report.premium = premium;
        _carryOut(owner, order, report);
        return true;
    }

    // --- Views

    /// @inheritdoc IDeleverager
    function previewUnwind(address owner, Order calldata order) public view returns (Report memory report) {
        if (order.exit == Exit.Hold) revert HoldCannotRepayDebt();
        if (order.collateralAsset == order.debtAsset) revert SameAsset(order.debtAsset);
        uint256 collateral = IERC20(POOL.getReserveAToken(order.collateralAsset)).balanceOf(owner);
        report.collateralSold = Math.min(order.collateralToSell, collateral);
        if (report.collateralSold == 0) revert NothingToSell(owner, order.collateralAsset);

        report.proceeds = ExitVenue.quoteDown(
            order.exit, order.venue, order.collateralAsset, order.debtAsset, report.collateralSold
        );
        (report.debtRepaid, report.premium) =
            _repayableDown(owner, order.debtAsset, report.proceeds - Math.min(order.cash, report.proceeds));
        report.cashPaid = report.proceeds - report.debtRepaid - report.premium;

        IAaveOracle oracle = IAaveOracle(ADDRESSES_PROVIDER.getPriceOracle());
        report.collateralPriceE8 = oracle.getAssetPrice(order.collateralAsset);
        report.debtPriceE8 = oracle.getAssetPrice(order.debtAsset);
        report.healthFactorBeforeWad = _healthFactorWad(owner);
    }

    // --- Internals

    /// @dev What `available` pays back with a flash loan of the same size, whose premium the pool rounds up. With
    /// repaid = floor(available / (1 + premium rate)), repaid + premium is an integer not above `available`.
    function _repayableDown(address owner, address debtAsset, uint256 available)
        private
        view
        returns (uint256 repaid, uint256 premium)
    {
        uint256 premiumBps = POOL.FLASHLOAN_PREMIUM_TOTAL();
        uint256 debt = IERC20(POOL.getReserveVariableDebtToken(debtAsset)).balanceOf(owner);
        repaid = Math.min(debt, Math.mulDiv(available, BPS, BPS + premiumBps));
        // The pool refuses a repayment that burns no scaled unit of debt.
        if (repaid * RAY < POOL.getReserveNormalizedVariableDebt(debtAsset)) return (0, 0);
        premium = Math.mulDiv(repaid, premiumBps, BPS, Math.Rounding.Ceil);
    }

    /// @dev Withdraws, sells and pays out. Moving a whole aToken balance moves its last scaled unit: the pool rounds the scaled
    /// amount up, to what a balance rounded down came from. So neither owner nor this contract is left with dust.
    function _carryOut(address owner, Order memory order, Report memory report) private {
        address aToken = POOL.getReserveAToken(order.collateralAsset);
        IERC20(aToken).safeTransferFrom(owner, address(this), report.collateralSold);
        POOL.withdraw(order.collateralAsset, report.collateralSold, address(this));
        report.healthFactorAfterWad = _healthFactorWad(owner);

        report.proceeds = ExitVenue.sell(
            order.exit, order.venue, order.collateralAsset, order.debtAsset, report.collateralSold
        );
        report.cashPaid = report.proceeds - report.debtRepaid - report.premium;
        IERC20(order.debtAsset).safeTransfer(order.beneficiary, report.cashPaid);
        emit Unwound(owner, order.collateralAsset, order.debtAsset, report);
    }

    function _healthFactorWad(address user) private view returns (uint256 healthFactorWad) {
        (,,,,, healthFactorWad) = POOL.getUserAccountData(user);
    }
}
