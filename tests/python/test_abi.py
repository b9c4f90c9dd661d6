"""Coding by slices against eth_abi's own."""

from __future__ import annotations

from typing import Any

import eth_abi
import pytest
from eth_utils import keccak, to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from cascade.chain.abi import AbiEntry, Event, Function, revert_reason, signed_word
from cascade.errors import ChainError, WrongCall

UINT = st.integers(0, 2**256 - 1)
INT = st.integers(-(2**255), 2**255 - 1)
ADDRESS = st.binary(min_size=20, max_size=20).map(to_checksum_address)


def function(*types: str, outputs: tuple[str, ...] = ()) -> Function:
    return Function(
        name="f",
        inputs=tuple({"name": f"a{i}", "type": kind} for i, kind in enumerate(types)),
        outputs=tuple({"name": "", "type": kind} for kind in outputs),
    )


@given(UINT, INT, ADDRESS, st.booleans())
def test_encode__static_values__equals_eth_abi(number: int, signed: int, address: str, flag: bool) -> None:
    expected = eth_abi.encode(["uint256", "int256", "address", "bool"], [number, signed, address, flag])
    coder = function("uint256", "int256", "address", "bool")

    assert coder.encode(number, signed, address, flag) == "0x" + keccak(text=coder.signature)[:4].hex() + expected.hex()


@given(ADDRESS, st.lists(UINT, max_size=5), st.lists(ADDRESS, max_size=5))
def test_encode__arrays_of_words__equals_eth_abi(address: str, numbers: list[int], addresses: list[str]) -> None:
    expected = eth_abi.encode(["address", "uint256[]", "address[]"], [address, numbers, addresses])

    assert (
        function("address", "uint256[]", "address[]").encode_arguments((address, numbers, addresses)) == expected.hex()
    )


def pair(kind: str) -> AbiEntry:
    """Two numbers in a struct, or an array of such."""
    return {"name": "", "type": kind, "components": [{"name": "", "type": t} for t in ("uint128", "int64")]}


SMALL_PAIRS = st.tuples(st.integers(0, 2**128 - 1), st.integers(-(2**63), 2**63 - 1))


@given(st.lists(SMALL_PAIRS, max_size=4), SMALL_PAIRS, st.lists(SMALL_PAIRS, max_size=4), ADDRESS)
def test_encode__arrays_of_structs__equals_eth_abi(
    first: list[tuple[int, int]], alone: tuple[int, int], second: list[tuple[int, int]], address: str
) -> None:
    kinds = ["(uint128,int64)[]", "(uint128,int64)", "(uint128,int64)[]", "address"]
    address_input: AbiEntry = {"name": "", "type": "address"}
    coder = Function(name="f", inputs=(pair("tuple[]"), pair("tuple"), pair("tuple[]"), address_input), outputs=())

    assert (
        coder.encode_arguments((first, alone, second, address))
        == eth_abi.encode(kinds, [first, alone, second, address]).hex()
    )


@pytest.mark.parametrize("rungs", [[(1, 2), (3,)], [(1,), (2, 3, 4)], [(1, 2, 3)], [1, 2]])
def test_encode__arrays_of_structs_of_another_shape__refused(rungs: list[Any]) -> None:
    coder = Function(name="f", inputs=(pair("tuple[]"),), outputs=())

    with pytest.raises(WrongCall, match="values"):
        coder.encode_arguments((rungs,))


@given(st.text(max_size=70), st.lists(st.tuples(UINT, UINT), max_size=3))
def test_encode__strings_and_tuples__equals_eth_abi(text: str, pairs: list[tuple[int, int]]) -> None:
    pair: AbiEntry = {
        "name": "",
        "type": "tuple[]",
        "components": [{"name": "", "type": "uint256"}, {"name": "", "type": "uint256"}],
    }
    coder = Function(name="f", inputs=({"name": "", "type": "string"}, pair), outputs=())

    assert (
        coder.encode_arguments((text, pairs)) == eth_abi.encode(["string", "(uint256,uint256)[]"], [text, pairs]).hex()
    )


@given(UINT, INT, ADDRESS, st.booleans())
def test_decode__static_outputs__gives_the_values_back(number: int, signed: int, address: str, flag: bool) -> None:
    types = ("uint256", "int256", "address", "bool")
    data = "0x" + eth_abi.encode(types, [number, signed, address, flag]).hex()

    assert function(outputs=types).decode(data) == (number, signed, address, flag)


@given(st.lists(UINT, max_size=20))
def test_decode__packed_words__gives_the_list_back(numbers: list[int]) -> None:
    data = "0x" + eth_abi.encode(["uint256[]"], [numbers]).hex()

    assert function(outputs=("uint256[]",)).decode(data) == numbers


def test_encode__value_out_of_range__refused() -> None:
    with pytest.raises(OverflowError):
        function("uint256").encode(2**256)


def test_encode__wrong_number_of_values__refused() -> None:
    with pytest.raises(ChainError, match="takes 2 values, got 1"):
        function("uint256", "uint256").encode(1)


def test_decode__too_few_words__refused() -> None:
    with pytest.raises(ChainError, match="answered 0 words"):
        function(outputs=("uint256",)).decode("0x")


@given(ADDRESS, UINT, INT)
def test_event__struct_and_indexed__flattened_by_name(user: str, amount: int, profit: int) -> None:
    report: AbiEntry = {
        "name": "report",
        "type": "tuple",
        "indexed": False,
        "components": [{"name": "amount", "type": "uint256"}, {"name": "profit", "type": "int256"}],
    }
    event = Event("Report", ({"name": "user", "type": "address", "indexed": True}, report))
    topics = [event.topic, "0x" + eth_abi.encode(["address"], [user]).hex()]
    data = "0x" + eth_abi.encode(["(uint256,int256)"], [(amount, profit)]).hex()

    assert event.topic == "0x" + keccak(text="Report(address,(uint256,int256))").hex()
    assert event.decode(topics, data) == {"user": user, "amount": amount, "profit": profit}


def test_revert_reason__each_form__is_named() -> None:
    custom = Function("MustNotLeaveDust", ({"name": "left", "type": "uint256"},), ())
    text = "0x08c379a0" + eth_abi.encode(["string"], ["ERC20: no"]).hex()
    panic = "0x4e487b71" + eth_abi.encode(["uint256"], [0x11]).hex()

    assert revert_reason(custom.encode(7), {custom.selector: custom}) == "MustNotLeaveDust(7)"
    assert revert_reason(text, {}) == "ERC20: no"
    assert revert_reason(panic, {}) == "Panic(0x11)"
    assert revert_reason("0x", {}) == "no reason"
    assert revert_reason("0x12345678", {}) == "0x12345678"


@pytest.mark.parametrize(("word", "value"), [(0, 0), (2**255 - 1, 2**255 - 1), (2**255, -(2**255)), (2**256 - 1, -1)])
def test_signed_word__either_side_of_the_sign_bit__is_the_two_s_complement(word: int, value: int) -> None:
    assert signed_word(word) == value
