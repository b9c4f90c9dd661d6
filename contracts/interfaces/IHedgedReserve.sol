// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title IHedgedReserve
/// @notice USDe's reserves: collateral held as spot ETH plus a perpetual short of the same quantity, so that the price of ETH
/// does not move their value, and the funding that the short earns or pays.
/// The other side of every trade is one account, the market: it sells and buys spot at the feed's price, stands opposite the
/// short, and pays or gets funding, all in tokens that it holds and has approved.
/// Simplification vs Ethena: one asset, one venue that neither moves nor fails, no margin, fee or liquidation of the short, and a
/// stable that is worth one dollar.
interface IHedgedReserve {
    /// @notice Spot came in and as much was sold short.
    /// @param quantity ETH, in its units.
    /// @param markE8 Dollars an ETH, 8 decimals.
    /// @param spotCost Stable paid for the spot, in its units, rounded up; zero where the spot was collateral already.
    /// @param shortValue Stable that the short stands at, in its units, rounded down.
    event HedgeOpened(uint256 quantity, uint256 markE8, uint256 spotCost, uint256 shortValue);

    /// @notice Spot was sold and as much of the short covered.
    /// @param quantity ETH, in its units.
    /// @param markE8 Dollars an ETH, 8 decimals.
    /// @param spotProceeds Stable got for the spot, in its units, rounded down.
    /// @param shortProfit Stable got (paid where negative) for the short, in its units, rounded down.
    event HedgeClosed(uint256 quantity, uint256 markE8, uint256 spotProceeds, int256 shortProfit);

    /// @param rateWad Of the short's value, 18 decimals, for 8 hours; positive is paid to the short.
    event FundingRateSet(int256 rateWad);

    /// @notice Accrued funding was paid.
    /// @param amount Stable got (paid where negative), in its units.
    event FundingSettled(int256 amount);

    /// @notice Funding income became rewards of the stakers.
    /// @param collateralAmount Stable moved to the minting contract's buffer, in its units.
    /// @param usdeAmount USDe minted for it and paid to sUSDe, 18 decimals.
    event FundingDistributed(uint256 collateralAmount, uint256 usdeAmount);

    /// @notice Cash went to the minting contract's buffer, for redemptions.
    /// @param amount Stable, in its units.
    event BufferRefilled(uint256 amount);

    error InvalidAmount();

    /// @notice The feed says zero or less.
    error PriceNotAvailable(int256 answer);

    /// @notice Both in the stable's units.
    error InsufficientCash(uint256 requested, uint256 available);

    /// @notice Both in ETH's units.
    error ExceedsPosition(uint256 requested, uint256 available);

    /// @notice More than the funding settled and not yet distributed; both in the stable's units.
    error ExceedsFundingIncome(uint256 requested, int256 available);

    // --- Actions, for the owner only

    /// @notice Buy spot at the mark price and sell as much short.
    /// @param quantity ETH, in its units.
    function open(uint256 quantity) external;

    /// @notice Sell short what spot is not covered: ETH that came in as collateral of orders.
    /// @return quantity ETH, in its units.
    function hedge() external returns (uint256 quantity);

    /// @notice Sell spot at the mark price and cover as much of the short.
    /// @param quantity ETH, in its units.
    /// @return received Stable from both, in its units, rounded down: the value at which the short was opened.
    function close(uint256 quantity) external returns (int256 received);

    /// @notice Send cash to the minting contract's buffer.
    /// @param amount Stable, in its units.
    function refillBuffer(uint256 amount) external;

    /// @notice From now on; what accrued before keeps its rate.
    /// @param rateWad Of the short's value, 18 decimals, for 8 hours; positive is paid to the short.
    function setFundingRate(int256 rateWad) external;

    /// @notice Pay or get what has accrued.
    /// @return amount Stable got (paid where negative), in its units.
    function settleFunding() external returns (int256 amount);

    /// @notice Mint USDe for settled funding, at the minting contract like anyone, and pay it to sUSDe as rewards.
    /// @param collateralAmount Stable, in its units.
    /// @return usdeAmount USDe paid to sUSDe, 18 decimals.
    function distribute(uint256 collateralAmount) external returns (uint256 usdeAmount);

    // --- Views; all money in the stable's units

    /// @notice Cash + spot + profit of the short + accrued funding, each rounded down.
    function netAssetValue() external view returns (int256);

    function cash() external view returns (uint256);

    /// @return ETH held, in its units
    function spotQuantity() external view returns (uint256);

    /// @return ETH sold short, in its units
    function shortQuantity() external view returns (uint256);

    /// @return Worth of the spot at the mark price, rounded down
    function spotValue() external view returns (uint256);

    /// @return What the short was opened at, rounded down
    function shortEntryValue() external view returns (uint256);

    /// @return What the short was opened at less what covering it costs now, rounded down
    function shortProfit() external view returns (int256);

    /// @return Average price of the open short, dollars with 8 decimals, rounded down; zero without one
    function averageEntryE8() external view returns (uint256);

    /// @return Price of ETH, dollars with 8 decimals
    function markE8() external view returns (uint256);

    /// @return Funding not yet settled, to this second, rounded down
    function fundingAccrued() external view returns (int256);

    /// @return Funding settled and not distributed
    function undistributedFunding() external view returns (int256);

    /// @return Of the short's value, 18 decimals, for 8 hours
    function fundingRateWad() external view returns (int256);
}
