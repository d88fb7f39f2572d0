"""Hostile octets by count: what is allocated, what is refused, and where, not how long it takes."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

import fastber

TEXT = """
Safety DEFINITIONS IMPLICIT TAGS ::= BEGIN
Nest ::= CHOICE { leaf INTEGER, list SEQUENCE OF Nest }  Boxed ::= [1] EXPLICIT Nest
Octets ::= OCTET STRING  Text ::= UTF8String  Bits ::= BIT STRING  Nulls ::= SEQUENCE OF NULL  NullSet ::= SET OF NULL
Any ::= SEQUENCE { any ANY }  Open ::= SEQUENCE { a INTEGER OPTIONAL, ... }  Oid ::= OBJECT IDENTIFIER  Num ::= REAL
Lists ::= SEQUENCE OF SEQUENCE OF NULL
END
"""
BER = fastber.compile_string(TEXT)
DER = fastber.compile_string(TEXT, "der")


@contextmanager
def at_most(octets: int) -> Iterator[None]:
    """Of Python's memory, beyond what was there."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < octets
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", sorted(BER.types))
@pytest.mark.parametrize("tag", ["30", "24", "a1", "2c", "23", "31"])
def test_depth_bombs_are_refused_within_the_first_levels(name: str, tag: str) -> None:
    bomb = bytes.fromhex(tag + "80") * 500_000
    with at_most(200_000), pytest.raises(fastber.DecodeError) as caught:
        BER.decode(name, bomb)
    assert caught.value.offset is not None
    # Unknown elements are passed over by their headers, with no value made and no recursion.
    assert caught.value.offset <= len(bomb)
    with pytest.raises(fastber.DecodeError):
        DER.decode(name, bomb)


def test_depth_is_counted_in_levels() -> None:
    """A CHOICE is a level, as is a SEQUENCE OF."""
    spec = fastber.compile_string(TEXT, max_depth=10)
    for levels in (0, 4):
        assert spec.decode("Nest", b"\x30\x80" * levels + b"\x02\x01\x00" + b"\x00\x00" * levels)
    for levels in (5, 6, 11, 1000):
        with pytest.raises(fastber.DecodeError, match="max_depth") as caught:
            spec.decode("Nest", b"\x30\x80" * levels + b"\x02\x01\x00" + b"\x00\x00" * levels)
        assert caught.value.offset == 10


@pytest.mark.parametrize("name", sorted(BER.types))
@pytest.mark.parametrize("tag", ["04", "0c", "03", "30", "31", "a1", "06", "09", "02"])
@pytest.mark.parametrize(
    "length", ["84 7fffffff", "84 ffffffff", "88 7fffffffffffffff", "88 8000000000000000", "88 ffffffffffffffff",
               "89 010000000000000000", "90" + "ff" * 16]
)  # fmt: skip
def test_length_bombs_allocate_nothing(name: str, tag: str, length: str) -> None:
    octets = bytes.fromhex(tag + length) + bytes(20)
    for spec in (BER, DER):
        with at_most(50_000), pytest.raises(fastber.DecodeError):
            spec.decode(name, octets)


@pytest.mark.parametrize("length", ["88 7fffffffffffffff", "88 8000000000000000", "88 ffffffffffffffff"])
def test_lengths_about_2_to_the_63_inside_others_do_not_wrap(length: str) -> None:
    inner = bytes.fromhex("04" + length)
    for octets in (b"\x30\x80" + inner + b"\x00\x00", b"\x30\x0a" + inner, b"\x24\x80" + inner, b"\xa1\x0a" + inner):
        for work in (BER.types["Any"].decode, BER.types["Octets"].decode, BER.types["Open"].decode, fastber.check):
            with pytest.raises(fastber.DecodeError):
                work(octets)
        with pytest.raises(fastber.DecodeError):
            fastber.tree(octets)
    assert BER.decode_length(b"\x30\x84\x7f\xff\xff\xff") == 0x7FFFFFFF + 6


@pytest.mark.parametrize("header", ["30 84 01312d00", "30 80"])
def test_ten_million_elements_stop_at_max_elements(header: str) -> None:
    spec = fastber.compile_string(TEXT, max_elements=1000)
    octets = bytes.fromhex(header) + b"\x05\x00" * 10_000_000
    with at_most(100_000), pytest.raises(fastber.DecodeError, match="max_elements") as caught:
        spec.decode("Nulls", octets)
    assert caught.value.offset is not None
    assert caught.value.offset <= 6 + 2 * 1001


def test_max_elements_counts_a_set_of_and_each_list_alone() -> None:
    spec = fastber.compile_string(TEXT, max_elements=3)
    with pytest.raises(fastber.DecodeError, match="max_elements"):
        spec.decode("NullSet", bytes.fromhex("3108") + b"\x05\x00" * 4)
    assert spec.decode("Lists", bytes.fromhex("3018") + bytes.fromhex("3006050005000500") * 3) == [[None] * 3] * 3


@pytest.mark.parametrize(("name", "tag"), [("Octets", "24"), ("Text", "2c")])
def test_one_octet_pieces_take_memory_for_the_value_alone(name: str, tag: str) -> None:
    pieces = 200_000
    octets = bytes.fromhex(tag + "80") + b"\x04\x01a" * pieces + b"\x00\x00"
    with at_most(3 * pieces):
        assert len(BER.decode(name, octets)) == pieces


