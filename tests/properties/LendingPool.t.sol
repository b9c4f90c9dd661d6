// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {PropertyTest} from "./Cheats.sol";
import {LendingActions} from "./LendingActions.sol";
import {LendingWorld} from "./LendingWorld.sol";

/// @dev What holds of the pool after any sequence of actions.
contract LendingPoolInvariants is PropertyTest {
    uint256 private constant ASSETS = 3;

    error NotKept(string rule, string what, uint256 value, uint256 least);

    LendingActions private _actions;

    function setUp() public {
        _actions = new LendingActions();
    }

    /// @dev Read by forge: what it calls at random.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_actions);
    }

    // --- Invariants

    /// @dev One campaign for every rule, so that each is checked after each of its calls; a failure names the rule.
    function invariant_market__any_sequence__keeps_every_rule() external view {
        _requireKept("indexes do not fall", LendingActions.Rule.INDEXES_DO_NOT_FALL);
        _requireKept("debt ends by payment or deficit", LendingActions.Rule.DEBT_ENDS_BY_PAYMENT_OR_DEFICIT);
        _requireKept("others keep their balances", LendingActions.Rule.OTHERS_KEEP_THEIR_BALANCES);
        _requireKept("healthy stay healthy", LendingActions.Rule.HEALTHY_STAY_HEALTHY);
        _requireKept("liquidation raises health", LendingActions.Rule.LIQUIDATION_RAISES_HEALTH);
        _requireKept("liquidation pays the bonus", LendingActions.Rule.LIQUIDATION_PAYS_THE_BONUS);
        for (uint256 k = 0; k < ASSETS; ++k) {
            _scaledTotalsEqualTheSums(k);
            _tokensAreConserved(k);
            _claimsAreHeldOrLentOrWrittenOff(k);
        }
    }

    // --- The actions themselves

    /// @dev Invariants of a sequence in which nothing succeeds would hold too: each kind of action happens.
    function test_actions__long_fixed_sequence__each_kind_happens() external {
        for (uint256 n = 0; n < 3000; ++n) {
            _actAtRandom(uint256(keccak256(abi.encode(n))));
        }
        for (uint256 kind = 0; kind <= uint256(type(LendingActions.Action).max); ++kind) {
            uint256 times = _actions.timesDone(LendingActions.Action(kind));
            if (times == 0) revert NotAtMost("actions of a kind that did not happen", kind, 0);
        }
    }

    // --- Internals

    /// @dev Every token is with a holder or in the reserve, whose own count misses donations only.
    function _tokensAreConserved(uint256 k) private view {
        LendingWorld.Market memory market = _actions.market(k);
        address[] memory holders = _actions.holders();
        uint256 inReserve = market.token.balanceOf(address(market.aToken));
        uint256 found = inReserve;
        for (uint256 i = 0; i < holders.length; ++i) {
            found += market.token.balanceOf(holders[i]);
        }
        _requireEqual("tokens are conserved", found, market.token.totalSupply());

        uint256 counted = _actions.pool().getVirtualUnderlyingBalance(address(market.token));
        _requireEqual("the reserve holds what it counts", inReserve, counted + _actions.donated(k));
    }

    /// @dev What aTokens and the treasury can claim is held, lent or written off. The pool may owe a unit of rounding a step: its
    /// indexes round to the nearest. Aave's double treasury accrual, where collateral and debt are one asset, is the exception.
    function _claimsAreHeldOrLentOrWrittenOff(uint256 k) private view {
        LendingWorld.Market memory market = _actions.market(k);
        address asset = address(market.token);
        uint256 index = _actions.pool().getReserveNormalizedIncome(asset);
        uint256 scaledTreasury = _actions.pool().getReserveData(asset).accruedToTreasury;
        uint256 scaledClaims = market.aToken.scaledTotalSupply() + scaledTreasury - _actions.scaledDoubledTreasury(k);
        uint256 assets = _actions.pool().getVirtualUnderlyingBalance(asset) + market.debtToken.totalSupply()
            + _actions.pool().getReserveDeficit(asset);
        _requireAtMost("claims are held, lent or written off", scaledClaims * index / 1e27, assets + _actions.steps() + 1);
    }

    function _scaledTotalsEqualTheSums(uint256 k) private view {
        LendingWorld.Market memory market = _actions.market(k);
        address[] memory holders = _actions.holders();
        uint256 supplied;
        uint256 owed;
        for (uint256 i = 0; i < holders.length; ++i) {
            supplied += market.aToken.scaledBalanceOf(holders[i]);
            owed += market.debtToken.scaledBalanceOf(holders[i]);
        }
        _requireEqual("scaled supply is the sum", market.aToken.scaledTotalSupply(), supplied);
        _requireEqual("scaled debt is the sum", market.debtToken.scaledTotalSupply(), owed);
    }

    function _requireKept(string memory what, LendingActions.Rule rule) private view {
        (string memory of_, uint256 value, uint256 least) = _actions.breaches(rule);
        if (bytes(of_).length != 0) revert NotKept(what, of_, value, least);
    }

    function _actAtRandom(uint256 seed) private {
        (uint256 a, uint256 k) = (seed >> 8, seed >> 16);
        uint256 b = uint256(keccak256(abi.encode(seed)));
        uint256 kind = seed % 18;
        if (kind == 0) _actions.supply(a, k, b, seed >> 24);
        else if (kind == 1) _actions.withdraw(a, k, b);
        else if (kind == 2) _actions.borrow(a, k, b);
        else if (kind == 3) _actions.repay(a, k, b, seed >> 24);
        else if (kind == 4) _actions.repayWithATokens(a, k, b);
        else if (kind == 5) _actions.transferAToken(a, k, b, seed >> 24);
        else if (kind == 6) _actions.switchCollateral(a, k, b % 2 == 0);
        else if (kind == 7) _actions.switchEMode(a, b % 2 == 0);
        else if (kind == 8) _actions.flashLoan(a, k, b);
        else if (kind <= 10) _actions.liquidate(a, b, seed, b, seed & (1 << 200) != 0);
        else if (kind == 11) _actions.eliminateDeficit(k, b);
        else if (kind == 12) _actions.mintToTreasury(a);
        else if (kind == 13) _actions.donate(k, b);
        else if (kind == 14) _actions.movePrice(k, b);
        else if (kind == 15) _actions.passTime(b);
        else if (kind == 16) _actions.sweep(a, b, seed);
        else _actions.configure(k, b, b >> 8);
    }
}
