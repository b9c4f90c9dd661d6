// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {MockERC20} from "../tokens/MockERC20.sol";

/// @title Token whose allowances anyone can set
/// @notice For tests only.
contract SettableERC20 is MockERC20 {
    constructor(string memory name_, string memory symbol_, uint8 decimals_) MockERC20(name_, symbol_, decimals_) {}

    /// @param amount Smallest units
    function setAllowance(address owner, address spender, uint256 amount) external {
        _approve(owner, spender, amount);
    }
}