def test_empty_pieces_and_nested_pieces_make_nothing() -> None:
    pieces = 100_000
    for name, tag, piece, value in (
        ("Octets", b"\x24\x80", b"\x04\x00", b""),
        ("Octets", b"\x24\x80", b"\x24\x80\x00\x00", b""),
        ("Bits", b"\x23\x80", b"\x03\x01\x00", (b"", 0)),
    ):
        octets = tag + piece * pieces + b"\x00\x00"
        with at_most(50_000):
            assert BER.decode(name, octets) == value


def test_nested_indefinite_lengths_in_what_is_passed_over() -> None:
    """Inside an open type or an unknown element there is a limit or a walk of headers, and no copy at each level."""
    for levels in (10, 100):
        element = b"\x30\x80" * levels + b"\x00\x00" * levels
        assert BER.decode("Any", b"\x30\x80" + element + b"\x00\x00") == {"any": element}
        assert BER.decode("Open", b"\x30\x80" + b"\xa5\x80" + element + b"\x00\x00\x00\x00") == {}
    wide = b"\x30\x80" + b"\x30\x80\x00\x00" * 50_000 + b"\x00\x00"
    octets = b"\x30\x80" + wide + b"\x00\x00"
    with at_most(len(wide) + 50_000):
        assert BER.decode("Any", octets) == {"any": wide}


def test_long_identifiers_and_object_identifiers_are_bounded() -> None:
    with pytest.raises(fastber.DecodeError):
        BER.decode("Any", b"\x30\x80\x1f" + b"\xff" * 100_000 + b"\x01\x00")
    with pytest.raises(fastber.DecodeError):
        BER.decode("Oid", b"\x06\x83\x01\x86\xa0" + b"\xff" * 99_999 + b"\x01")
    with pytest.raises(fastber.DecodeError):
        BER.decode("Num", b"\x09\x04\x83\xff\x00\x01")


@pytest.mark.parametrize("contents", [b"\x031" + b"0" * 5000 + b".E0", b"\x031.E" + b"9" * 5000])
def test_long_decimal_reals_end(contents: bytes) -> None:
    octets = b"\x09\x82" + len(contents).to_bytes(2, "big") + contents
    with at_most(100_000):
        try:
            assert BER.decode("Num", octets) == math.inf
        except fastber.DecodeError as error:
            assert error.path == "Num"  # noqa: PT017


def test_unused_bits_are_no_part_of_a_value() -> None:
    """BER lets them be anything (X.690 8.6.2.4): equal values are equal whatever they are."""
    assert BER.decode("Bits", b"\x03\x02\x06\xff") == BER.decode("Bits", b"\x03\x02\x06\xc0") == (b"\xc0", 2)
    segments = b"\x23\x80\x03\x02\x00\xff\x03\x02\x04\xff\x00\x00"
    assert BER.decode("Bits", segments) == (b"\xff\xf0", 12)


def test_a_needless_octet_behind_a_long_arc_is_seen() -> None:
    arc = b"\x82" + b"\x80" * 10 + b"\x01"
    for contents in (b"\x2a\x80\x05", b"\x2a" + arc + b"\x80\x05"):
        with pytest.raises(fastber.DecodeError, match="0x80"):
            BER.decode("Oid", b"\x06" + bytes([len(contents)]) + contents)


def test_generalized_time_in_der_has_minutes_and_seconds() -> None:
    der = fastber.compile_string("A DEFINITIONS ::= BEGIN T ::= GeneralizedTime END", "der")
    for text in (b"2602062010.000Z", b"260206201010.5Z", b"2602062010.0005Z"):
        with pytest.raises(fastber.DecodeError, match="GeneralizedTime"):
            der.decode("T", b"\x18" + bytes([len(text)]) + text)


@pytest.mark.parametrize("octets", ["a006 0101ff 0101ff", "a080 0101ff 0101ff 0000"])
def test_an_explicit_tag_holds_one_encoding_for_a_view_too(octets: str) -> None:
    spec = fastber.compile_string("A DEFINITIONS ::= BEGIN C ::= CHOICE { b BOOLEAN, t [0] C } END")
    data = bytes.fromhex(octets)
    for work in (
        lambda: spec.decode("C", data),
        lambda: spec.view("C", data)["t"].choice,
        lambda: spec.types["C"].reader("t.b:raw").read(data),
    ):
        with pytest.raises(fastber.DecodeError, match=r"left over|end-of-contents"):
            work()


def test_a_view_is_stepped_down_to_any_depth_and_let_go() -> None:
    """Views hold on to what is around them, and let go of it without recursion."""
    depth = 200_000
    nested = b"".join(b"\x30\x84" + (6 * within).to_bytes(4, "big") for within in reversed(range(depth)))
    spec = fastber.compile_string("M DEFINITIONS ::= BEGIN L ::= SEQUENCE OF L END")
    view = spec.view("L", nested)
    for _ in range(depth - 1):
        view = view[0]
    assert (view.offset, len(view)) == (6 * (depth - 1), 0)
    del view


def test_a_path_has_as_many_steps_as_a_decode_may_have_levels() -> None:
    nested = fastber.compile_string("M DEFINITIONS ::= BEGIN L ::= SEQUENCE OF L END").types["L"]
    view = nested.view(b"\x30\x00")
    for path in ("[0]" * 1001, (0,) * 1001):
        with pytest.raises(ValueError, match="more than 1000 steps"):
            view.at(path)
        with pytest.raises(ValueError, match="more than 1000 steps"):
            view.splice({path: 1})  # type: ignore[dict-item]
        with pytest.raises(ValueError, match="more than 1000 steps"):
            nested.splicer(path)
    with pytest.raises(ValueError, match="more than 1000 steps"):
        nested.reader("[*]" * 1001)
    with pytest.raises(IndexError):
        view.at("[0]" * 1000)
