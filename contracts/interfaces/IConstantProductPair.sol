// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title IConstantProductPair
/// @notice A Uniswap V2 pair. The pair is its own LP token (ERC20, 18 decimals). Revert strings are Uniswap V2's.
/// Simplification vs Uniswap V2: no factory, hence no protocol fee (`kLast` stays away); no permit; the first 1,000
/// LP units are locked at 0x...dEaD, as the ERC20 used here refuses to mint to the zero address.
interface IConstantProductPair {
    /// @notice Liquidity came in.
    /// @param sender The caller.
    /// @param amount0 Deposit of token 0, in its units.
    /// @param amount1 Deposit of token 1, in its units.
    event Mint(address indexed sender, uint256 amount0, uint256 amount1);

    /// @notice Liquidity went out.
    /// @param sender The caller.
    /// @param amount0 Token 0 paid, in its units.
    /// @param amount1 Token 1 paid, in its units.
    /// @param to Account that was paid.
    event Burn(address indexed sender, uint256 amount0, uint256 amount1, address indexed to);

    /// @notice A swap happened; all amounts in token units.
    event Swap(
        address indexed sender,
        uint256 amount0In,
        uint256 amount1In,
        uint256 amount0Out,
        uint256 amount1Out,
        address indexed to
    );

    /// @notice Reserves changed, in token units.
    event Sync(uint112 reserve0, uint112 reserve1);

    /// @notice Mint LP tokens for what was sent to the pair before this call.
    /// @param to Account that gets the LP tokens.
    /// @return liquidity LP tokens minted, 18 decimals.
    function mint(address to) external returns (uint256 liquidity);

    /// @notice Burn the LP tokens that were sent to the pair before this call.
    /// @param to Account that is paid.
    /// @return amount0 Token 0 paid, in its units.
    /// @return amount1 Token 1 paid, in its units.
    function burn(address to) external returns (uint256 amount0, uint256 amount1);

    /// @notice Pay out first, call back if `data` is not empty, then require that the fee of 0.3 % on what came in was
    /// paid: the product of the reserves must not fall.
    /// @param amount0Out Token 0 to pay out, in its units.
    /// @param amount1Out Token 1 to pay out, in its units.
    /// @param to Account that is paid, and called back through `IConstantProductCallee`.
    /// @param data Passed on to the callback.
    function swap(uint256 amount0Out, uint256 amount1Out, address to, bytes calldata data) external;

    /// @notice Send what the pair holds beyond its reserves to `to`.
    function skim(address to) external;

    /// @notice Set the reserves to what the pair holds.
    function sync() external;

    /// @notice Reserves as of the last sync.
    /// @return reserve0 In token 0's units.
    /// @return reserve1 In token 1's units.
    /// @return blockTimestampLast Seconds modulo 2 ** 32.
    function getReserves() external view returns (uint112 reserve0, uint112 reserve1, uint32 blockTimestampLast);

    /// @notice Time integral of token 1 per token 0, UQ112x112 seconds, wrapping.
    function price0CumulativeLast() external view returns (uint256);

    /// @notice Time integral of token 0 per token 1, UQ112x112 seconds, wrapping.
    function price1CumulativeLast() external view returns (uint256);

    /// @notice LP units locked by the first deposit.
    function MINIMUM_LIQUIDITY() external view returns (uint256);

    /// @notice The first token.
    function token0() external view returns (address);

    /// @notice The second token.
    function token1() external view returns (address);
}

/// @title IConstantProductCallee
/// @notice Receiver of a flash swap, Uniswap V2's callback.
interface IConstantProductCallee {
    /// @notice Called after the payout and before the product is checked.
    /// @param sender Who called `swap`.
    /// @param amount0 Token 0 received, in its units.
    /// @param amount1 Token 1 received, in its units.
    /// @param data What was given to `swap`.
    function uniswapV2Call(address sender, uint256 amount0, uint256 amount1, bytes calldata data) external;
}
