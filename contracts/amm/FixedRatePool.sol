// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IAaveOracle} from "../interfaces/IAaveOracle.sol";
import {IFixedRatePool} from "../interfaces/IFixedRatePool.sol";
import {IStableSwap} from "../interfaces/IStableSwap.sol";

contract FixedRatePool is IFixedRatePool {
    using SafeERC20 for IERC20;

    // --- Immutables

    IAaveOracle public immutable oracle;
    address private immutable _coin0;
    address private immutable _coin1;
    uint256 private immutable _unit0;
    uint256 private immutable _unit1;

    // --- Constructor

    constructor(address oracle_, address coin0, address coin1) {
        oracle = IAaveOracle(oracle_);
        _coin0 = coin0;
        _coin1 = coin1;
        _unit0 = 10 ** IERC20Metadata(coin0).decimals();
        _unit1 = 10 ** IERC20Metadata(coin1).decimals();
    }

    // --- Actions

    /// @inheritdoc IStableSwap
    function exchange(int128 i, int128 j, uint256 dx, uint256 min_dy) external returns (uint256) {
        return _exchange(i, j, dx, min_dy, msg.sender);
    }

    /// @inheritdoc IStableSwap
    function exchange(int128 i, int128 j, uint256 dx, uint256 min_dy, address receiver) external returns (uint256) {
        return _exchange(i, j, dx, min_dy, receiver);
    }

    // --- Views

    /// @inheritdoc IStableSwap
    function get_dy(int128 i, int128 j, uint256 dx) external view returns (uint256) {
        return _quoteDown(i, j, dx);
    }

    /// @inheritdoc IStableSwap
    function get_p(uint256 i) external view returns (uint256) {
        if (i != 0) revert InvalidCoinIndex(int128(uint128(i)), 0);
        return (oracle.getAssetPrice(_coin1) * 1e18) / oracle.getAssetPrice(_coin0);
    }

    /// @inheritdoc IStableSwap
    function coins(uint256 i) public view returns (address) {
        if (i > 1) revert InvalidCoinIndex(int128(uint128(i)), 0);
        return i == 0 ? _coin0 : _coin1;
    }

    /// @inheritdoc IStableSwap
    function balances(uint256 i) external view returns (uint256) {
        return IERC20(coins(i)).balanceOf(address(this));
    }

    // --- Internals

    function _exchange(int128 i, int128 j, uint256 dx, uint256 minDy, address receiver) private returns (uint256 dy) {
        if (dx == 0) revert ZeroAmount();

        dy = _quoteDown(i, j, dx);
        require(dy >= minDy, "Exchange resulted in fewer coins than expected");

        (address sold, address bought) = i == 0 ? (_coin0, _coin1) : (_coin1, _coin0);
        IERC20(sold).safeTransferFrom(msg.sender, address(this), dx);
        IERC20(bought).safeTransfer(receiver, dy);
        emit TokenExchange(msg.sender, i, dx, j, dy);
    }

    /// @dev dy = dx * price of the sold coin / price of the bought coin, units brought together, rounded down.
    function _quoteDown(int128 i, int128 j, uint256 dx) private view returns (uint256) {
        if (!((i == 0 && j == 1) || (i == 1 && j == 0))) revert InvalidCoinIndex(i, j);
        uint256 price0 = oracle.getAssetPrice(_coin0);
        uint256 price1 = oracle.getAssetPrice(_coin1);
        return i == 0 ? (dx * price0 * _unit1) / (price1 * _unit0) : (dx * price1 * _unit0) / (price0 * _unit1);
    }
}
