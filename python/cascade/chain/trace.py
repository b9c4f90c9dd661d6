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
    gas_used_hex : str
        Gas of the call and of those below it, in hex.
    error : str or None
        Why the call failed; None where it succeeded.
    calls : tuple of CallFrame
        In the order in which they were made.
    """

    kind: str = msgspec.field(name="type")
    input: str
    to: str | None = None
    output: str = "0x"
    gas_used_hex: str = msgspec.field(name="gasUsed", default="0x0")
    error: str | None = None
    calls: tuple[CallFrame, ...] = ()

    @property
    def gas_used(self) -> int:
        """Gas of the call and of those below it."""
        return int(self.gas_used_hex, 16)

    def walk(self) -> Iterator[CallFrame]:
        """Yield this call and those below it, in the order in which they began; failed ones are left out."""
        if self.error is not None:
            return
        yield self
        for call in self.calls:
            yield from call.walk()
