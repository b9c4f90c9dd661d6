"""HedgedReserve: spot against a short of the same quantity, funding, and the way of its income to the stakers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor
from typing import Any

import pytest
from eth_utils import keccak

from cascade.chain.local import Contract, address_of

from ..conftest import EventReader, Stage

ADMIN, OPERATOR, MARKET = address_of("reserve-admin"), address_of("operator"), address_of("market")
MINTER, STAKER, OUTSIDER = address_of("minter"), address_of("staker"), address_of("outsider")
USDE, USDC, ETH, E8, WAD = 10**18, 10**6, 10**18, 10**8, 10**18
VALUE_UNIT = 10**20
"""ETH's 18 decimals and the price's 8, less the stable's 6."""

HOURS = 3600
NO_LIMIT = 2**256 - 1
MARKET_CASH, MARKET_ETH = 1_000_000 * USDC, 1_000 * ETH


@dataclass(frozen=True)
class Backing:
    """20,000 USDC minted by a staker and handed to the reserve; ETH at 2,000."""

    stage: Stage
    usde: Contract
    usdc: Contract
    weth: Contract
    feed: Contract
    minting: Contract
    susde: Contract
    reserve: Contract

    def act(self, function: str, *arguments: Any, timestamp: int | None = None) -> Any:
        return self.stage.send(self.reserve, function, *arguments, sender=OPERATOR, timestamp=timestamp)

    def refusal(self, function: str, *arguments: Any, sender: str = OPERATOR) -> str:
        return str(self.stage.refusal(self.reserve, function, *arguments, sender=sender))

    def view(self, function: str, timestamp: int | None = None) -> int:
        return int(self.stage.view(self.reserve, function, timestamp=timestamp))

    def post(self, price_e8: int) -> None:
        self.stage.send(self.feed, "post", price_e8, sender=ADMIN)

    def balances(self, token: Contract, *accounts: Any) -> list[int]:
        return [self.stage.balance(token, account) for account in accounts]


@pytest.fixture
def backing(stage: Stage) -> Backing:
    usde = stage.deploy("USDe", ADMIN)
    usdc, weth = stage.token("USDC", 6), stage.token("WETH", 18)
    feed = stage.deploy("PostedPriceFeed", "ETH / USD", 2_000 * E8, ADMIN)
    minting = stage.deploy("EthenaMinting", usde.address, usdc.address, [], ADMIN, NO_LIMIT, NO_LIMIT)
    susde = stage.deploy("StakedUSDe", usde.address, ADMIN, ADMIN)
    reserve = stage.deploy(
        "HedgedReserve", minting.address, susde.address, weth.address, feed.address, MARKET, OPERATOR
    )
    stage.send(usde, "setMinter", minting.address, sender=ADMIN)
    stage.send(minting, "addCustodianAddress", reserve.address, sender=ADMIN)
    stage.send(minting, "setWhitelistedBenefactors", [STAKER, reserve.address], True, sender=ADMIN)
    stage.send(minting, "grantRole", keccak(text="MINTER_ROLE"), MINTER, sender=ADMIN)
    stage.send(susde, "grantRole", keccak(text="REWARDER_ROLE"), reserve.address, sender=ADMIN)
    stage.fund(usdc, MARKET, MARKET_CASH, spender=reserve)
    stage.fund(weth, MARKET, MARKET_ETH, spender=reserve)
    stage.fund(usdc, STAKER, 20_000 * USDC, spender=minting)
    stage.send(minting, "mint(uint256,address)", 20_000 * USDC, STAKER, sender=STAKER)
    stage.send(usde, "approve", susde.address, NO_LIMIT, sender=STAKER)
    stage.send(minting, "transferToCustody", reserve.address, usdc.address, 20_000 * USDC, sender=MINTER)
    return Backing(stage, usde, usdc, weth, feed, minting, susde, reserve)


# --- Delta neutrality


