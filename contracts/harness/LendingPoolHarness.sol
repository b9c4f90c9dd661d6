// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IPoolAddressesProvider} from "../interfaces/IPoolAddressesProvider.sol";
import {LendingPool} from "../lending/LendingPool.sol";
import {Reserve} from "../lending/PoolState.sol";

/// @title Lending pool whose state can be written
/// @notice For tests only: loads a stored state into the pool, and acts as the pool towards its tokens.
contract LendingPoolHarness is LendingPool {
    /// @notice A call that the pool makes.
    struct Call {
        address target;
        bytes data;
    }

    constructor(IPoolAddressesProvider provider, address interestRateStrategy) LendingPool(provider, interestRateStrategy) {}

    /// @notice Replaces the whole reserve, as stored.
    function setReserve(address asset, Reserve calldata reserve) external {
        _state.reserves[asset] = reserve;
    }

    /// @param configuration Two bits a reserve, as in `DataTypes.UserConfigurationMap`
    /// @param eMode 0 for none
    function setUser(address user, uint256 configuration, uint8 eMode) external {
        _state.userConfiguration[user] = configuration;
        _state.userEMode[user] = eMode;
    }

    /// @notice Makes calls as the pool, in order; the first that fails fails all.
    function execute(Call[] calldata calls) external {
        for (uint256 i = 0; i < calls.length; ++i) {
            (bool success, bytes memory reason) = calls[i].target.call(calls[i].data);
            if (!success) {
                assembly {
                    revert(add(reason, 32), mload(reason))
                }
            }
        }
    }
}
