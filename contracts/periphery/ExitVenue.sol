// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ConstantProductMath} from "../amm/ConstantProductMath.sol";
import {IConstantProductPair} from "../interfaces/IConstantProductPair.sol";
import {Exit} from "../interfaces/Exit.sol";
import {IStableSwap} from "../interfaces/IStableSwap.sol";

/// @dev Quoting and selling at either kind of market. What is quoted is what selling pays in the same state.
library ExitVenue {
    using SafeERC20 for IERC20;

    error VenueDoesNotTrade(address venue, address tokenIn, address tokenOut);

    function quoteDown(Exit exit, address venue, address tokenIn, address tokenOut, uint256 amount)
        internal
        view
        returns (uint256)
    {
        if (exit == Exit.Hold || amount == 0) return 0;
        if (exit == Exit.StableSwap) {
            int128 sold = _soldIndex(venue, tokenIn, tokenOut);
            return IStableSwap(venue).get_dy(sold, 1 - sold, amount);
        }
        (uint256 reserveIn, uint256 reserveOut) = reserves(venue, tokenIn, tokenOut);
        return ConstantProductMath.amountOutDown(amount, reserveIn, reserveOut);
    }

    /// @dev Sells out of this contract's balance, to this contract.
    function sell(Exit exit, address venue, address tokenIn, address tokenOut, uint256 amount)
        internal
        returns (uint256 proceeds)
    {
        if (exit == Exit.Hold || amount == 0) return 0;
        if (exit == Exit.StableSwap) {
            int128 sold = _soldIndex(venue, tokenIn, tokenOut);
            IERC20(tokenIn).forceApprove(venue, amount);
            return IStableSwap(venue).exchange(sold, 1 - sold, amount, 0);
        }
        (uint256 reserveIn, uint256 reserveOut) = reserves(venue, tokenIn, tokenOut);
        proceeds = ConstantProductMath.amountOutDown(amount, reserveIn, reserveOut);
        bool sellsToken0 = IConstantProductPair(venue).token0() == tokenIn;
        IERC20(tokenIn).safeTransfer(venue, amount);
        IConstantProductPair(venue).swap(sellsToken0 ? 0 : proceeds, sellsToken0 ? proceeds : 0, address(this), "");
    }

    function reserves(address pair, address tokenIn, address tokenOut)
        internal
        view
        returns (uint256 reserveIn, uint256 reserveOut)
    {
        address token0 = IConstantProductPair(pair).token0();
        address token1 = IConstantProductPair(pair).token1();
        (uint256 reserve0, uint256 reserve1,) = IConstantProductPair(pair).getReserves();
        if (token0 == tokenIn && token1 == tokenOut) return (reserve0, reserve1);
        if (token1 == tokenIn && token0 == tokenOut) return (reserve1, reserve0);
        revert VenueDoesNotTrade(pair, tokenIn, tokenOut);
    }

    function _soldIndex(address pool, address tokenIn, address tokenOut) private view returns (int128) {
        address coin0 = IStableSwap(pool).coins(0);
        address coin1 = IStableSwap(pool).coins(1);
        if (coin0 == tokenIn && coin1 == tokenOut) return 0;
        if (coin1 == tokenIn && coin0 == tokenOut) return 1;
        revert VenueDoesNotTrade(pool, tokenIn, tokenOut);
    }
}
