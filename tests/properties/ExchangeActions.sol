// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ISpotBook} from "../../contracts/interfaces/ISpotBook.sol";
import {IUnifiedMargin} from "../../contracts/interfaces/IUnifiedMargin.sol";
import {ExchangeVault} from "../../contracts/exchange/ExchangeVault.sol";
import {LoanDesk} from "../../contracts/exchange/LoanDesk.sol";
import {SpotBook} from "../../contracts/exchange/SpotBook.sol";
import {UnifiedMargin} from "../../contracts/exchange/UnifiedMargin.sol";
import {MockERC20} from "../../contracts/tokens/MockERC20.sol";
import {ExchangeWorld} from "./ExchangeWorld.sol";

/// @dev Random actors do what traders, makers, borrowers, keepers and the exchange do; the last one only quotes on the books, so
/// that there is always somebody to trade with. What is refused changes nothing and is no finding, but for an account's liquidation:
/// it always has to be possible.
contract ExchangeActions is ExchangeWorld {
    // --- Types

    enum Action {
        LIMIT,
        MARKET,
        CONTINUE,
        CANCEL,
        CANCEL_ALL,
        REQUOTE,
        WITHDRAW,
        DEPOSIT,
        PLEDGE,
        TOP_UP,
        REPAY_LOAN,
        TAKE_PLEDGE,
        CALL,
        SELL_PLEDGE,
        BORROW,
        REPAY,
        QUOTE_PERP,
        TRADE_PERP,
        LIQUIDATE,
        MOVE_ETH,
        PASS_TIME,
        CONFIGURE
    }

    // --- Storage

    mapping(Action => uint256) public timesDone;
    string public breach;

    // --- Constructor

    constructor() {
        _createWorld();
        for (uint256 k = 0; k < ACTORS; ++k) {
            requote(k, k % 2, 5, 20_000, 40);
        }
    }

    // --- Actions: the books

    function limit(uint256 actor, uint256 book, uint256 side, uint256 tickSeed, uint256 lots, uint256 kind) external {
        bytes memory data = abi.encodeCall(
            ISpotBook.placeLimit,
            (ISpotBook.Side(side % 2), _near(book, tickSeed) * TICK, _anySize(lots, 100_000), ISpotBook.Kind(kind % 3))
        );
        _act(Action.LIMIT, _actor(actor), address(_books[book % 2]), data);
    }

    function market(uint256 actor, uint256 book, uint256 side, uint256 lots, uint256 maxFills) external {
        bytes memory data =
            abi.encodeCall(ISpotBook.placeMarket, (ISpotBook.Side(side % 2), _anySize(lots, 300_000), 1 + maxFills % 12));
        _act(Action.MARKET, _actor(actor), address(_books[book % 2]), data);
    }

    function continueMarket(uint256 actor, uint256 book, uint256 maxFills) external {
        bytes memory data = abi.encodeCall(ISpotBook.continueMarket, (_actor(actor), 1 + maxFills % 4));
        _act(Action.CONTINUE, _keeper(actor), address(_books[book % 2]), data);
    }

    function cancel(uint256 actor, uint256 book, uint256 which) external {
        uint256[] memory words = _books[book % 2].openOrders(_actor(actor));
        if (words.length == 0) return;
        bytes memory data = abi.encodeCall(ISpotBook.cancel, (words[which % words.length] >> 80));
        _act(Action.CANCEL, _actor(actor), address(_books[book % 2]), data);
    }

    function cancelAll(uint256 actor, uint256 book) external {
        _act(Action.CANCEL_ALL, _actor(actor), address(_books[book % 2]), abi.encodeCall(ISpotBook.cancelAll, ()));
    }

    function requote(uint256 actor, uint256 book, uint256 rungs, uint256 lots, uint256 spread) public {
        uint256 middle = _near(book, (spread >> 16) | 1);
        uint256 size = 1 + rungs % 6;
        ISpotBook.Rung[] memory bids = new ISpotBook.Rung[](size);
        ISpotBook.Rung[] memory asks = new ISpotBook.Rung[](size);
        for (uint256 k = 0; k < size; ++k) {
            uint256 away = 1 + spread % 50 + k * (1 + middle / 100);
            bids[k] = ISpotBook.Rung(uint128((middle > away ? middle - away : 1) * TICK), uint64(1 + lots % 30_000));
            asks[k] = ISpotBook.Rung(uint128((middle + away) * TICK), uint64(1 + lots % 30_000));
        }
        _act(Action.REQUOTE, _actor(actor), address(_books[book % 2]), abi.encodeCall(ISpotBook.requote, (bids, asks)));
    }

    // --- Actions: in and out

    function withdraw(uint256 actor, uint256 asset, uint256 amount) external {
        address token = _token(asset);
        (uint256 free,) = _vault.balanceOf(_actor(actor), token);
        _act(Action.WITHDRAW, _actor(actor), address(_vault), abi.encodeCall(_vault.withdraw, (token, _anySize(amount, free / 4 + 1))));
    }

    /// @dev To an actor; little, to the insurance fund.
    function deposit(uint256 actor, uint256 asset, uint256 amount) external {
        MockERC20 token = MockERC20(_token(asset));
        bool toFund = actor % 6 == 0;
        _pay(token, _anySize(amount, 10 ** token.decimals() * (toFund ? 10 : 2_000)), toFund ? INSURANCE : _actor(actor));
        ++timesDone[Action.DEPOSIT];
    }

    // --- Actions: the loan desk

    function pledge(uint256 actor, uint256 line, uint256 amount, uint256 ltv) external {
        (uint256 free,) = _vault.balanceOf(_actor(actor), address(_bases[line % 2]));
        uint256 pledged = _anySize(amount, free + 1);
        uint256 lent = pledged * _books[line % 2].index() / 1e18 * _between(ltv, 30, 66) / 100;
        _act(Action.PLEDGE, _actor(actor), address(_desk), abi.encodeCall(_desk.borrow, (line % 2, pledged, lent)));
    }

    function topUp(uint256 actor, uint256 line, uint256 amount) external {
        bytes memory data = abi.encodeCall(_desk.topUp, (line % 2, _anySize(amount, 500e18)));
        _act(Action.TOP_UP, _actor(actor), address(_desk), data);
    }

    function repayLoan(uint256 actor, uint256 line, uint256 amount) external {
        bytes memory data = abi.encodeCall(_desk.repay, (line % 2, _anySize(amount, 1_000e6)));
        _act(Action.REPAY_LOAN, _actor(actor), address(_desk), data);
    }

    function takePledge(uint256 actor, uint256 line, uint256 amount) external {
        bytes memory data = abi.encodeCall(_desk.withdrawPledge, (line % 2, _anySize(amount, 1_000e18)));
        _act(Action.TAKE_PLEDGE, _actor(actor), address(_desk), data);
    }

    function call(uint256 actor, uint256 line) external {
        bytes memory data = abi.encodeCall(_desk.marginCall, (line % 2, _actor(actor)));
        _act(Action.CALL, _keeper(actor), address(_desk), data);
    }

    function sellPledge(uint256 actor, uint256 line, uint256 maxFills) external {
        bytes memory data = abi.encodeCall(_desk.liquidate, (line % 2, _actor(actor), type(uint48).max, 1 + maxFills % 8));
        _act(Action.SELL_PLEDGE, _keeper(actor), address(_desk), data);
    }

    // --- Actions: the margin engine

    function borrow(uint256 actor, uint256 amount) external {
        _act(Action.BORROW, _risky(actor), address(_margin), abi.encodeCall(_margin.borrow, (_between(amount, 1, 20_000e6))));
    }

    function repay(uint256 actor, uint256 amount) external {
        _act(Action.REPAY, _actor(actor), address(_margin), abi.encodeCall(_margin.repay, (_anySize(amount, 5_000e6))));
    }

    function quotePerp(uint256 actor, uint256 bid, uint256 ask, uint256 spread) external {
        bytes memory data = abi.encodeCall(_margin.quotePerp, (0, bid % 3_000, ask % 3_000, spread % 3_00));
        _act(Action.QUOTE_PERP, _risky(actor), address(_margin), data);
    }

    function tradePerp(uint256 actor, uint256 contracts, bool buys) external {
        int256 size = int256(_between(contracts, 1, 3_000)) * (buys ? int256(1) : -1);
        bytes memory data = abi.encodeCall(_margin.tradePerp, (0, size, buys ? type(uint128).max : 0, 10));
        _act(Action.TRADE_PERP, _risky(actor), address(_margin), data);
    }

    /// @dev An account at the liquidation level, or in liquidation, and not paused can always be liquidated.
    function liquidate(uint256 actor, uint256 maxSteps, uint256 maxFills) external {
        address account = _actor(actor);
        bool isDue = _margin.isLiquidating(account) || _margin.level(account) == IUnifiedMargin.Level.LIQUIDATION;
        bool isPaused = block.timestamp < _margin.pausedUntil(account);
        bytes memory data = abi.encodeCall(_margin.liquidate, (account, 1 + maxSteps % 4, 1 + maxFills % 8));
        bool done = _act(Action.LIQUIDATE, _keeper(actor), address(_margin), data);
        if (done != (isDue && !isPaused)) _note("liquidation is possible just when it is due");
    }

    // --- Actions: the world's

    function moveEth(uint256 seed) external {
        int256 priceE8 = _ethFeed.latestAnswer() * int256(_between(seed, 60, 150)) / 100;
        if (priceE8 < 50e8 || priceE8 > 50_000e8) priceE8 = int256(ETH_E8);
        _act(Action.MOVE_ETH, address(this), address(_ethFeed), abi.encodeCall(_ethFeed.post, (priceE8)));
    }

    function passTime(uint256 seed) external {
        CHEATS.warp(block.timestamp + _anySize(seed, 2 days));
        ++timesDone[Action.PASS_TIME];
    }

    function configure(uint256 kind, uint256 seed) external {
        if (kind % 5 == 0) _books[seed % 2].setFees(seed % 20, (seed >> 8) % 30);
        else if (kind % 5 == 1) _books[seed % 2].setCircuitBreaker(seed % 3 == 0 ? 10_00 : 0, 60, 120);
        else if (kind % 5 == 2) _margin.setMarket(0, _tier(5_00), int256(seed % 0.004e18) - 0.002e18, seed % 10);
        else if (kind % 5 == 3) _desk.setTerms(seed % 2, _terms(uint16(10_00 + seed % 90_01), uint32(seed % 60)));
        else _margin.setRules(_rules(seed));
        ++timesDone[Action.CONFIGURE];
    }

    // --- Views

    function parts() external view returns (ExchangeVault, LoanDesk, UnifiedMargin, SpotBook[2] memory) {
        return (_vault, _desk, _margin, _books);
    }

    function tokens() external view returns (address[3] memory) {
        return [_token(0), _token(1), _token(2)];
    }

    function actors() external view returns (address[ACTORS] memory) {
        return _actors;
    }

    // --- Internals

    function _act(Action action, address actor, address target, bytes memory data) private returns (bool done) {
        if (actor != address(this)) CHEATS.prank(actor);
        (done,) = target.call(data);
        if (done) ++timesDone[action];
    }

    function _actor(uint256 seed) private view returns (address) {
        return _actors[seed % ACTORS];
    }

    function _risky(uint256 seed) private view returns (address) {
        return _actors[seed % (ACTORS - 1)];
    }

    /// @dev Somebody else.
    function _keeper(uint256 seed) private view returns (address) {
        return _actors[(seed % ACTORS + 1) % ACTORS];
    }

    /// @dev USDT, then the bases.
    function _token(uint256 asset) private view returns (address) {
        return asset % 3 == 0 ? address(_usdt) : address(_bases[asset % 3 - 1]);
    }

    /// @dev Within a quarter of the book's own price; a forgotten order, one in twenty.
    function _near(uint256 book, uint256 seed) private view returns (uint256) {
        uint256 tick = _books[book % 2].ownPrice() / TICK;
        if (tick < 100 || tick > 100 * START_TICK) tick = START_TICK;
        return seed % 20 == 0 ? tick / 10 : tick * _between(seed, 75, 125) / 100;
    }

    function _rules(uint256 seed) private pure returns (IUnifiedMargin.Rules memory) {
        return IUnifiedMargin.Rules(1.5e18, 1.2e18, 1.05e18, 1e18, uint16(20_00 + seed % 80_01), uint16(seed % 2_00), uint32(seed % 40));
    }

    function _note(string memory what) private {
        if (bytes(breach).length == 0) breach = what;
    }
}
