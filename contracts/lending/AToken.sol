// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IAToken} from "../interfaces/IAToken.sol";
import {IPool} from "../interfaces/IPool.sol";
import {ScaledBalanceToken} from "./ScaledBalanceToken.sol";
import {ScaledMath} from "./ScaledMath.sol";

contract AToken is ScaledBalanceToken, IAToken, IERC20Errors {
    using SafeERC20 for IERC20;
    using ScaledMath for uint256;

    // --- Immutables

    address public immutable RESERVE_TREASURY_ADDRESS;

    // --- Storage

    /// @inheritdoc IERC20
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    // --- Constructor

    constructor(address pool, address treasury, address underlying, string memory name_, string memory symbol_)
        ScaledBalanceToken(pool, underlying, name_, symbol_)
    {
        RESERVE_TREASURY_ADDRESS = treasury;
    }

    // --- Actions

    /// @inheritdoc IERC20
    function approve(address spender, uint256 amount) external returns (bool) {
        allowance[msg.sender][spender] = amount;
        emit Approval(msg.sender, spender, amount);

        return true;
    }

    /// @inheritdoc IERC20
    function transfer(address to, uint256 amount) external returns (bool) {
        _transfer(msg.sender, to, amount);

        return true;
    }

    /// @inheritdoc IERC20
    function transferFrom(address from, address to, uint256 amount) external returns (bool) {
        uint256 allowed = allowance[from][msg.sender];
        require(allowed >= amount, ERC20InsufficientAllowance(msg.sender, allowed, amount));

        if (allowed != type(uint256).max) allowance[from][msg.sender] = allowed - amount;
        _transfer(from, to, amount);

        return true;
    }

    // --- Actions, for the pool only

    /// @inheritdoc IAToken
    function mint(address caller, address onBehalfOf, uint256 scaledAmount, uint256 index) external onlyPool returns (bool) {
        return _mintScaled(caller, onBehalfOf, scaledAmount, index);
    }

    /// @inheritdoc IAToken
    function burn(address from, address receiverOfUnderlying, uint256 amount, uint256 scaledAmount, uint256 index)
        external
        onlyPool
        returns (bool nothingLeft)
    {
        nothingLeft = _burnScaled(from, receiverOfUnderlying, scaledAmount, index);

        if (receiverOfUnderlying != address(this)) IERC20(UNDERLYING_ASSET_ADDRESS).safeTransfer(receiverOfUnderlying, amount);
    }

    /// @inheritdoc IAToken
    function mintToTreasury(uint256 scaledAmount, uint256 index) external onlyPool {
        _mintScaled(POOL, RESERVE_TREASURY_ADDRESS, scaledAmount, index);
    }

    /// @inheritdoc IAToken
    function transferOnLiquidation(address from, address to, uint256 amount, uint256 scaledAmount, uint256 index) external onlyPool {
        _moveScaled(from, to, amount, scaledAmount, index);

        emit BalanceTransfer(from, to, scaledAmount, index);
    }

    /// @inheritdoc IAToken
    function transferUnderlyingTo(address target, uint256 amount) external onlyPool {
        IERC20(UNDERLYING_ASSET_ADDRESS).safeTransfer(target, amount);
    }

    // --- Internals

    function _transfer(address from, address to, uint256 amount) private {
        require(to != address(0), ERC20InvalidReceiver(to));

        uint256 index = _index();
        uint256 scaledAmount = amount.toScaledUp(index);
        uint256 scaledBefore = scaledBalanceOf(from);

        _moveScaled(from, to, amount, scaledAmount, index);
        emit BalanceTransfer(from, to, scaledAmount, index);

        IPool(POOL).finalizeTransfer(UNDERLYING_ASSET_ADDRESS, from, to, scaledAmount, scaledBefore);
    }

    function _index() internal view override returns (uint256) {
        return IPool(POOL).getReserveNormalizedIncome(UNDERLYING_ASSET_ADDRESS);
    }

    function _toBalance(uint256 scaled, uint256 index) internal pure override returns (uint256) {
        return scaled.toBalanceDown(index);
    }
}
