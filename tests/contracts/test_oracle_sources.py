"""Oracle sources: each design's answer in closed form, at its edges, alone and on top of each other."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import pytest

from cascade.chain.local import Contract, Transaction, address_of
from cascade.errors import RevertedCall

from ..conftest import EventReader, LendingWorld, Stage

POSTER, KEEPER, LP, TRADER = (address_of(n) for n in ("poster", "keeper", "liquidity-provider", "trader"))
STRANGER = address_of("stranger")
STABLE_SWAP, CONSTANT_PRODUCT, HOLD = 1, 2, 0
UINT128_MAX, INT128_MAX, INT192_MAX = 2**128 - 1, 2**127 - 1, 2**191 - 1
DOLLAR, YEAR = 10**8, 365 * 86_400

Call = tuple[Contract, str, tuple[Any, ...]]


@pytest.fixture
def posted(stage: Stage) -> Contract:
    return stage.deploy("PostedPriceFeed", "USDT / USD", DOLLAR, POSTER)


def post(stage: Stage, feed: Contract, answer: int, *, timestamp: int | None = None) -> None:
    stage.send(feed, "post", answer, sender=POSTER, timestamp=timestamp)


def poke(stage: Stage, feed: Contract, *, timestamp: int | None = None) -> Any:
    return stage.send(feed, "poke", sender=KEEPER, timestamp=timestamp)


def answer(stage: Stage, feed: Contract, *, timestamp: int | None = None) -> int:
    return int(stage.view(feed, "latestAnswer", timestamp=timestamp))


def one_block(stage: Stage, calls: Iterable[Call], *, timestamp: int | None = None) -> Any:
    """Several calls in one block, in this order; the feed's poster makes them all, so that nonces keep it."""
    stage.chain.fund([POSTER])
    transactions = [
        Transaction(POSTER, contract.address, contract.encode(name, *arguments), 1_000_000)
        for contract, name, arguments in calls
    ]
    block = stage.chain.mine(transactions, timestamp=timestamp or stage.chain.timestamp + 1)
    assert all(receipt.ok for receipt in block.receipts)
    return block


def post_and_poke(stage: Stage, source: Any, feed: Contract, value: int, *, timestamp: int | None = None) -> int:
    """In one block, whose number is returned."""
    block = one_block(stage, [(source, "post", (value,)), (feed, "poke", ())], timestamp=timestamp)
    return int(block.number)


# ---- what all share


def test_derived_feed__chainlinks_shape__one_round_and_eight_decimals(stage: Stage, posted: Contract) -> None:
    feed = stage.deploy("PeggedFeed", posted.address)
    updated = stage.view(posted, "latestTimestamp")

    assert stage.view(feed, "latestRoundData") == stage.view(feed, "getRoundData", 1)
    assert stage.view(feed, "latestRoundData") == (1, DOLLAR, updated, updated, 1)
    assert [stage.view(feed, name) for name in ("decimals", "version", "latestRound")] == [8, 1, 1]
    assert stage.view(feed, "description") == "USDT / USD, pegged"
    for unknown in (0, 2):
        with pytest.raises(RevertedCall, match=rf"NoDataPresent\({unknown}\)"):
            stage.view(feed, "getRoundData", unknown)


@pytest.mark.parametrize(
    ("name", "rest"),
    [
        ("PeggedFeed", ()),
        ("CappedFeed", (1,)),
        ("TimeWeightedFeed", (60, 2)),
        ("DelayedFeed", (1,)),
        ("FreshnessGuard", (60,)),
    ],
)
def test_derived_feed__source_of_other_decimals__is_refused(
    stage: Stage, posted: Contract, name: str, rest: tuple[int, ...]
) -> None:
    stage.deploy(name, posted.address, *rest)
    other = stage.deploy("FaultyFeed", 18)
    with pytest.raises(RevertedCall, match=r"UnsupportedDecimals\(.*, 18\)"):
        stage.deploy(name, other.address, *rest)


# ---- AMM spot


