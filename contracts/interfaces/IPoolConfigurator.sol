// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IReserveInterestRateStrategy} from "./IReserveInterestRateStrategy.sol";

/// @title Configuration of the pool
/// @notice Aave V3.6's setters, events and errors. Only the provider's ACL admin may call.
/// Percentages in bps; caps in whole tokens, 0 for none.
///
/// Simplification vs Aave V3.6: a collateral parameter can be taken away (threshold to zero, asset out of an eMode) and a reserve
/// switched off while it has suppliers; where the real one gives each role its own error, here it is always `CallerNotPoolAdmin`.
interface IPoolConfigurator {
    /// @notice Listing of an asset.
    /// Simplification vs Aave V3.6: tokens are deployed contracts, not implementations behind proxies.
    struct InitReserveInput {
        address underlyingAsset;
        address aToken;
        address variableDebtToken;
        IReserveInterestRateStrategy.InterestRateData interestRateData;
    }

    // --- Errors

    error CallerNotPoolAdmin();
    error AssetNotListed();
    error InvalidDecimals();
    error InvalidReserveParams();
    error ReserveLiquidityNotZero();
    error ReserveDebtNotZero();
    error InvalidReserveFactor();
    error InvalidSupplyCap();
    error InvalidBorrowCap();
    error InvalidDebtCeiling();
    error InvalidLiquidationProtocolFee();
    error InvalidGracePeriod();
    error InvalidFreezeState();
    error InvalidLtvzeroState();
    error InvalidEmodeCategoryParams();

    /// @param asset Not collateral of the eMode
    error MustBeEmodeCollateral(address asset, uint256 categoryId);

    error FlashloanPremiumInvalid();

    // --- Events

    event ReserveInitialized(
        address indexed asset,
        address indexed aToken,
        address stableDebtToken,
        address variableDebtToken,
        address interestRateStrategyAddress
    );
    event CollateralConfigurationChanged(address indexed asset, uint256 ltv, uint256 liquidationThreshold, uint256 liquidationBonus);
    event ReserveBorrowing(address indexed asset, bool enabled);
    event ReserveFlashLoaning(address indexed asset, bool enabled);
    event ReserveActive(address indexed asset, bool active);
    event ReserveFrozen(address indexed asset, bool frozen);
    event ReservePaused(address indexed asset, bool paused);
    event ReserveFactorChanged(address indexed asset, uint256 oldReserveFactor, uint256 newReserveFactor);
    event BorrowCapChanged(address indexed asset, uint256 oldBorrowCap, uint256 newBorrowCap);
    event SupplyCapChanged(address indexed asset, uint256 oldSupplyCap, uint256 newSupplyCap);
    event DebtCeilingChanged(address indexed asset, uint256 oldDebtCeiling, uint256 newDebtCeiling);
    event BorrowableInIsolationChanged(address asset, bool borrowable);
    event SiloedBorrowingChanged(address indexed asset, bool oldState, bool newState);
    event LiquidationProtocolFeeChanged(address indexed asset, uint256 oldFee, uint256 newFee);
    event LiquidationGracePeriodChanged(address indexed asset, uint40 gracePeriodUntil);
    event LiquidationGracePeriodDisabled(address indexed asset);
    event EModeCategoryAdded(
        uint8 indexed categoryId, uint256 ltv, uint256 liquidationThreshold, uint256 liquidationBonus, address oracle, string label
    );
    event AssetCollateralInEModeChanged(address indexed asset, uint8 categoryId, bool collateral);
    event AssetBorrowableInEModeChanged(address indexed asset, uint8 categoryId, bool borrowable);
    event AssetLtvzeroInEModeChanged(address indexed asset, uint8 categoryId, bool ltvzero);
    event PendingLtvChanged(address indexed asset, uint256 ltv);
    event ReserveInterestRateDataChanged(address indexed asset, address indexed strategy, bytes data);
    event FlashloanPremiumTotalUpdated(uint128 oldFlashloanPremiumTotal, uint128 newFlashloanPremiumTotal);

    // --- Actions

    /// @notice Lists assets: active, flash loans on, everything else off or zero until it is set.
    function initReserves(InitReserveInput[] calldata input) external;

    /// @param ltv At most the liquidation threshold
    /// @param liquidationThreshold 0 makes the asset no collateral at all (then LTV and bonus must be 0)
    /// @param liquidationBonus Over 100_00; threshold * bonus must not exceed 100 %
    function configureReserveAsCollateral(address asset, uint256 ltv, uint256 liquidationThreshold, uint256 liquidationBonus) external;

    function setReserveBorrowing(address asset, bool enabled) external;

    function setReserveFlashLoaning(address asset, bool enabled) external;

    function setReserveActive(address asset, bool active) external;

    /// @notice No new supply or borrow; the rest, liquidations included, goes on. Freezing also sets the asset's LTV to zero, in the
    /// reserve and in every eMode whose collateral it is; unfreezing gives none of them back (see `setReserveLtvzero`).
    function setReserveFreeze(address asset, bool freeze) external;

    /// @notice Sets the LTV to zero, keeping it as pending, or gives the pending one back.
    function setReserveLtvzero(address asset, bool ltvZero) external;

    /// @notice Nothing goes on.
    /// @param gracePeriod Seconds after an unpause in which the asset takes no part in liquidations, at most 4 hours
    function setReservePause(address asset, bool paused, uint40 gracePeriod) external;

    function setReservePause(address asset, bool paused) external;

    function disableLiquidationGracePeriod(address asset) external;

    function setReserveFactor(address asset, uint256 newReserveFactor) external;

    function setBorrowCap(address asset, uint256 newBorrowCap) external;

    function setSupplyCap(address asset, uint256 newSupplyCap) external;

    /// @notice Makes an asset isolated collateral, or with 0 normal collateral again, which forgets the debt that counted.
    /// @param newDebtCeiling Cents, below 2^40; collateral that someone supplies can be given none
    function setDebtCeiling(address asset, uint256 newDebtCeiling) external;

    /// @notice Opens an asset to borrowers whose collateral is isolated.
    function setBorrowableInIsolation(address asset, bool borrowable) external;

    /// @notice Makes an asset one that is owed alone; not while anyone owes it.
    function setSiloedBorrowing(address asset, bool newSiloed) external;

    /// @param newFee Share of the bonus that goes to the treasury
    function setLiquidationProtocolFee(address asset, uint256 newFee) external;

    function setEModeCategory(uint8 categoryId, uint16 ltv, uint16 liquidationThreshold, uint16 liquidationBonus, string calldata label)
        external;

    function setAssetCollateralInEMode(address asset, uint8 categoryId, bool allowed) external;

    /// @notice Sets the LTV of a collateral of the eMode to zero in it, or gives it back.
    function setAssetLtvzeroInEMode(address asset, uint8 categoryId, bool ltvzero) external;

    function setAssetBorrowableInEMode(address asset, uint8 categoryId, bool borrowable) external;

    /// @param rateData ABI-encoded `IReserveInterestRateStrategy.InterestRateData`
    function setReserveInterestRateData(address asset, bytes calldata rateData) external;

    /// @param newFlashloanPremium Bps of the amount lent, at most 100_00
    function updateFlashloanPremium(uint128 newFlashloanPremium) external;

    // --- Views

    /// @return LTV that `setReserveLtvzero` would give back, bps
    function getPendingLtv(address asset) external view returns (uint256);

    /// @return Seconds
    function MAX_GRACE_PERIOD() external view returns (uint40);
}
