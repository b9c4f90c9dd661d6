// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {IERC4626} from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IStakedUSDe} from "../interfaces/IStakedUSDe.sol";
import {IUSDeSilo} from "../interfaces/IUSDeSilo.sol";
import {MulDiv} from "../lending/MulDiv.sol";
import {USDeSilo} from "./USDeSilo.sol";

contract StakedUSDe is IStakedUSDe, ERC4626, ERC20Permit, AccessControl {
    using MulDiv for uint256;
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    // --- Types

    struct UserCooldown {
        uint104 cooldownEnd;
        uint152 underlyingAmount;
    }

    // --- Constants

    bytes32 public constant REWARDER_ROLE = keccak256("REWARDER_ROLE");
    uint24 public constant MAX_COOLDOWN_DURATION = 90 days;
    uint256 private constant _VESTING_PERIOD = 8 hours;

    /// @dev A few shares alone would let a donation move the price of a share by whole assets.
    uint256 private constant _MIN_SHARES = 1 ether;

    // --- Immutables

    address public immutable silo;

    // --- Storage

    uint256 public vestingAmount;
    uint256 public lastDistributionTimestamp;
    uint24 public cooldownDuration;
    mapping(address user => UserCooldown) public cooldowns;

    // --- Constructor

    constructor(IERC20 usde, address initialRewarder, address admin)
        ERC20("Staked USDe", "sUSDe")
        ERC4626(usde)
        ERC20Permit("sUSDe")
    {
        require(address(usde) != address(0) && initialRewarder != address(0) && admin != address(0), InvalidZeroAddress());
        silo = address(new USDeSilo(address(this), usde));
        cooldownDuration = 7 days;
        _grantRole(REWARDER_ROLE, initialRewarder);
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
    }

    // --- Actions

    /// @inheritdoc IStakedUSDe
    function transferInRewards(uint256 amount) external onlyRole(REWARDER_ROLE) {
        require(amount != 0, InvalidAmount());
        require(getUnvestedAmount() == 0, StillVesting());

        (vestingAmount, lastDistributionTimestamp) = (amount, block.timestamp);

        emit RewardsReceived(amount);
        IERC20(asset()).safeTransferFrom(msg.sender, address(this), amount);
    }

    function withdraw(uint256 assets, address receiver, address owner)
        public
        override(ERC4626, IERC4626)
        returns (uint256)
    {
        require(cooldownDuration == 0, OperationNotAllowed());
        return super.withdraw(assets, receiver, owner);
    }

    function redeem(uint256 shares, address receiver, address owner)
        public
        override(ERC4626, IERC4626)
        returns (uint256)
    {
        require(cooldownDuration == 0, OperationNotAllowed());
        return super.redeem(shares, receiver, owner);
    }

    /// @inheritdoc IStakedUSDe
    function cooldownAssets(uint256 assets) external returns (uint256 shares) {
        require(assets <= maxWithdraw(msg.sender), ExcessiveWithdrawAmount());
        shares = previewWithdraw(assets);
        _coolDown(assets, shares);
    }

    /// @inheritdoc IStakedUSDe
    function cooldownShares(uint256 shares) external returns (uint256 assets) {
        require(shares <= maxRedeem(msg.sender), ExcessiveRedeemAmount());
        assets = previewRedeem(shares);
        _coolDown(assets, shares);
    }

    /// @inheritdoc IStakedUSDe
    function unstake(address receiver) external {
        UserCooldown memory cooldown = cooldowns[msg.sender];
        require(block.timestamp >= cooldown.cooldownEnd || cooldownDuration == 0, InvalidCooldown());

        delete cooldowns[msg.sender];

        IUSDeSilo(silo).withdraw(receiver, cooldown.underlyingAmount);
    }

    /// @inheritdoc IStakedUSDe
    function setCooldownDuration(uint24 duration) external onlyRole(DEFAULT_ADMIN_ROLE) {
        require(duration <= MAX_COOLDOWN_DURATION, InvalidCooldown());
        emit CooldownDurationUpdated(cooldownDuration, duration);
        cooldownDuration = duration;
    }

    // --- Views

    /// @inheritdoc IStakedUSDe
    function getUnvestedAmount() public view returns (uint256) {
        uint256 elapsed = block.timestamp - lastDistributionTimestamp;
        return elapsed < _VESTING_PERIOD ? vestingAmount.mulDivDown(_VESTING_PERIOD - elapsed, _VESTING_PERIOD) : 0;
    }

    function totalAssets() public view override(ERC4626, IERC4626) returns (uint256) {
        return super.totalAssets() - getUnvestedAmount();
    }

    function decimals() public pure override(ERC20, ERC4626, IERC20Metadata) returns (uint8) {
        return 18;
    }

    // --- Internals

    function _coolDown(uint256 assets, uint256 shares) private {
        require(cooldownDuration != 0, OperationNotAllowed());

        UserCooldown storage cooldown = cooldowns[msg.sender];
        cooldown.cooldownEnd = (block.timestamp + cooldownDuration).toUint104();
        cooldown.underlyingAmount += assets.toUint152();

        _withdraw(msg.sender, silo, msg.sender, assets, shares);
    }

    function _deposit(address caller, address receiver, uint256 assets, uint256 shares) internal override {
        require(assets != 0 && shares != 0, InvalidAmount());
        super._deposit(caller, receiver, assets, shares);
        _checkMinShares();
    }

    function _withdraw(address caller, address receiver, address owner, uint256 assets, uint256 shares) internal override {
        require(assets != 0 && shares != 0, InvalidAmount());
        super._withdraw(caller, receiver, owner, assets, shares);
        _checkMinShares();
    }

    function _checkMinShares() private view {
        uint256 supply = totalSupply();
        require(supply == 0 || supply >= _MIN_SHARES, MinSharesViolation());
    }
}
