"""The APDUs of reliable transfer (golden, both ways), the first two as two MTAs of the 1990s said them."""

from __future__ import annotations

from typing import Any

import pytest

from x400.osi.rtse import apdu
from x400.osi.rtse.exceptions import AbortReason, TransferError

BIND = bytes.fromhex("b013 a111 8005 50504d5441 a108 0406 707070617373")

CAPTURED: list[tuple[str, str, dict[str, Any]]] = [
    (
        "b01f 80013f 820100 a317 a015 b013 a111 8005 50504d5441 a108 0406 707070617373",
        "rtorq-apdu",
        {"checkpointSize": 63, "windowSize": 3, "dialogueMode": 0, "connectionDataRQ": ("open", BIND)},
    ),
    (
        "b11f 800101 810103 a217 a015 b013 a111 8005 50504d5441 a108 0406 707070617373",
        "rtoac-apdu",
        {"checkpointSize": 1, "windowSize": 3, "connectionDataAC": ("open", BIND)},
    ),
]


@pytest.mark.parametrize(("octets", "name", "value"), CAPTURED, ids=["rtorq", "rtoac"])
def test_captured(octets: str, name: str, value: dict[str, Any]) -> None:
    assert apdu.decode(bytes.fromhex(octets), name) == (name, value)


GOLDEN = [
    (apdu.encode_rtorq(63, 5, True, b"\x05\x00"), "b00f 80013f 810105 820101 a304 a002 0500"),
    (apdu.encode_rtoac(1, 5, b"\x05\x00"), "b10c 800101 810105 a204 a002 0500"),
    (apdu.encode_rtorj(None), "b200"),
    (apdu.encode_rtorj(b"\x02\x01\x02"), "b205 a103 020102"),
    (apdu.encode_rtab(AbortReason.PROTOCOL_ERROR), "b603 800104"),
    (apdu.encode_rtab(AbortReason.USER_ERROR, b"\x05\x00"), "b607 800106 a202 0500"),
]


@pytest.mark.parametrize(("made", "octets"), GOLDEN)
def test_golden(made: bytes, octets: str) -> None:
    assert made == bytes.fromhex(octets)
    apdu.decode(made, "rtorq-apdu", "rtoac-apdu", "rtorj-apdu", "rtab-apdu")


@pytest.mark.parametrize(
    "octets", ["", "b0", "b000", "b008800101a3038001000000", "b00a80013f", "b003a30180", "0500", "b600"]
)
def test_refuse(octets: str) -> None:
    with pytest.raises(TransferError) as caught:
        apdu.decode(bytes.fromhex(octets), "rtorq-apdu")
    assert caught.value.reason == AbortReason.PROTOCOL_ERROR
