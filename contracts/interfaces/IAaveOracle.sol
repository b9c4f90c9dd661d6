// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Prices for the pool
/// @notice Aave V3's ABI. Prices are USD with 8 decimals.
/// Simplification vs Aave V3.6: no fallback oracle. Where the real one, with none set, calls address zero and reverts without data,
/// this one reverts with `PriceNotAvailable`.
interface IAaveOracle {
    // --- Errors

    error CallerNotAssetListingOrPoolAdmin();
    error InconsistentParamsLength();

    /// @param source The asset's feed, zero when it has none
    /// @param answer What the feed answered, 8 decimals; zero and below are refused
    error PriceNotAvailable(address asset, address source, int256 answer);

    // --- Events

    event BaseCurrencySet(address indexed baseCurrency, uint256 baseCurrencyUnit);
    event AssetSourceUpdated(address indexed asset, address indexed source);

    // --- Actions

    /// @notice Sets the feeds of assets. Only the provider's ACL admin may call.
    /// @param sources Contracts with `latestAnswer`, 8 decimals
    function setAssetSources(address[] calldata assets, address[] calldata sources) external;

    // --- Views

    /// @return Zero: USD
    function BASE_CURRENCY() external view returns (address);

    /// @return 1e8
    function BASE_CURRENCY_UNIT() external view returns (uint256);

    /// @return USD, 8 decimals
    function getAssetPrice(address asset) external view returns (uint256);

    /// @return USD, 8 decimals, in the order of `assets`
    function getAssetsPrices(address[] calldata assets) external view returns (uint256[] memory);

    function getSourceOfAsset(address asset) external view returns (address);

    /// @return Zero: there is none
    function getFallbackOracle() external view returns (address);
}
