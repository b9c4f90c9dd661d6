// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {LendingLens} from "./LendingLens.sol";
import {MarketLens} from "./MarketLens.sol";

contract Lens is LendingLens, MarketLens {}
