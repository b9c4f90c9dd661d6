// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IPoolErrors} from "../interfaces/IPoolErrors.sol";
import {IScaledBalanceToken} from "../interfaces/IScaledBalanceToken.sol";

/// @dev Scaled balances and their events. What a scaled balance is worth, and how that rounds, is the heir's.
abstract contract ScaledBalanceToken is IScaledBalanceToken, IPoolErrors {
    using SafeCast for uint256;

    // --- Types

    struct Holder {
        uint128 scaledBalance;
        uint128 lastIndex;
    }

    // --- Immutables

    address public immutable POOL;
    address public immutable UNDERLYING_ASSET_ADDRESS;
    uint8 private immutable _decimals;

    // --- Storage

    string private _name;
    string private _symbol;
    uint256 private _scaledTotalSupply;
    mapping(address => Holder) private _holders;

    // --- Constructor

    constructor(address pool, address underlying, string memory name_, string memory symbol_) {
        POOL = pool;
        UNDERLYING_ASSET_ADDRESS = underlying;
        _decimals = IERC20Metadata(underlying).decimals();
        _name = name_;
        _symbol = symbol_;
    }

    modifier onlyPool() {
        require(msg.sender == POOL, CallerMustBePool());
        _;
    }

    // --- Views

    function name() external view returns (string memory) {
        return _name;
    }

    function symbol() external view returns (string memory) {
        return _symbol;
    }

    function decimals() external view returns (uint8) {
        return _decimals;
    }

    function balanceOf(address user) external view returns (uint256) {
        return _toBalance(_holders[user].scaledBalance, _index());
    }

    function totalSupply() external view returns (uint256) {
        return _toBalance(_scaledTotalSupply, _index());
    }

    /// @inheritdoc IScaledBalanceToken
    function scaledBalanceOf(address user) public view returns (uint256) {
        return _holders[user].scaledBalance;
    }

    /// @inheritdoc IScaledBalanceToken
    function scaledTotalSupply() public view returns (uint256) {
        return _scaledTotalSupply;
    }

    /// @inheritdoc IScaledBalanceToken
    function getScaledUserBalanceAndSupply(address user) external view returns (uint256, uint256) {
        return (_holders[user].scaledBalance, _scaledTotalSupply);
    }

    /// @inheritdoc IScaledBalanceToken
    function getPreviousIndex(address user) external view returns (uint256) {
        return _holders[user].lastIndex;
    }

    // --- Internals

    /// @dev The pool's index for this token, at the current time.
    function _index() internal view virtual returns (uint256);

    function _toBalance(uint256 scaled, uint256 index) internal pure virtual returns (uint256);

    /// @return Whether the holder had nothing before
    function _mintScaled(address caller, address user, uint256 scaledAmount, uint256 index) internal returns (bool) {
        require(scaledAmount != 0, InvalidMintAmount());

        (uint256 scaledBefore, uint256 balanceBefore, uint256 interest) = _sync(user, index);
        uint256 balanceAfter = _toBalance(scaledBefore + scaledAmount, index);

        _holders[user].scaledBalance = (scaledBefore + scaledAmount).toUint128();
        _scaledTotalSupply += scaledAmount;

        emit IERC20.Transfer(address(0), user, balanceAfter - balanceBefore);
        emit Mint(caller, user, balanceAfter - balanceBefore, interest, index);

        return scaledBefore == 0;
    }

    /// @dev Where more interest came in than is burnt, the balance has grown since the last event, and the event is a Mint.
    /// @return Whether nothing is left
    function _burnScaled(address user, address target, uint256 scaledAmount, uint256 index) internal returns (bool) {
        require(scaledAmount != 0, InvalidBurnAmount());

        (uint256 scaledBefore, uint256 balanceBefore, uint256 interest) = _sync(user, index);
        uint256 balanceAfter = _toBalance(scaledBefore - scaledAmount, index);

        _holders[user].scaledBalance = (scaledBefore - scaledAmount).toUint128();
        _scaledTotalSupply -= scaledAmount;

        if (balanceAfter > balanceBefore) {
            emit IERC20.Transfer(address(0), user, balanceAfter - balanceBefore);
            emit Mint(user, user, balanceAfter - balanceBefore, interest, index);
        } else {
            emit IERC20.Transfer(user, address(0), balanceBefore - balanceAfter);
            emit Burn(user, target, balanceBefore - balanceAfter, interest, index);
        }

        return scaledBefore == scaledAmount;
    }

    function _moveScaled(address from, address to, uint256 amount, uint256 scaledAmount, uint256 index) internal {
        _syncWithEvents(from, index);
        if (from != to) _syncWithEvents(to, index);

        _holders[from].scaledBalance -= scaledAmount.toUint128();
        _holders[to].scaledBalance += scaledAmount.toUint128();

        emit IERC20.Transfer(from, to, amount);
    }

    /// @dev Notes the index, and returns the balance at the last event and the interest since.
    function _sync(address user, uint256 index) private returns (uint256 scaledBalance, uint256 balanceBefore, uint256 interest) {
        Holder storage holder = _holders[user];
        scaledBalance = holder.scaledBalance;
        balanceBefore = _toBalance(scaledBalance, holder.lastIndex);
        interest = _toBalance(scaledBalance, index) - balanceBefore;

        holder.lastIndex = index.toUint128();
    }

    function _syncWithEvents(address user, uint256 index) private {
        (,, uint256 interest) = _sync(user, index);
        if (interest == 0) return;

        emit IERC20.Transfer(address(0), user, interest);
        emit Mint(msg.sender, user, interest, interest, index);
    }
}
