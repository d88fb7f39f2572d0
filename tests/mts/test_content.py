"""Contents that come in pieces, taken out as they stream by, however the stream is cut."""

from __future__ import annotations

import pytest

from x400.mts.content import Flattener
from x400.mts.exceptions import InvalidAPDU
from x400.mts.extensions import tlv

PIECES = tlv(4, b"ab") + tlv(4, b"") + tlv(0x24, tlv(4, b"c"), tlv(4, b"d" * 300)) + tlv(4, b"e")
NESTED_INDEFINITE = b"\x24\x80" + tlv(4, b"xy") + b"\x24\x80\x04\x01z\x00\x00" + b"\x00\x00" + tlv(4, b"!")


def flatten(data: bytes, length: int | None, step: int) -> tuple[bytes, bool]:
    flattener = Flattener(length)
    found = b"".join(bytes(p) for at in range(0, len(data), step) for p in flattener.feed(data[at : at + step]))
    return found, flattener.finished


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_definite(step: int) -> None:
    assert flatten(PIECES, len(PIECES), step) == (b"abc" + b"d" * 300 + b"e", True)


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000])
def test_indefinite_ends_itself(step: int) -> None:
    data = NESTED_INDEFINITE + b"\0\0" + b"\0\0" + b"trailing end-of-contents of what is around"
    assert flatten(data, None, step) == (b"xyz!", True)


def test_not_yet_finished() -> None:
    assert flatten(PIECES[:-1], len(PIECES), 5)[1] is False
    assert flatten(NESTED_INDEFINITE, None, 5)[1] is False


def test_nothing_in_it() -> None:
    assert flatten(b"\0\0", None, 1) == (b"", True)
    assert Flattener(0).finished


@pytest.mark.parametrize(
    "data",
    [tlv(2, b"\1"), tlv(4, b"toolong"), b"\x24\x05" + tlv(4, b"abcd") + b"...", b"\x24\x80" * 40, b"\x04\x80", b"\0\0"],
)
def test_no_octet_string(data: bytes) -> None:
    with pytest.raises(InvalidAPDU, match="a piece of an OCTET STRING"):
        Flattener(6).feed(data)
