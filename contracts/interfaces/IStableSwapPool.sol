// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IStableSwap} from "./IStableSwap.sol";

/// @title IStableSwapPool
/// @notice A Curve StableSwap-NG pool of two coins. The pool is its own LP token (ERC20, 18 decimals).
/// Simplification vs StableSwap-NG: two plain coins, no rebasing or oracle-priced coins, no `exchange_received`, no
/// ramping of A, no moving averages (`last_price`, `ema_price`, `price_oracle`, `D_oracle`), no permit; `remove_liquidity`
/// leaves the administrator's fees to `withdraw_admin_fees`.
interface IStableSwapPool is IStableSwap {
    /// @notice Liquidity came in.
    /// @param provider The caller.
    /// @param token_amounts Amounts deposited, in coin units.
    /// @param fees Imbalance fees taken per coin, in coin units; empty for the first deposit.
    /// @param invariant D after the deposit and its fees, 18 decimals.
    /// @param token_supply LP supply after the deposit, 18 decimals.
    event AddLiquidity(
        address indexed provider, uint256[] token_amounts, uint256[] fees, uint256 invariant, uint256 token_supply
    );

    /// @notice Liquidity went out in the pool's own proportion.
    /// @param provider The caller.
    /// @param token_amounts Amounts paid, in coin units.
    /// @param fees Empty: a proportional withdrawal pays none.
    /// @param token_supply LP supply after the withdrawal, 18 decimals.
    event RemoveLiquidity(address indexed provider, uint256[] token_amounts, uint256[] fees, uint256 token_supply);

    /// @notice Liquidity went out in one coin.
    /// @param provider The caller.
    /// @param token_id Index of the coin.
    /// @param token_amount LP tokens burnt, 18 decimals.
    /// @param coin_amount Amount paid after the fee, in coin units.
    /// @param token_supply LP supply after the withdrawal, 18 decimals.
    event RemoveLiquidityOne(
        address indexed provider, int128 token_id, uint256 token_amount, uint256 coin_amount, uint256 token_supply
    );

    /// @notice Liquidity went out in stated amounts.
    /// @param provider The caller.
    /// @param token_amounts Amounts paid, in coin units.
    /// @param fees Imbalance fees taken per coin, in coin units.
    /// @param invariant D after the withdrawal and its fees, 18 decimals.
    /// @param token_supply LP supply after the withdrawal, 18 decimals.
    event RemoveLiquidityImbalance(
        address indexed provider, uint256[] token_amounts, uint256[] fees, uint256 invariant, uint256 token_supply
    );

    /// @notice The price after an action that changed the balances, its last event. Not StableSwap-NG's: the real pool
    /// computes the price in each of its swaps too, for its moving averages, and keeps it in storage instead.
    /// Paying out the administrator's fees does not change the price.
    /// @param priceWad Price of coin 1 in coin 0 as `get_p(0)` answers now, 1e18 = one whole coin for one whole coin; 0 when
    /// the pool has been emptied and has no price.
    event SpotPrice(uint256 priceWad);

    /// @notice A construction parameter is outside what StableSwap-NG allows.
    error InvalidParameter(bytes32 name, uint256 value);

    /// @notice An array of amounts does not have two entries.
    error InvalidArrayLength(uint256 length);

    /// @notice The first deposit must hold both coins.
    error InitialDepositRequiresAllCoins();

    /// @notice A deposit must raise the invariant.
    error InvariantNotRaised(uint256 invariantBefore, uint256 invariantAfter);

    /// @notice Deposit coins and mint LP tokens to the caller.
    /// @param amounts Amount of each coin, in coin units.
    /// @param min_mint_amount Least LP amount to accept, 18 decimals.
    /// @return LP tokens minted, 18 decimals.
    function add_liquidity(uint256[] calldata amounts, uint256 min_mint_amount) external returns (uint256);

    /// @notice Deposit coins and mint LP tokens to `receiver`.
    /// @param amounts Amount of each coin, in coin units.
    /// @param min_mint_amount Least LP amount to accept, 18 decimals.
    /// @param receiver Account that gets the LP tokens.
    /// @return LP tokens minted, 18 decimals.
    function add_liquidity(uint256[] calldata amounts, uint256 min_mint_amount, address receiver)
        external
        returns (uint256);

    /// @notice Burn LP tokens for both coins in the pool's proportion, paid to the caller.
    /// @param burn_amount LP tokens to burn, 18 decimals.
    /// @param min_amounts Least amount of each coin to accept, in coin units.
    /// @return Amounts paid, in coin units.
    function remove_liquidity(uint256 burn_amount, uint256[] calldata min_amounts) external returns (uint256[] memory);

