// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IExchangeLens} from "../interfaces/IExchangeLens.sol";
import {IExchangeVault} from "../interfaces/IExchangeVault.sol";
import {ISpotBook} from "../interfaces/ISpotBook.sol";
import {IUnifiedMargin} from "../interfaces/IUnifiedMargin.sol";

contract ExchangeLens is IExchangeLens {
    // --- Constants

    uint256 private constant _TOP_WORDS = 8;
    uint256 private constant _DEPTH_WORDS = 4;
    uint256 private constant _ACCOUNT_WORDS = 10;

    // --- Views

    /// @inheritdoc IExchangeLens
    function books(ISpotBook[] calldata books_, uint256[] calldata bps) external view returns (uint256[] memory words) {
        uint256 row = _TOP_WORDS + _DEPTH_WORDS * bps.length;
        words = new uint256[](row * books_.length);
        for (uint256 k = 0; k < books_.length; ++k) {
            _writeTop(words, row * k, books_[k]);
            uint256[] memory depth = books_[k].depth(bps);
            for (uint256 n = 0; n < depth.length; ++n) {
                words[row * k + _TOP_WORDS + n] = depth[n];
            }
        }
    }

    /// @inheritdoc IExchangeLens
    function accounts(IUnifiedMargin margin, address[] calldata owners) external view returns (uint256[] memory words) {
        words = new uint256[](_ACCOUNT_WORDS * owners.length);
        for (uint256 k = 0; k < owners.length; ++k) {
            IUnifiedMargin.Account memory account = margin.accountOf(owners[k]);
            uint256 at = _ACCOUNT_WORDS * k;
            (words[at], words[at + 1]) = (uint256(account.equity), uint256(account.adjustedEquity));
            (words[at + 2], words[at + 3]) = (account.maintenance, uint256(account.uniMmrWad));
            (words[at + 4], words[at + 5]) = (account.leverageWad, account.debt);
            (words[at + 6], words[at + 7]) = (account.notional, uint256(account.level));
            (words[at + 8], words[at + 9]) = (margin.isLiquidating(owners[k]) ? 1 : 0, margin.pausedUntil(owners[k]));
        }
    }

    /// @inheritdoc IExchangeLens
    function positions(IUnifiedMargin margin, uint256 marketId, address[] calldata owners)
        external
        view
        returns (uint256[] memory words)
    {
        words = new uint256[](2 * owners.length);
        for (uint256 k = 0; k < owners.length; ++k) {
            IUnifiedMargin.Position memory position = margin.positionOf(marketId, owners[k]);
            words[2 * k] = uint256(int256(position.size));
            words[2 * k + 1] = uint256(int256(position.entry));
        }
    }

    /// @inheritdoc IExchangeLens
    function balances(IExchangeVault vault, address[] calldata assets, address[] calldata owners)
        external
        view
        returns (uint256[] memory words)
    {
        uint256 row = 2 * assets.length;
        words = new uint256[](row * owners.length);
        for (uint256 k = 0; k < owners.length; ++k) {
            uint256[] memory held = vault.balances(owners[k], assets);
            for (uint256 n = 0; n < row; ++n) {
                words[row * k + n] = held[n];
            }
        }
    }

    /// @inheritdoc IExchangeLens
    function remainders(ISpotBook book, address[] calldata owners) external view returns (uint256[] memory words) {
        words = new uint256[](2 * owners.length);
        for (uint256 k = 0; k < owners.length; ++k) {
            ISpotBook.Remainder memory remainder = book.remainderOf(owners[k]);
            (words[2 * k], words[2 * k + 1]) = (uint256(remainder.side), remainder.lots);
        }
    }

    // --- Internals

    /// @dev In two readings, as eight values and their places are too many for the stack.
    function _writeTop(uint256[] memory words, uint256 at, ISpotBook book) private view {
        (words[at], words[at + 1], words[at + 2], words[at + 3],,,,) = book.top();
        (,,,, words[at + 4], words[at + 5], words[at + 6], words[at + 7]) = book.top();
    }
}
