// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IPool} from "../interfaces/IPool.sol";
import {IVariableDebtToken} from "../interfaces/IVariableDebtToken.sol";
import {ScaledBalanceToken} from "./ScaledBalanceToken.sol";
import {ScaledMath} from "./ScaledMath.sol";

contract VariableDebtToken is ScaledBalanceToken, IVariableDebtToken {
    using ScaledMath for uint256;

    // --- Constructor

    constructor(address pool, address underlying, string memory name_, string memory symbol_)
        ScaledBalanceToken(pool, underlying, name_, symbol_)
    {}

    // --- Actions, for the pool only

    /// @inheritdoc IVariableDebtToken
    function mint(address user, address onBehalfOf, uint256, uint256 scaledAmount, uint256 index)
        external
        onlyPool
        returns (uint256)
    {
        _mintScaled(user, onBehalfOf, scaledAmount, index);

        return scaledTotalSupply();
    }

    /// @inheritdoc IVariableDebtToken
    function burn(address from, uint256 scaledAmount, uint256 index) external onlyPool returns (bool, uint256) {
        bool nothingLeft = _burnScaled(from, address(0), scaledAmount, index);

        return (nothingLeft, scaledTotalSupply());
    }

    // --- Actions that debt refuses

    /// @inheritdoc IERC20
    function transfer(address, uint256) external pure returns (bool) {
        revert OperationNotSupported();
    }

    /// @inheritdoc IERC20
    function transferFrom(address, address, uint256) external pure returns (bool) {
        revert OperationNotSupported();
    }

    /// @inheritdoc IERC20
    function approve(address, uint256) external pure returns (bool) {
        revert OperationNotSupported();
    }

    /// @inheritdoc IERC20
    function allowance(address, address) external pure returns (uint256) {
        revert OperationNotSupported();
    }

    // --- Internals

    function _index() internal view override returns (uint256) {
        return IPool(POOL).getReserveNormalizedVariableDebt(UNDERLYING_ASSET_ADDRESS);
    }

    function _toBalance(uint256 scaled, uint256 index) internal pure override returns (uint256) {
        return scaled.toBalanceUp(index);
    }
}
