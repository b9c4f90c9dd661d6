"""Encode calls and decode answers and events by their ABI.

Volume goes by slices of 32-byte words: ten thousand logs take tens of milliseconds that way, and seconds with a general
codec. eth_abi does whatever is not a row of static words or of arrays of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Required, SupportsInt, TypeAlias, TypedDict

import eth_abi
from eth_utils import keccak, to_checksum_address

from cascade.errors import WrongCall

__all__ = ["AbiEntry", "AbiValue", "Event", "Function", "Interface", "revert_reason", "signed_word", "words"]

_WORD = 64
"""Hex digits of a 32-byte word."""

_TWO_256 = 1 << 256

AbiValue: TypeAlias = Any
"""A decoded value: an int, a bool, a checksummed address, bytes, a text, or a tuple or list of such values.

The ABI says which, and it is read at run time: no type checker can know.
"""


class AbiEntry(TypedDict, total=False):
    """One entry of a contract's JSON ABI, or one of an entry's parameters."""

    type: Required[str]
    """Of a parameter its Solidity type; of an entry `function`, `event`, `error` or `constructor`."""
    name: str
    inputs: Sequence[AbiEntry]
    outputs: Sequence[AbiEntry]
    components: Sequence[AbiEntry]
    """Members of a struct."""
    indexed: bool


def words(data: str) -> list[int]:
    """Return the unsigned integers of a 0x-hex string of 32-byte words."""
    raw = bytes.fromhex(data[2:])
    return [int.from_bytes(raw[i : i + 32], "big") for i in range(0, len(raw), 32)]


def signed_word(word: int) -> int:
    """Read an unsigned 256-bit word as the signed integer whose two's complement it is."""
    return word - _TWO_256 if word >> 255 else word


@lru_cache(maxsize=100_000)
def _address(word: int) -> str:
    # A checksum costs a hash: each address pays for it once.
    return to_checksum_address(format(word & ((1 << 160) - 1), "#042x"))


def _canonical(entry: AbiEntry) -> str:
    """Return a parameter's type as signatures spell it: a struct as the tuple of its members."""
    kind = entry["type"]
    if not kind.startswith("tuple"):
        return kind
    inner = ",".join(_canonical(part) for part in entry["components"])
    return f"({inner}){kind.removeprefix('tuple')}"


def _leaves(entry: AbiEntry) -> list[str] | None:
    """Return the elementary types of a static parameter in order, or None when the parameter is dynamic."""
    kind = entry["type"]
    # An array of fixed length is static too; eth_abi codes it, since no call made in volume has one.
    if kind in ("string", "bytes") or kind.endswith("]"):
        return None
    if kind != "tuple":
        return [kind]
    leaves: list[str] = []
    for part in entry["components"]:
        inner = _leaves(part)
        if inner is None:
            return None
        leaves.extend(inner)
    return leaves


def _static_leaves(entries: Sequence[AbiEntry]) -> list[str] | None:
    return _leaves({"type": "tuple", "components": entries})


def _word_hex(kind: str, value: object) -> str:
    """Encode a value of an elementary type as one word, in hex."""
    if kind == "address":
        return str(value)[2:].lower().rjust(_WORD, "0")
    if kind.startswith("bytes"):
        raw = value if isinstance(value, bytes) else bytes.fromhex(str(value)[2:])
        return raw.hex().ljust(_WORD, "0")
    if not isinstance(value, (int, str, SupportsInt)):
        raise TypeError(f"{value!r:.80} is no {kind}")
    number = int(value)
    # Two's complement, whatever the width of a signed type: shorter ones are sign-extended to the word.
    if number < 0:
        number += _TWO_256
    if not 0 <= number < _TWO_256:
        raise OverflowError(f"{value} does not fit {kind}")
    return format(number, "064x")


def _word_value(kind: str, word: int) -> int | bool | str | bytes:
    """Decode one word as a value of an elementary type."""
    if kind.startswith("uint"):
        return word
    if kind == "address":
        return _address(word)
    if kind == "bool":
        return word != 0
    if kind.startswith("int"):
        return signed_word(word)
    # Fixed bytes are padded at the right end, numbers at the left.
    return word.to_bytes(32, "big")[: int(kind.removeprefix("bytes"))]


def _flatten(value: object) -> list[object]:
    if isinstance(value, (tuple, list)):
        return [leaf for part in value for leaf in _flatten(part)]
    return [value]


@dataclass(frozen=True)
class _Head:
    """An input that words can express: its elementary types, and whether it is an array of them."""

    leaves: list[str]
    is_array: bool


def _elements(value: object, head: _Head) -> list[object]:
    """Return the elements of an argument: one, unless it is an array."""
    if not head.is_array:
        return [value]
    if not isinstance(value, Iterable):
        raise WrongCall(f"{value!r:.80} is no array")
    return list(value)


