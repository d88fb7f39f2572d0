"""The compiled reader of plain framing says the same as the readers that take every form, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from x400.osi.presentation import user_data
from x400.osi.rtse.exceptions import TransferError
from x400.osi.rtse.external import ExternalReader, prefix
from x400.osi.rtse.transfer import segment_contents
from x400.osi.tlv import header
from x400_framer.values import apdu_prefix, one_value, segment_prefix, whole_apdu

CONTEXTS = frozenset(range(128))


def rttr(apdu: bytes, context: int = 5) -> bytes:
    external = prefix(context, len(apdu)) + apdu
    return header(4, len(external)) + external


def read_rttr(octets: bytes) -> bytes | None:
    reader = ExternalReader(CONTEXTS, 1 << 20)
    try:
        pieces = [part for piece in segment_contents(octets) for part in reader.feed(piece)]
        return b"".join(map(bytes, [*pieces, *reader.finish()]))
    except TransferError:
        return None


def test_plain() -> None:
    assert one_value(bytes.fromhex("610c300a020101a0056203800100")) == (1, bytes.fromhex("6203800100"))
    assert whole_apdu(rttr(b"\xa0\x03\x02\x01\x05")) == (5, b"\xa0\x03\x02\x01\x05")
    both = bytes.fromhex("06025101020105a003020107")
    assert whole_apdu(header(4, len(both) + 2) + header(0x28, len(both)) + both) == (5, b"\x02\x01\x07")


@pytest.mark.parametrize(
    "octets",
    [
        "",
        "61",
        "6100",
        "61803080020101a0806203800100000000000000",
        "6110300e06025101020101a0056203800100",
        "610c300a02010181056203800100",
        "610d300b020200c8a0056203800100",
        "6113300a020101a00562038001003005020103a000",
        "610c300a020101a005620380010000",
        "610c300a020181a0056203800100",
    ],
)
def test_not_plain(octets: str) -> None:
    assert one_value(bytes.fromhex(octets)) is None


@given(st.binary(max_size=300), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 255)), max_size=3))
def test_values_agree(element: bytes, changes: list[tuple[int, int]]) -> None:
    data = bytearray(user_data.encode([(3, element)]))
    for place, octet in changes:
        data[place % len(data)] = octet
    found = one_value(bytes(data))
    if not changes:
        assert found == (3, element)
    if found is not None:
        assert [(context, bytes(value)) for context, value in user_data.decode(data)] == [found]


@given(st.binary(min_size=1, max_size=300), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 255)), max_size=3))
def test_apdus_agree(apdu: bytes, changes: list[tuple[int, int]]) -> None:
    data = bytearray(rttr(apdu))
    for place, octet in changes:
        data[place % len(data)] = octet
    found = whole_apdu(bytes(data))
    if not changes:
        assert found == (5, apdu)
    if found is not None:
        assert read_rttr(bytes(data)) == found[1]


@given(st.integers(1, 1 << 30), st.integers(0, 1 << 30))
def test_prefixes(context: int, size: int) -> None:
    number = context.to_bytes(context.bit_length() // 8 + 1, "big")
    inner = header(2, len(number)) + number + header(0xA0, size)
    assert apdu_prefix(context, size) == header(0x28, len(inner) + size) + inner
    segment = header(4, size)
    inner = header(2, len(number)) + number + header(0xA0, len(segment) + size) + segment
    values = header(0x30, len(inner) + size) + inner
    assert segment_prefix(context, size) == header(0x61, len(values) + size) + values


@pytest.mark.parametrize("make", [apdu_prefix, segment_prefix])
def test_no_context(make: object) -> None:
    for context, size in ((0, 5), (-1, 5), (1, -1)):
        with pytest.raises(ValueError, match="no presentation context"):
            make(context, size)  # type: ignore[operator]
