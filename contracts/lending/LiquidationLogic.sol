// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IAToken} from "../interfaces/IAToken.sol";
import {IAaveOracle} from "../interfaces/IAaveOracle.sol";
import {IPool} from "../interfaces/IPool.sol";
import {IPoolErrors} from "../interfaces/IPoolErrors.sol";
import {IReserveInterestRateStrategy} from "../interfaces/IReserveInterestRateStrategy.sol";
import {IVariableDebtToken} from "../interfaces/IVariableDebtToken.sol";
import {Account, AccountLogic} from "./AccountLogic.sol";
import {IsolationLogic} from "./IsolationLogic.sol";
import {LiquidationAmounts, LiquidationMath, LiquidationTerms} from "./LiquidationMath.sol";
import {MulDiv, WAD} from "./MulDiv.sol";
import {PoolState, Reserve} from "./PoolState.sol";
import {ReserveConfiguration} from "./ReserveConfiguration.sol";
import {ReserveCache, ReserveLogic} from "./ReserveLogic.sol";
import {ScaledMath} from "./ScaledMath.sol";
import {UserConfiguration} from "./UserConfiguration.sol";

/// @dev The liquidator's call.
struct LiquidationCallParams {
    address collateralAsset;
    address debtAsset;
    address borrower;
    address liquidator;
    uint256 debtToCover;
    bool receiveAToken;
    IAaveOracle oracle;
    IReserveInterestRateStrategy strategy;
}

