// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AggregatorV3Interface} from "./AggregatorV3Interface.sol";

/// @title A price feed whose answers one address posts
/// @notice 8 decimals. Any answer is accepted, zero and negative included: refusing them is the consumer's job, as with Chainlink.
interface IPostedPriceFeed is AggregatorV3Interface {
    error CallerNotPoster(address caller);
    error NoDataPresent(uint80 roundId);

    /// @param answer Beyond int192, which is what a round stores
    error AnswerOutOfRange(int256 answer);

    event PosterChanged(address indexed oldPoster, address indexed newPoster);

    /// @param answer 8 decimals
    function post(int256 answer) external;

    function setPoster(address newPoster) external;

    /// @return Who may post
    function poster() external view returns (address);
}
