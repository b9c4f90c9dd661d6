// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AggregatorV3Interface} from "./AggregatorV3Interface.sol";
import {IExchangeVault, IWithdrawalGuard} from "./IExchangeVault.sol";
import {ISpotBook} from "./ISpotBook.sol";

/// @title Unified margin accounts
/// @notice Everything that an account of the vault holds, free or in open orders, is joint collateral for its borrowing of one stable
/// (the cash) and for its linear perpetuals. The engine sees the account's totals only:
///
///     equity          = cash + sum of assets at their feeds + profit of perpetuals - debt
///     adjusted equity = the same with each asset's value through its haircut tiers (positive balances alone are cut)
///     maintenance     = sum over perpetuals of the market's tiers of notional, and the tiers of debt
///     uniMMR          = adjusted equity / maintenance
///
/// Perpetuals are traded at the mark price, better or worse by the spread of the maker who quotes. Profit and loss move at once between
/// accounts through this contract's own account of the vault, which also lends: a loss that an account has no free cash for becomes its
/// debt. At every moment, to the unit:
///
///     this account's cash + debts + entry values of open positions = what was paid in + interest + funding booked - bad debt
///
/// All money is in the cash's smallest unit, mark prices in it per contract, so the value of a trade is never rounded.
///
/// Liquidation: at the liquidation level the account is frozen and its orders are cancelled; then, a slice a call, its assets are sold
/// into their books in the order in which they were listed; then its positions are closed against quotes; then the insurance fund pays
/// what is missing; then positions are closed against the opposite side at the bankruptcy price, in the order of
/// (profit: mark / entry, of shorts entry / mark) * (notional / account value); what debt is still left is bad debt.
/// Simplification: open orders and quotes need no margin of their own, and a maker is checked before a fill, not after.
interface IUnifiedMargin is IWithdrawalGuard {
    // --- Types

    /// @dev FREE over the warning line, WARNING at it or under, and so on.
    enum Level {
        FREE,
        WARNING,
        REDUCE_ONLY,
        LIQUIDATION
    }

    /// @param upTo End of the bracket, in cash
    /// @param rateBps Share of that bracket which counts
    struct Tier {
        uint128 upTo;
        uint16 rateBps;
    }

    /// @param freeWad uniMMR that must be left after borrowing, withdrawing; 1.5e18
    /// @param warningWad And that must be left after a position grew; a liquidation ends over it; 1.2e18
    /// @param reduceOnlyWad 1.05e18
    /// @param liquidationWad 1e18
    /// @param sliceBps Of what an asset or position was at the liquidation's start, sold in one call
    /// @param feeBps Of the proceeds of forced sales, to the insurance fund
    /// @param pauseSeconds From one call for an account to the next
    struct Rules {
        uint64 freeWad;
        uint64 warningWad;
        uint64 reduceOnlyWad;
        uint64 liquidationWad;
        uint16 sliceBps;
        uint16 feeBps;
        uint32 pauseSeconds;
    }

    /// @param cash Free and in orders
    /// @param assetValue Of all but the cash, without haircut
    /// @param profit Of open positions, less funding not settled yet
    /// @param notional Sum of positions' sizes at the mark
    /// @param uniMmrWad The maximum of int256 without a maintenance margin
    /// @param leverageWad (asset value + notional) / equity; the maximum of uint256 without equity
    struct Account {
        uint256 cash;
        uint256 assetValue;
        uint256 collateralValue;
        uint256 debt;
        int256 profit;
        uint256 notional;
        int256 equity;
        int256 adjustedEquity;
        uint256 maintenance;
        int256 uniMmrWad;
        uint256 leverageWad;
        Level level;
    }

    /// @param size Contracts; negative is short
    /// @param entry Cash that they were entered at, of the size's sign
    /// @param fundingIndexWad Up to which funding is settled
    struct Position {
        int128 size;
        int128 entry;
        int256 fundingIndexWad;
    }

    /// @param spreadBps Off the mark, for the maker
    struct PerpQuote {
        address maker;
        uint64 bidContracts;
        uint64 askContracts;
        uint16 spreadBps;
    }

    // --- Events

    event Borrowed(address indexed account, uint256 amount);

    event Repaid(address indexed account, uint256 amount);

    event PerpQuoted(uint256 indexed marketId, address indexed maker, uint256 bidContracts, uint256 askContracts, uint256 spreadBps);

    /// @param contracts Bought by the taker; negative is sold
    /// @param price Cash per contract
    event PerpTrade(
        uint256 indexed marketId, address indexed taker, address indexed maker, int256 contracts, uint256 price, uint256 markPrice
    );

    /// @notice Profit or loss went through the clearing account.
    /// @param viaDebt Of it, what lowered the debt (profit) or raised it (loss)
    event Realised(address indexed account, int256 amount, uint256 viaDebt);

    event FundingPaid(uint256 indexed marketId, address indexed account, int256 amount);

    /// @notice The funding index of a market was brought up to date, at the mark of now.
    /// @param indexWad Cash that a contract held long has paid since the market began, 18 more decimals
    event FundingAccrued(uint256 indexed marketId, int256 indexWad);

    event LiquidationStarted(
        address indexed account, int256 equity, int256 adjustedEquity, uint256 maintenance, int256 uniMmrWad, uint256 leverageWad
    );

    /// @param proceeds Cash from the book, less its fee
    /// @param fee Of these, to the insurance fund
    event CollateralSold(
        address indexed account, address indexed asset, uint256 lots, uint256 proceeds, uint256 fee, int256 uniMmrWadAfter
    );

    event InsuranceUsed(address indexed account, uint256 amount);

