// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {IUSDeSilo} from "../interfaces/IUSDeSilo.sol";

contract USDeSilo is IUSDeSilo {
    using SafeERC20 for IERC20;

    // --- Immutables

    address private immutable _stakingVault;
    IERC20 private immutable _usde;

    // --- Constructor

    constructor(address stakingVault, IERC20 usde) {
        (_stakingVault, _usde) = (stakingVault, usde);
    }

    // --- Actions

    /// @inheritdoc IUSDeSilo
    function withdraw(address to, uint256 amount) external {
        require(msg.sender == _stakingVault, OnlyStakingVault());
        _usde.safeTransfer(to, amount);
    }
}
