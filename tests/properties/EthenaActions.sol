// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {IEthenaMinting} from "../../contracts/interfaces/IEthenaMinting.sol";
import {IHedgedReserve} from "../../contracts/interfaces/IHedgedReserve.sol";
import {IStakedUSDe} from "../../contracts/interfaces/IStakedUSDe.sol";
import {EthenaWorld} from "./EthenaWorld.sol";

/// @dev Random benefactors, stakers and administrators. A call that is refused changes nothing; around each one that is not, the
/// price of a share and the limits of the block are compared, and the first breach is noted. Books of what the reserve got and
/// gave are kept beside it, exactly.
contract EthenaActions is EthenaWorld {
    // --- Types

    enum Action {
        MINT,
        REDEEM,
        SIGNED_MINT,
        SIGNED_REDEEM,
        DEPOSIT,
        COOL_DOWN_SHARES,
        COOL_DOWN_ASSETS,
        UNSTAKE,
        LEAVE,
        REWARD,
        DONATE,
        TO_CUSTODY,
        OPEN,
        HEDGE,
        CLOSE,
        REFILL,
        SET_FUNDING,
        SETTLE,
        DISTRIBUTE,
        MOVE_PRICE,
        PASS_TIME,
        CONFIGURE
    }

    struct Picture {
        uint256 assets;
        uint256 shares;
        uint256 usdeSupply;
    }

    // --- Constants

    bytes4 private constant SIGNED_MINT = bytes4(
        keccak256(
            "mint((uint8,uint256,uint256,address,address,address,uint256,uint256),(address[],uint256[]),(uint8,bytes))"
        )
    );
    bytes4 private constant SIGNED_REDEEM =
        bytes4(keccak256("redeem((uint8,uint256,uint256,address,address,address,uint256,uint256),(uint8,bytes))"));

    // --- Storage

    mapping(Action => uint256) public timesDone;
    string public breach;

    /// @dev What the reserve would be worth without roundings and unsettled funding, in USDC units.
    int256 public bookValue;

    /// @dev Units that the reserve may have lost to rounding: two an opening, two a closing.
    uint256 public roundings;

    uint256 private _nonce;
    mapping(uint256 blockNumber => uint256) private _minted;
    mapping(uint256 blockNumber => uint256) private _redeemed;

    // --- Constructor

    constructor() {
        _createWorld();
    }

    // --- Actions: benefactors

    function mint(uint256 seed, uint256 amount, uint256 to) external {
        bytes memory data = abi.encodeWithSignature("mint(uint256,address)", _anySize(amount, MOST_USDC), _actor(to));
        _act(Action.MINT, _actor(seed), address(_minting), data);
    }

    function redeem(uint256 seed, uint256 amount, uint256 to) external {
        uint256 redeemed = _part(amount, _usde.balanceOf(_actor(seed)));
        bytes memory data = abi.encodeWithSignature("redeem(uint256,address)", redeemed, _actor(to));
        _act(Action.REDEEM, _actor(seed), address(_minting), data);
    }

    /// @dev To the reserve; one in four in ether, which is hedged with `hedge`, quoted at the mark or up to 1 % under it.
    function signedMint(uint256 seed, uint256 amount) external {
        IEthenaMinting.Order memory order = _order(seed, IEthenaMinting.OrderType.MINT);
        order.collateral_amount = _anySize(amount, MOST_USDC);
        uint256 par = order.collateral_amount * USDE_PER_UNIT;
        if (seed % 4 == 0) {
            order.collateral_asset = address(_weth);
            order.collateral_amount = order.collateral_amount * 1e20 / _reserve.markE8() + 1;
        }
        order.usde_amount = par * _between(seed >> 16, 99_00, 100_00) / 100_00;
        IEthenaMinting.Route memory route = IEthenaMinting.Route(new address[](1), new uint256[](1));
        (route.addresses[0], route.ratios[0]) = (address(_reserve), 100_00);
        bytes memory data = abi.encodeWithSelector(SIGNED_MINT, order, route, _sign(seed, order));
        if (!_act(Action.SIGNED_MINT, address(this), address(_minting), data)) return;
        if (seed % 4 != 0) bookValue += int256(order.collateral_amount);
        else _hedge(seed % 8 == 0 ? _actor(seed) : address(0));
    }

    function signedRedeem(uint256 seed, uint256 amount) external {
        IEthenaMinting.Order memory order = _order(seed, IEthenaMinting.OrderType.REDEEM);
        order.usde_amount = _part(amount, _usde.balanceOf(_actor(seed)));
        order.collateral_amount = order.usde_amount * _between(seed >> 16, 98_00, 100_00) / 100_00 / USDE_PER_UNIT;
        bytes memory data = abi.encodeWithSelector(SIGNED_REDEEM, order, _sign(seed, order));
        _act(Action.SIGNED_REDEEM, address(this), address(_minting), data);
    }

    // --- Actions: stakers

    function deposit(uint256 seed, uint256 amount, uint256 to) external {
        uint256 assets = _part(amount, _usde.balanceOf(_actor(seed)));
        _act(Action.DEPOSIT, _actor(seed), address(_vault), abi.encodeCall(_vault.deposit, (assets, _actor(to))));
    }

    function coolDownShares(uint256 seed, uint256 amount) external {
        uint256 shares = _part(amount, _vault.balanceOf(_actor(seed)));
        _act(Action.COOL_DOWN_SHARES, _actor(seed), address(_vault), abi.encodeCall(_vault.cooldownShares, (shares)));
    }

    function coolDownAssets(uint256 seed, uint256 amount) external {
        uint256 assets = _part(amount, _vault.maxWithdraw(_actor(seed)));
        _act(Action.COOL_DOWN_ASSETS, _actor(seed), address(_vault), abi.encodeCall(_vault.cooldownAssets, (assets)));
    }

    function unstake(uint256 seed, uint256 to) external {
        _act(Action.UNSTAKE, _actor(seed), address(_vault), abi.encodeCall(_vault.unstake, (_actor(to))));
    }

    /// @dev Works while the cooldown is off.
    function leave(uint256 seed, uint256 amount, bool byShares) external {
        address staker = _actor(seed);
        bytes memory data = byShares
            ? abi.encodeCall(_vault.redeem, (_part(amount, _vault.balanceOf(staker)), staker, staker))
            : abi.encodeCall(_vault.withdraw, (_part(amount, _vault.maxWithdraw(staker)), staker, staker));
        _act(Action.LEAVE, staker, address(_vault), data);
    }

    // --- Actions: rewards

    /// @dev An actor's own USDe, so that rewards come in sizes that funding never has.
    function reward(uint256 seed, uint256 amount) external {
        address giver = _actor(seed);
        uint256 given = _part(amount, _usde.balanceOf(giver));
        _vault.grantRole(_vault.REWARDER_ROLE(), giver);
        _act(Action.REWARD, giver, address(_vault), abi.encodeCall(_vault.transferInRewards, (given)));
        _vault.revokeRole(_vault.REWARDER_ROLE(), giver);
    }

    function donate(uint256 seed, uint256 amount) external {
        uint256 given = _part(amount, _usde.balanceOf(_actor(seed))) / 100;
        _act(Action.DONATE, _actor(seed), address(_usde), abi.encodeCall(_usde.transfer, (address(_vault), given)));
    }

    // --- Actions: reserve

    function toCustody(uint256 amount) external {
        uint256 moved = _part(amount, _usdc.balanceOf(address(_minting)));
        bytes memory data = abi.encodeCall(_minting.transferToCustody, (address(_reserve), address(_usdc), moved));
        if (_act(Action.TO_CUSTODY, address(this), address(_minting), data)) bookValue += int256(moved);
    }

    function open(uint256 amount) external {
        uint256 quantity = _part(amount, _reserve.cash() * 1e20 / _reserve.markE8());
        if (_act(Action.OPEN, address(this), address(_reserve), abi.encodeCall(_reserve.open, (quantity)))) roundings += 2;
    }

    function close(uint256 amount) external {
        uint256 quantity = _part(amount, _reserve.shortQuantity());
        if (_act(Action.CLOSE, address(this), address(_reserve), abi.encodeCall(_reserve.close, (quantity)))) roundings += 2;
    }

    function refill(uint256 amount) external {
        uint256 moved = _part(amount, _reserve.cash());
        bytes memory data = abi.encodeCall(_reserve.refillBuffer, (moved));
        if (_act(Action.REFILL, address(this), address(_reserve), data)) bookValue -= int256(moved);
    }

    /// @dev Up to 0.2 % in 8 hours, paid or got.
    function setFunding(uint256 rate, bool paid) external {
        int256 rateWad = int256(_anySize(rate, 0.002e18)) * (paid ? -1 : int256(1));
        _act(Action.SET_FUNDING, address(this), address(_reserve), abi.encodeCall(_reserve.setFundingRate, (rateWad)));
    }

    function settle() external {
        int256 due = _reserve.fundingAccrued();
        bytes memory data = abi.encodeCall(_reserve.settleFunding, ());
        if (_act(Action.SETTLE, address(this), address(_reserve), data)) bookValue += due;
    }

    /// @dev One in eight tries to give more than what funding brought.
    function distribute(uint256 amount, uint256 greed) external {
        int256 income = _reserve.undistributedFunding();
        uint256 given = _part(amount, greed % 8 == 0 ? _reserve.cash() : income > 0 ? uint256(income) : 0);
        bytes memory data = abi.encodeCall(_reserve.distribute, (given));
        if (!_act(Action.DISTRIBUTE, address(this), address(_reserve), data)) return;
        bookValue -= int256(given);
        if (int256(given) > income) _note("more distributed than funding brought");
    }

    // --- Actions: the world's

    /// @dev Within a twentieth and twenty times the first price, any mark at all; the reserve's value keeps within a unit.
    function movePrice(uint256 seed) external {
        int256 before = valueWithoutAccrued();
        uint256 priceE8 = _between(seed, START_PRICE_E8 / 20, START_PRICE_E8 * 20);
        _act(Action.MOVE_PRICE, address(this), address(_feed), abi.encodeCall(_feed.post, (int256(priceE8))));
        int256 moved = valueWithoutAccrued() - before;
        if (moved > 1 || moved < -1) _note("value moves with the mark");
    }

    function passTime(uint256 seed) external {
        Picture memory before = _picture();
        CHEATS.warp(block.timestamp + _anySize(seed, 10 days));
        CHEATS.roll(block.number + 1);
        _compare(before, Action.PASS_TIME);
    }

    function configure(uint256 kind, uint256 seed) external {
        bytes memory data;
        address target = address(_minting);
        if (kind % 4 == 0) data = abi.encodeCall(_minting.setFees, (seed % 1_00, (seed >> 8) % 1_00));
        else if (kind % 4 == 1) data = _limits(seed);
        else if (kind % 4 == 2 && seed % 4 == 0) data = abi.encodeCall(_minting.disableMintRedeem, ());
        else if (kind % 4 == 2) data = abi.encodeCall(_minting.setMaxRedeemPerBlock, (type(uint256).max));
        else (target, data) = (address(_vault), abi.encodeCall(_vault.setCooldownDuration, (uint24(seed % 3 * 7 days))));
        _act(Action.CONFIGURE, address(this), target, data);
    }

    // --- Views

    /// @dev The reserve's value but for unsettled funding, which is reckoned at the mark.
    function valueWithoutAccrued() public view returns (int256) {
        return _reserve.netAssetValue() - _reserve.fundingAccrued();
    }

    function parts() external view returns (IEthenaMinting, IHedgedReserve, IStakedUSDe) {
        return (_minting, _reserve, _vault);
    }

    function buffer() external view returns (uint256) {
        return _usdc.balanceOf(address(_minting));
    }

    /// @return supply USDe that exists
    /// @return held USDe of everyone who can hold it
    function usdeTotals() external view returns (uint256 supply, uint256 held) {
        supply = _usde.totalSupply();
        held = _usde.balanceOf(address(_vault)) + _usde.balanceOf(_vault.silo()) + _usde.balanceOf(address(_reserve));
        for (uint256 k = 0; k < ACTORS; ++k) {
            held += _usde.balanceOf(_actors[k]);
        }
    }

    /// @return held USDe in the silo
    /// @return owed USDe that stakers have cooling down
    function siloTotals() external view returns (uint256 held, uint256 owed) {
        held = _usde.balanceOf(_vault.silo());
        for (uint256 k = 0; k < ACTORS; ++k) {
            (, uint152 underlying) = _vault.cooldowns(_actors[k]);
            owed += underlying;
        }
    }

    function stakedTotals() external view returns (uint256 redeemable, uint256 assets) {
        assets = _vault.totalAssets();
        redeemable = _vault.maxWithdraw(FIRST_STAKER);
        for (uint256 k = 0; k < ACTORS; ++k) {
            redeemable += _vault.maxWithdraw(_actors[k]);
        }
    }

    // --- Internals: doing

    function _act(Action action, address actor, address target, bytes memory data) private returns (bool done) {
        Picture memory before = _picture();
        if (actor != address(this)) CHEATS.prank(actor);
        (done,) = target.call(data);
        if (done) _compare(before, action);
    }

    /// @dev ETH that came in as collateral is worth what the short is opened at; a stranger's gift of ether is hedged with it.
    function _hedge(address giver) private {
        if (giver != address(0)) {
            CHEATS.prank(giver);
            _weth.transfer(address(_reserve), 1e15);
        }
        int256 entered = -int256(_reserve.shortEntryValue());
        if (!_act(Action.HEDGE, address(this), address(_reserve), abi.encodeCall(_reserve.hedge, ()))) return;
        bookValue += entered + int256(_reserve.shortEntryValue());
        // The quote was at the mark, the short stands at the unit below.
        roundings += 2;
    }

    function _order(uint256 seed, IEthenaMinting.OrderType kind) private returns (IEthenaMinting.Order memory order) {
        (order.order_type, order.expiry, order.nonce) = (kind, block.timestamp, ++_nonce);
        (order.benefactor, order.beneficiary) = (_actor(seed), _actor(seed >> 8));
        order.collateral_asset = address(_usdc);
    }

    function _sign(uint256 seed, IEthenaMinting.Order memory order) private view returns (IEthenaMinting.Signature memory) {
        (uint8 v, bytes32 r, bytes32 s) = CHEATS.sign(_keys[seed % ACTORS], _minting.hashOrder(order));
        return IEthenaMinting.Signature(IEthenaMinting.SignatureType.EIP712, abi.encodePacked(r, s, v));
    }

    function _limits(uint256 seed) private view returns (bytes memory) {
        uint256 limit = seed % 3 == 0 ? type(uint256).max : _between(seed, MOST_USDC / 8, MOST_USDC) * USDE_PER_UNIT;
        return seed & (1 << 100) == 0
            ? abi.encodeCall(_minting.setMaxMintPerBlock, (limit))
            : abi.encodeCall(_minting.setMaxRedeemPerBlock, (limit));
    }

    function _actor(uint256 seed) private view returns (address) {
        return _actors[seed % ACTORS];
    }

    /// @dev All of it, one in four.
    function _part(uint256 seed, uint256 whole) private pure returns (uint256) {
        return seed % 4 == 0 ? whole : _anySize(seed, whole + 1);
    }

    // --- Internals: checking

    function _picture() private view returns (Picture memory) {
        return Picture(_vault.totalAssets(), _vault.totalSupply(), _usde.totalSupply());
    }

    /// @dev Price of a share with the vault's virtual asset and share: (assets + 1) / (shares + 1).
    function _compare(Picture memory before, Action action) private {
        ++timesDone[action];
        Picture memory later = _picture();
        if ((later.assets + 1) * (before.shares + 1) < (before.assets + 1) * (later.shares + 1)) _note("a share lost value");
        _countSupply(before.usdeSupply, later.usdeSupply);
    }

    /// @dev A block's mints and redemptions, by the supply. A limit binds who adds to them; one lowered meanwhile may be under them.
    function _countSupply(uint256 before, uint256 later) private {
        if (later > before) {
            _minted[block.number] += later - before;
            if (_minted[block.number] > _minting.maxMintPerBlock()) _note("minted over the limit");
        } else if (later < before) {
            _redeemed[block.number] += before - later;
            if (_redeemed[block.number] > _minting.maxRedeemPerBlock()) _note("redeemed over the limit");
        }
    }

    function _note(string memory what) private {
        if (bytes(breach).length == 0) breach = what;
    }
}
