// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title IStableSwap
/// @notice What a trader needs of a Curve pool: indices, quotes, swaps. Names and event are Curve StableSwap-NG's.
interface IStableSwap {
    /// @notice A swap happened.
    /// @param buyer The caller.
    /// @param sold_id Index of the coin that came in.
    /// @param tokens_sold Amount that came in, in the sold coin's units.
    /// @param bought_id Index of the coin that went out.
    /// @param tokens_bought Amount that went out after the fee, in the bought coin's units.
    event TokenExchange(
        address indexed buyer, int128 sold_id, uint256 tokens_sold, int128 bought_id, uint256 tokens_bought
    );

    /// @notice A coin index is not 0 or 1, or both indices are equal.
    error InvalidCoinIndex(int128 i, int128 j);

    /// @notice An amount that must be positive is zero.
    error ZeroAmount();

    /// @notice Sell coin `i` for coin `j`; what is bought goes to the caller.
    /// @param i Index of the coin sold.
    /// @param j Index of the coin bought.
    /// @param dx Amount sold, in coin `i`'s units.
    /// @param min_dy Least amount to accept, in coin `j`'s units.
    /// @return dy Amount bought after the fee, in coin `j`'s units.
    function exchange(int128 i, int128 j, uint256 dx, uint256 min_dy) external returns (uint256 dy);

    /// @notice Sell coin `i` for coin `j`; what is bought goes to `receiver`.
    /// @param i Index of the coin sold.
    /// @param j Index of the coin bought.
    /// @param dx Amount sold, in coin `i`'s units.
    /// @param min_dy Least amount to accept, in coin `j`'s units.
    /// @param receiver Account that is paid.
    /// @return dy Amount bought after the fee, in coin `j`'s units.
    function exchange(int128 i, int128 j, uint256 dx, uint256 min_dy, address receiver)
        external
        returns (uint256 dy);

    /// @notice What `exchange` would pay now.
    /// @param i Index of the coin sold.
    /// @param j Index of the coin bought.
    /// @param dx Amount sold, in coin `i`'s units.
    /// @return dy Amount bought after the fee, in coin `j`'s units.
    function get_dy(int128 i, int128 j, uint256 dx) external view returns (uint256 dy);

    /// @notice Spot price of coin `i + 1` in coin 0, before the fee.
    /// @param i Index of the price; with two coins, 0.
    /// @return priceWad Price, 1e18 = one whole coin for one whole coin.
    function get_p(uint256 i) external view returns (uint256 priceWad);

    /// @notice Address of a coin.
    /// @param i Index, 0 or 1.
    function coins(uint256 i) external view returns (address);

    /// @notice What the pool holds of a coin for trading, without the administrator's share of fees.
    /// @param i Index, 0 or 1.
    /// @return Amount in the coin's units.
    function balances(uint256 i) external view returns (uint256);
}
