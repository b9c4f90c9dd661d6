// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IPool} from "../../contracts/interfaces/IPool.sol";
import {IReserveInterestRateStrategy} from "../../contracts/interfaces/IReserveInterestRateStrategy.sol";
import {Cheats} from "./Cheats.sol";
import {LendingWorld} from "./LendingWorld.sol";

/// @dev Random actors do what a market's users, keepers and administrator do. A call that the pool refuses changes nothing and is
/// no finding; one that it allows is compared with the picture before it, and the first breach of each rule is noted.
contract LendingActions is LendingWorld {
    // --- Types

    enum Rule {
        OTHERS_KEEP_THEIR_BALANCES,
        HEALTHY_STAY_HEALTHY,
        LIQUIDATION_RAISES_HEALTH,
        LIQUIDATION_PAYS_THE_BONUS,
        DEBT_ENDS_BY_PAYMENT_OR_DEFICIT,
        INDEXES_DO_NOT_FALL
    }

    enum Action {
        SUPPLY,
        WITHDRAW,
        BORROW,
        REPAY,
        REPAY_WITH_ATOKENS,
        SWITCH_COLLATERAL,
        SWITCH_EMODE,
        LIQUIDATE,
        LIQUIDATE_SAME_ASSET,
        WRITE_OFF,
        FLASH_LOAN,
        TRANSFER,
        DONATE,
        MINT_TO_TREASURY,
        ELIMINATE_DEFICIT,
        CONFIGURE
    }

    struct Breach {
        string what;
        uint256 value;
        uint256 limit;
    }

    /// @dev Of one actor, by asset.
    struct Holdings {
        uint256[ASSETS] wallet;
        uint256[ASSETS] scaledSupplied;
        uint256[ASSETS] scaledOwed;
        uint256 healthFactorWad;
    }

    struct Picture {
        Holdings[ACTORS] holdings;
        uint256[ASSETS] liquidityIndexRay;
        uint256[ASSETS] borrowIndexRay;
        uint256[ASSETS] totalDebt;
        uint256[ASSETS] scaledTreasury;
    }

    /// @dev `victim` may lose collateral: the borrower of a liquidation, otherwise the actor.
    struct Done {
        Action action;
        uint256 actor;
        uint256 victim;
        uint256[ASSETS] debtPaid;
    }

    struct Liquidation {
        uint256 liquidator;
        uint256 borrower;
        uint256 collateral;
        uint256 debt;
        bool receiveAToken;
    }

    // --- Constants

    uint256 private constant MOST = 1e6;
    uint256 private constant NEGLIGIBLE_BASE = 10e8;

    // --- Storage

    mapping(Rule => Breach) public breaches;
    mapping(Action => uint256) public timesDone;
    uint256[ASSETS] public donated;
    uint256[ASSETS] public scaledDoubledTreasury;
    uint256 public steps;

    // --- Constructor

    constructor() {
        _createWorld();
    }

    // --- Actions: users

    function supply(uint256 actorSeed, uint256 asset, uint256 amount, uint256 ownerSeed) external {
        uint256 actor = actorSeed % ACTORS;
        address owner = _actors[ownerSeed % 4 == 0 ? ownerSeed % ACTORS : actor];
        bytes memory data = abi.encodeCall(IPool.supply, (_asset(asset), _amount(asset, amount) / 10, owner, 0));
        _act(_done(Action.SUPPLY, actor), data);
    }

    function withdraw(uint256 actorSeed, uint256 asset, uint256 amount) external {
        uint256 actor = actorSeed % ACTORS;
        bytes memory data = abi.encodeCall(IPool.withdraw, (_asset(asset), _amountOrAll(asset, amount), _actors[actor]));
        _act(_done(Action.WITHDRAW, actor), data);
    }

    /// @dev Three in four borrow all that the collateral allows.
    function borrow(uint256 actorSeed, uint256 asset, uint256 amount) external {
        uint256 actor = actorSeed % ACTORS;
        uint256 borrowed = _amount(asset, amount);
        if (amount % 4 != 0) {
            (,, uint256 availableBase,,,) = _pool.getUserAccountData(_actors[actor]);
            // Less what the roundings of collateral and debt can take.
            borrowed = availableBase * 9999 / 10000 * _market(asset).unit / _priceE8(asset % ASSETS);
        }
        bytes memory data = abi.encodeCall(IPool.borrow, (_asset(asset), borrowed, 2, 0, _actors[actor]));
        _act(_done(Action.BORROW, actor), data);
    }

    function repay(uint256 actorSeed, uint256 asset, uint256 amount, uint256 ownerSeed) external {
        uint256 actor = actorSeed % ACTORS;
        address owner = _actors[ownerSeed % 4 == 0 ? ownerSeed % ACTORS : actor];
        Done memory done = _done(Action.REPAY, actor);
        uint256 heldBefore = _held(asset % ASSETS);
        Picture memory before = _picture();

        bytes memory data = abi.encodeCall(IPool.repay, (_asset(asset), _amountOrAll(asset, amount), 2, owner));
        if (!_try(actor, data)) return;
        done.debtPaid[asset % ASSETS] = _held(asset % ASSETS) - heldBefore;
        _compare(before, done);
    }

    /// @dev What is paid is what the burnt aTokens were worth.
    function repayWithATokens(uint256 actorSeed, uint256 asset, uint256 amount) external {
        uint256 actor = actorSeed % ACTORS;
        Done memory done = _done(Action.REPAY_WITH_ATOKENS, actor);
        Picture memory before = _picture();
        uint256 suppliedBefore = _market(asset).aToken.balanceOf(_actors[actor]);

        bytes memory data = abi.encodeCall(IPool.repayWithATokens, (_asset(asset), _amountOrAll(asset, amount), 2));
        if (!_try(actor, data)) return;
        done.debtPaid[asset % ASSETS] = suppliedBefore - _market(asset).aToken.balanceOf(_actors[actor]);
        _compare(before, done);
    }

    function transferAToken(uint256 actorSeed, uint256 asset, uint256 amount, uint256 receiverSeed) external {
        uint256 actor = actorSeed % ACTORS;
        Done memory done = _done(Action.TRANSFER, actor);
        Picture memory before = _picture();
        uint256 balance = _market(asset).aToken.balanceOf(_actors[actor]);
        uint256 moved = amount % 4 == 0 ? balance : _anySize(amount, balance + 1);

        CHEATS.prank(_actors[actor]);
        try _market(asset).aToken.transfer(_actors[receiverSeed % ACTORS], moved) {
            _compare(before, done);
        } catch {}
    }

    function switchCollateral(uint256 actorSeed, uint256 asset, bool on) external {
        bytes memory data = abi.encodeCall(IPool.setUserUseReserveAsCollateral, (_asset(asset), on));
        _act(_done(Action.SWITCH_COLLATERAL, actorSeed % ACTORS), data);
    }

    function switchEMode(uint256 actorSeed, bool on) external {
        bytes memory data = abi.encodeCall(IPool.setUserEMode, (on ? STABLE_EMODE : 0));
        _act(_done(Action.SWITCH_EMODE, actorSeed % ACTORS), data);
    }

    function flashLoan(uint256 actorSeed, uint256 asset, uint256 amount) external {
        uint256 lent = _amount(asset, amount);
        _market(asset).token.mint(address(_flashBorrower), lent);
        bytes memory data = abi.encodeCall(
            IPool.flashLoanSimple, (address(_flashBorrower), _asset(asset), lent, abi.encode(true, uint256(0)), 0)
        );
        _act(_done(Action.FLASH_LOAN, actorSeed % ACTORS), data);
    }

    // --- Actions: keepers

    /// @dev Looks for an unhealthy borrower, and for a collateral and a debt that he has, from the seeds on.
    function liquidate(uint256 liquidatorSeed, uint256 borrowerSeed, uint256 pairSeed, uint256 amount, bool receiveAToken)
        external
    {
        _liquidate(liquidatorSeed, borrowerSeed, pairSeed, amount, receiveAToken);
    }

    /// @dev A keeper who takes all that he can of one borrower, collateral after collateral.
    function sweep(uint256 liquidatorSeed, uint256 borrowerSeed, uint256 pairSeed) external {
        for (uint256 n = 0; n < 2 * ASSETS; ++n) {
            _liquidate(liquidatorSeed, borrowerSeed, pairSeed, 0, n % 2 == 1);
        }
    }

    function eliminateDeficit(uint256 asset, uint256 amount) external {
        bytes memory data = abi.encodeCall(IPool.eliminateReserveDeficit, (_asset(asset), _amount(asset, amount)));
        _act(_done(Action.ELIMINATE_DEFICIT, LENDER), data);
    }

    function mintToTreasury(uint256 actorSeed) external {
        address[] memory assets = new address[](ASSETS);
        for (uint256 k = 0; k < ASSETS; ++k) {
            assets[k] = _asset(k);
        }
        _act(_done(Action.MINT_TO_TREASURY, actorSeed % ACTORS), abi.encodeCall(IPool.mintToTreasury, (assets)));
    }

    function donate(uint256 asset, uint256 amount) external {
        uint256 given = _amount(asset, amount);
        _market(asset).token.mint(address(_market(asset).aToken), given);
        donated[asset % ASSETS] += given;
        ++timesDone[Action.DONATE];
    }

    // --- Actions: the world's

    /// @dev By up to 10 % down or 11 % up, one in four by up to two thirds down, within a fifth and five times the first price.
    function movePrice(uint256 asset, uint256 seed) external {
        uint256 start = _market(asset).startPriceE8;
        uint256 price = _priceE8(asset % ASSETS);
        uint256 permille = _between(seed >> 8, seed % 4 == 0 ? 333 : 900, 1000);
        uint256 moved = seed % 2 == 0 ? price * permille / 1000 : price * 1000 / permille;
        if (moved < start / 5 || moved > start * 5) moved = start;
        _market(asset).feed.post(int256(moved));
    }

    function passTime(uint256 seed) external {
        CHEATS.warp(block.timestamp + _anySize(seed, 30 days));
    }

    /// @dev An administrator's change may make a position unhealthy; it moves no balance and no debt.
    function configure(uint256 asset, uint256 kind, uint256 seed) external {
        Picture memory before = _picture();
        if (!_configure(_asset(asset), kind % 9, seed)) return;
        Picture memory later = _picture();
        for (uint256 i = 0; i < ACTORS; ++i) {
            later.holdings[i].healthFactorWad = before.holdings[i].healthFactorWad;
        }
        Done memory done = _done(Action.CONFIGURE, ACTORS);
        _comparePictures(before, later, done);
    }

    // --- Views

    function pool() external view returns (IPool) {
        return _pool;
    }

    function market(uint256 k) external view returns (Market memory) {
        return _markets[k];
    }

    /// @dev Everyone who can hold a token or a claim of this world.
    function holders() external view returns (address[] memory all) {
        all = new address[](ACTORS + 2);
        for (uint256 i = 0; i < ACTORS; ++i) {
            all[i] = _actors[i];
        }
        (all[ACTORS], all[ACTORS + 1]) = (TREASURY, address(_flashBorrower));
    }

    // --- Internals: doing

    function _act(Done memory done, bytes memory data) private {
        Picture memory before = _picture();
        if (_try(done.actor, data)) _compare(before, done);
    }

    function _try(uint256 actor, bytes memory data) private returns (bool done) {
        CHEATS.prank(_actors[actor]);
        (done,) = address(_pool).call(data);
    }

    function _liquidate(uint256 liquidatorSeed, uint256 borrowerSeed, uint256 pairSeed, uint256 amount, bool receiveAToken)
        private
    {
        Liquidation memory call = _findLiquidation(borrowerSeed, pairSeed);
        call.liquidator = liquidatorSeed % ACTORS;
        if (call.liquidator == call.borrower) call.liquidator = (call.borrower + 1) % ACTORS;
        call.receiveAToken = receiveAToken;
        uint256 covered = amount % 2 == 0 ? type(uint256).max : _anySize(amount, MOST * _markets[call.debt].unit);
        Picture memory before = _picture();
        uint256 lineWad = _toxicHealthFactorWad(call);

        CHEATS.recordLogs();
        bytes memory data = abi.encodeCall(
            IPool.liquidationCall,
            (_asset(call.collateral), _asset(call.debt), _actors[call.borrower], covered, call.receiveAToken)
        );
        bool wasDone = _try(call.liquidator, data);
        Cheats.Log[] memory logs = CHEATS.getRecordedLogs();
        if (wasDone) _checkLiquidation(call, before, logs, lineWad);
    }

    function _done(Action action, uint256 actor) private pure returns (Done memory done) {
        (done.action, done.actor, done.victim) = (action, actor, actor);
    }

    function _configure(address asset, uint256 kind, uint256 seed) private returns (bool done) {
        bytes memory data;
        if (kind == 0) {
            uint256 ltv = _between(seed, 50_00, 80_00);
            data = abi.encodeCall(_configurator.configureReserveAsCollateral, (asset, ltv, ltv + 3_00, _between(seed >> 16, 101_00, 112_00)));
        } else if (kind == 1) {
            data = abi.encodeCall(_configurator.setReserveFactor, (asset, seed % 60_00));
        } else if (kind == 2) {
            data = abi.encodeCall(_configurator.setLiquidationProtocolFee, (asset, seed % 50_00));
        } else if (kind == 3) {
            uint32 slope = uint32(seed % 30_00);
            data = abi.encodeCall(
                _configurator.setReserveInterestRateData,
                (asset, abi.encode(IReserveInterestRateStrategy.InterestRateData(80_00, slope / 4, slope, slope + 100_00)))
            );
        } else if (kind == 4) {
            data = abi.encodeCall(_configurator.updateFlashloanPremium, (uint128(seed % 1_00)));
        } else if (kind == 5) {
            uint16 ltv = uint16(_between(seed, 70_00, 93_00));
            data = abi.encodeCall(_configurator.setEModeCategory, (STABLE_EMODE, ltv, ltv + 2_00, 104_00, "stable"));
        } else if (kind == 6) {
            data = abi.encodeCall(_configurator.setReserveFreeze, (asset, seed % 16 == 0));
        } else if (kind == 7) {
            data = abi.encodeCall(_configurator.setReserveLtvzero, (asset, seed % 16 == 0));
        } else {
            data = abi.encodeCall(_configurator.setReserveBorrowing, (asset, seed % 16 != 0));
        }
        (done,) = address(_configurator).call(data);
    }

    function _findLiquidation(uint256 borrowerSeed, uint256 pairSeed) private view returns (Liquidation memory call) {
        for (uint256 step = 0; step < ACTORS; ++step) {
            call.borrower = (borrowerSeed % ACTORS + step) % ACTORS;
            if (_healthFactorWad(call.borrower) < 1e18) break;
        }
        for (uint256 step = 0; step < ASSETS; ++step) {
            call.collateral = (pairSeed % ASSETS + step) % ASSETS;
            if (_markets[call.collateral].aToken.scaledBalanceOf(_actors[call.borrower]) != 0) break;
        }
        for (uint256 step = 0; step < ASSETS; ++step) {
            call.debt = ((pairSeed >> 128) + step) % ASSETS;
            if (_markets[call.debt].debtToken.scaledBalanceOf(_actors[call.borrower]) != 0) break;
        }
    }

    // --- Internals: checking

    function _compare(Picture memory before, Done memory done) private {
        _comparePictures(before, _picture(), done);
    }

    function _comparePictures(Picture memory before, Picture memory later, Done memory done) private {
        ++timesDone[done.action];
        ++steps;
        for (uint256 k = 0; k < ASSETS; ++k) {
            _noteBelow(Rule.INDEXES_DO_NOT_FALL, "liquidity index", later.liquidityIndexRay[k], before.liquidityIndexRay[k]);
            _noteBelow(Rule.INDEXES_DO_NOT_FALL, "borrow index", later.borrowIndexRay[k], before.borrowIndexRay[k]);
            uint256 remaining = later.totalDebt[k] + done.debtPaid[k];
            _noteBelow(Rule.DEBT_ENDS_BY_PAYMENT_OR_DEFICIT, "debt and payment", remaining, before.totalDebt[k]);
        }
        for (uint256 i = 0; i < ACTORS; ++i) {
            if (before.holdings[i].healthFactorWad >= 1e18) {
                _noteBelow(Rule.HEALTHY_STAY_HEALTHY, "health factor", later.holdings[i].healthFactorWad, 1e18);
            }
            if (i != done.actor) _compareHoldings(before.holdings[i], later.holdings[i], i == done.victim);
        }
    }

    function _compareHoldings(Holdings memory before, Holdings memory later, bool isVictim) private {
        for (uint256 k = 0; k < ASSETS; ++k) {
            _noteBelow(Rule.OTHERS_KEEP_THEIR_BALANCES, "wallet", later.wallet[k], before.wallet[k]);
            _noteBelow(Rule.OTHERS_KEEP_THEIR_BALANCES, "debt", before.scaledOwed[k], later.scaledOwed[k]);
            if (!isVictim) {
                _noteBelow(Rule.OTHERS_KEEP_THEIR_BALANCES, "supplied", later.scaledSupplied[k], before.scaledSupplied[k]);
            }
        }
    }

    function _checkLiquidation(Liquidation memory call, Picture memory before, Cheats.Log[] memory logs, uint256 lineWad) private {
        Done memory done = _done(Action.LIQUIDATE, call.liquidator);
        done.victim = call.borrower;
        (uint256 covered, uint256 toLiquidator) = _readPayments(logs, done);
        Picture memory later = _picture();
        Holdings memory victim = before.holdings[call.borrower];
        Holdings memory victimLater = later.holdings[call.borrower];

        _noteBelow(Rule.OTHERS_KEEP_THEIR_BALANCES, "liquidated in health", 1e18 - 1, victim.healthFactorWad);
        // Collateral other than that of the call is not the liquidator's.
        for (uint256 k = 0; k < ASSETS; ++k) {
            if (k == call.collateral) continue;
            _noteBelow(
                Rule.OTHERS_KEEP_THEIR_BALANCES, "other collateral", victimLater.scaledSupplied[k], victim.scaledSupplied[k]
            );
        }
        _checkBonus(call, victim, victimLater, covered, toLiquidator);
        if (victim.healthFactorWad > lineWad + 1e14 && _worthBase(call.debt, covered) > NEGLIGIBLE_BASE) {
            _noteBelow(
                Rule.LIQUIDATION_RAISES_HEALTH, "health factor", victimLater.healthFactorWad, victim.healthFactorWad
            );
        }
        if (call.collateral == call.debt) {
            // Aave's named exception: collateral and debt of one asset book the treasury's share of interest twice.
            uint256 booked = later.scaledTreasury[call.debt] - before.scaledTreasury[call.debt];
            scaledDoubledTreasury[call.debt] += booked / 2;
            ++timesDone[Action.LIQUIDATE_SAME_ASSET];
        }
        _comparePictures(before, later, done);
    }

    /// @dev Covered and written off, as the events say: the only ways in which debt may end here.
    function _readPayments(Cheats.Log[] memory logs, Done memory done) private returns (uint256 covered, uint256 toLiquidator) {
        bool hasDeficit;
        for (uint256 n = 0; n < logs.length; ++n) {
            if (logs[n].emitter != address(_pool)) continue;
            if (logs[n].topics[0] == IPool.LiquidationCall.selector) {
                (covered, toLiquidator,,) = abi.decode(logs[n].data, (uint256, uint256, address, bool));
                done.debtPaid[_indexOf(logs[n].topics[2])] += covered;
            } else if (logs[n].topics[0] == IPool.DeficitCreated.selector) {
                done.debtPaid[_indexOf(logs[n].topics[2])] += abi.decode(logs[n].data, (uint256));
                hasDeficit = true;
            }
        }
        if (hasDeficit) ++timesDone[Action.WRITE_OFF];
    }

    /// @dev Covered debt times the bonus is worth what the borrower gave up, liquidator's and treasury's parts together. Where his
    /// collateral is short, he gives up all of it: then both sides agree through the covered amount, which rounds up.
    function _checkBonus(
        Liquidation memory call,
        Holdings memory victim,
        Holdings memory victimLater,
        uint256 covered,
        uint256 toLiquidator
    ) private {
        uint256 index = _pool.getReserveNormalizedIncome(_asset(call.collateral));
        uint256 given = (victim.scaledSupplied[call.collateral] - victimLater.scaledSupplied[call.collateral]) * index / 1e27;
        uint256 owedBase = _worthBase(call.debt, covered) * _bonusBps(call) / 100_00;
        // A unit of either token, two roundings up of a scaled amount, and the base currency's own.
        uint256 slackBase = 4 + 2 * (_worthBase(call.debt, 1) + 2 * _worthBase(call.collateral, 1) + 2) + owedBase / 1e12;
        uint256 givenBase = _worthBase(call.collateral, given);
        _noteBelow(Rule.LIQUIDATION_PAYS_THE_BONUS, "seized", givenBase + slackBase, owedBase);
        _noteBelow(Rule.LIQUIDATION_PAYS_THE_BONUS, "owed", owedBase + slackBase, givenBase);
        _noteBelow(Rule.LIQUIDATION_PAYS_THE_BONUS, "liquidator's part", given + 2, toLiquidator);
    }

    function _noteBelow(Rule rule, string memory what, uint256 value, uint256 least) private {
        if (value >= least || bytes(breaches[rule].what).length != 0) return;
        breaches[rule] = Breach(what, value, least);
    }

    // --- Internals: reading

    function _picture() private view returns (Picture memory picture) {
        for (uint256 i = 0; i < ACTORS; ++i) {
            Holdings memory holdings = picture.holdings[i];
            for (uint256 k = 0; k < ASSETS; ++k) {
                holdings.wallet[k] = _markets[k].token.balanceOf(_actors[i]);
                holdings.scaledSupplied[k] = _markets[k].aToken.scaledBalanceOf(_actors[i]);
                holdings.scaledOwed[k] = _markets[k].debtToken.scaledBalanceOf(_actors[i]);
            }
            holdings.healthFactorWad = _healthFactorWad(i);
        }
        for (uint256 k = 0; k < ASSETS; ++k) {
            address asset = address(_markets[k].token);
            picture.liquidityIndexRay[k] = _pool.getReserveNormalizedIncome(asset);
            picture.borrowIndexRay[k] = _pool.getReserveData(asset).variableBorrowIndex;
            picture.totalDebt[k] = _markets[k].debtToken.totalSupply();
            picture.scaledTreasury[k] = _pool.getReserveData(asset).accruedToTreasury;
        }
    }

    function _healthFactorWad(uint256 actor) private view returns (uint256 healthFactorWad) {
        (,,,,, healthFactorWad) = _pool.getUserAccountData(_actors[actor]);
    }

    /// @dev Threshold times bonus of the collateral: under this health factor a liquidation lowers it.
    function _toxicHealthFactorWad(Liquidation memory call) private view returns (uint256) {
        uint256 thresholdBps = (_pool.getConfiguration(_asset(call.collateral)).data >> 16) & 0xffff;
        if (_isInEMode(call)) thresholdBps = _pool.getEModeCategoryCollateralConfig(STABLE_EMODE).liquidationThreshold;
        return thresholdBps * _bonusBps(call) * 1e10;
    }

    function _bonusBps(Liquidation memory call) private view returns (uint256) {
        if (_isInEMode(call)) return _pool.getEModeCategoryCollateralConfig(STABLE_EMODE).liquidationBonus;
        return (_pool.getConfiguration(_asset(call.collateral)).data >> 32) & 0xffff;
    }

    function _isInEMode(Liquidation memory call) private view returns (bool) {
        return call.collateral == USDE && _pool.getUserEMode(_actors[call.borrower]) == STABLE_EMODE;
    }

    function _worthBase(uint256 k, uint256 amount) private view returns (uint256) {
        return amount * _priceE8(k) / _markets[k].unit;
    }

    function _priceE8(uint256 k) private view returns (uint256) {
        return uint256(_markets[k].feed.latestAnswer());
    }

    function _held(uint256 k) private view returns (uint256) {
        return _markets[k].token.balanceOf(address(_markets[k].aToken));
    }

    function _indexOf(bytes32 topic) private view returns (uint256 k) {
        while (address(uint160(uint256(topic))) != address(_markets[k].token)) ++k;
    }

    function _market(uint256 seed) private view returns (Market storage) {
        return _markets[seed % ASSETS];
    }

    function _asset(uint256 seed) private view returns (address) {
        return address(_market(seed).token);
    }

    /// @dev Worth up to a million dollars at the first price.
    function _amount(uint256 asset, uint256 seed) private view returns (uint256) {
        return _anySize(seed, MOST * 1e8 * _market(asset).unit / _market(asset).startPriceE8);
    }

    function _amountOrAll(uint256 asset, uint256 seed) private view returns (uint256) {
        return seed % 4 == 0 ? type(uint256).max : _amount(asset, seed);
    }
}
