"""Reason and diagnostic codes, and the bits that ask for reports."""

from __future__ import annotations

import pytest

from x400.mts.reports import Indicators, NonDelivery, printable
from x400.mts.reports import NonDeliveryDiagnosticCode as Diagnostic
from x400.mts.reports import NonDeliveryReasonCode as Reason


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (Diagnostic.LOOP_DETECTED, (Reason.UNABLE_TO_TRANSFER, Diagnostic.LOOP_DETECTED, None)),
        ("maximum-time-expired", (Reason.TRANSFER_FAILURE, Diagnostic.MAXIMUM_TIME_EXPIRED, None)),
        ("unrecognised-OR-name", (Reason.UNABLE_TO_TRANSFER, Diagnostic.UNRECOGNISED_OR_NAME, None)),
        ("the peer was down", (Reason.TRANSFER_FAILURE, Diagnostic.MAXIMUM_TIME_EXPIRED, "the peer was down")),
    ],
)
def test_reason_goes_with_diagnostic(what: Diagnostic | str, expected: tuple[object, ...]) -> None:
    assert NonDelivery.of(what) == NonDelivery(*expected)  # type: ignore[arg-type]


def test_text() -> None:
    assert str(NonDelivery.of("unrecognised-or-name")) == "unable-to-transfer unrecognised-or-name"


@pytest.mark.parametrize(
    ("octet", "delivery", "audited", "originator", "originator_non_delivery"),
    [
        (0b10100000, False, False, False, False),
        (0b11000000, True, False, False, False),
        (0b11100000, True, True, False, False),
        (0b10101000, False, False, False, True),
        (0b11010000, True, False, True, True),
    ],
)
def test_indicators(octet: int, delivery: bool, audited: bool, originator: bool, originator_non_delivery: bool) -> None:
    indicators = Indicators((bytes((octet,)), 8))
    assert indicators.responsibility
    assert indicators.delivery_report is delivery
    assert indicators.audited_report is audited
    assert indicators.originator_report is originator
    assert indicators.originator_non_delivery_report is originator_non_delivery


def test_only_responsibility_is_cleared() -> None:
    assert Indicators((b"\xd0\x00", 9)).without_responsibility() == (b"\x50\x00", 9)
    assert not Indicators((b"", 0)).responsibility


def test_printable() -> None:
    assert printable("field [2]: expected «x» " + "y" * 300) == ("field  2 : expected  x  " + "y" * 300)[:256]
