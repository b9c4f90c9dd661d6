"""Transactions before they are mined: who sends what to which contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache

from eth_utils import is_hex_address, keccak, to_checksum_address

from cascade.chain.abi import Interface
from cascade.vocabulary import Lane, Motive

__all__ = ["Contract", "Transaction", "address_of", "addresses_from"]

_ADDRESS_BOOK: ContextVar[Callable[[str], str] | None] = ContextVar("address book", default=None)
"""What gives the addresses of named actors, where it is not the hash of the name."""


@contextmanager
def addresses_from(book: Callable[[str], str]) -> Iterator[None]:
    """Let `address_of` answer from an address book until the context ends.

    On a chain that checks signatures, an actor needs an address whose key is known. Everything that names actors then
    gives them these addresses, and no other code differs.
    """
    token = _ADDRESS_BOOK.set(book)
    try:
        yield
    finally:
        _ADDRESS_BOOK.reset(token)


def address_of(name: str) -> str:
    """Return the checksummed address of a named actor, the same in every run.

    It is a hash of the name, or what the address book of `addresses_from` says. The name of a real account is its
    address, which it keeps.
    """
    book = _ADDRESS_BOOK.get()
    return _hashed(name) if book is None else book(name)


# Not of `address_of`, whose answer depends on the address book.
@lru_cache(maxsize=100_000)
def _hashed(name: str) -> str:
    if name.startswith("0x") and is_hex_address(name):
        return to_checksum_address(name)
    return to_checksum_address(keccak(text=f"cascade/{name}")[12:])


@dataclass(frozen=True)
class Contract:
    """An interface at an address."""

    address: str
    interface: Interface

    def encode(self, function: str, *arguments: object) -> str:
        """Return the call data of one of its functions, 0x-hex."""
        return self.interface.functions[function].encode(*arguments)


@dataclass(frozen=True)
class Transaction:
    """A transaction of one sender, to be mined in the next block."""

    sender: str
    to: str | None
    """Address called; None creates a contract."""
    data: str
    """Call data, or creation code with its arguments, 0x-hex."""
    gas_limit: int
    tip_wei: int = 0
    """Priority fee per unit of gas."""
    intent: str = ""
    """Purpose of the transaction, in one word; recorded."""
    reason: str = ""
    """Reason for the proposal, in words; recorded."""
    motive: Motive = Motive.NONE
    """Reason for the proposal, where analysis distinguishes it; recorded."""
    proposed_step: int = -1
    """Step at which it was first proposed; -1 before the crash."""
    lane: Lane = Lane.CHAIN
    """Lane in which it is mined; recorded."""
    event: str = ""
    """Name of the scenario's event that it makes; empty for every other transaction."""
    creates: str = ""
    """Name of the contract that it creates; empty for a call."""
