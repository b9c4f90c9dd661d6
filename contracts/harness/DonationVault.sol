// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC4626} from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title A vault whose ratio anybody raises by sending it tokens
/// @notice For tests only.
contract DonationVault is ERC4626 {
    constructor(IERC20 asset_) ERC20("Vault", "VAULT") ERC4626(asset_) {}
}
