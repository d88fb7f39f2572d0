"""X.411 14.10: message-in, probe-in, report-in, and what could not be passed out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.conformance.world import BOB, DAVE, envelope_of, onward, sent
from tests.mta.accounts import checked
from tests.mta.samples import CAROL, NOBODY, NOW, codes_of, mta, report_of, subject, taken
from x400.mts.exceptions import InvalidAPDU
from x400.mts.originate import probe


@pytest.mark.parametrize("octets", [b"", b"\xa0\x00", b"\xa5\x00", sent(BOB)[:-1]])
def test_14_10_1_step_1_what_is_no_apdu_is_refused(octets: bytes) -> None:
    with pytest.raises(InvalidAPDU):
        taken(octets)


def test_14_10_1_step_2_a_repeated_transfer_has_the_same_key() -> None:
    octets = sent(BOB)
    assert taken(octets).duplicate_key == taken(octets, now=NOW + timedelta(hours=1)).duplicate_key
    assert taken(octets).duplicate_key != taken(octets, peer="other").duplicate_key


def test_14_10_2_step_1_a_probe_is_answered_where_a_message_would_be_delivered() -> None:
    outcome = taken(probe(subject(DAVE, NOBODY), 10, NOW))
    kinds = [
        one["last-trace-information"]["report-type"][0] for one in report_of(outcome)["content"]["per-recipient-fields"]
    ]
    assert kinds == ["delivery", "non-delivery"]
    assert outcome.deliveries == []


def test_14_10_2_step_2_and_passed_on_where_it_would_be_passed_on() -> None:
    (transfer,) = onward(taken(probe(subject(BOB), 10, NOW)))
    assert (transfer.next_hop, envelope_of(transfer)["content-length"]) == ("east", 10)


def test_14_10_2_step_3_a_probe_of_a_message_that_would_be_too_long() -> None:
    assert codes_of(report_of(taken(probe(subject(DAVE), 11, NOW), mta(maximum_content_length=10)))) == [(1, 7)]


@pytest.mark.parametrize(
    ("reason", "code"),
    [("maximum-time-expired", (0, 5)), ("unable-to-complete-transfer", (0, 48)), ("mts-congestion", (0, 2))],
)
def test_14_10_4_step_1_what_cannot_be_transferred_is_reported(reason: str, code: tuple[int, int]) -> None:
    one = mta()
    (queued,) = [t for t in taken(sent(BOB, CAROL), one).transfers if t.next_hop == "east"]
    outcome = one.expire(queued.stored(), queued.recipients, reason, NOW + timedelta(days=2))
    checked(queued.stored(), outcome, places=queued.recipients)
    assert codes_of(report_of(outcome)) == [code]
