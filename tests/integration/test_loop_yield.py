"""A month of the loop on sUSDe, paid by funding: equity on chain against L y - (L - 1) r.

One world for each vault yield y and borrow rate r. Every eight hours the reserve settles the funding of its short,
mints USDe for what the vault is to earn, and pays it in; meanwhile loops of several leverages L hold sUSDe against
USDC.

Conventions. y is a simple rate: each period of 8 hours pays y / 1095 of what the vault then holds, and rewards stay in.
r is the pool's rate, compounded by the second. So over T = 30 days, from collateral C and debt D,

    change of equity = C ((1 + y / 1095)^90 - 1) - D (exp(r T) - 1),

and what the account states, L y - (L - 1) r, is the same without interest on interest, with C = L and D = L - 1 for an
equity of 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from eth_utils import keccak

from cascade.chain.artifacts import load_artifacts
from cascade.chain.local import Contract, LocalChain, Transaction, address_of

from ..conftest import ADMIN, UINT_MAX, LendingWorld, Stage, open_market

OPERATOR, MARKET, MINTER = address_of("operator"), address_of("hedge-market"), address_of("minter")
ANCHOR, SUPPLIER = address_of("first-staker"), address_of("supplier")
USDE, USDC, ETH, E8, WAD = 10**18, 10**6, 10**18, 10**8, 10**18
USDE_PER_UNIT = 10**12
"""Units of USDe in one unit of USDC."""

PERIOD, PERIODS, PERIODS_A_YEAR = 8 * 3600, 90, 1095
ROUNDS = (2, 3, 4, 5, 9)
"""Of the loops; at 80 % their leverages are 2.44, 2.952, 3.3616, 3.68928 (the account's) and 4.463129088."""

YEAR = PERIODS_A_YEAR * PERIOD
MONTH = Fraction(PERIODS, PERIODS_A_YEAR)
EQUITY = 100_000
ANCHORED = 1_000_000
ETHER_PRICE = 2_000
ACCOUNTS_RANGE = range(18, 24 + 1)
"""Net per cent a year, as the account states it: whole."""


@dataclass(frozen=True)
class Loop:
    """One loop at the beginning and the end of the month; collateral in USDe units, debt in USDC units."""

    rounds: int
    collateral_before: int
    collateral_after: int
    debt_before: int
    debt_after: int

    @property
    def equity_before(self) -> int:
        return self.collateral_before - self.debt_before * USDE_PER_UNIT

    @property
    def equity_after(self) -> int:
        return self.collateral_after - self.debt_after * USDE_PER_UNIT

    @property
    def leverage(self) -> Fraction:
        return Fraction(self.collateral_before, self.equity_before)


@dataclass(frozen=True)
class Month:
    """What thirty days did to every loop."""

    yield_bps: int
    rate_bps: int
    loops: tuple[Loop, ...]
    vault_before: int
    """USDe units in the vault at the start."""
    seconds_since_update: int
    """From the pool's last update of its index to the start."""
    build_seconds: int
    usde_supply: int
    backing: int
    """The reserve's value and the minting contract's buffer, in USDC units."""
    undistributed: int
    """Of the backing: funding that the stakers have not got, in USDC units."""


class World:
    """Ethena and a lending market of sUSDe against USDC at a flat rate."""

    def __init__(self, stage: Stage, *, rate_bps: int) -> None:
        self.stage = stage
        self.usde = stage.deploy("USDe", ADMIN)
        self.usdc, self.weth = stage.token("USDC", 6), stage.token("WETH", 18)
        feed = stage.deploy("PostedPriceFeed", "ETH / USD", ETHER_PRICE * E8, ADMIN)
        minting: tuple[object, ...] = (self.usde.address, self.usdc.address, [], ADMIN, UINT_MAX, UINT_MAX)
        self.minting = stage.deploy("EthenaMinting", *minting)
        self.susde = stage.deploy("StakedUSDe", self.usde.address, ADMIN, ADMIN)
        reserve = (self.minting.address, self.susde.address, self.weth.address, feed.address, MARKET, OPERATOR)
        self.reserve = stage.deploy("HedgedReserve", *reserve)
        stage.send(self.usde, "setMinter", self.minting.address)
        stage.send(self.minting, "addCustodianAddress", self.reserve.address)
        stage.send(self.minting, "grantRole", keccak(text="MINTER_ROLE"), MINTER)
        stage.send(self.minting, "setWhitelistedBenefactors", [ANCHOR, self.reserve.address], True)
        stage.send(self.susde, "grantRole", keccak(text="REWARDER_ROLE"), self.reserve.address)
        stage.fund(self.usdc, MARKET, 10_000_000 * USDC, spender=self.reserve)
        stage.fund(self.weth, MARKET, 100_000 * ETH, spender=self.reserve)
        self.lending: LendingWorld = open_market(
            stage,
            assets={"USDC": self.usdc, "sUSDe": self.susde},
            prices_e8={"USDC": E8, "sUSDe": E8},
            rates_bps=(80_00, rate_bps, 0, 0),
        )
        stage.send(self.lending.configurator, "configureReserveAsCollateral", self.susde.address, 90_00, 92_00, 104_00)
        self.lending.supply(SUPPLIER, self.usdc, 10_000_000 * USDC)

    @property
    def pool(self) -> Contract:
        return self.lending.pool

    def mint_and_stake(self, account: str, amount: int) -> None:
        """USDC of the account to USDe, and that to sUSDe."""
        self.stage.send(self.minting, "mint(uint256,address)", amount, account, sender=account)
        self.stage.send(self.susde, "deposit", amount * USDE_PER_UNIT, account, sender=account)

    def hedge_buffer(self) -> None:
        """All collateral of the minting contract goes to the reserve, and into spot and short."""
        amount = self.stage.balance(self.usdc, self.minting)
        custody = (self.reserve.address, self.usdc.address, amount)
        self.stage.send(self.minting, "transferToCustody", *custody, sender=MINTER)
        self.stage.send(self.reserve, "open", amount * ETH // (ETHER_PRICE * USDC), sender=OPERATOR)

    def build_loop(self, looper: str, rounds: int) -> None:
        """100,000 dollars of sUSDe, then 80 % of what was last supplied is borrowed, minted, staked and supplied."""
        stage = self.stage
        stage.send(self.minting, "addWhitelistedBenefactor", looper)
        stage.fund(self.usdc, looper, EQUITY * USDC, spender=self.minting)
        stage.send(self.usde, "approve", self.susde.address, UINT_MAX, sender=looper)
        stage.send(self.susde, "approve", self.pool.address, UINT_MAX, sender=looper)
        amount = EQUITY * USDC
        for n in range(rounds + 1):
            if n:
                amount = amount * 8 // 10
                self.lending.borrow(looper, self.usdc, amount)
            self.mint_and_stake(looper, amount)
            shares = stage.balance(self.susde, looper)
            stage.send(self.pool, "supply", self.susde.address, shares, looper, 0, sender=looper)

    def pay_period(self, yield_bps: int, timestamp: int) -> None:
        """Settle the funding, and pay a period's yield on all that the vault holds, down to a unit of USDC."""
        assets = self.stage.view(self.susde, "totalAssets", timestamp=timestamp)
        income = assets * yield_bps // (100_00 * PERIODS_A_YEAR * USDE_PER_UNIT)
        calls = [self.reserve.encode("settleFunding"), self.reserve.encode("distribute", income)]
        block = [Transaction(OPERATOR, self.reserve.address, data, 1_000_000) for data in calls]
        self.stage.chain.execute(block, timestamp=timestamp)

    def collateral(self, looper: str, timestamp: int) -> int:
        shares = self.stage.view(self.lending.tokens["sUSDe"][0], "balanceOf", looper, timestamp=timestamp)
        return int(self.stage.view(self.susde, "convertToAssets", shares, timestamp=timestamp))

    def debt(self, looper: str, timestamp: int) -> int:
        return int(self.stage.view(self.lending.tokens["USDC"][1], "balanceOf", looper, timestamp=timestamp))


def live_through(stage: Stage, *, yield_bps: int, rate_bps: int) -> Month:
    world = World(stage, rate_bps=rate_bps)
    stage.fund(world.usdc, ANCHOR, ANCHORED * USDC, spender=world.minting)
    stage.send(world.usde, "approve", world.susde.address, UINT_MAX, sender=ANCHOR)
    world.mint_and_stake(ANCHOR, ANCHORED * USDC)
    # A day's funding on the first stake pays the loops' first period; 2 % over y leaves room for rewards on rewards.
    world.hedge_buffer()
    rate_wad = WAD * yield_bps * 102 // (100_00 * PERIODS_A_YEAR * 100)
    stage.send(world.reserve, "setFundingRate", rate_wad, sender=OPERATOR)
    stage.send(world.lending.feeds["sUSDe"], "post", E8, timestamp=stage.chain.timestamp + 3 * PERIOD)

    building_since = stage.chain.timestamp
    loopers = {rounds: address_of(f"looper of {rounds} rounds") for rounds in ROUNDS}
    for rounds, looper in loopers.items():
        world.build_loop(looper, rounds)
    last_update = stage.view(world.pool, "getReserveData", world.usdc.address)[6]
    world.hedge_buffer()

    start = stage.chain.timestamp + 1
    end = start + PERIODS * PERIOD
    before = {rounds: (world.collateral(who, start), world.debt(who, start)) for rounds, who in loopers.items()}
    vault_before = stage.view(world.susde, "totalAssets", timestamp=start)
    stage.chain.fund([OPERATOR])
    for period in range(PERIODS):
        world.pay_period(yield_bps, start + period * PERIOD)
    after = {rounds: (world.collateral(who, end), world.debt(who, end)) for rounds, who in loopers.items()}

    net_asset_value, settled, accrued = (
        stage.view(world.reserve, name, timestamp=end)
        for name in ("netAssetValue", "undistributedFunding", "fundingAccrued")
    )
    return Month(
        yield_bps=yield_bps,
        rate_bps=rate_bps,
        loops=tuple(Loop(n, before[n][0], after[n][0], before[n][1], after[n][1]) for n in ROUNDS),
        vault_before=vault_before,
        seconds_since_update=start - last_update,
        build_seconds=start - building_since,
        usde_supply=stage.view(world.usde, "totalSupply"),
        backing=net_asset_value + stage.balance(world.usdc, world.minting),
        undistributed=settled + accrued,
    )


@pytest.fixture(scope="module", params=[(12_00, 9_80), (12_00, 11_70), (15_00, 9_80), (15_00, 11_70)], ids=str)
def month(request: pytest.FixtureRequest, session_chain: LocalChain) -> Iterator[Month]:
    yield_bps, rate_bps = request.param
    with session_chain.rolled_back():
        yield live_through(Stage(session_chain, load_artifacts()), yield_bps=yield_bps, rate_bps=rate_bps)


def leverage_of(rounds: int) -> Fraction:
    return (1 - Fraction(8, 10) ** (rounds + 1)) / (1 - Fraction(8, 10))


def simple_net(leverage: Fraction, month: Month) -> Fraction:
    """L y - (L - 1) r, a year."""
    return leverage * Fraction(month.yield_bps, 100_00) - (leverage - 1) * Fraction(month.rate_bps, 100_00)


def series_shortfall(month: Month) -> Decimal:
    """Share of exp(x) that the pool's third-order series lacks, at most: x^4 / 24 exp(x), x since its last update."""
    elapsed = Decimal(PERIODS * PERIOD + month.seconds_since_update) / YEAR
    x = Decimal(month.rate_bps) / 100_00 * elapsed
    return x**4 / 24 * x.exp()


def measured_a_year(loop: Loop) -> Fraction:
    """Change of equity over equity, times 365 / 30."""
    return Fraction(loop.equity_after - loop.equity_before, loop.equity_before) / MONTH


def test_loops__built__have_the_closed_forms_leverage(month: Month) -> None:
    for loop in month.loops:
        leverage = leverage_of(loop.rounds)
        borrowed = (leverage - 1) * EQUITY * USDC
        assert loop.collateral_before == leverage * EQUITY * USDE
        # The debt has interest of the seconds that building took, and each borrow rounds up.
        accrued = borrowed * Fraction(month.rate_bps, 100_00) * month.build_seconds / YEAR
        assert borrowed <= loop.debt_before <= borrowed + accrued + loop.rounds + 1


def test_equity__after_thirty_days__grew_by_the_closed_form(month: Month) -> None:
    with localcontext(prec=60):
        years = Decimal(PERIODS) / PERIODS_A_YEAR
        earned = (1 + Decimal(month.yield_bps) / 100_00 / PERIODS_A_YEAR) ** PERIODS - 1
        charged = (Decimal(month.rate_bps) / 100_00 * years).exp() - 1
        for loop in month.loops:
            debt = Decimal(loop.debt_before) * USDE_PER_UNIT
            expected = loop.collateral_before * earned - debt * charged
            # Each period's rewards are cut to a unit of USDC, of which a loop misses its share; so are its assets.
            cut = PERIODS * USDE_PER_UNIT * Decimal(loop.collateral_before) / month.vault_before * (1 + earned) + 1
            # Debts are read rounded up to a unit of USDC at both ends.
            least = expected - cut - USDE_PER_UNIT
            most = expected + debt * series_shortfall(month) + USDE_PER_UNIT * (1 + charged) + 1

            assert least <= loop.equity_after - loop.equity_before <= most
            assert most - least < Decimal("0.001") * USDE  # a tenth of a cent on 100,000 dollars


def test_net_yield__from_the_measured_rates__is_l_y_less_l_minus_one_r(month: Month) -> None:
    with localcontext(prec=60):
        years = Decimal(PERIODS) / PERIODS_A_YEAR
        for loop in month.loops:
            vault_growth = Decimal(loop.collateral_after) / loop.collateral_before
            earned = ((vault_growth.ln() / PERIODS).exp() - 1) * PERIODS_A_YEAR
            charged = (Decimal(loop.debt_after) / loop.debt_before).ln() / years
            leverage = Decimal(loop.leverage.numerator) / loop.leverage.denominator
            nominal = simple_net(loop.leverage, month)

            gap = leverage * earned - (leverage - 1) * charged - Decimal(nominal.numerator) / nominal.denominator

            # A year's rewards are cut by 1,095 units of USDC at most; debt by its series and a unit at both ends.
            earned_gap = Decimal(PERIODS_A_YEAR * USDE_PER_UNIT) / month.vault_before
            charged_gap = (series_shortfall(month) + Decimal(2) / loop.debt_before) / years
            assert abs(gap) <= leverage * earned_gap + (leverage - 1) * charged_gap
            assert leverage * earned_gap + (leverage - 1) * charged_gap < Decimal("1e-7")


def test_net_yield__simple_and_measured__differ_by_interest_on_interest_only(month: Month) -> None:
    y, r = Fraction(month.yield_bps, 100_00), Fraction(month.rate_bps, 100_00)
    for loop in month.loops:
        # A year's second order: y^2 T / 2 without the first period, less r^2 T / 2; the third is the bound.
        second = loop.leverage * y**2 * (MONTH - Fraction(1, PERIODS_A_YEAR)) - (loop.leverage - 1) * r**2 * MONTH
        third = loop.leverage * max(y, r) ** 3 * MONTH**2 / 6

        assert abs(measured_a_year(loop) - simple_net(loop.leverage, month) - second / 2) < third * Fraction(11, 10)


def test_net_yield__of_each_loop__is_in_the_account_s_range_where_its_arithmetic_holds(month: Month) -> None:
    inside: set[int] = {
        (12_00, 9_80): {5, 9},  # 17.92 % and 19.62 %: the account's lower end
        (12_00, 11_70): set(),  # 13.04 % at most
        (15_00, 9_80): {2},  # 22.49 %; the account's loop would earn 28.98 %
        (15_00, 11_70): {2, 3, 4, 5},  # 19.75 % to 23.87 %: the account's upper end
    }[month.yield_bps, month.rate_bps]

    for loop in month.loops:
        assert (round(measured_a_year(loop) * 100) in ACCOUNTS_RANGE) == (loop.rounds in inside)
        assert (round(simple_net(leverage_of(loop.rounds), month) * 100) in ACCOUNTS_RANGE) == (loop.rounds in inside)


def test_usde__after_thirty_days_of_rewards__is_backed_to_the_unit_besides_undistributed_funding(month: Month) -> None:
    assert month.undistributed > 0
    assert month.usde_supply == (month.backing - month.undistributed) * USDE_PER_UNIT


def test_borrow_rate__that_the_accounts_figures_imply__is_9_8_to_11_7() -> None:
    leverage = leverage_of(5)
    assert float(leverage) == 3.68928
    # Solve L y - (L - 1) r = net for r.
    implied = [(leverage * y - net) / (leverage - 1) for y, net in ((12, 18), (15, 24))]
    assert [round(float(rate), 3) for rate in implied] == [9.769, 11.653]
