// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {FlashBorrower} from "../../contracts/harness/FlashBorrower.sol";
import {IPoolAddressesProvider} from "../../contracts/interfaces/IPoolAddressesProvider.sol";
import {IPoolConfigurator} from "../../contracts/interfaces/IPoolConfigurator.sol";
import {IReserveInterestRateStrategy} from "../../contracts/interfaces/IReserveInterestRateStrategy.sol";
import {AToken} from "../../contracts/lending/AToken.sol";
import {DefaultReserveInterestRateStrategyV2} from "../../contracts/lending/DefaultReserveInterestRateStrategyV2.sol";
import {LendingPool} from "../../contracts/lending/LendingPool.sol";
import {PoolAddressesProvider} from "../../contracts/lending/PoolAddressesProvider.sol";
import {PoolConfigurator} from "../../contracts/lending/PoolConfigurator.sol";
import {VariableDebtToken} from "../../contracts/lending/VariableDebtToken.sol";
import {PostedPriceFeed} from "../../contracts/oracle/PostedPriceFeed.sol";
import {PriceOracle} from "../../contracts/oracle/PriceOracle.sol";
import {MockERC20} from "../../contracts/tokens/MockERC20.sol";
import {PropertyTest} from "./Cheats.sol";

/// @dev A market of USDe, USDC and WETH with a lender, who also covers deficits, and three borrowers near their limits.
abstract contract LendingWorld is PropertyTest {
    // --- Types

    struct Market {
        MockERC20 token;
        AToken aToken;
        VariableDebtToken debtToken;
        PostedPriceFeed feed;
        uint256 unit;
        uint256 startPriceE8;
    }

    // --- Constants

    uint256 internal constant ASSETS = 3;
    uint256 internal constant ACTORS = 4;
    uint256 internal constant USDE = 0;
    uint256 internal constant USDC = 1;
    uint256 internal constant WETH = 2;
    uint256 internal constant LENDER = 0;
    uint8 internal constant STABLE_EMODE = 1;
    address internal constant TREASURY = address(0x7EA5);

    // --- Storage

    LendingPool internal _pool;
    PoolConfigurator internal _configurator;
    FlashBorrower internal _flashBorrower;
    Market[ASSETS] internal _markets;
    address[ACTORS] internal _actors;

    // --- Internals: construction

    function _createWorld() internal {
        PoolAddressesProvider provider = new PoolAddressesProvider("properties", address(this));
        DefaultReserveInterestRateStrategyV2 strategy = new DefaultReserveInterestRateStrategyV2(address(provider));
        _pool = new LendingPool(IPoolAddressesProvider(address(provider)), address(strategy));
        _configurator = new PoolConfigurator(IPoolAddressesProvider(address(provider)));
        _flashBorrower = new FlashBorrower(_pool);
        provider.setPool(address(_pool));
        provider.setPoolConfigurator(address(_configurator));
        _list(USDE, "USDe", 18, 1e8);
        _list(USDC, "USDC", 6, 1e8);
        _list(WETH, "WETH", 18, 4000e8);
        provider.setPriceOracle(_createOracle(provider));

        _configurator.setEModeCategory(STABLE_EMODE, 90_00, 93_00, 102_00, "stable");
        _configurator.setAssetCollateralInEMode(address(_markets[USDE].token), STABLE_EMODE, true);
        _configurator.setAssetBorrowableInEMode(address(_markets[USDC].token), STABLE_EMODE, true);

        for (uint256 a = 0; a < ACTORS; ++a) {
            _actors[a] = address(uint160(0xAC7000 + a));
            for (uint256 k = 0; k < ASSETS; ++k) {
                _endow(_actors[a], _markets[k]);
            }
        }
        provider.setAddress("UMBRELLA", _actors[LENDER]);
        _createPositions();
    }

    function _list(uint256 k, string memory symbol, uint8 decimals, uint256 priceE8) private {
        Market storage market = _markets[k];
        market.token = new MockERC20(symbol, symbol, decimals);
        market.aToken = new AToken(address(_pool), TREASURY, address(market.token), symbol, symbol);
        market.debtToken = new VariableDebtToken(address(_pool), address(market.token), symbol, symbol);
        market.feed = new PostedPriceFeed(symbol, int256(priceE8), address(this));
        market.unit = 10 ** decimals;
        market.startPriceE8 = priceE8;

        IPoolConfigurator.InitReserveInput[] memory input = new IPoolConfigurator.InitReserveInput[](1);
        input[0].underlyingAsset = address(market.token);
        input[0].aToken = address(market.aToken);
        input[0].variableDebtToken = address(market.debtToken);
        input[0].interestRateData = IReserveInterestRateStrategy.InterestRateData(80_00, 2_00, 9_00, 75_00);
        _configurator.initReserves(input);
        _configurator.configureReserveAsCollateral(address(market.token), 80_00, 83_00, 105_00);
        _configurator.setReserveBorrowing(address(market.token), true);
        _configurator.setReserveFactor(address(market.token), 10_00);
        _configurator.setLiquidationProtocolFee(address(market.token), 10_00);
    }

    function _createOracle(PoolAddressesProvider provider) private returns (address) {
        address[] memory assets = new address[](ASSETS);
        address[] memory sources = new address[](ASSETS);
        for (uint256 k = 0; k < ASSETS; ++k) {
            (assets[k], sources[k]) = (address(_markets[k].token), address(_markets[k].feed));
        }
        return address(new PriceOracle(IPoolAddressesProvider(address(provider)), assets, sources));
    }

    function _endow(address actor, Market storage market) private {
        market.token.mint(actor, 1e9 * market.unit);
        CHEATS.prank(actor);
        market.token.approve(address(_pool), type(uint256).max);
        CHEATS.prank(actor);
        _pool.supply(address(market.token), 1_000_000e8 * market.unit / market.startPriceE8, actor, 0);
    }

    /// @dev Each borrower pledges all three assets and owes one of them, near the limit.
    function _createPositions() private {
        for (uint256 a = 1; a < ACTORS; ++a) {
            Market storage owed = _markets[a % ASSETS];
            CHEATS.prank(_actors[a]);
            _pool.borrow(address(owed.token), 2_200_000e8 * owed.unit / owed.startPriceE8, 2, 0, _actors[a]);
        }
    }
}