@dataclass(frozen=True)
class Function:
    """One function, constructor or custom error of an ABI."""

    name: str
    inputs: tuple[AbiEntry, ...]
    outputs: tuple[AbiEntry, ...]

    @cached_property
    def signature(self) -> str:
        """Name and types of the inputs, as `name(type,type)`."""
        return f"{self.name}({','.join(_canonical(entry) for entry in self.inputs)})"

    @cached_property
    def selector(self) -> str:
        """First four bytes of the signature's hash, 0x-hex."""
        return "0x" + keccak(text=self.signature)[:4].hex()

    @cached_property
    def _input_leaves(self) -> list[str] | None:
        return _static_leaves(self.inputs)

    @cached_property
    def _output_leaves(self) -> list[str] | None:
        return _static_leaves(self.outputs)

    def encode_arguments(self, arguments: Sequence[object]) -> str:
        """Return arguments as hex, without selector and without 0x.

        Raises
        ------
        WrongCall
            When the number of values is not that of the ABI.
        """
        if self._input_leaves is not None:
            flat = _flatten(arguments)
            if len(flat) != len(self._input_leaves):
                raise WrongCall(f"{self.signature}: takes {len(self._input_leaves)} values, got {len(flat)}")
            return "".join(map(_word_hex, self._input_leaves, flat))
        if self._heads is not None:
            return self._encode_with_arrays(arguments, self._heads)
        return eth_abi.encode([_canonical(entry) for entry in self.inputs], list(arguments)).hex()

    @cached_property
    def _heads(self) -> list[_Head] | None:
        """Each input as words, or None when one is neither static nor an array of static elements."""
        heads = []
        for entry in self.inputs:
            kind = entry["type"]
            leaves = _leaves({**entry, "type": kind.removesuffix("[]")})
            if leaves is None:
                return None
            heads.append(_Head(leaves, kind.endswith("[]")))
        return heads

    def _encode_with_arrays(self, arguments: Sequence[object], heads: Sequence[_Head]) -> str:
        """Encode as the ABI lays it out: the heads in order, an array's head being the offset of its tail."""
        if len(arguments) != len(heads):
            raise WrongCall(f"{self.signature}: takes {len(heads)} values, got {len(arguments)}")
        head: list[str] = []
        tail: list[str] = []
        offset = 32 * sum(1 if one.is_array else len(one.leaves) for one in heads)
        for one, value in zip(heads, arguments, strict=True):
            elements = [_flatten([element]) for element in _elements(value, one)]
            if any(len(element) != len(one.leaves) for element in elements):
                raise WrongCall(f"{self.signature}: {value!r:.80} is not of {len(one.leaves)} values each")
            encoded = [
                _word_hex(kind, leaf) for element in elements for kind, leaf in zip(one.leaves, element, strict=True)
            ]
            if not one.is_array:
                head += encoded
                continue
            head.append(_word_hex("uint256", offset))
            tail.append(_word_hex("uint256", len(elements)))
            tail += encoded
            # The tail of an array is its length and its elements.
            offset += 32 * (len(encoded) + 1)
        return "".join(head) + "".join(tail)

    def encode(self, *arguments: object) -> str:
        """Return call data, 0x-hex. Structs are given as tuples."""
        return self.selector + self.encode_arguments(arguments)

    def decode_arguments(self, data: str) -> tuple[AbiValue, ...]:
        """Return the arguments of call data, or of a custom error's revert data (0x-hex, selector included)."""
        types = [_canonical(entry) for entry in self.inputs]
        return tuple(eth_abi.decode(types, bytes.fromhex(data[10:])))

    def decode(self, data: str) -> AbiValue:
        """Return a call's answer: one value, a tuple where there are several, or a list for an array of words.

        Raises
        ------
        WrongCall
            When the answer has fewer words than the ABI declares: most often there is no contract at the address.
        """
        if self._output_leaves is not None:
            found = words(data)
            if len(found) < len(self._output_leaves):
                raise WrongCall(f"{self.signature}: answered {len(found)} words, expected {len(self._output_leaves)}")
            values = tuple(map(_word_value, self._output_leaves, found))
            return values[0] if len(values) == 1 else values
        if len(self.outputs) == 1 and self.outputs[0]["type"] == "uint256[]":
            # Two words stand before the elements: the offset of the array and its length.
            return words(data)[2:]
        decoded = eth_abi.decode([_canonical(entry) for entry in self.outputs], bytes.fromhex(data[2:]))
        return decoded[0] if len(decoded) == 1 else decoded


