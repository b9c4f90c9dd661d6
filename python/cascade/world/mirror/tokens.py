"""Balances of plain tokens, folded from their `Transfer` events."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from cascade.chain.receipt import Block
from cascade.chain.transaction import Contract

__all__ = ["TokenMirror"]

_TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
"""Topic of `Transfer(address,address,uint256)`."""
_ADDRESS_AT = 26
"""Where an address begins in a topic: after `0x` and the 24 zeros of its padding."""


class TokenMirror:
    """Balances of every holder of some tokens, from the first block on.

    Parameters
    ----------
    tokens : mapping of str to Contract
        By symbol; tokens that are entered later are folded from then on.
    """

    def __init__(self, tokens: Mapping[str, Contract]) -> None:
        self._tokens = tokens
        self._balances: dict[str, dict[str, int]] = {}

    def follow(self, block: Block) -> None:
        """Take the transfers of a mined block."""
        if len(self._balances) != len(self._tokens):
            for token in self._tokens.values():
                self._balances.setdefault(token.address.lower(), {})
        for receipt in block.receipts:
            for raw in receipt.raw_logs:
                held = self._balances.get(raw.address)
                if held is None or raw.topics[0] != _TRANSFER:
                    continue
                amount = int(raw.data, 16)
                giver, taker = "0x" + raw.topics[1][_ADDRESS_AT:], "0x" + raw.topics[2][_ADDRESS_AT:]
                held[giver] = held.get(giver, 0) - amount
                held[taker] = held.get(taker, 0) + amount

    def balance_of(self, token: Contract, holder: str) -> int:
        """Return a holder's balance in smallest units."""
        return self._balances.get(token.address.lower(), {}).get(holder.lower(), 0)

    def holders(self) -> set[str]:
        """Return every address that has ever had a balance of any token, in lower case."""
        nobody = "0x" + "00" * 20
        return {holder for held in self._balances.values() for holder in held} - {nobody}

    def save(self) -> Callable[[], None]:
        """Return a function that takes back the balances of now."""
        kept = {token: dict(held) for token, held in self._balances.items()}

        def restore() -> None:
            self._balances = kept

        return restore