    /// @param contracts That the bankrupt account sold; negative is bought
    /// @param price The bankruptcy price, cash per contract
    event AutoDeleveraged(
        uint256 indexed marketId,
        address indexed bankrupt,
        address indexed counterparty,
        int256 contracts,
        uint256 price,
        uint256 markPrice,
        uint256 rankWad
    );

    /// @notice What neither the account, nor the fund, nor an opposite side could pay.
    event BadDebt(address indexed account, uint256 amount);

    event LiquidationEnded(address indexed account, int256 uniMmrWad);

    event AssetSet(uint256 indexed assetId, address indexed asset, uint256 haircutAddOnBps);

    event MarketSet(uint256 indexed marketId, address feed, int256 fundingRateWad, uint256 feeBps);

    event RulesSet(Rules rules);

    event LendingSet(uint256 rateRay);

    // --- Errors

    error InvalidAmount();

    error UnknownAsset(uint256 assetId);

    error UnknownMarket(uint256 marketId);

    error AssetAlreadyListed(address asset);

    error WrongQuote(address quote, address cash);

    /// @notice Brackets are none, not ascending, or end where they must not.
    error TiersOutOfOrder();

    /// @notice More than 100 %.
    error RateOverAll(uint256 bps);

    /// @notice It must hold that 0 < liquidation <= reduce-only <= warning <= free.
    error LevelsOutOfOrder(uint256 freeWad, uint256 warningWad, uint256 reduceOnlyWad, uint256 liquidationWad);

    error UnsupportedDecimals(address feed, uint8 decimals);

    error PriceNotAvailable(int256 answer);

    error MarginTooLow(int256 uniMmrWad, uint256 requiredWad);

    error AccountFrozen(address account);

    error TooManyQuotes(uint256 quotes);

    error NotLiquidatable(int256 uniMmrWad, uint256 liquidationWad);

    error LiquidationPaused(uint256 until);

    // --- Actions, for the account

    function borrow(uint256 amount) external;

    /// @return repaid At most the debt
    function repay(uint256 amount) external returns (uint256 repaid);

    /// @notice Stand ready to buy and to sell so many contracts, off the mark by a spread; replaces the maker's last quote. The
    /// narrowest spread is met first, then the one that came first.
    function quotePerp(uint256 marketId, uint256 bidContracts, uint256 askContracts, uint256 spreadBps) external;

    /// @notice Buy contracts (sell where negative) from whoever quotes them.
    /// @param limitPrice Worst price, cash per contract
    /// @return filled Of the sign of `contracts`
    function tradePerp(uint256 marketId, int256 contracts, uint256 limitPrice, uint256 maxFills) external returns (int256 filled);

    // --- Actions, for anyone

    /// @notice One call of an account's liquidation.
    /// @param maxSteps Assets to sell from and markets to close in at most
    /// @param maxFills Orders, quotes or counterparties to meet at most in each
    /// @return steps Of them, how many did something
    function liquidate(address account, uint256 maxSteps, uint256 maxFills) external returns (uint256 steps);

    // --- Actions, for the owner only

    /// @notice List an asset as collateral; the order of listing is the order of sale. All assets come before the first account.
    /// @param book Where it is sold for cash
    /// @param feed Dollars per whole token, 8 decimals; an answer of zero or below counts as worth nothing
    function addAsset(ISpotBook book, AggregatorV3Interface feed, Tier[] calldata tiers) external returns (uint256 assetId);

    /// @param addOnBps Cut from what the tiers leave
    function setAsset(uint256 assetId, Tier[] calldata tiers, uint256 addOnBps) external;

    /// @param feed Dollars per whole unit, 8 decimals
    /// @param contractSizeWad Whole units in a contract, 18 decimals
    /// @param tiers Maintenance margin by notional
    function addMarket(AggregatorV3Interface feed, uint256 contractSizeWad, Tier[] calldata tiers) external returns (uint256 marketId);

    /// @param fundingRateWad Of notional for 8 hours; positive is paid by longs
    /// @param feeBps Of a voluntary taker's notional, to the vault's fee account
    function setMarket(uint256 marketId, Tier[] calldata tiers, int256 fundingRateWad, uint256 feeBps) external;

    function setRules(Rules calldata rules) external;

    /// @param rateRay Interest a year
    /// @param tiers Maintenance margin by debt
    function setLending(uint256 rateRay, Tier[] calldata tiers) external;

    // --- Views

    function accountOf(address account) external view returns (Account memory);

    function level(address account) external view returns (Level);

    function debtOf(address account) external view returns (uint256);

    function positionOf(uint256 marketId, address account) external view returns (Position memory);

    /// @return Cash per contract
    function markPrice(uint256 marketId) external view returns (uint256);

    /// @notice What so much of an asset counts as collateral, in cash, of its whole value.
    function collateralValueOf(uint256 assetId, uint256 value) external view returns (uint256);

    function quotes(uint256 marketId) external view returns (PerpQuote[] memory);

    /// @return Accounts with an open position
    function holders(uint256 marketId) external view returns (address[] memory);

    function assets() external view returns (uint256);

    function markets() external view returns (uint256);

    function isLiquidating(address account) external view returns (bool);

    /// @return Unix time before which the account's liquidation does not go on
    function pausedUntil(address account) external view returns (uint256);

    function rules() external view returns (Rules memory);

    /// @return debt Sum of the stored debts
    /// @return interest Booked so far
    /// @return funding Paid to the clearing account so far, less what was got from it
    /// @return badDebt Written off so far
    function totals() external view returns (uint256 debt, uint256 interest, int256 funding, uint256 badDebt);

    function vault() external view returns (IExchangeVault);

    function cash() external view returns (address);

    function insuranceFund() external view returns (address);
}
