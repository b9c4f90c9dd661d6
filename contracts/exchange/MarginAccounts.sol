// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IWithdrawalGuard} from "../interfaces/IExchangeVault.sol";
import {IUnifiedMargin} from "../interfaces/IUnifiedMargin.sol";
import {BPS, MulDiv, WAD} from "../lending/MulDiv.sol";
import {MarginState} from "./MarginState.sol";
import {Tiers} from "./Tiers.sol";

/// @dev What an account is worth, and what it may do.
abstract contract MarginAccounts is MarginState {
    using MulDiv for uint256;
    using SafeCast for int256;
    using SafeCast for uint256;
    using Tiers for Tier[];

    // --- Storage

    mapping(address account => bool) public isLiquidating;

    // --- Views

    /// @inheritdoc IUnifiedMargin
    function accountOf(address owner) public view returns (Account memory account) {
        account.cash = vault.holding(owner, cash);
        account.debt = _debtNow(owner);
        for (uint256 k = 0; k < _assets.length; ++k) {
            (uint256 value, uint256 counted) = _assetValue(_assets[k], owner);
            (account.assetValue, account.collateralValue) = (account.assetValue + value, account.collateralValue + counted);
        }
        account.maintenance = _debtTiers.appliedUp(account.debt);
        for (uint256 k = 0; k < _markets.length; ++k) {
            _addPosition(account, _markets[k], owner);
        }

        int256 own = account.cash.toInt256() - account.debt.toInt256() + account.profit;
        account.equity = own + account.assetValue.toInt256();
        account.adjustedEquity = own + account.collateralValue.toInt256();
        account.uniMmrWad = _uniMmrWad(account.adjustedEquity, account.maintenance);
        account.level = _levelAt(account.uniMmrWad);
        account.leverageWad = account.equity > 0
            ? (account.assetValue + account.notional).mulDivDown(WAD, account.equity.toUint256())
            : type(uint256).max;
    }

    /// @inheritdoc IUnifiedMargin
    function level(address owner) external view returns (Level) {
        return accountOf(owner).level;
    }

    /// @inheritdoc IUnifiedMargin
    function debtOf(address owner) external view returns (uint256) {
        return _debtNow(owner);
    }

    /// @inheritdoc IUnifiedMargin
    function collateralValueOf(uint256 assetId, uint256 value) external view returns (uint256) {
        require(assetId < _assets.length, UnknownAsset(assetId));
        return _counted(_assets[assetId], value);
    }

    /// @inheritdoc IUnifiedMargin
    function assets() external view returns (uint256) {
        return _assets.length;
    }

    /// @inheritdoc IUnifiedMargin
    function rules() external view returns (Rules memory) {
        return _rules;
    }

    /// @inheritdoc IWithdrawalGuard
    function requireMayWithdraw(address owner) external view {
        _requireMargin(owner, _rules.freeWad);
    }

    // --- Internals

    /// @dev An account that owes nothing and holds no position has no maintenance margin, and passes.
    function _requireMargin(address owner, uint256 requiredWad) internal view {
        int256 uniMmrWad = accountOf(owner).uniMmrWad;
        require(uniMmrWad >= requiredWad.toInt256(), MarginTooLow(uniMmrWad, requiredWad));
    }

    function _requireNotFrozen(address owner) internal view {
        require(!isLiquidating[owner], AccountFrozen(owner));
    }

    function _unsettledFunding(Market storage market, Position memory position) internal view returns (int256) {
        int256 owedWad = position.size * (_fundingIndexWad(market) - position.fundingIndexWad);
        return owedWad > 0 ? (owedWad + int256(WAD) - 1) / int256(WAD) : owedWad / int256(WAD);
    }

    /// @dev Dollars count as cash: the stable is worth one. Without a price an asset is worth nothing.
    function _assetValue(Asset storage asset, address owner) private view returns (uint256 value, uint256 counted) {
        uint256 amount = vault.holding(owner, asset.token);
        if (amount == 0) return (0, 0);
        int256 answer = asset.feed.latestAnswer();
        if (answer <= 0) return (0, 0);

        value = amount.mulDivDown(answer.toUint256(), asset.valueUnit);
        counted = _counted(asset, value);
    }

    function _counted(Asset storage asset, uint256 value) private view returns (uint256) {
        return asset.tiers.appliedDown(value).mulDivDown(BPS - asset.addOnBps, BPS);
    }

    function _addPosition(Account memory account, Market storage market, address owner) private view {
        Position memory position = market.positions[owner];
        if (position.size == 0) return;

        uint256 notional = _abs(position.size) * _mark(market);
        int256 worth = position.size > 0 ? notional.toInt256() : -notional.toInt256();
        account.notional += notional;
        account.profit += worth - position.entry - _unsettledFunding(market, position);
        account.maintenance += market.tiers.appliedUp(notional);
    }

    /// @dev Towards minus infinity, so that a line is never passed by rounding.
    function _uniMmrWad(int256 adjustedEquity, uint256 maintenance) private pure returns (int256) {
        if (maintenance == 0) return adjustedEquity < 0 ? type(int256).min : type(int256).max;
        if (adjustedEquity >= 0) return adjustedEquity.toUint256().mulDivDown(WAD, maintenance).toInt256();
        return -(-adjustedEquity).toUint256().mulDivUp(WAD, maintenance).toInt256();
    }

    function _levelAt(int256 uniMmrWad) private view returns (Level) {
        Rules memory lines = _rules;
        if (uniMmrWad > int256(uint256(lines.warningWad))) return Level.FREE;
        if (uniMmrWad > int256(uint256(lines.reduceOnlyWad))) return Level.WARNING;
        if (uniMmrWad > int256(uint256(lines.liquidationWad))) return Level.REDUCE_ONLY;
        return Level.LIQUIDATION;
    }

    function _abs(int256 x) internal pure returns (uint256) {
        return x < 0 ? uint256(-x) : uint256(x);
    }
}
