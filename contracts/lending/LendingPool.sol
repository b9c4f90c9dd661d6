// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {DataTypes} from "../interfaces/DataTypes.sol";
import {IAToken} from "../interfaces/IAToken.sol";
import {IFlashLoanSimpleReceiver} from "../interfaces/IFlashLoanSimpleReceiver.sol";
import {IPool} from "../interfaces/IPool.sol";
import {IPoolAddressesProvider} from "../interfaces/IPoolAddressesProvider.sol";
import {IReserveInterestRateStrategy} from "../interfaces/IReserveInterestRateStrategy.sol";
import {IVariableDebtToken} from "../interfaces/IVariableDebtToken.sol";
import {AccountLogic} from "./AccountLogic.sol";
import {IsolationLogic} from "./IsolationLogic.sol";
import {LendingPoolViews} from "./LendingPoolViews.sol";
import {LiquidationCallParams, LiquidationLogic} from "./LiquidationLogic.sol";
import {BPS, MulDiv, RAY} from "./MulDiv.sol";
import {EMode, PoolState, Reserve} from "./PoolState.sol";
import {ReserveConfiguration} from "./ReserveConfiguration.sol";
import {ReserveCache, ReserveLogic} from "./ReserveLogic.sol";
import {ScaledMath} from "./ScaledMath.sol";
import {UserConfiguration} from "./UserConfiguration.sol";

