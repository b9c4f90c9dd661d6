"""Keys of the actors of a run, all derived from one secret, and the account that pays for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils import is_hex_address, keccak, to_checksum_address

__all__ = ["Fields", "Signed", "Signer", "Wallet"]

Fields = Mapping[str, Any]
"""Fields of a transaction of type 2, as eth-account names them."""


@dataclass(frozen=True)
class Signed:
    """A transaction that any node accepts: its encoding, 0x-hex, and its hash."""

    raw: str
    tx_hash: str


class Signer(Protocol):
    """The account that pays for a run."""

    @property
    def address(self) -> str:
        """Checksummed address of the account."""

    def sign(self, fields: Fields) -> Signed:
        """Sign a transaction of the account; the same fields give the same signature."""


class Wallet:
    """Accounts of named actors.

    The key of an actor is a hash of the secret and the actor's name, so that a later process with the same secret has
    the same accounts. The secret and the keys are in no representation and no message.

    Parameters
    ----------
    secret : bytes
        At least 32 bytes that nobody else knows.
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 32:
            raise ValueError("a wallet needs a secret of at least 32 bytes")
        self._secret = secret
        self._accounts: dict[str, LocalAccount] = {}
        self._addresses: dict[str, str] = {}

    def __repr__(self) -> str:
        return f"Wallet({len(self._accounts)} accounts)"

    def address(self, name: str) -> str:
        """Return the checksummed address of a named actor; the name of a real account is its address."""
        if name.startswith("0x") and is_hex_address(name):
            return str(to_checksum_address(name))
        known = self._addresses.get(name)
        if known is None:
            account = Account.from_key(keccak(self._secret + keccak(text=f"cascade/{name}")))
            known = self._addresses[name] = account.address
            self._accounts[known] = account
        return known

    def can_sign(self, address: str) -> bool:
        """Return whether the key of an address is known."""
        return address in self._accounts

    def sign(self, address: str, fields: Fields) -> Signed:
        """Sign a transaction of an actor; the same fields give the same signature."""
        return signed_by(self._accounts[address], fields)


def signed_by(account: LocalAccount, fields: Fields) -> Signed:
    """Sign a transaction with a key."""
    signed = account.sign_transaction(dict(fields))
    return Signed("0x" + bytes(signed.raw_transaction).hex(), "0x" + bytes(signed.hash).hex())