class Curve:
    def __init__(self, stage: Stage, deposit: tuple[int, int] = (10_000_000, 10_000_000)) -> None:
        self.usdc, self.usde = stage.token("USDC", 6), stage.token("USDe", 18)
        self.pool = stage.deploy(
            "StableSwapPool",
            "LP",
            "LP",
            [self.usdc.address, self.usde.address],
            200,
            10**6,
            5 * 10**10,
            10**10,
            LP,
        )
        for account in (LP, TRADER):
            stage.fund(self.usdc, account, 10**15, spender=self.pool)
            stage.fund(self.usde, account, 10**27, spender=self.pool)
        if any(deposit):
            stage.send(self.pool, "add_liquidity", [deposit[0] * 10**6, deposit[1] * 10**18], 0, sender=LP)

    def feed(self, stage: Stage, quote_feed: Contract) -> Any:
        return stage.deploy(
            "AmmSpotFeed", self.pool.address, STABLE_SWAP, self.usde.address, self.usdc.address, quote_feed.address
        )


class Pair:
    """WETH and USDC in amounts that do not divide."""

    reserves = (5_000 * 10**18 + 1, 10_000_007 * 10**6 + 3)

    def __init__(self, stage: Stage) -> None:
        self.weth, self.usdc = stage.token("WETH", 18), stage.token("USDC", 6)
        self.pair = stage.deploy("ConstantProductPair", self.weth.address, self.usdc.address)
        stage.send(self.weth, "mint", self.pair.address, self.reserves[0])
        stage.send(self.usdc, "mint", self.pair.address, self.reserves[1])
        stage.send(self.pair, "mint", LP)


def test_amm_spot__stable_pool__its_price_times_the_quote(stage: Stage, posted: Contract) -> None:
    curve = Curve(stage)
    feed = curve.feed(stage, posted)
    post(stage, posted, 99_950_000)
    assert answer(stage, feed) == 99_950_000

    # The published price after this sale, with the fee paid out of the pool.
    stage.send(curve.pool, "exchange", 1, 0, 9_000_000 * 10**18, 0, sender=TRADER)

    price = Decimal(answer(stage, feed)) / 99_950_000
    assert round(price, 6) == Decimal("0.849613")
    assert stage.view(feed, "description") == "USDe / USD, AMM spot"
    assert stage.view(feed, "latestTimestamp") == stage.chain.timestamp


def test_amm_spot__pair__reserve_ratio_in_whole_tokens_either_way(stage: Stage, posted: Contract) -> None:
    market = Pair(stage)
    weth, usdc = market.reserves
    quote = 100_030_000
    post(stage, posted, quote)
    arguments = (market.pair.address, CONSTANT_PRODUCT)
    of_weth = stage.deploy("AmmSpotFeed", *arguments, market.weth.address, market.usdc.address, posted.address)
    assert answer(stage, of_weth) == usdc * 10**18 * quote // (weth * 10**6)

    ether = stage.deploy("PostedPriceFeed", "ETH / USD", 1_999_87_654_321, POSTER)
    of_usdc = stage.deploy("AmmSpotFeed", *arguments, market.usdc.address, market.weth.address, ether.address)
    assert answer(stage, of_usdc) == weth * 10**6 * 1_999_87_654_321 // (usdc * 10**18)


@pytest.mark.parametrize("quote", [0, -1, -(10**8)])
def test_amm_spot__quote_without_a_price__passes_through(stage: Stage, posted: Contract, quote: int) -> None:
    feed = Curve(stage).feed(stage, posted)
    post(stage, posted, quote)
    assert answer(stage, feed) == quote


def test_amm_spot__no_reserves__answers_zero_and_can_be_poked_through(
    stage: Stage, posted: Contract, event: EventReader
) -> None:
    curve = Curve(stage, (0, 0))
    feed = curve.feed(stage, posted)
    pair = stage.deploy("ConstantProductPair", curve.usdc.address, curve.usde.address)
    of_pair = stage.deploy(
        "AmmSpotFeed", pair.address, CONSTANT_PRODUCT, curve.usde.address, curve.usdc.address, posted.address
    )
    assert (answer(stage, feed), answer(stage, of_pair)) == (0, 0)
    averaged = stage.deploy("TimeWeightedFeed", feed.address, 60, 10)
    assert event(poke(stage, averaged), "Observed")["answer"] == 0


