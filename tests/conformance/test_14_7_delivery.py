"""X.411 14.7: message-delivery, probe-delivery-test, report-delivery."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.conformance.world import (
    BOB,
    DAVE,
    ERIN,
    STAFF,
    a_list,
    critical,
    delivered_envelope,
    name,
    prohibited,
    sent,
    text_of,
    with_alternate,
    with_lists,
)
from tests.mta.samples import ALICE, EARLIER_UTC, NOBODY, NOW, NOW_UTC, codes_of, mta, report_of, routes, subject, taken
from tests.mta.test_conversion import LATIN, LATIN_TEXT, ipm, taking, to_dave
from x400.asn1 import specification
from x400.mta import Outcome, Restrictions, Stored, User
from x400.mts.extensions import field_value
from x400.mts.identifiers import GlobalDomainIdentifier
from x400.mts.originate import NewRecipient, probe

MTS = specification().modules["MTSAbstractService"]
SENDER = GlobalDomainIdentifier("GB", "SENDER", "S")
HOME = mta(
    name="m",
    global_domain_identifier=SENDER,
    routes=routes({"/C=GB/A=SENDER/": ("deliver", "alice"), "/C=GB/": ("peer", "own")}),
)
"""Alice's."""


def numbers_of(outcome: Outcome) -> set[int | str]:
    return {field["type"][1] for field in delivered_envelope(outcome)["extensions"]}


# ---- 14.7.1 message-delivery


def test_14_7_1_step_1_identifier_times_and_names() -> None:
    outcome = taken(sent(DAVE, priority="urgent"))
    (delivery,) = outcome.deliveries
    envelope = MTS["MessageDeliveryEnvelope"].decode(delivery.envelope)
    assert envelope["message-delivery-identifier"]["local-identifier"] == "local.1"
    assert envelope["message-delivery-time"] == NOW_UTC
    fields = envelope["other-fields"]
    assert (text_of(fields["originator-name"]), text_of(fields["this-recipient-name"])) == (ALICE, DAVE)
    assert fields["message-submission-time"] == EARLIER_UTC
    assert (fields["priority"], fields["content-identifier"]) == ("urgent", "id 1")


@pytest.mark.parametrize("disclosed", [True, False])
def test_14_7_1_step_2_other_recipients_if_they_are_to_be_disclosed(disclosed: bool) -> None:
    outcome = taken(sent(DAVE, BOB, disclosure_of_other_recipients=disclosed))
    others = delivered_envelope(outcome).get("other-recipient-names", [])
    assert [text_of(one) for one in others] == ([BOB] if disclosed else [])


def test_14_7_1_step_3_but_not_those_of_a_list() -> None:
    one = with_lists(a_list(STAFF, DAVE, BOB))
    fields = delivered_envelope(taken(sent(STAFF, disclosure_of_other_recipients=True), one))
    assert "other-recipient-names" not in fields


def test_14_7_1_step_4_that_conversion_is_prohibited_and_what_was_converted() -> None:
    fields = delivered_envelope(taken(sent(DAVE, implicit_conversion_prohibited=True)))
    assert fields["delivery-flags"] == (b"\x40", 2)
    fields = delivered_envelope(to_dave(ipm(LATIN_TEXT), LATIN, taking("ia5-text")))
    assert fields["converted-encoded-information-types"]["built-in-encoded-information-types"] == (b"\x20", 3)


@pytest.mark.parametrize("number", [1, 3])
def test_14_7_1_step_5_what_is_for_the_transfer_alone_is_not_delivered(number: int) -> None:
    assert number not in numbers_of(taken(sent(DAVE, extensions=(prohibited(number),))))
    assert 2 not in numbers_of(taken(sent(with_alternate(DAVE, ERIN))))


@pytest.mark.parametrize("number", [4, 6, 13, 16, 18, 19, 20, 45, "1.2.3.4"])
def test_14_7_1_step_6_all_else_is_with_its_criticality(number: int | str) -> None:
    field = critical(number, 0x00)
    recipient = NewRecipient(name(DAVE), extensions=(field,))
    for octets in (sent(DAVE, extensions=(field,)), sent(recipient)):
        outcome = taken(octets)
        (found,) = [one for one in delivered_envelope(outcome)["extensions"] if one["type"][1] == number]
        assert bytes(found["value"]) == b"\x05\x00"
    outcome = taken(sent(DAVE, extensions=(critical(20, 0x20),)))
    (found,) = [one for one in delivered_envelope(outcome)["extensions"] if one["type"][1] == 20]
    assert found["criticality"] == (b"\x20", 3)


