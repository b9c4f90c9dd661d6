// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ConstantProductMath} from "../amm/ConstantProductMath.sol";
import {StableSwapMath} from "../amm/StableSwapMath.sol";
import {Exit} from "../interfaces/Exit.sol";
import {IConstantProductPair} from "../interfaces/IConstantProductPair.sol";
import {ILens} from "../interfaces/ILens.sol";
import {IStableSwapPool} from "../interfaces/IStableSwapPool.sol";
import {ExitVenue} from "./ExitVenue.sol";

abstract contract MarketLens is ILens {
    using StableSwapMath for StableSwapMath.Pool;

    // --- Types

    /// @dev Of a token and the pair's other one: reserves and one whole token, in token units.
    struct Pair {
        address other;
        uint256 reserve;
        uint256 reserveOther;
        uint256 unit;
        uint256 unitOther;
    }

    /// @dev Two trades around the one that reaches a price, and how far the price after each is from it.
    struct Bracket {
        uint256 short;
        uint256 reaching;
        uint256 lacking;
        uint256 excess;
    }

    // --- Constants

    uint256 private constant BPS = 100_00;
    uint256 private constant PRICE_TOLERANCE = 1e6;
    uint256 private constant MAX_DOUBLINGS = 48;
    uint256 private constant GROWTH = 4;
    uint256 private constant MAX_GROWTHS = 24;
    uint256 private constant TRADE_PRECISION = 1e9;

    // --- Views

    /// @inheritdoc ILens
    function quoteCumulative(
        address venue,
        Exit exitKind,
        address tokenIn,
        address tokenOut,
        uint256[] calldata amounts
    ) external view returns (uint256[] memory proceeds) {
        proceeds = new uint256[](amounts.length);
        uint256 sum;
        for (uint256 k; k < amounts.length; ++k) {
            sum += amounts[k];
            proceeds[k] = ExitVenue.quoteDown(exitKind, venue, tokenIn, tokenOut, sum);
        }
    }

    /// @inheritdoc ILens
    function stableSwapTradeToPrice(address pool, uint256 targetPriceWad)
        external
        view
        returns (int128 i, int128 j, uint256 dx)
    {
        StableSwapMath.Pool memory state = _read(pool);
        uint256 sold;
        (sold, dx) = _stableSwapTrade(state, state.spotPriceWad(), targetPriceWad);
        (i, j) = sold == 1 ? (int128(1), int128(0)) : (int128(0), int128(1));
    }

    /// @inheritdoc ILens
    function stableSwapTradesToPrices(address pool, uint256[] calldata targetPricesWad)
        external
        view
        returns (uint256[] memory words)
    {
        StableSwapMath.Pool memory state = _read(pool);
        uint256 priceWad = state.spotPriceWad();
        words = new uint256[](2 * targetPricesWad.length);
        for (uint256 k; k < targetPricesWad.length; ++k) {
            (words[2 * k], words[2 * k + 1]) = _stableSwapTrade(state, priceWad, targetPricesWad[k]);
        }
    }

    /// @inheritdoc ILens
    function stableSwapState(address pool) external view returns (uint256[] memory words) {
        StableSwapMath.Pool memory state = _read(pool);
        words = new uint256[](8);
        (words[0], words[1], words[2], words[3]) = (state.balances[0], state.balances[1], state.rates[0], state.rates[1]);
        (words[4], words[5]) = (state.amp, state.fee);
        (words[6], words[7]) = (state.offpegFeeMultiplier, state.adminFee);
    }

    /// @inheritdoc ILens
    function stableSwapDepth(address pool, uint256[] calldata bps) external view returns (uint256[] memory words) {
        StableSwapMath.Pool memory state = _read(pool);
        uint256 priceWad = state.spotPriceWad();
        words = new uint256[](2 * bps.length);
        for (uint256 k; k < bps.length; ++k) {
            if (bps[k] >= BPS) revert DistanceTooLarge(bps[k]);
            if (bps[k] == 0) continue;
            words[2 * k] = _tradeToPriceUp(state, 1, (priceWad * (BPS - bps[k])) / BPS);
            uint256 paid = _tradeToPriceUp(state, 0, (priceWad * (BPS + bps[k])) / BPS);
            (words[2 * k + 1],) = state.quoteExchange(0, paid);
        }
    }

    /// @inheritdoc ILens
    function constantProductDepth(address pair, address token, uint256[] calldata bps)
        external
        view
        returns (uint256[] memory words)
    {
        address token0 = IConstantProductPair(pair).token0();
        address other = token == token0 ? IConstantProductPair(pair).token1() : token0;
        (uint256 reserve, uint256 reserveOther) = ExitVenue.reserves(pair, token, other);
        words = new uint256[](2 * bps.length);
        for (uint256 k; k < bps.length; ++k) {
            if (bps[k] >= BPS) revert DistanceTooLarge(bps[k]);
            uint256 growthWad = (bps[k] * 1e18) / (BPS - bps[k]);
            words[2 * k] = ConstantProductMath.amountInForGrowthDown(reserve, growthWad);
            uint256 paid = ConstantProductMath.amountInForGrowthDown(reserveOther, (bps[k] * 1e18) / BPS);
            words[2 * k + 1] = ConstantProductMath.amountOutDown(paid, reserveOther, reserve);
        }
    }

    /// @inheritdoc ILens
    function constantProductSpotPriceWad(address pair, address token) external view returns (uint256) {
        return _spotPriceWadDown(_readPair(pair, token));
    }

    /// @inheritdoc ILens
    function constantProductTradeToPrice(address pair, address token, uint256 targetPriceWad)
        external
        view
        returns (address tokenToSell, uint256 amount)
    {
        Pair memory state = _readPair(pair, token);
        uint256 priceWad = _spotPriceWadDown(state);
        bool lowers = priceWad > targetPriceWad;
        tokenToSell = lowers ? token : state.other;
        if (_isApart(priceWad, targetPriceWad)) amount = _pairTradeToPriceUp(state, lowers, targetPriceWad);
    }

    // --- Internals: both kinds

    function _isApart(uint256 priceWad, uint256 targetPriceWad) private pure returns (bool) {
        uint256 distance = priceWad > targetPriceWad ? priceWad - targetPriceWad : targetPriceWad - priceWad;
        return distance * PRICE_TOLERANCE > targetPriceWad;
    }

    // --- Internals: stable pool

    function _stableSwapTrade(StableSwapMath.Pool memory state, uint256 priceWad, uint256 targetPriceWad)
        private
        pure
        returns (uint256 sold, uint256 dx)
    {
        sold = priceWad > targetPriceWad ? 1 : 0;
        if (_isApart(priceWad, targetPriceWad)) dx = _tradeToPriceUp(state, sold, targetPriceWad);
    }

    function _read(address pool) private view returns (StableSwapMath.Pool memory state) {
        uint256[] memory held = IStableSwapPool(pool).get_balances();
        uint256[] memory rates = IStableSwapPool(pool).stored_rates();
        state.balances = [held[0], held[1]];
        state.rates = [rates[0], rates[1]];
        state.amp = IStableSwapPool(pool).A_precision();
        state.fee = IStableSwapPool(pool).fee();
        state.offpegFeeMultiplier = IStableSwapPool(pool).offpeg_fee_multiplier();
        state.adminFee = IStableSwapPool(pool).admin_fee();
    }

    /// @dev A trade that reaches the target, of which a billionth less does not. Trades grow until one is past it; then the
    /// secant of both ends, with the value of an end that stays put halved (the Illinois rule), narrows them. Each guess
    /// keeps a little distance from both ends, so that the last two lie on either side.
    function _tradeToPriceUp(StableSwapMath.Pool memory state, uint256 sold, uint256 targetPriceWad)
        private
        pure
        returns (uint256 reaching)
    {
        Bracket memory ends;
        (, ends.lacking) = _past(state.spotPriceWad(), sold, targetPriceWad);
        ends.reaching = state.balances[sold] / 1000 + 1;
        bool isPast;
        (isPast, ends.excess) = _pastAfter(state, sold, ends.reaching, targetPriceWad);
        for (uint256 k; !isPast; ++k) {
            if (k == MAX_GROWTHS) revert PriceOutOfReach(targetPriceWad);
            (ends.short, ends.lacking) = (ends.reaching, ends.excess);
            ends.reaching *= GROWTH;
            (isPast, ends.excess) = _pastAfter(state, sold, ends.reaching, targetPriceWad);
        }

        bool wasPast;
        for (uint256 k; ends.reaching - ends.short > ends.reaching / TRADE_PRECISION + 1; ++k) {
            uint256 middle = _between(ends);
            uint256 distance;
            (isPast, distance) = _pastAfter(state, sold, middle, targetPriceWad);
            if (isPast) {
                (ends.reaching, ends.excess) = (middle, distance);
                if (k != 0 && wasPast) ends.lacking /= 2;
            } else {
                (ends.short, ends.lacking) = (middle, distance);
                if (k != 0 && !wasPast) ends.excess /= 2;
            }
            wasPast = isPast;
        }
        return ends.reaching;
    }

    function _between(Bracket memory ends) private pure returns (uint256) {
        uint256 width = ends.reaching - ends.short;
        uint256 edge = ends.reaching / (2 * TRADE_PRECISION) + 1;
        if (width <= 2 * edge || ends.lacking + ends.excess == 0) return ends.short + width / 2;
        uint256 guess = ends.short + Math.mulDiv(width, ends.lacking, ends.lacking + ends.excess);
        return Math.min(Math.max(guess, ends.short + edge), ends.reaching - edge);
    }

    /// @dev A trade that takes the last unit out is past any price.
    function _pastAfter(StableSwapMath.Pool memory state, uint256 sold, uint256 dx, uint256 targetPriceWad)
        private
        pure
        returns (bool isPast, uint256 distance)
    {
        (uint256 dy, uint256 adminFeeAmount) = state.quoteExchange(sold, dx);
        StableSwapMath.Pool memory traded = StableSwapMath.Pool({
            balances: state.balances,
            rates: state.rates,
            amp: state.amp,
            fee: state.fee,
            offpegFeeMultiplier: state.offpegFeeMultiplier,
            adminFee: state.adminFee
        });
        uint256 left = state.balances[1 - sold] - dy - adminFeeAmount;
        if (left == 0) return (true, targetPriceWad);

        traded.balances = sold == 0 ? [state.balances[0] + dx, left] : [left, state.balances[1] + dx];
        return _past(traded.spotPriceWad(), sold, targetPriceWad);
    }

    function _past(uint256 priceWad, uint256 sold, uint256 targetPriceWad)
        private
        pure
        returns (bool isPast, uint256 distance)
    {
        isPast = sold == 0 ? priceWad >= targetPriceWad : priceWad <= targetPriceWad;
        distance = priceWad > targetPriceWad ? priceWad - targetPriceWad : targetPriceWad - priceWad;
    }

    // --- Internals: pair

    function _readPair(address pair, address token) private view returns (Pair memory state) {
        address token0 = IConstantProductPair(pair).token0();
        state.other = token == token0 ? IConstantProductPair(pair).token1() : token0;
        (state.reserve, state.reserveOther) = ExitVenue.reserves(pair, token, state.other);
        state.unit = 10 ** IERC20Metadata(token).decimals();
        state.unitOther = 10 ** IERC20Metadata(state.other).decimals();
    }

    function _spotPriceWadDown(Pair memory state) private pure returns (uint256) {
        return Math.mulDiv(state.reserveOther * 1e18, state.unit, state.reserve * state.unitOther);
    }

    /// @dev The root in closed form is short by its own rounding, so this searches as the stable pool's does.
    function _pairTradeToPriceUp(Pair memory state, bool lowers, uint256 targetPriceWad)
        private
        pure
        returns (uint256 reaching)
    {
        uint256 short = 0;
        reaching = (lowers ? state.reserve : state.reserveOther) / 1000 + 1;
        for (uint256 k; !_pairReaches(state, lowers, reaching, targetPriceWad); ++k) {
            if (k == MAX_DOUBLINGS) revert PriceOutOfReach(targetPriceWad);
            short = reaching;
            reaching *= 2;
        }
        while (reaching - short > 1) {
            uint256 middle = (short + reaching) / 2;
            if (_pairReaches(state, lowers, middle, targetPriceWad)) reaching = middle;
            else short = middle;
        }
    }

    function _pairReaches(Pair memory state, bool lowers, uint256 amount, uint256 targetPriceWad)
        private
        pure
        returns (bool)
    {
        Pair memory traded = Pair(state.other, state.reserve, state.reserveOther, state.unit, state.unitOther);
        if (lowers) {
            traded.reserve += amount;
            traded.reserveOther -= ConstantProductMath.amountOutDown(amount, state.reserve, state.reserveOther);
            return _spotPriceWadDown(traded) <= targetPriceWad;
        }
        traded.reserveOther += amount;
        traded.reserve -= ConstantProductMath.amountOutDown(amount, state.reserveOther, state.reserve);
        return _spotPriceWadDown(traded) >= targetPriceWad;
    }
}
