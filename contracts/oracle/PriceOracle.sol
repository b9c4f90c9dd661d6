// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AggregatorV3Interface} from "../interfaces/AggregatorV3Interface.sol";
import {IAaveOracle} from "../interfaces/IAaveOracle.sol";
import {IPoolAddressesProvider} from "../interfaces/IPoolAddressesProvider.sol";

contract PriceOracle is IAaveOracle {
    // --- Constants

    address public constant BASE_CURRENCY = address(0);
    uint256 public constant BASE_CURRENCY_UNIT = 1e8;

    // --- Immutables

    IPoolAddressesProvider public immutable ADDRESSES_PROVIDER;

    // --- Storage

    mapping(address asset => address) private _sources;

    // --- Constructor

    constructor(IPoolAddressesProvider provider, address[] memory assets, address[] memory sources) {
        ADDRESSES_PROVIDER = provider;
        emit BaseCurrencySet(BASE_CURRENCY, BASE_CURRENCY_UNIT);
        _setAssetSources(assets, sources);
    }

    // --- Actions

    /// @inheritdoc IAaveOracle
    function setAssetSources(address[] calldata assets, address[] calldata sources) external {
        require(msg.sender == ADDRESSES_PROVIDER.getACLAdmin(), CallerNotAssetListingOrPoolAdmin());
        _setAssetSources(assets, sources);
    }

    // --- Views

    /// @inheritdoc IAaveOracle
    function getAssetPrice(address asset) public view returns (uint256) {
        if (asset == BASE_CURRENCY) return BASE_CURRENCY_UNIT;

        address source = _sources[asset];
        int256 answer = source == address(0) ? int256(0) : AggregatorV3Interface(source).latestAnswer();
        require(answer > 0, PriceNotAvailable(asset, source, answer));

        return uint256(answer);
    }

    /// @inheritdoc IAaveOracle
    function getAssetsPrices(address[] calldata assets) external view returns (uint256[] memory prices) {
        prices = new uint256[](assets.length);
        for (uint256 i = 0; i < assets.length; ++i) {
            prices[i] = getAssetPrice(assets[i]);
        }
    }

    /// @inheritdoc IAaveOracle
    function getSourceOfAsset(address asset) external view returns (address) {
        return _sources[asset];
    }

    /// @inheritdoc IAaveOracle
    function getFallbackOracle() external pure returns (address) {
        return address(0);
    }

    // --- Internals

    function _setAssetSources(address[] memory assets, address[] memory sources) private {
        require(assets.length == sources.length, InconsistentParamsLength());
        for (uint256 i = 0; i < assets.length; ++i) {
            _sources[assets[i]] = sources[i];
            emit AssetSourceUpdated(assets[i], sources[i]);
        }
    }
}
