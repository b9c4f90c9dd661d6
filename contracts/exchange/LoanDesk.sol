// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {AggregatorV3Interface} from "../interfaces/AggregatorV3Interface.sol";
import {IExchangeVault} from "../interfaces/IExchangeVault.sol";
import {ILoanDesk} from "../interfaces/ILoanDesk.sol";
import {ISpotBook} from "../interfaces/ISpotBook.sol";
import {BPS, MulDiv} from "../lending/MulDiv.sol";
import {DebtIndex} from "./DebtIndex.sol";

contract LoanDesk is ILoanDesk, Ownable {
    using DebtIndex for DebtIndex.Index;
    using MulDiv for uint256;
    using SafeCast for uint256;

    // --- Types

    /// @dev Value in the stable's units = pledged * priceE8 / valueUnit
    struct Line {
        ISpotBook book;
        AggregatorV3Interface feed;
        address pledge;
        address stable;
        uint256 lotSize;
        uint256 valueUnit;
        Terms terms;
        DebtIndex.Index index;
        uint256 totalDebt;
        uint256 interestBooked;
        uint256 loss;
    }

    enum AssetUse {
        NONE,
        PLEDGED,
        LENT
    }

    // --- Constants

    uint8 private constant _FEED_DECIMALS = 8;

    // --- Immutables

    IExchangeVault public immutable vault;
    address public immutable insuranceFund;

    // --- Storage

    Line[] private _lines;
    mapping(uint256 lineId => mapping(address account => Loan)) private _loans;
    mapping(address asset => AssetUse) private _useOf;

    // --- Constructor

    constructor(IExchangeVault vault_, address insuranceFund_, address owner_) Ownable(owner_) {
        (vault, insuranceFund) = (vault_, insuranceFund_);
    }

    // --- Actions: the borrower's

    /// @inheritdoc ILoanDesk
    function borrow(uint256 lineId, uint256 pledge, uint256 amount) external {
        require(pledge != 0 || amount != 0, InvalidAmount());
        (Line storage line_, Loan storage loan) = _accrued(lineId, msg.sender);

        loan.pledged += pledge.toUint128();
        loan.debt += amount.toUint128();
        line_.totalDebt += amount;

        _requireInitialLtv(line_, loan);
        emit Borrowed(lineId, msg.sender, pledge, amount);
        if (pledge != 0) vault.pull(line_.pledge, msg.sender, pledge);
        if (amount != 0) vault.move(line_.stable, address(this), msg.sender, amount);
    }

    /// @inheritdoc ILoanDesk
    function topUp(uint256 lineId, uint256 amount) external {
        require(amount != 0, InvalidAmount());
        (Line storage line_, Loan storage loan) = _accrued(lineId, msg.sender);

        loan.pledged += amount.toUint128();

        emit ToppedUp(lineId, msg.sender, amount);
        _meetCall(lineId, line_, msg.sender, loan);
        vault.pull(line_.pledge, msg.sender, amount);
    }

    /// @inheritdoc ILoanDesk
    function repay(uint256 lineId, uint256 amount) external returns (uint256 repaid) {
        (Line storage line_, Loan storage loan) = _accrued(lineId, msg.sender);
        require(loan.debt != 0, NoDebt(msg.sender));
        repaid = Math.min(amount, loan.debt);
        require(repaid != 0, InvalidAmount());

        _lowerDebt(line_, loan, repaid);

        emit Repaid(lineId, msg.sender, repaid);
        _meetCall(lineId, line_, msg.sender, loan);
        vault.pull(line_.stable, msg.sender, repaid);
    }

    /// @inheritdoc ILoanDesk
    function withdrawPledge(uint256 lineId, uint256 amount) external {
        require(amount != 0, InvalidAmount());
        (Line storage line_, Loan storage loan) = _accrued(lineId, msg.sender);
        require(amount <= loan.pledged, ExceedsPledge(amount, loan.pledged));

        loan.pledged -= uint128(amount);

        _requireInitialLtv(line_, loan);
        emit PledgeWithdrawn(lineId, msg.sender, amount);
        vault.move(line_.pledge, address(this), msg.sender, amount);
    }

    // --- Actions: anyone's

    /// @inheritdoc ILoanDesk
    function marginCall(uint256 lineId, address account) external returns (uint256 deadline) {
        (Line storage line_, Loan storage loan) = _accrued(lineId, account);
        require(loan.callDeadline == 0, AlreadyCalled(account, loan.callDeadline));
        uint256 ltvBps = _pricedLtvBpsUp(line_, loan);
        require(ltvBps >= line_.terms.marginCallLtvBps, BelowMarginCall(ltvBps, line_.terms.marginCallLtvBps));

        deadline = block.timestamp + line_.terms.callSeconds;
        loan.callDeadline = uint64(deadline);

        emit MarginCalled(lineId, account, ltvBps, deadline);
    }

    /// @inheritdoc ILoanDesk
    function endCall(uint256 lineId, address account) external {
        (Line storage line_, Loan storage loan) = _accrued(lineId, account);
        uint256 ltvBps = _pricedLtvBpsUp(line_, loan);
        require(ltvBps < line_.terms.marginCallLtvBps, CallNotMet(ltvBps, line_.terms.marginCallLtvBps));

        _meetCall(lineId, line_, account, loan);
    }

    /// @inheritdoc ILoanDesk
    function liquidate(uint256 lineId, address account, uint256 maxLots, uint256 maxFills)
        external
        returns (uint256 soldLots, uint256 proceeds)
    {
        (Line storage line_, Loan storage loan) = _accrued(lineId, account);
        uint256 ltvBps = _pricedLtvBpsUp(line_, loan);
        require(_isLiquidatable(line_, loan, ltvBps), NotLiquidatable(ltvBps, line_.terms.liquidationLtvBps));
        require(block.timestamp >= loan.pausedUntil, LiquidationPaused(loan.pausedUntil));

        uint256 priceE8 = _priceE8(line_);
        loan.pausedUntil = uint64(block.timestamp + line_.terms.pauseSeconds);
        if (loan.pledged >= line_.lotSize) {
            uint256 offered = Math.min(maxLots, _saleLots(line_, loan, priceE8));
            (soldLots, proceeds) = line_.book.forceSell(address(this), offered, maxFills);
            if (soldLots == 0) {
                // A sale that trips the circuit breaker ends here without a revert, which would undo the halt.
                require(line_.book.haltedUntil() > block.timestamp, NothingSold());
                return (0, 0);
            }
        }

        loan.pledged -= (soldLots * line_.lotSize).toUint128();
        uint256 fee = proceeds.mulDivUp(line_.terms.liquidationFeeBps, BPS);
        uint256 repaid = Math.min(proceeds - fee, loan.debt);
        _lowerDebt(line_, loan, repaid);

        uint256 returned = proceeds - fee - repaid;
        emit LoanLiquidated(lineId, account, priceE8, ltvBps, soldLots, proceeds, fee, repaid, returned);
        if (fee != 0) vault.move(line_.stable, address(this), insuranceFund, fee);
        if (returned != 0) vault.move(line_.stable, address(this), account, returned);
        if (loan.debt != 0 && loan.pledged < line_.lotSize) _coverShortfall(lineId, line_, account, loan);
        _meetCall(lineId, line_, account, loan);
    }

    // --- Actions: the owner's

    /// @inheritdoc ILoanDesk
    function addLine(ISpotBook book, AggregatorV3Interface feed, Terms calldata terms) external onlyOwner returns (uint256 lineId) {
        uint8 feedDecimals = feed.decimals();
        require(feedDecimals == _FEED_DECIMALS, UnsupportedDecimals(address(feed), feedDecimals));
        _requireTerms(terms);
        (address pledge, address stable) = (book.base(), book.quote());
        require(_useOf[pledge] != AssetUse.LENT, AssetOnBothSides(pledge));
        require(_useOf[stable] != AssetUse.PLEDGED, AssetOnBothSides(stable));

        (_useOf[pledge], _useOf[stable]) = (AssetUse.PLEDGED, AssetUse.LENT);
        lineId = _lines.length;
        Line storage line_ = _lines.push();
        (line_.book, line_.feed, line_.pledge, line_.stable) = (book, feed, pledge, stable);
        line_.lotSize = book.lotSize();
        uint256 decimals = IERC20Metadata(pledge).decimals() + feedDecimals - IERC20Metadata(stable).decimals();
        (line_.valueUnit, line_.terms) = (10 ** decimals, terms);
        line_.index.start(terms.rateRay);

        emit LineAdded(lineId, address(book), address(feed));
        emit TermsSet(lineId, terms);
    }

    /// @inheritdoc ILoanDesk
    function setTerms(uint256 lineId, Terms calldata terms) external onlyOwner {
        Line storage line_ = _line(lineId);
        _requireTerms(terms);

        line_.terms = terms;
        line_.index.setRate(terms.rateRay);

        emit TermsSet(lineId, terms);
    }

    // --- Views

    /// @inheritdoc ILoanDesk
    function loanOf(uint256 lineId, address account) public view returns (Loan memory loan, uint256 ltvBps) {
        Line storage line_ = _line(lineId);
        loan = _loanNow(line_, _loans[lineId][account]);
        ltvBps = _ltvBpsUp(line_, loan, _answerE8(line_));
    }

    /// @inheritdoc ILoanDesk
    function loans(uint256 lineId, address[] calldata accounts) external view returns (uint256[] memory words) {
        words = new uint256[](5 * accounts.length);
        for (uint256 k = 0; k < accounts.length; ++k) {
            (Loan memory loan, uint256 ltvBps) = loanOf(lineId, accounts[k]);
            (words[5 * k], words[5 * k + 1]) = (loan.pledged, loan.debt);
            (words[5 * k + 2], words[5 * k + 3], words[5 * k + 4]) = (ltvBps, loan.callDeadline, loan.pausedUntil);
        }
    }

    /// @inheritdoc ILoanDesk
    function saleLots(uint256 lineId, address account) external view returns (uint256) {
        (Loan memory loan, uint256 ltvBps) = loanOf(lineId, account);
        Line storage line_ = _line(lineId);
        uint256 priceE8 = _answerE8(line_);
        return priceE8 != 0 && _isLiquidatable(line_, loan, ltvBps) ? _saleLots(line_, loan, priceE8) : 0;
    }

    /// @inheritdoc ILoanDesk
    function isLiquidatable(uint256 lineId, address account) external view returns (bool) {
        (Loan memory loan, uint256 ltvBps) = loanOf(lineId, account);
        Line storage line_ = _line(lineId);
        return _answerE8(line_) != 0 && _isLiquidatable(line_, loan, ltvBps);
    }

    /// @inheritdoc ILoanDesk
    function line(uint256 lineId) external view returns (ISpotBook, AggregatorV3Interface, Terms memory) {
        Line storage line_ = _line(lineId);
        return (line_.book, line_.feed, line_.terms);
    }

    /// @inheritdoc ILoanDesk
    function lines() external view returns (uint256) {
        return _lines.length;
    }

    /// @inheritdoc ILoanDesk
    function totalDebt(uint256 lineId) external view returns (uint256) {
        return _line(lineId).totalDebt;
    }

    /// @inheritdoc ILoanDesk
    function interestBooked(uint256 lineId) external view returns (uint256) {
        return _line(lineId).interestBooked;
    }

    /// @inheritdoc ILoanDesk
    function lossOf(uint256 lineId) external view returns (uint256) {
        return _line(lineId).loss;
    }

    // --- Internals: loans

    function _line(uint256 lineId) private view returns (Line storage) {
        require(lineId < _lines.length, UnknownLine(lineId));
        return _lines[lineId];
    }

    function _loanNow(Line storage line_, Loan memory loan) private view returns (Loan memory) {
        uint256 indexRay = line_.index.nowRay();
        loan.debt = DebtIndex.grownUp(loan.debt, loan.indexRay, indexRay).toUint128();
        loan.indexRay = uint128(indexRay);
        return loan;
    }

    function _accrued(uint256 lineId, address account) private returns (Line storage line_, Loan storage loan) {
        line_ = _line(lineId);
        loan = _loans[lineId][account];
        Loan memory now_ = _loanNow(line_, loan);

        uint256 interest = now_.debt - loan.debt;
        (loan.debt, loan.indexRay) = (now_.debt, now_.indexRay);
        line_.totalDebt += interest;
        line_.interestBooked += interest;
    }

    function _lowerDebt(Line storage line_, Loan storage loan, uint256 amount) private {
        loan.debt -= uint128(amount);
        line_.totalDebt -= amount;
    }

    function _meetCall(uint256 lineId, Line storage line_, address account, Loan storage loan) private {
        if (loan.callDeadline == 0) return;
        uint256 ltvBps = _ltvBpsUp(line_, loan, _answerE8(line_));
        if (ltvBps >= line_.terms.marginCallLtvBps) return;

        loan.callDeadline = 0;
        emit MarginCallMet(lineId, account, ltvBps);
    }

    /// @dev The pledge is sold but for less than a lot, which goes to the fund that pays.
    function _coverShortfall(uint256 lineId, Line storage line_, address account, Loan storage loan) private {
        (uint256 debt, uint256 dust) = (loan.debt, loan.pledged);
        (uint256 available,) = vault.balanceOf(insuranceFund, line_.stable);
        uint256 covered = Math.min(debt, available);
        uint256 loss = debt - covered;
        _lowerDebt(line_, loan, debt);
        loan.pledged = 0;
        line_.loss += loss;

        if (covered != 0) emit ShortfallCovered(lineId, account, covered);
        if (loss != 0) emit DeskLoss(lineId, account, loss);
        if (covered != 0) vault.move(line_.stable, insuranceFund, address(this), covered);
        if (dust != 0) vault.move(line_.pledge, address(this), insuranceFund, dust);
    }

    // --- Internals: values

    function _priceE8(Line storage line_) private view returns (uint256) {
        int256 answer = line_.feed.latestAnswer();
        require(answer > 0, PriceNotAvailable(answer));
        return uint256(answer);
    }

    /// @dev For what must not fail without a price: zero, which makes every LTV the highest.
    function _answerE8(Line storage line_) private view returns (uint256) {
        int256 answer = line_.feed.latestAnswer();
        return answer > 0 ? uint256(answer) : 0;
    }

    function _pricedLtvBpsUp(Line storage line_, Loan memory loan) private view returns (uint256) {
        return loan.debt == 0 ? 0 : _ltvBpsUp(line_, loan, _priceE8(line_));
    }

    function _ltvBpsUp(Line storage line_, Loan memory loan, uint256 priceE8) private view returns (uint256) {
        if (loan.debt == 0) return 0;
        uint256 value = uint256(loan.pledged).mulDivDown(priceE8, line_.valueUnit);
        return value == 0 ? type(uint256).max : uint256(loan.debt).mulDivUp(BPS, value);
    }

    function _isLiquidatable(Line storage line_, Loan memory loan, uint256 ltvBps) private view returns (bool) {
        if (ltvBps >= line_.terms.liquidationLtvBps) return true;
        bool isOverdue = loan.callDeadline != 0 && block.timestamp > loan.callDeadline;
        return isOverdue && ltvBps >= line_.terms.marginCallLtvBps;
    }

    /// @dev Selling the value s leaves debt D - (1 - fee) s on value C - s. That is the initial LTV t for
    ///      s = (D - t C) / (1 - fee - t); the whole pledge where no sale gets there. Rounded up to lots, down to what is pledged.
    function _saleLots(Line storage line_, Loan memory loan, uint256 priceE8) private view returns (uint256) {
        Terms memory terms = line_.terms;
        uint256 most = loan.pledged / line_.lotSize;
        uint256 share = Math.max(most.mulDivDown(terms.saleShareBps, BPS), Math.min(most, 1));
        uint256 kept = uint256(terms.liquidationFeeBps) + terms.initialLtvBps;
        if (kept >= BPS) return share;

        uint256 value = uint256(loan.pledged).mulDivDown(priceE8, line_.valueUnit);
        uint256 excess = uint256(loan.debt) * BPS - value * terms.initialLtvBps;
        uint256 amount = excess.mulDivUp(line_.valueUnit, (BPS - kept) * priceE8);
        return Math.min(share, amount.mulDivUp(1, line_.lotSize));
    }

    // --- Internals: checks

    function _requireInitialLtv(Line storage line_, Loan memory loan) private view {
        uint256 ltvBps = _pricedLtvBpsUp(line_, loan);
        require(ltvBps <= line_.terms.initialLtvBps, LtvTooHigh(ltvBps, line_.terms.initialLtvBps));
    }

    function _requireTerms(Terms calldata terms) private pure {
        (uint256 initial, uint256 call, uint256 last) =
            (terms.initialLtvBps, terms.marginCallLtvBps, terms.liquidationLtvBps);
        require(initial != 0 && initial < call && call < last && last <= BPS, LtvLinesInWrongOrder(initial, call, last));
        require(terms.liquidationFeeBps <= BPS, InvalidBps(terms.liquidationFeeBps));
        require(terms.saleShareBps != 0 && terms.saleShareBps <= BPS, InvalidBps(terms.saleShareBps));
    }
}