def test_net_asset_value__ether_falls_ninety_per_cent__is_unmoved(backing: Backing) -> None:
    assert backing.view("netAssetValue") == 20_000 * USDC
    backing.act("open", 10 * ETH)
    assert backing.view("netAssetValue") == 20_000 * USDC

    backing.post(200 * E8)

    assert backing.view("spotValue") == 2_000 * USDC
    assert backing.view("shortProfit") == 18_000 * USDC
    assert backing.view("cash") == 0
    assert backing.view("netAssetValue") == 20_000 * USDC


def test_net_asset_value__ether_triples__is_unmoved_by_a_loss_of_the_short(backing: Backing) -> None:
    backing.act("open", 10 * ETH)
    backing.post(6_000 * E8)
    assert (backing.view("spotValue"), backing.view("shortProfit")) == (60_000 * USDC, -40_000 * USDC)
    assert backing.view("netAssetValue") == 20_000 * USDC


def test_net_asset_value__odd_quantity_and_marks__loses_at_most_a_unit_an_opening_and_one_at_the_mark(
    backing: Backing,
) -> None:
    quantity = 10**18 + 1_234_567_890_123
    backing.act("open", quantity)
    for mark in (1, 3_333_333_333, 199_999_999_999, 987_654_321_098):
        backing.post(mark)
        assert 20_000 * USDC - 2 <= backing.view("netAssetValue") <= 20_000 * USDC


# --- Opening


def test_open__ten_ether__pays_the_market_and_records_the_short(backing: Backing, event: EventReader) -> None:
    receipt = backing.act("open", 10 * ETH)

    assert event(receipt, "HedgeOpened") == {
        "quantity": 10 * ETH,
        "markE8": 2_000 * E8,
        "spotCost": 20_000 * USDC,
        "shortValue": 20_000 * USDC,
    }
    assert backing.balances(backing.usdc, backing.reserve, MARKET) == [0, MARKET_CASH + 20_000 * USDC]
    assert backing.balances(backing.weth, backing.reserve, MARKET) == [10 * ETH, MARKET_ETH - 10 * ETH]
    assert [backing.view(name) for name in ("spotQuantity", "shortQuantity")] == [10 * ETH, 10 * ETH]
    assert (backing.view("shortEntryValue"), backing.view("averageEntryE8")) == (20_000 * USDC, 2_000 * E8)


def test_open__at_two_prices__average_entry_is_weighted(backing: Backing) -> None:
    assert backing.view("averageEntryE8") == 0
    backing.act("open", 3 * ETH)
    backing.post(3_000 * E8)
    backing.act("open", 1 * ETH)
    assert backing.view("averageEntryE8") == (3 * 2_000 + 3_000) * E8 // 4


def test_open__odd_quantity__spot_costs_the_unit_above_and_the_short_stands_at_the_unit_below(
    backing: Backing, event: EventReader
) -> None:
    quantity, mark = 1_000_000_000_000_001, 199_999_999_999
    backing.post(mark)

    opened = event(backing.act("open", quantity), "HedgeOpened")

    exact = Fraction(quantity * mark, VALUE_UNIT)
    assert exact.denominator != 1
    assert (opened["spotCost"], opened["shortValue"]) == (ceil(exact), floor(exact))
    assert backing.balances(backing.usdc, backing.reserve) == [20_000 * USDC - ceil(exact)]


def test_open__a_unit_more_than_the_cash_pays__reverts_and_the_cash_works(backing: Backing) -> None:
    reason = backing.refusal("open", 10 * ETH + 1)
    assert reason == f"InsufficientCash({20_000 * USDC + 1}, {20_000 * USDC})"
    backing.act("open", 10 * ETH)


@pytest.mark.parametrize("answer", [0, -1])
def test_open__feed_without_a_price__reverts(backing: Backing, answer: int) -> None:
    backing.post(answer)
    assert backing.refusal("open", ETH) == f"PriceNotAvailable({answer})"


