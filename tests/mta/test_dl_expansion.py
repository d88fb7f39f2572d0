"""Distribution lists: expanded, nested, not expanded, and the way of reports on their members."""

from __future__ import annotations

from typing import Any

import pytest

from tests.mta.accounts import account, checked
from tests.mta.samples import (
    ALICE,
    BOB,
    CAROL,
    DAVE,
    ERIN,
    NOBODY,
    NOW,
    NOW_UTC,
    OWN,
    codes_of,
    decoded,
    mta,
    report_of,
    routes,
    sent,
    subject,
    taken,
)
from x400.asn1 import specification
from x400.mta import MTA, DistributionList, Outcome, ReportPolicy, Stored, User
from x400.mts.extensions import field_value
from x400.mts.identifiers import GlobalDomainIdentifier
from x400.mts.oraddress import ORAddress
from x400.mts.originate import NewRecipient, probe

MTS = specification().modules["MTSAbstractService"]
STAFF = "/C=GB/A=OWNADMD/P=OWN/CN=Staff/"
CREW = "/C=GB/A=OWNADMD/P=OWN/CN=Crew/"
OWNER = "/C=GB/A=EAST/P=E/O=X/S=Owner/"


def name(text: str) -> ORAddress:
    return ORAddress.parse(text)


def a_list(address: str, *members: str, **more: Any) -> DistributionList:
    return DistributionList(name(address), tuple(map(name, members)), **more)


def with_lists(*lists: DistributionList, **changes: Any) -> MTA:
    return mta(distribution_lists=lists, **changes)


def codes_for(outcome: Outcome) -> list[tuple[int, int | None]]:
    return codes_of(report_of(outcome))


def expansions(envelope: dict[str, Any]) -> list[str]:
    value = next(f["value"] for f in envelope["extensions"] if f["type"] == ("standard-extension", 26))
    return [str(ORAddress.from_value(one["dl"])) for one in MTS["DLExpansionHistory"].decode(value)]


def test_members_near_and_far() -> None:
    outcome = taken(sent(CAROL, STAFF, originator=ALICE), with_lists(a_list(STAFF, BOB, DAVE, ERIN, CAROL)))
    assert [d.user for d in outcome.deliveries] == [DAVE, ERIN]
    east, west, again = sorted((t for t in outcome.transfers), key=lambda t: (t.next_hop, t.recipients))
    assert [t.next_hop for t in (east, west, again)] == ["east", "west", "west"]
    envelope = decoded(east)[1]["envelope"]
    assert expansions(envelope) == [STAFF]
    fields = envelope["per-recipient-fields"]
    assert [one["originally-specified-recipient-number"] for one in fields] == [2, 2, 2, 2]
    assert [one["per-recipient-indicators"][0][0] >> 7 for one in fields] == [1, 0, 0, 0]
    supplied = envelope["trace-information"][1]["domain-supplied-information"]
    assert supplied["other-actions"] == (b"\x40", 2)
    assert supplied["arrival-time"] == NOW_UTC
    supplied = decoded(west)[1]["envelope"]["trace-information"][1]["domain-supplied-information"]
    assert supplied["other-actions"] == (b"", 0)
    assert account(Stored(b""), outcome)[(2, CAROL)] == ["transferred to west"]
    assert account(Stored(b""), outcome)[(1, CAROL)] == ["transferred to west"]
    delivered = MTS["MessageDeliveryEnvelope"].decode(outcome.deliveries[0].envelope)["other-fields"]
    assert expansions(delivered) == [STAFF]


def test_members_are_not_disclosed_to_one_another() -> None:
    outcome = taken(sent(STAFF, disclosure_of_other_recipients=True), with_lists(a_list(STAFF, DAVE, ERIN)))
    assert len(outcome.deliveries) == 2
    assert "other-recipient-names" not in outcome.deliveries[0].envelope_value["other-fields"]


def test_list_in_a_list() -> None:
    outcome = taken(sent(STAFF), with_lists(a_list(STAFF, CREW, DAVE), a_list(CREW, ERIN, BOB)))
    assert sorted(d.user for d in outcome.deliveries) == [DAVE, ERIN]
    (east,) = outcome.transfers
    envelope = decoded(east)[1]["envelope"]
    assert expansions(envelope) == [STAFF, CREW]
    assert len(envelope["trace-information"]) == 2