@dataclass(frozen=True)
class Event:
    """One event of an ABI; it decodes to its arguments by name, structs flattened to their members."""

    name: str
    inputs: tuple[AbiEntry, ...]

    @cached_property
    def topic(self) -> str:
        """Hash of the signature, 0x-hex."""
        return "0x" + keccak(text=f"{self.name}({','.join(_canonical(entry) for entry in self.inputs)})").hex()

    @cached_property
    def _indexed(self) -> list[tuple[str, str]]:
        return [(entry["name"], entry["type"]) for entry in self.inputs if entry["indexed"]]

    @cached_property
    def _data_fields(self) -> list[tuple[str, str]] | None:
        """Name and elementary type of each word of the data, or None when an argument is dynamic."""
        fields: list[tuple[str, str]] = []

        def visit(entry: AbiEntry) -> bool:
            if entry["type"] == "tuple":
                return all(visit(part) for part in entry["components"])
            if _leaves(entry) is None:
                return False
            fields.append((entry["name"], entry["type"]))
            return True

        return fields if all(visit(entry) for entry in self.inputs if not entry["indexed"]) else None

    def decode(self, topics: Sequence[str], data: str) -> dict[str, AbiValue]:
        """Return the arguments of a log of this event, from its topics and data (0x-hex)."""
        values: dict[str, AbiValue] = {}
        # The first topic is the hash of the event's signature.
        for (name, kind), topic in zip(self._indexed, topics[1:], strict=True):
            values[name] = _word_value(kind, int(topic, 16))
        if self._data_fields is not None:
            for (name, kind), word in zip(self._data_fields, words(data), strict=False):
                values[name] = _word_value(kind, word)
            return values
        rest = [entry for entry in self.inputs if not entry["indexed"]]
        decoded = eth_abi.decode([_canonical(entry) for entry in rest], bytes.fromhex(data[2:]))
        values.update({entry["name"]: value for entry, value in zip(rest, decoded, strict=True)})
        return values


@dataclass(frozen=True)
class Interface:
    """Functions, events and errors of one contract."""

    name: str
    abi: Sequence[AbiEntry] = field(repr=False)

    @cached_property
    def functions(self) -> dict[str, Function]:
        """Functions by signature, and by name alone; the name of an overloaded function is its first declaration."""
        found: dict[str, Function] = {}
        for function in self._of_type("function"):
            found[function.signature] = function
            found.setdefault(function.name, function)
        return found

    @cached_property
    def by_selector(self) -> dict[str, Function]:
        """Functions by selector."""
        return {function.selector: function for function in self._of_type("function")}

    @cached_property
    def constructor(self) -> Function:
        """The constructor; one without arguments where the ABI declares none."""
        declared = self._of_type("constructor")
        return declared[0] if declared else Function(name="constructor", inputs=(), outputs=())

    @cached_property
    def events(self) -> dict[str, Event]:
        """Events by topic."""
        found = (Event(entry["name"], tuple(entry["inputs"])) for entry in self.abi if entry["type"] == "event")
        return {event.topic: event for event in found}

    @cached_property
    def errors(self) -> dict[str, Function]:
        """Custom errors by selector."""
        return {error.selector: error for error in self._of_type("error")}

    def topic(self, event_name: str) -> str:
        """Return the topic of an event by its name."""
        return next(topic for topic, event in self.events.items() if event.name == event_name)

    def _of_type(self, kind: str) -> list[Function]:
        return [
            Function(entry.get("name", kind), tuple(entry.get("inputs") or ()), tuple(entry.get("outputs") or ()))
            for entry in self.abi
            if entry["type"] == kind
        ]


_ERROR_STRING = Function(name="Error", inputs=({"type": "string", "name": ""},), outputs=())
_PANIC = Function(name="Panic", inputs=({"type": "uint256", "name": ""},), outputs=())


def revert_reason(data: str, errors: Mapping[str, Function]) -> str:
    """Return name and values of a revert: a custom error, a revert string, a panic code, or `no reason`.

    Parameters
    ----------
    data : str
        Revert data, 0x-hex.
    errors : mapping
        Known custom errors by selector; an unknown one is given by its selector.
    """
    if len(data) < len("0x12345678"):
        return "no reason"
    known = {_ERROR_STRING.selector: _ERROR_STRING, _PANIC.selector: _PANIC, **errors}
    error = known.get(data[:10])
    if error is None:
        return data[:10]
    arguments = error.decode_arguments(data)
    # A `require` with a text is given as that text alone, without the name `Error`.
    if error is _ERROR_STRING:
        return str(arguments[0])
    if error is _PANIC:
        return f"Panic(0x{arguments[0]:02x})"
    return f"{error.name}({', '.join(str(value) for value in arguments)})" if arguments else error.name