def test_amm_spot__what_the_venue_does_not_trade__is_refused(stage: Stage, posted: Contract) -> None:
    curve, market = Curve(stage), Pair(stage)
    curve.feed(stage, posted)
    usdc, usde, feed = curve.usdc.address, curve.usde.address, posted.address
    with pytest.raises(RevertedCall, match="VenueDoesNotTrade"):  # the pool's price is that of its second coin
        stage.deploy("AmmSpotFeed", curve.pool.address, STABLE_SWAP, usdc, usde, feed)
    with pytest.raises(RevertedCall, match="VenueDoesNotTrade"):
        stage.deploy("AmmSpotFeed", market.pair.address, CONSTANT_PRODUCT, market.weth.address, usde, feed)
    with pytest.raises(RevertedCall, match=r"NotAnAmm\(0\)"):
        stage.deploy("AmmSpotFeed", curve.pool.address, HOLD, usde, usdc, feed)


# ---- time-weighted


def averaged_over(stage: Stage, source: Any, window: int, capacity: int = 1_000) -> Any:
    return stage.deploy("TimeWeightedFeed", source.address, window, capacity)


def test_time_weighted__three_observations__closed_form_and_both_sides_of_the_window(
    stage: Stage, posted: Contract
) -> None:
    feed = averaged_over(stage, posted, 60)
    assert (answer(stage, feed), stage.view(feed, "latestTimestamp")) == (0, 0)
    start = stage.chain.timestamp + 100

    def at(second: int) -> int:
        return answer(stage, feed, timestamp=start + second)

    post_and_poke(stage, posted, feed, 100_000_000, timestamp=start)
    assert (at(0), at(1), at(39)) == (100_000_000,) * 3
    post_and_poke(stage, posted, feed, 90_000_000, timestamp=start + 40)
    assert at(40) == 100_000_000  # the new answer has held for no time yet
    assert at(50) == (40 * 100_000_000 + 10 * 90_000_000) // 50  # younger than the window: since the first
    assert at(59) == (40 * 100_000_000 + 19 * 90_000_000) // 59
    assert at(60) == (40 * 100_000_000 + 20 * 90_000_000) // 60
    assert at(61) == (39 * 100_000_000 + 21 * 90_000_000) // 60
    assert at(99) == (1 * 100_000_000 + 59 * 90_000_000) // 60
    post_and_poke(stage, posted, feed, 70_000_000, timestamp=start + 100)
    assert at(100) == 90_000_000
    assert at(101) == (59 * 90_000_000 + 1 * 70_000_000) // 60
    assert at(130) == 80_000_000
    assert at(159) == (1 * 90_000_000 + 59 * 70_000_000) // 60
    assert at(160) == at(161) == at(10_000) == 70_000_000
    assert stage.view(feed, "latestTimestamp") == start + 100
    assert stage.view(feed, "observations") == 3


def test_time_weighted__second_poke_of_a_block__does_not_count(stage: Stage, posted: Contract) -> None:
    feed = averaged_over(stage, posted, 60)
    start = stage.chain.timestamp + 100

    block = one_block(stage, [(feed, "poke", ()), (posted, "post", (1,)), (feed, "poke", ())], timestamp=start)

    observed = [log.arguments for receipt in block.receipts for log in receipt.logs if log.event == "Observed"]
    assert observed == [{"answer": DOLLAR, "timestamp": start}]
    assert answer(stage, feed, timestamp=start + 30) == DOLLAR
    assert stage.view(feed, "observations") == 1
    poke(stage, feed, timestamp=start + 30)
    assert answer(stage, feed, timestamp=start + 60) == (30 * DOLLAR + 30 * 1) // 60


def test_time_weighted__ring_that_is_full__mean_since_the_oldest_kept(stage: Stage, posted: Contract) -> None:
    feed = averaged_over(stage, posted, 1_000, capacity=3)
    start = stage.chain.timestamp + 100
    prices = [100_000_000, 99_000_000, 97_000_000, 94_000_000, 90_000_000]
    for k, price in enumerate(prices):
        post_and_poke(stage, posted, feed, price, timestamp=start + 10 * k)

    kept = 10 * 97_000_000 + 10 * 94_000_000 + 7 * 90_000_000
    assert answer(stage, feed, timestamp=start + 47) == kept // 27


def test_time_weighted__full_ring_that_holds_the_window__is_the_window(stage: Stage, posted: Contract) -> None:
    feed = averaged_over(stage, posted, 36, capacity=4)
    start = stage.chain.timestamp + 100
    prices = [100_000_000 - 1_234_567 * k for k in range(9)]
    for k, price in enumerate(prices):
        post_and_poke(stage, posted, feed, price, timestamp=start + 12 * k)
        if k >= 3:
            assert answer(stage, feed) == sum(12 * prices[k - j] for j in (1, 2, 3)) // 36


