"""Reports: made, passed on, delivered, discarded."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.mta.samples import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    EARLIER,
    EARLIER_UTC,
    ERIN,
    NOBODY,
    NOW,
    NOW_UTC,
    OWN,
    codes_of,
    decoded,
    mta,
    octets_of,
    peculiar,
    report_of,
    routes,
    sent,
    subject,
    taken,
)
from tests.mta.tlv import definite, differences, indefinite, long_form, parse
from x400.asn1 import specification
from x400.mta import MTA, Outcome, Stored, Tail, Transfer
from x400.mts.extensions import field_value
from x400.mts.identifiers import GlobalDomainIdentifier, MTSIdentifier
from x400.mts.oraddress import ORAddress
from x400.mts.originate import NewRecipient, probe
from x400.mts.reports import NonDelivery, NonDeliveryReasonCode
from x400.mts.trace import utc

LATER = NOW + timedelta(days=2)
SENDER = GlobalDomainIdentifier("GB", "SENDER", "S")
MTS = "MTSAbstractService"


def at_sender(**changes: Any) -> MTA:
    """The MTA that Alice belongs to."""
    table = {"/C=GB/A=SENDER/": ("deliver", "alice"), "/C=GB/": ("peer", "own"), "/C=FR/": ("peer", "own")}
    arguments = {"name": "mta.sender", "global_domain_identifier": SENDER, "routes": routes(table)} | changes
    return mta(**arguments)


def the_report(outcome: Outcome) -> Transfer:
    (transfer,) = [transfer for transfer in outcome.transfers if transfer.is_report]
    return transfer


def extension(fields: list[dict[str, Any]], number: int) -> Any:
    return next(field["value"] for field in fields if field["type"] == ("standard-extension", number))


def test_envelope_and_content_of_a_report() -> None:
    label = specification().modules[MTS]["SecurityLabel"].encode({"security-classification": 3})
    correlator = specification().modules[MTS]["ContentCorrelator"].encode(("ia5text", "mine"))
    octets = sent(
        NOBODY,
        content_type="1.2.826.5",
        encoded_information_types={"built-in-encoded-information-types": (b"\x20", 3)},
        extensions=(field_value(20, label), field_value(23, correlator)),
    )
    outcome = taken(octets)
    transfer = the_report(outcome)
    assert transfer.next_hop == "sender"
    assert transfer.recipient_names == (ALICE,)
    assert transfer.recipients == ()
    report = report_of(outcome)
    envelope, content = report["envelope"], report["content"]
    identifier = MTSIdentifier.from_value(envelope["report-identifier"])
    assert identifier.global_domain_identifier == OWN
    assert str(identifier) == transfer.identifier != outcome.identifier
    assert str(ORAddress.from_value(envelope["report-destination-name"])) == ALICE
    (element,) = envelope["trace-information"]
    assert GlobalDomainIdentifier.from_value(element["global-domain-identifier"]) == OWN
    assert element["domain-supplied-information"]["arrival-time"] == NOW_UTC
    assert extension(envelope["extensions"], 20) == label
    internal = extension(envelope["extensions"], 38)
    (own,) = specification().modules["MTAAbstractService"]["InternalTraceInformation"].decode(internal)
    assert own["mta-name"] == "mta.own"
    name = specification().modules[MTS]["ReportingMTAName"].decode(extension(envelope["extensions"], 39))
    assert name["mta-name"] == "mta.own"
    assert str(MTSIdentifier.from_value(content["subject-identifier"])) == outcome.identifier
    assert content["content-type"] == ("extended", "1.2.826.5")
    assert content["content-identifier"] == "id 1"
    assert content["original-encoded-information-types"]["built-in-encoded-information-types"] == (b"\x20", 3)
    assert extension(content["extensions"], 23) == correlator
    assert "returned-content" not in content
    assert "subject-intermediate-trace-information" not in content
    (fields,) = content["per-recipient-fields"]
    assert fields["last-trace-information"]["arrival-time"] == NOW_UTC
    assert fields["per-recipient-indicators"] == (b"\xa8", 8)


def test_the_last_distribution_list_gets_the_report() -> None:
    lists = ["/C=GB/A=EAST/CN=First/", "/C=GB/A=EAST/CN=Last/"]
    names = [{"dl": ORAddress.parse(text).to_value(), "dl-expansion-time": EARLIER_UTC} for text in lists]
    history = specification().modules[MTS]["DLExpansionHistory"].encode(names)
    outcome = taken(sent(NOBODY, extensions=(field_value(26, history),)))
    assert the_report(outcome).next_hop == "east"
    report = report_of(outcome)
    assert str(ORAddress.from_value(report["envelope"]["report-destination-name"])) == lists[1]
    value = extension(report["envelope"]["extensions"], 30)
    expansions = specification().modules[MTS]["OriginatorAndDLExpansionHistory"].decode(value)
    assert [str(ORAddress.from_value(one["originator-or-dl-name"])) for one in expansions] == [ALICE, *lists]


def test_audited_report_brings_the_trace() -> None:
    one = NewRecipient(ORAddress.parse(NOBODY), mta_report="audited-report")
    content = report_of(taken(sent(one)))["content"]
    (element,) = content["subject-intermediate-trace-information"]
    assert GlobalDomainIdentifier.from_value(element["global-domain-identifier"]) == SENDER


def test_content_comes_back_when_asked_for_and_allowed() -> None:
    octets = sent(NOBODY, content_return_request=True, content=b"x" * 200)
    assert report_of(taken(octets))["content"]["returned-content"] == b"x" * 200
    assert "returned-content" not in report_of(taken(octets, mta(maximum_returned_content=100)))["content"]
    delivered = NewRecipient(ORAddress.parse(DAVE), "report")
    assert "returned-content" not in report_of(taken(sent(delivered, content_return_request=True)))["content"]


def test_delivery_report_when_asked_for() -> None:
    wanted = NewRecipient(ORAddress.parse(DAVE), "report")
    unwanted = NewRecipient(ORAddress.parse("/C=GB/A=OWNADMD/P=OWN/O=Here/S=Other/"), "no-report")
    outcome = taken(sent(wanted, unwanted))
    assert len(outcome.deliveries) == 2
    (fields,) = report_of(outcome)["content"]["per-recipient-fields"]
    kind, value = fields["last-trace-information"]["report-type"]
    assert kind == "delivery"
    assert value["message-delivery-time"] == NOW_UTC
    assert fields["originally-specified-recipient-number"] == 1


def test_one_report_on_delivered_and_not_delivered() -> None:
    outcome = taken(sent(NOBODY, NewRecipient(ORAddress.parse(DAVE), "report")))
    report = report_of(outcome)
    kinds = [f["last-trace-information"]["report-type"][0] for f in report["content"]["per-recipient-fields"]]
    assert kinds == ["non-delivery", "delivery"]


def test_non_delivery_is_reported_even_if_the_originator_wants_none() -> None:
    """The originating MTA asks for it; it is there that the originator is spared (X.411 12.2.1.1.1.7)."""
    outcome = taken(sent(NewRecipient(ORAddress.parse(NOBODY), "no-report")))
    there = at_sender().message_in(the_report(outcome).stored(), "own", NOW)
    assert there.deliveries == there.transfers == []
    assert [record.event for record in there.log] == ["report-discarded"]


def test_report_for_a_local_originator_is_delivered() -> None:
    outcome = taken(sent(NOBODY, content_return_request=True), at_sender(name="mta.second"))
    assert outcome.transfers == []
    (delivery,) = outcome.deliveries
    assert (delivery.kind, delivery.user, delivery.folder) == ("report", ALICE, "alice")
    assert b"".join(delivery.buffers) == b"the content"
    envelope = specification().modules[MTS]["ReportDeliveryEnvelope"].decode(delivery.envelope)
    assert str(MTSIdentifier.from_value(envelope["subject-submission-identifier"])) == outcome.identifier
    (fields,) = envelope["per-recipient-fields"]
    assert str(ORAddress.from_value(fields["actual-recipient-name"])) == NOBODY
    assert fields["report-type"] == (
        "non-delivery",
        {"non-delivery-reason-code": 1, "non-delivery-diagnostic-code": 0},
    )
    assert delivery.envelope_value["content-identifier"] == "id 1"


def test_relay_of_a_report() -> None:
    before = the_report(taken(sent(NOBODY)))
    relay = mta(name="mta.relay", global_domain_identifier=GlobalDomainIdentifier("DE", "RELAY"))
    outcome = relay.message_in(before.stored(), "own", NOW)
    (after,) = outcome.transfers
    assert outcome.kind == "report"
    assert after.is_report
    assert after.next_hop == "sender"
    assert after.identifier == before.identifier
    found = differences(parse(octets_of(before)), parse(octets_of(after)))
    assert [(kind, path) for kind, path, _, _ in found] == [
        ("appended", "/a1/31/69"),
        ("appended", "/a1/31/a1/30/a2/30"),
    ]
    _, value = decoded(after)
    domains = [
        GlobalDomainIdentifier.from_value(e["global-domain-identifier"]) for e in value["envelope"]["trace-information"]
    ]
    assert domains == [OWN, GlobalDomainIdentifier("DE", "RELAY")]


def test_report_at_its_destination() -> None:
    outcome = at_sender().message_in(the_report(taken(sent(NOBODY, CAROL))).stored(), "own", NOW)
    (delivery,) = outcome.deliveries
    assert delivery.user == ALICE
    assert outcome.transfers == []


def test_only_what_the_originator_asked_for_is_delivered() -> None:
    wanted, unwanted = (
        NewRecipient(ORAddress.parse(NOBODY)),
        NewRecipient(ORAddress.parse("/C=ZZ/A=Z/S=z/"), "no-report"),
    )
    report = the_report(taken(sent(wanted, unwanted)))
    (delivery,) = at_sender().message_in(report.stored(), "own", NOW).deliveries
    assert len(delivery.envelope_value["per-recipient-fields"]) == 1


def test_no_report_on_a_report_that_loops() -> None:
    one = mta()
    report = the_report(taken(sent(NOBODY), one))
    back = mta(
        global_domain_identifier=GlobalDomainIdentifier("DE", "RELAY"),
        name="r",
        routes=routes({"/C=GB/": ("peer", "own")}),
    )
    (again,) = back.message_in(report.stored(), "own", NOW).transfers
    outcome = one.message_in(again.stored(), "r", NOW)
    assert outcome.transfers == outcome.deliveries == []
    assert [(record.event, record.fields["reason"]) for record in outcome.log] == [
        ("report-discarded", "unable-to-transfer loop-detected")
    ]


def test_no_report_on_a_report_that_cannot_be_routed() -> None:
    outcome = taken(sent(NOBODY, originator="/C=ZZ/A=LOST/S=Forger/"))
    assert outcome.transfers == outcome.deliveries == []
    assert [record.event for record in outcome.log] == ["non-delivery", "report", "report-discarded"]


def test_no_report_on_a_report_with_a_critical_extension() -> None:
    kind, value = decoded(the_report(taken(sent(NOBODY))))
    value["envelope"]["extensions"].append(
        {"type": ("private-extension", "1.2.3"), "criticality": (b"\x40", 2), "value": b"\x05\x00"}
    )
    octets = specification().modules["MTSTransferProtocol"]["MTS-APDU"].encode((kind, value))
    outcome = at_sender().message_in(Stored(octets), "own", NOW)
    assert outcome.transfers == outcome.deliveries == []
    assert "unsupported-critical-function" in outcome.log[0].fields["reason"]


@pytest.mark.parametrize(
    ("reason", "code", "information"),
    [
        ("maximum-time-expired", (0, 5), None),
        ("transfer-attempts-limit-reached", (0, 49), None),
        ("east did not answer for 24 hours", (0, 5), "east did not answer for 24 hours"),
        (NonDelivery(NonDeliveryReasonCode.RESTRICTED_DELIVERY), (5, None), None),
    ],
)
def test_expire(reason: Any, code: tuple[int, int | None], information: str | None) -> None:
    one = mta()
    queued = next(t for t in taken(sent(BOB, CAROL, "/C=GB/A=EAST/S=Other/"), one).transfers if t.next_hop == "east")
    outcome = one.expire(queued.stored(), queued.recipients, reason, LATER)
    report = report_of(outcome)
    assert codes_of(report) == [code, code]
    numbers = [f["originally-specified-recipient-number"] for f in report["content"]["per-recipient-fields"]]
    assert numbers == [1, 3]
    for fields in report["content"]["per-recipient-fields"]:
        assert fields["last-trace-information"]["arrival-time"] == NOW_UTC
        assert fields.get("supplementary-information") == information
    assert report["envelope"]["trace-information"][0]["domain-supplied-information"]["arrival-time"] == utc(LATER)
    assert codes_of(report_of(one.expire(queued.stored(), None, reason, LATER))) == [code, code]
    assert codes_of(report_of(one.expire(queued.stored(), (2,), reason, LATER))) == [code]


def test_a_delivery_that_fails_after_all_is_reported_on() -> None:
    """One recipient each; the content is not returned, as it is what could not be had."""
    one = mta()
    octets = sent(BOB, DAVE, ERIN, content_return_request=True)
    deliveries = taken(octets, one).deliveries
    assert [delivery.user for delivery in deliveries] == [DAVE, ERIN]
    for number, delivery in enumerate(deliveries, 2):
        assert delivery.arrived == NOW
        outcome = one.not_delivered(delivery.subject, delivery.arrived, "unable-to-complete-transfer", LATER)
        assert outcome.identifier == delivery.identifier
        report = report_of(outcome)
        (fields,) = report["content"]["per-recipient-fields"]
        assert codes_of(report) == [(0, 48)]
        assert fields["originally-specified-recipient-number"] == number
        assert ORAddress.from_value(fields["actual-recipient-name"]) == ORAddress.parse(delivery.user)
        assert fields["last-trace-information"]["arrival-time"] == NOW_UTC
        assert "returned-content" not in report["content"]
        assert len(outcome.transfers) == 1


@pytest.mark.parametrize("outer", [definite, indefinite, long_form])
@pytest.mark.parametrize("pieces", [False, True])
@pytest.mark.parametrize("large", [False, True])
def test_a_delivery_is_reported_on_whatever_form_it_came_in(outer: Any, pieces: bool, large: bool) -> None:
    content = indefinite(0x24, *[definite(0x04, bytes(1000)) for _ in range(5)])
    octets = peculiar(outer=outer, content=content if pieces else definite(0x04, bytes(5000)))
    stored = Stored(octets[:2000], Tail("file", 0, len(octets) - 2000)) if large else Stored(octets)
    one = mta(routes=routes({"/C=GB/A=EAST/": ("deliver", "e"), "/C=FR/": ("peer", "w"), "/C=GB/": ("peer", "x")}))
    (delivery,) = one.message_in(stored, "sender", NOW).deliveries
    assert delivery.arrived is not None
    outcome = one.not_delivered(delivery.subject, delivery.arrived, "mts-congestion", LATER)
    assert codes_of(report_of(outcome)) == [(0, 2)]


def test_an_expired_report_is_discarded() -> None:
    one = mta()
    report = the_report(taken(sent(NOBODY), one))
    outcome = one.expire(report.stored(), report.recipients, "maximum-time-expired", LATER)
    assert outcome.kind == "report"
    assert outcome.transfers == outcome.deliveries == []
    assert [record.event for record in outcome.log] == ["report-discarded"]


def test_probe_is_answered_for_local_and_unknown_recipients_and_passed_on_for_others() -> None:
    octets = probe(subject(DAVE, NOBODY, BOB), 5000, EARLIER)
    outcome = taken(octets)
    assert outcome.kind == "probe"
    assert outcome.deliveries == []
    report = report_of(outcome)
    kinds = [f["last-trace-information"]["report-type"][0] for f in report["content"]["per-recipient-fields"]]
    assert kinds == ["delivery", "non-delivery"]
    (relayed,) = [t for t in outcome.transfers if not t.is_report]
    assert (relayed.next_hop, relayed.recipients) == ("east", (2,))
    found = differences(parse(octets), parse(octets_of(relayed)))
    assert sorted(kind for kind, *_ in found) == ["appended", "appended", "changed", "changed"]
    kind, value = decoded(relayed)
    assert kind == "probe"
    assert len(value["trace-information"]) == 2


def test_probe_for_a_message_too_long() -> None:
    octets = probe(subject(DAVE), 5000, EARLIER)
    assert codes_of(report_of(taken(octets, mta(maximum_content_length=4999)))) == [(1, 7)]


def test_an_expired_probe_is_reported() -> None:
    one = mta()
    (relayed,) = taken(probe(subject(BOB), 1, EARLIER), one).transfers
    assert codes_of(report_of(one.expire(relayed.stored(), relayed.recipients, "maximum-time-expired", LATER))) == [
        (0, 5)
    ]


def test_arrival_time_is_when_the_subject_entered_the_domain() -> None:
    inside = mta(name="mta.second", global_domain_identifier=SENDER)
    (fields,) = report_of(taken(sent(NOBODY), inside))["content"]["per-recipient-fields"]
    assert fields["last-trace-information"]["arrival-time"] == EARLIER_UTC
