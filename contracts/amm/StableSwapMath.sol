// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @dev StableSwap (Egorov 2019, section 3) for two coins, in the integer arithmetic of Curve StableSwap-NG:
///
///     2 A (x0 + x1) + D  =  2 A D  +  D^3 / (4 x0 x1)
///
/// where A is the coefficient that Curve's contracts show, n^(n-1) = 2 times that of the paper. Balances are brought to
/// 18 decimals first (`rates`), `amp` is A times AMP_PRECISION. Each Newton step rounds down; the callers take one more
/// unit from the trader, so that the rounding is never for him.
library StableSwapMath {
    // --- Types

    struct Pool {
        uint256[2] balances;
        uint256[2] rates;
        uint256 amp;
        uint256 fee;
        uint256 offpegFeeMultiplier;
        uint256 adminFee;
    }

    /// @dev D before, D after, D after with the fees left out, and the fees in coin units.
    struct Imbalance {
        uint256 invariantBefore;
        uint256 invariantAfter;
        uint256 invariantAfterFees;
        uint256[2] fees;
    }

    error InvariantDidNotConverge();

    // --- Constants

    uint256 internal constant N_COINS = 2;
    uint256 internal constant AMP_PRECISION = 100;
    uint256 internal constant FEE_DENOMINATOR = 1e10;
    uint256 internal constant PRECISION = 1e18;
    uint256 private constant MAX_ROUNDS = 255;

    // --- Curve

    function scaledBalances(Pool memory pool) internal pure returns (uint256[2] memory) {
        return _toScaledDown(pool.balances, pool.rates);
    }

    /// @dev D for balances of 18 decimals. With P = D^3 / (4 x0 x1) and S = x0 + x1, Newton's step on the equation above is
    /// D' = D (2 A S + 2 P) / ((2 A - 1) D + 3 P).
    function invariant(uint256[2] memory xp, uint256 amp) internal pure returns (uint256 d) {
        uint256 sum = xp[0] + xp[1];
        if (sum == 0) return 0;

        uint256 ann = amp * N_COINS;
        d = sum;
        for (uint256 round; round < MAX_ROUNDS; ++round) {
            uint256 product = (((d * d) / xp[0]) * d) / xp[1] / 4;
            uint256 previous = d;
            d = (((ann * sum) / AMP_PRECISION + product * N_COINS) * d)
                / (((ann - AMP_PRECISION) * d) / AMP_PRECISION + 3 * product);
            if (_withinOne(d, previous)) return d;
        }
        revert InvariantDidNotConverge();
    }

    /// @dev The other coin's balance at invariant D when one coin's is `x`: the positive root of
    /// y^2 + (x + D / 2A - D) y = D^3 / (8 A x), again by Newton.
    function balanceAtInvariant(uint256 x, uint256 amp, uint256 d) internal pure returns (uint256 y) {
        uint256 ann = amp * N_COINS;
        uint256 c = (((d * d) / (x * N_COINS)) * d * AMP_PRECISION) / (ann * N_COINS);
        uint256 b = x + (d * AMP_PRECISION) / ann;

        y = d;
        for (uint256 round; round < MAX_ROUNDS; ++round) {
            uint256 previous = y;
            y = (y * y + c) / (2 * y + b - d);
            if (_withinOne(y, previous)) return y;
        }
        revert InvariantDidNotConverge();
    }

    /// @dev Price of coin 1 in coin 0, -dx0/dx1 along the curve: x0 (2 A x1 + P) / (x1 (2 A x0 + P)), P as in `invariant`.
    function spotPriceWad(Pool memory pool) internal pure returns (uint256) {
        uint256[2] memory xp = scaledBalances(pool);
        uint256 d = invariant(xp, pool.amp);
        uint256 product = ((((d / 4) * d) / xp[0]) * d) / xp[1];
        uint256 ann0 = (pool.amp * N_COINS * xp[0]) / AMP_PRECISION;
        return (PRECISION * (ann0 + (product * xp[0]) / xp[1])) / (ann0 + product);
    }

    /// @dev fee m / ((m - 1) 4 x y / (x + y)^2 + 1): the plain fee in balance, m times as much far from it.
    function dynamicFee(uint256 x, uint256 y, uint256 fee, uint256 offpegFeeMultiplier) internal pure returns (uint256) {
        if (offpegFeeMultiplier <= FEE_DENOMINATOR) return fee;
        uint256 sum = x + y;
        uint256 balance = ((offpegFeeMultiplier - FEE_DENOMINATOR) * 4 * x * y) / (sum * sum);
        return (offpegFeeMultiplier * fee) / (balance + FEE_DENOMINATOR);
    }

    // --- Swaps

    /// @dev What selling `dx` of coin `i` pays (`dy`), and what of the fee is the administrator's, both in the bought
    /// coin's units, rounded down.
    function quoteExchange(Pool memory pool, uint256 i, uint256 dx)
        internal
        pure
        returns (uint256 dy, uint256 adminFeeAmount)
    {
        uint256 j = 1 - i;
        uint256[2] memory xp = scaledBalances(pool);
        uint256 x = xp[i] + (dx * pool.rates[i]) / PRECISION;
        uint256 y = balanceAtInvariant(x, pool.amp, invariant(xp, pool.amp));

        uint256 gross = xp[j] - y - 1;
        uint256 rate = dynamicFee((xp[i] + x) / 2, (xp[j] + y) / 2, pool.fee, pool.offpegFeeMultiplier);
        uint256 charged = (gross * rate) / FEE_DENOMINATOR;

        dy = ((gross - charged) * PRECISION) / pool.rates[j];
        adminFeeAmount = (((charged * pool.adminFee) / FEE_DENOMINATOR) * PRECISION) / pool.rates[j];
    }

    /// @dev StableSwap-NG's inverse: the fee is that of the state before the swap, so a large swap that buys exactly
    /// `dy` needs slightly more.
    function quoteInput(Pool memory pool, uint256 i, uint256 dy) internal pure returns (uint256) {
        uint256 j = 1 - i;
        uint256[2] memory xp = scaledBalances(pool);
        uint256 rate = dynamicFee(xp[i], xp[j], pool.fee, pool.offpegFeeMultiplier);
        uint256 gross = (((dy * pool.rates[j]) / PRECISION + 1) * FEE_DENOMINATOR) / (FEE_DENOMINATOR - rate);
        uint256 x = balanceAtInvariant(xp[j] - gross, pool.amp, invariant(xp, pool.amp));
        return ((x - xp[i]) * PRECISION) / pool.rates[i];
    }

    // --- Liquidity

    /// @dev A change of balances that is not proportional. Each coin pays the fee on its distance from what a proportional
    /// change would have left; half the swap fee, as such a change swaps half of what it moves.
    function quoteImbalance(Pool memory pool, uint256[2] memory newBalances)
        internal
        pure
        returns (Imbalance memory change)
    {
        change.invariantBefore = invariant(scaledBalances(pool), pool.amp);
        change.invariantAfter = invariant(_toScaledDown(newBalances, pool.rates), pool.amp);

        uint256[2] memory kept;
        for (uint256 k; k < N_COINS; ++k) {
            change.fees[k] = _imbalanceFeeDown(pool, change, newBalances[k], k);
            kept[k] = newBalances[k] - change.fees[k];
        }
        change.invariantAfterFees = invariant(_toScaledDown(kept, pool.rates), pool.amp);
    }

    /// @dev What burning `burnAmount` of `supply` LP tokens pays in coin `i` (`dy`), and the fee in it, in coin units.
    function quoteWithdrawOne(Pool memory pool, uint256 burnAmount, uint256 supply, uint256 i)
        internal
        pure
        returns (uint256 dy, uint256 feeAmount)
    {
        uint256[2] memory xp = scaledBalances(pool);
        uint256 d0 = invariant(xp, pool.amp);
        uint256 d1 = d0 - (burnAmount * d0) / supply;
        uint256 y = balanceAtInvariant(xp[1 - i], pool.amp, d1);

        uint256[2] memory reduced = _reducedByFee(pool, xp, [d0, d1, y], i);
        uint256 net = reduced[i] - balanceAtInvariant(reduced[1 - i], pool.amp, d1);
        dy = ((net - 1) * PRECISION) / pool.rates[i];
        feeAmount = ((xp[i] - y) * PRECISION) / pool.rates[i] - dy;
    }

    // --- Internals

    /// @dev `state` is D before, D after and the withdrawn coin's balance after, without fees.
    function _reducedByFee(Pool memory pool, uint256[2] memory xp, uint256[3] memory state, uint256 i)
        private
        pure
        returns (uint256[2] memory reduced)
    {
        uint256 baseFee = _imbalanceFee(pool.fee);
        for (uint256 k; k < N_COINS; ++k) {
            uint256 ideal = (xp[k] * state[1]) / state[0];
            uint256 difference = k == i ? ideal - state[2] : xp[k] - ideal;
            uint256 average = k == i ? (xp[k] + state[2]) / 2 : xp[k];
            uint256 rate = dynamicFee(average, (state[0] + state[1]) / 4, baseFee, pool.offpegFeeMultiplier);
            reduced[k] = xp[k] - (rate * difference) / FEE_DENOMINATOR;
        }
    }

    function _imbalanceFeeDown(Pool memory pool, Imbalance memory change, uint256 newBalance, uint256 k)
        private
        pure
        returns (uint256)
    {
        uint256 ideal = (change.invariantAfter * pool.balances[k]) / change.invariantBefore;
        uint256 difference = ideal > newBalance ? ideal - newBalance : newBalance - ideal;
        uint256 x = (pool.rates[k] * (pool.balances[k] + newBalance)) / PRECISION;
        uint256 y = (change.invariantBefore + change.invariantAfter) / N_COINS;
        return (dynamicFee(x, y, _imbalanceFee(pool.fee), pool.offpegFeeMultiplier) * difference) / FEE_DENOMINATOR;
    }

    /// @dev N / (4 (N - 1)) of the swap fee: half of it for two coins.
    function _imbalanceFee(uint256 fee) private pure returns (uint256) {
        return (fee * N_COINS) / (4 * (N_COINS - 1));
    }

    function _toScaledDown(uint256[2] memory amounts, uint256[2] memory rates)
        private
        pure
        returns (uint256[2] memory xp)
    {
        xp[0] = (rates[0] * amounts[0]) / PRECISION;
        xp[1] = (rates[1] * amounts[1]) / PRECISION;
    }

    function _withinOne(uint256 a, uint256 b) private pure returns (bool) {
        return a > b ? a - b <= 1 : b - a <= 1;
    }
}