def test_time_weighted__room_for_one__is_the_last_observation(stage: Stage, posted: Contract) -> None:
    feed = averaged_over(stage, posted, 60, capacity=1)
    for price in (90_000_000, 80_000_000):
        post_and_poke(stage, posted, feed, price)
        assert answer(stage, feed) == answer(stage, feed, timestamp=stage.chain.timestamp + 5) == price


@pytest.mark.parametrize(
    ("value", "counted"), [(0, 0), (-1, 0), (-INT192_MAX - 1, 0), (INT192_MAX, UINT128_MAX), (UINT128_MAX, UINT128_MAX)]
)
def test_time_weighted__answers_that_are_no_price__are_held_within_bounds(
    stage: Stage, posted: Contract, event: EventReader, value: int, counted: int
) -> None:
    feed = averaged_over(stage, posted, 60)
    start = stage.chain.timestamp + 100
    poke(stage, feed, timestamp=start)
    post(stage, posted, value, timestamp=start + 29)

    receipt = poke(stage, feed, timestamp=start + 30)

    assert event(receipt, "Observed") == {"answer": counted, "timestamp": start + 30}
    assert answer(stage, feed, timestamp=start + 60) == (30 * DOLLAR + 30 * counted) // 60
    assert answer(stage, feed, timestamp=start + 10**9) == counted


def test_time_weighted__empty_window_or_ring__is_refused(stage: Stage, posted: Contract) -> None:
    averaged_over(stage, posted, 1, 1)
    for window, capacity in ((0, 5), (60, 0)):
        with pytest.raises(RevertedCall, match=rf"EmptyWindow\({window}, {capacity}\)"):
            averaged_over(stage, posted, window, capacity)


# ---- delayed


def test_delayed__three_blocks__answers_from_exactly_then(stage: Stage, posted: Contract) -> None:
    feed = stage.deploy("DelayedFeed", posted.address, 3)
    assert (answer(stage, feed), stage.view(feed, "latestTimestamp")) == (0, 0)
    prices = [100_000_000 - 1_000_000 * k for k in range(7)]
    answers = []
    for price in prices:
        post_and_poke(stage, posted, feed, price)
        answers.append(answer(stage, feed))

    assert answers == [prices[0]] * 4 + prices[1:4]
    assert stage.view(feed, "latestTimestamp") == stage.chain.timestamp - 3


def test_delayed__observations_with_gaps__answers_the_last_old_enough(stage: Stage, posted: Contract) -> None:
    feed = stage.deploy("DelayedFeed", posted.address, 10)
    made: list[tuple[int, int]] = []
    for k, gap in enumerate((1, 4, 1, 13, 2, 2, 30, 1)):
        for _ in range(gap - 1):
            post(stage, posted, 1)
        number = post_and_poke(stage, posted, feed, 100_000_000 - k)
        made.append((number, 100_000_000 - k))
        old_enough = [value for made_in, value in made if made_in <= number - 10]
        assert answer(stage, feed) == (old_enough[-1] if old_enough else made[0][1])
    for _ in range(12):
        post(stage, posted, 1)
    assert answer(stage, feed) == made[-1][1]


def test_delayed__no_delay__is_the_last_observation(stage: Stage, posted: Contract) -> None:
    feed = stage.deploy("DelayedFeed", posted.address, 0)
    for value in (5, 7):
        post_and_poke(stage, posted, feed, value)
        assert answer(stage, feed) == value
    post(stage, posted, 9)
    assert answer(stage, feed) == 7


@pytest.mark.parametrize(
    ("value", "kept"),
    [(0, 0), (-5, -5), (INT192_MAX, INT128_MAX), (-INT192_MAX - 1, -INT128_MAX - 1), (INT128_MAX, INT128_MAX)],
)
def test_delayed__answers_that_are_no_price__pass_through(
    stage: Stage, posted: Contract, event: EventReader, value: int, kept: int
) -> None:
    feed = stage.deploy("DelayedFeed", posted.address, 0)
    post(stage, posted, value)
    assert event(poke(stage, feed), "Observed") == {"answer": kept, "timestamp": stage.chain.timestamp}
    assert answer(stage, feed) == kept


