// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IEthenaMinting} from "../../contracts/interfaces/IEthenaMinting.sol";
import {IHedgedReserve} from "../../contracts/interfaces/IHedgedReserve.sol";
import {IStakedUSDe} from "../../contracts/interfaces/IStakedUSDe.sol";
import {PropertyTest} from "./Cheats.sol";
import {EthenaActions} from "./EthenaActions.sol";
import {EthenaWorld} from "./EthenaWorld.sol";

/// @dev What holds of USDe, its reserve and its vault after any sequence of actions.
contract EthenaInvariants is PropertyTest {
    uint256 private constant USDE_PER_UNIT = 1e12;

    /// @dev The spot's value rounds down at the mark, the cover's cost up.
    uint256 private constant ROUNDINGS_AT_THE_MARK = 2;

    error NotKept(string rule);
    error NotDone(uint256 action);

    EthenaActions private _actions;

    function setUp() public {
        _actions = new EthenaActions();
    }

    /// @dev Read by forge: what it calls at random.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(_actions);
    }

    // --- Invariants

    /// @dev One campaign for every rule, so that each is checked after each of its calls.
    function invariant_ethena__any_sequence__keeps_every_rule() external view {
        if (bytes(_actions.breach()).length != 0) revert NotKept(_actions.breach());
        _usdeIsConserved();
        _stakersCanTakeNoMoreThanIsThere();
        _reserveIsWorthItsBooks();
        _usdeIsBacked();
    }

    // --- The actions themselves

    /// @dev Invariants of a sequence in which nothing succeeds would hold too: each kind of action happens.
    function test_actions__long_fixed_sequence__each_kind_happens() external {
        for (uint256 n = 0; n < 3000; ++n) {
            _actAtRandom(uint256(keccak256(abi.encode(n))));
        }
        for (uint256 kind = 0; kind <= uint256(type(EthenaActions.Action).max); ++kind) {
            if (_actions.timesDone(EthenaActions.Action(kind)) == 0) revert NotDone(kind);
        }
        _usdeIsBacked();
    }

    // --- Internals

    function _usdeIsConserved() private view {
        (uint256 supply, uint256 held) = _actions.usdeTotals();
        _requireEqual("USDe is conserved", held, supply);
        (uint256 inSilo, uint256 owed) = _actions.siloTotals();
        _requireEqual("the silo holds what it owes", inSilo, owed);
    }

    function _stakersCanTakeNoMoreThanIsThere() private view {
        (uint256 redeemable, uint256 assets) = _actions.stakedTotals();
        _requireAtMost("stakers' claims", redeemable, assets);
    }

    /// @dev Never over the books, and under them by roundings only, wherever the mark went.
    function _reserveIsWorthItsBooks() private view {
        int256 lost = _actions.bookValue() - _actions.valueWithoutAccrued();
        if (lost < 0) revert NotKept("the reserve is worth more than it got");
        _requireAtMost("roundings of the reserve", uint256(lost), _actions.roundings() + ROUNDINGS_AT_THE_MARK);
        (, IHedgedReserve reserve,) = _actions.parts();
        _requireEqual("spot and short", reserve.spotQuantity(), reserve.shortQuantity());
    }

    /// @dev USDe <= buffer + reserve, without the funding that is still to be distributed and with that which was paid.
    function _usdeIsBacked() private view {
        (, IHedgedReserve reserve,) = _actions.parts();
        int256 backing = int256(_actions.buffer()) + _actions.valueWithoutAccrued() - reserve.undistributedFunding();
        (uint256 supply,) = _actions.usdeTotals();
        uint256 allowed = uint256(backing) + _actions.roundings() + ROUNDINGS_AT_THE_MARK;
        _requireAtMost("USDe is backed", supply, allowed * USDE_PER_UNIT);
    }

    function _actAtRandom(uint256 seed) private {
        uint256 b = uint256(keccak256(abi.encode(seed)));
        uint256 a = seed >> 8;
        uint256 kind = seed % 20;
        if (kind == 0) _actions.mint(a, b, b >> 8);
        else if (kind == 1) _actions.redeem(a, b, b >> 8);
        else if (kind == 2) _actions.signedMint(a, b);
        else if (kind == 3) _actions.signedRedeem(a, b);
        else if (kind == 4) _actions.deposit(a, b, b >> 8);
        else if (kind == 5) _actions.coolDownShares(a, b);
        else if (kind == 6) _actions.coolDownAssets(a, b);
        else if (kind == 7) _actions.unstake(a, b);
        else if (kind == 8) _actions.leave(a, b, b % 2 == 0);
        else if (kind == 9) _actions.reward(a, b);
        else if (kind == 10) _actions.donate(a, b);
        else if (kind == 11) _actions.toCustody(b);
        else if (kind == 12) _actions.open(b);
        else if (kind == 13) _actions.close(b);
        else if (kind == 14) _actions.refill(b);
        else if (kind == 15) _actions.setFunding(b, a % 4 == 0);
        else if (kind == 16) _actions.settle();
        else if (kind == 17) _actions.distribute(b, a);
        else if (kind == 18 && a % 2 == 0) _actions.movePrice(b);
        else if (kind == 18) _actions.configure(a >> 1, b);
        else _actions.passTime(b);
    }
}

