// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IAaveOracle} from "../interfaces/IAaveOracle.sol";
import {ILens} from "../interfaces/ILens.sol";
import {IPool} from "../interfaces/IPool.sol";
import {LiquidationPreview} from "./LiquidationPreview.sol";
import {PairAccounts} from "./PairAccounts.sol";

abstract contract LendingLens is ILens {
    using LiquidationPreview for LiquidationPreview.Market;
    using PairAccounts for PairAccounts.Pair;

    // --- Constants

    uint256 private constant POSITION_WORDS = 8;
    uint256 private constant ACCOUNT_WORDS = 5;
    uint256 private constant PREVIEW_WORDS = 10;

    // --- Views

    /// @inheritdoc ILens
    function positions(address pool, address collateralAsset, address debtAsset, address[] calldata users)
        external
        view
        returns (uint256[] memory words)
    {
        IERC20 aToken = IERC20(IPool(pool).getReserveAToken(collateralAsset));
        IERC20 debtToken = IERC20(IPool(pool).getReserveVariableDebtToken(debtAsset));
        words = new uint256[](users.length * POSITION_WORDS);
        for (uint256 k; k < users.length; ++k) {
            uint256 at = k * POSITION_WORDS;
            words[at] = aToken.balanceOf(users[k]);
            words[at + 1] = debtToken.balanceOf(users[k]);
            (words[at + 2], words[at + 3], words[at + 4], words[at + 5], words[at + 6], words[at + 7]) =
                IPool(pool).getUserAccountData(users[k]);
        }
    }

    /// @inheritdoc ILens
    function accounts(address pool, address collateralAsset, address debtAsset, address[] calldata users)
        external
        view
        returns (uint256[] memory words)
    {
        PairAccounts.Pair memory pair = PairAccounts.read(IPool(pool), collateralAsset, debtAsset);
        words = new uint256[](users.length * ACCOUNT_WORDS);
        for (uint256 k; k < users.length; ++k) {
            PairAccounts.Account memory found = pair.account(users[k]);
            uint256 at = k * ACCOUNT_WORDS;
            words[at] = found.collateralBalance;
            words[at + 1] = found.debtBalance;
            words[at + 2] = found.collateralBase;
            words[at + 3] = found.debtBase;
            words[at + 4] = found.healthFactorWad;
        }
    }

    /// @inheritdoc ILens
    function balances(address[] calldata tokens, address[] calldata users)
        external
        view
        returns (uint256[] memory words)
    {
        words = new uint256[](users.length * tokens.length);
        uint256 at;
        for (uint256 k; k < users.length; ++k) {
            for (uint256 t; t < tokens.length; ++t) {
                words[at++] = IERC20(tokens[t]).balanceOf(users[k]);
            }
        }
    }

    /// @inheritdoc ILens
    function prices(address oracle, address[] calldata assets) external view returns (uint256[] memory words) {
        words = new uint256[](assets.length);
        for (uint256 k; k < assets.length; ++k) {
            words[k] = PairAccounts.priceOrZero(IAaveOracle(oracle), assets[k]);
        }
    }

    /// @inheritdoc ILens
    function previewLiquidations(address pool, address collateralAsset, address debtAsset, address[] calldata users)
        external
        view
        returns (uint256[] memory words)
    {
        LiquidationPreview.Market memory market =
            LiquidationPreview.readMarket(IPool(pool), collateralAsset, debtAsset);
        words = new uint256[](users.length * PREVIEW_WORDS);
        for (uint256 k; k < users.length; ++k) {
            _writePreview(market, users[k], words, k * PREVIEW_WORDS);
        }
    }

    // --- Internals

    function _writePreview(LiquidationPreview.Market memory market, address user, uint256[] memory words, uint256 at)
        private
        view
    {
        LiquidationPreview.Position memory position = market.readPosition(user);
        LiquidationPreview.Outcome memory result = market.largestOutcome(position);
        words[at] = position.healthFactorWad;
        words[at + 1] = position.debtBalance;
        words[at + 2] = position.collateralBalance;
        words[at + 3] = result.debtCovered;
        words[at + 4] = result.collateralToLiquidator;
        words[at + 5] = result.protocolFee;
        words[at + 6] = position.bonusBps;
        words[at + 7] = position.closeFactorBps;
        words[at + 8] = position.totalDebtBase;
        words[at + 9] = result.noCollateralLeft ? 1 : 0;
    }
}
