// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {EMode, PoolState, Reserve} from "../lending/PoolState.sol";

/// @title Writer of a lending pool's storage
/// @notice For tests only: its code takes the place of a deployed pool's while a stored state is loaded, has the same storage, and
/// acts as the pool towards its tokens. The pool itself is then tested as it is, and may be as large as a contract can be.
contract PoolStateWriter {
    /// @notice A call that the pool makes.
    struct Call {
        address target;
        bytes data;
    }

    // --- Storage

    /// @dev The first variable, as in the pool.
    PoolState private _state;

    // --- Actions

    /// @notice Replaces the whole reserve, as stored.
    function setReserve(address asset, Reserve calldata reserve) external {
        _state.reserves[asset] = reserve;
    }

    /// @notice Replaces an eMode, as stored.
    function setEMode(uint8 id, EMode calldata eMode) external {
        _state.eModes[id] = eMode;
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
