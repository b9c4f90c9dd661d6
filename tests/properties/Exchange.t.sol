// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ExchangeVault} from "../../contracts/exchange/ExchangeVault.sol";
import {LoanDesk} from "../../contracts/exchange/LoanDesk.sol";
import {SpotBook} from "../../contracts/exchange/SpotBook.sol";
import {TickTree} from "../../contracts/exchange/TickTree.sol";
import {UnifiedMargin} from "../../contracts/exchange/UnifiedMargin.sol";
import {ILoanDesk} from "../../contracts/interfaces/ILoanDesk.sol";
import {ISpotBook} from "../../contracts/interfaces/ISpotBook.sol";
import {IUnifiedMargin} from "../../contracts/interfaces/IUnifiedMargin.sol";
import {MockERC20} from "../../contracts/tokens/MockERC20.sol";
import {Cheats, PropertyTest} from "./Cheats.sol";
import {ExchangeActions} from "./ExchangeActions.sol";

/// @dev What holds of the exchange after any sequence of actions.
contract ExchangeInvariants is PropertyTest {
    uint256 private constant ACTORS = 5;
    uint256 private constant CAPITAL = 10_000_000e6;
    address private constant FEES = address(0xFEE5);
    address private constant INSURANCE = address(0x1A5);

    error NotKept(string rule);
    error NotDone(uint256 action);

    ExchangeActions private _actions;
    ExchangeVault private _vault;
    LoanDesk private _desk;
    UnifiedMargin private _margin;
    SpotBook[2] private _books;
    address[3] private _tokens;
    address[ACTORS] private _actors;

    function setUp() public {
        _actions = new ExchangeActions();
        (_vault, _desk, _margin, _books) = _actions.parts();
        (_tokens, _actors) = (_actions.tokens(), _actions.actors());
    }

    /// @dev Read by forge: what it calls at random.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_actions);
    }

    // --- Invariants

    /// @dev One campaign for every rule, so that each is checked after each of its calls.
    function invariant_exchange__any_sequence__keeps_every_rule() external view {
        if (bytes(_actions.breach()).length != 0) revert NotKept(_actions.breach());
        _ledgerIsTheTokens();
        _locksAreTheOpenOrders();
        for (uint256 k = 0; k < 2; ++k) {
            _bookIsNotCrossed(_books[k]);
            _queuesAreInOrder(_books[k], ISpotBook.Side.BUY);
            _queuesAreInOrder(_books[k], ISpotBook.Side.SELL);
            _deskIsConserved(k);
        }
        _marginIsConserved();
    }

    // --- The actions themselves

    /// @dev Invariants of a sequence in which nothing succeeds would hold too: each kind of action happens, and so do the ends of a
    /// liquidation.
    function test_actions__long_fixed_sequence__each_kind_happens() external {
        CHEATS.recordLogs();
        for (uint256 n = 0; n < 4000; ++n) {
            _actAtRandom(uint256(keccak256(abi.encode(n))));
        }
        for (uint256 kind = 0; kind <= uint256(type(ExchangeActions.Action).max); ++kind) {
            if (_actions.timesDone(ExchangeActions.Action(kind)) == 0) revert NotDone(kind);
        }
        _requireHappened();
        if (bytes(_actions.breach()).length != 0) revert NotKept(_actions.breach());
        _ledgerIsTheTokens();
        _marginIsConserved();
    }

    // --- Internals: rules

    function _ledgerIsTheTokens() private view {
        for (uint256 t = 0; t < 3; ++t) {
            uint256 sum = _held(FEES, t) + _held(INSURANCE, t) + _held(address(_desk), t) + _held(address(_margin), t);
            for (uint256 k = 0; k < ACTORS; ++k) {
                sum += _held(_actors[k], t);
            }
            _requireEqual("ledger", sum, MockERC20(_tokens[t]).balanceOf(address(_vault)));
            _requireEqual("total", _vault.totalOf(_tokens[t]), sum);
        }
    }

    function _locksAreTheOpenOrders() private view {
        for (uint256 k = 0; k < ACTORS; ++k) {
            uint256 bids = 0;
            for (uint256 b = 0; b < 2; ++b) {
                (uint256 bidValue, uint256 askAmount) = _orders(_books[b], _actors[k]);
                bids += bidValue;
                (, uint256 locked) = _vault.balanceOf(_actors[k], _tokens[b + 1]);
                _requireEqual("base locked", locked, askAmount);
            }
            (, uint256 lockedCash) = _vault.balanceOf(_actors[k], _tokens[0]);
            _requireEqual("quote locked", lockedCash, bids);
            _requireEqual("frozen", _vault.isFrozen(_actors[k]) ? 1 : 0, _margin.isLiquidating(_actors[k]) ? 1 : 0);
        }
    }

    function _bookIsNotCrossed(SpotBook book) private view {
        (,, uint256 bid, uint256 bidLots, uint256 ask, uint256 askLots,,) = book.top();
        if (bid != 0 && ask != 0 && bid >= ask) revert NotKept("the book is crossed");
        uint256[] memory bids = book.levels(ISpotBook.Side.BUY, 1);
        uint256[] memory asks = book.levels(ISpotBook.Side.SELL, 1);
        _requireEqual("best bid", bid, bids.length == 0 ? 0 : bids[0]);
        _requireEqual("its lots", bidLots, bids.length == 0 ? 0 : bids[1]);
        _requireEqual("best ask", ask, asks.length == 0 ? 0 : asks[0]);
        _requireEqual("its lots", askLots, asks.length == 0 ? 0 : asks[1]);
    }

    /// @dev Levels get worse, a level's lots are its orders', and its orders stand in the order in which they came.
    function _queuesAreInOrder(SpotBook book, ISpotBook.Side side) private view {
        uint256[] memory levels = book.levels(side, 1000);
        for (uint256 k = 0; k < levels.length; k += 2) {
            bool worse = k == 0 || (side == ISpotBook.Side.BUY ? levels[k] < levels[k - 2] : levels[k] > levels[k - 2]);
            if (!worse) revert NotKept("levels are sorted");
            uint256[] memory words = book.queue(side, levels[k]);
            (uint256 lots, uint256 last) = (0, 0);
            for (uint256 n = 0; n < words.length; ++n) {
                if (words[n] >> 112 <= last) revert NotKept("first come, first in line");
                (last, lots) = (words[n] >> 112, lots + _lots(words[n]));
            }
            _requireEqual("lots of a level", levels[k + 1], lots);
        }
    }

    function _deskIsConserved(uint256 line) private view {
        uint256 pledged = 0;
        uint256 debt = 0;
        for (uint256 k = 0; k < ACTORS; ++k) {
            (ILoanDesk.Loan memory loan,) = _desk.loanOf(line, _actors[k]);
            (pledged, debt) = (pledged + loan.pledged, debt + loan.debt);
        }
        _requireEqual("pledges", _held(address(_desk), line + 1), pledged);
        _requireAtMost("debts of a line", _desk.totalDebt(line), debt);
        uint256 claims = _held(address(_desk), 0) + _desk.totalDebt(0) + _desk.totalDebt(1) + _desk.lossOf(0) + _desk.lossOf(1);
        _requireEqual("the desk's cash", claims, CAPITAL + _desk.interestBooked(0) + _desk.interestBooked(1));
    }

    function _marginIsConserved() private view {
        int256 size = 0;
        int256 entry = 0;
        uint256 debts = 0;
        uint256 holders = 0;
        for (uint256 k = 0; k < ACTORS; ++k) {
            IUnifiedMargin.Position memory position = _margin.positionOf(0, _actors[k]);
            (size, entry) = (size + position.size, entry + position.entry);
            debts += _margin.debtOf(_actors[k]);
            if (position.size != 0) ++holders;
            else if (position.entry != 0) revert NotKept("nothing held, nothing entered");
        }
        if (size != 0) revert NotKept("sizes cancel out");
        _requireEqual("holders", _margin.holders(0).length, holders);

        (uint256 debt, uint256 interest, int256 funding, uint256 badDebt) = _margin.totals();
        int256 claims = int256(_held(address(_margin), 0) + debt + badDebt) + entry;
        if (claims != int256(CAPITAL + interest) + funding) revert NotKept("profit and loss are zero-sum");
        _requireAtMost("debts", debt, debts);
    }

    function _held(address account, uint256 token) private view returns (uint256) {
        return _vault.holding(account, _tokens[token]);
    }

    function _orders(SpotBook book, address account) private view returns (uint256 bidValue, uint256 askAmount) {
        uint256[] memory words = book.openOrders(account);
        for (uint256 n = 0; n < words.length; ++n) {
            if (words[n] & 1 == 0) bidValue += _lots(words[n]) * ((words[n] >> 8) & type(uint24).max);
            else askAmount += _lots(words[n]) * book.lotSize();
        }
        ISpotBook.Remainder memory remainder = book.remainderOf(account);
        if (remainder.side == ISpotBook.Side.SELL) askAmount += remainder.lots * book.lotSize();
    }

    function _lots(uint256 word) private pure returns (uint256) {
        return (word >> 32) & type(uint48).max;
    }

    // --- Internals: actions

    function _requireHappened() private {
        bytes32[5] memory topics = [
            IUnifiedMargin.LiquidationEnded.selector,
            IUnifiedMargin.InsuranceUsed.selector,
            IUnifiedMargin.AutoDeleveraged.selector,
            IUnifiedMargin.BadDebt.selector,
            ISpotBook.BookHalted.selector
        ];
        bool[5] memory found;
        Cheats.Log[] memory logs = CHEATS.getRecordedLogs();
        for (uint256 n = 0; n < logs.length; ++n) {
            for (uint256 k = 0; k < topics.length; ++k) {
                if (logs[n].topics[0] == topics[k]) found[k] = true;
            }
        }
        for (uint256 k = 0; k < topics.length; ++k) {
            if (!found[k]) revert NotDone(1000 + k);
        }
    }

    function _actAtRandom(uint256 seed) private {
        uint256 b = uint256(keccak256(abi.encode(seed)));
        uint256 a = seed >> 8;
        uint256 kind = seed % 22;
        if (kind == 0) _actions.limit(a, b, b >> 8, b >> 16, b >> 32, a >> 8);
        else if (kind == 1) _actions.market(a, b, b >> 8, b >> 16, a >> 8);
        else if (kind == 2) _actions.continueMarket(a, b, b >> 8);
        else if (kind == 3) _actions.cancel(a, b, b >> 8);
        else if (kind == 4 && a % 4 == 0) _actions.cancelAll(a >> 8, b);
        else if (kind <= 6) _actions.requote(a, b, b >> 8, b >> 16, a >> 8);
        else if (kind == 7) _actions.withdraw(a, b, b >> 8);
        else if (kind == 8) _actions.deposit(a, b, b >> 8);
        else if (kind == 9) _actions.pledge(a, b, b >> 8, a >> 8);
        else if (kind == 10 && a % 2 == 0) _actions.topUp(a >> 8, b, b >> 8);
        else if (kind == 10) _actions.takePledge(a >> 8, b, b >> 8);
        else if (kind == 11) _actions.repayLoan(a, b, b >> 8);
        else if (kind == 12) _actions.call(a, b);
        else if (kind == 13) _actions.sellPledge(a, b, b >> 8);
        else if (kind == 14) _actions.borrow(a, b);
        else if (kind == 15 && a % 4 == 0) _actions.repay(a >> 8, b);
        else if (kind == 15) _actions.configure(a >> 8, b);
        else if (kind == 16) _actions.quotePerp(a, b, b >> 16, b >> 32);
        else if (kind == 17) _actions.tradePerp(a, b, a & (1 << 80) == 0);
        else if (kind <= 19) _actions.liquidate(a, b, b >> 8);
        else if (kind == 20) _actions.moveEth(b);
        else _actions.passTime(b);
    }
}

