// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IExchangeVault} from "../interfaces/IExchangeVault.sol";
import {IUnifiedMargin} from "../interfaces/IUnifiedMargin.sol";
import {BPS, MulDiv, WAD} from "../lending/MulDiv.sol";
import {MarginState} from "./MarginState.sol";
import {PerpMarkets} from "./PerpMarkets.sol";

contract UnifiedMargin is PerpMarkets {
    using MulDiv for uint256;
    using SafeCast for int256;
    using SafeCast for uint256;

    // --- Constants

    /// @dev Keys of `_startSize`: assets by their number, markets from here on.
    uint256 private constant _MARKETS = 1 << 128;

    // --- Storage

    mapping(address account => uint256) public pausedUntil;
    mapping(address account => mapping(uint256 key => uint256)) private _startSize;

    // --- Constructor

    constructor(IExchangeVault vault_, address cash_, address insuranceFund_, address owner_)
        MarginState(vault_, cash_, insuranceFund_)
        Ownable(owner_)
    {}

    // --- Actions

    /// @inheritdoc IUnifiedMargin
    function borrow(uint256 amount) external {
        require(amount != 0, InvalidAmount());
        _requireNotFrozen(msg.sender);

        _raiseDebt(msg.sender, amount);

        emit Borrowed(msg.sender, amount);
        vault.move(cash, address(this), msg.sender, amount);
        _requireMargin(msg.sender, _rules.freeWad);
    }

    /// @inheritdoc IUnifiedMargin
    function repay(uint256 amount) external returns (uint256 repaid) {
        require(amount != 0, InvalidAmount());

        repaid = _repayFromCash(msg.sender, amount);
    }

    /// @inheritdoc IUnifiedMargin
    function liquidate(address account, uint256 maxSteps, uint256 maxFills) external returns (uint256 steps) {
        require(block.timestamp >= pausedUntil[account], LiquidationPaused(pausedUntil[account]));
        if (!isLiquidating[account]) _begin(account);
        pausedUntil[account] = block.timestamp + _rules.pauseSeconds;

        for (uint256 k = 0; k < _markets.length; ++k) {
            _settleFunding(k, account);
        }
        _repayFromCash(account, type(uint256).max);
        bool mayGoOn;
        (steps, mayGoOn) = _sellAssets(account, maxSteps, maxFills);
        if (!mayGoOn) {
            uint256 closings;
            (closings, mayGoOn) = _closePositions(account, maxSteps - steps, maxFills);
            steps += closings;
        }
        if (!mayGoOn && !_isOver(account)) _resolve(account, maxFills);

        if (_isOver(account)) _end(account);
    }

    // --- Internals: the course of a liquidation

    function _begin(address account) private {
        Account memory before = accountOf(account);
        require(before.level == Level.LIQUIDATION, NotLiquidatable(before.uniMmrWad, _rules.liquidationWad));

        isLiquidating[account] = true;
        emit LiquidationStarted(
            account, before.equity, before.adjustedEquity, before.maintenance, before.uniMmrWad, before.leverageWad
        );
        vault.setFrozen(account, true);
        for (uint256 k = 0; k < _assets.length; ++k) {
            _assets[k].book.forceCancelAll(account);
            _startSize[account][k] = _lotsOf(_assets[k], account);
        }
        for (uint256 k = 0; k < _markets.length; ++k) {
            _dropQuote(_markets[k], account);
            _startSize[account][_MARKETS + k] = _abs(_markets[k].positions[account].size);
        }
    }

    function _isOver(address account) private view returns (bool) {
        return accountOf(account).level == Level.FREE;
    }

    function _end(address account) private {
        isLiquidating[account] = false;
        pausedUntil[account] = 0;

        emit LiquidationEnded(account, accountOf(account).uniMmrWad);
        vault.setFrozen(account, false);
    }

    /// @return steps Sales made
    /// @return mayGoOn Whether another call could sell more, or nothing more is needed
    function _sellAssets(address account, uint256 maxSteps, uint256 maxFills) private returns (uint256 steps, bool mayGoOn) {
        for (uint256 k = 0; k < _assets.length; ++k) {
            if (_isOver(account)) return (steps, true);
            uint256 held = _lotsOf(_assets[k], account);
            if (held == 0) continue;
            if (steps == maxSteps || _assets[k].book.haltedUntil() > block.timestamp) {
                mayGoOn = true;
                continue;
            }

            uint256 offered = Math.min(held, _slice(_startSize[account][k]));
            uint256 sold = _sell(account, _assets[k], offered, maxFills);
            if (sold != 0) ++steps;
            mayGoOn = mayGoOn || (sold != 0 && sold < held);
        }
    }

    function _sell(address account, Asset storage asset, uint256 lots, uint256 maxFills) private returns (uint256 sold) {
        uint256 proceeds;
        (sold, proceeds) = asset.book.forceSell(account, lots, maxFills);
        if (sold == 0) return 0;

        uint256 fee = proceeds.mulDivUp(_rules.feeBps, BPS);
        if (fee != 0) vault.move(cash, account, insuranceFund, fee);
        _repayFromCash(account, type(uint256).max);
        emit CollateralSold(account, asset.token, sold, proceeds, fee, accountOf(account).uniMmrWad);
    }

    /// @dev At no price at which the account and the fund together could not pay.
    function _closePositions(address account, uint256 maxSteps, uint256 maxFills) private returns (uint256 steps, bool mayGoOn) {
        for (uint256 k = 0; k < _markets.length; ++k) {
            if (_isOver(account)) return (steps, true);
            int256 size = _markets[k].positions[account].size;
            if (size == 0) continue;
            if (steps == maxSteps) return (steps, true);

            int256 reserves = accountOf(account).equity + _freeCash(insuranceFund).toInt256();
            uint256 part = Math.min(_abs(size), _slice(_startSize[account][_MARKETS + k]));
            int256 wanted = size > 0 ? -part.toInt256() : part.toInt256();
            int256 filled = _takeQuotes(k, account, wanted, _lastPrice(_markets[k], size, reserves), maxFills);
            if (filled != 0) ++steps;
            mayGoOn = mayGoOn || (filled != 0 && filled != -size);
        }
        _repayFromCash(account, type(uint256).max);
    }

    /// @dev Nothing can be sold or closed any more: the fund, then the opposite side, then bad debt. An account that is worth
    /// something keeps its positions, and waits for a price.
    function _resolve(address account, uint256 maxFills) private {
        int256 equity = accountOf(account).equity;
        if (equity < 0) {
            uint256 paid = Math.min((-equity).toUint256(), _freeCash(insuranceFund));
            if (paid != 0) {
                emit InsuranceUsed(account, paid);
                vault.move(cash, insuranceFund, account, paid);
                _repayFromCash(account, type(uint256).max);
            }
        }
        for (uint256 k = 0; k < _markets.length; ++k) {
            if (_markets[k].positions[account].size != 0 && accountOf(account).equity <= 0) _autoDeleverage(k, account, maxFills);
        }
        _repayFromCash(account, type(uint256).max);

        _writeOff(account);
    }

    /// @dev Once there is nothing left: neither position, nor cash, nor a lot of any asset.
    function _writeOff(address account) private {
        uint256 debt = _debts[account].amount;
        if (debt == 0) return;
        for (uint256 k = 0; k < _markets.length; ++k) {
            if (_markets[k].positions[account].size != 0) return;
        }
        for (uint256 k = 0; k < _assets.length; ++k) {
            if (_lotsOf(_assets[k], account) != 0) return;
        }

        _lowerDebt(account, debt);
        totals.badDebt += debt;
        emit BadDebt(account, debt);
    }

    // --- Internals: auto-deleveraging

    function _autoDeleverage(uint256 marketId, address account, uint256 maxFills) private {
        Market storage market = _markets[marketId];
        uint256 mark = _mark(market);
        int256 size = market.positions[account].size;
        uint256 price = _lastPrice(market, size, accountOf(account).equity);
        (address[] memory candidates, uint256[] memory ranks) = _ranking(market, size < 0, mark);

        for (uint256 n = 0; n < candidates.length && n < maxFills && size != 0; ++n) {
            uint256 best = _highest(candidates, ranks);
            address counterparty = candidates[best];
            uint256 part = Math.min(_abs(size), _abs(market.positions[counterparty].size));
            int256 change = size > 0 ? -part.toInt256() : part.toInt256();
            candidates[best] = address(0);

            _pass(marketId, account, counterparty, change, price);
            emit AutoDeleveraged(marketId, account, counterparty, -change, price, mark, ranks[best]);
            size += change;
        }
    }

    /// @dev Rank = profit (mark / entry of a long, entry / mark of a short) * leverage (notional / account value); accounts worth
    /// nothing come last.
    function _ranking(Market storage market, bool longs, uint256 mark)
        private
        view
        returns (address[] memory candidates, uint256[] memory ranks)
    {
        candidates = new address[](market.holders.length);
        ranks = new uint256[](candidates.length);
        uint256 found = 0;
        for (uint256 k = 0; k < market.holders.length; ++k) {
            Position memory position = market.positions[market.holders[k]];
            if ((position.size > 0) != longs) continue;
            candidates[found] = market.holders[k];
            ranks[found++] = _rankWad(position, mark, accountOf(market.holders[k]).equity);
        }
        assembly ("memory-safe") {
            mstore(candidates, found)
            mstore(ranks, found)
        }
    }

    function _rankWad(Position memory position, uint256 mark, int256 equity) private pure returns (uint256) {
        uint256 notional = _abs(position.size) * mark;
        uint256 entry = _abs(position.entry);
        if (equity <= 0 || entry == 0) return 0;
        (uint256 gain, uint256 base) = position.size > 0 ? (notional, entry) : (entry, notional);
        return gain.mulDivDown(WAD, base).mulDivDown(notional, equity.toUint256());
    }

    function _highest(address[] memory candidates, uint256[] memory ranks) private pure returns (uint256 best) {
        while (candidates[best] == address(0)) {
            ++best;
        }
        for (uint256 k = best + 1; k < ranks.length; ++k) {
            if (candidates[k] != address(0) && ranks[k] > ranks[best]) best = k;
        }
    }

    // --- Internals: sizes

    function _lotsOf(Asset storage asset, address account) private view returns (uint256) {
        (uint256 free,) = vault.balanceOf(account, asset.token);
        return free / asset.lotSize;
    }

    function _slice(uint256 startSize) private view returns (uint256) {
        return Math.max(1, startSize.mulDivUp(_rules.sliceBps, BPS));
    }

    /// @dev Price at which closing the whole position uses up `reserves`: mark - reserves / size, rounded in the account's favour. A
    /// price under zero is zero.
    function _lastPrice(Market storage market, int256 size, int256 reserves) private view returns (uint256) {
        int256 mark = _mark(market).toInt256();
        uint256 perContract = reserves > 0 ? _abs(reserves) / _abs(size) : _abs(reserves).mulDivUp(1, _abs(size));
        int256 distance = (size > 0) == (reserves > 0) ? -perContract.toInt256() : perContract.toInt256();
        return mark + distance > 0 ? (mark + distance).toUint256() : 0;
    }
}
