// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title IEthenaMinting
/// @notice Mints USDe for collateral and redeems it, within limits a block that one gatekeeper can set to zero.
/// Two ways in. Signed orders: a benefactor signs collateral against USDe, a minter or redeemer sends the order; the fee is in
/// the two amounts. Direct: a whitelisted benefactor calls, one asset, at par less a fee. Both share counters, limits and buffer.
/// Names and shapes are EthenaMinting's first version, with the two-step delegation and the whitelist of its second.
/// Simplification vs EthenaMinting: no native ether, no contract signatures (EIP-1271), no approved beneficiaries, one limit for
/// all assets, a plain admin role; the direct way is this project's, and stands for orders that a market maker quotes at par.
interface IEthenaMinting {
    enum OrderType {
        MINT,
        REDEEM
    }

    enum SignatureType {
        EIP712
    }

    enum DelegatedSignerStatus {
        REJECTED,
        PENDING,
        ACCEPTED
    }

    struct Signature {
        SignatureType signature_type;
        bytes signature_bytes;
    }

    /// @notice Custodians and their shares of the collateral in bps, 10,000 together.
    struct Route {
        address[] addresses;
        uint256[] ratios;
    }

    /// @notice What a benefactor signs. `expiry` is the last second (Unix) at which it holds, `nonce` is not zero and used once;
    /// `collateral_amount` is in the asset's units, `usde_amount` has 18 decimals.
    struct Order {
        OrderType order_type;
        uint256 expiry;
        uint256 nonce;
        address benefactor;
        address beneficiary;
        address collateral_asset;
        uint256 collateral_amount;
        uint256 usde_amount;
    }

    /// @notice USDe was minted.
    /// @param minter Who sent the order; the benefactor where he called directly.
    /// @param benefactor Who paid the collateral.
    /// @param beneficiary Who got the USDe.
    /// @param collateral_amount Collateral paid, in its units.
    /// @param usde_amount USDe minted, 18 decimals.
    event Mint(
        address minter,
        address benefactor,
        address beneficiary,
        address indexed collateral_asset,
        uint256 indexed collateral_amount,
        uint256 indexed usde_amount
    );

    /// @notice USDe was redeemed.
    /// @param redeemer Who sent the order; the benefactor where he called directly.
    /// @param benefactor Whose USDe was burnt.
    /// @param beneficiary Who got the collateral.
    /// @param collateral_amount Collateral paid out, in its units.
    /// @param usde_amount USDe burnt, 18 decimals.
    event Redeem(
        address redeemer,
        address benefactor,
        address beneficiary,
        address indexed collateral_asset,
        uint256 indexed collateral_amount,
        uint256 indexed usde_amount
    );

    event MaxMintPerBlockChanged(uint256 indexed oldMaxMintPerBlock, uint256 indexed newMaxMintPerBlock);
    event MaxRedeemPerBlockChanged(uint256 indexed oldMaxRedeemPerBlock, uint256 indexed newMaxRedeemPerBlock);
    event AssetAdded(address indexed asset);
    event AssetRemoved(address indexed asset);
    event CustodianAddressAdded(address indexed custodian);
    event CustodianAddressRemoved(address indexed custodian);
    event BenefactorAdded(address indexed benefactor);
    event BenefactorRemoved(address indexed benefactor);
    event DelegatedSignerInitiated(address indexed signer, address indexed delegator);
    event DelegatedSignerAdded(address indexed signer, address indexed delegator);
    event DelegatedSignerRemoved(address indexed signer, address indexed delegator);

    /// @notice Collateral went to a custodian.
    /// @param amount In the asset's units.
    event CustodyTransfer(address indexed wallet, address indexed asset, uint256 amount);

    /// @notice The direct way's fees changed.
    event FeesChanged(uint256 mintFeeBps, uint256 redeemFeeBps);

    error BenefactorNotWhitelisted();
    error DelegationNotInitiated();
    error InvalidAddress();
    error InvalidAmount();
    error InvalidAssetAddress();
    error InvalidCustodianAddress();
    error InvalidNonce();
    error InvalidOrder();
    error InvalidRoute();
    error InvalidSignature();

    /// @notice An order in the direct way's asset is better for the benefactor than the direct way.
    error InvalidStablePrice();

    error MaxMintPerBlockExceeded();
    error MaxRedeemPerBlockExceeded();
    error SignatureExpired();
    error UnsupportedAsset();

    /// @notice A fee of 100 % or more.
    error InvalidFee(uint256 feeBps);

    /// @notice The contract holds less collateral than a redemption has to pay.
    /// @param requested Collateral asked for, in its units.
    /// @param available Collateral here, in its units.
    error InsufficientBuffer(uint256 requested, uint256 available);

    // --- Actions: signed orders

    /// @notice Mint by a signed order; the collateral goes to the route's custodians. Only a minter.
    function mint(Order calldata order, Route calldata route, Signature calldata signature) external;

    /// @notice Redeem by a signed order, out of the buffer; the benefactor approved his USDe. Only a redeemer.
    function redeem(Order calldata order, Signature calldata signature) external;

    /// @notice Name an account that may sign the caller's orders, once it has confirmed.
    function setDelegatedSigner(address delegateTo) external;