def test_delayed__second_poke_of_a_block__does_not_count(stage: Stage, posted: Contract) -> None:
    feed = stage.deploy("DelayedFeed", posted.address, 0)
    block = one_block(stage, [(feed, "poke", ()), (posted, "post", (1,)), (feed, "poke", ())])
    assert [log.event for receipt in block.receipts for log in receipt.logs] == ["Observed", "AnswerUpdated"]
    assert answer(stage, feed) == DOLLAR


def test_delayed__delay_beyond_all_blocks__is_the_first_observation(stage: Stage, posted: Contract) -> None:
    feed = stage.deploy("DelayedFeed", posted.address, 2**256 - 1)
    for value in (5, 7, 9):
        post_and_poke(stage, posted, feed, value)
    assert answer(stage, feed) == 5


# ---- forwarded and capped


@pytest.mark.parametrize("value", [65_670_000, DOLLAR, 0, -3])
def test_pegged__any_answer__is_the_sources_with_its_time(stage: Stage, posted: Contract, value: int) -> None:
    feed = stage.deploy("PeggedFeed", posted.address)
    post(stage, posted, value)
    updated = stage.chain.timestamp
    post(stage, stage.deploy("PostedPriceFeed", "other", 1, POSTER), 2)
    assert (answer(stage, feed), stage.view(feed, "latestTimestamp")) == (value, updated)
    assert stage.view(feed, "source") == posted.address


@pytest.mark.parametrize(
    ("value", "answered", "capped"),
    [
        (103_999_999, 103_999_999, False),
        (104_000_000, 104_000_000, False),
        (104_000_001, 104_000_000, True),
        (65_670_000, 65_670_000, False),
        (0, 0, False),
        (-3, -3, False),
    ],
)
def test_capped__either_side_of_the_cap__on_the_way_up_only(
    stage: Stage, posted: Contract, value: int, answered: int, capped: bool
) -> None:
    feed = stage.deploy("CappedFeed", posted.address, 104_000_000)
    post(stage, posted, value)
    assert (answer(stage, feed), stage.view(feed, "isCapped")) == (answered, capped)
    assert stage.view(feed, "latestTimestamp") == stage.view(posted, "latestTimestamp")


@pytest.mark.parametrize("cap", [0, -1])
def test_capped__cap_not_positive__is_refused(stage: Stage, posted: Contract, cap: int) -> None:
    stage.deploy("CappedFeed", posted.address, 1)
    with pytest.raises(RevertedCall, match=rf"CapNotPositive\({cap}\)"):
        stage.deploy("CappedFeed", posted.address, cap)


# ---- vault rate


class Vault:
    """A vault of one depositor, whose ratio donations raise."""

    def __init__(self, stage: Stage, decimals: int) -> None:
        self.stage = stage
        self.unit = int(10**decimals)
        self.asset = stage.token("USDe", decimals)
        self.vault = stage.deploy("DonationVault", self.asset.address)
        stage.fund(self.asset, LP, 1_000_000 * self.unit, spender=self.vault)
        stage.send(self.vault, "deposit", 1_000_000 * self.unit, LP, sender=LP)
        self.assets = self.shares = 1_000_000 * self.unit

    def donate(self, amount: int) -> None:
        self.stage.send(self.asset, "mint", self.vault.address, amount)
        self.assets += amount

    def ratio_wad(self) -> int:
        """One share in assets, with the vault's one virtual unit of each."""
        return self.unit * (self.assets + 1) // (self.shares + 1) * 10**18 // self.unit


@pytest.mark.parametrize("decimals", [18, 6])
def test_vault_rate__no_cap__ratio_times_the_assets_feed(stage: Stage, posted: Contract, decimals: int) -> None:
    vault = Vault(stage, decimals)
    feed = stage.deploy("VaultRateFeed", vault.vault.address, posted.address, 0, 0, 0)
    vault.donate(187_654 * vault.unit + 321)
    post(stage, posted, 99_876_543)

    assert Decimal("1.18") < Decimal(vault.ratio_wad()) / 10**18 < Decimal("1.19")
    assert stage.view(feed, "ratioWad") == vault.ratio_wad()
    assert answer(stage, feed) == vault.ratio_wad() * 99_876_543 // 10**18
    assert (stage.view(feed, "maxRatioWad"), stage.view(feed, "isCapped")) == (2**256 - 1, False)
    assert stage.view(feed, "latestTimestamp") == stage.view(posted, "latestTimestamp")


