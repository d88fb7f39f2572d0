"""X.411 14.4: the report module: report-front-end, report-generation, report-routing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conformance.world import (
    BOB,
    CREW,
    DAVE,
    OWNER,
    STAFF,
    ReportPolicy,
    a_list,
    critical,
    envelope_of,
    extension,
    history_of,
    last_trace,
    name,
    redirecting,
    sent,
    text_of,
    with_lists,
)
from tests.mta.samples import ALICE, NOBODY, NOW, NOW_UTC, OWN, codes_of, decoded, mta, report_of, routes, taken
from x400.asn1 import specification
from x400.mta import MTA, Outcome, Stored, Transfer, User
from x400.mts.extensions import field_value
from x400.mts.identifiers import GlobalDomainIdentifier
from x400.mts.originate import NewRecipient

MTS = specification().modules["MTSAbstractService"]
SENDER = GlobalDomainIdentifier("GB", "SENDER", "S")


def the_report(outcome: Outcome) -> Transfer:
    (transfer,) = [transfer for transfer in outcome.transfers if transfer.is_report]
    return transfer


def at_sender(**changes: Any) -> MTA:
    table = {"/C=GB/A=SENDER/": ("deliver", "alice"), "/C=GB/": ("peer", "own")}
    return mta(**({"name": "m", "global_domain_identifier": SENDER, "routes": routes(table)} | changes))


def destinations(outcome: Outcome) -> set[str]:
    return {text_of(envelope_of(t)["report-destination-name"]) for t in outcome.transfers if t.is_report}


# ---- 14.4.1 control of the report module


def test_14_4_1_step_1_what_has_failed_becomes_one_report_that_sets_out() -> None:
    outcome = taken(sent(NOBODY, "/C=ZZ/A=NOWHERE/S=Other/", DAVE))
    assert len(envelope_of(the_report(outcome))["trace-information"]) == 1
    assert codes_of(report_of(outcome)) == [(1, 0)] * 2
    assert [record.event for record in outcome.log].count("report") == 1


def test_14_4_1_step_2_one_that_has_come_goes_through_the_front_end_and_is_routed() -> None:
    (transfer,) = (
        at_sender(routes=routes({"/C=GB/A=SENDER/": ("peer", "inner")}))
        .message_in(the_report(taken(sent(NOBODY))).stored(), "own", NOW)
        .transfers
    )
    assert (transfer.next_hop, len(envelope_of(transfer)["trace-information"])) == ("inner", 2)


def test_14_4_1_step_3_one_made_here_for_a_list_here_goes_on_as_the_list_says() -> None:
    one = with_lists(a_list(STAFF, NOBODY, owner=name(OWNER), report_policy=ReportPolicy.OWNER))
    assert destinations(taken(sent(STAFF), one)) == {OWNER}


# ---- 14.4.2 report-front-end


def test_14_4_2_step_1_the_trace_grows() -> None:
    relay = mta(name="r", global_domain_identifier=GlobalDomainIdentifier("DE", "R"))
    (transfer,) = relay.message_in(the_report(taken(sent(NOBODY))).stored(), "own", NOW).transfers
    trace = envelope_of(transfer)["trace-information"]
    domains = [GlobalDomainIdentifier.from_value(one["global-domain-identifier"]) for one in trace]
    assert domains == [OWN, GlobalDomainIdentifier("DE", "R")]


def test_14_4_2_step_2_a_report_that_loops_is_discarded() -> None:
    one = mta()
    relay = mta(
        name="r", global_domain_identifier=GlobalDomainIdentifier("DE", "R"), routes=routes({"/C=GB/": ("peer", "o")})
    )
    (back,) = relay.message_in(the_report(taken(sent(NOBODY), one)).stored(), "own", NOW).transfers
    outcome = one.message_in(back.stored(), "r", NOW)
    assert outcome.transfers == outcome.deliveries == []
    assert [record.event for record in outcome.log] == ["report-discarded"]


PLACES = ("envelope", "content", "recipient")


def with_critical(place: str, number: int | str, bits: int) -> Stored:
    """A report that has such an extension somewhere."""
    kind, value = decoded(the_report(taken(sent(NOBODY))))
    holder = value["content"]["per-recipient-fields"][0] if place == "recipient" else value[place]
    holder.setdefault("extensions", []).append(critical(number, bits))
    return Stored(specification().modules["MTSTransferProtocol"]["MTS-APDU"].encode((kind, value)))


@pytest.mark.parametrize("place", PLACES)
def test_14_4_2_step_3_as_is_one_with_a_critical_extension_that_is_not_understood(place: str) -> None:
    outcome = at_sender().message_in(with_critical(place, "1.2.3", 0x40), "own", NOW)
    assert outcome.transfers == outcome.deliveries == []
    assert [record.event for record in outcome.log] == ["report-discarded"]
    outcome = at_sender().message_in(with_critical(place, 27, 0x40), "own", NOW)
    assert len(outcome.deliveries) == 1


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (ReportPolicy.ORIGINATOR, {ALICE}),
        (ReportPolicy.OWNER, {OWNER}),
        (ReportPolicy.BOTH, {ALICE, OWNER}),
        (ReportPolicy.NONE, set()),
    ],
)
def test_14_4_2_step_4_a_list_passes_it_on_as_its_policy_says(policy: ReportPolicy, expected: set[str]) -> None:
    one = with_lists(a_list(STAFF, NOBODY, owner=name(OWNER), report_policy=policy))
    assert destinations(taken(sent(STAFF), one)) == expected


def test_14_4_2_step_5_from_list_to_list_back_along_the_history() -> None:
    one = with_lists(a_list(STAFF, CREW), a_list(CREW, NOBODY))
    report = the_report(taken(sent(STAFF), one))
    envelope = envelope_of(report)
    assert text_of(envelope["report-destination-name"]) == ALICE
    history = MTS["OriginatorAndDLExpansionHistory"].decode(extension(envelope["extensions"], 30))
    assert [text_of(element["originator-or-dl-name"]) for element in history] == [ALICE, STAFF, CREW]
    assert text_of(MTS["ReportingDLName"].decode(extension(envelope["extensions"], 31))) == CREW
    assert last_trace(envelope)["other-actions"] == (b"\x40", 2)


# ---- 14.4.3 report-generation


def test_14_4_3_step_1_it_goes_to_the_originator() -> None:
    envelope = envelope_of(the_report(taken(sent(NOBODY))))
    assert text_of(envelope["report-destination-name"]) == ALICE


def test_14_4_3_step_2_or_to_the_last_list_on_the_way() -> None:
    history = MTS["DLExpansionHistory"].encode([{"dl": name(BOB).to_value(), "dl-expansion-time": NOW_UTC}])
    outcome = taken(sent(NOBODY, extensions=(field_value(26, history),)))
    assert destinations(outcome) == {BOB}


def test_14_4_3_step_3_what_ties_it_to_its_subject() -> None:
    correlator = MTS["ContentCorrelator"].encode(("ia5text", "ours"))
    content = report_of(taken(sent(NOBODY, content_type=35, extensions=(field_value(23, correlator),))))["content"]
    assert content["subject-identifier"]["local-identifier"] == "local.1"
    assert (content["content-identifier"], content["content-type"]) == ("id 1", ("built-in", 35))
    assert extension(content["extensions"], 23) == correlator


def test_14_4_3_step_4_for_each_recipient_what_became_of_it() -> None:
    report = report_of(taken(sent(NOBODY, NewRecipient(name(DAVE), "report"))))
    kinds = [one["last-trace-information"]["report-type"][0] for one in report["content"]["per-recipient-fields"]]
    assert kinds == ["non-delivery", "delivery"]


def test_14_4_3_step_5_an_audited_report_brings_the_trace() -> None:
    audited = NewRecipient(name(NOBODY), mta_report="audited-report")
    assert len(report_of(taken(sent(audited)))["content"]["subject-intermediate-trace-information"]) == 1
    assert "subject-intermediate-trace-information" not in report_of(taken(sent(NOBODY)))["content"]


def test_14_4_3_step_6_the_content_comes_back_if_asked_for_and_something_failed() -> None:
    asked = {"content_return_request": True}
    assert report_of(taken(sent(NOBODY, **asked)))["content"]["returned-content"] == b"the content"
    served = NewRecipient(name(DAVE), "report")
    assert "returned-content" not in report_of(taken(sent(served, **asked)))["content"]
    assert "returned-content" not in report_of(taken(sent(NOBODY)))["content"]


def test_14_4_3_step_7_who_was_intended_and_the_redirection_history() -> None:
    redirected = mta(users=(User(name(DAVE), alternate_recipient=name(NOBODY)),))
    (fields,) = report_of(taken(sent(DAVE), redirected))["content"]["per-recipient-fields"]
    assert text_of(fields["actual-recipient-name"]) == NOBODY
    assert text_of(fields["originally-intended-recipient-name"]) == DAVE
    assert history_of(fields) == [(DAVE, "recipient-assigned-alternate-recipient")]


def test_14_4_3_step_8_a_history_that_does_not_decode_stops_no_report() -> None:
    spoiled = NewRecipient(name(NOBODY), extensions=(field_value(25, b"\x05\x00"),))
    outcome = taken(sent(spoiled, extensions=(field_value(26, b"\x04\x01\x00"),)))
    assert codes_of(report_of(outcome)) == [(1, 0)]
    assert destinations(outcome) == {ALICE}


def test_14_4_3_step_9_the_security_label_goes_with_it() -> None:
    label = MTS["MessageSecurityLabel"].encode({"security-policy-identifier": "1.2.3"})
    envelope = envelope_of(the_report(taken(sent(NOBODY, extensions=(field_value(20, label),)))))
    assert extension(envelope["extensions"], 20) == label


# ---- 14.4.4 report-routing


def test_14_4_4_step_1_to_the_next_mta() -> None:
    assert the_report(taken(sent(NOBODY))).next_hop == "sender"


def test_14_4_4_step_2_to_a_local_originator() -> None:
    (delivery,) = at_sender().message_in(the_report(taken(sent(NOBODY))).stored(), "own", NOW).deliveries
    assert (delivery.kind, delivery.user) == ("report", ALICE)


def test_14_4_4_step_3_who_has_not_asked_for_it_does_not_get_it() -> None:
    report = the_report(taken(sent(NewRecipient(name(NOBODY), "no-report"))))
    assert at_sender().message_in(report.stored(), "own", NOW).deliveries == []


def test_14_4_4_step_4_redirected_as_a_message_would_be() -> None:
    one = redirecting(ALICE, DAVE, name="m", global_domain_identifier=SENDER, routes=at_sender().configuration.routes)
    (transfer,) = one.message_in(the_report(taken(sent(NOBODY))).stored(), "own", NOW).transfers
    envelope = envelope_of(transfer)
    assert text_of(envelope["report-destination-name"]) == DAVE
    assert history_of(envelope) == [(ALICE, "recipient-assigned-alternate-recipient")]


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("number", [99, "1.2.3"])
def test_14_4_4_step_5_what_is_critical_for_delivery_and_not_understood_is_not_delivered(
    place: str, number: int | str
) -> None:
    """It is passed on where it is for another MTA."""
    report = with_critical(place, number, 0x20)
    outcome = at_sender().message_in(report, "own", NOW)
    assert outcome.transfers == outcome.deliveries == []
    assert [record.event for record in outcome.log] == ["report-discarded"]
    relay = mta(
        name="r",
        global_domain_identifier=GlobalDomainIdentifier("DE", "R"),
        routes=routes({"/C=GB/A=SENDER/": ("peer", "sender")}),
    )
    assert [transfer.next_hop for transfer in relay.message_in(report, "own", NOW).transfers] == ["sender"]


def test_14_4_4_step_6_no_report_is_made_of_a_report() -> None:
    report = the_report(taken(sent(NOBODY)))
    outcome = mta(name="r", global_domain_identifier=SENDER, routes=()).message_in(report.stored(), "own", NOW)
    assert outcome.transfers == outcome.deliveries == []
    again = mta().expire(report.stored(), (), "maximum-time-expired", NOW)
    assert again.transfers == again.deliveries == []
