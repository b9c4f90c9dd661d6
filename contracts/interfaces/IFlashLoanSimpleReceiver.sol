// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IPool} from "./IPool.sol";
import {IPoolAddressesProvider} from "./IPoolAddressesProvider.sol";

/// @title Borrower of a simple flash loan
interface IFlashLoanSimpleReceiver {
    /// @notice Called by the pool after it paid `amount`; before returning, approve amount + premium to the pool.
    /// @param amount Units of the asset lent
    /// @param premium Fee, units of the asset
    /// @param initiator Who called `flashLoanSimple`
    /// @param params As given to `flashLoanSimple`
    /// @return True, or the pool reverts
    function executeOperation(address asset, uint256 amount, uint256 premium, address initiator, bytes calldata params)
        external
        returns (bool);

    function ADDRESSES_PROVIDER() external view returns (IPoolAddressesProvider);

    function POOL() external view returns (IPool);
}
