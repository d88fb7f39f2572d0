"""RTTR: an OCTET STRING in one piece or in several (X.690 8.7)."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from x400.osi.rtse.exceptions import TransferError
from x400.osi.rtse.source import BytesSource
from x400.osi.rtse.transfer import segment_contents


@pytest.mark.parametrize(
    ("octets", "contents"),
    [
        ("0403616263", b"abc"),
        ("0400", b""),
        ("240704016104026263", b"abc"),
        ("2480040161040262630000", b"abc"),
        ("248024800401610000040262630000", b"abc"),
        ("240b2406040161040162040163", b"abc"),
    ],
)
def test_contents(octets: str, contents: bytes) -> None:
    assert b"".join(bytes(piece) for piece in segment_contents(bytes.fromhex(octets))) == contents


@pytest.mark.parametrize(
    "octets", ["", "04", "040261", "04016162", "0201ff", "2403020161", "24800401610000ff", "248004016100"]
)
def test_refuse(octets: str) -> None:
    with pytest.raises(TransferError):
        segment_contents(bytes.fromhex(octets))


@given(st.binary(max_size=60))
def test_parses_or_raises(data: bytes) -> None:
    with contextlib.suppress(TransferError):
        segment_contents(b"\x24" + data)


@given(st.lists(st.binary(max_size=50), max_size=8), st.integers(1, 30))
def test_bytes_source(buffers: list[bytes], size: int) -> None:
    source = BytesSource(buffers)
    assert source.length == sum(map(len, buffers))
    out = b""
    while len(out) < source.length:
        piece = source.read(size)
        assert 0 < len(piece) <= size
        out += piece
    assert out == b"".join(buffers)
    assert source.read(size) == b""
