// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {IStableSwap} from "../interfaces/IStableSwap.sol";
import {IStableSwapPool} from "../interfaces/IStableSwapPool.sol";
import {StableSwapMath} from "./StableSwapMath.sol";

contract StableSwapPool is IStableSwapPool, ERC20, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using StableSwapMath for StableSwapMath.Pool;

    // --- Constants

    uint256 public constant N_COINS = StableSwapMath.N_COINS;

    // --- Immutables

    IERC20 private immutable _coin0;
    IERC20 private immutable _coin1;
    uint256 private immutable _rate0;
    uint256 private immutable _rate1;
    uint256 private immutable _amp;
    uint256 public immutable fee;
    uint256 public immutable offpeg_fee_multiplier;
    uint256 public immutable admin_fee;
    address public immutable fee_receiver;

    // --- Storage

    uint256[2] private _balances;
    uint256[2] public admin_balances;

    // --- Constructor

    constructor(
        string memory name_,
        string memory symbol_,
        address[2] memory coins_,
        uint256 a,
        uint256 fee_,
        uint256 offpegFeeMultiplier,
        uint256 adminFee,
        address feeReceiver
    ) ERC20(name_, symbol_) {
        if (a == 0 || a > 1e6) revert InvalidParameter("A", a);
        if (fee_ > StableSwapMath.FEE_DENOMINATOR / 2) revert InvalidParameter("fee", fee_);
        if (offpegFeeMultiplier * fee_ > (StableSwapMath.FEE_DENOMINATOR / 2) * StableSwapMath.FEE_DENOMINATOR) {
            revert InvalidParameter("offpeg_fee_multiplier", offpegFeeMultiplier);
        }
        if (adminFee > StableSwapMath.FEE_DENOMINATOR) revert InvalidParameter("admin_fee", adminFee);

        _coin0 = IERC20(coins_[0]);
        _coin1 = IERC20(coins_[1]);
        _rate0 = 10 ** (36 - IERC20Metadata(coins_[0]).decimals());
        _rate1 = 10 ** (36 - IERC20Metadata(coins_[1]).decimals());
        _amp = a * StableSwapMath.AMP_PRECISION;
        fee = fee_;
        offpeg_fee_multiplier = offpegFeeMultiplier;
        admin_fee = adminFee;
        fee_receiver = feeReceiver;
    }

    // --- Actions: swaps

    /// @inheritdoc IStableSwap
    function exchange(int128 i, int128 j, uint256 dx, uint256 min_dy) external returns (uint256) {
        return _exchange(i, j, dx, min_dy, msg.sender);
    }

    /// @inheritdoc IStableSwap
    function exchange(int128 i, int128 j, uint256 dx, uint256 min_dy, address receiver) external returns (uint256) {
        return _exchange(i, j, dx, min_dy, receiver);
    }

    // --- Actions: liquidity

    /// @inheritdoc IStableSwapPool
    function add_liquidity(uint256[] calldata amounts, uint256 min_mint_amount) external returns (uint256) {
        return _addLiquidity(amounts, min_mint_amount, msg.sender);
    }

    /// @inheritdoc IStableSwapPool
    function add_liquidity(uint256[] calldata amounts, uint256 min_mint_amount, address receiver)
        external
        returns (uint256)
    {
        return _addLiquidity(amounts, min_mint_amount, receiver);
    }

    /// @inheritdoc IStableSwapPool
    function remove_liquidity(uint256 burn_amount, uint256[] calldata min_amounts)
        external
        returns (uint256[] memory)
    {
        return _removeLiquidity(burn_amount, min_amounts, msg.sender);
    }

    /// @inheritdoc IStableSwapPool
    function remove_liquidity(uint256 burn_amount, uint256[] calldata min_amounts, address receiver)
        external
        returns (uint256[] memory)
    {
        return _removeLiquidity(burn_amount, min_amounts, receiver);
    }

    /// @inheritdoc IStableSwapPool
    function remove_liquidity_one_coin(uint256 burn_amount, int128 i, uint256 min_received)
        external
        returns (uint256)
    {
        return _removeLiquidityOneCoin(burn_amount, i, min_received, msg.sender);
    }

    /// @inheritdoc IStableSwapPool
    function remove_liquidity_one_coin(uint256 burn_amount, int128 i, uint256 min_received, address receiver)
        external
        returns (uint256)
    {
        return _removeLiquidityOneCoin(burn_amount, i, min_received, receiver);
    }

    /// @inheritdoc IStableSwapPool
    function remove_liquidity_imbalance(uint256[] calldata amounts, uint256 max_burn_amount)
        external
        returns (uint256)
    {
        return _removeLiquidityImbalance(amounts, max_burn_amount, msg.sender);
    }

    /// @inheritdoc IStableSwapPool
    function remove_liquidity_imbalance(uint256[] calldata amounts, uint256 max_burn_amount, address receiver)
        external
        returns (uint256)
    {
        return _removeLiquidityImbalance(amounts, max_burn_amount, receiver);
    }

    /// @inheritdoc IStableSwapPool
    function withdraw_admin_fees() external nonReentrant {
        for (uint256 k; k < N_COINS; ++k) {
            uint256 amount = admin_balances[k];
            admin_balances[k] = 0;
            if (amount != 0) _coin(k).safeTransfer(fee_receiver, amount);
        }
    }

    // --- Views

    /// @inheritdoc IStableSwap
    function get_dy(int128 i, int128 j, uint256 dx) external view returns (uint256 dy) {
        (dy,) = _pool().quoteExchange(_soldIndex(i, j), dx);
    }

    /// @inheritdoc IStableSwapPool
    function get_dx(int128 i, int128 j, uint256 dy) external view returns (uint256) {
        return _pool().quoteInput(_soldIndex(i, j), dy);
    }

    /// @inheritdoc IStableSwap
    function get_p(uint256 i) external view returns (uint256) {
        if (i != 0) revert InvalidCoinIndex(int128(uint128(i)), 0);
        return _pool().spotPriceWad();
    }

    /// @inheritdoc IStableSwapPool
    function get_virtual_price() external view returns (uint256) {
        return (_invariant() * StableSwapMath.PRECISION) / totalSupply();
    }

    /// @inheritdoc IStableSwapPool
    function dynamic_fee(int128 i, int128 j) external view returns (uint256) {
        uint256 sold = _soldIndex(i, j);
        uint256[2] memory xp = _pool().scaledBalances();
        return StableSwapMath.dynamicFee(xp[sold], xp[1 - sold], fee, offpeg_fee_multiplier);
    }

    /// @inheritdoc IStableSwapPool
    function calc_token_amount(uint256[] calldata amounts, bool is_deposit) external view returns (uint256) {
        _requirePair(amounts.length);
        StableSwapMath.Pool memory pool = _pool();
        uint256[2] memory newBalances;
        for (uint256 k; k < N_COINS; ++k) {
            newBalances[k] = is_deposit ? pool.balances[k] + amounts[k] : pool.balances[k] - amounts[k];
        }

        uint256 supply = totalSupply();
        if (supply == 0) {
            pool.balances = newBalances;
            return StableSwapMath.invariant(pool.scaledBalances(), pool.amp);
        }
        StableSwapMath.Imbalance memory change = pool.quoteImbalance(newBalances);
        uint256 difference = is_deposit
            ? change.invariantAfterFees - change.invariantBefore
            : change.invariantBefore - change.invariantAfterFees;
        return (difference * supply) / change.invariantBefore;
    }

    /// @inheritdoc IStableSwapPool
    function calc_withdraw_one_coin(uint256 burn_amount, int128 i) external view returns (uint256 dy) {
        (dy,) = _pool().quoteWithdrawOne(burn_amount, totalSupply(), _index(i));
    }

    /// @inheritdoc IStableSwap
    function coins(uint256 i) external view returns (address) {
        if (i >= N_COINS) revert InvalidCoinIndex(int128(uint128(i)), 0);
        return address(_coin(i));
    }

    /// @inheritdoc IStableSwap
    function balances(uint256 i) external view returns (uint256) {
        return _balances[i];
    }

    /// @inheritdoc IStableSwapPool
    function get_balances() external view returns (uint256[] memory) {
        return _toArray(_balances);
    }

    /// @inheritdoc IStableSwapPool
    function stored_rates() external view returns (uint256[] memory) {
        return _toArray([_rate0, _rate1]);
    }

    /// @inheritdoc IStableSwapPool
    function A() external view returns (uint256) {
        return _amp / StableSwapMath.AMP_PRECISION;
    }

    /// @inheritdoc IStableSwapPool
    function A_precise() external view returns (uint256) {
        return _amp;
    }

    /// @inheritdoc IStableSwapPool
    function A_precision() external view returns (uint256) {
        return _amp;
    }

    // --- Internals: actions

    function _exchange(int128 i, int128 j, uint256 dx, uint256 minDy, address receiver)
        private
        nonReentrant
        returns (uint256)
    {
        uint256 sold = _soldIndex(i, j);
        if (dx == 0) revert ZeroAmount();

        (uint256 dy, uint256 adminFeeAmount) = _pool().quoteExchange(sold, dx);
        require(dy >= minDy, "Exchange resulted in fewer coins than expected");

        _balances[sold] += dx;
        _balances[1 - sold] -= dy + adminFeeAmount;
        admin_balances[1 - sold] += adminFeeAmount;

        _coin(sold).safeTransferFrom(msg.sender, address(this), dx);
        _coin(1 - sold).safeTransfer(receiver, dy);
        emit TokenExchange(msg.sender, i, dx, j, dy);
        _emitSpotPrice();
        return dy;
    }

    function _addLiquidity(uint256[] calldata amounts, uint256 minMintAmount, address receiver)
        private
        nonReentrant
        returns (uint256 minted)
    {
        _requirePair(amounts.length);
        StableSwapMath.Pool memory pool = _pool();
        uint256[2] memory deposited = [pool.balances[0] + amounts[0], pool.balances[1] + amounts[1]];

        uint256 invariantAfter;
        uint256[] memory fees;
        if (totalSupply() == 0) {
            if (amounts[0] == 0 || amounts[1] == 0) revert InitialDepositRequiresAllCoins();
            _balances = deposited;
            invariantAfter = _invariant();
            minted = invariantAfter;
        } else {
            StableSwapMath.Imbalance memory change = pool.quoteImbalance(deposited);
            if (change.invariantAfter <= change.invariantBefore) {
                revert InvariantNotRaised(change.invariantBefore, change.invariantAfter);
            }
            _writeLessAdminFees(deposited, change.fees);
            (invariantAfter, fees) = (change.invariantAfterFees, _toArray(change.fees));
            minted = (totalSupply() * (invariantAfter - change.invariantBefore)) / change.invariantBefore;
        }
        require(minted >= minMintAmount, "Slippage screwed you");

        for (uint256 k; k < N_COINS; ++k) {
            if (amounts[k] != 0) _coin(k).safeTransferFrom(msg.sender, address(this), amounts[k]);
        }
        _mint(receiver, minted);
        emit AddLiquidity(msg.sender, amounts, fees, invariantAfter, totalSupply());
        _emitSpotPrice();
    }

    function _removeLiquidity(uint256 burnAmount, uint256[] calldata minAmounts, address receiver)
        private
        nonReentrant
        returns (uint256[] memory amounts)
    {
        _requirePair(minAmounts.length);
        if (burnAmount == 0) revert ZeroAmount();

        uint256 supply = totalSupply();
        amounts = new uint256[](N_COINS);
        for (uint256 k; k < N_COINS; ++k) {
            amounts[k] = (_balances[k] * burnAmount) / supply;
            require(amounts[k] >= minAmounts[k], "Withdrawal resulted in fewer coins than expected");
            _balances[k] -= amounts[k];
        }

        _burn(msg.sender, burnAmount);
        for (uint256 k; k < N_COINS; ++k) {
            _coin(k).safeTransfer(receiver, amounts[k]);
        }
        emit RemoveLiquidity(msg.sender, amounts, new uint256[](0), totalSupply());
        _emitSpotPrice();
    }

    function _removeLiquidityOneCoin(uint256 burnAmount, int128 i, uint256 minReceived, address receiver)
        private
        nonReentrant
        returns (uint256 dy)
    {
        uint256 k = _index(i);
        if (burnAmount == 0) revert ZeroAmount();

        uint256 charged;
        (dy, charged) = _pool().quoteWithdrawOne(burnAmount, totalSupply(), k);
        require(dy >= minReceived, "Not enough coins removed");

        uint256 adminFeeAmount = (charged * admin_fee) / StableSwapMath.FEE_DENOMINATOR;
        _balances[k] -= dy + adminFeeAmount;
        admin_balances[k] += adminFeeAmount;

        _burn(msg.sender, burnAmount);
        _coin(k).safeTransfer(receiver, dy);
        emit RemoveLiquidityOne(msg.sender, i, burnAmount, dy, totalSupply());
        _emitSpotPrice();
    }

    function _removeLiquidityImbalance(uint256[] calldata amounts, uint256 maxBurnAmount, address receiver)
        private
        nonReentrant
        returns (uint256 burnt)
    {
        _requirePair(amounts.length);
        StableSwapMath.Pool memory pool = _pool();
        uint256[2] memory left = [pool.balances[0] - amounts[0], pool.balances[1] - amounts[1]];

        StableSwapMath.Imbalance memory change = pool.quoteImbalance(left);
        burnt = ((change.invariantBefore - change.invariantAfterFees) * totalSupply()) / change.invariantBefore + 1;
        if (burnt == 1) revert ZeroAmount();
        require(burnt <= maxBurnAmount, "Slippage screwed you");

        _writeLessAdminFees(left, change.fees);

        _burn(msg.sender, burnt);
        for (uint256 k; k < N_COINS; ++k) {
            if (amounts[k] != 0) _coin(k).safeTransfer(receiver, amounts[k]);
        }
        emit RemoveLiquidityImbalance(
            msg.sender, amounts, _toArray(change.fees), change.invariantAfterFees, totalSupply()
        );
        _emitSpotPrice();
    }

    // --- Internals: state

    /// @dev D is solved anew: what an action computed is D before the administrator's share left the balances.
    function _emitSpotPrice() private {
        bool isEmpty = _balances[0] == 0 && _balances[1] == 0;
        emit SpotPrice(isEmpty ? 0 : _pool().spotPriceWad());
    }

    function _writeLessAdminFees(uint256[2] memory newBalances, uint256[2] memory fees) private {
        for (uint256 k; k < N_COINS; ++k) {
            uint256 adminFeeAmount = (fees[k] * admin_fee) / StableSwapMath.FEE_DENOMINATOR;
            _balances[k] = newBalances[k] - adminFeeAmount;
            admin_balances[k] += adminFeeAmount;
        }
    }

    function _pool() private view returns (StableSwapMath.Pool memory) {
        return StableSwapMath.Pool({
            balances: _balances,
            rates: [_rate0, _rate1],
            amp: _amp,
            fee: fee,
            offpegFeeMultiplier: offpeg_fee_multiplier,
            adminFee: admin_fee
        });
    }

    function _invariant() private view returns (uint256) {
        return StableSwapMath.invariant(_pool().scaledBalances(), _amp);
    }

    function _coin(uint256 k) private view returns (IERC20) {
        return k == 0 ? _coin0 : _coin1;
    }

    function _soldIndex(int128 i, int128 j) private pure returns (uint256) {
        if (!((i == 0 && j == 1) || (i == 1 && j == 0))) revert InvalidCoinIndex(i, j);
        return uint256(uint128(i));
    }

    function _index(int128 i) private pure returns (uint256) {
        if (i != 0 && i != 1) revert InvalidCoinIndex(i, i);
        return uint256(uint128(i));
    }

    function _requirePair(uint256 length) private pure {
        if (length != N_COINS) revert InvalidArrayLength(length);
    }

    function _toArray(uint256[2] memory pair) private pure returns (uint256[] memory array) {
        array = new uint256[](N_COINS);
        (array[0], array[1]) = (pair[0], pair[1]);
    }
}
