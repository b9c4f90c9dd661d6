// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {DataTypes} from "../interfaces/DataTypes.sol";
import {IAaveOracle} from "../interfaces/IAaveOracle.sol";
import {IPool} from "../interfaces/IPool.sol";

/// @dev What `liquidationCall` of Aave V3.6 would do, foretold from public views alone and to the last unit, so that the
/// same code reads the pool of this repository and the real one. Facts and roundings as measured on 3.6.0.
library LiquidationPreview {
    // --- Types

    /// @dev What all positions of one pair of reserves share. `isOpen`: both active, neither paused nor in grace.
    struct Market {
        IPool pool;
        address aToken;
        address debtToken;
        uint256 collateralPriceE8;
        uint256 debtPriceE8;
        uint256 collateralUnit;
        uint256 debtUnit;
        uint256 collateralId;
        uint256 reserveBonusBps;
        uint256 protocolFeeBps;
        bool isOpen;
    }

    struct Position {
        uint256 healthFactorWad;
        uint256 totalCollateralBase;
        uint256 totalDebtBase;
        uint256 collateralBalance;
        uint256 debtBalance;
        uint256 bonusBps;
        uint256 closeFactorBps;
        bool isLiquidatable;
    }

    struct Outcome {
        uint256 debtCovered;
        uint256 collateralToLiquidator;
        uint256 protocolFee;
        bool leavesDust;
        bool noCollateralLeft;
    }

    // --- Constants

    uint256 private constant BPS = 100_00;
    uint256 private constant CLOSE_FACTOR_HALF_BPS = 50_00;
    uint256 private constant HEALTH_FACTOR_ONE_WAD = 1e18;
    uint256 private constant HEALTH_FACTOR_FULL_CLOSE_WAD = 0.95e18;
    uint256 private constant SMALL_POSITION_BASE = 2000e8;
    uint256 private constant DUST_BASE = 1000e8;

    uint256 private constant ACTIVE_BIT = 1 << 56;
    uint256 private constant PAUSED_BIT = 1 << 60;

    // --- Reads

    function readMarket(IPool pool, address collateralAsset, address debtAsset)
        internal
        view
        returns (Market memory market)
    {
        IAaveOracle oracle = IAaveOracle(pool.ADDRESSES_PROVIDER().getPriceOracle());
        DataTypes.ReserveDataLegacy memory reserve = pool.getReserveData(collateralAsset);
        uint256 collateralConfiguration = reserve.configuration.data;
        uint256 debtConfiguration = pool.getConfiguration(debtAsset).data;

        market.pool = pool;
        market.aToken = reserve.aTokenAddress;
        market.debtToken = pool.getReserveVariableDebtToken(debtAsset);
        market.collateralPriceE8 = oracle.getAssetPrice(collateralAsset);
        market.debtPriceE8 = oracle.getAssetPrice(debtAsset);
        market.collateralUnit = 10 ** ((collateralConfiguration >> 48) & 0xff);
        market.debtUnit = 10 ** ((debtConfiguration >> 48) & 0xff);
        market.collateralId = reserve.id;
        market.reserveBonusBps = (collateralConfiguration >> 32) & 0xffff;
        market.protocolFeeBps = (collateralConfiguration >> 152) & 0xffff;
        market.isOpen = _isOpen(pool, collateralAsset, collateralConfiguration)
            && _isOpen(pool, debtAsset, debtConfiguration);
    }

    /// @dev A healthy position is read no further than its balances: its bonus and close factor stay 0.
    function readPosition(Market memory market, address user) internal view returns (Position memory position) {
        (position.totalCollateralBase, position.totalDebtBase,,,, position.healthFactorWad) =
            market.pool.getUserAccountData(user);
        position.collateralBalance = IERC20(market.aToken).balanceOf(user);
        position.debtBalance = IERC20(market.debtToken).balanceOf(user);
        if (position.healthFactorWad >= HEALTH_FACTOR_ONE_WAD) return position;

        position.bonusBps = _bonusBps(market, user);
        position.closeFactorBps = _closeFactorBps(market, position);
        position.isLiquidatable = market.isOpen && position.debtBalance != 0 && _isCollateral(market, user);
    }

    // --- Outcomes

    /// @dev What `liquidationCall` with `debtToCover` takes and pays. With `leavesDust` it reverts instead.
    function outcome(Market memory market, Position memory position, uint256 debtToCover)
        internal
        pure
        returns (Outcome memory result)
    {
        uint256 cover = Math.min(debtToCover, _closableDebtDown(market, position));
        uint256 seized = _percentMulHalfUp(_debtToCollateralDown(market, cover), position.bonusBps);
        if (seized > position.collateralBalance) {
            seized = position.collateralBalance;
            cover = _percentDivUp(_collateralToDebtDown(market, seized), position.bonusBps);
        }

        uint256 bonus = seized - _percentDivHalfUp(seized, position.bonusBps);
        result.debtCovered = cover;
        result.protocolFee = _percentMulHalfUp(bonus, market.protocolFeeBps);
        result.collateralToLiquidator = seized - result.protocolFee;
        result.leavesDust = _leavesDust(market, position.debtBalance - cover, position.collateralBalance - seized);
        result.noCollateralLeft = position.totalCollateralBase == _collateralBaseDown(market, seized);
    }

    /// @dev The outcome of the largest `debtToCover` that does not revert; all zero where there is none. Less debt covered
    /// leaves more of both, so where the whole is refused for its dust, bisection finds the last amount that is not.
    function largestOutcome(Market memory market, Position memory position)
        internal
        pure
        returns (Outcome memory result)
    {
        if (!position.isLiquidatable) return result;
        result = outcome(market, position, type(uint256).max);
        if (!result.leavesDust) return result;

        uint256 passing = 0;
        uint256 failing = result.debtCovered;
        while (failing - passing > 1) {
            uint256 middle = (passing + failing) / 2;
            if (outcome(market, position, middle).leavesDust) failing = middle;
            else passing = middle;
        }
        Outcome memory none;
        result = passing == 0 ? none : outcome(market, position, passing);
    }

    // --- Internals: rules

    function _isOpen(IPool pool, address asset, uint256 configuration) private view returns (bool) {
        return configuration & ACTIVE_BIT != 0 && configuration & PAUSED_BIT == 0
            && pool.getLiquidationGracePeriod(asset) < block.timestamp;
    }

    /// @dev Bit 2 id + 1 of the user's configuration says that he uses the reserve as collateral.
    function _isCollateral(Market memory market, address user) private view returns (bool) {
        return (market.pool.getUserConfiguration(user).data >> (2 * market.collateralId + 1)) & 1 != 0;
    }

    /// @dev The eMode's bonus where the collateral belongs to the user's eMode, else the reserve's.
    function _bonusBps(Market memory market, address user) private view returns (uint256) {
        uint8 eMode = uint8(market.pool.getUserEMode(user));
        if (eMode == 0) return market.reserveBonusBps;
        if ((market.pool.getEModeCategoryCollateralBitmap(eMode) >> market.collateralId) & 1 == 0) {
            return market.reserveBonusBps;
        }
        return market.pool.getEModeCategoryCollateralConfig(eMode).liquidationBonus;
    }

    /// @dev All at or under 0.95, and where either side of the pair is small; half otherwise.
    function _closeFactorBps(Market memory market, Position memory position) private pure returns (uint256) {
        bool isLarge = _collateralBaseDown(market, position.collateralBalance) >= SMALL_POSITION_BASE
            && _debtBaseUp(market, position.debtBalance) >= SMALL_POSITION_BASE;
        return isLarge && position.healthFactorWad > HEALTH_FACTOR_FULL_CLOSE_WAD ? CLOSE_FACTOR_HALF_BPS : BPS;
    }

    /// @dev Half is of the whole position's debt, so a debt of at most that half may be repaid in full.
    function _closableDebtDown(Market memory market, Position memory position) private pure returns (uint256) {
        if (position.closeFactorBps == BPS) return position.debtBalance;
        uint256 halfBase = _percentMulHalfUp(position.totalDebtBase, CLOSE_FACTOR_HALF_BPS);
        if (_debtBaseUp(market, position.debtBalance) <= halfBase) return position.debtBalance;
        return (halfBase * market.debtUnit) / market.debtPriceE8;
    }

    /// @dev Both leftovers must be worth 1,000 dollars, or one of them nothing.
    function _leavesDust(Market memory market, uint256 debtLeft, uint256 collateralLeft) private pure returns (bool) {
        if (debtLeft == 0 || collateralLeft == 0) return false;
        return _debtBaseUp(market, debtLeft) < DUST_BASE || _collateralBaseDown(market, collateralLeft) < DUST_BASE;
    }

    // --- Internals: conversions

    function _debtBaseUp(Market memory market, uint256 amount) private pure returns (uint256) {
        return Math.ceilDiv(amount * market.debtPriceE8, market.debtUnit);
    }

    function _collateralBaseDown(Market memory market, uint256 amount) private pure returns (uint256) {
        return (amount * market.collateralPriceE8) / market.collateralUnit;
    }

    function _debtToCollateralDown(Market memory market, uint256 amount) private pure returns (uint256) {
        return (market.debtPriceE8 * amount * market.collateralUnit) / (market.collateralPriceE8 * market.debtUnit);
    }

    function _collateralToDebtDown(Market memory market, uint256 amount) private pure returns (uint256) {
        return (market.collateralPriceE8 * amount * market.debtUnit) / (market.debtPriceE8 * market.collateralUnit);
    }

    function _percentMulHalfUp(uint256 value, uint256 bps) private pure returns (uint256) {
        return (value * bps + BPS / 2) / BPS;
    }

    function _percentDivHalfUp(uint256 value, uint256 bps) private pure returns (uint256) {
        return (value * BPS + bps / 2) / bps;
    }

    function _percentDivUp(uint256 value, uint256 bps) private pure returns (uint256) {
        return Math.ceilDiv(value * BPS, bps);
    }
}
