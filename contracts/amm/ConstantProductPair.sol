// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IConstantProductCallee, IConstantProductPair} from "../interfaces/IConstantProductPair.sol";
import {ConstantProductMath} from "./ConstantProductMath.sol";

contract ConstantProductPair is IConstantProductPair, ERC20 {
    using SafeERC20 for IERC20;

    // --- Constants

    uint256 public constant MINIMUM_LIQUIDITY = 1000;
    address private constant LOCKED = 0x000000000000000000000000000000000000dEaD;

    // --- Immutables

    address public immutable token0;
    address public immutable token1;

    // --- Storage

    uint112 private _reserve0;
    uint112 private _reserve1;
    uint32 private _blockTimestampLast;
    uint256 public price0CumulativeLast;
    uint256 public price1CumulativeLast;
    bool private transient _locked;

    modifier lock() {
        require(!_locked, "UniswapV2: LOCKED");
        _locked = true;
        _;
        _locked = false;
    }

    // --- Constructor

    constructor(address token0_, address token1_) ERC20("Uniswap V2", "UNI-V2") {
        require(token0_ != token1_, "UniswapV2: IDENTICAL_ADDRESSES");
        token0 = token0_;
        token1 = token1_;
    }

    // --- Actions

    /// @inheritdoc IConstantProductPair
    function mint(address to) external lock returns (uint256 liquidity) {
        (uint256 reserve0, uint256 reserve1) = (_reserve0, _reserve1);
        (uint256 balance0, uint256 balance1) = _held();
        uint256 amount0 = balance0 - reserve0;
        uint256 amount1 = balance1 - reserve1;

        uint256 supply = totalSupply();
        if (supply == 0) {
            liquidity = Math.sqrt(amount0 * amount1) - MINIMUM_LIQUIDITY;
            _mint(LOCKED, MINIMUM_LIQUIDITY);
        } else {
            liquidity = Math.min((amount0 * supply) / reserve0, (amount1 * supply) / reserve1);
        }
        require(liquidity > 0, "UniswapV2: INSUFFICIENT_LIQUIDITY_MINTED");

        _mint(to, liquidity);
        _sync(balance0, balance1);
        emit Mint(msg.sender, amount0, amount1);
    }

    /// @inheritdoc IConstantProductPair
    function burn(address to) external lock returns (uint256 amount0, uint256 amount1) {
        (uint256 balance0, uint256 balance1) = _held();
        uint256 liquidity = balanceOf(address(this));
        uint256 supply = totalSupply();

        amount0 = (liquidity * balance0) / supply;
        amount1 = (liquidity * balance1) / supply;
        require(amount0 > 0 && amount1 > 0, "UniswapV2: INSUFFICIENT_LIQUIDITY_BURNED");

        _burn(address(this), liquidity);
        IERC20(token0).safeTransfer(to, amount0);
        IERC20(token1).safeTransfer(to, amount1);
        _syncToHeld();
        emit Burn(msg.sender, amount0, amount1, to);
    }

    /// @inheritdoc IConstantProductPair
    function swap(uint256 amount0Out, uint256 amount1Out, address to, bytes calldata data) external lock {
        require(amount0Out > 0 || amount1Out > 0, "UniswapV2: INSUFFICIENT_OUTPUT_AMOUNT");
        (uint256 reserve0, uint256 reserve1) = (_reserve0, _reserve1);
        require(amount0Out < reserve0 && amount1Out < reserve1, "UniswapV2: INSUFFICIENT_LIQUIDITY");
        require(to != token0 && to != token1, "UniswapV2: INVALID_TO");

        if (amount0Out > 0) IERC20(token0).safeTransfer(to, amount0Out);
        if (amount1Out > 0) IERC20(token1).safeTransfer(to, amount1Out);
        if (data.length > 0) IConstantProductCallee(to).uniswapV2Call(msg.sender, amount0Out, amount1Out, data);

        uint256[2] memory balances;
        uint256[2] memory amountsIn;
        (balances[0], balances[1]) = _held();
        amountsIn[0] = _excess(balances[0], reserve0 - amount0Out);
        amountsIn[1] = _excess(balances[1], reserve1 - amount1Out);
        require(amountsIn[0] > 0 || amountsIn[1] > 0, "UniswapV2: INSUFFICIENT_INPUT_AMOUNT");
        require(ConstantProductMath.holdsProduct(balances, amountsIn, reserve0, reserve1), "UniswapV2: K");

        _sync(balances[0], balances[1]);
        emit Swap(msg.sender, amountsIn[0], amountsIn[1], amount0Out, amount1Out, to);
    }

    /// @inheritdoc IConstantProductPair
    function skim(address to) external lock {
        (uint256 balance0, uint256 balance1) = _held();
        IERC20(token0).safeTransfer(to, balance0 - _reserve0);
        IERC20(token1).safeTransfer(to, balance1 - _reserve1);
    }

    /// @inheritdoc IConstantProductPair
    function sync() external lock {
        _syncToHeld();
    }

    // --- Views

    /// @inheritdoc IConstantProductPair
    function getReserves() external view returns (uint112, uint112, uint32) {
        return (_reserve0, _reserve1, _blockTimestampLast);
    }

    // --- Internals

    /// @dev The cumulative prices take the reserves that stood until now, and wrap on purpose: readers use differences.
    function _sync(uint256 balance0, uint256 balance1) private {
        require(balance0 <= type(uint112).max && balance1 <= type(uint112).max, "UniswapV2: OVERFLOW");

        uint32 timestamp = uint32(block.timestamp);
        unchecked {
            uint32 elapsed = timestamp - _blockTimestampLast;
            if (elapsed > 0 && _reserve0 != 0 && _reserve1 != 0) {
                price0CumulativeLast += ((uint256(_reserve1) << 112) / _reserve0) * elapsed;
                price1CumulativeLast += ((uint256(_reserve0) << 112) / _reserve1) * elapsed;
            }
        }

        _reserve0 = uint112(balance0);
        _reserve1 = uint112(balance1);
        _blockTimestampLast = timestamp;
        emit Sync(uint112(balance0), uint112(balance1));
    }

    function _syncToHeld() private {
        (uint256 balance0, uint256 balance1) = _held();
        _sync(balance0, balance1);
    }

    function _held() private view returns (uint256, uint256) {
        return (IERC20(token0).balanceOf(address(this)), IERC20(token1).balanceOf(address(this)));
    }

    function _excess(uint256 held, uint256 owed) private pure returns (uint256) {
        return held > owed ? held - owed : 0;
    }
}
