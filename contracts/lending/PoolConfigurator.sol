// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {DataTypes} from "../interfaces/DataTypes.sol";
import {IPool} from "../interfaces/IPool.sol";
import {IPoolAddressesProvider} from "../interfaces/IPoolAddressesProvider.sol";
import {IPoolConfigurator} from "../interfaces/IPoolConfigurator.sol";
import {IPoolErrors} from "../interfaces/IPoolErrors.sol";
import {IReserveInterestRateStrategy} from "../interfaces/IReserveInterestRateStrategy.sol";
import {BPS, MulDiv} from "./MulDiv.sol";
import {ReserveConfiguration} from "./ReserveConfiguration.sol";

contract PoolConfigurator is IPoolConfigurator {
    using MulDiv for uint256;
    using ReserveConfiguration for uint256;

    // --- Constants

    uint40 public constant MAX_GRACE_PERIOD = 4 hours;
    uint256 private constant MIN_DECIMALS = 6;

    // --- Immutables

    IPoolAddressesProvider public immutable ADDRESSES_PROVIDER;

    // --- Storage

    mapping(address asset => uint256) private _pendingLtv;

    // --- Constructor

    constructor(IPoolAddressesProvider provider) {
        ADDRESSES_PROVIDER = provider;
    }

    modifier onlyAdmin() {
        require(msg.sender == ADDRESSES_PROVIDER.getACLAdmin(), CallerNotPoolAdmin());
        _;
    }

    // --- Actions

    /// @inheritdoc IPoolConfigurator
    function initReserves(InitReserveInput[] calldata input) external onlyAdmin {
        IPool pool = _pool();

        for (uint256 i = 0; i < input.length; ++i) {
            address asset = input[i].underlyingAsset;
            uint256 decimals = IERC20Metadata(asset).decimals();
            require(decimals >= MIN_DECIMALS, InvalidDecimals());

            pool.initReserve(asset, input[i].aToken, input[i].variableDebtToken);
            uint256 word = ReserveConfiguration.replaced(0, ReserveConfiguration.DECIMALS, type(uint8).max, decimals);
            word = word.withFlag(ReserveConfiguration.ACTIVE, true);
            word = word.withFlag(ReserveConfiguration.FLASHLOAN, true);
            _write(asset, word.withFlag(ReserveConfiguration.VIRTUAL_ACCOUNTING, true));
            _strategy().setInterestRateParams(asset, abi.encode(input[i].interestRateData));
            pool.syncRatesState(asset);

            emit ReserveInitialized(asset, input[i].aToken, address(0), input[i].variableDebtToken, address(_strategy()));
        }
    }

    /// @inheritdoc IPoolConfigurator
    function configureReserveAsCollateral(address asset, uint256 ltv, uint256 liquidationThreshold, uint256 liquidationBonus)
        external
        onlyAdmin
    {
        if (liquidationThreshold == 0) {
            require(ltv == 0 && liquidationBonus == 0, InvalidReserveParams());
            _requireNoSuppliers(asset);
        } else {
            require(_areCollateralParams(ltv, liquidationThreshold, liquidationBonus), InvalidReserveParams());
        }

        uint256 word = _read(asset);
        if (word.flag(ReserveConfiguration.FROZEN)) {
            _setPendingLtv(asset, ltv);
            ltv = 0;
        } else if (_pendingLtv[asset] != 0) {
            _setPendingLtv(asset, 0);
        }

        word = word.replaced(ReserveConfiguration.LIQUIDATION_THRESHOLD, type(uint16).max, liquidationThreshold);
        word = word.replaced(ReserveConfiguration.LIQUIDATION_BONUS, type(uint16).max, liquidationBonus);
        _writeLtv(asset, word, ltv);
    }

    /// @inheritdoc IPoolConfigurator
    function setReserveBorrowing(address asset, bool enabled) external onlyAdmin {
        _write(asset, _read(asset).withFlag(ReserveConfiguration.BORROWING, enabled));
        emit ReserveBorrowing(asset, enabled);
    }

    /// @inheritdoc IPoolConfigurator
    function setReserveFlashLoaning(address asset, bool enabled) external onlyAdmin {
        _write(asset, _read(asset).withFlag(ReserveConfiguration.FLASHLOAN, enabled));
        emit ReserveFlashLoaning(asset, enabled);
    }

    /// @inheritdoc IPoolConfigurator
    function setReserveActive(address asset, bool active) external onlyAdmin {
        if (!active) _requireNoSuppliers(asset);
        _write(asset, _read(asset).withFlag(ReserveConfiguration.ACTIVE, active));
        emit ReserveActive(asset, active);
    }

    /// @inheritdoc IPoolConfigurator
    function setReserveFreeze(address asset, bool freeze) external onlyAdmin {
        uint256 word = _read(asset);
        require(word.flag(ReserveConfiguration.FROZEN) != freeze, InvalidFreezeState());

        if (freeze) {
            if (word.ltvBps() != 0) {
                _setPendingLtv(asset, word.ltvBps());
                _writeLtv(asset, word, 0);
            }
            _setLtvzeroInEModes(asset);
        }

        _write(asset, _read(asset).withFlag(ReserveConfiguration.FROZEN, freeze));
        emit ReserveFrozen(asset, freeze);
    }

    /// @inheritdoc IPoolConfigurator
    function setReserveLtvzero(address asset, bool ltvZero) external onlyAdmin {
        uint256 word = _read(asset);
        require(ltvZero || !word.flag(ReserveConfiguration.FROZEN), IPoolErrors.ReserveFrozen());
        uint256 ltv = ltvZero ? word.ltvBps() : _pendingLtv[asset];
        require(ltv != 0, InvalidLtvzeroState());

        _setPendingLtv(asset, ltvZero ? ltv : 0);
        _writeLtv(asset, word, ltvZero ? 0 : ltv);
    }

    /// @inheritdoc IPoolConfigurator
    function setReservePause(address asset, bool paused, uint40 gracePeriod) public onlyAdmin {
        if (!paused && gracePeriod != 0) {
            require(gracePeriod <= MAX_GRACE_PERIOD, InvalidGracePeriod());
            uint40 until = uint40(block.timestamp) + gracePeriod;
            _pool().setLiquidationGracePeriod(asset, until);
            emit LiquidationGracePeriodChanged(asset, until);
        }

        _write(asset, _read(asset).withFlag(ReserveConfiguration.PAUSED, paused));
        emit ReservePaused(asset, paused);
    }

    /// @inheritdoc IPoolConfigurator
    function setReservePause(address asset, bool paused) external {
        setReservePause(asset, paused, 0);
    }

    /// @inheritdoc IPoolConfigurator
    function disableLiquidationGracePeriod(address asset) external onlyAdmin {
        _pool().setLiquidationGracePeriod(asset, 0);
        emit LiquidationGracePeriodDisabled(asset);
    }

    /// @inheritdoc IPoolConfigurator
    function setReserveFactor(address asset, uint256 newReserveFactor) external onlyAdmin {
        require(newReserveFactor <= BPS, InvalidReserveFactor());
        uint256 word = _read(asset);

        _pool().syncIndexesState(asset);
        _write(asset, word.replaced(ReserveConfiguration.RESERVE_FACTOR, type(uint16).max, newReserveFactor));
        emit ReserveFactorChanged(asset, word.reserveFactorBps(), newReserveFactor);
        _pool().syncRatesState(asset);
    }

    /// @inheritdoc IPoolConfigurator
    function setBorrowCap(address asset, uint256 newBorrowCap) external onlyAdmin {
        require(newBorrowCap <= ReserveConfiguration.MAX_CAP, InvalidBorrowCap());
        uint256 word = _read(asset);

        _write(asset, word.replaced(ReserveConfiguration.BORROW_CAP, ReserveConfiguration.MAX_CAP, newBorrowCap));
        emit BorrowCapChanged(asset, word.borrowCap(), newBorrowCap);
    }

    /// @inheritdoc IPoolConfigurator
    function setSupplyCap(address asset, uint256 newSupplyCap) external onlyAdmin {
        require(newSupplyCap <= ReserveConfiguration.MAX_CAP, InvalidSupplyCap());
        uint256 word = _read(asset);

        _write(asset, word.replaced(ReserveConfiguration.SUPPLY_CAP, ReserveConfiguration.MAX_CAP, newSupplyCap));
        emit SupplyCapChanged(asset, word.supplyCap(), newSupplyCap);
    }

    /// @inheritdoc IPoolConfigurator
    function setDebtCeiling(address asset, uint256 newDebtCeiling) external onlyAdmin {
        require(newDebtCeiling <= ReserveConfiguration.MAX_DEBT_CEILING, InvalidDebtCeiling());
        uint256 word = _read(asset);
        // Collateral of accounts that hold other collateral too cannot become isolated.
        if (word.liquidationThresholdBps() != 0 && word.debtCeiling() == 0) _requireNoSuppliers(asset);

        _write(asset, word.replaced(ReserveConfiguration.DEBT_CEILING, ReserveConfiguration.MAX_DEBT_CEILING, newDebtCeiling));
        if (newDebtCeiling == 0) _pool().resetIsolationModeTotalDebt(asset);
        emit DebtCeilingChanged(asset, word.debtCeiling(), newDebtCeiling);
    }

    /// @inheritdoc IPoolConfigurator
    function setBorrowableInIsolation(address asset, bool borrowable) external onlyAdmin {
        _write(asset, _read(asset).withFlag(ReserveConfiguration.BORROWABLE_IN_ISOLATION, borrowable));
        emit BorrowableInIsolationChanged(asset, borrowable);
    }

    /// @inheritdoc IPoolConfigurator
    function setSiloedBorrowing(address asset, bool newSiloed) external onlyAdmin {
        if (newSiloed) _requireNoBorrowers(asset);
        uint256 word = _read(asset);

        _write(asset, word.withFlag(ReserveConfiguration.SILOED_BORROWING, newSiloed));
        emit SiloedBorrowingChanged(asset, word.flag(ReserveConfiguration.SILOED_BORROWING), newSiloed);
    }

    /// @inheritdoc IPoolConfigurator
    function setLiquidationProtocolFee(address asset, uint256 newFee) external onlyAdmin {
        require(newFee <= BPS, InvalidLiquidationProtocolFee());
        uint256 word = _read(asset);

        _write(asset, word.replaced(ReserveConfiguration.LIQUIDATION_PROTOCOL_FEE, type(uint16).max, newFee));
        emit LiquidationProtocolFeeChanged(asset, word.liquidationProtocolFeeBps(), newFee);
    }

    /// @inheritdoc IPoolConfigurator
    function setEModeCategory(uint8 categoryId, uint16 ltv, uint16 liquidationThreshold, uint16 liquidationBonus, string calldata label)
        external
        onlyAdmin
    {
        require(ltv != 0 && _areCollateralParams(ltv, liquidationThreshold, liquidationBonus), InvalidEmodeCategoryParams());

        _pool().configureEModeCategory(
            categoryId, DataTypes.EModeCategoryBaseConfiguration(ltv, liquidationThreshold, liquidationBonus, label)
        );

        emit EModeCategoryAdded(categoryId, ltv, liquidationThreshold, liquidationBonus, address(0), label);
    }

    /// @inheritdoc IPoolConfigurator
    function setAssetCollateralInEMode(address asset, uint8 categoryId, bool allowed) external onlyAdmin {
        uint128 bitmap = _withReserve(_pool().getEModeCategoryCollateralBitmap(categoryId), asset, allowed);
        require(!allowed || !_read(asset).flag(ReserveConfiguration.FROZEN), IPoolErrors.ReserveFrozen());
        bool isLtvzero = (_pool().getEModeCategoryLtvzeroBitmap(categoryId) >> _id(asset)) & 1 != 0;
        if (isLtvzero && !allowed) _setLtvzero(asset, categoryId, false);

        _pool().configureEModeCategoryCollateralBitmap(categoryId, bitmap);
        emit AssetCollateralInEModeChanged(asset, categoryId, allowed);
    }

    /// @inheritdoc IPoolConfigurator
    function setAssetLtvzeroInEMode(address asset, uint8 categoryId, bool ltvzero) external onlyAdmin {
        bool isCollateral = (_pool().getEModeCategoryCollateralBitmap(categoryId) >> _id(asset)) & 1 != 0;
        require(isCollateral, MustBeEmodeCollateral(asset, categoryId));
        require(ltvzero || !_read(asset).flag(ReserveConfiguration.FROZEN), IPoolErrors.ReserveFrozen());

        _setLtvzero(asset, categoryId, ltvzero);
    }

    /// @inheritdoc IPoolConfigurator
    function setAssetBorrowableInEMode(address asset, uint8 categoryId, bool borrowable) external onlyAdmin {
        uint128 bitmap = _withReserve(_pool().getEModeCategoryBorrowableBitmap(categoryId), asset, borrowable);

        _pool().configureEModeCategoryBorrowableBitmap(categoryId, bitmap);
        emit AssetBorrowableInEModeChanged(asset, categoryId, borrowable);
    }

    /// @inheritdoc IPoolConfigurator
    function setReserveInterestRateData(address asset, bytes calldata rateData) external onlyAdmin {
        _pool().syncIndexesState(asset);
        _strategy().setInterestRateParams(asset, rateData);
        emit ReserveInterestRateDataChanged(asset, address(_strategy()), rateData);

        _pool().syncRatesState(asset);
    }

    /// @inheritdoc IPoolConfigurator
    function updateFlashloanPremium(uint128 newFlashloanPremium) external onlyAdmin {
        require(newFlashloanPremium <= BPS, FlashloanPremiumInvalid());

        emit FlashloanPremiumTotalUpdated(_pool().FLASHLOAN_PREMIUM_TOTAL(), newFlashloanPremium);
        _pool().updateFlashloanPremium(newFlashloanPremium);
    }

    // --- Views

    /// @inheritdoc IPoolConfigurator
    function getPendingLtv(address asset) external view returns (uint256) {
        return _pendingLtv[asset];
    }

    // --- Internals

    /// @dev A liquidation at the threshold must be able to pay the bonus out of the collateral.
    function _areCollateralParams(uint256 ltv, uint256 liquidationThreshold, uint256 liquidationBonus) private pure returns (bool) {
        if (ltv > liquidationThreshold || liquidationThreshold > BPS) return false;
        if (liquidationBonus <= BPS || liquidationBonus > type(uint16).max) return false;

        return liquidationThreshold.mulDivHalfUp(liquidationBonus, BPS) <= BPS;
    }

    function _setPendingLtv(address asset, uint256 ltv) private {
        _pendingLtv[asset] = ltv;
        emit PendingLtvChanged(asset, ltv);
    }

    function _writeLtv(address asset, uint256 word, uint256 ltv) private {
        _write(asset, word.replaced(ReserveConfiguration.LTV, type(uint16).max, ltv));
        emit CollateralConfigurationChanged(asset, ltv, word.liquidationThresholdBps(), word.liquidationBonusBps());
    }

    function _setLtvzeroInEModes(address asset) private {
        uint16 id = _id(asset);

        for (uint256 categoryId = 1; categoryId <= type(uint8).max; ++categoryId) {
            if ((_pool().getEModeCategoryCollateralBitmap(uint8(categoryId)) >> id) & 1 != 0) _setLtvzero(asset, uint8(categoryId), true);
        }
    }

    function _setLtvzero(address asset, uint8 categoryId, bool ltvzero) private {
        uint128 bitmap = _withReserve(_pool().getEModeCategoryLtvzeroBitmap(categoryId), asset, ltvzero);

        _pool().configureEModeCategoryLtvzeroBitmap(categoryId, bitmap);
        emit AssetLtvzeroInEModeChanged(asset, categoryId, ltvzero);
    }

    function _id(address asset) private view returns (uint16) {
        DataTypes.ReserveDataLegacy memory reserve = _pool().getReserveData(asset);
        require(reserve.aTokenAddress != address(0), AssetNotListed());

        return reserve.id;
    }

    function _withReserve(uint128 bitmap, address asset, bool on) private view returns (uint128) {
        uint128 bit = uint128(1) << _id(asset);

        return on ? bitmap | bit : bitmap & ~bit;
    }

    function _read(address asset) private view returns (uint256) {
        return _pool().getConfiguration(asset).data;
    }

    function _write(address asset, uint256 word) private {
        _pool().setConfiguration(asset, DataTypes.ReserveConfigurationMap(word));
    }

    function _requireNoSuppliers(address asset) private view {
        DataTypes.ReserveDataLegacy memory reserve = _pool().getReserveData(asset);
        bool supplied = IERC20(reserve.aTokenAddress).totalSupply() != 0 || reserve.accruedToTreasury != 0;
        require(!supplied, ReserveLiquidityNotZero());
    }

    function _requireNoBorrowers(address asset) private view {
        require(IERC20(_pool().getReserveVariableDebtToken(asset)).totalSupply() == 0, ReserveDebtNotZero());
    }

    function _pool() private view returns (IPool) {
        return IPool(ADDRESSES_PROVIDER.getPool());
    }

    function _strategy() private view returns (IReserveInterestRateStrategy) {
        return IReserveInterestRateStrategy(_pool().RESERVE_INTEREST_RATE_STRATEGY());
    }
}
