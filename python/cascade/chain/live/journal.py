"""Everything that a process asked of a chain and sent to it, in a file: a later process goes on where it stopped.

The code that deploys and plays is the same in every process, and does the same as long as it is answered the same. A
process that continues is therefore answered from the journal until its end, and from the chain from then on. What was
sent is written before it is sent, with its nonce and hash, so that nothing is ever sent as another transaction.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from cascade.errors import ChainError

__all__ = ["Journal", "Opening", "Sent", "digest_of"]

T = TypeVar("T")


class Opening(msgspec.Struct, frozen=True, tag="opening", tag_field="kind"):
    """What a journal belongs to."""

    chain_id: int
    genesis_hash: str
    """Hash of the chain's first block: a test chain may be started again under its id."""
    account: str
    """Address of the account that pays."""
    scenario_sha256: str
    contracts: dict[str, str]
    """SHA-256 of the creation code by contract."""
    first_block: int
    """Number of the latest block when the journal was begun."""


class Sent(msgspec.Struct, frozen=True, tag="sent", tag_field="kind"):
    """A transaction that was signed, written before it was sent."""

    sender: str
    nonce: int
    tx_hash: str
    call: str
    """Digest of receiver, data and value: what a nonce was used for."""
    gas: int
    max_fee_wei: int
    tip_wei: int
    transfer: tuple[str, int] | None = None
    """Receiver and wei of a transfer of ether, so that a later process can send a lost one again."""


class Paid(msgspec.Struct, frozen=True, tag="paid", tag_field="kind"):
    """A transfer of ether between the run's own accounts that was mined."""

    tx_hash: str
    fee_wei: int


class Answer(msgspec.Struct, frozen=True, tag="answer", tag_field="kind"):
    """An answer of the chain, or blocks that were waited for."""

    question: str
    answer: msgspec.Raw


_Line = Opening | Sent | Paid | Answer


def digest_of(*parts: object) -> str:
    """Return a short hash of what was asked or sent."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:32]


class Journal:
    """An open journal.

    Parameters
    ----------
    file : Path
        The file, which is made with its folder where it is missing. It is locked until `close`.

    Raises
    ------
    ChainError
        When another process has it open, or when a line of it cannot be read.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        file.parent.mkdir(parents=True, exist_ok=True)
        self._handle = os.fdopen(os.open(file, os.O_RDWR | os.O_CREAT, 0o600), "r+b")
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._handle.close()
            raise ChainError(f"{file}: another process deploys or plays there: wait until it has ended") from error
        self.opening: Opening | None = None
        self.sent: dict[tuple[str, int], list[Sent]] = {}
        self.by_hash: dict[str, Sent] = {}
        self.paid: dict[str, int] = {}
        self._answers: deque[Answer] = deque()
        self._encode = msgspec.json.Encoder().encode
        try:
            self._read()
        except BaseException:
            self._handle.close()
            raise

    @property
    def at_end(self) -> bool:
        """Whether everything that was answered before has been answered again."""
        return not self._answers

    def close(self) -> None:
        """Close the file, and let others open it."""
        self._handle.close()

    def open_with(self, opening: Opening) -> None:
        """Write what the journal belongs to."""
        self.opening = opening
        self._write(opening, durable=True)

    def known(self, question: str, kind: type[T]) -> T | None:
        """Return the answer that was given to a question before; None where it was not asked yet.

        Raises
        ------
        ChainError
            When something else was asked at this point: scenario, contracts or code are not what they were.
        """
        if not self._answers:
            return None
        entry = self._answers.popleft()
        if entry.question != question:
            raise ChainError(
                f"{self.file}: this process does something else than the one that it continues: the code of cascade "
                "has changed since; deploy anew with --anew"
            )
        return msgspec.json.decode(entry.answer, type=kind)

    def note(self, question: str, answer: object) -> None:
        """Write the answer to a question."""
        self._write(Answer(question, msgspec.Raw(self._encode(answer))))

    def note_sent(self, sent: Sent) -> None:
        """Write a transaction before it is sent."""
        self._keep(sent)
        self._write(sent, durable=True)

    def note_paid(self, tx_hash: str, fee_wei: int) -> None:
        """Write that a transfer was mined."""
        self.paid[tx_hash] = fee_wei
        self._write(Paid(tx_hash, fee_wei))

    def sent_as(self, sender: str, nonce: int) -> Sequence[Sent]:
        """Return every transaction that was signed for a nonce, the latest last."""
        return self.sent.get((sender, nonce), ())

    def _keep(self, sent: Sent) -> None:
        self.sent.setdefault((sent.sender, sent.nonce), []).append(sent)
        self.by_hash[sent.tx_hash] = sent

    def _write(self, line: _Line, *, durable: bool = False) -> None:
        self._handle.write(self._encode(line) + b"\n")
        self._handle.flush()
        if durable:
            os.fsync(self._handle.fileno())

    def _read(self) -> None:
        """Read the lines so far; a last one that a killed process has not finished is cut off."""
        decode, whole = msgspec.json.Decoder(_Line).decode, 0
        for number, line in enumerate(self._handle, start=1):
            if not line.endswith(b"\n"):
                break
            try:
                entry = decode(line)
            except msgspec.MsgspecError as error:
                raise ChainError(f"{self.file}: line {number} is no line of a journal of cascade") from error
            whole += len(line)
            match entry:
                case Opening():
                    self.opening = entry
                case Sent():
                    self._keep(entry)
                case Paid():
                    self.paid[entry.tx_hash] = entry.fee_wei
                case Answer():
                    self._answers.append(entry)
        self._handle.seek(whole)
        self._handle.truncate()
