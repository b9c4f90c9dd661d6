// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {StableSwapMath} from "../../contracts/amm/StableSwapMath.sol";
import {StableSwapPool} from "../../contracts/amm/StableSwapPool.sol";
import {MockERC20} from "../../contracts/tokens/MockERC20.sol";
import {PropertyTest} from "./Cheats.sol";
import {StableSwapActions} from "./StableSwapActions.sol";

/// @dev A pool of 6 and 18 decimals in any state from 100,000 to 1 bn of USDC, up to 50 : 1 out of balance, A from 1 to 5,000.
contract StableSwapPoolProperties is PropertyTest {
    MockERC20 private _usdc;
    MockERC20 private _usde;
    StableSwapPool private _pool;

    function setUp() public {
        _usdc = new MockERC20("USDC", "USDC", 6);
        _usde = new MockERC20("USDe", "USDe", 18);
        _usdc.mint(address(this), 1e30);
        _usde.mint(address(this), 1e42);
    }

    /// @dev Nobody gains by selling and buying back.
    function testFuzz_exchange__round_trip__never_gains(uint256 a, uint256 size, uint256 skew, uint256 sold, bool first)
        public
    {
        _create(a, size, skew);
        uint256 k = first ? 0 : 1;
        uint256 dx = _between(sold, _unit(k), 2 * _pool.balances(k));
        uint256 dy = _pool.exchange(_i(k), _i(1 - k), dx, 0);
        CHEATS.assume(dy > _unit(1 - k) / 1000);
        uint256 back = _pool.exchange(_i(1 - k), _i(k), dy, 0);
        _requireAtMost("round trip", back, dx);
    }

    /// @dev A share of the pool is never worth less after a swap than before, less Newton's last units.
    function testFuzz_exchange__any_swap__virtual_price_does_not_fall(
        uint256 a,
        uint256 size,
        uint256 skew,
        uint256 sold,
        bool first
    ) public {
        _create(a, size, skew);
        uint256 before = _pool.get_virtual_price();
        uint256 k = first ? 0 : 1;
        _pool.exchange(_i(k), _i(1 - k), _between(sold, _unit(k), 2 * _pool.balances(k)), 0);
        _requireAtMost("virtual price", before, _pool.get_virtual_price() + 2);
    }

    /// @dev Every token that came in is either a balance or the administrator's.
    function testFuzz_exchange__any_swap__holdings_are_balances_and_admin_fees(
        uint256 a,
        uint256 size,
        uint256 skew,
        uint256 sold,
        bool first
    ) public {
        _create(a, size, skew);
        uint256 k = first ? 0 : 1;
        _pool.exchange(_i(k), _i(1 - k), _between(sold, _unit(k), 2 * _pool.balances(k)), 0);
        assert(_usdc.balanceOf(address(_pool)) == _pool.balances(0) + _pool.admin_balances(0));
        assert(_usde.balanceOf(address(_pool)) == _pool.balances(1) + _pool.admin_balances(1));
    }

    /// @dev Twice the sale pays no less, and no more than twice as much, but for rounding.
    function testFuzz_get_dy__larger_sale__pays_no_less_and_at_no_better_price(
        uint256 a,
        uint256 size,
        uint256 skew,
        uint256 sold,
        bool first
    ) public {
        _create(a, size, skew);
        uint256 k = first ? 0 : 1;
        uint256 dx = _between(sold, 1000 * _unit(k), _pool.balances(k));
        uint256 single = _pool.get_dy(_i(k), _i(1 - k), dx);
        uint256 double = _pool.get_dy(_i(k), _i(1 - k), 2 * dx);
        _requireAtMost("larger sale", single, double);
        _requireAtMost("its price", double, 2 * single + 10 ** 6);
    }

    /// @dev Selling lowers the price of what is sold.
    function testFuzz_get_p__after_a_sale__moves_against_the_seller(
        uint256 a,
        uint256 size,
        uint256 skew,
        uint256 sold,
        bool first
    ) public {
        _create(a, size, skew);
        uint256 before = _pool.get_p(0);
        uint256 k = first ? 0 : 1;
        _pool.exchange(_i(k), _i(1 - k), _between(sold, 10 * _unit(k), 2 * _pool.balances(k)), 0);
        if (first) _requireAtMost("price", before, _pool.get_p(0) + 10);
        else _requireAtMost("price", _pool.get_p(0), before + 10);
    }

    /// @dev Coming in with one coin and leaving with the other or the same is no free swap.
    function testFuzz_liquidity__in_and_out_by_one_coin__never_gains(
        uint256 a,
        uint256 size,
        uint256 skew,
        uint256 paid,
        bool first
    ) public {
        _create(a, size, skew);
        uint256 k = first ? 0 : 1;
        uint256[] memory amounts = new uint256[](2);
        amounts[k] = _between(paid, _unit(k), _pool.balances(k));
        uint256 minted = _pool.add_liquidity(amounts, 0);
        uint256 back = _pool.remove_liquidity_one_coin(minted, _i(k), 0);
        _requireAtMost("in and out", back, amounts[k]);
    }

    /// @dev D is homogeneous and symmetric, and between the sum and twice the geometric mean.
    function testFuzz_invariant__any_balances__bounded_and_symmetric(uint256 a, uint256 x, uint256 y) public pure {
        uint256 amp = _between(a, 1, 5000) * 100;
        uint256[2] memory xp = [_between(x, 1e21, 1e27), 0];
        xp[1] = _between(y, xp[0] / 50 + 1, xp[0] * 50);
        uint256 d = StableSwapMath.invariant(xp, amp);
        _requireAtMost("sum", d, xp[0] + xp[1] + 2);
        assert((d / 2 + 2) ** 2 >= xp[0] * xp[1]);
        uint256 swapped = StableSwapMath.invariant([xp[1], xp[0]], amp);
        _requireAtMost("symmetry", d > swapped ? d - swapped : swapped - d, 2);
    }

    /// @dev Solving for a balance at the invariant of the state gives that balance back.
    function testFuzz_balance_at_invariant__own_state__is_the_balance(uint256 a, uint256 x, uint256 y) public pure {
        uint256 amp = _between(a, 1, 5000) * 100;
        uint256[2] memory xp = [_between(x, 1e21, 1e27), 0];
        xp[1] = _between(y, xp[0] / 50 + 1, xp[0] * 50);
        uint256 solved = StableSwapMath.balanceAtInvariant(xp[0], amp, StableSwapMath.invariant(xp, amp));
        // Two units of D are up to dy/dD of them in y, which an imbalance of 50 : 1 keeps in the hundreds.
        _requireAtMost("balance", solved > xp[1] ? solved - xp[1] : xp[1] - solved, 1e4);
    }

    function _create(uint256 a, uint256 size, uint256 skew) private {
        address[2] memory coins = [address(_usdc), address(_usde)];
        _pool = new StableSwapPool("LP", "LP", coins, _between(a, 1, 5000), 1e6, 5e10, 5e9, address(1));
        _usdc.approve(address(_pool), type(uint256).max);
        _usde.approve(address(_pool), type(uint256).max);
        uint256[] memory amounts = new uint256[](2);
        amounts[0] = _between(size, 100_000e6, 1_000_000_000e6);
        amounts[1] = _between(skew, amounts[0] / 50, amounts[0] * 50) * 1e12;
        _pool.add_liquidity(amounts, 0);
    }

    function _unit(uint256 k) private pure returns (uint256) {
        return k == 0 ? 1e6 : 1e18;
    }

    function _i(uint256 k) private pure returns (int128) {
        return int128(uint128(k));
    }
}