def test_a_list_that_contains_itself_by_another() -> None:
    outcome = taken(sent(STAFF), with_lists(a_list(STAFF, CREW, DAVE), a_list(CREW, STAFF, ERIN)))
    assert sorted(d.user for d in outcome.deliveries) == [DAVE, ERIN]
    report = report_of(outcome)
    assert codes_of(report) == [(1, 3)]
    (fields,) = report["content"]["per-recipient-fields"]
    assert str(ORAddress.from_value(fields["actual-recipient-name"])) == STAFF


def test_lists_in_lists_without_end_are_bounded() -> None:
    names = [f"/C=GB/A=OWNADMD/P=OWN/CN=L{number}/" for number in range(12)]
    lists = [a_list(names[n], names[n + 1], names[n + 1].replace("CN=", "CN=M")) for n in range(11)]
    lists += [
        a_list(names[n].replace("CN=", "CN=M"), *lists[n].members and map(str, lists[n].members)) for n in range(11)
    ]
    outcome = with_lists(*lists, maximum_copies=50).message_in(Stored(sent(names[0])), "sender", NOW)
    assert sum(record.event == "dl-expansion" for record in outcome.log) == 50
    assert any(record.fields.get("reason") == "unable-to-transfer dl-expansion-failure" for record in outcome.log)


def test_prohibited() -> None:
    no = {"type": ("standard-extension", 3), "value": b"\x0a\x01\x01"}
    yes = {"type": ("standard-extension", 3), "value": b"\x0a\x01\x00"}
    one = with_lists(a_list(STAFF, DAVE))
    assert codes_for(taken(sent(STAFF, extensions=(no,)), one)) == [(1, 28)]
    assert len(taken(sent(STAFF, extensions=(yes,)), one).deliveries) == 1


def test_submit_permission() -> None:
    one = with_lists(a_list(STAFF, DAVE, permitted=(name("/C=GB/A=SENDER/"), name(CREW))), a_list(CREW, STAFF))
    assert len(taken(sent(STAFF), one).deliveries) == 1
    refused = taken(sent(STAFF, originator="/C=GB/A=EAST/S=Stranger/"), one)
    assert codes_for(refused) == [(1, 29)]
    by_crew = taken(sent(CREW, originator="/C=GB/A=EAST/S=Stranger/"), one)
    assert [d.user for d in by_crew.deliveries] == [DAVE]


def test_exempted_recipients() -> None:
    value = MTS["DLExemptedRecipients"].encode([name(DAVE).to_value()])
    octets = sent(STAFF, extensions=(field_value(42, value),))
    assert [d.user for d in taken(octets, with_lists(a_list(STAFF, DAVE, ERIN))).deliveries] == [ERIN]


def test_all_exempted_is_delivery_to_the_list() -> None:
    value = MTS["DLExemptedRecipients"].encode([name(DAVE).to_value()])
    one = NewRecipient(name(STAFF), "report")
    outcome = with_lists(a_list(STAFF, DAVE)).message_in(
        Stored(sent(one, extensions=(field_value(42, value),))), "sender", NOW
    )
    (fields,) = report_of(outcome)["content"]["per-recipient-fields"]
    assert fields["last-trace-information"]["report-type"] == (
        "delivery",
        {"message-delivery-time": NOW_UTC, "type-of-MTS-user": 3},
    )


def test_an_alternate_is_asked_for_where_expansion_is_refused() -> None:
    alternate = MTS["OriginatorRequestedAlternateRecipient"].encode(name(BOB).to_value())
    one = NewRecipient(name(STAFF), extensions=(field_value(2, alternate),))
    no = {"type": ("standard-extension", 3), "value": b"\x0a\x01\x01"}
    (onward,) = taken(sent(one, extensions=(no,)), with_lists(a_list(STAFF, DAVE))).transfers
    assert onward.recipient_names == (BOB,)


def test_members_do_not_inherit_the_lists_alternate() -> None:
    alternate = MTS["OriginatorRequestedAlternateRecipient"].encode(name(CAROL).to_value())
    one = NewRecipient(name(STAFF), extensions=(field_value(2, alternate),))
    (onward,) = taken(sent(one), with_lists(a_list(STAFF, BOB))).transfers
    assert decoded(onward)[1]["envelope"]["per-recipient-fields"][0]["extensions"] == []


def test_a_member_is_redirected() -> None:
    one = with_lists(a_list(STAFF, DAVE), users=(User(name(DAVE), alternate_recipient=name(BOB)),))
    (onward,) = taken(sent(STAFF), one).transfers
    envelope = decoded(onward)[1]["envelope"]
    assert expansions(envelope) == [STAFF]
    assert envelope["trace-information"][1]["domain-supplied-information"]["other-actions"] == (b"\xc0", 2)