def test_hedge__ether_that_came_as_collateral__is_sold_short(backing: Backing, event: EventReader) -> None:
    assert backing.refusal("hedge") == "InvalidAmount"
    backing.act("open", 4 * ETH)
    backing.stage.send(backing.weth, "mint", backing.reserve.address, 5 * ETH)

    receipt = backing.act("hedge")

    assert event(receipt, "HedgeOpened") == {
        "quantity": 5 * ETH,
        "markE8": 2_000 * E8,
        "spotCost": 0,
        "shortValue": 10_000 * USDC,
    }
    assert [backing.view(name) for name in ("spotQuantity", "shortQuantity")] == [9 * ETH, 9 * ETH]
    assert backing.view("netAssetValue") == 30_000 * USDC
    backing.post(200 * E8)
    assert backing.view("netAssetValue") == 30_000 * USDC


# --- Closing


@pytest.mark.parametrize(("mark_e8", "spot", "profit"), [(200 * E8, 800, 7_200), (5_000 * E8, 20_000, -12_000)])
def test_close__at_any_price__returns_what_the_short_was_opened_at(
    backing: Backing, event: EventReader, mark_e8: int, spot: int, profit: int
) -> None:
    backing.act("open", 10 * ETH)
    backing.post(mark_e8)

    receipt = backing.act("close", 4 * ETH)

    assert event(receipt, "HedgeClosed") == {
        "quantity": 4 * ETH,
        "markE8": mark_e8,
        "spotProceeds": spot * USDC,
        "shortProfit": profit * USDC,
    }
    assert backing.balances(backing.usdc, backing.reserve, MARKET) == [8_000 * USDC, MARKET_CASH + 12_000 * USDC]
    assert backing.balances(backing.weth, backing.reserve, MARKET) == [6 * ETH, MARKET_ETH - 6 * ETH]
    assert (backing.view("shortQuantity"), backing.view("shortEntryValue")) == (6 * ETH, 12_000 * USDC)
    assert backing.view("netAssetValue") == 20_000 * USDC


def test_close__odd_part__rounds_entry_and_proceeds_down_and_the_cover_up(backing: Backing, event: EventReader) -> None:
    backing.act("open", 3 * ETH)
    mark, part = 199_999_999_999, 10**18 + 1
    backing.post(mark)

    closed = event(backing.act("close", part), "HedgeClosed")

    exact = Fraction(part * mark, VALUE_UNIT)
    entry = floor(Fraction(6_000 * USDC * part, 3 * ETH))
    assert exact.denominator != 1
    assert (closed["spotProceeds"], closed["shortProfit"]) == (floor(exact), entry - ceil(exact))


def test_close__more_than_is_open__reverts_and_all_works(backing: Backing) -> None:
    backing.act("open", 10 * ETH)
    assert backing.refusal("close", 10 * ETH + 1) == f"ExceedsPosition({10 * ETH + 1}, {10 * ETH})"
    backing.act("close", 10 * ETH)
    assert [backing.view(name) for name in ("spotQuantity", "shortQuantity", "shortEntryValue")] == [0, 0, 0]
    assert backing.view("cash") == 20_000 * USDC


def test_close__loss_of_one_unit__is_paid_from_cash(backing: Backing) -> None:
    backing.act("open", 5 * ETH)
    backing.act("close", 1)
    assert backing.view("cash") == 10_000 * USDC - 1


def test_open_and_close__zero__revert(backing: Backing) -> None:
    assert backing.refusal("open", 0) == "InvalidAmount"
    assert backing.refusal("close", 0) == "InvalidAmount"


