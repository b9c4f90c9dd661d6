// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IPool} from "../interfaces/IPool.sol";
import {IPoolErrors} from "../interfaces/IPoolErrors.sol";
import {PoolState, Reserve} from "./PoolState.sol";
import {ReserveConfiguration} from "./ReserveConfiguration.sol";
import {UserConfiguration} from "./UserConfiguration.sol";

/// @dev Isolation mode: who has only collateral with a debt ceiling borrows no other assets than those that are open to it, and
/// all of them together no more than the ceiling. Siloed borrowing: who owes a siloed asset owes nothing else.
library IsolationLogic {
    using ReserveConfiguration for uint256;
    using UserConfiguration for uint256;

    // --- Constants

    uint256 private constant CENTS = 100;

    // --- Actions

    /// @dev Counts a new debt of a user in isolation mode against the ceiling of the collateral.
    function countBorrow(PoolState storage state, address user, uint256 configuration, uint256 amount) internal {
        address asset = isolatedCollateral(state, user);
        if (asset == address(0)) return;
        Reserve storage collateral = state.reserves[asset];
        require(configuration.flag(ReserveConfiguration.BORROWABLE_IN_ISOLATION), IPoolErrors.AssetNotBorrowableInIsolation());

        uint256 total = collateral.isolationModeTotalDebt + _cents(configuration, amount);
        require(total <= collateral.configuration.debtCeiling(), IPoolErrors.DebtCeilingExceeded());
        writeTotal(collateral, asset, total);
    }

    /// @dev Takes a payment off what counts against the ceiling of a user's collateral.
    function countRepay(PoolState storage state, address user, uint256 configuration, uint256 amount) internal {
        address asset = isolatedCollateral(state, user);
        if (asset != address(0)) countPaid(state.reserves[asset], asset, configuration, amount);
    }

    /// @dev The total does not count interest, so that payments can exceed it.
    function countPaid(Reserve storage collateral, address asset, uint256 configuration, uint256 amount) internal {
        uint256 total = collateral.isolationModeTotalDebt;
        uint256 paid = _cents(configuration, amount);

        writeTotal(collateral, asset, paid < total ? total - paid : 0);
    }

    function writeTotal(Reserve storage collateral, address asset, uint256 total) internal {
        // Never above the ceiling, which has 40 bits.
        collateral.isolationModeTotalDebt = uint128(total);
        emit IPool.IsolationModeTotalDebtUpdated(asset, total);
    }

    // --- Views

    /// @return asset The one collateral of a user where it has a debt ceiling, else zero
    function isolatedCollateral(PoolState storage state, address user) internal view returns (address asset) {
        asset = _single(state, state.userConfiguration[user] & UserConfiguration.ALL_COLLATERAL);
        if (state.reserves[asset].configuration.debtCeiling() == 0) asset = address(0);
    }

    /// @dev Whether a reserve can join the collateral of a user: isolated collateral stands alone.
    function canJoinCollateral(PoolState storage state, Reserve storage reserve, address user) internal view returns (bool) {
        if (state.userConfiguration[user] & UserConfiguration.ALL_COLLATERAL == 0) return true;

        return reserve.configuration.debtCeiling() == 0 && isolatedCollateral(state, user) == address(0);
    }

    /// @dev Refuses a debt beside a siloed one, and a siloed one beside another.
    /// @param borrowed Bits of what the user owed before
    function requireSiloAllows(PoolState storage state, address asset, uint256 configuration, uint256 borrowed) internal view {
        if (borrowed == 0) return;
        address only = _single(state, borrowed);
        if (only == asset) return;

        uint256 either = configuration | state.reserves[only].configuration;
        require(!either.flag(ReserveConfiguration.SILOED_BORROWING), IPoolErrors.SiloedBorrowingViolation());
    }

    // --- Internals

    /// @return The asset of the one reserve among some, zero where there are none or several
    /// @param bits Bits of one kind: borrowed, or collateral
    function _single(PoolState storage state, uint256 bits) private view returns (address) {
        if (bits == 0 || bits & (bits - 1) != 0) return address(0);
        uint256 id;
        while (bits > 2) (bits, id) = (bits >> 2, id + 1);

        return state.assetOf[id];
    }

    function _cents(uint256 configuration, uint256 amount) private pure returns (uint256) {
        return amount / (configuration.unit() / CENTS);
    }
}
