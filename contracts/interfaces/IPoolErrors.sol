// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Errors of the lending pool and its tokens
/// @notice Names and selectors are Aave V3.6's. Parameters are where the real ones have them.
interface IPoolErrors {
    // --- amounts and balances
    error InvalidAmount();
    error InvalidMintAmount();
    error InvalidBurnAmount();
    error NotEnoughAvailableUserBalance();
    error UnderlyingBalanceZero();
    error NoDebtOfSelectedType();
    error NoExplicitAmountToRepayOnBehalf();
    error SupplyToAToken();
    error WithdrawToAToken();
    error OperationNotSupported();

    // --- state of a reserve
    error AssetNotListed();
    error ReserveInactive();
    error ReserveFrozen();
    error ReservePaused();
    error BorrowingNotEnabled();
    error FlashloanDisabled();
    error SupplyCapExceeded();
    error BorrowCapExceeded();
    error ReserveAlreadyInitialized();
    error NoMoreReservesAllowed();

    // --- borrowing and health
    error InvalidInterestRateModeSelected();
    error LtvValidationFailed();
    error CollateralCannotCoverNewBorrow();
    error HealthFactorLowerThanLiquidationThreshold();
    error UserInIsolationModeOrLtvZero();

    // --- isolation mode and siloed borrowing
    error AssetNotBorrowableInIsolation();
    error DebtCeilingExceeded();
    error DebtCeilingNotZero();
    error SiloedBorrowingViolation();

    // --- eModes
    error InconsistentEModeCategory();
    error NotBorrowableInEMode();
    error EModeCategoryReserved();

    /// @param reserve Collateral without an LTV in the eMode that was to be entered
    error InvalidCollateralInEmode(address reserve, uint256 categoryId);

    /// @param reserve Asset borrowed that cannot be borrowed in the eMode that was to be entered
    error InvalidDebtInEmode(address reserve, uint256 categoryId);

    // --- liquidation and deficit
    error SelfLiquidation();
    error LiquidationGraceSentinelCheckFailed();
    error HealthFactorNotBelowThreshold();
    error CollateralCannotBeLiquidated();
    error SpecifiedCurrencyNotBorrowedByUser();
    error MustNotLeaveDust();
    error ReserveNotInDeficit();
    error UserCannotHaveDebt();

    // --- flash loans
    error InvalidFlashloanExecutorReturn();

    // --- callers
    error CallerNotPoolConfigurator();
    error CallerMustBePool();
    error CallerNotAToken();
    error CallerNotUmbrella();
}
