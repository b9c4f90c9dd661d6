"""Prices: what a feed posts, what the oracle accepts, who may do either."""

from __future__ import annotations

import pytest
from eth_utils import keccak

from cascade.chain.local import Contract, address_of
from cascade.errors import RevertedCall

from ..conftest import EventReader, LendingWorld, Stage

POSTER = address_of("poster")
STRANGER = address_of("stranger")
ZERO = "0x" + "00" * 20
INT192_MAX = 2**191 - 1


@pytest.fixture
def feed(stage: Stage) -> Contract:
    return stage.deploy("PostedPriceFeed", "USDe / USD", 100_000_000, POSTER)


def test_feed__new__answers_its_first_price(stage: Stage, feed: Contract) -> None:
    assert stage.view(feed, "latestAnswer") == 100_000_000
    assert stage.view(feed, "latestRound") == 1
    assert stage.view(feed, "decimals") == 8
    assert stage.view(feed, "description") == "USDe / USD"
    assert stage.view(feed, "version") == 1


@pytest.mark.parametrize("answer", [65_670_000, 0, -1, INT192_MAX, -INT192_MAX - 1])
def test_feed__posted__answers_it_in_a_new_round(stage: Stage, feed: Contract, event: EventReader, answer: int) -> None:
    receipt = stage.send(feed, "post", answer, sender=POSTER)
    now = stage.chain.timestamp

    assert event(receipt, "AnswerUpdated") == {"current": answer, "roundId": 2, "updatedAt": now}
    assert stage.view(feed, "latestRoundData") == (2, answer, now, now, 2)
    assert stage.view(feed, "latestAnswer") == answer
    assert stage.view(feed, "latestTimestamp") == now
    assert stage.view(feed, "getRoundData", 1)[1] == 100_000_000


def test_feed__answer_out_of_range__is_refused(stage: Stage, feed: Contract) -> None:
    refusal = stage.refusal(feed, "post", INT192_MAX + 1, sender=POSTER)

    assert refusal == f"AnswerOutOfRange({INT192_MAX + 1})"


def test_feed__posted_by_another_account__reverts_until_handed_over(
    stage: Stage, feed: Contract, event: EventReader
) -> None:
    assert stage.refusal(feed, "post", 1, sender=STRANGER).startswith("CallerNotPoster")
    assert stage.refusal(feed, "setPoster", STRANGER, sender=STRANGER).startswith("CallerNotPoster")

    receipt = stage.send(feed, "setPoster", STRANGER, sender=POSTER)

    assert event(receipt, "PosterChanged") == {"oldPoster": POSTER, "newPoster": STRANGER}
    stage.send(feed, "post", 1, sender=STRANGER)
    assert stage.view(feed, "poster") == STRANGER


@pytest.mark.parametrize("round_id", [0, 2])
def test_feed__round_that_never_was__is_refused(stage: Stage, feed: Contract, round_id: int) -> None:
    with pytest.raises(RevertedCall, match=rf"NoDataPresent\({round_id}\)"):
        stage.view(feed, "getRoundData", round_id)


def test_oracle__listed_assets__have_the_feeds_prices(lending: LendingWorld) -> None:
    lending.post("USDe", 65_670_000)
    assets = [lending.usdc.address, lending.usde.address, lending.weth.address]

    assert lending.stage.view(lending.oracle, "getAssetPrice", lending.usde.address) == 65_670_000
    assert lending.stage.view(lending.oracle, "getAssetsPrices", assets) == [10**8, 65_670_000, 2_000 * 10**8]
    assert lending.stage.view(lending.oracle, "getSourceOfAsset", assets[1]) == lending.feeds["USDe"].address
    assert lending.stage.view(lending.oracle, "BASE_CURRENCY") == ZERO
    assert lending.stage.view(lending.oracle, "BASE_CURRENCY_UNIT") == 10**8
    assert lending.stage.view(lending.oracle, "getFallbackOracle") == ZERO
    assert lending.stage.view(lending.oracle, "getAssetPrice", ZERO) == 10**8


@pytest.mark.parametrize("answer", [0, -1])
def test_oracle__answer_of_zero_or_below__is_refused(lending: LendingWorld, answer: int) -> None:
    lending.post("USDe", answer)

    with pytest.raises(Exception, match=rf"PriceNotAvailable\(.*, {answer}\)"):
        lending.stage.view(lending.oracle, "getAssetPrice", lending.usde.address)

    lending.post("USDe", 1)
    assert lending.stage.view(lending.oracle, "getAssetPrice", lending.usde.address) == 1


def test_oracle__asset_without_a_feed__is_refused(lending: LendingWorld) -> None:
    with pytest.raises(Exception, match="PriceNotAvailable"):
        lending.stage.view(lending.oracle, "getAssetPrice", STRANGER)


def test_oracle__refused_price__stops_borrowing(lending: LendingWorld) -> None:
    looper = address_of("looper")
    lending.supply(looper, lending.usde, 1_000 * 10**18)
    lending.post("USDe", 0)

    refusal = lending.stage.refusal(lending.pool, "borrow", lending.usdc.address, 1, 2, 0, looper, sender=looper)

    assert refusal.startswith("PriceNotAvailable")


def test_oracle__sources_set__only_by_the_admin_and_in_pairs(lending: LendingWorld, event: EventReader) -> None:
    stage, asset, feed = lending.stage, lending.usde.address, lending.feeds["USDC"].address

    stranger = stage.refusal(lending.oracle, "setAssetSources", [asset], [feed], sender=STRANGER)
    unpaired = stage.refusal(lending.oracle, "setAssetSources", [asset], [])
    receipt = stage.send(lending.oracle, "setAssetSources", [asset], [feed])

    assert stranger == "CallerNotAssetListingOrPoolAdmin"
    assert unpaired == "InconsistentParamsLength"
    assert event(receipt, "AssetSourceUpdated") == {"asset": asset, "source": feed}
    assert stage.view(lending.oracle, "getSourceOfAsset", asset) == feed


def test_oracle__new__tells_its_base_currency(lending: LendingWorld) -> None:
    topics = ["0x" + keccak(text="BaseCurrencySet(address,uint256)").hex(), "0x" + "00" * 32]
    query = {"fromBlock": "0x0", "address": lending.oracle.address, "topics": topics}
    logs = lending.stage.chain.rpc.call("eth_getLogs", query)
    assert isinstance(logs, list)
    assert [log["data"] for log in logs if isinstance(log, dict)] == [f"0x{10**8:064x}"]
