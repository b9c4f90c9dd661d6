// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {BPS, MulDiv} from "./MulDiv.sol";

/// @dev What a liquidation depends on. Amounts in the assets' units; base values in USD with 8 decimals; prices likewise, of a whole token.
struct LiquidationTerms {
    uint256 debt;
    uint256 collateral;
    uint256 debtPriceE8;
    uint256 collateralPriceE8;
    uint256 debtUnit;
    uint256 collateralUnit;
    uint256 bonusBps;
    uint256 protocolFeeBps;
    uint256 healthFactorWad;
    uint256 totalDebtBase;
}

/// @dev What a liquidation moves. collateralSeized includes the protocol's fee.
struct LiquidationAmounts {
    uint256 debtCovered;
    uint256 collateralSeized;
    uint256 protocolFee;
    bool leavesDust;
}

/// @dev Amounts of a liquidation, as a pure function: the pool executes what this says, a lens previews it.
library LiquidationMath {
    using MulDiv for uint256;

    /// @dev At or under this health factor the whole debt of the reserve may be repaid.
    uint256 internal constant FULL_CLOSE_HEALTH_FACTOR = 0.95e18;
    uint256 internal constant CLOSE_FACTOR_BPS = 50_00;
    /// @dev Under this value of the reserve's collateral or debt, USD with 8 decimals, the whole debt may be repaid.
    uint256 internal constant FULL_CLOSE_BASE = 2_000e8;
    /// @dev What must be left of the collateral and of the debt, USD with 8 decimals, unless one of them is gone.
    uint256 internal constant MIN_LEFTOVER_BASE = 1_000e8;

    /// @param debtToCover Offered by the liquidator, units of the debt asset
    function amounts(LiquidationTerms memory terms, uint256 debtToCover) internal pure returns (LiquidationAmounts memory result) {
        uint256 maxDebt = maxDebtToCover(terms);
        result.debtCovered = debtToCover < maxDebt ? debtToCover : maxDebt;
        result.collateralSeized = worthInCollateral(terms, result.debtCovered).mulDivHalfUp(terms.bonusBps, BPS);

        if (result.collateralSeized > terms.collateral) {
            result.collateralSeized = terms.collateral;
            result.debtCovered = worthInDebt(terms, terms.collateral).mulDivUp(BPS, terms.bonusBps);
        }

        uint256 bonusPart = result.collateralSeized - result.collateralSeized.mulDivHalfUp(BPS, terms.bonusBps);
        result.protocolFee = bonusPart.mulDivHalfUp(terms.protocolFeeBps, BPS);
        result.leavesDust = leavesDust(terms, result.debtCovered, result.collateralSeized);
    }

    /// @dev The close factor caps the repayment at half of what the POSITION owes, and only while the position is near health
    /// and both sides of this call are worth enough.
    function maxDebtToCover(LiquidationTerms memory terms) internal pure returns (uint256) {
        uint256 debtBase = terms.debt.mulDivUp(terms.debtPriceE8, terms.debtUnit);
        uint256 collateralBase = terms.collateral.mulDivDown(terms.collateralPriceE8, terms.collateralUnit);

        if (debtBase < FULL_CLOSE_BASE || collateralBase < FULL_CLOSE_BASE || terms.healthFactorWad <= FULL_CLOSE_HEALTH_FACTOR) {
            return terms.debt;
        }

        uint256 halfOfPositionBase = terms.totalDebtBase.mulDivHalfUp(CLOSE_FACTOR_BPS, BPS);
        if (debtBase <= halfOfPositionBase) return terms.debt;

        return halfOfPositionBase.mulDivDown(terms.debtUnit, terms.debtPriceE8);
    }

    function leavesDust(LiquidationTerms memory terms, uint256 debtCovered, uint256 collateralSeized) internal pure returns (bool) {
        if (debtCovered >= terms.debt || collateralSeized >= terms.collateral) return false;

        uint256 debtLeftBase = (terms.debt - debtCovered).mulDivUp(terms.debtPriceE8, terms.debtUnit);
        uint256 collateralLeftBase = (terms.collateral - collateralSeized).mulDivDown(terms.collateralPriceE8, terms.collateralUnit);

        return debtLeftBase < MIN_LEFTOVER_BASE || collateralLeftBase < MIN_LEFTOVER_BASE;
    }

    function worthInCollateral(LiquidationTerms memory terms, uint256 debt) internal pure returns (uint256) {
        return (terms.debtPriceE8 * debt).mulDivDown(terms.collateralUnit, terms.collateralPriceE8 * terms.debtUnit);
    }

    function worthInDebt(LiquidationTerms memory terms, uint256 collateral) internal pure returns (uint256) {
        return (terms.collateralPriceE8 * collateral).mulDivDown(terms.debtUnit, terms.debtPriceE8 * terms.collateralUnit);
    }
}
