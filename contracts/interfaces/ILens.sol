// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Exit} from "./Exit.sol";

/// @title ILens
/// @notice Reads for `eth_call`: thousands of positions or quotes in one answer, packed in `uint256[]` so that a caller
/// decodes by slices. Public views only, so it reads Aave V3.6 and Curve StableSwap-NG themselves.
interface ILens {
    /// @notice The target price is further than a sensible trade reaches.
    error PriceOutOfReach(uint256 targetPriceWad);

    /// @notice Fall of a price of 100 % or more.
    error DistanceTooLarge(uint256 bps);

    /// @notice Eight words a user: collateral balance and debt balance in this pair of reserves (asset units), then what
    /// `getUserAccountData` says: total collateral, total debt, available borrows (dollars, 8 decimals), liquidation
    /// threshold, LTV (bps), health factor (wad).
    function positions(address pool, address collateralAsset, address debtAsset, address[] calldata users)
        external
        view
        returns (uint256[] memory);

    /// @notice Five words a user, for accounts watched in numbers: collateral balance and debt balance in this pair of
    /// reserves (asset units), total collateral and total debt (dollars, 8 decimals) and health factor (wad), equal to what
    /// `positions` says. Where the oracle refuses a price of the pair, the values are 0 and the health factor is the
    /// maximum: nobody can be liquidated then.
    function accounts(address pool, address collateralAsset, address debtAsset, address[] calldata users)
        external
        view
        returns (uint256[] memory);

    /// @notice Token balances, all tokens of the first user, then of the second.
    function balances(address[] calldata tokens, address[] calldata users) external view returns (uint256[] memory);

    /// @notice Oracle prices, dollars, 8 decimals; 0 where the oracle reverts.
    function prices(address oracle, address[] calldata assets) external view returns (uint256[] memory);

    /// @notice Ten words a user: health factor (wad), debt balance, collateral balance, debt to cover (the most that
    /// `liquidationCall` accepts, 0 if nothing), collateral the liquidator gets, protocol's fee (asset units), bonus with
    /// the principal and close factor (bps; 0 while the health factor is 1 or more), total debt (dollars, 8 decimals), and
    /// 1 if no collateral would be left.
    /// Pass the maximum of uint256 to the pool to get exactly this, except where the dust rule holds the amount down, which
    /// shows in debt to cover being under both the close factor's debt and what the collateral is worth.
    function previewLiquidations(address pool, address collateralAsset, address debtAsset, address[] calldata users)
        external
        view
        returns (uint256[] memory);

    /// @notice What selling the running sum of `amounts` pays in the present state, so that differences are the marginal
    /// proceeds of each.
    /// @param venue Pool or pair.
    /// @param exitKind Which kind; Hold pays 0.
    /// @param tokenIn Token sold.
    /// @param tokenOut Token bought.
    /// @param amounts In `tokenIn`'s units.
    /// @return proceeds In `tokenOut`'s units, one for each amount.
    function quoteCumulative(
        address venue,
        Exit exitKind,
        address tokenIn,
        address tokenOut,
        uint256[] calldata amounts
    ) external view returns (uint256[] memory proceeds);

    /// @notice A trade after which `get_p(0)` is at or past the target, fees included; a billionth less would not reach it.
    /// @param pool A StableSwap-NG pool of two coins.
    /// @param targetPriceWad Price of coin 1 in coin 0.
    /// @return i Index of the coin to sell: 1 to lower the price, 0 to raise it.
    /// @return j Index of the coin to buy.
    /// @return dx Amount to sell, in coin `i`'s units; 0 if the price is within 1e-6 of the target.
    function stableSwapTradeToPrice(address pool, uint256 targetPriceWad)
        external
        view
        returns (int128 i, int128 j, uint256 dx);

    /// @notice The same for several targets, each from the present state.
    /// @param pool A StableSwap-NG pool of two coins.
    /// @param targetPricesWad Prices of coin 1 in coin 0.
    /// @return Two words a target: index of the coin to sell, and the amount, in that coin's units.
    function stableSwapTradesToPrices(address pool, uint256[] calldata targetPricesWad)
        external
        view
        returns (uint256[] memory);

    /// @notice Price of `token` in the other token of a Uniswap V2 pair, before the fee, rounded down.
    /// @param pair With reserves.
    /// @param token One of its tokens.
    /// @return priceWad 1e18 = one whole token for one whole token.
    function constantProductSpotPriceWad(address pair, address token) external view returns (uint256 priceWad);

    /// @notice The smallest trade after which that price is at or past the target, fees included.
    /// @param pair With reserves.
    /// @param token Whose price.
    /// @param targetPriceWad Price of `token` in the other token.
    /// @return tokenToSell `token` to lower the price, the other one to raise it.
    /// @return amount In `tokenToSell`'s units; 0 if the price is within 1e-6 of the target.
    function constantProductTradeToPrice(address pair, address token, uint256 targetPriceWad)
        external
        view
        returns (address tokenToSell, uint256 amount);

    /// @notice Eight words: both balances, both rates, `A_precision`, `fee`, `offpeg_fee_multiplier` and `admin_fee`.
    /// @param pool A StableSwap-NG pool of two coins.
    function stableSwapState(address pool) external view returns (uint256[] memory);

    /// @notice Two words for each distance: how much of coin 1 can be sold before its price has fallen by so many bps, and
    /// how much can be bought before it has risen by them; in coin 1's units, fees included.
    /// @param pool A StableSwap-NG pool of two coins.
    /// @param bps Distances from the present price; a fall must be under 100_00.
    function stableSwapDepth(address pool, uint256[] calldata bps) external view returns (uint256[] memory);

    /// @notice The same for `token` in a Uniswap V2 pair, whose price is counted in the pair's other token.
    function constantProductDepth(address pair, address token, uint256[] calldata bps)
        external
        view
        returns (uint256[] memory);
}
