"""Identifiers and lengths by hand (X.690 8.1)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from x400.osi.tlv import FramingError, element_end, header, integer, read_header

GOLDEN_HEADERS = [
    ((0x04, 0), "0400"),
    ((0x04, 127), "047f"),
    ((0x04, 128), "048180"),
    ((0x61, 255), "6181ff"),
    ((0x61, 256), "61820100"),
    ((0x61, 65536), "6183010000"),
]

GOLDEN_INTEGERS = [(0, "020100"), (1, "020101"), (127, "02017f"), (128, "02020080"), (-1, "0201ff"), (256, "02020100")]


@pytest.mark.parametrize(("value", "octets"), GOLDEN_HEADERS)
def test_header_and_back(value: tuple[int, int], octets: str) -> None:
    made = header(*value)
    assert made.hex() == octets
    assert read_header(made + bytes(value[1]), 0, len(made) + value[1]) == (value[0], len(made), value[1])


@pytest.mark.parametrize(("value", "octets"), GOLDEN_INTEGERS)
def test_integer(value: int, octets: str) -> None:
    assert integer(value).hex() == octets


@pytest.mark.parametrize(
    "octets",
    ["", "04", "0401", "0481", "048201", "04ff" + "00" * 127, "0480", "0489" + "00" * 20, "048400ffffff"],
)
def test_header_refuses(octets: str) -> None:
    data = bytes.fromhex(octets)
    with pytest.raises(FramingError):
        read_header(data, 0, len(data))


@pytest.mark.parametrize(
    ("octets", "end"),
    [
        ("0400", 2),
        ("30800000", 4),
        ("3080308000000000", 8),
        ("30800401000000ff", 7),
        ("3003020105", 5),
        ("bf8148020101", 6),  # [200]
        ("bf81480101", 5),
        ("bf8148800000", 6),
        ("1f8148810100", 6),
    ],
)
def test_element_end(octets: str, end: int) -> None:
    data = bytes.fromhex(octets)
    assert element_end(data, 0, len(data)) == end


@pytest.mark.parametrize(
    "octets", ["", "30", "3080", "308000", "30800001", "308004020000", "bf81", "bf814805ff", "bf818181818181", "1f01"]
)
def test_element_end_refuses(octets: str) -> None:
    data = bytes.fromhex(octets)
    with pytest.raises(FramingError):
        element_end(data, 0, len(data))


@given(st.binary(max_size=40))
def test_element_end_parses_or_raises(data: bytes) -> None:
    try:
        end = element_end(data, 0, len(data))
    except FramingError as error:
        end = max(2, error.offset)
    assert 2 <= end <= max(2, len(data))


def test_deep_nesting_costs_no_stack() -> None:
    depth = 20000
    data = b"\x30\x80" * depth + bytes(2 * depth)
    assert element_end(data, 0, len(data)) == len(data)
