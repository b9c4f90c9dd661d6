// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title Whether an account may take assets out
/// @notice Answered by whoever lends against the account's balances.
interface IWithdrawalGuard {
    /// @notice Reverts where the account, as its balances stand now, may not take anything out.
    function requireMayWithdraw(address account) external view;
}

/// @title The exchange's custody
/// @notice Holds every token and keeps a ledger of whose it is, account by account and asset by asset: free, or locked by open
/// orders. Books, loan desk and margin engine are operators: they move balances between accounts and never make or lose a unit.
/// Insurance funds and collected fees are accounts of the same ledger. Amounts are in the asset's smallest unit.
/// Simplification: one level of trust, the operators; tokens that take a fee on transfer are not supported.
interface IExchangeVault {
    /// @notice One trade of two assets. The maker's side was locked by its order.
    /// @param give What the taker gives
    /// @param get What the taker gets
    /// @param given Amount of `give`, fee included
    /// @param got Amount of `get`, fee included
    /// @param makerFee Taken out of what the maker receives, in `give`
    /// @param takerFee Taken out of what the taker receives, in `get`
    struct Fill {
        address taker;
        address maker;
        address give;
        address get;
        uint256 given;
        uint256 got;
        uint256 makerFee;
        uint256 takerFee;
    }

    // --- Events

    /// @param payer Whose tokens came in
    /// @param account Whose balance grew
    event Deposited(address indexed asset, address indexed payer, address indexed account, uint256 amount);

    event Withdrawn(address indexed asset, address indexed account, uint256 amount);

    /// @notice An operator moved free balance; trades are not told here but by their book.
    event Moved(address indexed asset, address indexed from, address indexed to, uint256 amount);

    event OperatorSet(address indexed operator, bool allowed);

    event GuardSet(address guard);

    event TransfersSet(bool depositsOpen, bool withdrawalsOpen);

    /// @notice Frozen accounts place no order and withdraw nothing: they are being liquidated.
    event FrozenSet(address indexed account, bool frozen);

    // --- Errors

    error InvalidAmount();

    error CallerNotOperator(address caller);

    /// @notice Less is free than was asked for.
    error InsufficientBalance(address account, address asset, uint256 requested, uint256 available);

    /// @notice Less is locked than was to be released.
    error InsufficientLock(address account, address asset, uint256 requested, uint256 available);

    error DepositsClosed();

    error WithdrawalsClosed();

    error AccountFrozen(address account);

    // --- Actions

    /// @notice Pay in, for oneself or for another account.
    function deposit(address asset, uint256 amount, address account) external;

    /// @notice Take out what is free. Refused while withdrawals are closed, to frozen accounts, and where the guard refuses.
    function withdraw(address asset, uint256 amount) external;

    // --- Actions, for operators only

    /// @notice Move free balance.
    function move(address asset, address from, address to, uint256 amount) external;

    /// @notice Move free balance to the operator, on the account's own wish: refused where a withdrawal would be.
    function pull(address asset, address from, uint256 amount) external;

    /// @notice Lock so much more of an account's balance (release it where negative).
    function adjustLock(address account, address asset, int256 change) external;

    /// @notice Settle one trade: the taker pays from what is free, the maker from what is locked.
    function settleFill(Fill calldata fill) external;

    function setFrozen(address account, bool frozen) external;

    // --- Actions, for the owner only

    function setOperator(address operator, bool allowed) external;

    /// @param guard Asked at every withdrawal; zero for none
    function setGuard(IWithdrawalGuard guard) external;

    /// @notice Degraded transfers: the exchange trades on while nothing comes in or goes out.
    function setTransfers(bool depositsOpen, bool withdrawalsOpen) external;

    // --- Views

    /// @return free Not locked
    /// @return locked By open orders
    function balanceOf(address account, address asset) external view returns (uint256 free, uint256 locked);

    /// @return Free and locked together
    function holding(address account, address asset) external view returns (uint256);

    /// @notice Many assets of one account, for one call.
    /// @return words Free and locked, in turn
    function balances(address account, address[] calldata assets) external view returns (uint256[] memory words);

    /// @return Sum of the ledger: what the vault owes, and holds at least
    function totalOf(address asset) external view returns (uint256);

    function isOperator(address account) external view returns (bool);

    function isFrozen(address account) external view returns (bool);

    /// @return Account that trading fees go to
    function feeAccount() external view returns (address);

    function guard() external view returns (IWithdrawalGuard);

    function depositsOpen() external view returns (bool);

    function withdrawalsOpen() external view returns (bool);
}
