// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {DataTypes} from "./DataTypes.sol";
import {IPoolAddressesProvider} from "./IPoolAddressesProvider.sol";
import {IPoolErrors} from "./IPoolErrors.sol";

/// @title Lending pool
/// @notice A subset of Aave V3.6's `IPool`: same functions, events, errors and layouts for what is here.
/// Units: token amounts in the token's smallest unit; base currency is USD with 8 decimals; indexes and rates in ray (1e27);
/// health factor in wad (1e18); percentages in bps (1e4).
///
/// Simplification vs Aave V3.6: no price sentinel, permit variants, credit delegation,
/// position managers, multi-asset flash loans, dropping of reserves or rescue of tokens; one admin stands for all roles.
interface IPool is IPoolErrors {
    // --- Events

    /// @param reserve Asset supplied
    /// @param user Who paid
    /// @param onBehalfOf Who received the aTokens
    /// @param amount Amount of the asset
    event Supply(address indexed reserve, address user, address indexed onBehalfOf, uint256 amount, uint16 indexed referralCode);

    /// @param reserve Asset withdrawn
    /// @param user Whose aTokens were burnt
    /// @param to Who received the asset
    /// @param amount Amount of the asset
    event Withdraw(address indexed reserve, address indexed user, address indexed to, uint256 amount);

    /// @param reserve Asset borrowed
    /// @param user Who received the asset
    /// @param onBehalfOf Who owes it
    /// @param amount Amount of the asset
    /// @param interestRateMode Always 2 (variable)
    /// @param borrowRate Variable rate after the borrow, ray a year
    event Borrow(
        address indexed reserve,
        address user,
        address indexed onBehalfOf,
        uint256 amount,
        uint8 interestRateMode,
        uint256 borrowRate,
        uint16 indexed referralCode
    );

    /// @param reserve Asset repaid
    /// @param user Whose debt was lowered
    /// @param repayer Who paid
    /// @param amount Amount of the asset
    /// @param useATokens Whether aTokens were burnt instead of the asset being paid
    event Repay(address indexed reserve, address indexed user, address indexed repayer, uint256 amount, bool useATokens);

    /// @param reserve Asset now used as collateral by `user`
    event ReserveUsedAsCollateralEnabled(address indexed reserve, address indexed user);

    /// @param reserve Asset no longer used as collateral by `user`
    event ReserveUsedAsCollateralDisabled(address indexed reserve, address indexed user);

    /// @param categoryId The new eMode, 0 for none
    event UserEModeSet(address indexed user, uint8 categoryId);

    /// @param target Contract that received the loan
    /// @param initiator Who called the pool
    /// @param amount Amount of the asset lent
    /// @param interestRateMode Always 0 (no debt was opened)
    /// @param premium Fee paid, in the asset
    event FlashLoan(
        address indexed target,
        address initiator,
        address indexed asset,
        uint256 amount,
        uint8 interestRateMode,
        uint256 premium,
        uint16 indexed referralCode
    );

    /// @param debtToCover Debt repaid by the liquidator, in the debt asset
    /// @param liquidatedCollateralAmount Collateral the liquidator received, without the protocol's fee
    /// @param receiveAToken Whether it was received as aTokens
    event LiquidationCall(
        address indexed collateralAsset,
        address indexed debtAsset,
        address indexed user,
        uint256 debtToCover,
        uint256 liquidatedCollateralAmount,
        address liquidator,
        bool receiveAToken
    );

    /// @notice Emitted with every change of a reserve's rates.
    /// @param liquidityRate Ray a year
    /// @param stableBorrowRate Always 0
    /// @param variableBorrowRate Ray a year
    /// @param liquidityIndex Ray
    /// @param variableBorrowIndex Ray
    event ReserveDataUpdated(
        address indexed reserve,
        uint256 liquidityRate,
        uint256 stableBorrowRate,
        uint256 variableBorrowRate,
        uint256 liquidityIndex,
        uint256 variableBorrowIndex
    );

    /// @notice A borrower has no collateral left: the rest of the debt became the reserve's deficit.
    /// @param user The borrower
    /// @param amountCreated Debt burnt without payment, in the debt asset
    event DeficitCreated(address indexed user, address indexed debtAsset, uint256 amountCreated);

    /// @param caller Who burnt aTokens for it
    /// @param amountCovered Deficit removed, in the asset
    event DeficitCovered(address indexed reserve, address caller, uint256 amountCovered);

    /// @param asset Collateral with a debt ceiling
    /// @param totalDebt Debt that counts against the ceiling, in cents; interest does not count
    event IsolationModeTotalDebtUpdated(address indexed asset, uint256 totalDebt);

