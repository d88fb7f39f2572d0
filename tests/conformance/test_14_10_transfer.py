"""X.411 14.10: message-in, probe-in, report-in, message-out, probe-out, report-out."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.conformance.world import BOB, DAVE, envelope_of, onward, sent, text_of
from tests.mta.accounts import checked
from tests.mta.samples import CAROL, NOBODY, NOW, OWN, codes_of, decoded, mta, report_of, routes, subject, taken
from tests.mta.tlv import differences, parse
from x400.asn1 import specification
from x400.mta import Stored
from x400.mts.exceptions import InvalidAPDU
from x400.mts.identifiers import GlobalDomainIdentifier
from x400.mts.originate import probe

ELSEWHERE = mta(
    name="r",
    global_domain_identifier=GlobalDomainIdentifier("DE", "R"),
    routes=routes({"/C=GB/A=SENDER/": ("peer", "sender")}),
)


def the_report(octets: bytes) -> Stored:
    """The report that comes of a message."""
    (transfer,) = [transfer for transfer in taken(octets).transfers if transfer.is_report]
    return transfer.stored()


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


def test_14_10_3_step_1_a_report_goes_on_to_its_destination() -> None:
    report = the_report(sent(NOBODY))
    (transfer,) = ELSEWHERE.message_in(report, "own", NOW).transfers
    assert (transfer.next_hop, transfer.is_report) == ("sender", True)


def test_14_10_3_step_2_one_for_a_destination_that_breaks_a_rule_is_discarded() -> None:
    kind, value = decoded(bytes(the_report(sent(NOBODY)).head))
    standard = value["envelope"]["report-destination-name"]["built-in-standard-attributes"]
    standard["country-name"] = ("iso-3166-alpha2-code", "G")
    octets = specification().modules["MTSTransferProtocol"]["MTS-APDU"].encode((kind, value))
    outcome = ELSEWHERE.message_in(Stored(octets), "own", NOW)
    assert outcome.transfers == outcome.deliveries == []
    assert [record.event for record in outcome.log] == ["report-discarded"]


def test_14_10_3_step_3_a_repeated_one_has_the_same_key() -> None:
    report = the_report(sent(NOBODY))
    keys = {ELSEWHERE.message_in(report, peer, NOW).duplicate_key for peer in ("own", "own", "other")}
    assert len(keys) == 2


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("maximum-time-expired", (0, 5)),
        ("unable-to-complete-transfer", (0, 48)),
        ("transfer-attempts-limit-reached", (0, 49)),
        ("mts-congestion", (0, 2)),
    ],
)
def test_14_10_4_step_1_what_cannot_be_transferred_is_reported(reason: str, code: tuple[int, int]) -> None:
    one = mta()
    (queued,) = [t for t in taken(sent(BOB, CAROL), one).transfers if t.next_hop == "east"]
    outcome = one.expire(queued.stored(), queued.recipients, reason, NOW + timedelta(days=2))
    checked(queued.stored(), outcome, places=queued.recipients)
    assert codes_of(report_of(outcome)) == [code]


def test_14_10_4_step_2_for_those_alone_that_the_transfer_was_for() -> None:
    one = mta()
    for queued in taken(sent(BOB, CAROL), one).transfers:
        report = report_of(one.expire(queued.stored(), queued.recipients, "maximum-time-expired", NOW))
        names = [text_of(fields["actual-recipient-name"]) for fields in report["content"]["per-recipient-fields"]]
        assert names == list(queued.recipient_names)


def test_14_10_5_step_1_a_probe_is_passed_out_with_nothing_but_its_trace_grown() -> None:
    before = probe(subject(BOB), 10, NOW)
    (transfer,) = taken(before).transfers
    found = differences(parse(before), parse(bytes(transfer.stored().head)))
    assert [kind for kind, *_ in found] == ["appended", "appended"]


def test_14_10_5_step_2_one_that_cannot_be_transferred_is_reported() -> None:
    one = mta()
    (queued,) = taken(probe(subject(BOB), 10, NOW), one).transfers
    assert codes_of(report_of(one.expire(queued.stored(), None, "maximum-time-expired", NOW))) == [(0, 5)]


def test_14_10_6_step_1_a_report_made_here_is_passed_out_with_our_trace() -> None:
    (report,) = [t for t in taken(sent(NOBODY)).transfers if t.is_report]
    assert report.next_hop == "sender"
    (element,) = envelope_of(report)["trace-information"]
    assert GlobalDomainIdentifier.from_value(element["global-domain-identifier"]) == OWN


def test_14_10_6_step_2_one_that_cannot_be_transferred_is_discarded() -> None:
    outcome = mta().expire(the_report(sent(NOBODY)), None, "maximum-time-expired", NOW)
    assert outcome.transfers == outcome.deliveries == []
    assert [record.event for record in outcome.log] == ["report-discarded"]
