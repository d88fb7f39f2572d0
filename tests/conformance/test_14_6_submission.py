"""X.411 14.6: message-submission, probe-submission, and cancel-deferred-delivery."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.conformance.world import (
    BOB,
    DAVE,
    STAFF,
    a_list,
    critical,
    envelope_of,
    internal_of,
    last_trace,
    name,
    onward,
    with_lists,
)
from tests.mta.samples import ALICE, NOBODY, NOW, NOW_UTC, OWN, codes_of, mta, report_of, routes
from x400.asn1 import specification
from x400.mta import SubmissionRefused, Submitted
from x400.mts.criticality import OF_A_SUBMISSION
from x400.mts.extensions import field_value
from x400.mts.identifiers import GlobalDomainIdentifier
from x400.mts.originate import NewRecipient, submission
from x400.mts.trace import utc

MTS = specification().modules["MTSAbstractService"]
ERIN = "/C=GB/A=OWNADMD/P=OWN/O=Here/S=Erin/"


def submitted(*recipients: str | NewRecipient, one: Any = None, originator: str = ERIN, **more: Any) -> Submitted:
    named = [NewRecipient(name(to)) if isinstance(to, str) else to for to in recipients]
    envelope = submission(name(originator), named, **more)
    found: Submitted = (one or mta()).message_submission(envelope, b"the content", NOW)
    return found


def probed(value: dict[str, Any]) -> Submitted:
    return mta().probe_submission(MTS["ProbeSubmissionEnvelope"].encode(value), NOW)


def probe_for(to: str, **more: Any) -> dict[str, Any]:
    recipient = {"recipient-name": name(to).to_value(), "originator-report-request": (b"\x10", 5)}
    envelope = {"originator-name": name(ERIN).to_value(), "content-type": ("built-in", 22), "content-length": 10}
    return envelope | {"per-recipient-fields": [recipient]} | more


# ---- 14.6.1 message-submission


@pytest.mark.parametrize("number", [*range(1, 48), "1.2.3.4"])
def test_14_6_1_step_1_what_is_critical_for_submission_must_be_understood(number: int | str) -> None:
    """In the envelope, and for a recipient; the submission is refused, and nobody is told but who submits."""
    field = critical(number, 0x80)
    if number in {5, 38}:
        field["value"] = {5: b"\x17\x0d270101000000Z", 38: b"\x30\x00"}[int(number)]
    for arguments, extensions in (
        ((BOB,), (field,)),
        ((NewRecipient(name(BOB), extensions=(field,)),), ()),
    ):
        if number in OF_A_SUBMISSION - {21, 36}:
            assert len(submitted(*arguments, extensions=extensions).outcome.transfers) == 1
            continue
        with pytest.raises(SubmissionRefused) as refused:
            submitted(*arguments, extensions=extensions)
        assert refused.value.error == "unsupported-critical-function"


@pytest.mark.parametrize("bits", [0x40, 0x20])
def test_14_6_1_step_2_what_is_critical_for_later_is_no_matter_yet(bits: int) -> None:
    (transfer,) = submitted(BOB, extensions=(critical(21, 0x00), critical(16, bits))).outcome.transfers
    assert [field["type"][1] for field in envelope_of(transfer)["extensions"]] == [16, 38]


def test_14_6_1_step_3_an_originator_that_is_no_name() -> None:
    value = MTS["MessageSubmissionEnvelope"].decode(submission(name(ERIN), [NewRecipient(name(BOB))]))
    value["originator-name"]["built-in-standard-attributes"]["country-name"] = ("iso-3166-alpha2-code", "G")
    with pytest.raises(SubmissionRefused) as refused:
        mta().message_submission(MTS["MessageSubmissionEnvelope"].encode(value), b"", NOW)
    assert refused.value.error == "originator-invalid"


def test_14_6_1_step_4_recipients_that_are_no_names_are_named() -> None:
    value = MTS["MessageSubmissionEnvelope"].decode(
        submission(name(ERIN), [NewRecipient(name(to)) for to in (BOB, DAVE)])
    )
    spoiled = value["per-recipient-fields"][1]["recipient-name"]
    spoiled["built-in-standard-attributes"]["country-name"] = ("iso-3166-alpha2-code", "G")
    with pytest.raises(SubmissionRefused) as refused:
        mta().message_submission(MTS["MessageSubmissionEnvelope"].encode(value), b"", NOW)
    assert refused.value.error == "recipient-improperly-specified"
    assert refused.value.recipients == (spoiled,)


def test_14_6_1_step_5_requests_that_contradict_one_another() -> None:
    latest = field_value(5, MTS["Time"].encode(utc(NOW + timedelta(hours=1))))
    with pytest.raises(SubmissionRefused) as refused:
        submitted(BOB, extensions=(latest,), deferred_delivery_time=NOW + timedelta(hours=2))
    assert refused.value.error == "inconsistent-request"
    assert submitted(BOB, extensions=(latest,), deferred_delivery_time=NOW + timedelta(minutes=30)).outcome.held


def test_14_6_1_step_6_the_result_names_message_and_time() -> None:
    one = mta()
    first, second = submitted(BOB, one=one, content_identifier="mine"), submitted(BOB, one=one)
    assert first.identifier.global_domain_identifier == OWN
    assert first.identifier != second.identifier
    assert (first.time, first.content_identifier, second.content_identifier) == (NOW, "mine", None)
    assert str(first.identifier) == first.outcome.identifier


def test_14_6_1_step_7_the_envelope_for_the_transfer() -> None:
    asked = NewRecipient(name(DAVE), "report")
    first = submitted(BOB, asked, priority="urgent", content_return_request=True, content_type=35)
    (transfer,) = onward(first.outcome)
    envelope = envelope_of(transfer)
    assert envelope["message-identifier"] == first.identifier.to_value()
    assert (envelope["priority"], envelope["content-type"]) == ("urgent", ("built-in", 35))
    assert envelope["per-message-indicators"][0] == b"\x30"
    bob, dave = envelope["per-recipient-fields"]
    assert (bob["originally-specified-recipient-number"], bob["per-recipient-indicators"][0]) == (1, b"\xa8")
    assert (dave["originally-specified-recipient-number"], dave["per-recipient-indicators"][0]) == (2, b"\x50")


def test_14_6_1_step_8_its_trace_begins_here() -> None:
    (transfer,) = submitted(BOB).outcome.transfers
    envelope = envelope_of(transfer)
    (element,) = envelope["trace-information"]
    assert GlobalDomainIdentifier.from_value(element["global-domain-identifier"]) == OWN
    assert last_trace(envelope)["arrival-time"] == NOW_UTC
    assert [one["mta-name"] for one in internal_of(envelope)] == ["mta.own"]


def test_14_6_1_step_9_it_goes_the_way_of_all_others() -> None:
    one = with_lists(a_list(STAFF, BOB, DAVE), routes=(*routes(), *routes({"/C=GB/A=OWNADMD/": ("deliver", "here")})))
    outcome = submitted(STAFF, NOBODY, one=one).outcome
    assert [t.recipient_names for t in onward(outcome)] == [(BOB,)]
    assert [delivery.user for delivery in outcome.deliveries if delivery.kind == "message"] == [DAVE]
    (report,) = [delivery for delivery in outcome.deliveries if delivery.kind == "report"]
    assert report.user == ERIN


def test_14_6_1_step_10_deferred_it_is_held_and_then_goes_with_its_times_in_the_trace() -> None:
    one, until = mta(), NOW + timedelta(hours=1)
    (held,) = submitted(BOB, one=one, deferred_delivery_time=until).outcome.held
    assert held.not_before == until
    (transfer,) = one.release(held.stored(), NOW, until).transfers
    supplied = last_trace(envelope_of(transfer))
    assert (supplied["arrival-time"], supplied["deferred-time"]) == (NOW_UTC, utc(until))
    assert len(envelope_of(transfer)["trace-information"]) == 1


# ---- 14.6.2 probe-submission


def test_14_6_2_step_1_it_is_looked_at_as_a_message_would_be() -> None:
    with pytest.raises(SubmissionRefused) as refused:
        probed(probe_for(BOB, extensions=[critical(99, 0x80)]))
    assert refused.value.error == "unsupported-critical-function"
    value = probe_for(BOB)
    value["per-recipient-fields"][0]["recipient-name"]["built-in-standard-attributes"].pop("country-name")
    with pytest.raises(SubmissionRefused) as refused:
        probed(value)
    assert refused.value.error == "recipient-improperly-specified"


def test_14_6_2_step_2_it_goes_the_way_of_all_others() -> None:
    found = probed(probe_for(BOB))
    (transfer,) = found.outcome.transfers
    envelope = envelope_of(transfer)
    assert (envelope["content-length"], len(envelope["trace-information"])) == (10, 1)
    assert envelope["probe-identifier"] == found.identifier.to_value()
    sent_away = probed(probe_for(NOBODY, **{"originator-name": name(ALICE).to_value()}))
    assert codes_of(report_of(sent_away.outcome)) == [(1, 0)]


# ---- 14.6.3 cancel-deferred-delivery


def test_14_6_3_step_1_by_its_originator_while_it_is_held() -> None:
    one = mta()
    (held,) = submitted(BOB, one=one, deferred_delivery_time=NOW + timedelta(hours=1)).outcome.held
    outcome = one.cancel(held.stored(), name(ERIN))
    assert outcome is not None
    assert outcome.transfers == outcome.deliveries == outcome.held == []


def test_14_6_3_step_2_rejected_for_anybody_else() -> None:
    one = mta()
    (held,) = submitted(BOB, one=one, deferred_delivery_time=NOW + timedelta(hours=1)).outcome.held
    assert one.cancel(held.stored(), name(ALICE)) is None
