"""Hostile input: bounded depth, bounded work, bounded memory, and never a panic."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastber

SPEC = fastber.compile_string(
    """
    Limits DEFINITIONS IMPLICIT TAGS ::= BEGIN
    Nest ::= CHOICE { leaf INTEGER, list SEQUENCE OF Nest }
    Octets ::= OCTET STRING
    Numbers ::= SEQUENCE OF INTEGER
    Any ::= SEQUENCE { any ANY }
    Mixed ::= SET { a INTEGER OPTIONAL, b [0] OCTET STRING OPTIONAL, c [1] BIT STRING OPTIONAL, d [2] Nest OPTIONAL,
        e [3] UTCTime OPTIONAL, f [4] REAL OPTIONAL, g [5] OBJECT IDENTIFIER OPTIONAL, h [6] BMPString OPTIONAL }
    END
    """
)


def nested(depth: int) -> bytes:
    encoding = b"\x02\x01\x00"
    for _ in range(depth):
        length = len(encoding)
        octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
        encoding = b"\x30" + (bytes([length]) if length < 128 else bytes([0x80 | len(octets)]) + octets) + encoding
    return encoding


def test_depth_is_bounded() -> None:
    assert SPEC.decode("Nest", nested(60))
    for bomb in (nested(5000), b"\x30\x80" * 1_000_000):
        with pytest.raises(fastber.DecodeError, match="max_depth"):
            SPEC.decode("Nest", bomb)
    with pytest.raises(fastber.DecodeError, match="max_depth"):
        SPEC.decode("Octets", b"\x24\x80" * 1_000_000)
    value: object = ("leaf", 1)
    for _ in range(5000):
        value = ("list", [value])
    with pytest.raises(fastber.EncodeError, match="max_depth"):
        SPEC.encode("Nest", value)
    with pytest.raises(ValueError, match="at most 1000"):
        fastber.compile_string("A DEFINITIONS ::= BEGIN B ::= NULL END", max_depth=1001)


def test_the_deepest_that_can_be_asked_for_fits_the_stack() -> None:
    deep = fastber.compile_string(
        "A DEFINITIONS ::= BEGIN N ::= CHOICE { l INTEGER, s SEQUENCE OF N } END", max_depth=1000
    )
    assert deep.decode("N", nested(450))
    with pytest.raises(fastber.DecodeError, match="max_depth"):
        deep.decode("N", nested(5000))


def test_size_and_elements_are_bounded() -> None:
    small = fastber.compile_string("A DEFINITIONS ::= BEGIN N ::= SEQUENCE OF NULL END", max_size=100, max_elements=3)
    with pytest.raises(fastber.DecodeError, match="max_size"):
        small.decode("N", b"\x30\x81\x80" + bytes(128))
    with pytest.raises(fastber.DecodeError, match="max_elements"):
        small.decode("N", b"\x30\x08" + b"\x05\x00" * 4)
    many = 2_000_000
    with pytest.raises(fastber.DecodeError, match="max_elements"):
        SPEC.decode("Numbers", b"\x30\x84" + (3 * many).to_bytes(4, "big") + b"\x02\x01\x00" * many)


@pytest.mark.parametrize(
    "octets", ["0484ffffffff", "04887fffffffffffffff", "0488ffffffffffffffff", "30fe" + "ff" * 126]
)
def test_huge_lengths_allocate_nothing(octets: str) -> None:
    tracemalloc.start()
    for name in SPEC.types:
        with pytest.raises(fastber.DecodeError):
            SPEC.decode(name, bytes.fromhex(octets))
    assert tracemalloc.get_traced_memory()[1] < 100_000
    tracemalloc.stop()


def test_bombs_of_indefinite_forms_are_refused_at_their_end() -> None:
    """The work that they make is counted in ``src/bounds.rs``."""
    for bomb in (b"\x30\x80" + b"\x30\x80" * 2_000_000, b"\x30\x80\x24\x80" + b"\x24\x80\x00\x00" * 1_000_000):
        with pytest.raises(fastber.DecodeError) as caught:
            SPEC.decode("Any", bomb)
        assert caught.value.offset == len(bomb)


def test_constructed_strings_of_one_octet_pieces_are_put_together() -> None:
    pieces = 1_000_000
    assert SPEC.decode("Octets", b"\x24\x80" + b"\x04\x01a" * pieces + b"\x00\x00") == b"a" * pieces


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(sorted(SPEC.types)))
def test_any_octets_decode_or_raise_a_decode_error(data: bytes, name: str) -> None:
    """Whatever decodes encodes again, to something that decodes to the same."""
    try:
        value = SPEC.decode(name, data)
    except fastber.DecodeError:
        return
    again = SPEC.decode(name, SPEC.encode(name, value))
    assert again == value or "f" in repr(value)


def fault(work: Callable[[bytes], object], octets: bytes) -> int | None:
    """Where `work` finds fault with the octets, if it does."""
    try:
        work(octets)
    except fastber.DecodeError as error:
        return error.offset
    return None


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_mutated_encodings_decode_or_raise_a_decode_error(data: st.DataObject) -> None:
    value = {
        "a": 5,
        "b": b"xyz",
        "c": (b"\xf0", 4),
        "d": ("list", [("leaf", 1), ("list", [])]),
        "g": "2.6.1",
        "h": "ab",
    }
    encoding = bytearray(SPEC.encode("Mixed", value))
    for _ in range(data.draw(st.integers(1, 4))):
        encoding[data.draw(st.integers(0, len(encoding) - 1))] = data.draw(st.integers(0, 255))
    octets = bytes(encoding)
    for work in (SPEC.types["Mixed"].decode, fastber.tree, fastber.check, lambda o: SPEC.view("Mixed", o).value):
        offset = fault(work, octets)
        assert offset is None or 0 <= offset <= len(octets)
