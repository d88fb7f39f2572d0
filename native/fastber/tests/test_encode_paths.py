"""The encoder by size and by kind of key: large octet strings kept where they are, dicts with any keys."""

from __future__ import annotations

from typing import Any

import pytest

import fastber

MODULE = """
M DEFINITIONS ::= BEGIN
Octets ::= OCTET STRING
Many ::= SET OF OCTET STRING
Pair ::= SEQUENCE { small OCTET STRING, any ANY, after INTEGER }
Named ::= SEQUENCE { first-name INTEGER, second-name [0] INTEGER OPTIONAL, third-name [1] INTEGER DEFAULT 3 }
END
"""
LARGE = 1 << 16


@pytest.fixture(scope="module")
def types() -> Any:
    return fastber.compile_string(MODULE, "der").types


@pytest.mark.parametrize("size", [LARGE - 1, LARGE, LARGE + 1, 3 * LARGE])
@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_octets_of_any_size_and_kind(types: Any, size: int, kind: Any) -> None:
    octets = bytes(range(256)) * (size // 256) + b"\x07" * (size % 256)
    encoded = types["Octets"].encode(kind(octets))
    length = b"\x82\xff\xff" if size == 0xFFFF else b"\x83" + size.to_bytes(3, "big")
    assert encoded == b"\x04" + length + octets


def test_large_elements_of_a_set_of_are_sorted(types: Any) -> None:
    elements = [b"c" * LARGE, b"a" * LARGE, b"small", b"b" * LARGE]
    encoded = types["Many"].encode(elements)
    assert types["Many"].decode(encoded) == [b"small", b"a" * LARGE, b"b" * LARGE, b"c" * LARGE]


def test_a_large_open_type_between_small_members(types: Any) -> None:
    value = {"small": b"s", "any": types["Octets"].encode(b"x" * LARGE), "after": 5}
    encoded = types["Pair"].encode(value)
    assert types["Pair"].decode(encoded) == value
    with pytest.raises(fastber.EncodeError, match="any"):
        types["Pair"].encode({**value, "any": value["any"] + b"\x00"})


def test_a_large_value_spliced_in(types: Any) -> None:
    encoded = types["Pair"].encode({"small": b"s", "any": b"\x05\x00", "after": 5})
    spliced = b"".join(types["Pair"].view(encoded).splice({"small": b"y" * LARGE}))
    assert spliced == types["Pair"].encode({"small": b"y" * LARGE, "any": b"\x05\x00", "after": 5})


class Name(str):
    """A key that is equal to a member's name without being a plain str."""

    __slots__ = ()


@pytest.mark.parametrize("make", [str, lambda name: "".join(list(name)), Name])
def test_keys_are_found_by_identity_text_and_equality(types: Any, make: Any) -> None:
    value = {make("third-name"): 9, make("second-name"): 2, make("first-name"): 1}
    assert types["Named"].encode(value) == bytes.fromhex("30 0d 020101 a003020102 a103020109")


def test_keys_that_name_no_member_are_passed_over(types: Any) -> None:
    few = {"first-name": 1, "unknown": 7, 5: 6}
    many = {"first-name": 1} | {f"unknown-{number}": number for number in range(1000)}
    assert types["Named"].encode(few) == types["Named"].encode(many) == bytes.fromhex("30 03 020101")
    with pytest.raises(fastber.EncodeError, match="first-name"):
        types["Named"].encode({"\ud800": 1, "second-name": 2})