def test_vault_rate__growth_cap__snapshot_plus_growth_since_on_the_way_up_only(stage: Stage, posted: Contract) -> None:
    vault = Vault(stage, 18)
    snapshot, ratio, growth_bps = stage.chain.timestamp - 30 * 86_400, 1_010_000_000_000_000_000, 12_00
    feed = stage.deploy("VaultRateFeed", vault.vault.address, posted.address, ratio, snapshot, growth_bps)

    def ceiling(timestamp: int) -> int:
        return ratio + ratio * growth_bps * (timestamp - snapshot) // (10_000 * YEAR)

    assert (answer(stage, feed), stage.view(feed, "isCapped")) == (DOLLAR, False)
    vault.donate(100_000 * vault.unit)
    now = stage.chain.timestamp
    for later in (now, now + 1, now + 100 * 86_400):
        assert stage.view(feed, "maxRatioWad", timestamp=later) == ceiling(later) < vault.ratio_wad()
        assert answer(stage, feed, timestamp=later) == ceiling(later) * DOLLAR // 10**18
        assert stage.view(feed, "isCapped", timestamp=later)
    # Ten percent of growth above the snapshot's 1.01 are reached after 272 days.
    reached = snapshot + 272 * 86_400
    assert ceiling(reached) > vault.ratio_wad()
    assert answer(stage, feed, timestamp=reached) == vault.ratio_wad() * DOLLAR // 10**18
    assert not stage.view(feed, "isCapped", timestamp=reached)


def test_vault_rate__snapshot_without_growth__caps_at_the_snapshot(stage: Stage, posted: Contract) -> None:
    vault = Vault(stage, 18)
    vault.donate(500_000 * vault.unit)
    feed = stage.deploy("VaultRateFeed", vault.vault.address, posted.address, 12 * 10**17, 0, 0)
    assert answer(stage, feed) == 120_000_000


def test_vault_rate__rate_token_of_other_decimals__is_its_stated_rate_under_the_cap(
    stage: Stage, posted: Contract
) -> None:
    asset = stage.token("asset", 8)
    token = stage.deploy("MockRateToken", "r", "r", 6, asset.address, 1_228_930_000_000_000_000)
    snapshot, ratio, growth_bps = stage.chain.timestamp - 7 * 86_400, 1_191_900_000_000_000_000, 8_75
    capped = stage.deploy("VaultRateFeed", token.address, posted.address, ratio, snapshot, growth_bps)
    plain = stage.deploy("VaultRateFeed", token.address, posted.address, 0, 0, 0)

    # 1.5 tokens of 6 decimals are 1.5 * 1.22893 of 8 decimals, rounded down.
    assert stage.view(token, "convertToAssets", 1_500_001) == 184_339_622
    assert (stage.view(token, "asset"), stage.view(plain, "ratioWad")) == (asset.address, 1_228_930_000_000_000_000)
    assert answer(stage, plain) == 122_893_000
    # Seven days of 8.75 % per year on 1.1919: 1.1919 * (1 + 0.0875 * 7 / 365) = 1.1939001061.
    assert answer(stage, capped, timestamp=snapshot + 7 * 86_400) == 119_390_010


@pytest.mark.parametrize("value", [0, -7])
def test_vault_rate__asset_without_a_price__passes_through(stage: Stage, posted: Contract, value: int) -> None:
    feed = stage.deploy("VaultRateFeed", Vault(stage, 18).vault.address, posted.address, 0, 0, 0)
    post(stage, posted, value)
    assert answer(stage, feed) == value


def test_vault_rate__snapshots_that_cannot_be__are_refused(stage: Stage, posted: Contract) -> None:
    vault = Vault(stage, 18).vault.address
    stage.deploy("VaultRateFeed", vault, posted.address, 1, stage.chain.timestamp, 0)
    with pytest.raises(RevertedCall, match="SnapshotRatioIsZero"):
        stage.deploy("VaultRateFeed", vault, posted.address, 0, 0, 1)
    future = stage.chain.timestamp + 10
    with pytest.raises(RevertedCall, match=rf"InvalidRatioTimestamp\({future}\)"):
        stage.deploy("VaultRateFeed", vault, posted.address, 1, future, 0)


