// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Registry of the protocol's addresses
/// @notice Aave V3's ABI. Simplification vs Aave V3.6: no proxies, a setter only records an address.
interface IPoolAddressesProvider {
    // --- Events

    event PoolUpdated(address indexed oldAddress, address indexed newAddress);
    event PoolConfiguratorUpdated(address indexed oldAddress, address indexed newAddress);
    event PriceOracleUpdated(address indexed oldAddress, address indexed newAddress);
    event ACLManagerUpdated(address indexed oldAddress, address indexed newAddress);
    event ACLAdminUpdated(address indexed oldAddress, address indexed newAddress);
    event PoolDataProviderUpdated(address indexed oldAddress, address indexed newAddress);
    event AddressSet(bytes32 indexed id, address indexed oldAddress, address indexed newAddress);

    // --- Views

    function getMarketId() external view returns (string memory);

    /// @param id Name of the role, e.g. bytes32("UMBRELLA") or bytes32("POOL")
    function getAddress(bytes32 id) external view returns (address);

    function getPool() external view returns (address);

    function getPoolConfigurator() external view returns (address);

    function getPriceOracle() external view returns (address);

    /// @notice Simplification vs Aave V3.6: roles are not modelled; this is whatever was recorded, the admin by default.
    function getACLManager() external view returns (address);

    /// @notice Who may configure the pool.
    function getACLAdmin() external view returns (address);

    /// @notice Simplification vs Aave V3.6: there is no sentinel, always zero.
    function getPriceOracleSentinel() external view returns (address);

    function getPoolDataProvider() external view returns (address);

    // --- Configuration, for the owner only

    function setAddress(bytes32 id, address newAddress) external;

    function setPool(address newPool) external;

    function setPoolConfigurator(address newPoolConfigurator) external;

    function setPriceOracle(address newPriceOracle) external;

    function setACLManager(address newAclManager) external;

    function setACLAdmin(address newAclAdmin) external;

    function setPoolDataProvider(address newDataProvider) external;
}
