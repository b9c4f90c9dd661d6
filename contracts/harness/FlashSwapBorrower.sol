// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IConstantProductCallee, IConstantProductPair} from "../interfaces/IConstantProductPair.sol";

/// @dev Test-only: takes a flash swap and pays back what it was told to, or calls the pair again from inside.
contract FlashSwapBorrower is IConstantProductCallee {
    // --- Actions

    function borrow(address pair, uint256 amount0, uint256 amount1, uint256 repayment) external {
        IConstantProductPair(pair).swap(amount0, amount1, address(this), abi.encode(repayment));
    }

    function reenter(address pair) external {
        IConstantProductPair(pair).swap(1, 0, address(this), abi.encode(0));
    }

    /// @inheritdoc IConstantProductCallee
    function uniswapV2Call(address, uint256 amount0, uint256, bytes calldata data) external {
        uint256 repayment = abi.decode(data, (uint256));
        if (repayment == 0) {
            IConstantProductPair(msg.sender).sync();
            return;
        }
        IConstantProductPair pair = IConstantProductPair(msg.sender);
        IERC20(amount0 != 0 ? pair.token0() : pair.token1()).transfer(msg.sender, repayment);
    }
}
