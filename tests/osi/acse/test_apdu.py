"""The APDUs of association control, as two MTAs of the 1990s said them (golden, both ways)."""

from __future__ import annotations

from typing import Any

import pytest

from x400.osi.acse import apdu
from x400.osi.acse.exceptions import AbortSource, AssociateResult, AssociationError
from x400.osi.presentation import PDV

MTS_TRANSFER = "2.6.0.1.6"
USER_DATA: list[PDV] = [(3, bytes.fromhex("0500"))]

GOLDEN = [
    (
        apdu.encode_aarq(MTS_TRANSFER, USER_DATA),
        "60 17  a1 06 0604 56000106  be 0d  28 0b  06 02 5101  02 01 03  a0 02 0500",
        "aarq",
    ),
    (
        apdu.encode_aare(MTS_TRANSFER, AssociateResult.ACCEPTED, "service-user", 0, USER_DATA),
        "61 23  a1 06 0604 56000106  a2 03 020100  a3 05 a103 020100  be 0d  28 0b  06 02 5101  02 01 03  a0 02 0500",
        "aare",
    ),
    (apdu.encode_rlrq([]), "62 03 800100", "rlrq"),
    (apdu.encode_rlre([]), "63 03 800100", "rlre"),
    (apdu.encode_abrt(AbortSource.ACSE_SERVICE_PROVIDER, []), "64 03 800101", "abrt"),
]


@pytest.mark.parametrize(("made", "octets", "name"), GOLDEN, ids=[row[2] for row in GOLDEN])
def test_golden(made: bytes, octets: str, name: str) -> None:
    assert made == bytes.fromhex(octets)
    assert apdu.decode(made)[0] == name


def value_of(octets: str) -> dict[str, Any]:
    return apdu.decode(bytes.fromhex(octets))[1]


def test_values_of_the_capture() -> None:
    aarq = value_of(
        "6036 a106 0604 56000106 be2c 282a 0602 5101 020103 a021"
        "b01f 80013f 820100 a317 a015 b013 a111 8005 50504d5441 a108 0406 707070617373"
    )
    assert aarq["aSO-context-name"] == MTS_TRANSFER
    ((context, rtorq),) = apdu.user_information(aarq)
    assert (context, bytes(rtorq[:2]).hex()) == (3, "b01f")


@pytest.mark.parametrize("octets", ["", "60", "6000", "6003800101", "7f", "6203810100ff"])
def test_refuse(octets: str) -> None:
    with pytest.raises(AssociationError):
        apdu.decode(bytes.fromhex(octets))


@pytest.mark.parametrize(
    "external",
    [
        {"direct-reference": "2.1.1", "encoding": ("single-ASN1-type", b"\x05\x00")},
        {"indirect-reference": 3, "encoding": ("arbitrary", (b"\x05\x00", 16))},
    ],
)
def test_user_information_that_is_none(external: dict[str, Any]) -> None:
    with pytest.raises(AssociationError):
        apdu.user_information({"user-information": [external]})
