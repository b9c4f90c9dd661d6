"""Checks of proposals before they become transactions: an agent's mistake is refused here, and not by the node."""

from __future__ import annotations

import re
from collections.abc import Container

from cascade.agents.interface import MarginNote, Proposal
from cascade.chain.local import Contract
from cascade.vocabulary import MarginCallEvent, Motive

__all__ = ["InvalidProposal", "call_data", "require_note"]

_MOST_TIP_WEI = 10**13
"""Highest tip: a higher one would exceed the fee cap that every transaction carries."""

_BASE_GAS, _GAS_PER_TOKEN = 21_000, 10
"""Least gas limit of a transaction (EIP-7623): 10 gas per token of call data; a zero byte is one token, others four."""

_MOST_INT64 = 2**63 - 1


class InvalidProposal(ValueError):
    """Raised when a proposal cannot become a transaction, or a note cannot be recorded; the message names the field."""


def call_data(proposal: object, *, actors: Container[str], block_gas_limit: int) -> str:
    """Return the call data of a proposal, encoded once: later changes of its arguments have no effect.

    Parameters
    ----------
    proposal : object
        What the agent proposed, of any type.
    actors : container of str
        Addresses that may send.
    block_gas_limit : int
        Gas limit of the block that it is proposed for.

    Raises
    ------
    InvalidProposal
        When the node would refuse the transaction, or a table could not hold its texts and numbers.
    """
    if not isinstance(proposal, Proposal):
        raise InvalidProposal(f"expected a Proposal, got {type(proposal).__name__}")
    _require_texts(proposal, "sender", "intent", "reason", "key", "event")
    _require_integers(proposal, "gas_limit", "tip_wei")
    if not isinstance(proposal.motive, Motive):
        raise InvalidProposal(f"motive: expected a member of Motive, got {proposal.motive!r:.80}")
    if proposal.sender not in actors:
        raise InvalidProposal(f"sender {proposal.sender} is no actor of this world")
    if not isinstance(proposal.contract, Contract) or not re.fullmatch(
        "0x[0-9a-fA-F]{40}", str(proposal.contract.address)
    ):
        raise InvalidProposal(f"contract: expected a Contract at an address, got {proposal.contract!r:.80}")
    try:
        data = proposal.contract.encode(proposal.function, *proposal.arguments)
    except Exception as error:
        # An encoder raises many kinds of error for a value of the wrong type: each is the agent's mistake.
        raise InvalidProposal(f"{type(error).__name__}: {error}") from error
    least = _least_gas(data)
    if not least <= proposal.gas_limit <= block_gas_limit:
        raise InvalidProposal(
            f"gas_limit {proposal.gas_limit}: expected {least} to the block's limit, {block_gas_limit}"
        )
    if not 0 <= proposal.tip_wei <= _MOST_TIP_WEI:
        raise InvalidProposal(f"tip_wei {proposal.tip_wei}: expected 0 to {_MOST_TIP_WEI}")
    return data


def require_note(note: MarginNote) -> None:
    """Check that a step of a margin call can be recorded.

    Raises
    ------
    InvalidProposal
        When a field has another type, or a value that its column cannot hold.
    """
    _require_texts(note, "borrower", "event")
    _require_integers(note, "ltv_bps", "deadline_timestamp", "needed_raw", "raised_raw")
    if note.event not in list(MarginCallEvent):
        raise InvalidProposal(f"event {note.event!r}: expected call, cured or failed")
    for field in ("ltv_bps", "deadline_timestamp"):
        if not 0 <= getattr(note, field) <= _MOST_INT64:
            raise InvalidProposal(f"{field} {getattr(note, field)}: expected 0 to {_MOST_INT64}")


def _require_texts(proposal: object, *fields: str) -> None:
    for field in fields:
        value = getattr(proposal, field)
        if not isinstance(value, str):
            raise InvalidProposal(f"{field}: expected str, got {type(value).__name__}")


def _require_integers(proposal: object, *fields: str) -> None:
    for field in fields:
        value = getattr(proposal, field)
        # Exactly int: a bool is no amount, and numpy's integers wrap.
        if type(value) is not int:
            raise InvalidProposal(f"{field}: expected int, got {type(value).__name__}")


def _least_gas(data: str) -> int:
    content = bytes.fromhex(data[2:])
    zeros = content.count(0)
    return _BASE_GAS + _GAS_PER_TOKEN * (zeros + 4 * (len(content) - zeros))
