// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {StableSwapPool} from "../../contracts/amm/StableSwapPool.sol";
import {IDeleverager} from "../../contracts/interfaces/IDeleverager.sol";
import {Exit} from "../../contracts/interfaces/Exit.sol";
import {Deleverager} from "../../contracts/periphery/Deleverager.sol";
import {LendingWorld} from "./LendingWorld.sol";

/// @dev A borrower of USDC unwinds any part of his USDe, after any time of interest, for any cash that his health allows.
contract DeleveragerProperties is LendingWorld {
    uint256 private constant BORROWER = 1;
    address private constant HEIR = address(0x4E12);

    StableSwapPool private _curve;
    Deleverager private _deleverager;

    function setUp() public {
        CHEATS.warp(1_760_000_000);
        _createWorld();
        _configurator.setReserveFlashLoaning(address(_markets[USDC].token), true);
        address[2] memory coins = [address(_markets[USDC].token), address(_markets[USDE].token)];
        _curve = new StableSwapPool("LP", "LP", coins, 200, 1e6, 5e10, 5e9, address(1));
        uint256[] memory amounts = new uint256[](2);
        for (uint256 k; k < 2; ++k) {
            amounts[k] = 10_000_000 * _markets[1 - k].unit;
            _markets[1 - k].token.mint(address(this), amounts[k]);
            _markets[1 - k].token.approve(address(_curve), amounts[k]);
        }
        _curve.add_liquidity(amounts, 0);
        _deleverager = new Deleverager(address(_pool));
        CHEATS.prank(_actors[BORROWER]);
        _markets[USDE].aToken.approve(address(_deleverager), type(uint256).max);
    }

    /// @dev What the sale pays is what is repaid, the premium and the cash; both balances fall by what the report says; nothing
    /// stays in the contract.
    function testFuzz_unwind__any_part_cash_and_time__books_balance_and_nothing_stays(
        uint256 part,
        uint256 cash,
        uint256 pause
    ) public {
        CHEATS.warp(block.timestamp + pause % 300 days);
        address owner = _actors[BORROWER];
        uint256 owned = _markets[USDE].aToken.balanceOf(owner);
        uint256 debt = _markets[USDC].debtToken.balanceOf(owner);
        uint256 inCurve = _markets[USDC].token.balanceOf(address(_curve));
        IDeleverager.Order memory order = IDeleverager.Order({
            collateralAsset: address(_markets[USDE].token),
            debtAsset: address(_markets[USDC].token),
            collateralToSell: part % 8 == 0 ? type(uint256).max : _anySize(part, owned),
            cash: _anySize(cash, 40_000e6),
            exit: Exit.StableSwap,
            venue: address(_curve),
            minProceeds: 0,
            beneficiary: HEIR
        });
        // Less pays no unit of six decimals.
        CHEATS.assume(order.collateralToSell > 1e13);
        IDeleverager.Report memory preview = _deleverager.previewUnwind(owner, order);

        CHEATS.prank(owner);
        (uint256 repaid, uint256 paid) = _deleverager.unwind(order);

        uint256 proceeds = inCurve - _markets[USDC].token.balanceOf(address(_curve));
        _requireEqual("proceeds", preview.proceeds, proceeds);
        _requireEqual("repaid", preview.debtRepaid, repaid);
        _requireEqual("books", repaid + (repaid * 5 + 99_99) / 100_00 + paid, proceeds);
        _requireEqual("paid", _markets[USDC].token.balanceOf(HEIR), paid);
        uint256 asked = order.cash < proceeds ? order.cash : proceeds;
        _requireAtMost("cash asked", asked, paid);
        // One unit more by rounding, or two that the pool would not take for debt.
        _requireAtMost("cash paid", paid, asked + 2);
        uint256 debtLeft = _markets[USDC].debtToken.balanceOf(owner);
        _requireAtMost("debt left", debt - repaid, debtLeft);
        // Scaled debt burnt rounds down, by less than one index, and the balance up.
        _requireAtMost("debt", debtLeft, debt - repaid + 2);
        uint256 ownedLeft = _markets[USDE].aToken.balanceOf(owner);
        _requireAtMost("collateral left", ownedLeft, owned - preview.collateralSold);
        _requireAtMost("collateral", owned - preview.collateralSold, ownedLeft + 2);
        _requireNothingIn(address(_deleverager));
    }

    // --- Checks

    function _requireNothingIn(address holder) private view {
        for (uint256 k; k < ASSETS; ++k) {
            _requireEqual("tokens", _markets[k].token.balanceOf(holder), 0);
            _requireEqual("aTokens", _markets[k].aToken.scaledBalanceOf(holder), 0);
            _requireEqual("debt tokens", _markets[k].debtToken.scaledBalanceOf(holder), 0);
        }
    }
}
