// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IExchangeVault} from "./IExchangeVault.sol";
import {ISpotBook} from "./ISpotBook.sol";
import {IUnifiedMargin} from "./IUnifiedMargin.sol";

/// @title Many views of an exchange in one call
/// @notice Answers are rows of words, one row after the other; signed numbers are in two's complement. Reads only.
interface IExchangeLens {
    /// @param bps Distances from the middle, as in `ISpotBook.depth`
    /// @return words Of each book: last price, its time, best bid, its lots, best ask, its lots, index, time of a halt's end; then for
    /// each distance: lots bid, their value, lots asked, their value
    function books(ISpotBook[] calldata books_, uint256[] calldata bps) external view returns (uint256[] memory words);

    /// @return words Of each account: equity, adjusted equity, maintenance, uniMMR, leverage, debt, notional, level,
    /// one while it is being liquidated, Unix time before which its liquidation does not go on
    function accounts(IUnifiedMargin margin, address[] calldata owners) external view returns (uint256[] memory words);

    /// @return words Of each account: size, entry value
    function positions(IUnifiedMargin margin, uint256 marketId, address[] calldata owners)
        external
        view
        returns (uint256[] memory words);

    /// @return words Of each account: of each asset, what is free and what is locked by orders
    function balances(IExchangeVault vault, address[] calldata assets, address[] calldata owners)
        external
        view
        returns (uint256[] memory words);

    /// @return words Of each account: side and lots of its unfinished market order; zero lots for none
    function remainders(ISpotBook book, address[] calldata owners) external view returns (uint256[] memory words);
}
