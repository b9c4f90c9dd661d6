// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ILoanDesk} from "./ILoanDesk.sol";
import {ISpotBook} from "./ISpotBook.sol";
import {IUnifiedMargin} from "./IUnifiedMargin.sol";

/// @title The exchange's engine
/// @notice Makes the calls that anyone may make, where the rules still ask for them when the transaction runs. An exchange's own engine
/// acts on the state that it finds: where that has changed since the call was decided on, nothing happens, and nothing reverts.
interface IExchangeEngine {
    /// @notice One call of an account's liquidation, where it is due and not paused.
    /// @return done Whether the call was made
    function liquidateAccount(IUnifiedMargin margin, address account, uint256 maxSteps, uint256 maxFills)
        external
        returns (bool done);

    /// @notice Liquidate a loan, where that is due and not paused, and where its pledge finds a buyer.
    /// @return done Whether it was
    function liquidateLoan(ILoanDesk desk, uint256 lineId, address account, uint256 maxFills) external returns (bool done);

    /// @notice Call a borrower whose LTV is at the margin-call line.
    /// @return done Whether it was called
    function callMargin(ILoanDesk desk, uint256 lineId, address account) external returns (bool done);

    /// @notice Lift a call where the LTV is under the margin-call line again.
    /// @return done Whether it was lifted
    function endCall(ILoanDesk desk, uint256 lineId, address account) external returns (bool done);

    /// @notice Go on with an unfinished market order, where orders meet.
    /// @return done Whether there was one
    function continueMarket(ISpotBook book, address account, uint256 maxFills) external returns (bool done);
}
