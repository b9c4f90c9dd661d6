// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {IEthenaMinting} from "../interfaces/IEthenaMinting.sol";
import {BPS} from "../lending/MulDiv.sol";

/// @dev Who may mint and redeem, how much a block, at which fee, in what, and where collateral may go.
abstract contract MintingAdministration is IEthenaMinting, AccessControl {
    // --- Constants

    bytes32 public constant MINTER_ROLE = keccak256("MINTER_ROLE");
    bytes32 public constant REDEEMER_ROLE = keccak256("REDEEMER_ROLE");
    bytes32 public constant GATEKEEPER_ROLE = keccak256("GATEKEEPER_ROLE");

    // --- Immutables

    address public immutable usde;

    // --- Storage

    uint256 public maxMintPerBlock;
    uint256 public maxRedeemPerBlock;
    uint256 public mintFeeBps;
    uint256 public redeemFeeBps;
    mapping(address asset => bool) public isSupportedAsset;
    mapping(address custodian => bool) public isCustodianAddress;
    mapping(address benefactor => bool) public isWhitelistedBenefactor;
    mapping(address signer => mapping(address delegator => DelegatedSignerStatus)) public delegatedSigner;

    // --- Constructor

    constructor(
        address usde_,
        address[] memory custodians,
        address admin,
        uint256 maxMintPerBlock_,
        uint256 maxRedeemPerBlock_
    ) {
        usde = usde_;
        for (uint256 i = 0; i < custodians.length; ++i) {
            _addCustodianAddress(custodians[i]);
        }
        _setMaxMintPerBlock(maxMintPerBlock_);
        _setMaxRedeemPerBlock(maxRedeemPerBlock_);
        _grantRole(DEFAULT_ADMIN_ROLE, admin);
    }

    // --- Actions: roles

    /// @inheritdoc IEthenaMinting
    function disableMintRedeem() external onlyRole(GATEKEEPER_ROLE) {
        _setMaxMintPerBlock(0);
        _setMaxRedeemPerBlock(0);
    }

    /// @inheritdoc IEthenaMinting
    function removeMinterRole(address minter) external onlyRole(GATEKEEPER_ROLE) {
        _revokeRole(MINTER_ROLE, minter);
    }

    /// @inheritdoc IEthenaMinting
    function removeRedeemerRole(address redeemer) external onlyRole(GATEKEEPER_ROLE) {
        _revokeRole(REDEEMER_ROLE, redeemer);
    }

    /// @inheritdoc IEthenaMinting
    function setMaxMintPerBlock(uint256 maxMintPerBlock_) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _setMaxMintPerBlock(maxMintPerBlock_);
    }

    /// @inheritdoc IEthenaMinting
    function setMaxRedeemPerBlock(uint256 maxRedeemPerBlock_) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _setMaxRedeemPerBlock(maxRedeemPerBlock_);
    }

    /// @inheritdoc IEthenaMinting
    function setFees(uint256 mintFeeBps_, uint256 redeemFeeBps_) external onlyRole(DEFAULT_ADMIN_ROLE) {
        require(mintFeeBps_ < BPS, InvalidFee(mintFeeBps_));
        require(redeemFeeBps_ < BPS, InvalidFee(redeemFeeBps_));
        (mintFeeBps, redeemFeeBps) = (mintFeeBps_, redeemFeeBps_);
        emit FeesChanged(mintFeeBps_, redeemFeeBps_);
    }

    /// @inheritdoc IEthenaMinting
    function addSupportedAsset(address asset) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _addSupportedAsset(asset);
    }

    /// @inheritdoc IEthenaMinting
    function removeSupportedAsset(address asset) external onlyRole(DEFAULT_ADMIN_ROLE) {
        require(isSupportedAsset[asset], InvalidAssetAddress());
        isSupportedAsset[asset] = false;
        emit AssetRemoved(asset);
    }

    /// @inheritdoc IEthenaMinting
    function addCustodianAddress(address custodian) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _addCustodianAddress(custodian);
    }

    /// @inheritdoc IEthenaMinting
    function removeCustodianAddress(address custodian) external onlyRole(DEFAULT_ADMIN_ROLE) {
        require(isCustodianAddress[custodian], InvalidCustodianAddress());
        isCustodianAddress[custodian] = false;
        emit CustodianAddressRemoved(custodian);
    }

    /// @inheritdoc IEthenaMinting
    function addWhitelistedBenefactor(address benefactor) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _setWhitelisted(benefactor, true);
    }

    /// @inheritdoc IEthenaMinting
    function removeWhitelistedBenefactor(address benefactor) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _setWhitelisted(benefactor, false);
    }

    /// @inheritdoc IEthenaMinting
    function setWhitelistedBenefactors(address[] calldata benefactors, bool whitelisted)
        external
        onlyRole(DEFAULT_ADMIN_ROLE)
    {
        for (uint256 i = 0; i < benefactors.length; ++i) {
            _setWhitelisted(benefactors[i], whitelisted);
        }
    }

    // --- Actions: delegates

    /// @inheritdoc IEthenaMinting
    function setDelegatedSigner(address delegateTo) external {
        delegatedSigner[delegateTo][msg.sender] = DelegatedSignerStatus.PENDING;
        emit DelegatedSignerInitiated(delegateTo, msg.sender);
    }

    /// @inheritdoc IEthenaMinting
    function confirmDelegatedSigner(address delegatedBy) external {
        require(delegatedSigner[msg.sender][delegatedBy] == DelegatedSignerStatus.PENDING, DelegationNotInitiated());
        delegatedSigner[msg.sender][delegatedBy] = DelegatedSignerStatus.ACCEPTED;
        emit DelegatedSignerAdded(msg.sender, delegatedBy);
    }

    /// @inheritdoc IEthenaMinting
    function removeDelegatedSigner(address removedSigner) external {
        delegatedSigner[removedSigner][msg.sender] = DelegatedSignerStatus.REJECTED;
        emit DelegatedSignerRemoved(removedSigner, msg.sender);
    }

    // --- Internals

    function _setMaxMintPerBlock(uint256 limit) private {
        emit MaxMintPerBlockChanged(maxMintPerBlock, limit);
        maxMintPerBlock = limit;
    }

    function _setMaxRedeemPerBlock(uint256 limit) private {
        emit MaxRedeemPerBlockChanged(maxRedeemPerBlock, limit);
        maxRedeemPerBlock = limit;
    }

    function _addSupportedAsset(address asset) internal {
        require(asset != address(0) && asset != usde && !isSupportedAsset[asset], InvalidAssetAddress());
        isSupportedAsset[asset] = true;
        emit AssetAdded(asset);
    }

    function _addCustodianAddress(address custodian) private {
        require(custodian != address(0) && custodian != usde && !isCustodianAddress[custodian], InvalidCustodianAddress());
        isCustodianAddress[custodian] = true;
        emit CustodianAddressAdded(custodian);
    }

    function _setWhitelisted(address benefactor, bool whitelisted) private {
        if (isWhitelistedBenefactor[benefactor] == whitelisted) return;
        isWhitelistedBenefactor[benefactor] = whitelisted;
        if (whitelisted) emit BenefactorAdded(benefactor);
        else emit BenefactorRemoved(benefactor);
    }
}