/// @dev The tree of ticks against the plainest search.
contract TickTreeProperties is PropertyTest {
    using TickTree for TickTree.Tree;

    uint256 private constant LAST = 2 ** 24 - 2;

    TickTree.Tree private _tree;

    /// @dev Clusters, and members far apart.
    function testFuzz_tree__any_members__finds_the_neighbours(uint256 seed, uint256 at) public {
        uint256[] memory members = new uint256[](24);
        for (uint256 k = 0; k < members.length; ++k) {
            uint256 draw = uint256(keccak256(abi.encode(seed, k)));
            members[k] = draw % 3 == 0 ? _between(draw >> 8, 1, LAST) : _between(draw >> 8, 1, 1000) << (draw % 15);
            _tree.add(members[k]);
        }
        for (uint256 k = 0; k < members.length; k += 3) {
            uint256 gone = members[k];
            _tree.remove(gone);
            for (uint256 n = 0; n < members.length; ++n) {
                if (members[n] == gone) members[n] = 0;
            }
        }
        _compare(members, _between(at, 0, LAST + 1));
        _compare(members, 0);
        _compare(members, LAST + 1);
        for (uint256 k = 0; k < members.length; ++k) {
            _compare(members, members[k]);
        }
    }

    function _compare(uint256[] memory members, uint256 at) private view {
        uint256 below = 0;
        uint256 above = 0;
        for (uint256 k = 0; k < members.length; ++k) {
            uint256 member = members[k];
            if (member == 0) continue;
            if (member < at && member > below) below = member;
            if (member > at && (above == 0 || member < above)) above = member;
        }
        _requireEqual("below", _tree.below(at), below);
        _requireEqual("above", _tree.above(at), above);
    }
}
