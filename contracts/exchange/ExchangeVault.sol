// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IExchangeVault, IWithdrawalGuard} from "../interfaces/IExchangeVault.sol";

contract ExchangeVault is IExchangeVault, Ownable {
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    // --- Types

    /// @dev One slot: a trade writes it once a side.
    struct Balance {
        uint128 free;
        uint128 locked;
    }

    // --- Immutables

    address public immutable feeAccount;

    // --- Storage

    mapping(address account => mapping(address asset => Balance)) private _ledger;
    mapping(address asset => uint256) public totalOf;
    mapping(address account => bool) public isOperator;
    mapping(address account => bool) public isFrozen;
    IWithdrawalGuard public guard;
    bool public depositsOpen = true;
    bool public withdrawalsOpen = true;

    // --- Constructor

    constructor(address feeAccount_, address owner_) Ownable(owner_) {
        feeAccount = feeAccount_;
    }

    modifier onlyOperator() {
        require(isOperator[msg.sender], CallerNotOperator(msg.sender));
        _;
    }

    // --- Actions

    /// @inheritdoc IExchangeVault
    function deposit(address asset, uint256 amount, address account) external {
        require(depositsOpen, DepositsClosed());
        require(amount != 0, InvalidAmount());

        _credit(account, asset, amount);
        totalOf[asset] += amount;

        emit Deposited(asset, msg.sender, account, amount);
        IERC20(asset).safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc IExchangeVault
    function withdraw(address asset, uint256 amount) external {
        require(withdrawalsOpen, WithdrawalsClosed());
        require(amount != 0, InvalidAmount());

        _debit(msg.sender, asset, amount);
        totalOf[asset] -= amount;
        _requireMayWithdraw(msg.sender);

        emit Withdrawn(asset, msg.sender, amount);
        IERC20(asset).safeTransfer(msg.sender, amount);
    }

    /// @inheritdoc IExchangeVault
    function move(address asset, address from, address to, uint256 amount) external onlyOperator {
        _move(asset, from, to, amount);
    }

    /// @inheritdoc IExchangeVault
    function pull(address asset, address from, uint256 amount) external onlyOperator {
        _move(asset, from, msg.sender, amount);

        _requireMayWithdraw(from);
    }

    /// @inheritdoc IExchangeVault
    function adjustLock(address account, address asset, int256 change) external onlyOperator {
        Balance storage balance = _ledger[account][asset];
        if (change > 0) {
            uint128 more = uint256(change).toUint128();
            require(balance.free >= more, InsufficientBalance(account, asset, more, balance.free));
            (balance.free, balance.locked) = (balance.free - more, balance.locked + more);
        } else {
            uint128 less = uint256(-change).toUint128();
            require(balance.locked >= less, InsufficientLock(account, asset, less, balance.locked));
            (balance.free, balance.locked) = (balance.free + less, balance.locked - less);
        }
    }

    /// @inheritdoc IExchangeVault
    function settleFill(Fill calldata fill) external onlyOperator {
        _debit(fill.taker, fill.give, fill.given);
        _debitLocked(fill.maker, fill.get, fill.got);

        _credit(fill.maker, fill.give, fill.given - fill.makerFee);
        _credit(fill.taker, fill.get, fill.got - fill.takerFee);
        if (fill.makerFee != 0) _credit(feeAccount, fill.give, fill.makerFee);
        if (fill.takerFee != 0) _credit(feeAccount, fill.get, fill.takerFee);
    }

    /// @inheritdoc IExchangeVault
    function setFrozen(address account, bool frozen) external onlyOperator {
        isFrozen[account] = frozen;

        emit FrozenSet(account, frozen);
    }

    /// @inheritdoc IExchangeVault
    function setOperator(address operator, bool allowed) external onlyOwner {
        isOperator[operator] = allowed;

        emit OperatorSet(operator, allowed);
    }

    /// @inheritdoc IExchangeVault
    function setGuard(IWithdrawalGuard guard_) external onlyOwner {
        guard = guard_;

        emit GuardSet(address(guard_));
    }

    /// @inheritdoc IExchangeVault
    function setTransfers(bool depositsOpen_, bool withdrawalsOpen_) external onlyOwner {
        (depositsOpen, withdrawalsOpen) = (depositsOpen_, withdrawalsOpen_);

        emit TransfersSet(depositsOpen_, withdrawalsOpen_);
    }

    // --- Views

    /// @inheritdoc IExchangeVault
    function balanceOf(address account, address asset) external view returns (uint256, uint256) {
        Balance memory balance = _ledger[account][asset];
        return (balance.free, balance.locked);
    }

    /// @inheritdoc IExchangeVault
    function holding(address account, address asset) external view returns (uint256) {
        Balance memory balance = _ledger[account][asset];
        return uint256(balance.free) + balance.locked;
    }

    /// @inheritdoc IExchangeVault
    function balances(address account, address[] calldata assets) external view returns (uint256[] memory words) {
        words = new uint256[](2 * assets.length);
        for (uint256 k = 0; k < assets.length; ++k) {
            Balance memory balance = _ledger[account][assets[k]];
            (words[2 * k], words[2 * k + 1]) = (balance.free, balance.locked);
        }
    }

    // --- Internals

    function _move(address asset, address from, address to, uint256 amount) private {
        _debit(from, asset, amount);
        _credit(to, asset, amount);

        emit Moved(asset, from, to, amount);
    }

    function _credit(address account, address asset, uint256 amount) private {
        _ledger[account][asset].free += amount.toUint128();
    }

    function _debit(address account, address asset, uint256 amount) private {
        Balance storage balance = _ledger[account][asset];
        uint256 free = balance.free;
        require(free >= amount, InsufficientBalance(account, asset, amount, free));
        balance.free = uint128(free - amount);
    }

    function _debitLocked(address account, address asset, uint256 amount) private {
        Balance storage balance = _ledger[account][asset];
        uint256 locked = balance.locked;
        require(locked >= amount, InsufficientLock(account, asset, amount, locked));
        balance.locked = uint128(locked - amount);
    }

    /// @dev After the write: the guard sees the account as it would be left.
    function _requireMayWithdraw(address account) private view {
        require(!isFrozen[account], AccountFrozen(account));
        if (address(guard) != address(0)) guard.requireMayWithdraw(account);
    }
}
