// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IFlashLoanSimpleReceiver} from "../interfaces/IFlashLoanSimpleReceiver.sol";
import {IPool} from "../interfaces/IPool.sol";
import {IPoolAddressesProvider} from "../interfaces/IPoolAddressesProvider.sol";

/// @title Receiver of flash loans that does nothing with them
/// @notice For tests only: approves what it is told to, and answers what it is told to.
contract FlashBorrower is IFlashLoanSimpleReceiver {
    event Received(uint256 amount, uint256 premium, address initiator, bytes params);

    IPool public immutable POOL;

    constructor(IPool pool) {
        POOL = pool;
    }

    /// @param params ABI-encoded `(bool answer, uint256 missing)`: what to return, and how much of the repayment not to approve
    function executeOperation(address asset, uint256 amount, uint256 premium, address initiator, bytes calldata params)
        external
        returns (bool)
    {
        (bool answer, uint256 missing) = abi.decode(params, (bool, uint256));
        IERC20(asset).approve(address(POOL), amount + premium - missing);
        emit Received(amount, premium, initiator, params);

        return answer;
    }

    function ADDRESSES_PROVIDER() external view returns (IPoolAddressesProvider) {
        return POOL.ADDRESSES_PROVIDER();
    }
}
