"""The EXTERNAL around an APDU, taken off segment by segment, in each form and however it is cut."""

from __future__ import annotations

import contextlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from x400.osi.rtse.exceptions import TransferError
from x400.osi.rtse.external import ExternalReader, prefix
from x400.osi.tlv import header

APDU = b"\xa0\x82\x01\x2c" + bytes(range(200)) + bytes(100)
SHORT = b"\xa0\x03\x02\x01\x05"


def forms(apdu: bytes) -> dict[str, bytes]:
    inner = b"\xa0\x80" + apdu + b"\0\0"
    definite = header(0xA0, len(apdu)) + apdu
    reference = b"\x02\x01\x05"
    both = b"\x06\x02\x51\x01" + reference
    return {
        "definite": prefix(5, len(apdu)) + apdu,
        "indefinite": b"\x28\x80" + reference + inner + b"\0\0",
        "outer indefinite": b"\x28\x80" + reference + definite + b"\0\0",
        "inner indefinite": header(0x28, len(reference + inner)) + reference + inner,
        "direct reference": header(0x28, len(both + definite)) + both + definite,
        "octet aligned": header(0x28, len(reference + definite)) + reference + b"\x81" + definite[1:],
    }


def read(data: bytes, cuts: list[int]) -> bytes:
    reader = ExternalReader((5,), 1 << 20)
    out = b""
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    for begin, end in pairwise(edges):
        out += b"".join(bytes(part) for part in reader.feed(data[begin:end]))
    out += b"".join(bytes(part) for part in reader.finish())
    assert reader.size == len(out)
    return out


@pytest.mark.parametrize("apdu", [APDU, SHORT], ids=["long", "short"])
@pytest.mark.parametrize("form", forms(b""))
@given(cuts=st.lists(st.integers(0, 400), max_size=6))
def test_every_form_however_cut(apdu: bytes, form: str, cuts: list[int]) -> None:
    assert read(forms(apdu)[form], cuts) == apdu


@pytest.mark.parametrize("form", forms(b""))
def test_byte_by_byte(form: str) -> None:
    data = forms(APDU)[form]
    assert read(data, list(range(len(data)))) == APDU


@pytest.mark.parametrize("form", forms(b""))
@pytest.mark.parametrize("apdu", [APDU, SHORT], ids=["long", "short"])
def test_cut_short(apdu: bytes, form: str) -> None:
    data = forms(apdu)[form]
    for length in range(len(data)):
        try:
            out = read(data[:length], [])
        except TransferError:
            continue
        # Of indefinite length, an APDU that ends in zeros may seem whole: the codec finds that it is not.
        assert "indefinite" in form
        assert apdu.startswith(out)


@pytest.mark.parametrize("form", ["definite", "outer indefinite", "inner indefinite"])
def test_octets_after_it(form: str) -> None:
    with pytest.raises(TransferError):
        read(forms(APDU)[form] + b"\x01\x02\x03\x04\x05", [])


@pytest.mark.parametrize(
    "octets",
    ["3003020105", "2803020107", "2803040105", "28060201058200", "280602010540020405", "2880020105", ""],
)
def test_refuse(octets: str) -> None:
    with pytest.raises(TransferError):
        read(bytes.fromhex(octets), [])


def test_announced_size_counts_at_once() -> None:
    reader = ExternalReader((5,), 1000)
    reader.feed(prefix(5, 1001) + bytes(100))
    assert reader.too_large


@given(data=st.binary(max_size=120), cuts=st.lists(st.integers(0, 120), max_size=3))
def test_reads_or_raises(data: bytes, cuts: list[int]) -> None:
    with contextlib.suppress(TransferError):
        read(b"\x28" + data, cuts)
