// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AggregatorV3Interface} from "../interfaces/AggregatorV3Interface.sol";
import {IExchangeEngine} from "../interfaces/IExchangeEngine.sol";
import {ILoanDesk} from "../interfaces/ILoanDesk.sol";
import {ISpotBook} from "../interfaces/ISpotBook.sol";
import {IUnifiedMargin} from "../interfaces/IUnifiedMargin.sol";

contract ExchangeEngine is IExchangeEngine {
    // --- Actions

    /// @inheritdoc IExchangeEngine
    function liquidateAccount(IUnifiedMargin margin, address account, uint256 maxSteps, uint256 maxFills) external returns (bool) {
        if (block.timestamp < margin.pausedUntil(account)) return false;
        if (!margin.isLiquidating(account) && margin.level(account) != IUnifiedMargin.Level.LIQUIDATION) return false;

        margin.liquidate(account, maxSteps, maxFills);
        return true;
    }

    /// @inheritdoc IExchangeEngine
    function liquidateLoan(ILoanDesk desk, uint256 lineId, address account, uint256 maxFills) external returns (bool) {
        (ILoanDesk.Loan memory loan,) = desk.loanOf(lineId, account);
        if (block.timestamp < loan.pausedUntil || !desk.isLiquidatable(lineId, account)) return false;
        (ISpotBook book,,) = desk.line(lineId);
        if (book.haltedUntil() > block.timestamp) return false;

        try desk.liquidate(lineId, account, type(uint256).max, maxFills) {
            return true;
        } catch (bytes memory reason) {
            if (bytes4(reason) != ILoanDesk.NothingSold.selector) _bubble(reason);
            return false;
        }
    }

    /// @inheritdoc IExchangeEngine
    function callMargin(ILoanDesk desk, uint256 lineId, address account) external returns (bool) {
        (bool isOver, bool isCalled) = _state(desk, lineId, account);
        if (!isOver || isCalled) return false;

        desk.marginCall(lineId, account);
        return true;
    }

    /// @inheritdoc IExchangeEngine
    function endCall(ILoanDesk desk, uint256 lineId, address account) external returns (bool) {
        (bool isOver, bool isCalled) = _state(desk, lineId, account);
        if (isOver || !isCalled) return false;

        desk.endCall(lineId, account);
        return true;
    }

    /// @inheritdoc IExchangeEngine
    function continueMarket(ISpotBook book, address account, uint256 maxFills) external returns (bool) {
        if (book.remainderOf(account).lots == 0 || book.haltedUntil() > block.timestamp) return false;

        book.continueMarket(account, maxFills);
        return true;
    }

    // --- Internals

    /// @dev Without a price a loan is neither over the line nor called: nothing is known of it.
    function _state(ILoanDesk desk, uint256 lineId, address account) private view returns (bool isOver, bool isCalled) {
        (, AggregatorV3Interface feed, ILoanDesk.Terms memory terms) = desk.line(lineId);
        if (feed.latestAnswer() <= 0) return (false, false);
        (ILoanDesk.Loan memory loan, uint256 ltvBps) = desk.loanOf(lineId, account);
        return (ltvBps >= terms.marginCallLtvBps, loan.callDeadline != 0);
    }

    function _bubble(bytes memory reason) private pure {
        assembly ("memory-safe") {
            revert(add(reason, 32), mload(reason))
        }
    }
}