    /// @notice Accept to sign for an account that asked for it.
    function confirmDelegatedSigner(address delegatedBy) external;

    function removeDelegatedSigner(address removedSigner) external;

    // --- Actions: direct

    /// @notice Pay collateral into the buffer, mint USDe at par less the fee. Only a whitelisted benefactor.
    /// @param collateralAmount Collateral to pay, in its units; the caller has approved it.
    /// @param beneficiary Account that gets the USDe.
    /// @return usdeAmount USDe minted, 18 decimals, rounded down.
    function mint(uint256 collateralAmount, address beneficiary) external returns (uint256 usdeAmount);

    /// @notice Burn USDe, get collateral out of the buffer at par less the fee. Only a whitelisted benefactor.
    /// @param usdeAmount USDe to burn, 18 decimals; the caller has approved it.
    /// @param beneficiary Account that gets the collateral.
    /// @return collateralAmount Collateral paid out, in its units, rounded down.
    function redeem(uint256 usdeAmount, address beneficiary) external returns (uint256 collateralAmount);

    // --- Actions: roles

    /// @notice Send collateral of the buffer to a custodian; only a minter.
    /// @param amount In the asset's units.
    function transferToCustody(address wallet, address asset, uint256 amount) external;

    /// @notice Set both limits to zero; only a gatekeeper.
    function disableMintRedeem() external;

    /// @notice Only a gatekeeper.
    function removeMinterRole(address minter) external;

    /// @notice Only a gatekeeper.
    function removeRedeemerRole(address redeemer) external;

    /// @param maxMintPerBlock_ USDe a block, 18 decimals; the largest number means no limit. Only the admin.
    function setMaxMintPerBlock(uint256 maxMintPerBlock_) external;

    /// @param maxRedeemPerBlock_ USDe a block, 18 decimals; the largest number means no limit. Only the admin.
    function setMaxRedeemPerBlock(uint256 maxRedeemPerBlock_) external;

    /// @notice Fees of the direct way, which stay in the buffer; only the admin.
    function setFees(uint256 mintFeeBps_, uint256 redeemFeeBps_) external;

    function addSupportedAsset(address asset) external;

    function removeSupportedAsset(address asset) external;

    function addCustodianAddress(address custodian) external;

    function removeCustodianAddress(address custodian) external;

    function addWhitelistedBenefactor(address benefactor) external;

    function removeWhitelistedBenefactor(address benefactor) external;

    /// @notice Many at once; those who already are what they shall be are passed over. Only the admin.
    function setWhitelistedBenefactors(address[] calldata benefactors, bool whitelisted) external;

    // --- Views

    /// @return EIP-712 digest that the benefactor or his delegate signs
    function hashOrder(Order calldata order) external view returns (bytes32);

    /// @notice Reverts unless signer, amounts and expiry are good.
    function verifyOrder(Order calldata order, Signature calldata signature)
        external
        view
        returns (bool valid, bytes32 orderHash);

    /// @return Whether every address is a custodian, every ratio positive, and their sum 10,000; redemptions need no route
    function verifyRoute(Route calldata route, OrderType orderType) external view returns (bool);

    /// @notice Reverts when the nonce is zero or used.
    /// @return valid True
    /// @return slot Which word of the account's bitmap holds the nonce
    /// @return word The word as it is
    /// @return bit The nonce's bit in it
    function verifyNonce(address account, uint256 nonce)
        external
        view
        returns (bool valid, uint256 slot, uint256 word, uint256 bit);

    /// @return USDe that the direct way mints for so much collateral, 18 decimals, rounded down
    function previewMint(uint256 collateralAmount) external view returns (uint256);

    /// @return Collateral that the direct way pays for so much USDe, in its units, rounded down
    function previewRedeem(uint256 usdeAmount) external view returns (uint256);

    /// @notice The most that `redeem` takes now: the smaller of what is left of this block's limit and what the buffer pays for.
    /// A call on a mined block sees what that block left; the next block begins with the whole limit.
    /// @return USDe, 18 decimals
    function availableToRedeem() external view returns (uint256);

    /// @return The most USDe for which the buffer's collateral suffices, whatever the limit, 18 decimals
    function redeemableFromBuffer() external view returns (uint256);

    /// @return USDe minted in that block, 18 decimals
    function mintedPerBlock(uint256 blockNumber) external view returns (uint256);

    /// @return USDe redeemed in that block, 18 decimals
    function redeemedPerBlock(uint256 blockNumber) external view returns (uint256);

    function maxMintPerBlock() external view returns (uint256);

    function maxRedeemPerBlock() external view returns (uint256);

    function mintFeeBps() external view returns (uint256);

    function redeemFeeBps() external view returns (uint256);

    function isSupportedAsset(address asset) external view returns (bool);

    function isCustodianAddress(address custodian) external view returns (bool);

    function isWhitelistedBenefactor(address benefactor) external view returns (bool);

    function delegatedSigner(address signer, address delegator) external view returns (DelegatedSignerStatus);

    /// @return The token that is minted
    function usde() external view returns (address);

    /// @return The token of the direct way and of the buffer
    function collateralAsset() external view returns (address);
}
