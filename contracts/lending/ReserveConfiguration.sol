// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @dev Fields of a reserve's configuration word; positions as in `DataTypes.ReserveConfigurationMap`.
library ReserveConfiguration {
    // --- Constants

    uint256 internal constant LTV = 0;
    uint256 internal constant LIQUIDATION_THRESHOLD = 16;
    uint256 internal constant LIQUIDATION_BONUS = 32;
    uint256 internal constant DECIMALS = 48;
    uint256 internal constant ACTIVE = 56;
    uint256 internal constant FROZEN = 57;
    uint256 internal constant BORROWING = 58;
    uint256 internal constant PAUSED = 60;
    uint256 internal constant BORROWABLE_IN_ISOLATION = 61;
    uint256 internal constant SILOED_BORROWING = 62;
    uint256 internal constant FLASHLOAN = 63;
    uint256 internal constant RESERVE_FACTOR = 64;
    uint256 internal constant BORROW_CAP = 80;
    uint256 internal constant SUPPLY_CAP = 116;
    uint256 internal constant LIQUIDATION_PROTOCOL_FEE = 152;
    uint256 internal constant DEBT_CEILING = 212;
    uint256 internal constant VIRTUAL_ACCOUNTING = 252;

    uint256 internal constant MAX_BPS_FIELD = type(uint16).max;
    uint256 internal constant MAX_CAP = (1 << 36) - 1;
    uint256 internal constant MAX_DEBT_CEILING = (1 << 40) - 1;

    // --- Reading

    function ltvBps(uint256 word) internal pure returns (uint256) {
        return uint16(word >> LTV);
    }

    function liquidationThresholdBps(uint256 word) internal pure returns (uint256) {
        return uint16(word >> LIQUIDATION_THRESHOLD);
    }

    function liquidationBonusBps(uint256 word) internal pure returns (uint256) {
        return uint16(word >> LIQUIDATION_BONUS);
    }

    function decimals(uint256 word) internal pure returns (uint256) {
        return uint8(word >> DECIMALS);
    }

    /// @dev Smallest units in one whole token.
    function unit(uint256 word) internal pure returns (uint256) {
        return 10 ** decimals(word);
    }

    function reserveFactorBps(uint256 word) internal pure returns (uint256) {
        return uint16(word >> RESERVE_FACTOR);
    }

    /// @dev Whole tokens, 0 for none.
    function borrowCap(uint256 word) internal pure returns (uint256) {
        return (word >> BORROW_CAP) & MAX_CAP;
    }

    /// @dev Whole tokens, 0 for none.
    function supplyCap(uint256 word) internal pure returns (uint256) {
        return (word >> SUPPLY_CAP) & MAX_CAP;
    }

    function liquidationProtocolFeeBps(uint256 word) internal pure returns (uint256) {
        return uint16(word >> LIQUIDATION_PROTOCOL_FEE);
    }

    /// @dev Cents, 0 for none: an asset with a ceiling is isolated collateral.
    function debtCeiling(uint256 word) internal pure returns (uint256) {
        return (word >> DEBT_CEILING) & MAX_DEBT_CEILING;
    }

    function flag(uint256 word, uint256 position) internal pure returns (bool) {
        return (word >> position) & 1 != 0;
    }

    // --- Writing

    /// @dev The word with `mask << position` replaced by `value`.
    function replaced(uint256 word, uint256 position, uint256 mask, uint256 value) internal pure returns (uint256) {
        return (word & ~(mask << position)) | (value << position);
    }

    function withFlag(uint256 word, uint256 position, bool value) internal pure returns (uint256) {
        return replaced(word, position, 1, value ? 1 : 0);
    }
}
