// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title IParMinting
/// @notice Mints USDe for its collateral one dollar for one, and redeems it likewise while redemption is open.
/// Simplification vs EthenaMinting: the caller is the benefactor and mints directly (no signed orders, no roles, no
/// whitelist), the rate is always 1 (no quoted price, no fee), there is no limit per block, one collateral asset, and the
/// collateral stays here instead of going to custodians and hedges.
interface IParMinting {
    /// @notice USDe was minted.
    /// @param benefactor Who paid the collateral.
    /// @param beneficiary Who got the USDe.
    /// @param collateral_asset The collateral's address.
    /// @param collateral_amount Collateral paid, in its units.
    /// @param usde_amount USDe minted, 18 decimals.
    event Mint(
        address indexed benefactor,
        address indexed beneficiary,
        address indexed collateral_asset,
        uint256 collateral_amount,
        uint256 usde_amount
    );

    /// @notice USDe was redeemed.
    /// @param benefactor Whose USDe was burnt.
    /// @param beneficiary Who got the collateral.
    /// @param collateral_asset The collateral's address.
    /// @param collateral_amount Collateral paid out, in its units, rounded down.
    /// @param usde_amount USDe burnt, 18 decimals.
    event Redeem(
        address indexed benefactor,
        address indexed beneficiary,
        address indexed collateral_asset,
        uint256 collateral_amount,
        uint256 usde_amount
    );

    /// @notice Redemption was opened or closed.
    event RedemptionOpenSet(bool open);

    /// @notice The amount is zero, or too small to be worth a unit of collateral.
    error InvalidAmount();

    /// @notice Redemption is closed.
    error RedemptionClosed();

    /// @notice Pay collateral, mint USDe at par.
    /// @param collateralAmount Collateral to pay, in its units; the caller has approved it.
    /// @param beneficiary Account that gets the USDe.
    /// @return usdeAmount USDe minted, 18 decimals.
    function mint(uint256 collateralAmount, address beneficiary) external returns (uint256 usdeAmount);

    /// @notice Burn USDe, get collateral at par.
    /// @param usdeAmount USDe to burn, 18 decimals; the caller has approved it.
    /// @param beneficiary Account that gets the collateral.
    /// @return collateralAmount Collateral paid out, in its units, rounded down.
    function redeem(uint256 usdeAmount, address beneficiary) external returns (uint256 collateralAmount);

    /// @notice Open or close redemption; only the owner.
    function setRedemptionOpen(bool open) external;

    /// @notice Whether `redeem` works now.
    function redemptionOpen() external view returns (bool);

    /// @notice The token that is minted.
    function usde() external view returns (address);

    /// @notice The token that backs it.
    function collateralAsset() external view returns (address);
}
