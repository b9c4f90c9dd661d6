// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ExchangeVault} from "../../contracts/exchange/ExchangeVault.sol";
import {LoanDesk} from "../../contracts/exchange/LoanDesk.sol";
import {SpotBook} from "../../contracts/exchange/SpotBook.sol";
import {UnifiedMargin} from "../../contracts/exchange/UnifiedMargin.sol";
import {ILoanDesk} from "../../contracts/interfaces/ILoanDesk.sol";
import {IUnifiedMargin} from "../../contracts/interfaces/IUnifiedMargin.sol";
import {ExchangeIndexFeed} from "../../contracts/oracle/ExchangeIndexFeed.sol";
import {PostedPriceFeed} from "../../contracts/oracle/PostedPriceFeed.sol";
import {MockERC20} from "../../contracts/tokens/MockERC20.sol";
import {PropertyTest} from "./Cheats.sol";

/// @dev An exchange of two books, a loan desk and a margin engine, all valued by the books' own indexes, and five actors who do
/// everything. This contract owns it all.
abstract contract ExchangeWorld is PropertyTest {
    // --- Constants

    uint256 internal constant ACTORS = 5;
    uint256 internal constant TICK = 100;
    uint256 internal constant LOT = 1e16;
    uint256 internal constant START_TICK = 10_000;
    uint256 internal constant ETH_E8 = 2000e8;
    uint256 internal constant CAPITAL = 10_000_000e6;
    address internal constant FEES = address(0xFEE5);
    address internal constant INSURANCE = address(0x1A5);

    // --- Storage

    ExchangeVault internal _vault;
    MockERC20 internal _usdt;
    MockERC20[2] internal _bases;
    SpotBook[2] internal _books;
    PostedPriceFeed internal _ethFeed;
    LoanDesk internal _desk;
    UnifiedMargin internal _margin;
    address[ACTORS] internal _actors;

    // --- Internals

    function _createWorld() internal {
        CHEATS.warp(1_760_000_000);
        _vault = new ExchangeVault(FEES, address(this));
        _usdt = new MockERC20("USDT", "USDT", 6);
        _bases = [new MockERC20("ALT", "ALT", 18), new MockERC20("USDe", "USDe", 18)];
        _desk = new LoanDesk(_vault, INSURANCE, address(this));
        _margin = new UnifiedMargin(_vault, address(_usdt), INSURANCE, address(this));
        _ethFeed = new PostedPriceFeed("ETH / USD", int256(ETH_E8), address(this));
        PostedPriceFeed dollar = new PostedPriceFeed("USDT / USD", 1e8, address(this));

        for (uint256 k = 0; k < 2; ++k) {
            _books[k] = new SpotBook(_vault, address(_bases[k]), address(_usdt), TICK, LOT, 3, 7, address(this));
            _vault.setOperator(address(_books[k]), true);
            ExchangeIndexFeed feed = new ExchangeIndexFeed(_books[k], dollar);
            _margin.addAsset(_books[k], feed, _tier(k == 0 ? 70_00 : 95_00));
            _desk.addLine(_books[k], feed, _terms(100_00, 0));
        }
        _vault.setOperator(address(_desk), true);
        _vault.setOperator(address(_margin), true);
        _vault.setGuard(_margin);
        _margin.setLending(0.1e27, _tier(10_00));
        _margin.addMarket(_ethFeed, 0.01e18, _tier(5_00));
        _margin.setMarket(0, _tier(5_00), 0.001e18, 2);

        _pay(_usdt, CAPITAL, address(_desk));
        _pay(_usdt, CAPITAL, address(_margin));
        for (uint256 k = 0; k < ACTORS; ++k) {
            _actors[k] = address(uint160(0xAC700 + k));
            _pay(_usdt, 3_000e6, _actors[k]);
            _pay(_bases[0], 3_000e18, _actors[k]);
            _pay(_bases[1], 3_000e18, _actors[k]);
        }
    }

    /// @dev New tokens, into an account of the vault.
    function _pay(MockERC20 token, uint256 amount, address account) internal {
        token.mint(address(this), amount);
        token.approve(address(_vault), amount);
        _vault.deposit(address(token), amount, account);
    }

    function _terms(uint16 shareBps, uint32 pause) internal pure returns (ILoanDesk.Terms memory) {
        return ILoanDesk.Terms(65_00, 75_00, 83_00, 1_00, shareBps, 1 hours, pause, 0.08e27);
    }

    function _tier(uint16 rateBps) internal pure returns (IUnifiedMargin.Tier[] memory tiers) {
        tiers = new IUnifiedMargin.Tier[](1);
        tiers[0] = IUnifiedMargin.Tier(type(uint128).max, rateBps);
    }
}
