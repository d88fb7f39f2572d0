"""The PPDUs of connection and abort (golden, both ways)."""

from __future__ import annotations

import pytest

from x400.osi.presentation import PDV, ppdu
from x400.osi.presentation.events import ContextResult
from x400.osi.presentation.exceptions import AbortReason, EventIdentifier, PresentationError, ProviderReason

VALUES: list[PDV] = [(1, bytes.fromhex("0500"))]
USER_DATA = "61 09  30 07  020101  a0 02 0500"


def test_cp() -> None:
    made = ppdu.encode_cp(b"A", b"B", ((1, "2.2.1.0.1"),), VALUES)
    assert made == bytes.fromhex(
        "31 2b  a0 03 800101  a2 24  81 01 41  82 01 42  a4 11  30 0f  020101  0604 52010001  3004 0602 5101"
        + USER_DATA
    )
    parameters, values = ppdu.decode_cp(made)
    assert parameters["calling-presentation-selector"] == b"A"
    assert parameters["called-presentation-selector"] == b"B"
    assert values == VALUES


def test_cpa() -> None:
    contexts = (ContextResult(1, "2.2.1.0.1", 0), ContextResult(3, "1.2.3", 2, 1))
    made = ppdu.encode_cpa(b"", contexts, VALUES)
    assert made == bytes.fromhex(
        "31 25  a0 03 800101  a2 1e  a5 11  30 07 800100 8102 5101  30 06 800102 820101" + USER_DATA
    )
    parameters, values = ppdu.decode_cpa(made)
    results = parameters["presentation-context-definition-result-list"]
    assert [result["result"] for result in results] == [0, 2]
    assert values == VALUES


def test_cpr() -> None:
    made = ppdu.encode_cpr((), [], ProviderReason.CALLED_PRESENTATION_ADDRESS_UNKNOWN)
    assert made == bytes.fromhex("30 03  8a 01 03")
    assert ppdu.decode_cpr(made) == (3, [])
    assert ppdu.decode_cpr(ppdu.encode_cpr((), VALUES)) == (None, VALUES)


def test_cpr_of_1984_is_known_for_what_it_is() -> None:
    assert ppdu.decode_cpr(bytes.fromhex("31 03 800100")) == (ProviderReason.PROTOCOL_VERSION_NOT_SUPPORTED, [])


def test_aborts() -> None:
    arp = ppdu.encode_arp(AbortReason.UNEXPECTED_PPDU, EventIdentifier.TD_PPDU)
    assert arp == bytes.fromhex("30 06  80 01 02  81 01 07")
    assert ppdu.decode_abort(arp) == (None, 2)
    assert ppdu.decode_abort(ppdu.encode_arp(AbortReason.UNEXPECTED_PPDU, None)) == (None, 2)
    aru = ppdu.encode_aru((1,), VALUES)
    assert aru == bytes.fromhex("a0 16  a0 09  30 07 020101 0602 5101" + USER_DATA)
    assert ppdu.decode_abort(aru) == (VALUES, None)
    assert ppdu.decode_abort(b"\x05\x00") == (None, AbortReason.REASON_NOT_SPECIFIED)
    assert ppdu.decode_abort(b"") == (None, AbortReason.REASON_NOT_SPECIFIED)


@pytest.mark.parametrize(
    "octets", ["", "31", "3100", "3105a00380010100", "3105a003800101", "310fa003800101a20861063004020101a500"]
)
def test_refuse(octets: str) -> None:
    with pytest.raises(PresentationError):
        ppdu.decode_cp(bytes.fromhex(octets))
