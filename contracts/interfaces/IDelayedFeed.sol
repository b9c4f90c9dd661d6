// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IPokedFeed} from "./IDerivedFeed.sol";

/// @title A feed that answers late
/// @notice The last observation made `delayBlocks` blocks ago or earlier; the first one while all are younger. Answers of zero and
/// below are remembered as they are; what int128 cannot hold, as its nearest limit.
/// `latestTimestamp` is the time of the observation that is answered.
interface IDelayedFeed is IPokedFeed {
    /// @return Delay in blocks; with 0 the last observation is answered.
    function delayBlocks() external view returns (uint256);
}