    /// @param amountMinted Amount of the asset minted to the treasury as aTokens
    event MintedToTreasury(address indexed reserve, uint256 amountMinted);

    // --- Actions

    /// @notice Pays `amount` of `asset` in; `onBehalfOf` receives aTokens.
    /// The first supply of an asset with an LTV and without a debt ceiling switches it on as collateral.
    /// @param amount Units of the asset
    /// @param referralCode Only copied into the event
    function supply(address asset, uint256 amount, address onBehalfOf, uint16 referralCode) external;

    /// @notice Burns the caller's aTokens and pays `asset` to `to`.
    /// @param amount Units of the asset; uint256 max for the whole balance
    /// @return Units of the asset paid out
    function withdraw(address asset, uint256 amount, address to) external returns (uint256);

    /// @notice Borrows `amount` of `asset` against the caller's collateral.
    /// @param amount Units of the asset
    /// @param interestRateMode Must be 2 (variable)
    /// @param onBehalfOf Must be the caller: there is no credit delegation
    function borrow(address asset, uint256 amount, uint256 interestRateMode, uint16 referralCode, address onBehalfOf) external;

    /// @notice Repays debt of `onBehalfOf`. The debt may fall by one unit less than what is paid: burnt debt rounds down.
    /// @param amount Units of the asset; uint256 max for the whole debt, only for the caller's own
    /// @param interestRateMode Must be 2 (variable)
    /// @return Units of the asset paid
    function repay(address asset, uint256 amount, uint256 interestRateMode, address onBehalfOf) external returns (uint256);

    /// @notice Repays the caller's own debt by burning the caller's aTokens of the same asset.
    /// @param amount Units of the asset; uint256 max for as much as aTokens and debt allow
    /// @return Units of the asset repaid
    function repayWithATokens(address asset, uint256 amount, uint256 interestRateMode) external returns (uint256);

    /// @notice Switches an asset of the caller on or off as collateral.
    function setUserUseReserveAsCollateral(address asset, bool useAsCollateral) external;

    /// @notice Moves the caller to an eMode. Every borrowed asset must be borrowable in it.
    /// @param categoryId 0 leaves the eMode
    function setUserEMode(uint8 categoryId) external;

    /// @notice Repays debt of an unhealthy position and takes collateral worth it, plus the bonus.
    /// @param debtToCover Units of the debt asset; capped by the close factor, uint256 max for as much as allowed
    /// @param receiveAToken Take the collateral as aTokens rather than the asset itself
    function liquidationCall(address collateralAsset, address debtAsset, address borrower, uint256 debtToCover, bool receiveAToken)
        external;

    /// @notice Lends `amount` within the transaction. The receiver must return true and leave amount + premium approved to the pool.
    /// @param receiverAddress Contract with `executeOperation`
    /// @param amount Units of the asset
    /// @param params Passed on to the receiver
    function flashLoanSimple(address receiverAddress, address asset, uint256 amount, bytes calldata params, uint16 referralCode) external;

    /// @notice Burns the caller's aTokens against the reserve's deficit. Only the provider's `UMBRELLA` address may call.
    /// @param amount Units of the asset, capped to the deficit
    /// @return Units of the asset covered
    function eliminateReserveDeficit(address asset, uint256 amount) external returns (uint256);

    /// @notice Mints what the reserve factor and flash loan premiums have accrued, as aTokens, to the treasury.
    function mintToTreasury(address[] calldata assets) external;

    /// @notice Called by an aToken after a transfer between users: health of the sender, whose collateral flag goes off with the last unit.
    /// The receiver's flag is not switched on.
    /// @param scaledAmount Moved, scaled by the liquidity index
    /// @param scaledBalanceFromBefore The sender's balance before, scaled
    function finalizeTransfer(address asset, address from, address to, uint256 scaledAmount, uint256 scaledBalanceFromBefore) external;

    // --- Configuration, for the configurator only

    /// @notice Lists an asset.
    function initReserve(address asset, address aTokenAddress, address variableDebtAddress) external;

    /// @notice Replaces a reserve's configuration word.
    function setConfiguration(address asset, DataTypes.ReserveConfigurationMap calldata configuration) external;

    /// @notice Accrues a reserve up to now at the rates that held until now.
    function syncIndexesState(address asset) external;

    /// @notice Recomputes a reserve's rates after a change of its rate parameters.
    function syncRatesState(address asset) external;

    /// @notice Forgets the debt that counted against the ceiling of an asset that has none any more.
    function resetIsolationModeTotalDebt(address asset) external;