/// @dev Liquidation of an unhealthy position, and the deficit that one without collateral leaves.
library LiquidationLogic {
    using AccountLogic for PoolState;
    using MulDiv for uint256;
    using ReserveConfiguration for uint256;
    using ReserveLogic for Reserve;
    using SafeCast for uint256;
    using SafeERC20 for IERC20;
    using ScaledMath for uint256;
    using UserConfiguration for uint256;

    /// @dev In Aave's order, which decides the error that is seen first and the order of events.
    function liquidate(PoolState storage state, LiquidationCallParams memory call) internal {
        Reserve storage debtReserve = state.reserves[call.debtAsset];
        Reserve storage collateralReserve = state.reserves[call.collateralAsset];
        ReserveCache memory debtCache = debtReserve.load();
        ReserveCache memory collateralCache = collateralReserve.load();

        debtReserve.accrue(debtCache);
        collateralReserve.accrue(collateralCache);

        Account memory position = state.account(call.oracle, call.borrower);
        LiquidationTerms memory terms = _terms(state, call, debtCache, collateralCache, position);
        _requireLiquidatable(state, call, debtCache, collateralCache, terms);
        LiquidationAmounts memory amounts = LiquidationMath.amounts(terms, call.debtToCover);
        require(!amounts.leavesDust, IPoolErrors.MustNotLeaveDust());

        if (amounts.collateralSeized == terms.collateral) _switchCollateralOff(state, call.collateralAsset, call.borrower);

        // Floors are compared for equality, as in Aave: a value that ends on a unit of the base currency can miss by one.
        bool noCollateralLeft = position.totalCollateralBase
            == amounts.collateralSeized.mulDivDown(terms.collateralPriceE8, terms.collateralUnit);

        _burnDebt(state, call.strategy, debtCache, call.debtAsset, call.borrower, terms.debt, amounts.debtCovered, noCollateralLeft);
        // Debt that is written off stays counted: bad debt of an isolated collateral takes room under its ceiling.
        if (collateralCache.configuration.debtCeiling() != 0) {
            IsolationLogic.countPaid(collateralReserve, call.collateralAsset, debtCache.configuration, amounts.debtCovered);
        }
        // One reserve on both sides: what was burnt counts in its second rate too, although it accrued as two (see ReserveLogic.accrue).
        if (call.collateralAsset == call.debtAsset) collateralCache.scaledVariableDebt = debtCache.scaledVariableDebt;
        _moveCollateral(state, call, collateralCache, amounts);
        if (noCollateralLeft) _writeOffRemainingDebts(state, call);

        IERC20(call.debtAsset).safeTransferFrom(call.liquidator, debtCache.aToken, amounts.debtCovered);
        emit IPool.LiquidationCall(
            call.collateralAsset,
            call.debtAsset,
            call.borrower,
            amounts.debtCovered,
            amounts.collateralSeized - amounts.protocolFee,
            call.liquidator,
            call.receiveAToken
        );
    }

    function _terms(
        PoolState storage state,
        LiquidationCallParams memory call,
        ReserveCache memory debtCache,
        ReserveCache memory collateralCache,
        Account memory position
    ) private view returns (LiquidationTerms memory terms) {
        (,, terms.bonusBps) = state.riskParameters(state.reserves[call.collateralAsset], state.userEMode[call.borrower]);
        terms.protocolFeeBps = collateralCache.configuration.liquidationProtocolFeeBps();
        terms.debtUnit = debtCache.configuration.unit();
        terms.collateralUnit = collateralCache.configuration.unit();
        uint256 scaledDebt = IVariableDebtToken(debtCache.variableDebtToken).scaledBalanceOf(call.borrower);
        uint256 scaledCollateral = IAToken(collateralCache.aToken).scaledBalanceOf(call.borrower);
        terms.debt = scaledDebt.toBalanceUp(debtCache.variableBorrowIndex);
        terms.collateral = scaledCollateral.toBalanceDown(collateralCache.liquidityIndex);
        terms.debtPriceE8 = call.oracle.getAssetPrice(call.debtAsset);
        terms.collateralPriceE8 = call.oracle.getAssetPrice(call.collateralAsset);
        terms.healthFactorWad = position.healthFactorWad;
        terms.totalDebtBase = position.totalDebtBase;
    }

    function _requireLiquidatable(
        PoolState storage state,
        LiquidationCallParams memory call,
        ReserveCache memory debtCache,
        ReserveCache memory collateralCache,
        LiquidationTerms memory terms
    ) private view {
        Reserve storage debtReserve = state.reserves[call.debtAsset];
        Reserve storage collateralReserve = state.reserves[call.collateralAsset];
        uint256 both = debtCache.configuration & collateralCache.configuration;
        uint256 either = debtCache.configuration | collateralCache.configuration;

        require(call.borrower != call.liquidator, IPoolErrors.SelfLiquidation());
        require(both.flag(ReserveConfiguration.ACTIVE), IPoolErrors.ReserveInactive());
        require(!either.flag(ReserveConfiguration.PAUSED), IPoolErrors.ReservePaused());
        require(
            collateralReserve.liquidationGracePeriodUntil < block.timestamp && debtReserve.liquidationGracePeriodUntil < block.timestamp,
            IPoolErrors.LiquidationGraceSentinelCheckFailed()
        );
        require(terms.healthFactorWad < WAD, IPoolErrors.HealthFactorNotBelowThreshold());
        require(
            state.userConfiguration[call.borrower].isCollateral(collateralReserve.id), IPoolErrors.CollateralCannotBeLiquidated()
        );
        require(terms.debt != 0, IPoolErrors.SpecifiedCurrencyNotBorrowedByUser());
    }

    /// @dev Burns what is covered, or everything where no collateral is left: then the rest is the reserve's deficit.
    function _burnDebt(
        PoolState storage state,
        IReserveInterestRateStrategy strategy,
        ReserveCache memory cache,
        address asset,
        address borrower,
        uint256 debt,
        uint256 covered,
        bool writeOffRest
    ) private {
        Reserve storage reserve = state.reserves[asset];
        uint256 burnt = writeOffRest ? debt : covered;
        uint256 writtenOff = burnt - covered;

        bool noDebtLeft;
        (noDebtLeft, cache.scaledVariableDebt) = IVariableDebtToken(cache.variableDebtToken).burn(
            borrower, burnt.toScaledDown(cache.variableBorrowIndex), cache.variableBorrowIndex
        );
        if (noDebtLeft) state.userConfiguration[borrower] &= ~UserConfiguration.borrowingBit(reserve.id);

        if (writtenOff != 0) {
            reserve.deficit += writtenOff.toUint128();
            emit IPool.DeficitCreated(borrower, asset, writtenOff);
        }

        reserve.updateRates(cache, strategy, asset, covered, 0);
    }

    function _moveCollateral(
        PoolState storage state,
        LiquidationCallParams memory call,
        ReserveCache memory cache,
        LiquidationAmounts memory amounts
    ) private {
        uint256 index = cache.liquidityIndex;
        uint256 toLiquidator = amounts.collateralSeized - amounts.protocolFee;
        IAToken aToken = IAToken(cache.aToken);

        if (call.receiveAToken) {
            aToken.transferOnLiquidation(call.borrower, call.liquidator, toLiquidator, toLiquidator.toScaledUp(index), index);
        } else {
            state.reserves[call.collateralAsset].updateRates(cache, call.strategy, call.collateralAsset, 0, toLiquidator);
            aToken.burn(call.borrower, call.liquidator, toLiquidator, toLiquidator.toScaledUp(index), index);
        }

        if (amounts.protocolFee != 0) {
            uint256 fee = amounts.protocolFee;
            uint256 scaledFee = fee.toScaledUp(index);
            uint256 scaledLeft = aToken.scaledBalanceOf(call.borrower);
            // Both parts round up, so that the second can ask for a unit more than there is.
            if (scaledFee > scaledLeft) (scaledFee, fee) = (scaledLeft, scaledLeft.toBalanceDown(index));

            aToken.transferOnLiquidation(call.borrower, aToken.RESERVE_TREASURY_ADDRESS(), fee, scaledFee, index);
        }
    }

    function _writeOffRemainingDebts(PoolState storage state, LiquidationCallParams memory call) private {
        uint256 remaining = state.userConfiguration[call.borrower] & UserConfiguration.ALL_BORROWED;

        for (uint256 id = 0; remaining != 0; remaining >>= 2) {
            if (remaining & 1 != 0) {
                address asset = state.assetOf[id];
                Reserve storage reserve = state.reserves[asset];
                ReserveCache memory cache = reserve.load();

                reserve.accrue(cache);
                uint256 debt =
                    IVariableDebtToken(cache.variableDebtToken).scaledBalanceOf(call.borrower).toBalanceUp(cache.variableBorrowIndex);
                _burnDebt(state, call.strategy, cache, asset, call.borrower, debt, 0, true);
            }

            ++id;
        }
    }

    function _switchCollateralOff(PoolState storage state, address asset, address user) private {
        state.userConfiguration[user] &= ~UserConfiguration.collateralBit(state.reserves[asset].id);
        emit IPool.ReserveUsedAsCollateralDisabled(asset, user);
    }
}