# ---- median


def median_of(stage: Stage, values: list[int | None]) -> tuple[Any, list[Any]]:
    """None stands for a source that reverts."""
    feeds = [
        stage.deploy("FaultyFeed", 8)
        if value is None
        else stage.deploy("PostedPriceFeed", f"source {k}", value, POSTER)
        for k, value in enumerate(values)
    ]
    return stage.deploy("MedianFeed", [feed.address for feed in feeds]), feeds


@pytest.mark.parametrize(
    ("values", "index"),
    [
        ([100, 90, 95], 2),
        ([90, 90, 95], 0),
        ([95, 90, 90], 1),
        ([7, 7, 7], 0),
        ([10, 50, 40, 20, 30], 4),
        # Left out: the lower of the two in the middle remains.
        ([100, 0, 90], 2),
        ([-5, 80, 90], 1),
        ([None, 80, 90], 1),
        ([10, None, 40, 20, 30], 3),
        ([10, None, 40, 0, 30], 4),
    ],
)
def test_median__answers__the_middle_one_and_whose_it_is(stage: Stage, values: list[int | None], index: int) -> None:
    feed, feeds = median_of(stage, values)
    updated = stage.view(feeds[index], "latestTimestamp")
    assert (answer(stage, feed), stage.view(feed, "selected")) == (values[index], index)
    assert stage.view(feed, "latestTimestamp") == updated
    assert stage.view(feed, "sourceCount") == len(values)
    assert [stage.view(feed, "sources", k) for k in range(len(values))] == [source.address for source in feeds]
    assert stage.view(feed, "description") == f"median of {len(values)} feeds"


@pytest.mark.parametrize(
    ("values", "answering"), [([100, 0, None], 1), ([0, -1, -2], 0), ([5, 5, None, 0, -1], 2), ([None] * 3, 0)]
)
def test_median__no_majority_with_a_price__answers_zero(stage: Stage, values: list[int | None], answering: int) -> None:
    feed, _ = median_of(stage, values)
    assert (answer(stage, feed), stage.view(feed, "latestTimestamp")) == (0, 0)
    with pytest.raises(RevertedCall, match=rf"NoMajority\({answering}, {len(values)}\)"):
        stage.view(feed, "selected")


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_median__count_that_is_not_odd_or_under_three__is_refused(stage: Stage, count: int) -> None:
    _, feeds = median_of(stage, [1, 2, 3])
    with pytest.raises(RevertedCall, match=rf"SourceCountNotOdd\({count}\)"):
        stage.deploy("MedianFeed", [feeds[0].address] * count)


# ---- freshness


def test_freshness__either_side_of_the_age__forwards_then_answers_zero(stage: Stage, posted: Contract) -> None:
    feed = stage.deploy("FreshnessGuard", posted.address, 3_600)
    post(stage, posted, 99_000_000)
    updated = stage.chain.timestamp
    for age, expected in ((0, 99_000_000), (3_600, 99_000_000), (3_601, 0), (10**8, 0)):
        assert answer(stage, feed, timestamp=updated + age) == expected
        assert stage.view(feed, "isStale", timestamp=updated + age) == (expected == 0)
    assert stage.view(feed, "latestTimestamp", timestamp=updated + 10**8) == updated


def test_freshness__source_dated_ahead_of_now__is_fresh(stage: Stage, posted: Contract) -> None:
    feed = stage.deploy("FreshnessGuard", posted.address, 0)
    post(stage, posted, 5)
    assert answer(stage, feed, timestamp=stage.chain.timestamp - 1) == 5


# ---- on top of each other, and through the pool's oracle


def set_source(lending: LendingWorld, feed: Contract) -> None:
    lending.stage.send(lending.oracle, "setAssetSources", [lending.usde.address], [feed.address])


def oracle_price(lending: LendingWorld, *, timestamp: int | None = None) -> int:
    return int(lending.stage.view(lending.oracle, "getAssetPrice", lending.usde.address, timestamp=timestamp))