    /// @param until Unix time; liquidations of the asset are refused up to and including it
    function setLiquidationGracePeriod(address asset, uint40 until) external;

    /// @notice Sets LTV, threshold, bonus and label of an eMode.
    /// @param id 1 to 255
    function configureEModeCategory(uint8 id, DataTypes.EModeCategoryBaseConfiguration calldata config) external;

    /// @param collateralBitmap Bit n: the reserve of id n counts with the eMode's parameters
    function configureEModeCategoryCollateralBitmap(uint8 id, uint128 collateralBitmap) external;

    /// @param borrowableBitmap Bit n: the reserve of id n can be borrowed in the eMode
    function configureEModeCategoryBorrowableBitmap(uint8 id, uint128 borrowableBitmap) external;

    /// @param ltvzeroBitmap Bit n: the reserve of id n, collateral of the eMode, has an LTV of zero in it
    function configureEModeCategoryLtvzeroBitmap(uint8 id, uint128 ltvzeroBitmap) external;

    /// @param flashLoanPremium Bps of the amount lent
    function updateFlashloanPremium(uint128 flashLoanPremium) external;

    // --- Views

    /// @notice Position of a user over all reserves, at the current time and prices.
    /// @return totalCollateralBase USD, 8 decimals
    /// @return totalDebtBase USD, 8 decimals
    /// @return availableBorrowsBase USD, 8 decimals; may be one token unit too much, since debt rounds up
    /// @return currentLiquidationThreshold Bps, weighted by value
    /// @return ltv Bps, weighted by value
    /// @return healthFactor Wad; uint256 max without debt
    function getUserAccountData(address user)
        external
        view
        returns (
            uint256 totalCollateralBase,
            uint256 totalDebtBase,
            uint256 availableBorrowsBase,
            uint256 currentLiquidationThreshold,
            uint256 ltv,
            uint256 healthFactor
        );

    /// @return Bitmap of what the user borrows and uses as collateral
    function getUserConfiguration(address user) external view returns (DataTypes.UserConfigurationMap memory);

    /// @return Configuration word of the reserve
    function getConfiguration(address asset) external view returns (DataTypes.ReserveConfigurationMap memory);

    /// @return State of the reserve as last written (indexes are not accrued to now)
    function getReserveData(address asset) external view returns (DataTypes.ReserveDataLegacy memory);

    /// @return Liquidity index accrued to now, ray
    function getReserveNormalizedIncome(address asset) external view returns (uint256);

    /// @return Variable borrow index accrued to now, ray
    function getReserveNormalizedVariableDebt(address asset) external view returns (uint256);

    /// @return Assets in the order of their ids
    function getReservesList() external view returns (address[] memory);

    /// @return Number of reserves
    function getReservesCount() external view returns (uint256);

    /// @return Asset of the reserve with this id
    function getReserveAddressById(uint16 id) external view returns (address);

    function getReserveAToken(address asset) external view returns (address);

    function getReserveVariableDebtToken(address asset) external view returns (address);

    /// @return Units of the asset that the pool counts as available; donations to the aToken do not count
    function getVirtualUnderlyingBalance(address asset) external view returns (uint128);

    /// @return Units of the asset that nobody owes any more although suppliers still own them
    function getReserveDeficit(address asset) external view returns (uint256);

    /// @return Unix time up to and including which liquidations of the asset are refused
    function getLiquidationGracePeriod(address asset) external view returns (uint40);

    /// @return eMode of the user, 0 for none
    function getUserEMode(address user) external view returns (uint256);

    function getEModeCategoryData(uint8 id) external view returns (DataTypes.EModeCategoryLegacy memory);

    function getEModeCategoryCollateralConfig(uint8 id) external view returns (DataTypes.CollateralConfig memory);

    function getEModeCategoryLabel(uint8 id) external view returns (string memory);

    function getEModeCategoryCollateralBitmap(uint8 id) external view returns (uint128);

    function getEModeCategoryBorrowableBitmap(uint8 id) external view returns (uint128);

    function getEModeCategoryLtvzeroBitmap(uint8 id) external view returns (uint128);

    /// @return Fee of a flash loan, bps of the amount
    function FLASHLOAN_PREMIUM_TOTAL() external view returns (uint128);

    function MAX_NUMBER_RESERVES() external view returns (uint16);

    function ADDRESSES_PROVIDER() external view returns (IPoolAddressesProvider);

    /// @notice The one rate strategy, which holds the parameters of every reserve.
    function RESERVE_INTEREST_RATE_STRATEGY() external view returns (address);
}