contract LendingPool is LendingPoolViews {
    using AccountLogic for PoolState;
    using IsolationLogic for PoolState;
    using LiquidationLogic for PoolState;
    using MulDiv for uint256;
    using ReserveConfiguration for uint256;
    using ReserveLogic for Reserve;
    using SafeCast for uint256;
    using SafeERC20 for IERC20;
    using ScaledMath for uint256;
    using UserConfiguration for uint256;

    // --- Constants

    uint256 private constant VARIABLE = 2;
    uint128 private constant INITIAL_FLASH_LOAN_PREMIUM_BPS = 5;

    // --- Constructor

    constructor(IPoolAddressesProvider provider, address interestRateStrategy) LendingPoolViews(provider, interestRateStrategy) {
        _state.flashLoanPremiumBps = INITIAL_FLASH_LOAN_PREMIUM_BPS;
    }

    modifier onlyConfigurator() {
        _requireConfigurator();
        _;
    }

    // --- Actions

    /// @inheritdoc IPool
    function supply(address asset, uint256 amount, address onBehalfOf, uint16 referralCode) external {
        (Reserve storage reserve, ReserveCache memory cache) = _accrued(asset);
        IAToken aToken = IAToken(cache.aToken);
        uint256 scaledAmount = amount.toScaledDown(cache.liquidityIndex);

        _requireOpen(cache.configuration, scaledAmount);
        require(!cache.configuration.flag(ReserveConfiguration.FROZEN), ReserveFrozen());
        require(onBehalfOf != address(aToken), SupplyToAToken());
        uint256 cap = cache.configuration.supplyCap() * cache.configuration.unit();
        uint256 scaledSupply = aToken.scaledTotalSupply() + reserve.accruedToTreasury + scaledAmount;
        require(cap == 0 || scaledSupply.toBalanceDown(cache.liquidityIndex) <= cap, SupplyCapExceeded());

        _updateRates(reserve, cache, asset, amount, 0);
        IERC20(asset).safeTransferFrom(msg.sender, address(aToken), amount);
        bool isFirstSupply = aToken.mint(msg.sender, onBehalfOf, scaledAmount, cache.liquidityIndex);
        if (isFirstSupply && cache.configuration.debtCeiling() == 0 && _mayBeCollateral(reserve, onBehalfOf)) _switchCollateral(reserve, asset, onBehalfOf, true);

        emit Supply(asset, msg.sender, onBehalfOf, amount, referralCode);
    }

    /// @inheritdoc IPool
    function withdraw(address asset, uint256 amount, address to) external returns (uint256) {
        (Reserve storage reserve, ReserveCache memory cache) = _accrued(asset);
        IAToken aToken = IAToken(cache.aToken);
        require(to != address(aToken), WithdrawToAToken());
        uint256 balance = aToken.scaledBalanceOf(msg.sender).toBalanceDown(cache.liquidityIndex);
        if (amount == type(uint256).max) amount = balance;

        _requireEnough(amount, balance);
        _requireOpen(cache.configuration, amount);

        _updateRates(reserve, cache, asset, 0, amount);
        bool nothingLeft =
            aToken.burn(msg.sender, to, amount, amount.toScaledUp(cache.liquidityIndex), cache.liquidityIndex);
        _afterCollateralLeft(reserve, asset, msg.sender, nothingLeft);

        emit Withdraw(asset, msg.sender, to, amount);
        return amount;
    }

    /// @inheritdoc IPool
    function borrow(address asset, uint256 amount, uint256 interestRateMode, uint16 referralCode, address onBehalfOf) external {
        (Reserve storage reserve, ReserveCache memory cache) = _accrued(asset);

        require(onBehalfOf == msg.sender, OperationNotSupported());
        _requireOpen(cache.configuration, amount);
        require(!cache.configuration.flag(ReserveConfiguration.FROZEN), ReserveFrozen());
        uint8 eMode = _state.userEMode[msg.sender];
        if (!_state.isBorrowable(reserve, eMode)) {
            if (eMode == 0) revert BorrowingNotEnabled();
            revert NotBorrowableInEMode();
        }
        require(amount <= IERC20(cache.aToken).totalSupply(), InvalidAmount());
        require(interestRateMode == VARIABLE, InvalidInterestRateModeSelected());

        cache.scaledVariableDebt = IVariableDebtToken(cache.variableDebtToken).mint(
            msg.sender, msg.sender, amount, amount.toScaledUp(cache.variableBorrowIndex), cache.variableBorrowIndex
        );
        uint256 cap = cache.configuration.borrowCap() * cache.configuration.unit();
        require(cap == 0 || cache.scaledVariableDebt.toBalanceUp(cache.variableBorrowIndex) <= cap, BorrowCapExceeded());
        uint256 flags = _state.userConfiguration[msg.sender];
        _state.requireSiloAllows(asset, cache.configuration, flags & UserConfiguration.ALL_BORROWED);
        _state.countBorrow(msg.sender, cache.configuration, amount);
        _state.userConfiguration[msg.sender] = flags | UserConfiguration.borrowingBit(reserve.id);
        _updateRates(reserve, cache, asset, 0, amount);

        _state.requireCoversDebt(_oracle(), msg.sender);

        IAToken(cache.aToken).transferUnderlyingTo(msg.sender, amount);
        emit Borrow(asset, msg.sender, msg.sender, amount, uint8(VARIABLE), reserve.currentVariableBorrowRate, referralCode);
    }

    /// @inheritdoc IPool
    function repay(address asset, uint256 amount, uint256 interestRateMode, address onBehalfOf) external returns (uint256) {
        return _repay(asset, amount, interestRateMode, onBehalfOf, false);
    }

    /// @inheritdoc IPool
    function repayWithATokens(address asset, uint256 amount, uint256 interestRateMode) external returns (uint256) {
        return _repay(asset, amount, interestRateMode, msg.sender, true);
    }

    /// @inheritdoc IPool
    function setUserUseReserveAsCollateral(address asset, bool useAsCollateral) external {
        Reserve storage reserve = _state.reserves[asset];
        require(reserve.configuration.flag(ReserveConfiguration.ACTIVE), ReserveInactive());
        require(!reserve.configuration.flag(ReserveConfiguration.PAUSED), ReservePaused());
        if (useAsCollateral == _state.userConfiguration[msg.sender].isCollateral(reserve.id)) return;

        if (useAsCollateral) {
            require(IAToken(reserve.aToken).scaledBalanceOf(msg.sender) != 0, UnderlyingBalanceZero());
            require(_mayBeCollateral(reserve, msg.sender), UserInIsolationModeOrLtvZero());
        }

        _switchCollateral(reserve, asset, msg.sender, useAsCollateral);
        if (!useAsCollateral) _state.requireHealthyWithout(_oracle(), msg.sender, reserve);
    }

    /// @inheritdoc IPool
    function setUserEMode(uint8 categoryId) external {
        if (_state.userEMode[msg.sender] == categoryId) return;
        require(categoryId == 0 || _state.eModes[categoryId].liquidationThreshold != 0, InconsistentEModeCategory());
        uint256 remaining = _state.userConfiguration[msg.sender];

        for (uint256 id = 0; remaining != 0; (remaining >>= 2, ++id)) {
            address asset = _state.assetOf[id];
            Reserve storage reserve = _state.reserves[asset];
            (uint256 ltvBps,,) = _state.riskParameters(reserve, categoryId);
            require(remaining & 1 == 0 || _state.isBorrowable(reserve, categoryId), InvalidDebtInEmode(asset, categoryId));
            require(remaining & 2 == 0 || ltvBps != 0, InvalidCollateralInEmode(asset, categoryId));
        }

        _state.userEMode[msg.sender] = categoryId;
        emit UserEModeSet(msg.sender, categoryId);

        if (_state.userConfiguration[msg.sender].isBorrowingAny()) _state.requireHealthy(_oracle(), msg.sender);
    }

    /// @inheritdoc IPool
    function liquidationCall(address collateralAsset, address debtAsset, address borrower, uint256 debtToCover, bool receiveAToken)
        external
    {
        _state.liquidate(
            LiquidationCallParams({
                collateralAsset: collateralAsset,
                debtAsset: debtAsset,
                borrower: borrower,
                liquidator: msg.sender,
                debtToCover: debtToCover,
                receiveAToken: receiveAToken,
                oracle: _oracle(),
                strategy: IReserveInterestRateStrategy(RESERVE_INTEREST_RATE_STRATEGY)
            })
        );
    }

    /// @inheritdoc IPool
    function flashLoanSimple(address receiverAddress, address asset, uint256 amount, bytes calldata params, uint16 referralCode) external {
        Reserve storage reserve = _state.reserves[asset];
        require(!reserve.configuration.flag(ReserveConfiguration.PAUSED), ReservePaused());
        require(reserve.configuration.flag(ReserveConfiguration.ACTIVE), ReserveInactive());
        require(reserve.configuration.flag(ReserveConfiguration.FLASHLOAN), FlashloanDisabled());
        require(amount <= IERC20(reserve.aToken).totalSupply(), InvalidAmount());
        uint256 premium = amount.mulDivUp(_state.flashLoanPremiumBps, BPS);

        reserve.virtualUnderlyingBalance -= amount.toUint128();
        IAToken(reserve.aToken).transferUnderlyingTo(receiverAddress, amount);
        require(
            IFlashLoanSimpleReceiver(receiverAddress).executeOperation(asset, amount, premium, msg.sender, params),
            InvalidFlashloanExecutorReturn()
        );

        ReserveCache memory cache;
        (reserve, cache) = _accrued(asset);
        reserve.accruedToTreasury += premium.toScaledDown(cache.liquidityIndex).toUint128();
        _updateRates(reserve, cache, asset, amount + premium, 0);

        IERC20(asset).safeTransferFrom(receiverAddress, cache.aToken, amount + premium);
        emit FlashLoan(receiverAddress, msg.sender, asset, amount, 0, premium, referralCode);
    }

    /// @inheritdoc IPool
    function eliminateReserveDeficit(address asset, uint256 amount) external returns (uint256) {
        require(msg.sender == ADDRESSES_PROVIDER.getAddress("UMBRELLA"), CallerNotUmbrella());
        require(amount != 0, InvalidAmount());
        (Reserve storage reserve, ReserveCache memory cache) = _accrued(asset);
        IAToken aToken = IAToken(cache.aToken);
        require(cache.configuration.flag(ReserveConfiguration.ACTIVE), ReserveInactive());
        require(reserve.deficit != 0, ReserveNotInDeficit());
        require(!_state.userConfiguration[msg.sender].isBorrowingAny(), UserCannotHaveDebt());
        uint256 covered = amount < reserve.deficit ? amount : reserve.deficit;
        _requireEnough(covered, aToken.scaledBalanceOf(msg.sender).toBalanceDown(cache.liquidityIndex));

        reserve.deficit -= covered.toUint128();
        bool nothingLeft = aToken.burn(
            msg.sender, address(aToken), covered, covered.toScaledUp(cache.liquidityIndex), cache.liquidityIndex
        );
        _afterCollateralLeft(reserve, asset, msg.sender, nothingLeft);
        _updateRates(reserve, cache, asset, 0, 0);

        emit DeficitCovered(asset, msg.sender, covered);
        return covered;
    }

    /// @inheritdoc IPool
    function mintToTreasury(address[] calldata assets) external {
        for (uint256 i = 0; i < assets.length; ++i) {
            Reserve storage reserve = _state.reserves[assets[i]];
            uint256 scaledAmount = reserve.accruedToTreasury;

            if (scaledAmount != 0 && reserve.configuration.flag(ReserveConfiguration.ACTIVE)) {
                uint256 index = reserve.liquidityIndexNow();
                reserve.accruedToTreasury = 0;
                IAToken(reserve.aToken).mintToTreasury(scaledAmount, index);
                emit MintedToTreasury(assets[i], scaledAmount.toBalanceDown(index));
            }
        }
    }

    /// @inheritdoc IPool
    function finalizeTransfer(address asset, address from, address to, uint256 scaledAmount, uint256 scaledBalanceFromBefore) external {
        Reserve storage reserve = _state.reserves[asset];
        require(msg.sender == reserve.aToken, CallerNotAToken());
        require(!reserve.configuration.flag(ReserveConfiguration.PAUSED), ReservePaused());
        if (from == to || scaledAmount == 0) return;

        _afterCollateralLeft(reserve, asset, from, scaledAmount == scaledBalanceFromBefore);
    }

    // --- Configuration, for the configurator only

    /// @inheritdoc IPool
    function initReserve(address asset, address aTokenAddress, address variableDebtAddress) external onlyConfigurator {
        Reserve storage reserve = _state.reserves[asset];
        require(reserve.aToken == address(0), ReserveAlreadyInitialized());
        require(_state.reservesCount < MAX_NUMBER_RESERVES, NoMoreReservesAllowed());

        reserve.liquidityIndex = uint128(RAY);
        reserve.variableBorrowIndex = uint128(RAY);
        reserve.lastUpdateTimestamp = uint40(block.timestamp);
        reserve.aToken = aTokenAddress;
        reserve.variableDebtToken = variableDebtAddress;
        reserve.id = _state.reservesCount++;
        _state.assetOf[reserve.id] = asset;
    }

    /// @inheritdoc IPool
    function setConfiguration(address asset, DataTypes.ReserveConfigurationMap calldata configuration) external onlyConfigurator {
        require(_state.reserves[asset].aToken != address(0), AssetNotListed());
        _state.reserves[asset].configuration = configuration.data;
    }

    /// @inheritdoc IPool
    function syncIndexesState(address asset) external onlyConfigurator {
        _accrued(asset);
    }

    /// @inheritdoc IPool
    function syncRatesState(address asset) external onlyConfigurator {
        Reserve storage reserve = _state.reserves[asset];
        _updateRates(reserve, reserve.load(), asset, 0, 0);
    }

    /// @inheritdoc IPool
    function resetIsolationModeTotalDebt(address asset) external onlyConfigurator {
        Reserve storage reserve = _state.reserves[asset];
        require(reserve.configuration.debtCeiling() == 0, DebtCeilingNotZero());
        IsolationLogic.writeTotal(reserve, asset, 0);
    }

    /// @inheritdoc IPool
    function setLiquidationGracePeriod(address asset, uint40 until) external onlyConfigurator {
        _state.reserves[asset].liquidationGracePeriodUntil = until;
    }

    /// @inheritdoc IPool
    function configureEModeCategory(uint8 id, DataTypes.EModeCategoryBaseConfiguration calldata config) external onlyConfigurator {
        require(id != 0, EModeCategoryReserved());
        EMode storage eMode = _state.eModes[id];
        eMode.ltv = config.ltv;
        eMode.liquidationThreshold = config.liquidationThreshold;
        eMode.liquidationBonus = config.liquidationBonus;
        eMode.label = config.label;
    }

    /// @inheritdoc IPool
    function configureEModeCategoryCollateralBitmap(uint8 id, uint128 collateralBitmap) external onlyConfigurator {
        _state.eModes[id].collateralBitmap = collateralBitmap;
    }

    /// @inheritdoc IPool
    function configureEModeCategoryBorrowableBitmap(uint8 id, uint128 borrowableBitmap) external onlyConfigurator {
        _state.eModes[id].borrowableBitmap = borrowableBitmap;
    }

    /// @inheritdoc IPool
    function configureEModeCategoryLtvzeroBitmap(uint8 id, uint128 ltvzeroBitmap) external onlyConfigurator {
        _state.eModes[id].ltvzeroBitmap = ltvzeroBitmap;
    }

    /// @inheritdoc IPool
    function updateFlashloanPremium(uint128 flashLoanPremium) external onlyConfigurator {
        _state.flashLoanPremiumBps = flashLoanPremium;
    }

    // --- Internals

    function _accrued(address asset) private returns (Reserve storage reserve, ReserveCache memory cache) {
        reserve = _state.reserves[asset];
        cache = reserve.load();
        reserve.accrue(cache);
    }

    function _updateRates(Reserve storage reserve, ReserveCache memory cache, address asset, uint256 added, uint256 taken) private {
        reserve.updateRates(cache, IReserveInterestRateStrategy(RESERVE_INTEREST_RATE_STRATEGY), asset, added, taken);
    }

    function _repay(address asset, uint256 amount, uint256 interestRateMode, address onBehalfOf, bool useATokens)
        private
        returns (uint256 paid)
    {
        (Reserve storage reserve, ReserveCache memory cache) = _accrued(asset);
        IAToken aToken = IAToken(cache.aToken);
        uint256 debt =
            IVariableDebtToken(cache.variableDebtToken).scaledBalanceOf(onBehalfOf).toBalanceUp(cache.variableBorrowIndex);

        _requireOpen(cache.configuration, amount);
        require(interestRateMode == VARIABLE, InvalidInterestRateModeSelected());
        require(amount != type(uint256).max || msg.sender == onBehalfOf, NoExplicitAmountToRepayOnBehalf());
        require(debt != 0, NoDebtOfSelectedType());
        if (useATokens && amount == type(uint256).max) {
            amount = aToken.scaledBalanceOf(msg.sender).toBalanceDown(cache.liquidityIndex);
        }
        paid = amount < debt ? amount : debt;

        bool noDebtLeft;
        (noDebtLeft, cache.scaledVariableDebt) = IVariableDebtToken(cache.variableDebtToken).burn(
            onBehalfOf, paid.toScaledDown(cache.variableBorrowIndex), cache.variableBorrowIndex
        );
        if (noDebtLeft) _state.userConfiguration[onBehalfOf] &= ~UserConfiguration.borrowingBit(reserve.id);
        _updateRates(reserve, cache, asset, useATokens ? 0 : paid, 0);
        _state.countRepay(onBehalfOf, cache.configuration, paid);

        if (useATokens) {
            bool nothingLeft =
                aToken.burn(msg.sender, address(aToken), paid, paid.toScaledUp(cache.liquidityIndex), cache.liquidityIndex);
            // Less debt may not cost health; unlike a withdrawal, collateral with an LTV may go before collateral without one.
            if (_releaseCollateral(reserve, asset, msg.sender, nothingLeft) && _state.userConfiguration[msg.sender].isBorrowingAny()) {
                _state.requireHealthy(_oracle(), msg.sender);
            }
        } else {
            IERC20(asset).safeTransferFrom(msg.sender, address(aToken), paid);
        }

        emit Repay(asset, onBehalfOf, msg.sender, paid, useATokens);
    }

    /// @dev Health of who lost collateral, and the flag of who lost all of it.
    function _afterCollateralLeft(Reserve storage reserve, address asset, address user, bool nothingLeft) private {
        if (_releaseCollateral(reserve, asset, user, nothingLeft) && _state.userConfiguration[user].isBorrowingAny()) {
            _state.requireHealthyWithout(_oracle(), user, reserve);
        }
    }

    /// @return Whether the reserve was collateral of the user
    function _releaseCollateral(Reserve storage reserve, address asset, address user, bool nothingLeft) private returns (bool) {
        if (!_state.userConfiguration[user].isCollateral(reserve.id)) return false;
        if (nothingLeft) _switchCollateral(reserve, asset, user, false);

        return true;
    }

    function _switchCollateral(Reserve storage reserve, address asset, address user, bool on) private {
        uint256 bit = UserConfiguration.collateralBit(reserve.id);

        if (on) {
            _state.userConfiguration[user] |= bit;
            emit ReserveUsedAsCollateralEnabled(asset, user);
        } else {
            _state.userConfiguration[user] &= ~bit;
            emit ReserveUsedAsCollateralDisabled(asset, user);
        }
    }

    function _mayBeCollateral(Reserve storage reserve, address user) private view returns (bool) {
        (uint256 ltvBps,,) = _state.riskParameters(reserve, _state.userEMode[user]);

        return ltvBps != 0 && _state.canJoinCollateral(reserve, user);
    }

    function _requireOpen(uint256 configuration, uint256 amount) private pure {
        require(amount != 0, InvalidAmount());
        require(configuration.flag(ReserveConfiguration.ACTIVE), ReserveInactive());
        require(!configuration.flag(ReserveConfiguration.PAUSED), ReservePaused());
    }

    function _requireEnough(uint256 amount, uint256 balance) private pure {
        require(amount <= balance, NotEnoughAvailableUserBalance());
    }

    /// @dev A function, because a modifier's body is copied into each of its users.
    function _requireConfigurator() private view {
        require(msg.sender == ADDRESSES_PROVIDER.getPoolConfigurator(), CallerNotPoolConfigurator());
    }
}
