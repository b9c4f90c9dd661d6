// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AggregatorV3Interface} from "./AggregatorV3Interface.sol";

/// @title A price feed that computes its answer from other contracts
/// @notice 8 decimals, and so are the feeds it reads. What it answers now is its only round, number 1: it keeps no history of its
/// own, so `AnswerUpdated` never comes from it, and a reader of past answers asks a node about past blocks.
/// An answer of zero or below means that there is no price. Refusing it is the consumer's job, as with Chainlink.
interface IDerivedFeed is AggregatorV3Interface {
    /// @notice There is no such round.
    error NoDataPresent(uint80 roundId);

    /// @notice A feed to read does not have 8 decimals.
    error UnsupportedDecimals(address feed, uint8 decimals);
}

/// @title A derived feed with one source
interface ISingleSourceFeed is IDerivedFeed {
    /// @return The feed that it reads.
    function source() external view returns (AggregatorV3Interface);
}

/// @title A derived feed that remembers what it read
/// @notice Somebody has to call `poke`, at best once in every block. Until the first call it answers 0.
interface IPokedFeed is ISingleSourceFeed {
    /// @notice The source was read and its answer remembered.
    /// @param answer As remembered, 8 decimals.
    /// @param timestamp Unix time.
    event Observed(int256 answer, uint256 timestamp);

    /// @notice Read the source and remember its answer. Anyone may call. Only the first call in a block counts: a later one would
    /// let a trade that came earlier in the same block replace the price that the block began with, and be undone afterwards.
    /// Who calls first after his own trade is not kept out, he only has to come before everybody else.
    function poke() external;
}
