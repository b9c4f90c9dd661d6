// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IParMinting} from "../interfaces/IParMinting.sol";
import {IUSDe} from "../interfaces/IUSDe.sol";

contract ParMinting is IParMinting, Ownable {
    using SafeERC20 for IERC20;

    // --- Immutables

    address public immutable usde;
    address public immutable collateralAsset;
    uint256 private immutable _usdePerCollateralUnit;

    // --- Storage

    bool public redemptionOpen;

    // --- Constructor

    constructor(address usde_, address collateralAsset_, address owner_) Ownable(owner_) {
        usde = usde_;
        collateralAsset = collateralAsset_;
        _usdePerCollateralUnit = 10 ** (18 - IERC20Metadata(collateralAsset_).decimals());
        redemptionOpen = true;
    }

    // --- Actions

    /// @inheritdoc IParMinting
    function mint(uint256 collateralAmount, address beneficiary) external returns (uint256 usdeAmount) {
        if (collateralAmount == 0) revert InvalidAmount();

        usdeAmount = collateralAmount * _usdePerCollateralUnit;

        emit Mint(msg.sender, beneficiary, collateralAsset, collateralAmount, usdeAmount);
        IERC20(collateralAsset).safeTransferFrom(msg.sender, address(this), collateralAmount);
        IUSDe(usde).mint(beneficiary, usdeAmount);
    }

    /// @inheritdoc IParMinting
    function redeem(uint256 usdeAmount, address beneficiary) external returns (uint256 collateralAmount) {
        if (!redemptionOpen) revert RedemptionClosed();

        collateralAmount = usdeAmount / _usdePerCollateralUnit;
        if (collateralAmount == 0) revert InvalidAmount();

        emit Redeem(msg.sender, beneficiary, collateralAsset, collateralAmount, usdeAmount);
        IUSDe(usde).burnFrom(msg.sender, usdeAmount);
        IERC20(collateralAsset).safeTransfer(beneficiary, collateralAmount);
    }

    /// @inheritdoc IParMinting
    function setRedemptionOpen(bool open) external onlyOwner {
        redemptionOpen = open;
        emit RedemptionOpenSet(open);
    }
}