/// @dev Single properties of the direct way and of the hedge, from any state.
contract EthenaProperties is EthenaWorld {
    function setUp() public {
        _createWorld();
    }

    /// @dev Nobody gains by minting and redeeming, at any fees.
    function testFuzz_direct__in_and_out__never_gains(uint256 amount, uint256 mintFeeBps, uint256 redeemFeeBps) public {
        _minting.setFees(mintFeeBps % 100_00, redeemFeeBps % 100_00);
        uint256 paid = _anySize(amount, MOST_USDC);
        CHEATS.assume(_minting.previewMint(paid) != 0);
        uint256 minted = _mint(paid);
        uint256 due = _minting.previewRedeem(minted);
        _requireAtMost("in and out", due, paid);
        CHEATS.assume(due != 0);
        CHEATS.prank(_actors[0]);
        _requireEqual("preview", _minting.redeem(minted, _actors[0]), due);
    }

    /// @dev What is available is paid, and not a unit more.
    function testFuzz_available_to_redeem__any_buffer_and_fee__is_the_last_that_works(
        uint256 amount,
        uint256 left,
        uint256 redeemFeeBps,
        uint256 limit
    ) public {
        _minting.setFees(0, redeemFeeBps % 100_00);
        uint256 minted = _mint(_anySize(amount, MOST_USDC));
        uint256 buffer = _anySize(left, minted / USDE_PER_UNIT);
        _minting.transferToCustody(address(_reserve), address(_usdc), _usdc.balanceOf(address(_minting)) - buffer);
        _minting.setMaxRedeemPerBlock(_anySize(limit, minted));
        uint256 available = _minting.availableToRedeem();
        CHEATS.assume(available < minted && _minting.previewRedeem(available) != 0);

        _requireEqual("one more", _tryRedeem(available + 1) ? 1 : 0, 0);
        _requireEqual("all of it", _tryRedeem(available) ? 1 : 0, 1);
    }

    /// @dev Opened at one mark, valued at a second, closed at a third: the cash is back but for four units.
    function testFuzz_hedge__any_marks__returns_what_it_cost(uint256 amount, uint256 entry, uint256 mark, uint256 exit) public {
        uint256 paid = _between(amount, 10e6, MOST_USDC);
        _mint(paid);
        _minting.transferToCustody(address(_reserve), address(_usdc), paid);
        _post(entry);
        uint256 quantity = paid * 1e20 / _reserve.markE8();
        _reserve.open(quantity);

        _post(mark);
        _requireWithin("value at any mark", _reserve.netAssetValue(), paid, 4);
        _post(exit);
        // Not all of it: a reserve without cash cannot pay the unit that rounding may owe the market.
        _reserve.close(quantity - quantity / 10);
        _requireWithin("value after the close", _reserve.netAssetValue(), paid, 6);
        _requireEqual("spot and short", _reserve.spotQuantity(), _reserve.shortQuantity());
    }

    /// @dev Vesting is monotone, whole after eight hours, and linear to a unit.
    function testFuzz_vesting__any_time__is_linear(uint256 amount, uint256 elapsed) public {
        uint256 given = _anySize(amount, MOST_USDC) * USDE_PER_UNIT;
        _mint(given / USDE_PER_UNIT);
        uint256 time = elapsed % 9 hours;
        _vault.grantRole(_vault.REWARDER_ROLE(), _actors[0]);
        CHEATS.prank(_actors[0]);
        _vault.transferInRewards(given);
        CHEATS.warp(block.timestamp + time);
        uint256 unvested = time < 8 hours ? given * (8 hours - time) / 8 hours : 0;
        _requireEqual("unvested", _vault.getUnvestedAmount(), unvested);
        _requireEqual("vested", _vault.totalAssets(), FIRST_STAKE * USDE_PER_UNIT + given - unvested);
    }

    // --- Internals

    function _mint(uint256 paid) private returns (uint256) {
        CHEATS.prank(_actors[0]);
        return _minting.mint(paid, _actors[0]);
    }

    function _tryRedeem(uint256 amount) private returns (bool done) {
        CHEATS.prank(_actors[0]);
        (done,) = address(_minting).call(abi.encodeWithSignature("redeem(uint256,address)", amount, _actors[0]));
    }

    function _post(uint256 seed) private {
        _feed.post(int256(_between(seed, START_PRICE_E8 / 20, START_PRICE_E8 * 20)));
    }

    function _requireWithin(string memory what, int256 value, uint256 whole, uint256 below) private pure {
        _requireAtMost(what, uint256(value), whole);
        _requireAtMost(what, whole, uint256(value) + below);
    }
}
