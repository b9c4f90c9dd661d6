// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ConstantProductMath} from "../../contracts/amm/ConstantProductMath.sol";
import {ConstantProductPair} from "../../contracts/amm/ConstantProductPair.sol";
import {MockERC20} from "../../contracts/tokens/MockERC20.sol";
import {PropertyTest} from "./Cheats.sol";

/// @dev A pair of any reserves from 1e6 to 1e30 units.
contract ConstantProductPairProperties is PropertyTest {
    MockERC20 private _token0;
    MockERC20 private _token1;
    ConstantProductPair private _pair;

    function setUp() public {
        _token0 = new MockERC20("A", "A", 18);
        _token1 = new MockERC20("B", "B", 18);
        _pair = new ConstantProductPair(address(_token0), address(_token1));
    }

    /// @dev The product never falls, and the quoted output is the largest that the pair pays.
    function testFuzz_swap__quoted_output__product_holds_and_one_more_fails(uint256 x, uint256 y, uint256 sold) public {
        (uint256 reserve0, uint256 reserve1) = _create(x, y);
        uint256 amountIn = _between(sold, 1, 10 * reserve0);
        uint256 out = ConstantProductMath.amountOutDown(amountIn, reserve0, reserve1);
        _token0.mint(address(_pair), amountIn);
        if (out + 1 < reserve1) {
            try _pair.swap(0, out + 1, address(this), "") {
                assert(false);
            } catch Error(string memory reason) {
                assert(keccak256(bytes(reason)) == keccak256("UniswapV2: K"));
            }
        }
        if (out == 0) return;
        _pair.swap(0, out, address(this), "");
        (uint256 after0, uint256 after1,) = _pair.getReserves();
        assert(after0 == reserve0 + amountIn && after1 == reserve1 - out);
        assert(after0 * after1 >= reserve0 * reserve1);
    }

    /// @dev Nobody gains by selling and buying back.
    function testFuzz_swap__round_trip__never_gains(uint256 x, uint256 y, uint256 sold) public {
        (uint256 reserve0, uint256 reserve1) = _create(x, y);
        uint256 amountIn = _between(sold, 1, 10 * reserve0);
        uint256 out = ConstantProductMath.amountOutDown(amountIn, reserve0, reserve1);
        uint256 back = ConstantProductMath.amountOutDown(out, reserve1 - out, reserve0 + amountIn);
        _requireAtMost("round trip", back, amountIn);
    }

    /// @dev Liquidity that comes and goes at once takes nothing from those who stay.
    function testFuzz_liquidity__in_and_out__never_gains(uint256 x, uint256 y, uint256 paid0, uint256 paid1) public {
        (uint256 reserve0, uint256 reserve1) = _create(x, y);
        uint256 amount0 = _between(paid0, reserve0 / 1000 + 1, reserve0);
        uint256 amount1 = _between(paid1, reserve1 / 1000 + 1, reserve1);
        _token0.mint(address(_pair), amount0);
        _token1.mint(address(_pair), amount1);
        uint256 minted = _pair.mint(address(_pair));
        CHEATS.assume(minted > 1000);
        (uint256 back0, uint256 back1) = _pair.burn(address(this));
        assert(back0 * reserve1 + back1 * reserve0 <= amount0 * reserve1 + amount1 * reserve0);
    }

    /// @dev The input for a growth of the reserves' ratio gives that growth, to the root's precision.
    function testFuzz_amount_in_for_growth__any_growth__reaches_it(uint256 x, uint256 y, uint256 growth) public pure {
        uint256 reserveIn = _between(x, 1e18, 1e30);
        uint256 reserveOut = _between(y, 1e18, 1e30);
        uint256 growthWad = _between(growth, 1e12, 9e18);
        uint256 amountIn = ConstantProductMath.amountInForGrowthDown(reserveIn, growthWad);
        uint256 out = ConstantProductMath.amountOutDown(amountIn, reserveIn, reserveOut);
        uint256 ratioWad = ((reserveIn + amountIn) * 1e18 / reserveIn) * reserveOut / (reserveOut - out);
        uint256 wanted = 1e18 + growthWad;
        _requireAtMost("growth", ratioWad > wanted ? ratioWad - wanted : wanted - ratioWad, 1e3);
    }

    function _create(uint256 x, uint256 y) private returns (uint256 reserve0, uint256 reserve1) {
        reserve0 = _between(x, 1e6, 1e30);
        reserve1 = _between(y, 1e6, 1e30);
        _token0.mint(address(_pair), reserve0);
        _token1.mint(address(_pair), reserve1);
        _pair.mint(address(this));
    }
}