def test_14_7_1_step_7_delivery_is_reported_if_asked_for() -> None:
    report = report_of(taken(sent(NewRecipient(name(DAVE), "report"))))
    (fields,) = report["content"]["per-recipient-fields"]
    kind, value = fields["last-trace-information"]["report-type"]
    assert (kind, value["message-delivery-time"]) == ("delivery", NOW_UTC)


# ---- 14.7.2 probe-delivery-test


def test_14_7_2_step_1_who_could_be_delivered_to() -> None:
    outcome = taken(probe(subject(DAVE), 10, NOW))
    (fields,) = report_of(outcome)["content"]["per-recipient-fields"]
    assert fields["last-trace-information"]["report-type"][0] == "delivery"
    assert outcome.deliveries == []


@pytest.mark.parametrize(
    ("restrictions", "content", "code"),
    [
        (Restrictions(maximum_content_length=9), {}, (1, 7)),
        (Restrictions(content_types=frozenset({35})), {}, (1, 15)),
        (
            Restrictions(encoded_information_types=frozenset({"g3-facsimile"})),
            {"encoded_information_types": LATIN},
            (1, 6),
        ),
    ],
)
def test_14_7_2_step_2_who_could_not_for_length_content_type_or_information_types(
    restrictions: Restrictions, content: dict[str, Any], code: tuple[int, int]
) -> None:
    one = mta(users=(User(name(DAVE), restrictions=restrictions),))
    assert codes_of(report_of(taken(probe(subject(DAVE, **content), 10, NOW), one))) == [code]


def test_14_7_2_step_3_nor_for_what_is_critical() -> None:
    assert codes_of(report_of(taken(probe(subject(DAVE, extensions=(critical(99, 0x20),)), 10, NOW)))) == [(1, 18)]


# ---- 14.7.3 report-delivery


def report_at_home(*recipients: str | NewRecipient, **more: Any) -> dict[str, Any]:
    """The envelope of what Alice gets of the report on a message of hers."""
    (report,) = [one for one in taken(sent(*recipients, **more)).transfers if one.is_report]
    (delivery,) = HOME.message_in(report.stored(), "own", NOW + timedelta(minutes=1)).deliveries
    found: dict[str, Any] = MTS["ReportDeliveryEnvelope"].decode(delivery.envelope)
    return found


def test_14_7_3_step_1_the_subject_and_what_became_of_each_recipient() -> None:
    envelope = report_at_home(NOBODY, NewRecipient(name(DAVE), "report"))
    assert envelope["subject-submission-identifier"]["local-identifier"] == "local.1"
    assert (envelope["content-identifier"], envelope["content-type"]) == ("id 1", ("built-in", 22))
    what = {text_of(one["actual-recipient-name"]): one["report-type"] for one in envelope["per-recipient-fields"]}
    assert what[NOBODY] == ("non-delivery", {"non-delivery-reason-code": 1, "non-delivery-diagnostic-code": 0})
    assert what[DAVE][1]["message-delivery-time"] == NOW_UTC


def test_14_7_3_step_2_no_more_than_the_originator_asked_for() -> None:
    asked = NewRecipient(name(DAVE), "non-delivery-report", mta_report="report")
    envelope = report_at_home(NOBODY, asked)
    assert [text_of(one["actual-recipient-name"]) for one in envelope["per-recipient-fields"]] == [NOBODY]


def test_14_7_3_step_3_the_correlator_the_label_and_who_reports() -> None:
    label = MTS["MessageSecurityLabel"].encode({"security-policy-identifier": "1.2.3"})
    correlator = MTS["ContentCorrelator"].encode(("ia5text", "ours"))
    envelope = report_at_home(NOBODY, extensions=(field_value(20, label), field_value(23, correlator)))
    found = {field["type"][1]: bytes(field["value"]) for field in envelope["extensions"]}
    assert (found[20], found[23]) == (label, correlator)
    assert MTS["ReportingMTAName"].decode(found[39])["mta-name"] == "mta.own"


def test_14_7_3_step_4_the_content_if_it_comes_back() -> None:
    (report,) = [one for one in taken(sent(NOBODY, content_return_request=True)).transfers if one.is_report]
    (delivery,) = HOME.message_in(Stored(report.stored().head), "own", NOW).deliveries
    assert b"".join(delivery.buffers) == b"the content"
