// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Exit} from "../interfaces/Exit.sol";
import {IRouter} from "../interfaces/IRouter.sol";
import {ExitVenue} from "./ExitVenue.sol";

contract Router is IRouter {
    using SafeERC20 for IERC20;

    // --- Actions

    /// @inheritdoc IRouter
    function swap(
        Exit exit,
        address venue,
        address tokenIn,
        address tokenOut,
        uint256 amount,
        uint256 minProceeds,
        address receiver
    ) external returns (uint256 proceeds) {
        IERC20(tokenIn).safeTransferFrom(msg.sender, address(this), amount);

        proceeds = ExitVenue.sell(exit, venue, tokenIn, tokenOut, amount);
        if (proceeds < minProceeds) revert InsufficientOutput(proceeds, minProceeds);

        IERC20(tokenOut).safeTransfer(receiver, proceeds);
    }
}
