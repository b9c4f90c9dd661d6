"""The tree of calls of one transaction, as the node's call tracer reports it."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

__all__ = ["CallFrame"]


class CallFrame(msgspec.Struct, frozen=True):
    """One call, and the calls that it made.

    Attributes
    ----------
    kind : str
        CALL, STATICCALL, DELEGATECALL, CREATE or another opcode that begins a call.
    to : str or None
        Address called, in lower case; None for a creation that failed.
    input, output : str
        Call data, and what was returned, in hex.
    error : str or None
        Why the call failed; None where it succeeded.
    calls : tuple of CallFrame
        In the order in which they were made.
    """

    kind: str = msgspec.field(name="type")
    input: str
    to: str | None = None
    output: str = "0x"
    error: str | None = None
    calls: tuple[CallFrame, ...] = ()

    def walk(self) -> Iterator[CallFrame]:
        """Yield this call and those below it, in the order in which they began; failed ones are left out."""
        if self.error is not None:
            return
        yield self
        for call in self.calls:
            yield from call.walk()
