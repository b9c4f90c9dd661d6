// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IAaveOracle} from "../interfaces/IAaveOracle.sol";
import {IPool} from "../interfaces/IPool.sol";
import {IScaledBalanceToken} from "../interfaces/IScaledBalanceToken.sol";

/// @dev What `getUserAccountData` of Aave V3.6 says of accounts that use one pair of reserves and nothing else, to the last
/// unit, with the reserves read once instead of once an account. An account that uses more is asked of the pool itself.
library PairAccounts {
    // --- Types

    /// @dev What all accounts of one pair share. Prices of 0: the oracle refuses.
    struct Pair {
        IPool pool;
        IScaledBalanceToken aToken;
        IScaledBalanceToken debtToken;
        uint256 collateralId;
        uint256 debtId;
        uint256 collateralPriceE8;
        uint256 debtPriceE8;
        uint256 collateralUnit;
        uint256 debtUnit;
        uint256 incomeRay;
        uint256 debtIndexRay;
        uint256 thresholdBps;
    }

    struct Account {
        uint256 collateralBalance;
        uint256 debtBalance;
        uint256 collateralBase;
        uint256 debtBase;
        uint256 healthFactorWad;
    }

    // --- Constants

    uint256 private constant BPS = 100_00;
    uint256 private constant RAY = 1e27;
    uint256 private constant WAD = 1e18;

    // --- Reads

    function read(IPool pool, address collateralAsset, address debtAsset) internal view returns (Pair memory pair) {
        IAaveOracle oracle = IAaveOracle(pool.ADDRESSES_PROVIDER().getPriceOracle());
        uint256 collateralConfiguration = pool.getConfiguration(collateralAsset).data;
        uint256 debtConfiguration = pool.getConfiguration(debtAsset).data;

        pair.pool = pool;
        pair.aToken = IScaledBalanceToken(pool.getReserveAToken(collateralAsset));
        pair.debtToken = IScaledBalanceToken(pool.getReserveVariableDebtToken(debtAsset));
        pair.collateralId = pool.getReserveData(collateralAsset).id;
        pair.debtId = pool.getReserveData(debtAsset).id;
        pair.collateralPriceE8 = priceOrZero(oracle, collateralAsset);
        pair.debtPriceE8 = priceOrZero(oracle, debtAsset);
        pair.collateralUnit = 10 ** ((collateralConfiguration >> 48) & 0xff);
        pair.debtUnit = 10 ** ((debtConfiguration >> 48) & 0xff);
        pair.incomeRay = pool.getReserveNormalizedIncome(collateralAsset);
        pair.debtIndexRay = pool.getReserveNormalizedVariableDebt(debtAsset);
        pair.thresholdBps = (collateralConfiguration >> 16) & 0xffff;
    }

    function priceOrZero(IAaveOracle oracle, address asset) internal view returns (uint256) {
        try oracle.getAssetPrice(asset) returns (uint256 priceE8) {
            return priceE8;
        } catch {
            return 0;
        }
    }

    /// @dev Where the oracle refuses a price, nothing has a value and nobody can be liquidated: the health factor is the
    /// maximum, as without debt.
    function account(Pair memory pair, address user) internal view returns (Account memory found) {
        found.collateralBalance = Math.mulDiv(pair.aToken.scaledBalanceOf(user), pair.incomeRay, RAY);
        found.debtBalance = Math.mulDiv(pair.debtToken.scaledBalanceOf(user), pair.debtIndexRay, RAY, Math.Rounding.Ceil);
        found.healthFactorWad = type(uint256).max;
        if (pair.collateralPriceE8 == 0 || pair.debtPriceE8 == 0) return found;

        uint256 used = pair.pool.getUserConfiguration(user).data;
        uint256 collateralBit = 1 << (2 * pair.collateralId + 1);
        if (used & ~(collateralBit | (1 << (2 * pair.debtId))) != 0) {
            (found.collateralBase, found.debtBase,,,, found.healthFactorWad) = pair.pool.getUserAccountData(user);
            return found;
        }
        uint256 thresholdBps = _thresholdBps(pair, user);
        if (used & collateralBit != 0 && thresholdBps != 0) {
            found.collateralBase = (found.collateralBalance * pair.collateralPriceE8) / pair.collateralUnit;
        }
        found.debtBase = Math.ceilDiv(found.debtBalance * pair.debtPriceE8, pair.debtUnit);
        if (found.debtBase == 0) return found;

        uint256 weighted = found.collateralBase * thresholdBps;
        found.healthFactorWad = ((weighted * WAD + found.debtBase / 2) / found.debtBase) / BPS;
    }

    // --- Internals

    /// @dev The eMode's threshold where the collateral belongs to the user's eMode, else the reserve's.
    function _thresholdBps(Pair memory pair, address user) private view returns (uint256) {
        uint8 eMode = uint8(pair.pool.getUserEMode(user));
        if (eMode == 0) return pair.thresholdBps;
        if ((pair.pool.getEModeCategoryCollateralBitmap(eMode) >> pair.collateralId) & 1 == 0) return pair.thresholdBps;
        return pair.pool.getEModeCategoryCollateralConfig(eMode).liquidationThreshold;
    }
}
