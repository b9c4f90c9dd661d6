"""Feeds made of others at their limits: the smallest answers, and the moment or size at which each rule begins."""

from __future__ import annotations

import pytest

from cascade.chain.local import Contract
from cascade.errors import RevertedCall

from ..conftest import ADMIN, Stage
from .exchange_world import BUY, MAKER, SELL, TAKER, open_exchange, price

WAD = 10**18
YEAR = 365 * 86_400


@pytest.fixture
def posted(stage: Stage) -> Contract:
    return stage.deploy("PostedPriceFeed", "ALT / USD", 10**8, ADMIN)


@pytest.mark.parametrize(("answer", "expected"), [(-1, -1), (0, 0), (1, 3), (2, 6)])
def test_ratio__smallest_answers__are_multiplied_from_one_on(
    stage: Stage, posted: Contract, answer: int, expected: int
) -> None:
    feed = stage.deploy("RatioFeed", posted.address, 3 * WAD)
    stage.send(posted, "post", answer)
    assert stage.view(feed, "latestAnswer") == expected


@pytest.mark.parametrize(("answer", "expected"), [(-1, -1), (0, 0), (1, 2), (2, 4)])
def test_exchange_index__smallest_quotes__are_multiplied_from_one_on(
    stage: Stage, posted: Contract, answer: int, expected: int
) -> None:
    exchange = open_exchange(stage)
    exchange.limit(MAKER, BUY, price(2), 5)
    exchange.act("placeMarket", SELL, 5, 1, sender=TAKER)
    feed = stage.deploy("ExchangeIndexFeed", exchange.book.address, posted.address)
    stage.send(posted, "post", answer)
    assert stage.view(feed, "latestAnswer") == expected


def test_vault_rate__ratio_at_its_ceiling_and_a_unit_over__is_capped_only_over_it(
    stage: Stage, posted: Contract
) -> None:
    token = stage.token("USDe", 18)
    # An empty vault gives one asset a share.
    vault = stage.deploy("DonationVault", token.address)
    at, under = (
        stage.deploy("VaultRateFeed", vault.address, posted.address, ratio, stage.chain.timestamp, 0)
        for ratio in (WAD, WAD - 1)
    )
    assert (stage.view(at, "isCapped"), stage.view(under, "isCapped")) == (False, True)
    assert (stage.view(at, "latestAnswer"), stage.view(under, "latestAnswer")) == (10**8, 10**8 - 1)


@pytest.mark.parametrize(("answer", "expected"), [(0, 0), (1, 2)])
def test_vault_rate__smallest_answers__are_multiplied_from_one_on(
    stage: Stage, posted: Contract, answer: int, expected: int
) -> None:
    token = stage.token("USDe", 18)
    vault = stage.deploy("DonationVault", token.address)
    stage.fund(token, ADMIN, 100 * WAD, spender=vault)
    stage.send(vault, "deposit", 10 * WAD, ADMIN)
    stage.send(token, "transfer", vault.address, 10 * WAD + 10)
    feed = stage.deploy("VaultRateFeed", vault.address, posted.address, 0, 0, 0)
    stage.send(posted, "post", answer)
    assert stage.view(feed, "latestAnswer") == expected


def test_vault_rate__snapshot_of_this_block_and_of_the_next__works_and_is_refused(
    stage: Stage, posted: Contract
) -> None:
    vault = stage.deploy("DonationVault", stage.token("USDe", 18).address)
    arguments = ("VaultRateFeed", vault.address, posted.address, WAD)
    snapshot = stage.chain.timestamp + 1
    stage.deploy(*arguments, snapshot, 0)
    assert stage.chain.timestamp == snapshot
    with pytest.raises(RevertedCall, match="InvalidRatioTimestamp"):
        stage.deploy(*arguments, snapshot + 2, 0)
    assert stage.chain.timestamp == snapshot + 1