def test_composition__cap_of_a_peg__aaves_usde(lending: LendingWorld) -> None:
    stage = lending.stage
    peg = stage.deploy("PeggedFeed", lending.feeds["USDC"].address)
    capped = stage.deploy("CappedFeed", peg.address, 104_000_000)
    set_source(lending, capped)
    lending.post("USDe", 65_670_000)  # its own market does not count any more
    prices = []
    for value in (99_900_000, 110_000_000, 90_000_000):
        lending.post("USDC", value)
        prices.append(oracle_price(lending))
    assert prices == [99_900_000, 104_000_000, 90_000_000]
    assert stage.view(capped, "description") == "USDC, pegged, capped"


def test_composition__median_of_spot_average_and_post__the_switch_shows(stage: Stage, posted: Contract) -> None:
    curve = Curve(stage)
    spot = curve.feed(stage, posted)
    average = averaged_over(stage, spot, 600)
    poke(stage, average)
    own = stage.deploy("PostedPriceFeed", "USDe / USD", 99_000_000, POSTER)
    median = stage.deploy("MedianFeed", [spot.address, average.address, own.address])
    # At peg: spot 1, average 1, posted 0.99.
    assert (answer(stage, median), stage.view(median, "selected")) == (DOLLAR, 0)

    stage.send(curve.pool, "exchange", 1, 0, 9_000_000 * 10**18, 0, sender=TRADER)

    # Spot 0.8496, average still 1: the posted one is in the middle.
    assert answer(stage, spot) < 86_000_000
    assert (answer(stage, median), stage.view(median, "selected")) == (99_000_000, 2)
    started = stage.chain.timestamp
    poke(stage, average, timestamp=started + 1)
    late = started + 601
    assert answer(stage, average, timestamp=late) == answer(stage, spot)
    assert stage.view(median, "selected", timestamp=late) == 0


def test_composition__guard_through_the_oracle__stale_is_refused_where_aave_would_go_on(lending: LendingWorld) -> None:
    stage = lending.stage
    feed = lending.feeds["USDe"]
    lending.post("USDe", 98_000_000)
    edge = stage.chain.timestamp + 3_600
    assert oracle_price(lending, timestamp=edge + 10**6) == 98_000_000

    guard = stage.deploy("FreshnessGuard", feed.address, 3_600)
    set_source(lending, guard)

    assert oracle_price(lending, timestamp=edge) == 98_000_000
    with pytest.raises(RevertedCall, match=rf"(?i)PriceNotAvailable\(.*, {guard.address}, 0\)"):
        oracle_price(lending, timestamp=edge + 1)


def test_composition__delayed_spot__a_trade_shows_after_the_delay(stage: Stage, posted: Contract) -> None:
    curve = Curve(stage)
    spot = curve.feed(stage, posted)
    delayed = stage.deploy("DelayedFeed", spot.address, 2)
    poke(stage, delayed)
    stage.send(curve.pool, "exchange", 1, 0, 9_000_000 * 10**18, 0, sender=TRADER)
    poke(stage, delayed)
    fallen = answer(stage, spot)
    assert answer(stage, delayed) == DOLLAR
    post(stage, posted, DOLLAR)
    assert answer(stage, delayed) == DOLLAR
    post(stage, posted, DOLLAR)
    assert answer(stage, delayed) == fallen < 86_000_000


# ---- times a ratio


@pytest.mark.parametrize(
    ("source_e8", "ratio_wad", "expected_e8"),
    [
        (4_000 * DOLLAR, 1_080_000_000_000_000_000, 4_320 * DOLLAR),
        (DOLLAR, 10**18, DOLLAR),
        # 3 units times 0.5 are 1.5, rounded down.
        (3, 5 * 10**17, 1),
        (0, 10**18, 0),
        (-5, 2 * 10**18, -5),
    ],
)
def test_ratio__answer__is_the_source_times_it_rounded_down_and_no_price_passes_through(
    stage: Stage, posted: Contract, source_e8: int, ratio_wad: int, expected_e8: int
) -> None:
    feed = stage.deploy("RatioFeed", posted.address, ratio_wad)
    post(stage, posted, source_e8)

    assert answer(stage, feed) == expected_e8
    assert stage.view(feed, "latestTimestamp") == stage.view(posted, "latestTimestamp")


def test_ratio__of_zero__is_refused(stage: Stage, posted: Contract) -> None:
    with pytest.raises(RevertedCall, match=r"InvalidRatio\(0\)"):
        stage.deploy("RatioFeed", posted.address, 0)
