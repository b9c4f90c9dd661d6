// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Ownable2Step} from "@openzeppelin/contracts/access/Ownable2Step.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {IUSDe} from "../interfaces/IUSDe.sol";

contract USDe is IUSDe, ERC20Burnable, ERC20Permit, Ownable2Step {
    // --- Storage

    address public minter;

    // --- Constructor

    constructor(address owner_) ERC20("USDe", "USDe") ERC20Permit("USDe") Ownable(owner_) {}

    // --- Actions

    /// @inheritdoc IUSDe
    function setMinter(address newMinter) external onlyOwner {
        emit MinterUpdated(newMinter, minter);
        minter = newMinter;
    }

    /// @inheritdoc IUSDe
    function mint(address to, uint256 amount) external {
        if (msg.sender != minter) revert OnlyMinter();
        _mint(to, amount);
    }

    /// @inheritdoc IUSDe
    function burn(uint256 amount) public override(IUSDe, ERC20Burnable) {
        super.burn(amount);
    }

    /// @inheritdoc IUSDe
    function burnFrom(address account, uint256 amount) public override(IUSDe, ERC20Burnable) {
        super.burnFrom(account, amount);
    }

    function renounceOwnership() public view override onlyOwner {
        revert CantRenounceOwnership();
    }
}
