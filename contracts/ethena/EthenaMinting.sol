// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {IEthenaMinting} from "../interfaces/IEthenaMinting.sol";
import {IUSDe} from "../interfaces/IUSDe.sol";
import {BPS, MulDiv} from "../lending/MulDiv.sol";
import {MintingAdministration} from "./MintingAdministration.sol";

contract EthenaMinting is MintingAdministration, EIP712 {
    using MulDiv for uint256;
    using SafeERC20 for IERC20;

    // --- Constants

    bytes32 private constant _ORDER_TYPEHASH = keccak256(
        "Order(uint8 order_type,uint256 expiry,uint256 nonce,address benefactor,address beneficiary,address collateral_asset,uint256 collateral_amount,uint256 usde_amount)"
    );

    // --- Immutables

    address public immutable collateralAsset;
    uint256 private immutable _usdePerCollateralUnit;

    // --- Storage

    mapping(uint256 blockNumber => uint256) public mintedPerBlock;
    mapping(uint256 blockNumber => uint256) public redeemedPerBlock;
    mapping(address account => mapping(uint256 slot => uint256)) private _usedNonces;

    // --- Constructor

    constructor(
        address usde_,
        address collateralAsset_,
        address[] memory custodians,
        address admin,
        uint256 maxMintPerBlock_,
        uint256 maxRedeemPerBlock_
    ) MintingAdministration(usde_, custodians, admin, maxMintPerBlock_, maxRedeemPerBlock_) EIP712("EthenaMinting", "1") {
        collateralAsset = collateralAsset_;
        _usdePerCollateralUnit = 10 ** (18 - IERC20Metadata(collateralAsset_).decimals());
        _addSupportedAsset(collateralAsset_);
    }

    // --- Actions: signed orders

    /// @inheritdoc IEthenaMinting
    function mint(Order calldata order, Route calldata route, Signature calldata signature) external onlyRole(MINTER_ROLE) {
        require(order.order_type == OrderType.MINT, InvalidOrder());
        verifyOrder(order, signature);
        require(verifyRoute(route, order.order_type), InvalidRoute());
        require(isSupportedAsset[order.collateral_asset], UnsupportedAsset());
        if (order.collateral_asset == collateralAsset) {
            require(order.usde_amount <= previewMint(order.collateral_amount), InvalidStablePrice());
        }

        _useNonce(order.benefactor, order.nonce);
        _countMinted(order.usde_amount);

        emit Mint(
            msg.sender,
            order.benefactor,
            order.beneficiary,
            order.collateral_asset,
            order.collateral_amount,
            order.usde_amount
        );
        _payCustodians(order, route);
        IUSDe(usde).mint(order.beneficiary, order.usde_amount);
    }

    /// @inheritdoc IEthenaMinting
    function redeem(Order calldata order, Signature calldata signature) external onlyRole(REDEEMER_ROLE) {
        require(order.order_type == OrderType.REDEEM, InvalidOrder());
        verifyOrder(order, signature);
        require(isSupportedAsset[order.collateral_asset], UnsupportedAsset());
        if (order.collateral_asset == collateralAsset) {
            require(order.collateral_amount <= previewRedeem(order.usde_amount), InvalidStablePrice());
        }

        _useNonce(order.benefactor, order.nonce);
        _countRedeemed(order.usde_amount);

        emit Redeem(
            msg.sender,
            order.benefactor,
            order.beneficiary,
            order.collateral_asset,
            order.collateral_amount,
            order.usde_amount
        );
        IUSDe(usde).burnFrom(order.benefactor, order.usde_amount);
        _payFromBuffer(order.beneficiary, order.collateral_asset, order.collateral_amount);
    }

    // --- Actions: direct

    /// @inheritdoc IEthenaMinting
    function mint(uint256 collateralAmount, address beneficiary) external returns (uint256 usdeAmount) {
        require(isWhitelistedBenefactor[msg.sender], BenefactorNotWhitelisted());

        usdeAmount = previewMint(collateralAmount);
        require(usdeAmount != 0, InvalidAmount());
        _countMinted(usdeAmount);

        emit Mint(msg.sender, msg.sender, beneficiary, collateralAsset, collateralAmount, usdeAmount);
        IERC20(collateralAsset).safeTransferFrom(msg.sender, address(this), collateralAmount);
        IUSDe(usde).mint(beneficiary, usdeAmount);
    }

    /// @inheritdoc IEthenaMinting
    function redeem(uint256 usdeAmount, address beneficiary) external returns (uint256 collateralAmount) {
        require(isWhitelistedBenefactor[msg.sender], BenefactorNotWhitelisted());

        collateralAmount = previewRedeem(usdeAmount);
        require(collateralAmount != 0, InvalidAmount());
        _countRedeemed(usdeAmount);

        emit Redeem(msg.sender, msg.sender, beneficiary, collateralAsset, collateralAmount, usdeAmount);
        IUSDe(usde).burnFrom(msg.sender, usdeAmount);
        _payFromBuffer(beneficiary, collateralAsset, collateralAmount);
    }

    // --- Actions: custody

    /// @inheritdoc IEthenaMinting
    function transferToCustody(address wallet, address asset, uint256 amount) external onlyRole(MINTER_ROLE) {
        require(isCustodianAddress[wallet], InvalidAddress());
        emit CustodyTransfer(wallet, asset, amount);
        IERC20(asset).safeTransfer(wallet, amount);
    }

    // --- Views

    /// @inheritdoc IEthenaMinting
    function hashOrder(Order calldata order) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(_ORDER_TYPEHASH, order)));
    }

    /// @inheritdoc IEthenaMinting
    function verifyOrder(Order calldata order, Signature calldata signature)
        public
        view
        returns (bool valid, bytes32 orderHash)
    {
        orderHash = hashOrder(order);
        (address signer, ECDSA.RecoverError failure,) = ECDSA.tryRecover(orderHash, signature.signature_bytes);
        bool isDelegate = delegatedSigner[signer][order.benefactor] == DelegatedSignerStatus.ACCEPTED;
        require(failure == ECDSA.RecoverError.NoError && (signer == order.benefactor || isDelegate), InvalidSignature());
        require(order.beneficiary != address(0), InvalidAddress());
        require(order.collateral_amount != 0 && order.usde_amount != 0, InvalidAmount());
        require(block.timestamp <= order.expiry, SignatureExpired());

        return (true, orderHash);
    }

    /// @inheritdoc IEthenaMinting
    function verifyRoute(Route calldata route, OrderType orderType) public view returns (bool) {
        if (orderType == OrderType.REDEEM) return true;
        if (route.addresses.length != route.ratios.length) return false;

        uint256 totalBps = 0;
        for (uint256 i = 0; i < route.addresses.length; ++i) {
            if (!isCustodianAddress[route.addresses[i]] || route.ratios[i] == 0 || route.ratios[i] > BPS) return false;
            totalBps += route.ratios[i];
        }
        return totalBps == BPS;
    }

    /// @inheritdoc IEthenaMinting
    function verifyNonce(address account, uint256 nonce)
        public
        view
        returns (bool valid, uint256 slot, uint256 word, uint256 bit)
    {
        (slot, bit) = (nonce >> 8, 1 << (nonce & 0xff));
        word = _usedNonces[account][slot];
        require(nonce != 0 && word & bit == 0, InvalidNonce());
        valid = true;
    }

    /// @inheritdoc IEthenaMinting
    function previewMint(uint256 collateralAmount) public view returns (uint256) {
        return (collateralAmount * _usdePerCollateralUnit).mulDivDown(BPS - mintFeeBps, BPS);
    }

    /// @inheritdoc IEthenaMinting
    function previewRedeem(uint256 usdeAmount) public view returns (uint256) {
        return usdeAmount.mulDivDown(BPS - redeemFeeBps, BPS * _usdePerCollateralUnit);
    }

    /// @inheritdoc IEthenaMinting
    function availableToRedeem() external view returns (uint256) {
        uint256 left = _left(maxRedeemPerBlock, redeemedPerBlock[block.number]);
        uint256 redeemable = redeemableFromBuffer();
        return left < redeemable ? left : redeemable;
    }

    /// @inheritdoc IEthenaMinting
    function redeemableFromBuffer() public view returns (uint256) {
        uint256 buffer = IERC20(collateralAsset).balanceOf(address(this));
        // The last USDe unit before one more unit of collateral would be due.
        return (buffer + 1).mulDivUp(BPS * _usdePerCollateralUnit, BPS - redeemFeeBps) - 1;
    }

    // --- Internals

    function _countMinted(uint256 usdeAmount) private {
        uint256 minted = mintedPerBlock[block.number];
        require(usdeAmount <= _left(maxMintPerBlock, minted), MaxMintPerBlockExceeded());
        mintedPerBlock[block.number] = minted + usdeAmount;
    }

    function _countRedeemed(uint256 usdeAmount) private {
        uint256 redeemed = redeemedPerBlock[block.number];
        require(usdeAmount <= _left(maxRedeemPerBlock, redeemed), MaxRedeemPerBlockExceeded());
        redeemedPerBlock[block.number] = redeemed + usdeAmount;
    }

    /// @dev A limit lowered within the block may be under what is used.
    function _left(uint256 limit, uint256 used) private pure returns (uint256) {
        return limit > used ? limit - used : 0;
    }

    function _useNonce(address account, uint256 nonce) private {
        (, uint256 slot, uint256 word, uint256 bit) = verifyNonce(account, nonce);
        _usedNonces[account][slot] = word | bit;
    }

    /// @dev Shares round down; the last custodian gets the rest.
    function _payCustodians(Order calldata order, Route calldata route) private {
        uint256 last = route.addresses.length - 1;
        uint256 unpaid = order.collateral_amount;
        for (uint256 i = 0; i < last; ++i) {
            uint256 share = order.collateral_amount.mulDivDown(route.ratios[i], BPS);
            unpaid -= share;
            IERC20(order.collateral_asset).safeTransferFrom(order.benefactor, route.addresses[i], share);
        }
        IERC20(order.collateral_asset).safeTransferFrom(order.benefactor, route.addresses[last], unpaid);
    }

    function _payFromBuffer(address beneficiary, address asset, uint256 amount) private {
        uint256 buffer = IERC20(asset).balanceOf(address(this));
        require(amount <= buffer, InsufficientBuffer(amount, buffer));
        IERC20(asset).safeTransfer(beneficiary, amount);
    }
}