def test_probe_of_a_list() -> None:
    one = with_lists(a_list(STAFF, DAVE), a_list(CREW, DAVE, permitted=()))
    report = report_of(one.message_in(Stored(probe(subject(STAFF, CREW), 10, NOW)), "sender", NOW))
    first, second = (f["last-trace-information"]["report-type"] for f in report["content"]["per-recipient-fields"])
    assert first == ("delivery", {"message-delivery-time": NOW_UTC, "type-of-MTS-user": 3})
    assert second[1]["non-delivery-diagnostic-code"] == 29


def destinations(outcome: Outcome) -> list[str]:
    found = [
        str(ORAddress.from_value(decoded(t)[1]["envelope"]["report-destination-name"]))
        for t in outcome.transfers
        if t.is_report
    ]
    return found + [d.user for d in outcome.deliveries if d.kind == "report"]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (ReportPolicy.ORIGINATOR, [ALICE]),
        (ReportPolicy.OWNER, [OWNER]),
        (ReportPolicy.BOTH, [OWNER, ALICE]),
        (ReportPolicy.NONE, []),
    ],
)
def test_a_report_on_a_member_goes_as_the_list_says(policy: ReportPolicy, expected: list[str]) -> None:
    one = with_lists(a_list(STAFF, NOBODY, owner=name(OWNER), report_policy=policy))
    assert destinations(taken(sent(STAFF), one)) == expected


def test_a_report_from_elsewhere_goes_back_along_the_history() -> None:
    """The members are in another domain, where one of them is unknown; its report comes to the list."""
    one = with_lists(a_list(STAFF, CREW), a_list(CREW, BOB, owner=name(OWNER), report_policy=ReportPolicy.BOTH))
    (onward,) = taken(sent(STAFF), one).transfers
    east = mta(
        name="mta.east",
        global_domain_identifier=GlobalDomainIdentifier("GB", "EAST"),
        routes=routes({"/C=GB/A=OWNADMD/": ("peer", "own")}),
    )
    (report,) = checked(onward.stored(), east.message_in(onward.stored(), "own", NOW)).transfers
    assert destinations_of(report) == CREW
    outcome = one.message_in(report.stored(), "east", NOW)
    assert sorted(destinations(outcome)) == sorted([OWNER, ALICE])
    for transfer in outcome.transfers:
        envelope = decoded(transfer)[1]["envelope"]
        reporting = next(f["value"] for f in envelope["extensions"] if f["type"] == ("standard-extension", 31))
        assert str(ORAddress.from_value(MTS["ReportingDLName"].decode(reporting))) == CREW
        last = envelope["trace-information"][-1]
        assert GlobalDomainIdentifier.from_value(last["global-domain-identifier"]) == OWN
        assert last["domain-supplied-information"]["other-actions"] == (b"\x40", 2)


def destinations_of(transfer: Any) -> str:
    return str(ORAddress.from_value(decoded(transfer)[1]["envelope"]["report-destination-name"]))


def test_a_report_without_history_is_not_sent_in_circles() -> None:
    one = with_lists(a_list(STAFF, BOB))
    report = next(
        t for t in taken(sent(NOBODY, originator=STAFF), mta(routes=routes({"/C=GB/": ("peer", "own")}))).transfers
    )
    outcome = one.message_in(report.stored(), "x", NOW)
    assert outcome.transfers == outcome.deliveries == []
    assert [record.event for record in outcome.log] == ["report-discarded"]


def test_owners_that_are_lists_of_one_another_end() -> None:
    lists = (
        a_list(STAFF, NOBODY, owner=name(CREW), report_policy=ReportPolicy.OWNER),
        a_list(CREW, DAVE, owner=name(STAFF), report_policy=ReportPolicy.OWNER),
    )
    outcome = with_lists(*lists).message_in(Stored(sent(STAFF)), "sender", NOW)
    assert outcome.transfers == []
    assert outcome.log[-1].event == "report-discarded"


def test_a_dl_history_that_does_not_decode_is_answered() -> None:
    outcome = taken(sent(STAFF, extensions=(field_value(26, b"\x05\x00"),)), with_lists(a_list(STAFF, DAVE)))
    assert codes_for(outcome) == [(1, 30)]
    assert destinations(outcome) == [ALICE]


def test_a_list_needs_a_member_and_an_owner_where_reports_go_to_it() -> None:
    with pytest.raises(ValueError, match="member"):
        a_list(STAFF)
    with pytest.raises(ValueError, match="owner"):
        a_list(STAFF, DAVE, report_policy=ReportPolicy.BOTH)