def test_redemption__of_hedged_usde__is_paid_after_closing_and_refilling(backing: Backing, event: EventReader) -> None:
    backing.act("open", 10 * ETH)
    backing.post(200 * E8)
    backing.stage.send(backing.usde, "approve", backing.minting.address, NO_LIMIT, sender=STAKER)
    redeem = (backing.minting, "redeem(uint256,address)", 5_000 * USDE, STAKER)
    assert backing.stage.refusal(*redeem, sender=STAKER) == f"InsufficientBuffer({5_000 * USDC}, 0)"

    backing.act("close", 10 * ETH * 5_000 // 20_000)
    receipt = backing.act("refillBuffer", 5_000 * USDC)

    assert event(receipt, "BufferRefilled") == {"amount": 5_000 * USDC}
    assert backing.balances(backing.usdc, backing.reserve, backing.minting) == [0, 5_000 * USDC]
    backing.stage.send(*redeem, sender=STAKER)
    assert backing.balances(backing.usdc, STAKER, backing.minting) == [5_000 * USDC, 0]
    assert backing.view("netAssetValue") == 15_000 * USDC
    assert backing.stage.view(backing.usde, "totalSupply") == 15_000 * USDE


def test_refill_buffer__more_than_the_cash__reverts(backing: Backing) -> None:
    reason = backing.refusal("refillBuffer", 20_000 * USDC + 1)
    assert reason == f"InsufficientCash({20_000 * USDC + 1}, {20_000 * USDC})"


# --- Funding


@pytest.mark.parametrize("rate_wad", [WAD * 11 // 100_000, -WAD * 11 // 100_000, 333, -333])
def test_funding__either_sign__accrues_by_the_second_rounded_down_and_settles_in_cash(
    backing: Backing, event: EventReader, rate_wad: int
) -> None:
    backing.act("open", 5 * ETH)
    receipt = backing.act("setFundingRate", rate_wad)
    assert event(receipt, "FundingRateSet") == {"rateWad": rate_wad}
    start = backing.stage.chain.timestamp
    for elapsed in (0, 1, 3_601, 8 * HOURS):
        due = floor(Fraction(10_000 * USDC * rate_wad * elapsed, WAD * 8 * HOURS))
        assert backing.view("fundingAccrued", timestamp=start + elapsed) == due
        assert backing.view("netAssetValue", timestamp=start + elapsed) == 20_000 * USDC + due

    receipt = backing.act("settleFunding", timestamp=start + 8 * HOURS)

    assert event(receipt, "FundingSettled") == {"amount": due}
    assert backing.balances(backing.usdc, backing.reserve, MARKET) == [
        10_000 * USDC + due,
        MARKET_CASH + 10_000 * USDC - due,
    ]
    assert (backing.view("undistributedFunding"), backing.view("fundingAccrued")) == (due, 0)


def test_funding__rate_and_size_change__each_stretch_keeps_its_own(backing: Backing) -> None:
    backing.act("open", 5 * ETH)
    backing.act("setFundingRate", WAD // 1_000)
    start = backing.stage.chain.timestamp
    backing.act("setFundingRate", -WAD // 1_000, timestamp=start + 8 * HOURS)
    backing.act("close", 4 * ETH, timestamp=start + 16 * HOURS)

    accrued = backing.view("fundingAccrued", timestamp=start + 24 * HOURS)

    assert accrued == (10 - 10 - 2) * USDC


def test_funding__owed_more_than_the_cash__reverts(backing: Backing) -> None:
    backing.act("open", 10 * ETH)
    backing.act("setFundingRate", -WAD // 1_000)
    late = backing.stage.chain.timestamp + 8 * HOURS
    receipt = backing.stage.attempt(backing.reserve, "settleFunding", sender=OPERATOR, timestamp=late)
    assert receipt.revert_reason == f"InsufficientCash({20 * USDC}, 0)"


# --- Distribution


def earn(backing: Backing) -> int:
    """Stake all, hedge all, and settle 20 USDC of funding; when."""
    backing.stage.send(backing.susde, "deposit", 20_000 * USDE, STAKER, sender=STAKER)
    backing.act("open", 10 * ETH)
    backing.act("setFundingRate", WAD // 1_000)
    when = int(backing.stage.chain.timestamp) + 8 * HOURS
    backing.act("settleFunding", timestamp=when)
    return when


def test_distribute__settled_funding__is_minted_backed_and_vests_to_the_stakers(
    backing: Backing, event: EventReader
) -> None:
    earn(backing)

    receipt = backing.act("distribute", 20 * USDC)

    assert event(receipt, "FundingDistributed") == {"collateralAmount": 20 * USDC, "usdeAmount": 20 * USDE}
    assert event(receipt, "Mint")["benefactor"] == backing.reserve.address
    assert event(receipt, "RewardsReceived") == {"amount": 20 * USDE}
    assert backing.balances(backing.usdc, backing.reserve, backing.minting, MARKET) == [
        0,
        20 * USDC,
        MARKET_CASH + 19_980 * USDC,
    ]
    assert backing.balances(backing.usde, backing.reserve, backing.susde) == [0, 20_020 * USDE]
    assert backing.view("undistributedFunding") == 0
    vested = backing.stage.chain.timestamp + 8 * HOURS
    assert backing.stage.view(backing.susde, "totalAssets", timestamp=vested) == 20_020 * USDE
    # Every USDe is backed: by the reserve's value and by the minting contract's buffer.
    assert backing.view("netAssetValue", timestamp=backing.stage.chain.timestamp) >= 20_000 * USDC
    assert backing.stage.view(backing.usde, "totalSupply") == 20_020 * USDE


def test_distribute__with_a_minting_fee__stakers_get_the_rest(backing: Backing) -> None:
    earn(backing)
    backing.stage.send(backing.minting, "setFees", 10, 10, sender=ADMIN)

    backing.act("distribute", 20 * USDC)

    assert backing.balances(backing.usde, backing.reserve, backing.susde) == [
        0,
        20_000 * USDE + 20 * USDE * 999 // 1_000,
    ]
    assert backing.balances(backing.usdc, backing.minting) == [20 * USDC]


def test_distribute__more_than_the_income__reverts_though_there_is_cash(backing: Backing) -> None:
    earn(backing)
    backing.act("close", 5 * ETH)
    assert backing.view("cash") > 10_000 * USDC
    assert backing.refusal("distribute", 20 * USDC + 1) == f"ExceedsFundingIncome({20 * USDC + 1}, {20 * USDC})"
    backing.act("distribute", 20 * USDC)
    assert backing.refusal("distribute", 1) == "ExceedsFundingIncome(1, 0)"


def test_distribute__income_spent_on_a_hedge__reverts(backing: Backing) -> None:
    earn(backing)
    backing.act("open", 5 * ETH // 1_000)
    assert backing.refusal("distribute", 20 * USDC) == f"InsufficientCash({20 * USDC}, {10 * USDC})"


# --- Owner


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("open", (1,)),
        ("hedge", ()),
        ("close", (1,)),
        ("refillBuffer", (1,)),
        ("setFundingRate", (1,)),
        ("settleFunding", ()),
        ("distribute", (1,)),
    ],
)
def test_actions__anyone_else__revert(backing: Backing, function: str, arguments: tuple[int, ...]) -> None:
    assert backing.refusal(function, *arguments, sender=OUTSIDER).startswith("OwnableUnauthorizedAccount")


@pytest.mark.parametrize(("rate_wad", "accrued"), [(1, 0), (-1, -1), (0, 0)])
def test_funding__smallest_rate__is_rounded_against_the_reserve(backing: Backing, rate_wad: int, accrued: int) -> None:
    backing.act("open", 10 * ETH)
    backing.act("setFundingRate", rate_wad)
    start = backing.stage.chain.timestamp
    # 20,000 dollars at 1e-18 for eight hours are 2e-8 of a unit.
    assert backing.view("fundingAccrued", timestamp=start + 8 * HOURS) == accrued


def test_average_entry__quantity_that_does_not_divide__is_rounded_down(backing: Backing) -> None:
    assert backing.view("averageEntryE8") == 0
    backing.act("open", 3 * ETH)
    backing.post(1_000 * E8)
    backing.act("open", 4 * ETH)
    # 6,000 and 4,000 for seven.
    assert backing.view("averageEntryE8") == 10_000 * E8 // 7


def test_funding__rate_without_a_short_and_a_short_without_a_rate__needs_no_price(backing: Backing) -> None:
    backing.post(0)
    backing.act("setFundingRate", WAD // 100)
    start = backing.stage.chain.timestamp
    assert backing.view("fundingAccrued", timestamp=start + 8 * HOURS) == 0
    backing.act("setFundingRate", 0)
    backing.post(2_000 * E8)
    backing.act("open", ETH)
    backing.post(0)
    assert backing.view("fundingAccrued", timestamp=start + 16 * HOURS) == 0