    /// @notice Burn LP tokens for both coins in the pool's proportion, paid to `receiver`.
    /// @param burn_amount LP tokens to burn, 18 decimals.
    /// @param min_amounts Least amount of each coin to accept, in coin units.
    /// @param receiver Account that is paid.
    /// @return Amounts paid, in coin units.
    function remove_liquidity(uint256 burn_amount, uint256[] calldata min_amounts, address receiver)
        external
        returns (uint256[] memory);

    /// @notice Burn LP tokens for one coin, paid to the caller.
    /// @param burn_amount LP tokens to burn, 18 decimals.
    /// @param i Index of the coin.
    /// @param min_received Least amount to accept, in coin units.
    /// @return Amount paid, in coin units.
    function remove_liquidity_one_coin(uint256 burn_amount, int128 i, uint256 min_received) external returns (uint256);

    /// @notice Burn LP tokens for one coin, paid to `receiver`.
    /// @param burn_amount LP tokens to burn, 18 decimals.
    /// @param i Index of the coin.
    /// @param min_received Least amount to accept, in coin units.
    /// @param receiver Account that is paid.
    /// @return Amount paid, in coin units.
    function remove_liquidity_one_coin(uint256 burn_amount, int128 i, uint256 min_received, address receiver)
        external
        returns (uint256);

    /// @notice Withdraw stated amounts, burning what LP tokens that takes; paid to the caller.
    /// @param amounts Amount of each coin, in coin units.
    /// @param max_burn_amount Most LP tokens to burn, 18 decimals.
    /// @return LP tokens burnt, 18 decimals.
    function remove_liquidity_imbalance(uint256[] calldata amounts, uint256 max_burn_amount)
        external
        returns (uint256);

    /// @notice Withdraw stated amounts, burning what LP tokens that takes; paid to `receiver`.
    /// @param amounts Amount of each coin, in coin units.
    /// @param max_burn_amount Most LP tokens to burn, 18 decimals.
    /// @param receiver Account that is paid.
    /// @return LP tokens burnt, 18 decimals.
    function remove_liquidity_imbalance(uint256[] calldata amounts, uint256 max_burn_amount, address receiver)
        external
        returns (uint256);

    /// @notice Pay the administrator's share of fees to `fee_receiver`. Anyone may call.
    function withdraw_admin_fees() external;

    /// @notice What must be sold to buy `dy`, at the fee of the present state (as StableSwap-NG estimates it).
    /// @param i Index of the coin sold.
    /// @param j Index of the coin bought.
    /// @param dy Amount bought, in coin `j`'s units.
    /// @return dx Amount to sell, in coin `i`'s units.
    function get_dx(int128 i, int128 j, uint256 dy) external view returns (uint256 dx);

    /// @notice LP tokens that a deposit would mint, or a withdrawal of stated amounts would burn, without the last
    /// unit's rounding.
    /// @param amounts Amount of each coin, in coin units.
    /// @param is_deposit True for a deposit.
    /// @return LP tokens, 18 decimals.
    function calc_token_amount(uint256[] calldata amounts, bool is_deposit) external view returns (uint256);

    /// @notice What `remove_liquidity_one_coin` would pay now.
    /// @param burn_amount LP tokens to burn, 18 decimals.
    /// @param i Index of the coin.
    /// @return Amount after the fee, in coin units.
    function calc_withdraw_one_coin(uint256 burn_amount, int128 i) external view returns (uint256);

    /// @notice The fee of a very small swap at the present state, 1e10 = 100 %.
    function dynamic_fee(int128 i, int128 j) external view returns (uint256);

    /// @notice D per LP token, 18 decimals.
    function get_virtual_price() external view returns (uint256);

    /// @notice Both balances without the administrator's share, in coin units.
    function get_balances() external view returns (uint256[] memory);

    /// @notice Multipliers that bring coin units to 18 decimals: 10 ** (36 - decimals).
    function stored_rates() external view returns (uint256[] memory);

    /// @notice Number of coins, 2.
    function N_COINS() external view returns (uint256);

    /// @notice Amplification coefficient.
    function A() external view returns (uint256);

    /// @notice Amplification coefficient times 100.
    function A_precise() external view returns (uint256);

    /// @notice Amplification coefficient times 100, under the name that StableSwap-NG uses.
    function A_precision() external view returns (uint256);

    /// @notice Swap fee when the pool is balanced, 1e10 = 100 %.
    function fee() external view returns (uint256);

    /// @notice Factor by which the fee rises when the pool is far from balance, 1e10 = 1.
    function offpeg_fee_multiplier() external view returns (uint256);

    /// @notice The administrator's share of each fee, 1e10 = 100 %; 5e9 in StableSwap-NG.
    function admin_fee() external view returns (uint256);

    /// @notice The administrator's fees not yet paid out, in coin units.
    function admin_balances(uint256 i) external view returns (uint256);

    /// @notice Who gets the administrator's fees.
    function fee_receiver() external view returns (address);
}