/// @dev What holds of the pool after any sequence of actions.
contract StableSwapPoolInvariants is PropertyTest {
    /// @dev D is found to within one unit of 18 decimals from either side, before and after.
    uint256 private constant NEWTON_UNITS = 2;

    StableSwapActions private _actions;

    function setUp() public {
        _actions = new StableSwapActions();
    }

    /// @dev Read by forge: what it calls at random.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_actions);
    }

    // --- Invariants

    /// @dev One campaign for both rules, so that each is checked on each of its sequences.
    function invariant_pool__any_sequence__keeps_its_providers_whole() external view {
        _requireAtMost("D per share does not fall", _actions.worstLossUnits(), NEWTON_UNITS);
        for (uint256 k = 0; k < 2; ++k) {
            uint256 counted = _actions.pool().balances(k) + _actions.pool().admin_balances(k);
            uint256 held = _actions.coins(k).balanceOf(address(_actions.pool()));
            _requireEqual("coins are conserved", held, counted + _actions.donated(k));
        }
    }

    // --- The actions themselves

    function test_stable_swap_actions__long_fixed_sequence__each_kind_happens() external {
        for (uint256 n = 0; n < 300; ++n) {
            uint256 seed = uint256(keccak256(abi.encode(n)));
            _actions.create(n, seed, seed >> 64, seed >> 128);
            _actions.exchange(seed, n % 2 == 0, seed);
            _actions.addLiquidity(seed, seed, seed >> 1);
            _actions.removeLiquidity(seed, seed);
            _actions.removeLiquidityOneCoin(seed, n % 2 == 0, seed);
            _actions.removeLiquidityImbalance(seed, seed, seed >> 1);
        }
        for (uint256 kind = 0; kind < 5; ++kind) {
            if (_actions.timesDone(kind) == 0) revert NotAtMost("actions of a kind that did not happen", kind, 0);
        }
    }
}
