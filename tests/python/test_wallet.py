"""Accounts of actors: derived from one secret and their names, never shown, and given to whoever asks by name."""

from __future__ import annotations

import pytest
from eth_account import Account
from eth_utils import keccak, to_checksum_address

from cascade.chain.live.funding import NotEnoughEther
from cascade.chain.live.wallet import Wallet
from cascade.chain.transaction import address_of, addresses_from

SECRET = bytes(range(32))
KEY = keccak(SECRET + keccak(text="cascade/keeper-0"))
"""What docs/NETWORKS.md says: a hash of the secret and the name."""


def test_wallet__named_actor__has_the_account_of_its_key() -> None:
    wallet = Wallet(SECRET)
    address = wallet.address("keeper-0")

    assert address == Account.from_key(KEY).address == Wallet(SECRET).address("keeper-0")
    assert address != wallet.address("keeper-1")
    assert address != Wallet(bytes(32)).address("keeper-0")
    assert wallet.can_sign(address)


def test_wallet__signed_transaction__is_the_same_every_time_and_of_its_account() -> None:
    wallet = Wallet(SECRET)
    address = wallet.address("keeper-0")
    fields = {
        "type": 2,
        "chainId": 5,
        "nonce": 7,
        "gas": 21_000,
        "maxFeePerGas": 3,
        "maxPriorityFeePerGas": 1,
        "value": 0,
        "data": "0x",
        "to": address,
    }

    first, second = wallet.sign(address, fields), wallet.sign(address, fields)

    assert first == second
    assert Account.recover_transaction(first.raw) == address
    assert first.tx_hash == "0x" + keccak(hexstr=first.raw).hex()


def test_wallet__name_that_is_an_address__has_no_key() -> None:
    wallet, real = Wallet(SECRET), "0x" + "ab" * 20

    assert wallet.address(real) == to_checksum_address(real)
    assert not wallet.can_sign(wallet.address(real))


def test_wallet__its_representation__shows_no_secret() -> None:
    wallet = Wallet(SECRET)
    wallet.address("keeper-0")

    for shown in (repr(wallet), str(wallet), f"{wallet!r}"):
        assert SECRET.hex() not in shown
        assert KEY.hex() not in shown


def test_wallet__short_secret__is_refused() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes"):
        Wallet(b"short")


def test_address_of__in_an_address_book__is_the_book_s_until_it_is_closed() -> None:
    before, wallet = address_of("keeper-0"), Wallet(SECRET)

    with addresses_from(wallet.address):
        assert address_of("keeper-0") == Account.from_key(KEY).address
    assert address_of("keeper-0") == before != Account.from_key(KEY).address


def test_not_enough_ether__amounts__are_rounded_so_that_what_is_missing_suffices() -> None:
    refused = NotEnoughEther("payer", has_wei=72_499_999_999_999_999, needs_wei=72_500_000_000_000_001)

    assert refused.missing_wei == 2
    assert str(refused) == "account payer has 0.072499, and 0.072501 are needed: 0.000001 are missing"
