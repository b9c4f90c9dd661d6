// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {EthenaMinting} from "../../contracts/ethena/EthenaMinting.sol";
import {HedgedReserve} from "../../contracts/ethena/HedgedReserve.sol";
import {StakedUSDe} from "../../contracts/ethena/StakedUSDe.sol";
import {USDe} from "../../contracts/ethena/USDe.sol";
import {PostedPriceFeed} from "../../contracts/oracle/PostedPriceFeed.sol";
import {MockERC20} from "../../contracts/tokens/MockERC20.sol";
import {PropertyTest} from "./Cheats.sol";

/// @dev USDe with its minting, reserve and vault, all administered by this contract, and three benefactors who stake. A first
/// stake never leaves: rewards that vest while nobody holds a share would make every later share unaffordable.
abstract contract EthenaWorld is PropertyTest {
    // --- Constants

    uint256 internal constant ACTORS = 3;
    uint256 internal constant USDE_PER_UNIT = 1e12;
    uint256 internal constant START_PRICE_E8 = 4000e8;
    uint256 internal constant MOST_USDC = 1e15;
    uint256 internal constant FIRST_STAKE = 1000e6;
    address internal constant MARKET = address(0x3A2CE7);
    address internal constant FIRST_STAKER = address(0xF125);

    // --- Storage

    USDe internal _usde;
    MockERC20 internal _usdc;
    MockERC20 internal _weth;
    PostedPriceFeed internal _feed;
    EthenaMinting internal _minting;
    StakedUSDe internal _vault;
    HedgedReserve internal _reserve;
    uint256[ACTORS] internal _keys;
    address[ACTORS] internal _actors;

    // --- Internals

    function _createWorld() internal {
        _usde = new USDe(address(this));
        (_usdc, _weth) = (new MockERC20("USDC", "USDC", 6), new MockERC20("WETH", "WETH", 18));
        _feed = new PostedPriceFeed("ETH / USD", int256(START_PRICE_E8), address(this));
        uint256 noLimit = type(uint256).max;
        _minting = new EthenaMinting(address(_usde), address(_usdc), new address[](0), address(this), noLimit, noLimit);
        _vault = new StakedUSDe(_usde, address(this), address(this));
        _reserve = new HedgedReserve(_minting, _vault, _weth, _feed, MARKET, address(this));

        _usde.setMinter(address(_minting));
        _minting.grantRole(_minting.MINTER_ROLE(), address(this));
        _minting.grantRole(_minting.REDEEMER_ROLE(), address(this));
        _minting.grantRole(_minting.GATEKEEPER_ROLE(), address(this));
        _minting.addSupportedAsset(address(_weth));
        _minting.addCustodianAddress(address(_reserve));
        _minting.addWhitelistedBenefactor(address(_reserve));
        _vault.grantRole(_vault.REWARDER_ROLE(), address(_reserve));
        _endow(MARKET, address(_reserve));
        _stakeForGood();
        for (uint256 k = 0; k < ACTORS; ++k) {
            _keys[k] = uint256(keccak256(abi.encode("benefactor", k)));
            _actors[k] = CHEATS.addr(_keys[k]);
            _minting.addWhitelistedBenefactor(_actors[k]);
            _endow(_actors[k], address(_minting));
            _approve(_usde, _actors[k], address(_minting));
            _approve(_usde, _actors[k], address(_vault));
        }
    }

    function _stakeForGood() private {
        _minting.addWhitelistedBenefactor(FIRST_STAKER);
        _endow(FIRST_STAKER, address(_minting));
        _approve(_usde, FIRST_STAKER, address(_vault));
        CHEATS.prank(FIRST_STAKER);
        uint256 minted = _minting.mint(FIRST_STAKE, FIRST_STAKER);
        CHEATS.prank(FIRST_STAKER);
        _vault.deposit(minted, FIRST_STAKER);
    }

    function _endow(address account, address spender) private {
        _usdc.mint(account, 1e18);
        _weth.mint(account, 1e30);
        _approve(_usdc, account, spender);
        _approve(IERC20(address(_weth)), account, spender);
    }

    function _approve(IERC20 token, address account, address spender) private {
        CHEATS.prank(account);
        token.approve(spender, type(uint256).max);
    }
}
