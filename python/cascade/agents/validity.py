"""What a proposal must be to become a transaction: an agent's mistake is refused here, and not by the node."""

from __future__ import annotations

import re
from collections.abc import Container

from cascade.agents.interface import MarginNote, Proposal
from cascade.chain.local import Contract
from cascade.vocabulary import Motive

__all__ = ["Nonsense", "call_data", "require_note"]

_MOST_TIP_WEI = 10**13
"""A tip above this would pass the fee cap that every transaction carries."""

_BASE_GAS, _GAS_A_TOKEN = 21_000, 10
"""The least a transaction must bring (EIP-7623): 10 gas a token of call data, a zero byte being one, another four."""

_MOST_INT64 = 2**63 - 1


class Nonsense(ValueError):
    """Why a wish can be no transaction."""


def call_data(wish: object, *, actors: Container[str], block_gas_limit: int) -> str:
    """Call data of a proposal, encoded once and for all.

    Raises
    ------
    Nonsense
        When the node could not take it, or the tables could not hold it.
    """
    if not isinstance(wish, Proposal):
        raise Nonsense(f"expected a Proposal, got {type(wish).__name__}")
    _require_texts(wish, "sender", "intent", "reason", "key")
    _require_integers(wish, "gas_limit", "tip_wei")
    if not isinstance(wish.motive, Motive):
        raise Nonsense(f"motive: expected a member of Motive, got {wish.motive!r:.80}")
    if wish.sender not in actors:
        raise Nonsense(f"sender {wish.sender} is no actor of this world")
    if not isinstance(wish.contract, Contract) or not re.fullmatch("0x[0-9a-fA-F]{40}", str(wish.contract.address)):
        raise Nonsense(f"contract: expected a Contract at an address, got {wish.contract!r:.80}")
    try:
        data = wish.contract.encode(wish.function, *wish.arguments)
    except Exception as error:
        # Whatever a value of the wrong kind makes an encoder raise: it is the agent's fault, not the run's.
        raise Nonsense(f"{type(error).__name__}: {error}") from error
    least = _least_gas(data)
    if not least <= wish.gas_limit <= block_gas_limit:
        raise Nonsense(f"gas_limit {wish.gas_limit}: expected {least} to the block's limit, {block_gas_limit}")
    if not 0 <= wish.tip_wei <= _MOST_TIP_WEI:
        raise Nonsense(f"tip_wei {wish.tip_wei}: expected 0 to {_MOST_TIP_WEI}")
    return data


def require_note(note: MarginNote) -> None:
    """Refuse a step of a margin call that its table could not hold.

    Raises
    ------
    Nonsense
        Naming the field.
    """
    _require_texts(note, "borrower", "event")
    _require_integers(note, "ltv_bps", "deadline_timestamp", "needed_raw", "raised_raw")
    if note.event not in ("call", "cured", "failed"):
        raise Nonsense(f"event {note.event!r}: expected call, cured or failed")
    for field in ("ltv_bps", "deadline_timestamp"):
        if not 0 <= getattr(note, field) <= _MOST_INT64:
            raise Nonsense(f"{field} {getattr(note, field)}: expected 0 to {_MOST_INT64}")


def _require_texts(wish: object, *fields: str) -> None:
    for field in fields:
        value = getattr(wish, field)
        if not isinstance(value, str):
            raise Nonsense(f"{field}: expected str, got {type(value).__name__}")


def _require_integers(wish: object, *fields: str) -> None:
    for field in fields:
        value = getattr(wish, field)
        # Exactly int: a bool is no amount, and numpy's integers wrap.
        if type(value) is not int:
            raise Nonsense(f"{field}: expected int, got {type(value).__name__}")


def _least_gas(data: str) -> int:
    content = bytes.fromhex(data[2:])
    zeros = content.count(0)
    return _BASE_GAS + _GAS_A_TOKEN * (zeros + 4 * (len(content) - zeros))
