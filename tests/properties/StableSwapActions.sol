// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {StableSwapMath} from "../../contracts/amm/StableSwapMath.sol";
import {StableSwapPool} from "../../contracts/amm/StableSwapPool.sol";
import {MockERC20} from "../../contracts/tokens/MockERC20.sol";
import {PropertyTest} from "./Cheats.sol";

/// @dev Traders and providers in a pool of 6 and 18 decimals, whose A and fees are drawn anew now and then.
contract StableSwapActions is PropertyTest {
    // --- Types

    struct Share {
        uint256 invariant;
        uint256 supply;
    }

    // --- Constants

    uint256 private constant PROVIDERS = 3;

    // --- Storage

    StableSwapPool public pool;
    MockERC20[2] public coins;
    uint256[2] public donated;
    uint256[6] public timesDone;
    uint256 public worstLossUnits;

    // --- Constructor

    constructor() {
        coins = [new MockERC20("USDC", "USDC", 6), new MockERC20("USDe", "USDe", 18)];
        _create(200, 1e6, 5e10);
    }

    // --- Actions

    /// @dev One in ten starts again, with another A and other fees.
    function create(uint256 seed, uint256 a, uint256 fee, uint256 multiplier) external {
        if (seed % 10 == 0) _create(_anySize(a, 10_000), fee % 4e7, _between(multiplier, 0, 20e10));
    }

    /// @dev Turns back far out of balance: near an empty coin Newton's steps for D may circle without end.
    function exchange(uint256 seed, bool first, uint256 amount) external {
        uint256 k = first ? 0 : 1;
        Share memory before = _share();
        if (_isFarOut(k, 60)) k = 1 - k;
        uint256 sold = _anySize(amount, 2 * pool.balances(k) + 1);
        CHEATS.prank(_provider(seed));
        try pool.exchange(_i(k), _i(1 - k), sold, 0) {
            _compare(before, 0);
        } catch {}
    }

    function addLiquidity(uint256 seed, uint256 amount0, uint256 amount1) external {
        Share memory before = _share();
        uint256[] memory amounts = new uint256[](2);
        (amounts[0], amounts[1]) = (_anySize(amount0, pool.balances(0) + 1), _anySize(amount1, pool.balances(1) + 1));
        amounts[seed % 2] *= (seed >> 8) % 2;
        for (uint256 k = 0; k < 2; ++k) {
            if (_isFarOut(k, 60)) amounts[k] = 0;
        }
        CHEATS.prank(_provider(seed));
        try pool.add_liquidity(amounts, 0) {
            _compare(before, 1);
        } catch {}
    }

    function removeLiquidity(uint256 seed, uint256 amount) external {
        Share memory before = _share();
        uint256 burnt = _anySize(amount, pool.balanceOf(_provider(seed)) / 2 + 1);
        CHEATS.prank(_provider(seed));
        try pool.remove_liquidity(burnt, new uint256[](2)) {
            _compare(before, 2);
        } catch {}
    }

    /// @dev The coin of which there is less is not taken out alone.
    function removeLiquidityOneCoin(uint256 seed, bool first, uint256 amount) external {
        uint256 k = first ? 0 : 1;
        if (_isFarOut(1 - k, 4)) k = 1 - k;
        Share memory before = _share();
        uint256 burnt = _anySize(amount, pool.balanceOf(_provider(seed)) / 4 + 1);
        CHEATS.prank(_provider(seed));
        try pool.remove_liquidity_one_coin(burnt, _i(k), 0) {
            _compare(before, 3);
        } catch {}
    }

    function removeLiquidityImbalance(uint256 seed, uint256 amount0, uint256 amount1) external {
        if (_isFarOut(0, 60) || _isFarOut(1, 60)) return;
        Share memory before = _share();
        uint256[] memory amounts = new uint256[](2);
        (amounts[0], amounts[1]) = (_anySize(amount0, pool.balances(0) / 2 + 1), _anySize(amount1, pool.balances(1) / 2 + 1));
        amounts[seed % 2] *= (seed >> 8) % 2;
        CHEATS.prank(_provider(seed));
        try pool.remove_liquidity_imbalance(amounts, type(uint256).max) {
            _compare(before, 4);
        } catch {}
    }

    function withdrawAdminFees() external {
        Share memory before = _share();
        pool.withdraw_admin_fees();
        _compare(before, 5);
    }

    function donate(bool first, uint256 amount) external {
        uint256 k = first ? 0 : 1;
        uint256 given = _anySize(amount, pool.balances(k) + 1);
        coins[k].mint(address(pool), given);
        donated[k] += given;
    }

    // --- Views

    function share() external view returns (Share memory) {
        return Share(StableSwapMath.invariant(_scaledBalances(), pool.A_precise()), pool.totalSupply());
    }

    // --- Internals

    function _create(uint256 a, uint256 fee, uint256 multiplier) private {
        address[2] memory addresses = [address(coins[0]), address(coins[1])];
        pool = new StableSwapPool("LP", "LP", addresses, a, fee, multiplier, 5e9, address(0xFEE));
        donated = [uint256(0), 0];
        uint256[] memory amounts = new uint256[](2);
        (amounts[0], amounts[1]) = (10_000_000e6, 10_000_000e18);
        for (uint256 n = 0; n < PROVIDERS; ++n) {
            address provider = _provider(n);
            for (uint256 k = 0; k < 2; ++k) {
                coins[k].mint(provider, 1e12 * 10 ** coins[k].decimals());
                CHEATS.prank(provider);
                coins[k].approve(address(pool), type(uint256).max);
            }
            CHEATS.prank(provider);
            pool.add_liquidity(amounts, 0);
        }
    }

    /// @dev Notes how many units of D a share has lost: D after at the supply before, against D before.
    function _compare(Share memory before, uint256 action) private {
        ++timesDone[action];
        Share memory later = _share();
        if (before.supply == 0 || later.supply == 0) return;
        uint256 worth = later.invariant * before.supply / later.supply;
        if (worth >= before.invariant) return;
        if (before.invariant - worth > worstLossUnits) worstLossUnits = before.invariant - worth;
    }

    /// @dev Empty where Newton's steps for D circle: the worth of a share is not known there.
    function _share() private view returns (Share memory) {
        try this.share() returns (Share memory known) {
            return known;
        } catch {
            return Share(0, 0);
        }
    }

    function _isFarOut(uint256 k, uint256 times) private view returns (bool) {
        uint256[2] memory xp = _scaledBalances();
        return xp[k] > times * xp[1 - k];
    }

    function _scaledBalances() private view returns (uint256[2] memory) {
        return [pool.balances(0) * 1e12, pool.balances(1)];
    }

    function _provider(uint256 seed) private pure returns (address) {
        return address(uint160(0x9E0001 + seed % PROVIDERS));
    }

    function _i(uint256 k) private pure returns (int128) {
        return int128(uint128(k));
    }
}
