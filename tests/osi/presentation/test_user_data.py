"""Fully encoded user data (X.226 8.4.2), both ways, in each form that BER allows."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from x400.osi.presentation.exceptions import AbortReason, PresentationError
from x400.osi.presentation.user_data import MAXIMUM_VALUES, decode, encode

RLRQ = bytes.fromhex("6203800100")

READ = [
    ("61 0c  30 0a  02 01 01  a0 05 6203800100", [(1, RLRQ)]),  # as two MTAs of the 1990s say it
    ("61 80  30 80  02 01 01  a0 80 6203800100 0000 0000 0000", [(1, RLRQ)]),
    ("61 80  30 0a  02 01 01  a0 05 6203800100 0000", [(1, RLRQ)]),
    ("61 0e  30 0c  02 01 01  a0 80 6203800100 0000", [(1, RLRQ)]),
    ("61 10  30 0e  06 02 5101  02 01 01  a0 05 6203800100", [(1, RLRQ)]),  # names its transfer syntax
    ("61 0c  30 0a  02 01 01  81 05 6203800100", [(1, RLRQ)]),  # octet-aligned
    ("61 0d  30 0b  02 02 00c8  a0 05 6203800100", [(200, RLRQ)]),
    ("61 13  30 0a  02 01 01  a0 05 6203800100  30 05  02 01 03  a0 00", [(1, RLRQ), (3, b"")]),
    ("61 00", []),
]

REFUSED = [
    "",
    "40 03 620180",  # simply encoded
    "61 0c  30 0a  02 01 01  a0 05 6203800100  00",  # an octet after it
    "61 0b  30 0a  02 01 01  a0 05 6203800100",
    "61 0c  30 0a  02 01 01  a2 05 6203800100",  # arbitrary
    "61 0c  31 0a  02 01 01  a0 05 6203800100",
    "61 0c  30 0a  0a 01 01  a0 05 6203800100",
    "61 0d  30 0b  02 05 0000000001  a0 02 0500",
    "61 0d  30 0b  02 01 01  a0 05 6203800100  00",
    "61 80  30 80  02 01 01  a0 80 6203800100 0000 0000",
    "61 80  30 80  02 01 01  a0 80 6203800100 0000 0100 0000",
    "61 80  30 0a  02 01 01  a0 05 6203800100 0000 0000",
]


@pytest.mark.parametrize(("octets", "values"), READ)
def test_decode(octets: str, values: list[tuple[int, bytes]]) -> None:
    data = bytes.fromhex(octets)
    assert [(context, bytes(value)) for context, value in decode(data)] == values


@pytest.mark.parametrize("octets", REFUSED)
def test_refuse(octets: str) -> None:
    with pytest.raises(PresentationError) as caught:
        decode(bytes.fromhex(octets))
    assert caught.value.reason in (AbortReason.UNRECOGNIZED_PPDU, AbortReason.INVALID_PPDU_PARAMETER_VALUE)


def test_golden_encoding() -> None:
    assert encode([(1, RLRQ)]).hex() == "610c300a020101a0056203800100"


ELEMENTS = st.binary(max_size=300).map(lambda octets: b"\x04\x82" + len(octets).to_bytes(2, "big") + octets)


@given(st.lists(st.tuples(st.integers(1, 127), ELEMENTS), min_size=1, max_size=4))
def test_round_trip(values: list[tuple[int, bytes]]) -> None:
    assert [(context, bytes(value)) for context, value in decode(encode(values))] == values


@given(st.binary(max_size=60))
def test_parses_or_raises(data: bytes) -> None:
    with contextlib.suppress(PresentationError):
        decode(data)


def test_values_are_bounded() -> None:
    with pytest.raises(PresentationError):
        decode(encode([(1, b"\x05\x00")] * (MAXIMUM_VALUES + 1)))
