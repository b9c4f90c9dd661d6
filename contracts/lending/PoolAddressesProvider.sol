// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {IPoolAddressesProvider} from "../interfaces/IPoolAddressesProvider.sol";

contract PoolAddressesProvider is IPoolAddressesProvider, Ownable {
    // --- Constants

    bytes32 private constant POOL = "POOL";
    bytes32 private constant POOL_CONFIGURATOR = "POOL_CONFIGURATOR";
    bytes32 private constant PRICE_ORACLE = "PRICE_ORACLE";
    bytes32 private constant ACL_MANAGER = "ACL_MANAGER";
    bytes32 private constant ACL_ADMIN = "ACL_ADMIN";
    bytes32 private constant DATA_PROVIDER = "DATA_PROVIDER";

    // --- Storage

    string private _marketId;
    mapping(bytes32 id => address) private _addresses;

    // --- Constructor

    constructor(string memory marketId, address owner) Ownable(owner) {
        _marketId = marketId;
        _addresses[ACL_ADMIN] = owner;
        _addresses[ACL_MANAGER] = owner;
    }

    // --- Actions

    /// @inheritdoc IPoolAddressesProvider
    function setAddress(bytes32 id, address newAddress) external onlyOwner {
        emit AddressSet(id, _set(id, newAddress), newAddress);
    }

    /// @inheritdoc IPoolAddressesProvider
    function setPool(address newPool) external onlyOwner {
        emit PoolUpdated(_set(POOL, newPool), newPool);
    }

    /// @inheritdoc IPoolAddressesProvider
    function setPoolConfigurator(address newPoolConfigurator) external onlyOwner {
        emit PoolConfiguratorUpdated(_set(POOL_CONFIGURATOR, newPoolConfigurator), newPoolConfigurator);
    }

    /// @inheritdoc IPoolAddressesProvider
    function setPriceOracle(address newPriceOracle) external onlyOwner {
        emit PriceOracleUpdated(_set(PRICE_ORACLE, newPriceOracle), newPriceOracle);
    }

    /// @inheritdoc IPoolAddressesProvider
    function setACLManager(address newAclManager) external onlyOwner {
        emit ACLManagerUpdated(_set(ACL_MANAGER, newAclManager), newAclManager);
    }

    /// @inheritdoc IPoolAddressesProvider
    function setACLAdmin(address newAclAdmin) external onlyOwner {
        emit ACLAdminUpdated(_set(ACL_ADMIN, newAclAdmin), newAclAdmin);
    }

    /// @inheritdoc IPoolAddressesProvider
    function setPoolDataProvider(address newDataProvider) external onlyOwner {
        emit PoolDataProviderUpdated(_set(DATA_PROVIDER, newDataProvider), newDataProvider);
    }

    // --- Views

    /// @inheritdoc IPoolAddressesProvider
    function getMarketId() external view returns (string memory) {
        return _marketId;
    }

    /// @inheritdoc IPoolAddressesProvider
    function getAddress(bytes32 id) external view returns (address) {
        return _addresses[id];
    }

    /// @inheritdoc IPoolAddressesProvider
    function getPool() external view returns (address) {
        return _addresses[POOL];
    }

    /// @inheritdoc IPoolAddressesProvider
    function getPoolConfigurator() external view returns (address) {
        return _addresses[POOL_CONFIGURATOR];
    }

    /// @inheritdoc IPoolAddressesProvider
    function getPriceOracle() external view returns (address) {
        return _addresses[PRICE_ORACLE];
    }

    /// @inheritdoc IPoolAddressesProvider
    function getACLManager() external view returns (address) {
        return _addresses[ACL_MANAGER];
    }

    /// @inheritdoc IPoolAddressesProvider
    function getACLAdmin() external view returns (address) {
        return _addresses[ACL_ADMIN];
    }

    /// @inheritdoc IPoolAddressesProvider
    function getPriceOracleSentinel() external pure returns (address) {
        return address(0);
    }

    /// @inheritdoc IPoolAddressesProvider
    function getPoolDataProvider() external view returns (address) {
        return _addresses[DATA_PROVIDER];
    }

    // --- Internals

    function _set(bytes32 id, address newAddress) private returns (address oldAddress) {
        oldAddress = _addresses[id];
        _addresses[id] = newAddress;
    }
}
